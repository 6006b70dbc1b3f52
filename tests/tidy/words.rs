//! Checks that the project speaks of itself alone, and leaves no work undone without a number.
//!
//! **Never here:** names of files (`names`), spelling (codespell in `scripts/test`).
//!
//! **Holds:** the words are put together from halves here, so that this file may name them.

use crate::checkout::SourceFile;
use crate::finding::Finding;

/// What belongs to one person's machine, and not to the project.
const ELSEWHERE: &[(&str, &str)] = &[
    (concat!("/", "work/"), "a path of one machine"),
    (concat!("/", "root/"), "a path of one machine"),
    (concat!("/", "home/"), "a path of one machine"),
    (concat!("registry.npm", "js.org"), "a package registry's address"),
    (concat!("static.crates", ".io"), "a package registry's address"),
    (concat!("index.crates", ".io"), "a package registry's address"),
    (concat!("deb.debian", ".org"), "a package registry's address"),
    (concat!("py", "pi.org"), "a package registry's address"),
];

/// Marks of work undone; each needs the number of its issue: `(#12)`.
const UNDONE: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];

/// Reads one file word by word.
pub(crate) fn check(file: &SourceFile) -> Vec<Finding> {
    // Both are written by tools, which name their sources in their own way.
    if matches!(file.path.rsplit('/').next(), Some("Cargo.lock" | "package-lock.json")) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (i, line) in file.text.lines().enumerate() {
        for (word, what) in ELSEWHERE.iter().filter(|(word, _)| stands_alone(line, word)) {
            let wrong = format!("`{word}` is {what}");
            let fix = "leave it out, or say it relative to the checkout";
            findings.push(Finding::new(&file.path, i + 1, wrong, fix));
        }
        for word in UNDONE.iter().filter(|word| lacks_number(line, word)) {
            let wrong = format!("`{word}` without the number of an issue");
            let fix = format!("do it now, or write `{word}(#12)`");
            findings.push(Finding::new(&file.path, i + 1, wrong, fix));
        }
    }
    findings
}

/// A path must begin a word, so that `team/…/` inside a longer path is left alone.
fn stands_alone(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        !word.starts_with('/') || !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '.')
    })
}

fn lacks_number(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let rest = &line[at + word.len()..];
        let is_inside_word = |c: char| c.is_alphanumeric() || c == '_';
        let is_word = !before.is_some_and(is_inside_word) && !rest.starts_with(is_inside_word);
        let number = rest.strip_prefix("(#").and_then(|rest| rest.split_once(')'));
        let has_number = number.is_some_and(|(n, _)| n.parse::<u32>().is_ok());
        is_word && !has_number
    })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checkout::SourceFile;

    fn lines_found(text: &str) -> Vec<usize> {
        let findings = check(&SourceFile::new("docs/a.md", text));
        findings.iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        assert_eq!(lines_found(concat!("Fine.\nSee /", "work/main.\n")), [2]);
        assert!(lines_found(concat!("../team/", "work/main\n")).is_empty());
    }

    #[test]
    fn the_address_of_a_registry_is_found() {
        assert_eq!(lines_found(concat!("https://registry.npm", "js.org/x\n")), [1]);
    }

    #[test]
    fn work_undone_needs_a_number() {
        assert_eq!(lines_found(concat!("// TO", "DO: later\n")), [1]);
        assert_eq!(lines_found(concat!("// TO", "DO(#x): later\n")), [1]);
        assert!(lines_found(concat!("// TO", "DO(#12): later\n")).is_empty());
        assert!(lines_found(concat!("MAS", "TO", "DON\n")).is_empty());
    }
}
