//! One request's way through the rooms below: which graph, which operation, which plan, run it.
//!
//! **In:** the facts of a request, and for the GraphQL door what it asks.
//! **Out:** the response's bytes with what is to be told about them, or the error for which nothing ran.
//!
//! **Never here:** HTTP: reading requests, media types, status codes (`server`).
//!
//! **Holds:** the order of section 6.1 of the specification. The graph that a request began on stays
//! until its end, whatever is swapped meanwhile.
//!
//! **Read first:** [`execute_request`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Executing-Requests>

pub mod cost;
pub mod entrance;
pub mod explain;
pub mod merge;
pub mod payment;
pub mod request;

mod access;
mod limits;

use std::net::IpAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use execution::{
    AllowedExtensions, Caller, CompiledExecution, ErrorPolicy, Exposure, Inputs, Refusal,
};
use futures_util::FutureExt;
use http::{HeaderMap, Method};
use query_planner::{Denied, Estimate, OperationKind};
use serde_json::{Map, Value};
use supergraph::SubgraphId;
use tokio::time::{Instant, timeout_at};

use crate::admission::{Admission, DoorLimits, Receipt};
use crate::config::{GraphqlSettings, Settings};
use crate::connection::Connection;
use crate::consumer::Consumer;
use crate::expressions::{Operation, Scope};
use crate::graph::{Graph, GraphInForce};
use crate::identity::Identity;
use crate::operation::{
    Answers, Decided, Excess, Found, Prepared, RequestError, RequestErrorKind, Variant, labels_on,
};
use crate::routes::Routes;
use crate::schedule::{Conditions, Outcome, run};
use crate::sources::Seen;
use crate::telemetry::{DoorMetrics, Telemetry};
use crate::together::{Together, Turn};

pub use merge::MergeKey;
pub use request::{Envelope, GraphqlRequest, Transport, read_request};

/// Everything that requests share.
#[derive(Debug)]
pub struct Rooms {
    /// The configuration.
    pub settings: Arc<Settings>,
    /// The graph in force.
    pub graph: Arc<GraphInForce>,
    /// Who calls.
    pub identity: Arc<Identity>,
    /// What callers pay.
    pub admission: Admission,
    /// What those of the GraphQL door pay.
    pub graphql_limits: DoorLimits,
    /// The REST door.
    pub routes: Routes,
    /// Log and metrics.
    pub telemetry: Telemetry,
    /// Where requests of the GraphQL door are counted.
    pub graphql_metrics: Arc<DoorMetrics>,
    /// What clients may learn of subgraphs' errors.
    pub error_policy: ErrorPolicy,
    /// Queries of clients that others may join.
    pub client_queries: Together<MergeKey, Arc<Outcome>>,
}

/// What is known of a request before its body is read.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Its name in all logs.
    pub id: Arc<str>,
    /// Its method.
    pub method: Method,
    /// Its path.
    pub path: String,
    /// What follows the path and a `?`, as it came.
    pub query: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// How it came.
    pub connection: Arc<Connection>,
    /// The client's address: the other end of the connection, or what trusted proxies say of it.
    pub client_ip: IpAddr,
    /// Who asks.
    pub consumer: Arc<Consumer>,
    /// When it came.
    pub started: Instant,
}

/// What a request came to, and what is to be told about it.
#[derive(Debug)]
pub struct Executed {
    /// The operation.
    pub prepared: Arc<Prepared>,
    /// Its plan.
    pub variant: Arc<Variant>,
    /// The graph that it ran on.
    pub graph: Arc<Graph>,
    /// The run.
    pub outcome: Outcome,
    /// How long the run took.
    pub duration: Duration,
    /// Whether it was another request's run.
    pub merged: bool,
    /// What it cost, where anybody wants to know.
    pub cost: Option<Cost>,
    /// What was paid for it; none where nothing was to be paid.
    pub receipt: Option<Receipt>,
    /// What of it is beyond a limit that is only measured.
    pub beyond: Vec<Excess>,
}

/// What an operation cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// As it was estimated before it ran.
    pub estimated: u64,
    /// As it was.
    pub actual: u64,
    /// What it may be, if that is limited.
    pub max: Option<u64>,
}

/// An operation, ready to run for one request.
struct Run {
    rooms: Arc<Rooms>,
    graph: Arc<Graph>,
    prepared: Arc<Prepared>,
    variant: Arc<Variant>,
    variables: Map<String, Value>,
    introspected: Arc<Answers>,
    /// What it will cost, where anybody wants to know.
    estimate: Option<Estimate>,
    /// Subgraphs that are not asked.
    refused: Vec<(SubgraphId, Refusal)>,
    /// Where the cost of what arrived is noted if it is broken off.
    fetched: Option<Arc<AtomicU64>>,
    /// The masks that hide something from the caller.
    hiding: Vec<u32>,
    /// Whether somebody wants to see its calls to REST sources, and may.
    shows_calls: bool,
}

/// What a caller may say about how a request is run.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// The media type of the answer.
    pub media_type: &'static str,
    /// Whether the answer is about this very run, which nobody else's can stand for.
    pub is_own: bool,
}

/// The bounds of one execution.
pub const EXECUTION_LIMITS: execution::Limits = execution::Limits {
    max_error_paths: 64,
    max_errors: 1_000,
    max_answer_depth: 200,
    max_calls_per_fetch: 100,
    max_list_length: 1_000_000,
    max_objects: 5_000_000,
    max_response_bytes: 256_000_000,
};

/// Prepares and runs one request.
///
/// # Errors
/// When nothing ran.
pub async fn execute_request(
    rooms: &Arc<Rooms>,
    facts: &Facts,
    request: GraphqlRequest<'_>,
    manner: Manner,
) -> Result<Executed, (Option<Arc<Prepared>>, Arc<RequestError>)> {
    let graph = rooms.graph.current();
    let (prepared, error) = match prepare(rooms, &graph, &request).await {
        Ok(prepared) => {
            match execute_operation(rooms, facts, graph, &prepared, request, manner).await {
                Ok(executed) => return Ok(executed),
                Err(error) => (Some(prepared), Arc::new(error)),
            }
        }
        Err(error) => (None, error),
    };
    limits::tell_refused(rooms, &error);
    Err((prepared, Box::pin(payment::for_nothing(rooms, facts, error)).await))
}

async fn prepare(
    rooms: &Rooms,
    graph: &Graph,
    request: &GraphqlRequest<'_>,
) -> Result<Arc<Prepared>, Arc<RequestError>> {
    let metrics = &rooms.telemetry.metrics;
    let name = request.operation_name.as_deref();
    if let Some(prepared) = graph.operations.find(&request.document, name) {
        metrics.prepared_hits.inc();
        return Ok(prepared);
    }
    let limits = rooms.settings.graphql_limits;
    // Boxed, as all that is seldom waited for: the future of every request has room for the rest only.
    match Box::pin(graph.operations.prepare(&request.document, name, limits)).await {
        Ok((prepared, Found::Kept)) => {
            metrics.prepared_hits.inc();
            Ok(prepared)
        }
        Ok((prepared, Found::Prepared)) => {
            metrics.prepared_misses.inc();
            Ok(prepared)
        }
        Err(error) => {
            metrics.prepared_errors.inc();
            Err(error)
        }
    }
}

async fn execute_operation(
    rooms: &Arc<Rooms>,
    facts: &Facts,
    graph: Arc<Graph>,
    prepared: &Arc<Prepared>,
    request: GraphqlRequest<'_>,
    manner: Manner,
) -> Result<Executed, RequestError> {
    let started = Instant::now();
    may_run(rooms, facts, prepared, &request)?;
    let GraphqlRequest { variables, extensions, .. } = request;
    let mut beyond = limits::check(rooms, prepared, &variables)?;
    let variables = prepared.coerce_variable_values(&graph.supergraph, variables)?;
    let labels = labels_of(rooms, &graph, facts);
    let deadline = facts.started + rooms.settings.limits.request_timeout;
    let denied = &access::denied(rooms, facts, &graph, (prepared, &variables));
    let decided = Decided { variables: &variables, labels: &labels, denied };
    let mut variant = variant(&graph, prepared, decided, deadline).await?;
    if !variant.plan.denied.is_empty() && !access::shows_the_rest(rooms, facts, &variant)? {
        let denied = &Denied::default();
        let decided = Decided { denied, ..decided };
        variant = self::variant(&graph, prepared, decided, deadline).await?;
    }
    let estimate = cost::estimate(rooms, &variant, &variables);
    if let Some(estimate) = &estimate {
        cost::may_cost(rooms, &graph.supergraph, estimate, &mut beyond)?;
    }
    limits::tell_measured(rooms, &beyond);
    let introspected = match &prepared.introspection {
        Some(_) => {
            Box::pin(introspected(rooms, facts, &graph, (prepared, &variables), deadline)).await?
        }
        None => Arc::default(),
    };
    let refused = cost::refused(rooms, &graph, &variant, estimate.as_ref());
    let prepared = Arc::clone(prepared);
    let estimated = estimate.as_ref().map_or(0, |estimate| estimate.total);
    let payment = payment::pay(rooms, facts, estimated).await?;
    let mut run = Run {
        rooms: Arc::clone(rooms),
        graph,
        prepared,
        variant,
        variables,
        introspected,
        estimate,
        refused,
        fetched: payment.as_ref().map(|payment| payment.fetched()),
        hiding: Vec::new(),
        shows_calls: manner.is_own && rooms.settings.connectors.debug,
    };
    run.hiding = hiding(&run.graph, &run.variant, &run.scope(facts));
    let key = match rooms.settings.graphql.merge.client_queries && !manner.is_own {
        true => MergeKey::of(&run, facts, &extensions, manner.media_type),
        false => None,
    };
    let (variant, graph) = (Arc::clone(&run.variant), Arc::clone(&run.graph));
    let prepared = Arc::clone(&run.prepared);
    let estimated = run.estimate.as_ref().map(|estimate| estimate.total);
    let (outcome, merged) = match key {
        Some(key) => Box::pin(run_together(run, facts, key)).await,
        None => (run.outcome(facts).await, false),
    };
    let duration = started.elapsed();
    let cost = estimated.map(|estimated| {
        let (actual, max) = (outcome.summary.cost, cost::max(rooms));
        Cost { estimated, actual, max }
    });
    if let Some(cost) = cost.filter(|_| rooms.settings.graphql.cost.metrics) {
        rooms.telemetry.metrics.cost.actual(cost.actual);
    }
    let receipt =
        payment.map(|payment| payment.settle(payment::price(cost.map_or(0, |cost| cost.actual))));
    Ok(Executed { prepared, variant, graph, outcome, duration, merged, cost, beyond, receipt })
}

/// What the schema answers an operation, as far as the caller may see it.
async fn introspected(
    rooms: &Rooms,
    facts: &Facts,
    graph: &Graph,
    (prepared, variables): (&Arc<Prepared>, &Map<String, Value>),
    deadline: Instant,
) -> Result<Arc<Answers>, RequestError> {
    let hidden = &access::hidden(rooms, facts, graph, prepared);
    let asking = graph.operations.introspect(prepared, variables, hidden);
    timeout_at(deadline, asking).await.map_err(|_| RequestErrorKind::OutOfTime)?
}

/// The labels of overrides that are on for a request.
fn labels_of(rooms: &Rooms, graph: &Graph, facts: &Facts) -> Vec<String> {
    let labels = graph.supergraph.labels();
    labels_on(labels, &rooms.settings.override_labels, &facts.scope(&[], ""))
}

/// The plan for what is decided, kept or made before the deadline.
async fn variant(
    graph: &Graph,
    prepared: &Arc<Prepared>,
    decided: Decided<'_>,
    deadline: Instant,
) -> Result<Arc<Variant>, RequestError> {
    if let Some(variant) = prepared.kept_variant(decided) {
        return Ok(variant);
    }
    let planning = graph.operations.variant(prepared, decided);
    Box::pin(timeout_at(deadline, planning)).await.map_err(|_| RequestErrorKind::OutOfTime)?
}

/// Whether the door lets such an operation through.
fn may_run(
    rooms: &Rooms,
    facts: &Facts,
    prepared: &Prepared,
    request: &GraphqlRequest<'_>,
) -> Result<(), RequestErrorKind> {
    if prepared.operation.kind() == OperationKind::Subscription {
        return Err(RequestErrorKind::Subscription);
    }
    if request.transport == Transport::Get && prepared.operation.kind() != OperationKind::Query {
        return Err(RequestErrorKind::MutationOverGet);
    }
    if prepared.introspection.is_some() {
        access::may_introspect(&rooms.settings.graphql.introspection, facts)?;
    }
    Ok(())
}

/// Runs an operation, or waits for the run of a request that is the same; tells which.
async fn run_together(run: Run, facts: &Facts, key: MergeKey) -> (Outcome, bool) {
    let rooms = Arc::clone(&run.rooms);
    let (outcome, merged) = match rooms.client_queries.turn(key) {
        Turn::First(first) => {
            let facts = facts.clone();
            let work = async move { Arc::new(run.outcome(&facts).await) };
            (first.work(work.boxed(), |outcome| !outcome.sets_cookies).await, false)
        }
        Turn::Other(other) => {
            rooms.telemetry.metrics.merged_client_queries.inc();
            match other.await {
                Some(outcome) => (outcome, true),
                None => return (run.outcome(facts).await, false),
            }
        }
    };
    (Arc::try_unwrap(outcome).unwrap_or_else(|shared| Outcome::clone(&shared)), merged)
}

impl Run {
    async fn outcome(&self, facts: &Facts) -> Outcome {
        let (rooms, graph, variant) = (&self.rooms, &self.graph, &self.variant);
        let inputs = Inputs {
            plan: &variant.plan,
            supergraph: &graph.supergraph,
            variables: &self.variables,
            introspection: &NOTHING,
            limits: &EXECUTION_LIMITS,
            errors: match is_withheld(&self.prepared, variant) {
                true => &WITHHELD,
                false => &rooms.error_policy,
            },
            caller: match facts.consumer.is_anonymous() {
                true => Caller::Anonymous,
                false => Caller::Known,
            },
        };
        let execution = CompiledExecution::new(inputs, &variant.program);
        let seen = self.shows_calls.then(|| Seen::new(is_withheld(&self.prepared, variant)));
        let conditions = Conditions {
            plan: &variant.plan,
            programs: &variant.programs,
            supergraph: &graph.supergraph,
            sources: &graph.sources,
            refused: &self.refused,
            scope: self.scope(facts),
            max_answer: rooms.settings.limits.response,
            deadline: facts.started + rooms.settings.limits.request_timeout,
            seen: seen.as_ref(),
            fetched: self.fetched.as_deref(),
        };
        let masks = self.graph.masks.of_request(&self.hiding);
        let bill = cost::bill(variant, self.estimate.as_ref());
        let execution = execution.introspected(&self.introspected).masked(&masks).billed(bill);
        let mut outcome = run(execution, &conditions).await;
        outcome.calls = seen.map(Seen::into_calls).unwrap_or_default();
        outcome
    }

    /// What expressions see of an operation that is about to run.
    fn scope<'a>(&'a self, facts: &'a Facts) -> Scope<'a> {
        let mut scope = facts.scope_of(&self.prepared);
        if let Some(operation) = &mut scope.operation {
            operation.cost = self.estimate.as_ref().map(|estimate| estimate.total);
        }
        scope
    }
}

/// The masks of an operation that hide something from the caller.
fn hiding(graph: &Graph, variant: &Variant, scope: &Scope<'_>) -> Vec<u32> {
    match variant.program.masks() {
        [] => Vec::new(),
        used => graph.masks.hiding(used, scope),
    }
}

/// What the schema answers comes as bytes.
static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// What clients learn of subgraphs' errors where these may quote what not everyone may see.
static WITHHELD: LazyLock<ErrorPolicy> = LazyLock::new(|| ErrorPolicy {
    messages: Exposure::Masked,
    subgraph_names: Exposure::Masked,
    extensions: AllowedExtensions::Only(vec!["code".to_owned()]),
});

/// Whether an operation has values that not everyone may see: masked ones, or sensitive ones.
fn is_withheld(prepared: &Prepared, variant: &Variant) -> bool {
    prepared.is_sensitive || !variant.program.masks().is_empty()
}

impl Executed {
    /// Whether what subgraphs say of it is kept from logs and clients, for it may quote such values.
    pub fn is_withheld(&self) -> bool {
        is_withheld(&self.prepared, &self.variant)
    }
}

impl Facts {
    /// What expressions see of the request.
    pub fn scope<'a>(&'a self, path_params: &'a [(String, String)], route: &'a str) -> Scope<'a> {
        Scope {
            id: &self.id,
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            client_ip: self.client_ip,
            consumer: &self.consumer,
            path_params,
            route,
            operation: None,
            args: None,
            response: None,
        }
    }

    /// What expressions see of the request and of its operation.
    fn scope_of<'a>(&'a self, prepared: &'a Prepared) -> Scope<'a> {
        let operation = &prepared.operation;
        let (name, kind) = (operation.name(), operation.kind().as_str());
        let seen = Operation { name, kind, cost: None };
        Scope { operation: Some(seen), ..self.scope(&[], "") }
    }
}

/// What clients may learn of subgraphs' errors, by the configuration.
pub fn error_policy(graphql: &GraphqlSettings) -> ErrorPolicy {
    let errors = &graphql.errors;
    let exposure = if errors.mask { Exposure::Masked } else { Exposure::Shown };
    ErrorPolicy {
        messages: exposure,
        subgraph_names: exposure,
        extensions: match errors.mask {
            true => AllowedExtensions::Only(errors.allow_extensions.clone()),
            false => AllowedExtensions::All,
        },
    }
}
