//! What an explanation says. Its JSON form is documented: names stay.
//!
//! **Never here:** finding it out.
//!
//! **Read first:** [`Explanation`].

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::authorization::Because;
use crate::consumer::Consumer;

/// What would become of a request.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Who asks; none if the credential does not count.
    pub consumer: Option<ConsumerTold>,
    /// Why it would not run, all that is known; it would run if there is nothing.
    pub refused: Vec<RefusedTold>,
    /// For the GraphQL door: what would become of the operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationTold>,
    /// For a route: which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<RouteTold>,
    /// What it would cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostTold>,
    /// From which buckets it would pay.
    pub budgets: Vec<BudgetTold>,
    /// The masks of what is asked for.
    pub masks: Vec<MaskTold>,
    /// Whom the gateway would ask, and how.
    pub upstreams: Vec<UpstreamTold>,
}

/// Who asks.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsumerTold {
    /// Whether nobody vouches for the caller.
    pub anonymous: bool,
    /// `consumer.id`.
    pub id: String,
    /// `consumer.name`.
    pub name: String,
    /// What the credential allows.
    pub scopes: Vec<String>,
    /// The roles that it names.
    pub roles: Vec<String>,
    /// The plan that it is on.
    pub plan: Option<String>,
    /// Who vouches for it.
    pub provider: Option<String>,
}

/// Why a request would not run.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedTold {
    /// The code that the client would get.
    pub code: String,
    /// Why, in the words of the log.
    pub why: String,
}

/// What would become of an operation.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationTold {
    /// Its name.
    pub name: Option<String>,
    /// `query`, `mutation` or `subscription`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The plan that would be run.
    pub plan: Value,
    /// The same for people.
    pub text: String,
    /// `filter`, `reject` or `dry_run`: what becomes of what is denied.
    pub authorization: &'static str,
    /// What the caller may not see.
    pub denied: Vec<DeniedTold>,
    /// Whether the caller may ask about the schema.
    pub introspection: IntrospectionTold,
}

/// What a request would cost.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CostTold {
    /// The cost for the values of the variables.
    pub estimated: u64,
    /// What it may cost, if there is a limit.
    pub maximum: Option<u64>,
    /// How it comes to that, open in the variables; of a route its `cost`.
    pub formula: String,
    /// The share of each subgraph.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subgraphs: Vec<ShareTold>,
    /// A list that lacks the argument by which it would be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guessed: Option<String>,
}

/// A bucket from which a request would pay.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BudgetTold {
    /// Its policy, as headers name it.
    pub name: String,
    /// Whose it is, for operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What the request would take.
    pub pays: u64,
    /// What is left; null if its store does not answer.
    pub remaining: Option<u64>,
    /// What it holds when it is full.
    pub burst: u64,
    /// What comes back, and in how long.
    pub per: String,
    /// Whether that is enough.
    pub allowed: bool,
}

/// The share of a subgraph.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShareTold {
    /// The subgraph.
    pub name: String,
    /// Its share.
    pub estimated: u64,
    /// What it may be, if there is a limit: beyond it the subgraph is not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<u64>,
}

/// What the caller may not see, in one place.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeniedTold {
    /// The path that the client wrote, `@` for the items of a list.
    pub path: String,
    /// Every rule that denies it.
    pub because: Vec<Because>,
}

/// Whether the caller may ask about the schema.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IntrospectionTold {
    /// Whether the operation does.
    pub asked: bool,
    /// Whether it may.
    pub allowed: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A mask of what is asked for.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MaskTold {
    /// What it hides: `Card.number`, or on a route `$..card`.
    pub of: String,
    /// What it does.
    pub action: &'static str,
    /// Whether it hides from this caller.
    pub hides: bool,
    /// For whom it does nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless: Option<String>,
}

/// The route of a request.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteTold {
    /// Its template, which is its name.
    pub name: String,
    /// The values of the template.
    pub path_params: serde_json::Map<String, Value>,
}

/// What one upstream would be asked.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpstreamTold {
    /// The subgraph, or the upstream of a route.
    pub name: String,
    /// The numbers of the plan's fetches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fetches: Vec<usize>,
    /// The method.
    pub method: String,
    /// Path and query, before which the target's own path is put; of a connector the template of its URL.
    pub path: String,
    /// The connector, if one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector: Option<ConnectorTold>,
    /// The headers, but for those that only a connection and a body decide.
    pub headers: Vec<HeaderTold>,
}

/// A connector that would be asked.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectorTold {
    /// What it stands on, such as `Query.orders`.
    pub coordinate: String,
    /// How often it is asked in one fetch: `once per field`, `once per object`, `once per batch`.
    pub asked: String,
}

/// A header as it would be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeaderTold {
    /// Its name.
    pub name: String,
    /// Its value; `•••` if it may be a credential.
    pub value: String,
}

impl ConsumerTold {
    pub(super) fn of(consumer: &Consumer) -> Self {
        let texts = |all: &[Arc<str>]| all.iter().map(|text| (**text).to_owned()).collect();
        Self {
            anonymous: consumer.is_anonymous(),
            id: (*consumer.id).to_owned(),
            name: (*consumer.name).to_owned(),
            scopes: texts(&consumer.scopes),
            roles: texts(&consumer.roles),
            plan: consumer.plan.as_deref().map(str::to_owned),
            provider: consumer.provider.as_deref().map(str::to_owned),
        }
    }
}

impl RefusedTold {
    pub(super) fn new(code: &str, why: impl Into<String>) -> Self {
        Self { code: code.to_owned(), why: why.into() }
    }
}
