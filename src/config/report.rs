//! What is wrong in a configuration file, where, and what to do about it.
//!
//! **In:** findings by key path, from the sections as they settle.
//! **Out:** [`ConfigError`]s with file, line, column and the line itself.
//!
//! **Never here:** how an error is printed (`cli::terminal`).
//!
//! **Read first:** [`ConfigError`].

use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::node::{Node, Position};

/// One thing that is wrong in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// The place in the file.
    pub position: Position,
    /// The key, as a path: `upstreams.reviews.timeout`. Empty for the file as a whole.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub fix: String,
    /// The line of the file, for a person to see.
    pub source_line: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position;
        write!(f, "{}:{line}:{column}: ", self.file.display())?;
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key)?;
        }
        write!(f, "{} ({})", self.message, self.fix)
    }
}

/// Everything that is wrong in a configuration file; never empty.
#[derive(Debug, Clone, Error)]
#[error("{}", self.errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigErrors {
    /// In the order of the file.
    pub errors: Vec<ConfigError>,
}

/// Collects what the sections find.
pub(super) struct Problems<'a> {
    file: &'a Path,
    text: &'a str,
    tree: Option<&'a Node>,
    errors: Vec<ConfigError>,
}

impl<'a> Problems<'a> {
    pub(super) fn new(file: &'a Path, text: &'a str) -> Self {
        Self { file, text, tree: None, errors: Vec::new() }
    }

    /// From here on, findings are located by key path in this tree.
    pub(super) fn locate_in(&mut self, tree: &'a Node) {
        self.tree = Some(tree);
    }

    /// A finding at a key.
    pub(super) fn add(&mut self, key: &Key, message: impl Into<String>, fix: impl Into<String>) {
        let position = self.tree.map_or(Position::START, |tree| tree.locate(&key.0));
        self.push(position, key.to_string(), message.into(), fix.into());
    }

    /// The place of a key, for what is found out later.
    pub(super) fn place(&self, key: &Key) -> ConfigError {
        let position = self.tree.map_or(Position::START, |tree| tree.locate(&key.0));
        let (message, fix) = (String::new(), String::new());
        self.error(position, key.to_string(), message, fix)
    }

    /// A finding at a place.
    pub(super) fn add_at(
        &mut self,
        position: Position,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.push(position, String::new(), message.into(), fix.into());
    }

    /// A finding at a place whose key is known.
    pub(super) fn push(&mut self, position: Position, key: String, message: String, fix: String) {
        let error = self.error(position, key, message, fix);
        self.errors.push(error);
    }

    fn error(&self, position: Position, key: String, message: String, fix: String) -> ConfigError {
        let source_line = self.text.lines().nth(position.line as usize - 1).unwrap_or("");
        let source_line = without_secrets(source_line);
        let file = self.file.to_owned();
        ConfigError { file, position, key, message, fix, source_line }
    }

    /// The findings, or nothing if there are none.
    pub(super) fn finish(mut self) -> Result<(), ConfigErrors> {
        if self.errors.is_empty() {
            return Ok(());
        }
        self.errors.sort_by_key(|error| error.position);
        Err(ConfigErrors { errors: self.errors })
    }
}

/// A line of the file as it may be shown: a secret that somebody wrote into it stays there. Names of
/// variables and files are none.
fn without_secrets(line: &str) -> String {
    let mut shown = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("secret:") {
        let (before, value) = rest.split_at(at + "secret:".len());
        let written = value.trim_start();
        let quote = written.chars().next().filter(|first| ['"', '\''].contains(first));
        let end = match quote {
            Some(quote) => written[1..].find(quote).map_or(written.len(), |at| at + 2),
            None => {
                written.find([',', '}']).map_or(written.len(), |at| written[..at].trim_end().len())
            }
        };
        shown += before;
        if written.trim_start_matches(['"', '\'']).starts_with("${") || end == 0 {
            rest = value;
            continue;
        }
        shown += " ...";
        rest = &written[end..];
    }
    without_passwords(shown + rest)
}

/// The same without what stands before the host of an address.
fn without_passwords(line: String) -> String {
    let mut shown = String::new();
    let mut rest = line.as_str();
    while let Some(at) = rest.find("://") {
        let (before, authority) = rest.split_at(at + "://".len());
        let end = authority.find(['/', '"', '\'', ' ', ',', '}', '?', '#']);
        let end = end.unwrap_or(authority.len());
        shown += before;
        rest = match authority[..end].rfind('@') {
            Some(at) if !authority.starts_with("${") => {
                shown += "...";
                &authority[at..]
            }
            _ => authority,
        };
    }
    shown + rest
}

/// A path of keys; an index of a list is a key of digits.
#[derive(Debug, Clone, Default)]
pub(super) struct Key(Vec<String>);

impl Key {
    pub(super) fn of(steps: Vec<String>) -> Self {
        Self(steps)
    }

    /// The key `step` below this one.
    pub(super) fn then(&self, step: impl ToString) -> Self {
        let mut steps = self.0.clone();
        steps.push(step.to_string());
        Self(steps)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            if !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()) {
                write!(f, "[{step}]")?;
            } else {
                write!(f, "{}{step}", if i == 0 { "" } else { "." })?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn a_line_is_shown_without_the_secret_in_it() {
        let cases = [
            ("jwt: { issuer: a, secret: hunter2 }", "jwt: { issuer: a, secret: ... }"),
            ("  client_secret: \"a, b}\"", "  client_secret: ..."),
            ("{ secret: 'a}', c: d }", "{ secret: ..., c: d }"),
            ("{ client_secret: a, secret: b, c: d }", "{ client_secret: ..., secret: ..., c: d }"),
            ("secret: \"${VAR}\"", "secret: \"${VAR}\""),
            ("secret: ${file:a.txt}, x: secret: y", "secret: ${file:a.txt}, x: secret: ..."),
            ("secret:", "secret:"),
            ("audience: api", "audience: api"),
            ("store: redis://:hunter2@a:6379/0", "store: redis://...@a:6379/0"),
            ("{ store: \"redis://u:p@a\", b: c@d }", "{ store: \"redis://...@a\", b: c@d }"),
        ];
        for (line, shown) in cases {
            assert_eq!(without_secrets(line), shown);
        }
    }
}
