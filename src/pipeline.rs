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

pub mod explain;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use execution::{AllowedExtensions, CompiledExecution, ErrorPolicy, Exposure, Inputs};
use http::{HeaderMap, Method};
use query_planner::OperationKind;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use crate::config::{GraphqlSettings, Settings};
use crate::expressions::Scope;
use crate::graph::{Graph, GraphInForce};
use crate::operation::{Found, Prepared, RequestError, RequestErrorKind, Variant, labels_on};
use crate::routes::Routes;
use crate::schedule::{Conditions, Outcome, run};
use crate::telemetry::{DoorMetrics, Telemetry};

/// Everything that requests share.
#[derive(Debug)]
pub struct Rooms {
    /// The configuration.
    pub settings: Arc<Settings>,
    /// The graph in force.
    pub graph: Arc<GraphInForce>,
    /// The REST door.
    pub routes: Routes,
    /// Log and metrics.
    pub telemetry: Telemetry,
    /// Where requests of the GraphQL door are counted.
    pub graphql_metrics: Arc<DoorMetrics>,
    /// What clients may learn of subgraphs' errors.
    pub error_policy: ErrorPolicy,
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
    /// Its headers.
    pub headers: HeaderMap,
    /// Who connected.
    pub client_ip: IpAddr,
    /// When it came.
    pub started: Instant,
}

/// What the GraphQL door was asked.
#[derive(Debug)]
pub struct GraphqlRequest {
    /// The document.
    pub document: String,
    /// Which of its operations.
    pub operation_name: Option<String>,
    /// The values of variables, not coerced.
    pub variables: Map<String, Value>,
    /// How it came.
    pub transport: Transport,
}

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// By a method that must not change anything.
    Get,
    /// By `POST`.
    Post,
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
    rooms: &Rooms,
    facts: &Facts,
    request: GraphqlRequest,
) -> Result<Executed, (Option<Arc<Prepared>>, Arc<RequestError>)> {
    let graph = rooms.graph.current();
    let prepared = prepare(rooms, &graph, &request).await.map_err(|error| (None, error))?;
    match execute_operation(rooms, facts, graph, &prepared, request).await {
        Ok(executed) => Ok(executed),
        Err(error) => Err((Some(prepared), Arc::new(error))),
    }
}

async fn prepare(
    rooms: &Rooms,
    graph: &Graph,
    request: &GraphqlRequest,
) -> Result<Arc<Prepared>, Arc<RequestError>> {
    let metrics = &rooms.telemetry.metrics;
    let name = request.operation_name.as_deref();
    let limits = rooms.settings.graphql_limits;
    match graph.operations.prepare(&request.document, name, limits).await {
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
    rooms: &Rooms,
    facts: &Facts,
    graph: Arc<Graph>,
    prepared: &Arc<Prepared>,
    request: GraphqlRequest,
) -> Result<Executed, RequestError> {
    let started = Instant::now();
    if prepared.operation.kind() == OperationKind::Subscription {
        return Err(RequestErrorKind::Subscription.into());
    }
    if request.transport == Transport::Get && prepared.operation.kind() != OperationKind::Query {
        return Err(RequestErrorKind::MutationOverGet.into());
    }
    if prepared.introspection.is_some() && !rooms.settings.graphql.introspection {
        return Err(RequestErrorKind::Introspection.into());
    }
    let variables = prepared.coerce_variable_values(&graph.supergraph, request.variables)?;
    let labels = graph.supergraph.labels();
    let labels = labels_on(labels, &rooms.settings.override_labels, &facts.scope(&[], ""));
    let deadline = facts.started + rooms.settings.limits.request_timeout;
    let variant = timeout_at(deadline, prepared.variant(&variables, &labels)).await;
    let variant = variant.map_err(|_| RequestErrorKind::OutOfTime)??;
    let introspection = match &prepared.introspection {
        Some(introspection) => introspection.execute(graph.supergraph.api_schema(), &variables)?,
        None => Map::new(),
    };
    let outcome = {
        let inputs = Inputs {
            plan: &variant.plan,
            supergraph: &graph.supergraph,
            variables: &variables,
            introspection: &introspection,
            limits: &EXECUTION_LIMITS,
            errors: &rooms.error_policy,
        };
        let execution = CompiledExecution::new(inputs, &variant.program);
        let conditions = Conditions {
            plan: &variant.plan,
            sources: &graph.sources,
            scope: facts.scope(&[], ""),
            max_answer: rooms.settings.limits.response,
            deadline,
        };
        run(execution, &conditions).await
    };
    let duration = started.elapsed();
    Ok(Executed { prepared: Arc::clone(prepared), variant, graph, outcome, duration })
}

impl Facts {
    /// What expressions see of the request.
    pub fn scope<'a>(&'a self, path_params: &'a [(String, String)], route: &'a str) -> Scope<'a> {
        Scope {
            id: &self.id,
            method: &self.method,
            path: &self.path,
            headers: &self.headers,
            client_ip: self.client_ip,
            path_params,
            route,
        }
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
