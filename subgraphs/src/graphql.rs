//! Answers GraphQL requests over HTTP from an executable schema.
//!
//! **In:** `POST /graphql` with a request as JSON.
//! **Out:** the response as JSON; 400 when the body is no request, otherwise 200.
//!
//! **Never here:** the schemas (one file a subgraph), counting, delay and failures (`door`).
//!
//! **Holds:** a request is executed by one task without Tokio's cooperative budget, as `lookup` needs,
//! and with look-ups of its own.
//!
//! A deviation: async-graphql puts the fields of an object in the order they were resolved, where the
//! specification asks for that of the selection set. Such servers exist, so it stays.
//!
//! **Read first:** [`router`].
//!
//! Spec: <https://graphql.github.io/graphql-over-http/draft/>

use async_graphql::{EmptySubscription, ObjectType, Request, Schema};
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;
use tokio::task::unconstrained;

/// The route `/graphql` over a schema. `lookups` makes the tables of one request.
pub(crate) fn router<Q, M, L>(
    schema: Schema<Q, M, EmptySubscription>,
    lookups: impl Fn() -> L + Clone + Send + Sync + 'static,
) -> Router
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    L: Send + Sync + 'static,
{
    let answer = move |body: Bytes| {
        let (schema, lookups) = (schema.clone(), lookups());
        async move {
            match serde_json::from_slice::<Request>(&body) {
                Ok(request) => {
                    let response = unconstrained(schema.execute(request.data(lookups))).await;
                    json_response(StatusCode::OK, &response)
                }
                Err(error) => refusal(&error.to_string()),
            }
        }
    };
    Router::new().route("/graphql", post(answer))
}

/// An answer with this status and JSON body.
pub(crate) fn json_response(status: StatusCode, body: &impl serde::Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => (status, [(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// How many items an argument `first` lets through: all without one, none if it is negative.
pub(crate) fn at_most(first: Option<i32>) -> usize {
    first.map_or(usize::MAX, |first| usize::try_from(first).unwrap_or(0))
}

fn refusal(reason: &str) -> Response {
    let message = format!("the body is not a GraphQL request: {reason}");
    json_response(StatusCode::BAD_REQUEST, &json!({ "errors": [{ "message": message }] }))
}
