//! Holds what is wrong with a connector until it is known where its text stands.
//!
//! **In:** problems with a node of the document and a byte of its string. **Out:**
//! [`CompositionError`]s with file, line and column; or one line for a loaded file.
//!
//! **Never here:** the rules.
//!
//! **Read first:** [`Problem`].

use apollo_compiler::Node;
use apollo_compiler::ast::Value;

use super::literal::offset_in_literal;
use crate::codes::ErrorCode;
use crate::failure::{CompositionError, Location};
use crate::source::{SourceText, Span};

/// Something wrong with `@source`, `@connect` or the types around them.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(super) code: ErrorCode,
    pub(super) coordinate: String,
    pub(super) place: Place,
    pub(super) message: String,
    pub(super) fix: Option<String>,
}

/// A node, and maybe a byte inside the string that it is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    span: Span,
    inside: Option<usize>,
}

impl Place {
    pub(super) fn of(span: Span) -> Self {
        Self { span, inside: None }
    }

    pub(super) fn node(node: &Node<Value>) -> Self {
        Self::of(node.location())
    }

    /// A byte of the value that a string literal has.
    pub(super) fn inside(node: &Node<Value>, byte: usize) -> Self {
        Self { span: node.location(), inside: Some(byte) }
    }

    fn locate(self, source: &SourceText) -> Option<Location> {
        let span = self.span?;
        let Some(byte) = self.inside else { return source.locate(self.span) };
        let literal = source.text().get(span.offset()..span.end_offset())?;
        source.locate_offset(span.offset() + offset_in_literal(literal, byte))
    }
}

impl Problem {
    pub(super) fn new(
        code: ErrorCode,
        coordinate: &str,
        place: Place,
        message: impl Into<String>,
    ) -> Self {
        let coordinate = coordinate.to_owned();
        Self { code, coordinate, place, message: message.into(), fix: None }
    }

    pub(super) fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    /// The error about the subgraph whose text this is.
    pub(super) fn error(self, source: &SourceText) -> CompositionError {
        let name = &source.subgraph;
        let error = CompositionError::new(self.code, format!("[{name}] {}", self.message))
            .on(self.coordinate)
            .at(name, self.place.locate(source));
        match self.fix {
            Some(fix) => error.fix(fix),
            None => error,
        }
    }

    /// What to say where nobody has the subgraph's text.
    pub(super) fn line(&self) -> String {
        format!("{}: {}", self.code, self.message)
    }
}
