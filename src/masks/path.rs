//! Paths to values of a JSON text: a part of JSONPath.
//!
//! **In:** a text. **Out:** a [`JsonPath`]; step by step, what it selects.
//!
//! **Never here:** reading JSON (`lexer`, `filter`).
//!
//! **Holds:** a path is followed forwards, from the root down, so that a stream can be filtered as it comes.
//!
//! ```text
//! path    = "$" segment+
//! segment = "." name | ".." name | "[*]" | "['" any "']" | "..[*]" | "..['" any "']"
//! ```
//!
//! **Read first:** [`JsonPath::parse`], [`JsonPath::below`].
//!
//! Spec: <https://www.rfc-editor.org/rfc/rfc9535>

use std::fmt;

use thiserror::Error;

/// A path to values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    /// At any depth, not only at the next.
    descends: bool,
    /// The member's name; none for all members and items.
    name: Option<String>,
}

/// As it may be written.
impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for Step { descends, name } in &self.steps {
            let is_word = |name: &str| {
                let mut bytes = name.bytes();
                bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
                    && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            };
            match (descends, name) {
                (false, None) => f.write_str("[*]")?,
                (true, None) => f.write_str("..*")?,
                (false, Some(name)) if is_word(name) => write!(f, ".{name}")?,
                (true, Some(name)) if is_word(name) => write!(f, "..{name}")?,
                (false, Some(name)) => write!(f, "['{name}']")?,
                (true, Some(name)) => write!(f, "..['{name}']")?,
            }
        }
        Ok(())
    }
}

/// Why a text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{path}` is not a path: {reason}, at column {column}")]
pub struct PathError {
    path: String,
    reason: &'static str,
    column: usize,
}

/// How far a path has come at a value: a bit for each step that may come next; the bit behind the last
/// step says that the value is selected.
pub(super) type Progress = u64;

/// One bit is left for the end.
const MAX_STEPS: usize = 63;

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// When the text is not of the part of JSONPath that streams can follow.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let mut steps = Vec::new();
        let refused = |reason, rest: &str| PathError {
            path: text.to_owned(),
            reason,
            column: text[..text.len() - rest.len()].chars().count() + 1,
        };
        let Some(mut rest) = text.strip_prefix('$') else {
            return Err(refused("it does not begin with `$`", text));
        };
        while !rest.is_empty() {
            let (descends, after) = match rest.strip_prefix("..") {
                Some(after) => (true, after),
                None => (false, rest),
            };
            let (name, after) = if let Some(after) = after.strip_prefix("[*]") {
                (None, after)
            } else if let Some(after) = after.strip_prefix('[') {
                let Some((name, after)) = quoted_name(after) else {
                    return Err(refused(
                        "`[` is followed by neither `*]` nor a name in quotes",
                        rest,
                    ));
                };
                (Some(name), after)
            } else if let Some(after) = after.strip_prefix('.').or(descends.then_some(after)) {
                let end = after.find(|c: char| !is_of_name(c)).unwrap_or(after.len());
                if end == 0 {
                    return Err(refused("a name is missing", after));
                }
                (Some(after[..end].to_owned()), &after[end..])
            } else {
                return Err(refused("`.name`, `..name`, `['name']` or `[*]` is missing", rest));
            };
            steps.push(Step { descends, name });
            rest = after;
        }
        match steps.len() {
            0 => Err(refused("it selects the whole text", rest)),
            1..=MAX_STEPS => Ok(Self { steps }),
            _ => Err(refused("it has more than 63 steps", rest)),
        }
    }

    /// What to do about a text that is not a path.
    pub const FIX: &str = "write `$.a.b`, `$..name`, `$.items[*].card` or `$['a name']`";

    /// The progress at the root.
    pub(super) const START: Progress = 1;

    /// The progress at a member of that name, or at an item of a list.
    pub(super) fn below(&self, above: Progress, name: Option<&str>) -> Progress {
        let mut below = 0;
        for (i, step) in self.steps.iter().enumerate() {
            if above >> i & 1 == 0 {
                continue;
            }
            if step.descends {
                below |= 1 << i;
            }
            if step.name.is_none() || step.name.as_deref() == name {
                below |= 1 << (i + 1);
            }
        }
        below
    }

    /// Whether a value at this progress is selected.
    pub(super) fn selects(&self, progress: Progress) -> bool {
        progress >> self.steps.len() & 1 == 1
    }
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// The name in quotes, and what follows its bracket.
fn quoted_name(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let (name, after) = text[1..].split_once(quote)?;
    // An escape could stand for anything: it is left to names that need none.
    if name.contains('\\') {
        return None;
    }
    Some((name.to_owned(), after.strip_prefix(']')?))
}

#[cfg(test)]
mod tests {
    use super::JsonPath;

    fn selects(path: &str, way: &[Option<&str>]) -> bool {
        let path = JsonPath::parse(path).unwrap();
        let end = way.iter().fold(JsonPath::START, |progress, name| path.below(progress, *name));
        path.selects(end)
    }

    #[test]
    fn paths_lead_to_members_items_and_any_depth() {
        let (a, b, c, item) = (Some("a"), Some("b"), Some("c"), None);
        assert!(selects("$.a.b", &[a, b]) && selects("$['a'][\"b\"]", &[a, b]));
        assert!(!selects("$.a.b", &[a]) && !selects("$.a.b", &[a, b, c]) && !selects("$.a", &[b]));
        assert!(selects("$[*].a", &[item, a]) && selects("$[*].a", &[b, a]));
        assert!(selects("$..c", &[c]) && selects("$..c", &[a, item, b, c]));
        assert!(selects("$..a..c", &[b, a, item, c]) && !selects("$..a..c", &[c, a]));
        assert!(selects("$..a.b", &[a, a, b]) && !selects("$..a.b", &[a, c, b]));
        assert!(selects("$..[*]", &[a]) && selects("$..[*]", &[a, item]));
        assert!(selects("$['a b'].c", &[Some("a b"), c]));
        assert!(selects("$..a", &[a, b, a]));
    }

    #[test]
    fn what_a_stream_cannot_follow_is_refused_with_its_place() {
        for (text, expected) in [
            ("a.b", "it does not begin with `$`, at column 1"),
            ("$", "it selects the whole text, at column 2"),
            ("$.a[0]", "neither `*]` nor a name in quotes, at column 4"),
            ("$.a[?(@.b)]", "at column 4"),
            ("$.a[1:2]", "at column 4"),
            ("$.a[-1]", "at column 4"),
            ("$.", "a name is missing, at column 3"),
            ("$..", "a name is missing"),
            ("$.a b", "is missing, at column 4"),
            ("$['a", "at column 2"),
        ] {
            let error = JsonPath::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
