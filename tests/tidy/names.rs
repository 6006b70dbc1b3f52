//! Checks the names of files, crates and fixtures.
//!
//! **Never here:** the words inside files (`words`), spelling (codespell in `scripts/test`).

use crate::checkout::{Checkout, has_extension};
use crate::finding::Finding;

/// Names that say where code was put and not what it knows.
const SAY_NOTHING: &[&str] =
    &["utils", "util", "common", "core", "helpers", "helper", "misc", "types", "models", "imp"];

/// Holds every path of the checkout to the rules of naming.
pub(crate) fn check(checkout: &Checkout) -> Vec<Finding> {
    let paths = || checkout.files.iter().map(|file| file.path.as_str());
    let fixtures = paths().filter(|path| path.starts_with("fixtures/"));
    paths()
        .filter(|path| has_extension(path, "rs") || path.ends_with("Cargo.toml"))
        .filter_map(check_source_name)
        .chain(fixtures.filter_map(check_fixture_name))
        .collect()
}

fn check_source_name(path: &str) -> Option<Finding> {
    if path.ends_with("/mod.rs") {
        let fix = "put `foo.rs` beside the folder `foo/`";
        return Some(Finding::new(path, 0, "a file is called `mod.rs`", fix));
    }
    let name = path
        .split('/')
        .map(|part| part.trim_end_matches(".rs"))
        .find(|part| SAY_NOTHING.contains(part))?;
    let wrong = format!("`{name}` says nothing about what is inside");
    Some(Finding::new(path, 0, wrong, "name it for what it knows"))
}

/// `requires-across-two-subgraphs.md`, and `issue-0412-null-key-in-list.md` for a regression.
fn check_fixture_name(path: &str) -> Option<Finding> {
    let file_name = path.rsplit('/').next().unwrap_or(path);
    let stem = file_name.split('.').next().unwrap_or(file_name);
    let words = match stem.strip_prefix("issue-").and_then(|rest| rest.split_once('-')) {
        Some((number, words)) if is_number(number) => words,
        _ => stem,
    };
    let is_kebab_case = words.split('-').all(|word| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    });
    let is_counted = words.split('-').next().is_some_and(is_number);
    let fix = "a sentence in lower case, its words joined by `-`, without a number in front";
    (!is_kebab_case || is_counted)
        .then(|| Finding::new(path, 0, format!("`{stem}` is no name for a fixture"), fix))
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{check_fixture_name, check_source_name};

    #[test]
    fn names_that_say_nothing_are_found() {
        for path in ["src/utils.rs", "core/Cargo.toml", "src/config/types.rs", "src/misc/a.rs"] {
            assert!(check_source_name(path).is_some(), "{path}");
        }
        assert!(check_source_name("src/scores.rs").is_none());
    }

    #[test]
    fn mod_files_are_found() {
        assert!(check_source_name("src/config/mod.rs").is_some());
    }

    #[test]
    fn fixtures_are_sentences() {
        for path in ["plans/join-v0-1-has-owners.md", "plans/issue-0412-null-key.md"] {
            assert_eq!(check_fixture_name(path), None);
        }
        for path in
            ["fixtures/plans/03-two-keys.md", "fixtures/plans/twoKeys.md", "fixtures/a_b.md"]
        {
            assert!(check_fixture_name(path).is_some(), "{path}");
        }
    }
}
