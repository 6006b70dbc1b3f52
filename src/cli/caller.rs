//! Who asks, as a fixture page or a command line says it.
//!
//! **In:** the text of a `json caller` block, or arguments. **Out:** a [`Caller`], and what it may not
//! see of an operation.
//!
//! **Never here:** identity, conditions of policies: here each policy is met or not, by its name.
//!
//! **Read first:** [`Caller::parse`].

use std::net::Ipv4Addr;
use std::sync::Arc;

use http::{HeaderMap, Method};
use query_planner::Denied;
use serde::Deserialize;
use serde_json::{Map, Value};
use supergraph::Supergraph;

use crate::authorization::{Conditions, InvalidCondition, Policies, Rules};
use crate::consumer::Consumer;
use crate::expressions::{Operation, Scope};
use crate::operation::Prepared;

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
    /// Its `consumer.id`.
    id: Option<String>,
    /// Its `consumer.claims`.
    #[serde(default)]
    claims: Map<String, Value>,
    /// What its credential allows.
    #[serde(default)]
    scopes: Vec<String>,
    /// The policies that hold for it.
    #[serde(default)]
    policies: Vec<String>,
}

impl Caller {
    /// Reads `{ "scopes": ["a"], "policies": ["p"], "id": "corp:ann", "claims": {} }` or
    /// `{ "anonymous": true }`; each key may be left out.
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let raw: RawCaller = serde_json::from_str(text)?;
        Ok(match raw.anonymous {
            true => Self::anonymous(),
            false => {
                let mut caller = Self::known(raw.scopes, raw.policies);
                let consumer = Arc::make_mut(&mut caller.consumer);
                consumer.claims = raw.claims;
                raw.id.into_iter().for_each(|id| consumer.id = id.into());
                caller
            }
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

    /// What of an operation is denied to it.
    ///
    /// # Errors
    /// When a condition of the schema is none.
    pub fn denied(
        &self,
        supergraph: &Supergraph,
        prepared: &Prepared,
        variables: &Map<String, Value>,
    ) -> Result<Denied, InvalidCondition> {
        let conditions = &Conditions::compile(supergraph)?;
        let policies = Policies::Named(&self.policies);
        let (operation, headers) = (&prepared.operation, HeaderMap::new());
        let scope = Scope {
            id: "",
            method: &Method::POST,
            path: "/graphql",
            query: "",
            headers: &headers,
            client_ip: Ipv4Addr::LOCALHOST.into(),
            consumer: &self.consumer,
            path_params: &[],
            route: "",
            operation: Some(Operation {
                name: operation.name(),
                kind: operation.kind().as_str(),
                cost: None,
            }),
            args: None,
            response: None,
        };
        let rules = Rules { supergraph, conditions, policies };
        Ok(rules.denied(operation, &scope, |occurrence| {
            prepared.arguments(supergraph, occurrence, variables).ok()
        }))
    }
}
