//! What a request may be: `limits` of a policy.
//!
//! **In:** `limits` of each policy that applies to a door.
//! **Out:** [`Limits`]: the strictest of all, defaults where none speaks.
//!
//! **Never here:** enforcing (`operation` reads depth and tokens, `server` the body); the bounds of the server
//! itself (`config::limits`).
//!
//! **Read first:** [`Limits::strictest`].

use schemars::JsonSchema;
use serde::Deserialize;

use super::Door;
use crate::config::quantity::RawSize;
use crate::config::report::{Key, Problems};

/// `limits` of a policy as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Limits")]
pub(in crate::config) struct RawLimits {
    /// How deep an operation's fields may nest, fragments included. Default: 30.
    pub depth: Option<u32>,
    /// How many tokens a document may have. Default: 20000.
    pub tokens: Option<u32>,
    /// How large a request's body may be. Default: `2MB` on `/graphql`, `10MB` on routes.
    pub body: Option<RawSize>,
}

/// What a request may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep fields nest.
    pub depth: u32,
    /// Tokens of a document.
    pub tokens: u32,
    /// Bytes of a request's body.
    pub body: usize,
}

/// What one policy says; none where it is silent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct SaidLimits {
    depth: Option<u32>,
    tokens: Option<u32>,
    body: Option<usize>,
}

impl Limits {
    /// What all that is said comes to.
    pub(super) fn strictest<'a>(
        door: Door,
        said: impl Iterator<Item = &'a SaidLimits> + Clone,
    ) -> Self {
        let body = if door == Door::Graphql { 2_000_000 } else { 10_000_000 };
        Self {
            depth: said.clone().filter_map(|said| said.depth).min().unwrap_or(30),
            tokens: said.clone().filter_map(|said| said.tokens).min().unwrap_or(20_000),
            body: said.filter_map(|said| said.body).min().unwrap_or(body),
        }
    }
}

impl RawLimits {
    pub(super) fn settle(self, key: &Key, problems: &mut Problems<'_>) -> SaidLimits {
        for (step, value) in [("depth", self.depth), ("tokens", self.tokens)] {
            if value == Some(0) {
                let fix = "write 1 or more, or leave the key out for the default";
                problems.add(&key.then(step), "nothing could pass this limit", fix);
            }
        }
        let body = self.body.and_then(|body| body.settle(&key.then("body"), problems));
        SaidLimits { depth: self.depth, tokens: self.tokens, body }
    }
}
