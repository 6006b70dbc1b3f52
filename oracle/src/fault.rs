//! What can go wrong in a subgraph, on purpose.
//!
//! **In:** a list of faults given to a strict subgraph.
//! **Out:** the value that stands in the place of the truth.
//!
//! **Never here:** deciding whether a request is legal: faults strike legal requests only.
//!
//! **Read first:** [`Fault`].

use thiserror::Error;

/// One fault of one subgraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The field is null for every object of the type, without an error unless it is non-null.
    Null {
        /// The object's type in this subgraph.
        type_name: String,
        /// The field.
        field: String,
    },
    /// The field raises an execution error for every object of the type.
    Error {
        /// The object's type in this subgraph.
        type_name: String,
        /// The field.
        field: String,
        /// The error's message.
        message: String,
    },
    /// The entity cannot be found: its place in `_entities` is null.
    MissingEntity {
        /// The object's id in the data.
        object: String,
    },
    /// Every `_entities` list lacks its last items.
    ShortEntityList {
        /// How many.
        by: usize,
    },
    /// The subgraph does not answer at all.
    Dead,
}

/// A dead subgraph did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("subgraph `{subgraph}` is dead")]
pub struct Unreachable {
    /// The subgraph's name.
    pub subgraph: String,
}

/// What a fault makes of a field.
pub(crate) enum Struck {
    Null,
    Error(String),
}

/// The first fault that strikes a field.
pub(crate) fn strike(faults: &[Fault], at: &str, name: &str) -> Option<Struck> {
    faults.iter().find_map(|fault| match fault {
        Fault::Null { type_name, field } if type_name == at && field == name => Some(Struck::Null),
        Fault::Error { type_name, field, message } if type_name == at && field == name => {
            Some(Struck::Error(message.clone()))
        }
        _ => None,
    })
}
