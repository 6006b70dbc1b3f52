//! Explains a request: its plan, and what became of each fetch.
//!
//! **In:** an executed request, or one that is only to be planned. **Out:** JSON for the query page.
//!
//! **Never here:** who may ask (`server`: only with `graphql.ide`), printing plans (`query_planner`).
//!
//! **Read first:** [`extension`], [`plan`].

use std::sync::Arc;

use serde_json::{Value, json};

use super::access::denied;
use super::{Executed, Facts, GraphqlRequest, Rooms};
use crate::operation::{Decided, RequestError, labels_on};

/// What goes into `extensions.graphloom` of a response.
pub fn extension(executed: &Executed) -> Value {
    let outcome = &executed.outcome;
    json!({
        "plan": executed.variant.plan.to_json(&executed.graph.supergraph),
        "requests": outcome.fetches.len(),
        "naiveRequests": outcome.summary.naive_requests,
        "durationMs": (executed.duration.as_secs_f64() * 1e6).round() / 1e3,
        "fetches": outcome.fetches,
    })
}

/// Puts an `extensions.graphloom` into a response's bytes, before its last brace.
pub fn splice(body: &mut Vec<u8>, extension: &Value) {
    if body.last() == Some(&b'}') {
        body.pop();
        let separator = if body.last() == Some(&b'{') { "" } else { "," };
        body.extend_from_slice(separator.as_bytes());
        body.extend_from_slice(b"\"extensions\":{\"graphloom\":");
        body.extend_from_slice(extension.to_string().as_bytes());
        body.extend_from_slice(b"}}");
    }
}

/// The plan of a request that is not run: as JSON and as text.
///
/// # Errors
/// When there is none.
pub async fn plan(
    rooms: &Rooms,
    facts: &Facts,
    request: GraphqlRequest<'_>,
) -> Result<Value, Arc<RequestError>> {
    let graph = rooms.graph.current();
    let name = request.operation_name.as_deref();
    let limits = rooms.settings.graphql_limits;
    let (prepared, _) = graph.operations.prepare(&request.document, name, limits).await?;
    // While somebody types, values may be missing: what is there decides the guards.
    let variables = prepared
        .coerce_variable_values(&graph.supergraph, request.variables.clone())
        .unwrap_or(request.variables);
    let labels = graph.supergraph.labels();
    let labels = labels_on(labels, &rooms.settings.override_labels, &facts.scope(&[], ""));
    let denied = &denied(rooms, facts, &graph, (&prepared, &variables));
    let decided = Decided { variables: &variables, labels: &labels, denied };
    let variant = graph.operations.variant(&prepared, decided).await?;
    Ok(json!({
        "plan": variant.plan.to_json(&graph.supergraph),
        "text": variant.plan.to_text(&graph.supergraph),
    }))
}
