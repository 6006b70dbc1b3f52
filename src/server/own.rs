//! The gateway's own pages: probes, metrics, status, what would become of an operation, the query page.
//!
//! **In:** requests that neither door took. **Out:** axum routers, one a port, and their responses.
//!
//! **Never here:** what the answers say (`admin`, `pipeline::explain`, the `ui` crate); status codes of
//! refusals and their bodies (`reply`), which a response carries as an extension until then.
//!
//! **Holds:** without `graphql.ide` a client learns nothing but health here. Without the feature `ui`
//! there is no page; everything else is the same.
//!
//! **Read first:** [`public()`], [`admin()`].

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{Request, Uri};
use serde_json::Value;
use tower_service::Service;

use super::explain::Asked;
use super::graphql_http;
use super::keys;
use super::reply::{Refusal, Reply};
use crate::admin::{self, Probes};
use crate::pipeline::{Facts, Rooms};

/// What handlers answer from.
#[derive(Clone)]
pub(super) struct Shared {
    rooms: Arc<Rooms>,
    probes: Probes,
}

/// The pages of the public port.
pub(super) fn public(rooms: Arc<Rooms>, probes: Probes) -> Router {
    let mut router = probe_pages();
    if rooms.settings.graphql.ide {
        let explain = post(explain).fallback(async || Refusal::MethodNotAllowed("POST".to_owned()));
        router = router.route("/_graphloom/status", only_get(get(status)));
        router = router.route("/_graphloom/tabs", only_get(get(tabs)));
        router = query_page(router.route("/_graphloom/explain", explain));
    }
    router.fallback(async || Refusal::NotFound).with_state(Shared { rooms, probes })
}

/// The pages of the admin port.
pub(super) fn admin(rooms: Arc<Rooms>, probes: Probes) -> Router {
    let explain = post(explain_as).fallback(async || Refusal::MethodNotAllowed("POST".to_owned()));
    let router = keys::pages(probe_pages())
        .route("/metrics", only_get(get(metrics)))
        .route("/explain", explain);
    router.fallback(async || Refusal::NotFound).with_state(Shared { rooms, probes })
}

/// Whether a page tells of the graph and its operations, unlike probes and the bytes of the query page.
pub(super) fn tells_of_the_graph(path: &str) -> bool {
    matches!(path, "/_graphloom/status" | "/_graphloom/tabs" | "/_graphloom/explain")
}

/// Has a router answer a request.
pub(super) async fn answer(router: &Router, facts: &Facts, uri: &Uri, body: Body) -> Reply {
    let mut request = Request::new(body);
    request.method_mut().clone_from(&facts.method);
    request.uri_mut().clone_from(uri);
    request.extensions_mut().insert(Arc::new(facts.clone()));
    // A router is always ready.
    let Ok(mut response) = router.clone().call(request).await;
    match response.extensions_mut().remove::<Refusal>() {
        Some(refusal) => Reply::Refused(refusal),
        None => Reply::Own(response),
    }
}

/// Whether a page says nothing but whether the gateway is well.
pub(super) fn is_probe(path: &str) -> bool {
    matches!(path, "/health" | "/ready")
}

fn probe_pages() -> Router<Shared> {
    Router::new().route("/health", only_get(get(health))).route("/ready", only_get(get(ready)))
}

#[cfg(feature = "ui")]
fn query_page(router: Router<Shared>) -> Router<Shared> {
    ["/", "/index.html", "/_graphloom/ide/{*file}"]
        .into_iter()
        .fold(router, |router, path| router.route(path, only_get(get(super::page::asset))))
}

#[cfg(not(feature = "ui"))]
fn query_page(router: Router<Shared>) -> Router<Shared> {
    router
}

fn only_get(method_router: MethodRouter<Shared>) -> MethodRouter<Shared> {
    method_router.fallback(async || Refusal::MethodNotAllowed("GET".to_owned()))
}

async fn health() -> Response {
    json(&admin::health())
}

async fn ready(State(shared): State<Shared>) -> Result<Response, Refusal> {
    match shared.probes.is_draining() {
        false => Ok(json(&admin::ready(&shared.rooms))),
        true => Err(Refusal::Draining),
    }
}

async fn status(State(shared): State<Shared>) -> Response {
    json(&admin::status(&shared.rooms))
}

async fn tabs(State(shared): State<Shared>) -> Response {
    json(&serde_json::json!(shared.rooms.settings.graphql.tabs))
}

async fn metrics(State(shared): State<Shared>) -> Response {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, content_type)], admin::metrics(&shared.rooms)).into_response()
}

async fn explain(
    State(shared): State<Shared>,
    Extension(facts): Extension<Arc<Facts>>,
    body: Body,
) -> Response {
    json(&graphql_http::explain(&shared.rooms, &facts, body).await)
}

/// What would become of the request that the body describes, for operators.
async fn explain_as(
    State(shared): State<Shared>,
    Extension(facts): Extension<Arc<Facts>>,
    body: Body,
) -> Result<Response, Refusal> {
    keys::admit(&shared.rooms, &facts.headers)?;
    let limit = shared.rooms.settings.graphql_limits.body;
    let body = to_bytes(body, limit).await.map_err(|_| Refusal::TooLarge { limit })?;
    let asked = serde_json::from_slice::<Asked>(&body).map_err(|error| {
        Refusal::Malformed(format!("the body is not what it should be: {error}"))
    })?;
    let explained = super::explain::explain(&shared.rooms, asked).await;
    let explained = explained.map_err(|error| Refusal::Malformed(error.to_string()))?;
    Ok(json(&serde_json::json!(explained)))
}

pub(super) fn json(value: &Value) -> Response {
    let headers = [(CONTENT_TYPE, "application/json; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    (headers, value.to_string()).into_response()
}

impl IntoResponse for Refusal {
    /// A response that only carries the refusal, for `reply` to render with the request's id.
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(self);
        response
    }
}

impl axum::extract::FromRef<Shared> for Arc<Rooms> {
    fn from_ref(shared: &Shared) -> Self {
        Arc::clone(&shared.rooms)
    }
}
