//! Checks that the README's map names every folder, and that links between our pages are alive.
//!
//! **In:** README.md, the pages under `docs/`, and the folders at the top of the checkout.
//!
//! **Never here:** links to other sites (a test may not need the network), links in doc comments.

use std::collections::BTreeSet;

use crate::checkout::{Checkout, has_extension};
use crate::finding::Finding;

/// Compares the first word of each line of the map with the folders that are there.
pub(crate) fn check_map(checkout: &Checkout) -> Vec<Finding> {
    let Some(readme) = checkout.file("README.md") else {
        return vec![Finding::new("README.md", 0, "there is no README", "write one, with a map")];
    };
    let named: BTreeSet<&str> = folders_of_map(&readme.text).into_iter().collect();
    let there: BTreeSet<&str> = checkout.top_folders.iter().map(String::as_str).collect();
    let missing = there.difference(&named).map(|folder| {
        let wrong = format!("the map does not name `{folder}/`");
        Finding::new("README.md", 0, wrong, "give it a line under `## The map`")
    });
    let stale = named.difference(&there).map(|folder| {
        let wrong = format!("the map names `{folder}/`, which is not there");
        Finding::new("README.md", 0, wrong, "remove its line")
    });
    missing.chain(stale).collect()
}

/// Follows each relative link of each Markdown page outside `fixtures/`.
pub(crate) fn check_links(checkout: &Checkout) -> Vec<Finding> {
    let mut findings = Vec::new();
    let pages = checkout
        .files
        .iter()
        .filter(|file| has_extension(&file.path, "md") && !file.path.starts_with("fixtures/"));
    for page in pages {
        for (i, line) in page.text.lines().enumerate() {
            for target in links(line).filter(|target| !is_there(checkout, &page.path, target)) {
                let wrong = format!("the link `{target}` leads nowhere");
                findings.push(Finding::new(&page.path, i + 1, wrong, "mend or remove it"));
            }
        }
    }
    findings
}

fn folders_of_map(readme: &str) -> Vec<&str> {
    let Some((_, section)) = readme.split_once("## The map") else { return Vec::new() };
    let section = section.split("\n## ").next().unwrap_or(section);
    section.lines().filter_map(|line| line.split_whitespace().next()?.strip_suffix('/')).collect()
}

fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
}

fn is_there(checkout: &Checkout, page: &str, target: &str) -> bool {
    let target = target.split('#').next().unwrap_or(target);
    if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    let folder = format!("{path}/");
    checkout.files.iter().any(|file| file.path == path || file.path.starts_with(&folder))
}

#[cfg(test)]
mod tests {
    use super::{check_links, check_map};
    use crate::checkout::{Checkout, SourceFile};

    fn checkout(readme: &str, folders: &[&str]) -> Checkout {
        let top_folders = folders.iter().map(|folder| (*folder).to_owned()).collect();
        let files = vec![SourceFile::new("README.md", readme), SourceFile::new("docs/a.md", "")];
        Checkout { files, top_folders }
    }

    #[test]
    fn the_map_and_the_folders_agree() {
        let readme = "# G\n\n## The map\n\nsrc/   the gateway\n\n## The words\n\nother/ thing\n";
        assert!(check_map(&checkout(readme, &["src"])).is_empty());
    }

    #[test]
    fn a_folder_without_a_line_and_a_line_without_a_folder_are_found() {
        let readme = "## The map\n\nsrc/   the gateway\nold/   gone\n";
        let findings = check_map(&checkout(readme, &["src", "ui"]));
        let wrong: Vec<_> = findings.iter().map(|finding| finding.wrong.as_str()).collect();
        let expected = ["the map does not name `ui/`", "the map names `old/`, which is not there"];
        assert_eq!(wrong, expected);
    }

    #[test]
    fn a_dead_link_is_found() {
        let readme = "[a](docs/a.md#top) [b](docs/) [c](https://example.com)\n[d](docs/d.md)\n";
        let findings = check_links(&checkout(readme, &["docs"]));
        assert_eq!(findings.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2]);
    }
}
