//! Checks the header of a source file: a first sentence, and what is never to be found inside.
//!
//! **In:** one Rust file. **Out:** what its header lacks.
//!
//! **Never here:** whether the links in a header are alive; rustdoc knows.

use crate::checkout::SourceFile;
use crate::finding::Finding;

/// Openings that say nothing about the room behind the door.
const EMPTY_OPENINGS: &[&str] =
    &["This module", "This crate", "This file", "Contains", "Module for", "Utilities", "Helpers"];

/// A header is 4 to 20 lines; a few more are forgiven for pseudocode.
const MAX_LINES: usize = 60;

/// Holds one file to the form of a header.
pub(crate) fn check(file: &SourceFile) -> Vec<Finding> {
    let header: Vec<&str> =
        file.text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    let mut findings = Vec::new();
    let mut found = |line: usize, wrong: &str, fix: &str| {
        findings.push(Finding::new(&file.path, line, wrong, fix));
    };
    let sentence = first_paragraph(&header);
    if sentence.is_empty() {
        found(1, "there is no header", "open the file with `//! What this room does.`");
        return findings;
    }
    if !sentence.ends_with(['.', '?', '!']) || sentence.starts_with(char::is_lowercase) {
        found(1, "the header does not open with a sentence", "a verb first, a period last");
    }
    if let Some(empty) = EMPTY_OPENINGS.iter().find(|it| sentence.starts_with(**it)) {
        let wrong = format!("the header opens with `{empty}`");
        found(1, &wrong, "say what the room does: present tense, verb first");
    }
    if header.len() > MAX_LINES {
        found(MAX_LINES, "the header is longer than a screen", "keep the contract; link the rest");
    }
    if is_room(&file.path) && !header.iter().any(|line| line.starts_with("**Never here:**")) {
        found(1, "the header has no `**Never here:**`", "say what a reader would wrongly look for");
    }
    findings
}

/// Sources that ship, or that others build upon. Tests and entry points are not rooms.
fn is_room(path: &str) -> bool {
    let in_source = path.starts_with("src/") || path.contains("/src/");
    let name = path.rsplit('/').next().unwrap_or(path);
    in_source && !matches!(name, "main.rs" | "tests.rs") && !path.contains("/tests/")
}

fn first_paragraph(header: &[&str]) -> String {
    let lines: Vec<&str> = header.iter().copied().take_while(|line| !line.is_empty()).collect();
    lines.join(" ")
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checkout::SourceFile;

    fn faults(text: &str) -> Vec<String> {
        let findings = check(&SourceFile::new("src/plan.rs", text));
        findings.into_iter().map(|finding| finding.wrong).collect()
    }

    #[test]
    fn a_full_header_is_tidy() {
        let text = "//! Asks a subgraph for entities, and\n//! keeps them.\n//!\n//! **Never here:** retries.\nfn a() {}\n";
        assert_eq!(faults(text), Vec::<String>::new());
    }

    #[test]
    fn a_file_without_a_header_is_found() {
        assert_eq!(faults("use std::fs;\n"), ["there is no header"]);
    }

    #[test]
    fn a_heading_is_no_sentence() {
        let text = "//! Entity utilities\n//!\n//! **Never here:** retries.\n";
        assert_eq!(faults(text), ["the header does not open with a sentence"]);
    }

    #[test]
    fn an_opening_that_says_nothing_is_found() {
        let text = "//! This module fetches.\n//!\n//! **Never here:** retries.\n";
        assert_eq!(faults(text), ["the header opens with `This module`"]);
    }

    #[test]
    fn never_here_is_never_left_out_of_a_room() {
        assert_eq!(faults("//! Fetches.\n"), ["the header has no `**Never here:**`"]);
        assert!(check(&SourceFile::new("tests/http.rs", "//! Fetches.\n")).is_empty());
    }

    #[test]
    fn a_header_longer_than_a_screen_is_found() {
        let text = format!(
            "//! Fetches.\n//!\n//! **Never here:** retries.\n{}",
            "//! More.\n".repeat(60)
        );
        assert_eq!(faults(&text), ["the header is longer than a screen"]);
    }
}
