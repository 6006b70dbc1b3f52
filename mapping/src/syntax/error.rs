//! Says where a text is no mapping, why, and what to write instead.
//!
//! **Out:** [`ParseError`].
//!
//! **Never here:** the file and line of the text; who has the schema knows them.

use super::Span;
use crate::version::Version;
use thiserror::Error;

/// A text that is no mapping.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{kind}")]
pub struct ParseError {
    /// Where, in bytes of the text.
    pub span: Span,
    /// Why.
    pub kind: ParseErrorKind,
    /// What to write instead.
    pub fix: Option<String>,
}

/// Why a text is no mapping.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// Something else was expected.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What could stand here.
        expected: &'static str,
        /// What stands here.
        found: String,
    },
    /// A quote is never closed.
    #[error("the string is never closed")]
    UnterminatedString,
    /// `1a`
    #[error("a number may not run into a name")]
    NumberRunsOn,
    /// A number that no float holds.
    #[error("the number is too large")]
    NumberTooLarge,
    /// A form of a later version.
    #[error("{what} needs connect {since}, and this schema links {version}")]
    NeedsVersion {
        /// The form.
        what: &'static str,
        /// The first version that has it.
        since: Version,
        /// The version that is linked.
        version: Version,
    },
    /// A form that this version has only inside `$(…)` and arguments.
    #[error("up to connect v0.3, {what} may stand only inside `$(…)` and arguments")]
    NeedsParentheses {
        /// The form.
        what: &'static str,
    },
    /// `$(a)` up to v0.2.
    #[error("up to connect v0.2, a key alone is no path here")]
    LoneKey,
    /// `a ?? b ?! c`
    #[error("`??` and `?!` may not be mixed in one chain")]
    MixedChain,
    /// `a? ?`
    #[error("`?` may not be doubled")]
    DoubledQuestion,
    /// `a, b c`
    #[error("items are separated by commas or by blanks, not by both")]
    MixedSeparators,
    /// `a $.b.c`
    #[error("a path without a name may only stand alone")]
    PathAmongItems,
    /// `{ $args.a }` up to v0.2.
    #[error("up to connect v0.2, a path without a name needs braces here")]
    PathInBraces,
    /// `5 { a }`
    #[error("braces may not follow {what}")]
    BracesAfter {
        /// The form.
        what: &'static str,
    },
    /// Braces in braces, or the like, too often.
    #[error("the mapping is nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// A path of too many steps.
    #[error("a path has more than {limit} steps")]
    TooManySteps {
        /// The limit.
        limit: usize,
    },
    /// A text of too many bytes.
    #[error("the text has more than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
}
