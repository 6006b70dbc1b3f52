//! What callers may see of the graph: how denials are told, and what policies mean.
//!
//! **In:** `graphql.authorization`. **Out:** [`AuthorizationSettings`].
//!
//! **Never here:** which fields ask for what (the schema says), deciding for a request (`authorization`).

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::report::{Key, Problems};
use crate::expressions::{Condition, Phase};

/// `graphql.authorization` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Authorization")]
pub(super) struct RawAuthorization {
    /// What becomes of an operation that selects what its caller may not see: `filter` answers null there,
    /// with an error, and the rest as ever; `reject` runs nothing of it. Default: `filter`.
    pub mode: Option<RawMode>,
    /// Whether denials are only told, in log and metrics, while everything is answered. Default: `false`.
    pub dry_run: Option<bool>,
    /// Whether introspection leaves out what its caller may not see. Default: `true`.
    pub hide: Option<bool>,
    /// What the policies of `@policy` in the schema ask for: conditions on the request and who asks, by the
    /// policy's name. One that is not here, or whose condition fails, is not met.
    pub policies: Option<IndexMap<String, String>>,
}

/// `graphql.authorization.mode` as written.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AuthorizationMode")]
pub(super) enum RawMode {
    Filter,
    Reject,
}

/// What becomes of an operation that selects what its caller may not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthorizationMode {
    /// Null there, with an error.
    #[default]
    Filter,
    /// Nothing runs.
    Reject,
    /// Everything runs; what would be denied is told in log and metrics.
    DryRun,
}

/// What callers may see of the graph.
#[derive(Debug, Clone)]
pub struct AuthorizationSettings {
    /// What a denial comes to.
    pub mode: AuthorizationMode,
    /// Whether introspection leaves out what its caller may not see.
    pub hide: bool,
    /// The conditions of policies.
    pub policies: IndexMap<String, Condition>,
}

impl RawAuthorization {
    pub(super) fn settle(self, key: &Key, problems: &mut Problems<'_>) -> AuthorizationSettings {
        let mode = match (self.dry_run.unwrap_or(false), self.mode) {
            (true, _) => AuthorizationMode::DryRun,
            (false, Some(RawMode::Reject)) => AuthorizationMode::Reject,
            (false, _) => AuthorizationMode::Filter,
        };
        let key = key.then("policies");
        let mut policies = IndexMap::new();
        for (name, text) in self.policies.unwrap_or_default() {
            match Condition::compile(&text, Phase::Operation) {
                Ok(condition) => drop(policies.insert(name, condition)),
                Err(error) => {
                    problems.add(&key.then(&name), error.to_string(), error.fix());
                }
            }
        }
        // While nothing is denied, nothing is hidden.
        let hide = self.hide.unwrap_or(true) && mode != AuthorizationMode::DryRun;
        AuthorizationSettings { mode, hide, policies }
    }
}
