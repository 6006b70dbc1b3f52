//! GraphQL over HTTP: reads a request, has it executed, renders the reply.
//!
//! **In:** `GET` with a query string, or `POST` with a JSON body. **Out:** a [`Reply`].
//!
//! **Never here:** executing (`pipeline`), status codes (`reply`).
//!
//! **Holds:** a body is read only up to the limit; a `POST` must say that it is JSON, which no form of
//! another site can, so that a browser cannot be made to send one unasked.
//!
//! **Read first:** [`answer`].
//!
//! Spec: <https://graphql.github.io/graphql-over-http/draft/>

use std::borrow::Cow;
use std::sync::Arc;

use axum::BoxError;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, Method};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::timeout_at;

use super::media_type::MediaType;
use super::observe::Observation;
use super::reply::{GraphqlResult, Refusal, Reply, RequestErrors};
use super::timing;
use crate::operation::{Prepared, RequestError};
use crate::pipeline::{
    Executed, Facts, GraphqlRequest, Rooms, Transport, execute_request, explain,
};

/// Asks for `extensions.graphloom`; heeded only where the query page is.
const EXPLAIN: HeaderName = HeaderName::from_static("graphloom-explain");

/// Answers a request to the GraphQL door.
pub(super) async fn answer(
    rooms: &Rooms,
    facts: &Facts,
    query: Option<&str>,
    body: Incoming,
    observation: &mut Observation,
) -> Reply {
    observation.enter("graphql", &rooms.settings.graphql.path, &rooms.graphql_metrics);
    let Some(media_type) = MediaType::negotiate(&facts.headers) else {
        let refusal = Refusal::NotAcceptable;
        observation.failed(refusal.code(), refusal.message());
        return Reply::GraphqlRefused { media_type: MediaType::Json, refusal };
    };
    let mut n_bytes = 0;
    let request = match read(rooms, facts, query, body, &mut n_bytes).await {
        Ok(request) => request,
        Err(refusal) => {
            observation.failed(refusal.code(), refusal.message());
            return Reply::GraphqlRefused { media_type, refusal };
        }
    };
    observation.record().bytes_in = n_bytes;
    let result = match execute_request(rooms, facts, request).await {
        Ok(executed) => render(rooms, facts, executed, observation),
        Err((prepared, error)) => {
            if let Some(prepared) = prepared {
                tell_operation(&prepared, observation);
            }
            observation.failed(error.code(), error.detail());
            GraphqlResult::RequestError(RequestErrors::of(&error))
        }
    };
    Reply::Graphql { media_type, result }
}

/// The plan of an operation that is not run, or what is wrong with it.
pub(super) async fn plan(rooms: &Rooms, facts: &Facts, body: axum::body::Body) -> Value {
    let request = match read(rooms, facts, None, body, &mut 0).await {
        Ok(request) => request,
        Err(refusal) => return json!({ "errors": [{ "message": refusal.message() }] }),
    };
    match explain::plan(rooms, facts, request).await {
        Ok(plan) => plan,
        // Here, beside the query page, the reason is for whoever writes the operation.
        Err(error) => match RequestError::errors(&error).as_slice() {
            [_] => json!({ "errors": [{ "message": error.detail() }] }),
            errors => json!({ "errors": errors }),
        },
    }
}

fn render(
    rooms: &Rooms,
    facts: &Facts,
    executed: Executed,
    observation: &mut Observation,
) -> GraphqlResult {
    tell_operation(&executed.prepared, observation);
    for error in &executed.outcome.summary.log {
        let subgraph = error.subgraph.map(|id| &*executed.graph.sources[id].name);
        let detail = match (subgraph, &error.path) {
            (Some(subgraph), Some(path)) => format!("{subgraph} at {path}: {}", error.message),
            (Some(subgraph), None) => format!("{subgraph}: {}", error.message),
            (None, Some(path)) => format!("at {path}: {}", error.message),
            (None, None) => error.message.clone(),
        };
        observation.failed(&error.code, detail);
    }
    let graphql = &rooms.settings.graphql;
    let explained =
        (graphql.ide && facts.headers.contains_key(EXPLAIN)).then(|| explain::extension(&executed));
    let Executed { variant, outcome, duration, .. } = executed;
    let (mut body, mut headers) = (outcome.body, outcome.headers);
    if let Some(extension) = explained {
        explain::splice(&mut body, &extension);
    }
    if graphql.server_timing {
        timing::put(&mut headers, &outcome.fetches, duration);
    }
    observation.record().plan = Some(Arc::clone(&variant.shape));
    observation.fetched(outcome.fetches, outcome.upstream);
    GraphqlResult::Executed { body: Bytes::from(body), headers }
}

fn tell_operation(prepared: &Prepared, observation: &mut Observation) {
    let record = observation.record();
    record.operation_name = prepared.name().map(str::to_owned);
    record.operation_type = Some(prepared.operation.kind().as_str());
}

/// A request as it stands in a JSON body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRequest<'a> {
    #[serde(borrow)]
    query: Option<Cow<'a, str>>,
    operation_name: Option<String>,
    variables: Option<Map<String, Value>>,
}

async fn read<B>(
    rooms: &Rooms,
    facts: &Facts,
    query: Option<&str>,
    body: B,
    n_bytes: &mut u64,
) -> Result<GraphqlRequest, Refusal>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    match facts.method {
        Method::GET => read_query(query.unwrap_or_default()),
        Method::POST => {
            if !is_json(&facts.headers) {
                return Err(Refusal::UnsupportedMediaType);
            }
            let body = read_body(rooms, facts, body).await?;
            *n_bytes = body.len() as u64;
            let raw: RawRequest<'_> = serde_json::from_slice(&body).map_err(|error| {
                Refusal::Malformed(format!("the body is not a request: {error}"))
            })?;
            request(raw, Transport::Post)
        }
        _ => Err(Refusal::MethodNotAllowed("GET, POST".to_owned())),
    }
}

async fn read_body<B>(rooms: &Rooms, facts: &Facts, body: B) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    let limit = rooms.settings.graphql_limits.body;
    let too_large = Refusal::TooLarge { limit };
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large);
    }
    let deadline = facts.started + rooms.settings.limits.request_timeout;
    match timeout_at(deadline, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large),
        Ok(Err(_)) => Err(Refusal::Malformed("the body broke off".to_owned())),
        Err(_) => Err(Refusal::TooSlow),
    }
}

fn read_query(query: &str) -> Result<GraphqlRequest, Refusal> {
    let mut raw = RawRequest { query: None, operation_name: None, variables: None };
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "query" => raw.query = Some(value),
            "operationName" if !value.is_empty() => raw.operation_name = Some(value.into_owned()),
            "variables" if !value.is_empty() => {
                raw.variables = serde_json::from_str(&value).map_err(|error| {
                    Refusal::Malformed(format!("`variables` is not a JSON object: {error}"))
                })?;
            }
            _ => {}
        }
    }
    request(raw, Transport::Get)
}

fn request(raw: RawRequest<'_>, transport: Transport) -> Result<GraphqlRequest, Refusal> {
    let document = raw.query.filter(|query| !query.trim().is_empty()).ok_or_else(|| {
        Refusal::Malformed("the request has no `query`: the document to execute".to_owned())
    })?;
    Ok(GraphqlRequest {
        document: document.into_owned(),
        operation_name: raw.operation_name,
        variables: raw.variables.unwrap_or_default(),
        transport,
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}
