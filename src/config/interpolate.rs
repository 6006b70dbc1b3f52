//! Replaces `${VAR}`, `${VAR:-default}` and `${file:path}` in the texts of a configuration file.
//!
//! **In:** the tree as written, the environment, and the folder that paths are relative to.
//! **Out:** the same tree with its texts replaced; every failure with its place.
//!
//! **Never here:** keys (only values are replaced), types (`decode` reads a replaced text as a number
//! where a number is wanted).
//!
//! **Holds:** a replaced text is never read again, so a secret may contain `${`. `$${` stands for `${`.
//!
//! **Read first:** [`interpolate`].

use std::cell::RefCell;
use std::path::Path;

use super::node::{Node, Value};
use super::report::Problems;

/// Looks up a variable of the environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

pub(super) fn interpolate(node: &mut Node, sources: &Sources<'_>, problems: &mut Problems) {
    let position = node.position;
    match &mut node.value {
        Value::Text { text, is_interpolated } if text.contains("${") => {
            match replace(text, sources) {
                Ok(replaced) => {
                    *text = replaced;
                    *is_interpolated = true;
                }
                Err((message, fix)) => problems.add_at(position, message, fix),
            }
        }
        Value::List(items) => {
            for item in items {
                interpolate(item, sources, problems);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                interpolate(&mut entry.node, sources, problems);
            }
        }
        _ => {}
    }
}

/// A text of the command line with its `${VAR}` and `${file:path}` replaced; paths are relative to the working
/// folder.
///
/// # Errors
/// What cannot be replaced, and the fix.
pub(super) fn interpolated(
    text: &str,
    environment: Environment<'_>,
) -> Result<String, (String, String)> {
    replace(text, &Sources::new(environment, Path::new("")))
}

/// Where replacements come from.
pub(super) struct Sources<'a> {
    pub(super) environment: Environment<'a>,
    pub(super) folder: &'a Path,
    /// What was found in either: it may be secret, whatever key it stands under.
    pub(super) found: RefCell<Vec<String>>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(environment: Environment<'a>, folder: &'a Path) -> Self {
        Self { environment, folder, found: RefCell::default() }
    }

    fn find(&self, text: String) -> String {
        self.found.borrow_mut().push(text.clone());
        text
    }
}

fn replace(text: &str, sources: &Sources<'_>) -> Result<String, (String, String)> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            out.push_str(&rest[..at - 1]);
            out.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        let inner = &rest[at + 2..];
        let Some(end) = inner.find('}') else {
            return Err((
                format!("`${{` is not closed in `{text}`"),
                "close it with `}`, or write `$${` for a literal `${`".to_owned(),
            ));
        };
        out.push_str(&look_up(&inner[..end], sources)?);
        rest = &inner[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn look_up(reference: &str, sources: &Sources<'_>) -> Result<String, (String, String)> {
    if let Some(path) = reference.strip_prefix("file:") {
        let path = sources.folder.join(path);
        return match std::fs::read_to_string(&path) {
            // Editors end a file with a line break that is no part of the secret.
            Ok(text) => Ok(sources.find(text.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) => Err((
                format!("cannot read `{}`: {error}", path.display()),
                "create the file, or correct the path (relative to the configuration file)"
                    .to_owned(),
            )),
        };
    }
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    let value = (sources.environment)(name).filter(|value| !value.is_empty() || default.is_none());
    let value = value.map(|value| sources.find(value));
    value.or_else(|| default.map(str::to_owned)).ok_or_else(|| {
        (
            format!("the environment has no variable `{name}`"),
            format!("set `{name}`, or give a default: `${{{name}:-value}}`"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{Sources, replace};
    use std::path::Path;

    fn replaced(text: &str) -> Result<String, (String, String)> {
        let environment = |name: &str| (name == "PORT").then(|| "41".to_owned());
        replace(text, &Sources::new(&environment, Path::new("/nowhere")))
    }

    #[test]
    fn variables_defaults_and_escapes_are_replaced() {
        assert_eq!(replaced("a:${PORT}/${HOST:-local}").unwrap(), "a:41/local");
        assert_eq!(replaced("$${PORT}").unwrap(), "${PORT}");
    }

    #[test]
    fn what_is_missing_is_an_error_that_says_the_fix() {
        let (message, fix) = replaced("${HOST}").unwrap_err();
        assert_eq!(message, "the environment has no variable `HOST`");
        assert!(fix.contains("${HOST:-value}"));
        assert!(replaced("${file:secret}").unwrap_err().0.contains("/nowhere/secret"));
        assert!(replaced("${HOST").unwrap_err().0.contains("not closed"));
    }
}
