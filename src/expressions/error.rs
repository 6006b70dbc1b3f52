//! What can be wrong with an expression when it is read, and when it is evaluated.
//!
//! **In:** findings of `compile`, failures of `program`. **Out:** sentences with a place and a fix.
//!
//! **Never here:** finding them.
//!
//! **Holds:** nothing here carries a value of a request: what is said may be logged.
//!
//! **Read first:** [`ExpressionError`], [`Why`].

use std::fmt;

use thiserror::Error;

/// Why a text is not an expression.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{}` is not an expression: {kind}{place}", expression.trim())]
pub struct ExpressionError {
    expression: String,
    place: Place,
    kind: ExpressionErrorKind,
}

/// What is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExpressionErrorKind {
    /// A name that is not there.
    #[error("there is no `{name}` here")]
    UnknownName {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// A group of names where one of them is needed.
    #[error("`{name}` alone is no value")]
    BareName {
        /// The name.
        name: String,
        /// Its members.
        known: String,
    },
    /// A member asked of something that has none.
    #[error("`{name}` is {is}, it has no members")]
    NoMembers {
        /// The name.
        name: String,
        /// What it is.
        is: &'static str,
    },
    /// A function that is not there.
    #[error("there is no function `{name}`")]
    UnknownFunction {
        /// The name.
        name: String,
    },
    /// Not of the grammar.
    #[error("{message}")]
    Syntax {
        /// What the parser says.
        message: String,
    },
    /// Not a pattern.
    #[error("`{pattern}` is not a pattern")]
    Pattern {
        /// What was written.
        pattern: String,
    },
    /// Not the name of a header.
    #[error("`{name}` is not the name of a header")]
    HeaderName {
        /// The name.
        name: String,
    },
    /// A condition that is neither true nor false.
    #[error("it gives {is}, not true or false")]
    NotACondition {
        /// What it gives.
        is: &'static str,
    },
    /// An expression that cannot become a text.
    #[error("it gives {is}, not a text")]
    NotText {
        /// What it gives.
        is: &'static str,
    },
    /// Something else than true or false on a side of an operator that needs it.
    #[error("a side of `{operator}` is {is}, not true or false")]
    NotTrueOrFalse {
        /// The operator.
        operator: &'static str,
        /// What stands there.
        is: &'static str,
    },
    /// `in` with something that contains nothing.
    #[error("the right side of `in` is {is}, not a list or a map")]
    NothingIn {
        /// What stands there.
        is: &'static str,
    },
    /// Longer than any expression may be.
    #[error("it is longer than {limit} bytes")]
    TooLong {
        /// The bound.
        limit: usize,
    },
    /// Nested more deeply than any expression may be.
    #[error("it is nested more than {limit} deep")]
    TooDeep {
        /// The bound.
        limit: usize,
    },
}

/// A place inside the text of an expression, counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub line: usize,
    pub column: usize,
}

/// Why a condition could not be decided, or an expression not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Why {
    /// It names something that this request does not have.
    #[error("`{name}` is absent")]
    Absent {
        /// The name, as written.
        name: String,
    },
    /// It asks for what cannot be, such as a number that begins with a text.
    #[error("it cannot be evaluated: {reason}")]
    Failed {
        /// What was asked.
        reason: String,
    },
    /// It gave something else than true or false.
    #[error("it gave {is}, not true or false")]
    NotACondition {
        /// What it gave.
        is: String,
    },
    /// It took more steps than any evaluation may.
    #[error("it took more than {limit} steps")]
    TooManySteps {
        /// The bound.
        limit: usize,
    },
}

impl ExpressionError {
    pub(super) fn of(expression: &str, place: Place, kind: ExpressionErrorKind) -> Self {
        Self { expression: expression.to_owned(), place, kind }
    }

    /// What is wrong.
    pub fn kind(&self) -> &ExpressionErrorKind {
        &self.kind
    }

    /// Line and column inside the text, from one.
    pub fn place(&self) -> (usize, usize) {
        (self.place.line, self.place.column)
    }

    /// What to do about it.
    pub fn fix(&self) -> String {
        use ExpressionErrorKind as Kind;
        match &self.kind {
            Kind::UnknownName { known, .. } => format!("there is {known}; texts stand in quotes"),
            Kind::BareName { known, .. } => format!("name what you need of it: {known}"),
            Kind::NoMembers { .. } => "take away what follows it".to_owned(),
            Kind::UnknownFunction { name } => super::names::functions_like(name),
            Kind::Syntax { .. } => "write CEL, such as `request.path.startsWith(\"/a\")`; a text \
                stands in quotes: `\"'text'\"`"
                .to_owned(),
            Kind::Pattern { .. } => {
                "write a pattern of RE2, without look-around and back references".to_owned()
            }
            Kind::HeaderName { .. } => "use letters, digits and `-`, such as `x-tenant`".to_owned(),
            Kind::NotACondition { .. } | Kind::NotTrueOrFalse { .. } => {
                "compare it: `... == \"text\"`, `\"text\" in ...`".to_owned()
            }
            Kind::NotText { .. } => {
                "name one of its items, or join them: `consumer.scopes.join(\" \")`".to_owned()
            }
            Kind::NothingIn { .. } => {
                "write a list, `[\"a\", \"b\"]`, or ask a text with `.contains(...)`".to_owned()
            }
            Kind::TooLong { .. } | Kind::TooDeep { .. } => {
                "split it or write it shorter".to_owned()
            }
        }
    }
}

impl Place {
    pub(super) const START: Self = Self { line: 1, column: 1 };

    /// The place of a byte in a text.
    pub(super) fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Self { line, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (1, column) => write!(f, ", at column {column}"),
            (line, column) => write!(f, ", at line {line}, column {column}"),
        }
    }
}
