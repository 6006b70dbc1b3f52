//! Reads the template of a header's value, and fills it in; knows which names a schema may use.
//!
//! **In:** `value` of a header. **Out:** [`HeaderTemplate`], [`HeaderUse`].
//!
//! **Never here:** `from`, which copies the client's values; which headers win (the gateway).
//!
//! **Holds:** a value that may not be sent is none, with a problem; nothing is encoded.

use super::template::{self, Gathered, Part, TemplateError};
use crate::inputs::Inputs;
use crate::limits::{Exceeded, Limits};
use crate::mapping::Mapping;
use crate::problem::{Problem, ProblemKind};
use crate::syntax::Span;
use crate::version::Version;

/// The value of a header, with expressions in braces.
#[derive(Clone, Debug)]
pub struct HeaderTemplate {
    parts: Vec<Part>,
}

/// What a schema may do with a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeaderUse {
    /// Set it, or copy it from the client.
    Any,
    /// Set it, but not copy it.
    OnlyValue,
    /// Nothing: it belongs to the connection.
    Refused,
}

impl HeaderUse {
    /// What a schema may do with a header of this name.
    pub fn of(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "content-length"
            | "content-encoding"
            | "accept-encoding" => Self::Refused,
            "content-type" | "accept" | "host" => Self::OnlyValue,
            _ => Self::Any,
        }
    }
}

impl HeaderTemplate {
    /// Reads the text of a value.
    ///
    /// # Errors
    /// When an expression does not parse or is never closed.
    pub fn parse(text: &str, version: Version) -> Result<Self, TemplateError> {
        Ok(Self { parts: template::read(text, version)? })
    }

    /// Its expressions, each with its place in the text.
    pub fn expressions(&self) -> impl Iterator<Item = (&Mapping, Span)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Expression(expression) => Some((&expression.mapping, expression.span)),
            Part::Text { .. } => None,
        })
    }

    /// The value for these inputs, and what did not go as the expressions expected. `None`: there is
    /// no value that may be sent.
    ///
    /// # Errors
    /// When a limit is exceeded.
    pub fn expand<'a>(
        &'a self,
        inputs: &Inputs<'a>,
        limits: Limits,
    ) -> Result<(Option<String>, Vec<Problem>), Exceeded> {
        let mut gathered = Gathered { inputs, limits, problems: Vec::new() };
        let mut value = String::new();
        let mut is_right = true;
        for part in &self.parts {
            let (text, span) = match part {
                Part::Text { text, span } => (text.clone(), *span),
                Part::Expression(expression) => match gathered.scalar(expression)? {
                    Ok(text) => (text, expression.span),
                    Err(found) => {
                        let kind = ProblemKind::NotText { found };
                        gathered.problems.push(problem(kind, expression.span));
                        is_right = false;
                        continue;
                    }
                },
            };
            if text.bytes().any(|byte| (byte < b' ' && byte != b'\t') || byte == 0x7f) {
                gathered.problems.push(problem(ProblemKind::InvalidHeader, span));
                is_right = false;
            }
            value.push_str(&text);
        }
        let length = value.trim_matches([' ', '\t']).len();
        let start = value.len() - value.trim_start_matches([' ', '\t']).len();
        let value = value.get(start..start + length).unwrap_or_default().to_owned();
        Ok((is_right.then_some(value), gathered.problems))
    }
}

fn problem(kind: ProblemKind, span: Span) -> Problem {
    Problem { kind, path: String::new(), span, count: 1 }
}
