//! Says what did not go as a mapping expected, without failing it.
//!
//! **Out:** [`Problem`]: for logs and for people who debug a mapping, never for clients.
//!
//! **Never here:** limits (`limits`), texts that do not parse (`syntax`).
//!
//! **Holds:** a problem tells types and what the mapping's author wrote, never a value or name of the
//! data; equal ones are counted together.
//!
//! **Read first:** [`ProblemKind`].

use crate::methods::Method;
use crate::syntax::Span;
use crate::value::Kind;
use thiserror::Error;

/// Something that a mapping did not find or could not use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// What.
    pub kind: ProblemKind,
    /// Where in the data, as a mapping would write it; `@` stands for an element of a list.
    pub path: String,
    /// Where in the text of the mapping.
    pub span: Span,
    /// How often.
    pub count: u64,
}

/// What a mapping did not find or could not use.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The object has no such member.
    #[error("the object has no property `{key}`")]
    NoProperty {
        /// The name.
        key: Box<str>,
    },
    /// Only objects have members.
    #[error("property `{key}` is read from {found}")]
    NoObject {
        /// The name.
        key: Box<str>,
        /// What it was read from.
        found: Kind,
    },
    /// Nothing ever has this name.
    #[error("there is no variable `${name}`")]
    UnknownVariable {
        /// The name, without `$`.
        name: Box<str>,
    },
    /// The variable has no value in this place.
    #[error("`${name}` has no value here")]
    UnavailableVariable {
        /// The name, without `$`.
        name: Box<str>,
    },
    /// No method has this name.
    #[error("there is no method `->{name}`")]
    UnknownMethod {
        /// The name.
        name: Box<str>,
    },
    /// A method got a value it cannot take.
    #[error("`->{method}` takes {expected}, not {found}")]
    Input {
        /// The method.
        method: Method,
        /// What it takes.
        expected: &'static str,
        /// What it got.
        found: Kind,
    },
    /// A method got an argument it cannot take.
    #[error("argument {index} of `->{method}` should be {expected}, not {found}")]
    Argument {
        /// The method.
        method: Method,
        /// Which argument, from 1.
        index: usize,
        /// What it should be.
        expected: &'static str,
        /// What it was.
        found: Kind,
    },
    /// A method got an argument of the right type that is out of its range.
    #[error("argument {index} of `->{method}` should be {expected}")]
    Range {
        /// The method.
        method: Method,
        /// Which argument, from 1.
        index: usize,
        /// What it should be.
        expected: &'static str,
    },
    /// A method got too few or too many arguments.
    #[error("`->{method}` takes {}{}", method.arity(), if method.arity().refuses_parentheses { String::new() } else { format!(", not {found}") })]
    Arguments {
        /// The method.
        method: Method,
        /// How many it got.
        found: usize,
    },
    /// No pair of `->match` fits.
    #[error("no case of `->match` fits")]
    NoCase,
    /// `->get` found nothing there.
    #[error("`->get` finds nothing there")]
    OutOfRange,
    /// The result is no number that can be written.
    #[error("the result of `->{method}` is too large")]
    Overflow {
        /// The method.
        method: Method,
    },
    /// A division by zero.
    #[error("`->{method}` divides by zero")]
    DivisionByZero {
        /// The method.
        method: Method,
    },
    /// `->parseInt` got a text that is no number.
    #[error("`->parseInt` finds no whole number in base {base}")]
    NoWholeNumber {
        /// The base.
        base: u32,
    },
    /// `->jsonParse` got a text that is no JSON.
    #[error("`->jsonParse` finds no JSON")]
    NoJson,
    /// Two keys became one.
    #[error("two keys become one, and the last one wins")]
    KeysCollide,
    /// A value that is no object cannot be merged into one.
    #[error("an object can be merged in here, not {}", .found.map_or("nothing".to_owned(), |it| it.to_string()))]
    NotMerged {
        /// What it was; `None`: missing.
        found: Option<Kind>,
    },
    /// Two values of one name are of different types.
    #[error("{earlier} and {later} have one name, and the later one wins")]
    TypesDiffer {
        /// The first value.
        earlier: Kind,
        /// The second value.
        later: Kind,
    },
    /// `->withError` or `->withWarning` got an argument that has no message.
    #[error("the message of `->{method}` should be a string")]
    NoMessage {
        /// The method.
        method: Method,
    },
    /// An expression in a header gave something without a text.
    #[error("only a scalar can stand in a header, not {found}")]
    NotText {
        /// What it gave.
        found: Kind,
    },
    /// A line break or the like in a header.
    #[error("the value of the header has a character that may not be sent")]
    InvalidHeader,
}
