//! Which identical requests of one moment become one.
//!
//! **In:** `graphql.merge`. **Out:** [`MergeSettings`].
//!
//! **Never here:** when two are identical (`schedule` and `pipeline` decide).

use schemars::JsonSchema;
use serde::Deserialize;

/// `graphql.merge` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MergeRequests")]
pub(super) struct RawMergeRequests {
    /// Whether queries to a subgraph that are identical, headers included, and under way at the same time
    /// are sent once. A subgraph may say otherwise for itself. Default: `true`.
    pub subgraph_queries: Option<bool>,
    /// Whether queries of clients that are identical, with all that rules read of them, and under way at
    /// the same time are executed once. Default: `false`.
    pub client_queries: Option<bool>,
}

/// Which identical requests of one moment become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergeSettings {
    /// Queries to a subgraph, unless it says otherwise for itself.
    pub subgraph_queries: bool,
    /// Queries of clients.
    pub client_queries: bool,
}

impl RawMergeRequests {
    pub(super) fn settle(self) -> MergeSettings {
        MergeSettings {
            subgraph_queries: self.subgraph_queries.unwrap_or(true),
            client_queries: self.client_queries.unwrap_or(false),
        }
    }
}
