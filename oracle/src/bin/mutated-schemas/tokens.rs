//! Takes SDL apart, well-formed or not, and puts it together again.
//!
//! **In:** text. **Out:** [`Tokens`]; and the ranges of definitions and directives in them.
//!
//! **Never here:** grammar. What a range contains may be nonsense; that is the point.
//!
//! **Holds:** comments and spaces are lost, all else is kept; a token is never empty.

use std::ops::Range;

/// The tokens of a document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tokens(pub(crate) Vec<String>);

const DEFINITIONS: [&str; 9] =
    ["schema", "scalar", "type", "interface", "union", "enum", "input", "directive", "extend"];

impl Tokens {
    /// Takes `text` apart.
    pub(crate) fn of(text: &str) -> Self {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '#' => {
                    rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
                    continue;
                }
                c if c.is_whitespace() || c == ',' => {
                    rest = &rest[c.len_utf8()..];
                    continue;
                }
                '"' if rest.starts_with("\"\"\"") => end_of_block(rest),
                '"' => end_of_string(rest),
                c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                c => c.len_utf8(),
            };
            tokens.push(rest[..length].to_owned());
            rest = &rest[length..];
        }
        Self(tokens)
    }

    /// The text again, with spaces of its own.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let mut previous = "";
        for token in &self.0 {
            let together = previous.is_empty() || previous == "@" || previous == "$";
            if previous == "{" || previous == "}" || previous.ends_with("\"\"\"") {
                text.push('\n');
            } else if !together {
                text.push(' ');
            }
            text.push_str(token);
            previous = token;
        }
        text.push('\n');
        text
    }

    /// Where the top-level definitions stand, their descriptions included.
    pub(crate) fn definitions(&self) -> Vec<Range<usize>> {
        let mut starts = Vec::new();
        let mut depth = 0_usize;
        for (at, token) in self.0.iter().enumerate() {
            match token.as_str() {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth = depth.saturating_sub(1),
                word if depth == 0 && DEFINITIONS.contains(&word) => {
                    let before = at.checked_sub(1).map(|before| self.0[before].as_str());
                    match before {
                        Some("extend") => {}
                        Some(text) if text.starts_with('"') => starts.push(at - 1),
                        _ => starts.push(at),
                    }
                }
                _ => {}
            }
        }
        let ends = starts.iter().skip(1).copied().chain([self.0.len()]);
        starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
    }

    /// Where directives are applied, their arguments included.
    pub(crate) fn directives(&self) -> Vec<Range<usize>> {
        let is_applied =
            |at: &usize| self.0[*at] == "@" && (*at == 0 || self.0[*at - 1] != "directive");
        (0..self.0.len()).filter(is_applied).map(|at| at..self.end_of_directive(at)).collect()
    }

    fn end_of_directive(&self, at: usize) -> usize {
        let end = (at + 2).min(self.0.len());
        if self.0.get(end).is_none_or(|token| token != "(") {
            return end;
        }
        let mut depth = 0_usize;
        for (offset, token) in self.0[end..].iter().enumerate() {
            match token.as_str() {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return end + offset + 1;
            }
        }
        self.0.len()
    }

    /// Where the tokens stand that `wanted` likes.
    pub(crate) fn places(&self, wanted: impl Fn(&str) -> bool) -> Vec<usize> {
        (0..self.0.len()).filter(|at| wanted(&self.0[*at])).collect()
    }

    /// Puts `text` before the token at `at`.
    pub(crate) fn insert(&mut self, at: usize, text: &str) {
        self.0.splice(at..at, Self::of(text).0);
    }
}

/// Whether a token is a name, and not one of the words that open definitions.
pub(crate) fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && !DEFINITIONS.contains(&token)
        && !["implements", "repeatable", "on", "true", "false", "null"].contains(&token)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn end_of_block(text: &str) -> usize {
    text[3..].find("\"\"\"").map_or(text.len(), |end| end + 6)
}

fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return at,
            '"' if !escaped => return at + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}
