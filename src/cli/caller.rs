//! Who asks, as a fixture page or a command line says it.
//!
//! **In:** the text of a `json caller` block, or arguments. **Out:** a [`Caller`], and what it may not
//! see of an operation.
//!
//! **Never here:** identity, conditions of policies: here each policy is met or not, by its name.
//!
//! **Read first:** [`Caller::parse`].

use std::sync::Arc;

use query_planner::Operation;
use serde::Deserialize;
use serde_json::Map;
use supergraph::{RequirementSet, Supergraph};

use crate::authorization;
use crate::consumer::Consumer;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    consumer: Arc<Consumer>,
    policies: Vec<String>,
}

/// A caller as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCaller {
    /// Whether nobody vouches for it.
    #[serde(default)]
    anonymous: bool,
    /// What its credential allows.
    #[serde(default)]
    scopes: Vec<String>,
    /// The policies that hold for it.
    #[serde(default)]
    policies: Vec<String>,
}

impl Caller {
    /// Reads `{ "scopes": ["a"], "policies": ["p"] }` or `{ "anonymous": true }`.
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let raw: RawCaller = serde_json::from_str(text)?;
        Ok(match raw.anonymous {
            true => Self::anonymous(),
            false => Self::known(raw.scopes, raw.policies),
        })
    }

    /// Nobody known.
    pub(super) fn anonymous() -> Self {
        Self { consumer: Consumer::anonymous(), policies: Vec::new() }
    }

    /// Somebody whose credential allows these scopes and for whom these policies hold.
    pub(super) fn known(scopes: Vec<String>, policies: Vec<String>) -> Self {
        let mut scopes: Vec<Arc<str>> = scopes.into_iter().map(Arc::from).collect();
        scopes.sort();
        let consumer = Consumer {
            id: "page:caller".into(),
            name: "caller".into(),
            scopes,
            roles: Vec::new(),
            claims: Map::new(),
            plan: None,
            provider: Some("page".into()),
        };
        Self { consumer: Arc::new(consumer), policies }
    }

    /// Whether nobody vouches for it.
    pub fn is_anonymous(&self) -> bool {
        self.consumer.is_anonymous()
    }

    /// The requirements of an operation that it does not meet.
    pub fn unmet(&self, supergraph: &Supergraph, operation: &Operation) -> RequirementSet {
        let holds = |policy: &str| self.policies.iter().any(|held| held == policy);
        authorization::unmet(supergraph, operation, &self.consumer, holds)
    }
}
