//! The GraphQL door: its path, what it shows of itself, and which errors it lets out.
//!
//! **In:** `graphql`. **Out:** [`GraphqlSettings`].
//!
//! **Never here:** operation limits (`policies`).

use schemars::JsonSchema;
use serde::Deserialize;

use super::authorization::{AuthorizationSettings, RawAuthorization};
use super::merge::{MergeSettings, RawMergeRequests};
use super::planning::{PlanningSettings, RawPlanning};
use super::report::{Key, Problems};
use super::warm::{RawWarm, WarmSettings};

/// `graphql` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Graphql")]
pub(super) struct RawGraphql {
    /// The path of the GraphQL door. Default: `/graphql`.
    pub path: Option<String>,
    /// Whether clients may ask for the schema. Default: `false`.
    pub introspection: Option<bool>,
    /// Whether the query page answers at `/`, with plans and graph status for everyone who can reach it. Default: `false`.
    pub ide: Option<bool>,
    /// Whether answers carry a `Server-Timing` header that names each fetch and its time. Default: `false`.
    pub server_timing: Option<bool>,
    /// What of a subgraph's errors reaches clients.
    pub errors: Option<RawErrors>,
    /// What callers may see of the graph.
    pub authorization: Option<RawAuthorization>,
    /// What planning an operation may cost.
    pub planning: Option<RawPlanning>,
    /// What is prepared before a new graph takes over.
    pub warm: Option<RawWarm>,
    /// Which identical requests of one moment become one.
    pub merge: Option<RawMergeRequests>,
}

/// `graphql.errors` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Errors")]
pub(super) struct RawErrors {
    /// Whether the messages and extensions of subgraph errors are withheld from clients. The log gets them all. Default: `true`.
    pub mask: Option<bool>,
    /// The extensions of subgraph errors that pass although errors are masked. Default: `[code]`.
    pub allow_extensions: Option<Vec<String>>,
}

/// The GraphQL door.
#[derive(Debug, Clone)]
pub struct GraphqlSettings {
    /// Begins with `/`, holds no template.
    pub path: String,
    /// Whether introspection is answered.
    pub introspection: bool,
    /// Whether the query page, plans and status are served.
    pub ide: bool,
    /// Whether answers carry `Server-Timing`.
    pub server_timing: bool,
    /// Which errors pass.
    pub errors: ErrorSettings,
    /// What callers may see of the graph.
    pub authorization: AuthorizationSettings,
    /// What planning an operation may cost.
    pub planning: PlanningSettings,
    /// What is prepared before a new graph takes over.
    pub warm: WarmSettings,
    /// Which identical requests of one moment become one.
    pub merge: MergeSettings,
}

/// What of a subgraph's errors reaches clients.
#[derive(Debug, Clone)]
pub struct ErrorSettings {
    /// Withhold messages and extensions.
    pub mask: bool,
    /// Extensions that pass although masked.
    pub allow_extensions: Vec<String>,
}

impl RawGraphql {
    pub(super) fn settle(self, problems: &mut Problems<'_>) -> GraphqlSettings {
        let key = Key::default().then("graphql");
        let path = self.path.unwrap_or_else(|| "/graphql".to_owned());
        let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
        if !path.starts_with('/') || path.len() < 2 || !path.chars().all(plain) {
            problems.add(
                &key.then("path"),
                format!("`{path}` is not a path of its own"),
                "begin with `/` and use letters, digits, `-`, `_`, `.` and `/`: `/graphql`",
            );
        }
        let errors = self.errors.unwrap_or_default();
        GraphqlSettings {
            path,
            introspection: self.introspection.unwrap_or(false),
            ide: self.ide.unwrap_or(false),
            server_timing: self.server_timing.unwrap_or(false),
            errors: ErrorSettings {
                mask: errors.mask.unwrap_or(true),
                allow_extensions: errors
                    .allow_extensions
                    .unwrap_or_else(|| vec!["code".to_owned()]),
            },
            authorization: (self.authorization.unwrap_or_default())
                .settle(&key.then("authorization"), problems),
            planning: self.planning.unwrap_or_default().settle(&key.then("planning"), problems),
            warm: self.warm.unwrap_or_default().settle(&key.then("warm"), problems),
            merge: self.merge.unwrap_or_default().settle(),
        }
    }
}
