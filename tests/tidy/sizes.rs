//! Checks that a source file stays a small room.
//!
//! **Never here:** the length of functions; clippy's `too_many_lines` counts those.
//!
//! **Holds:** the list of exceptions may only shrink.

use crate::checkout::SourceFile;
use crate::finding::Finding;

/// Source lines, tests not counted. Files aim at 150.
const MAX_LINES: usize = 600;

/// `(path, reason)`: files that are longer, each with the reason why cutting would be worse.
const EXCEPTIONS: &[(&str, &str)] = &[];

/// Holds one file to its size.
pub(crate) fn check(file: &SourceFile) -> Vec<Finding> {
    check_with(file, EXCEPTIONS)
}

fn check_with(file: &SourceFile, exceptions: &[(&str, &str)]) -> Vec<Finding> {
    if file.is_test_only() {
        return Vec::new();
    }
    let n_lines = file.lines_without_tests().count();
    let is_excepted = exceptions.iter().any(|(path, _)| *path == file.path);
    let (wrong, fix) = match (n_lines > MAX_LINES, is_excepted) {
        (true, false) => (
            format!("{n_lines} source lines, and {MAX_LINES} are the limit"),
            "cut it by what the parts know",
        ),
        (false, true) => (
            format!("{n_lines} source lines need no exception"),
            "remove the file from `EXCEPTIONS` of tests/tidy/sizes.rs",
        ),
        _ => return Vec::new(),
    };
    vec![Finding::new(&file.path, 0, wrong, fix)]
}

#[cfg(test)]
mod tests {
    use super::check_with;
    use crate::checkout::SourceFile;

    const EXCEPTIONS: &[(&str, &str)] = &[("src/table.rs", "one table")];

    #[test]
    fn a_hall_is_found_but_not_for_its_tests() {
        let hall = "fn a() {}\n".repeat(601);
        let room = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{hall}}}\n");
        assert_eq!(check_with(&SourceFile::new("src/a.rs", &hall), EXCEPTIONS).len(), 1);
        assert!(check_with(&SourceFile::new("src/a.rs", &room), EXCEPTIONS).is_empty());
    }

    #[test]
    fn an_exception_holds_only_while_it_is_needed() {
        let hall = "fn a() {}\n".repeat(601);
        assert!(check_with(&SourceFile::new("src/table.rs", &hall), EXCEPTIONS).is_empty());
        assert_eq!(check_with(&SourceFile::new("src/table.rs", ""), EXCEPTIONS).len(), 1);
    }
}
