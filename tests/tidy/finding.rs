//! One broken rule, said so that the reader can mend it at once.
//!
//! **Never here:** the rules; each has its own file beside this one.

use std::fmt;

/// What is wrong, where, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) file: String,
    /// One-based; zero when the finding is about the file as a whole.
    pub(crate) line: usize,
    pub(crate) wrong: String,
    pub(crate) fix: String,
}

impl Finding {
    pub(crate) fn new(
        file: &str,
        line: usize,
        wrong: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { file: file.to_owned(), line, wrong: wrong.into(), fix: fix.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: ", self.file)?,
            line => write!(f, "{}:{line}: ", self.file)?,
        }
        write!(f, "{}\n    fix: {}", self.wrong, self.fix)
    }
}

#[cfg(test)]
mod tests {
    use super::Finding;

    #[test]
    fn a_finding_names_file_line_fault_and_fix() {
        let finding = Finding::new("src/a.rs", 7, "it is wrong", "make it right");
        assert_eq!(finding.to_string(), "src/a.rs:7: it is wrong\n    fix: make it right");
    }

    #[test]
    fn a_finding_about_a_whole_file_has_no_line() {
        let finding = Finding::new("src/a.rs", 0, "it is wrong", "make it right");
        assert_eq!(finding.to_string(), "src/a.rs: it is wrong\n    fix: make it right");
    }
}
