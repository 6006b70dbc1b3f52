//! Explains a request: one that ran, and what became of each fetch; or one that is not run, and what would
//! become of it.
//!
//! **In:** an executed request; or the facts of one, and what it asks. **Out:** JSON for the query page and for
//! tools; an [`Explanation`].
//!
//! **Never here:** who may ask for it (`server`), printing plans (`query_planner`), words for a terminal (`cli`).
//!
//! **Holds:** what decides for a request decides here: an explanation calls the functions that the execution
//! calls, up to the first byte that would be sent. Nothing is sent to an upstream, counted or taken from a
//! budget. The value of a credential is never in it.
//!
//! **Read first:** [`operation()`], [`route()`], [`extension`].

mod budgets;
mod door;
mod hide;
mod operation;
mod route;
mod told;

use std::sync::Arc;

use http::uri::PathAndQuery;
use serde_json::{Map, Value, json};

use super::{Executed, Facts, GraphqlRequest, Rooms};
use crate::operation::RequestError;

use budgets::For;

pub use route::NoRoute;
pub use told::{
    BudgetTold, ConnectorTold, ConsumerTold, CostTold, DeniedTold, Explanation, HeaderTold,
    IntrospectionTold, MaskTold, OperationTold, RefusedTold, RouteTold, ShareTold, UpstreamTold,
};

/// What would become of a request to the GraphQL door that was let in.
///
/// # Errors
/// When there is no plan.
pub async fn operation(
    rooms: &Rooms,
    facts: &Facts,
    request: GraphqlRequest<'_>,
) -> Result<Explanation, Arc<RequestError>> {
    operation::operation(rooms, facts, request, (Vec::new(), For::Caller)).await
}

/// The same for one that still has its credential, of whom nobody has asked who they are.
///
/// # Errors
/// As there.
pub async fn operation_at_the_door(
    rooms: &Rooms,
    facts: &mut Facts,
    request: GraphqlRequest<'_>,
) -> Result<Explanation, Arc<RequestError>> {
    let (mut refused, hidden) = (Vec::new(), hide::Hidden::new(rooms, &facts.headers));
    let graphql = &rooms.settings.graphql;
    let requires = (&rooms.settings.graphql_ip, graphql.require.as_ref());
    if !door::let_in(rooms, facts, requires, &mut refused).await {
        return Ok(door::turned_away(refused));
    }
    door::authorize(graphql.authorize.as_ref(), &facts.scope(&[], ""), &hidden, &mut refused);
    operation::operation(rooms, facts, request, (refused, For::Operator)).await
}

/// Finds out who asks, and why the GraphQL door would not let them in; an empty list lets them in.
pub async fn at_the_door(rooms: &Rooms, facts: &mut Facts) -> Vec<RefusedTold> {
    let (mut refused, hidden) = (Vec::new(), hide::Hidden::new(rooms, &facts.headers));
    let graphql = &rooms.settings.graphql;
    let requires = (&rooms.settings.graphql_ip, graphql.require.as_ref());
    if door::let_in(rooms, facts, requires, &mut refused).await {
        door::authorize(graphql.authorize.as_ref(), &facts.scope(&[], ""), &hidden, &mut refused);
    }
    refused
}

/// What would become of a request to the REST door.
///
/// # Errors
/// When there is no route for it.
pub async fn route(
    rooms: &Rooms,
    facts: &mut Facts,
    path: &PathAndQuery,
) -> Result<Explanation, NoRoute> {
    route::route(rooms, facts, path).await
}

/// What goes into `extensions.graphloom` of a response.
pub fn extension(executed: &Executed) -> Value {
    let outcome = &executed.outcome;
    let mut extension = json!({
        "plan": executed.variant.plan.to_json(&executed.graph.supergraph),
        "requests": outcome.fetches.len(),
        "naiveRequests": outcome.summary.naive_requests,
        "durationMs": (executed.duration.as_secs_f64() * 1e6).round() / 1e3,
        "fetches": outcome.fetches,
    });
    if !outcome.calls.is_empty() {
        extension["connectors"] = outcome.calls.clone().into();
    }
    extension
}

/// Puts `extensions` into a response's bytes, before its last brace.
pub fn splice(body: &mut Vec<u8>, extensions: &Map<String, Value>) {
    if body.last() == Some(&b'}') {
        body.pop();
        let separator = if body.last() == Some(&b'{') { "" } else { "," };
        body.extend_from_slice(separator.as_bytes());
        body.extend_from_slice(b"\"extensions\":");
        body.extend_from_slice(json!(extensions).to_string().as_bytes());
        body.push(b'}');
    }
}
