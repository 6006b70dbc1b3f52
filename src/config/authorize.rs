//! Conditions for coming in: `authorize` of a route and of the GraphQL door.
//!
//! **In:** `authorize` as written. **Out:** an [`Authorize`] with a compiled condition.
//!
//! **Never here:** deciding for a request (`server::authorize` does).
//!
//! **Holds:** a condition that cannot be read is an error of the configuration, never an open door.
//!
//! **Read first:** [`settle`].

use super::report::{Key, Problems};
use crate::expressions::{Condition, Phase};

/// Who may come in.
#[derive(Debug, Clone, PartialEq)]
pub struct Authorize {
    /// What must hold.
    pub condition: Condition,
    /// Where it stands in the file, for the log: `routes[0].authorize`.
    pub key: String,
}

pub(super) fn settle(
    raw: Option<String>,
    phase: Phase,
    key: &Key,
    problems: &mut Problems<'_>,
) -> Option<Authorize> {
    let key = key.then("authorize");
    match Condition::compile(&raw?, phase) {
        Ok(condition) => Some(Authorize { condition, key: key.to_string() }),
        Err(error) => {
            problems.add(&key, error.to_string(), error.fix());
            None
        }
    }
}
