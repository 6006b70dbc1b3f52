//! Bounds what evaluating a mapping may cost.
//!
//! **In:** [`Limits`], chosen by who evaluates. **Out:** [`Exceeded`].
//!
//! **Never here:** how long a text may be (`syntax::parse`), how large an answer (the gateway).

use crate::value::MAX_DEPTH;
use thiserror::Error;

/// What evaluating one mapping may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Steps: a property of one element, a call of a method, a comparison.
    pub steps: u64,
    /// The size of the result and of every text on the way: a unit for each value, and one for each
    /// byte of a text.
    pub size: u64,
    /// Problems that are kept; more are only counted.
    pub problems: usize,
}

/// Why a mapping was not evaluated to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Exceeded {
    /// Too many steps.
    #[error("the mapping takes more than {limit} steps")]
    Steps {
        /// The limit.
        limit: u64,
    },
    /// Too large a result.
    #[error("the mapping makes a value larger than {limit}")]
    Size {
        /// The limit.
        limit: u64,
    },
    /// Too deep a result.
    #[error("the mapping makes a value of more than {MAX_DEPTH} levels")]
    Depth,
}
