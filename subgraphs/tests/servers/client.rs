//! Asks servers over HTTP, as a gateway would.
//!
//! **In:** a server, and a GraphQL document or a path.
//! **Out:** status and JSON.
//!
//! **Never here:** assertions.

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use subgraphs::{Options, Running, Server, Service};

/// Starts one service with its defaults.
pub(crate) async fn start_only(service: Service) -> Running {
    start(Options { services: [service].into(), ..Options::default() }).await
}

pub(crate) async fn start(options: Options) -> Running {
    subgraphs::start(options).await.expect("servers start on free ports")
}

/// The `data` of a document without errors.
pub(crate) async fn data(server: &Server, document: &str, variables: Value) -> Value {
    let (status, response) = post(server, document, variables).await;
    assert_eq!(status, StatusCode::OK, "{response}");
    assert_eq!(response.get("errors"), None, "{response}");
    response["data"].clone()
}

/// Status and response of a document.
pub(crate) async fn post(server: &Server, document: &str, variables: Value) -> (StatusCode, Value) {
    let request = json!({ "query": document, "variables": variables });
    let (status, body) = send(Method::POST, server.url(), request.to_string()).await;
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// The entities for these representations, with this selection set.
pub(crate) async fn entities(server: &Server, selections: &str, representations: Value) -> Value {
    let document = format!(
        "query($representations: [_Any!]!) {{ _entities(representations: $representations) {{ {selections} }} }}"
    );
    data(server, &document, json!({ "representations": representations })).await["_entities"]
        .clone()
}

/// Status and body of a request.
pub(crate) async fn send(method: Method, url: &str, body: String) -> (StatusCode, Bytes) {
    try_send(method, url, body).await.expect("the server answers")
}

/// Status and body of a request; none if there is no answer.
pub(crate) async fn try_send(
    method: Method,
    url: &str,
    body: String,
) -> Option<(StatusCode, Bytes)> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let request = Request::builder().method(method).uri(url);
    let request = request.header("content-type", "application/json").body(Body::from(body));
    let response = client.request(request.expect("the URL is sound")).await.ok()?;
    let status = response.status();
    let body = response.into_body().collect().await.ok()?;
    Some((status, body.to_bytes()))
}
