//! What is prepared before a new graph takes over.
//!
//! **In:** `graphql.warm`. **Out:** [`WarmSettings`].
//!
//! **Never here:** preparing (`operation`), taking over (`graph`).

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::quantity::RawDuration;
use super::report::{Key, Problems};

/// `graphql.warm` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Warm")]
pub(super) struct RawWarm {
    /// How many of the operations that were used most are prepared for a new graph before it takes over,
    /// each with the plans that were in use. `0` prepares none. Default: 200.
    pub operations: Option<u32>,
    /// How long that may take; then the new graph takes over with what is ready. Default: 10s.
    pub timeout: Option<RawDuration>,
}

/// The bounds of warming.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WarmSettings {
    /// How many operations.
    pub operations: usize,
    /// For all of them.
    pub timeout: Duration,
}

impl RawWarm {
    pub(super) fn settle(self, key: &Key, problems: &mut Problems<'_>) -> WarmSettings {
        let timeout =
            self.timeout.and_then(|timeout| timeout.settle(&key.then("timeout"), problems));
        WarmSettings {
            operations: self.operations.unwrap_or(200) as usize,
            timeout: timeout.unwrap_or(Duration::from_secs(10)),
        }
    }
}
