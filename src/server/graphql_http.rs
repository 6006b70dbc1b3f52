//! GraphQL over HTTP: reads a request, has it executed, renders the reply.
//!
//! **In:** `GET` with a query string, or `POST` with a JSON body. **Out:** a [`Reply`].
//!
//! **Never here:** executing (`pipeline`), status codes (`reply`), what a `GET` proves (`csrf`).
//!
//! **Holds:** a body is read only up to the limit; a `POST` must say that it is JSON, which no form of
//! another site can, so that a browser cannot be made to send one unasked.
//!
//! **Read first:** [`answer`].
//!
//! Spec: <https://graphql.github.io/graphql-over-http/draft/>

use std::sync::Arc;

use axum::BoxError;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use serde_json::{Map, Value, json};
use tokio::time::timeout_at;

use super::authorize;
use super::batch;
use super::caller;
use super::cors;
use super::cost_headers;
use super::csrf;
use super::media_type::MediaType;
use super::observe::Observation;
use super::reply::{GraphqlResult, Refusal, Reply, RequestErrors};
use super::standing;
use super::timing;
use super::unread;
use crate::operation::{Excess, Prepared, RequestError, RequestErrorKind};
use crate::pipeline::{
    Envelope, Executed, Facts, GraphqlRequest, Manner, Rooms, Transport, cost, execute_request,
    explain, payment, read_request,
};

/// Asks for `extensions.graphloom`; heeded only where the query page is.
const EXPLAIN: HeaderName = HeaderName::from_static("graphloom-explain");

/// Answers a request to the GraphQL door.
pub(super) async fn answer(
    rooms: &Arc<Rooms>,
    facts: &mut Facts,
    query: Option<&str>,
    body: Incoming,
    observation: &mut Observation,
) -> Reply {
    observation.enter(&rooms.graphql_metrics);
    if let Some(cors) = &rooms.settings.graphql.cors
        && cors::asked_method(facts).is_some()
        && rooms.settings.graphql_ip.admit(facts.client_ip)
    {
        return cors::preflight(cors, facts).unwrap_or_else(|refusal| {
            observation.failed(refusal.code(), refusal.message());
            Reply::Refused(refusal)
        });
    }
    let Some(media_type) = MediaType::negotiate(&facts.headers) else {
        let refusal = Refusal::NotAcceptable;
        observation.failed(refusal.code(), refusal.message());
        return Reply::GraphqlRefused { media_type: MediaType::Json, refusal };
    };
    if let Err(refusal) = may_enter(rooms, facts) {
        observation.failed(refusal.code(), refusal.message());
        return Reply::GraphqlRefused { media_type, refusal };
    }
    if let Err(refusal) = admit(rooms, facts, observation).await {
        Box::pin(unread::swallow(body)).await;
        return Reply::GraphqlRefused { media_type, refusal };
    }
    match rooms.admission.enter(&rooms.graphql_limits, &payment::scope(rooms, facts)) {
        Ok(under_way) => observation.hold(under_way),
        Err(refused) => {
            observation.not_admitted(&refused);
            Box::pin(unread::swallow(body)).await;
            let refusal = Refusal::NotAdmitted(refused);
            return Reply::GraphqlRefused { media_type, refusal };
        }
    }
    let content = read_content(rooms, facts, body).await;
    let n_bytes = content.as_ref().map_or(0, Bytes::len);
    observation.record().bytes_in = n_bytes as u64;
    let manner = Manner { media_type: media_type.as_str(), is_own: explains(rooms, facts) };
    let content = match &content {
        Ok(content) if batch::is_batch(content) => {
            // Boxed, as all that is seldom waited for.
            let batch = Box::pin(batch::answer(rooms, facts, content, manner, observation));
            return match batch.await {
                Ok(result) => Reply::Graphql { media_type, result },
                Err(refusal) => refuse(media_type, refusal, observation),
            };
        }
        content => content.as_ref().map_err(Refusal::clone),
    };
    let request = match content.and_then(|content| read(facts, query, content)) {
        Ok(request) => request,
        Err(refusal) => return refuse(media_type, refusal, observation),
    };
    let result = execute_request(rooms, facts, request, manner).await;
    Reply::Graphql { media_type, result: respond(rooms, facts, result, observation) }
}

fn refuse(media_type: MediaType, refusal: Refusal, observation: &mut Observation) -> Reply {
    observation.failed(refusal.code(), refusal.detail());
    Reply::GraphqlRefused { media_type, refusal }
}

/// The response of one operation, which is told as well.
pub(super) fn respond(
    rooms: &Rooms,
    facts: &Facts,
    result: Result<Executed, (Option<Arc<Prepared>>, Arc<RequestError>)>,
    observation: &mut Observation,
) -> GraphqlResult {
    match result {
        Ok(executed) => render(rooms, facts, executed, observation),
        Err((prepared, error)) => {
            if let Some(prepared) = prepared {
                tell_operation(&prepared, observation);
            }
            match &error.kind {
                RequestErrorKind::NotAdmitted(refused) => observation.not_admitted(refused),
                _ => observation.failed(error.code(), error.detail()),
            }
            GraphqlResult::RequestError(RequestErrors::of(&error))
        }
    }
}

/// Lets in who may ask of the graph, here or on the query page.
pub(super) async fn admit(
    rooms: &Rooms,
    facts: &mut Facts,
    observation: &mut Observation,
) -> Result<(), Refusal> {
    let graphql = &rooms.settings.graphql;
    caller::admit(rooms, facts, graphql.require.as_ref(), observation).await?;
    let scope = facts.scope(&[], "");
    authorize::check(rooms, graphql.authorize.as_ref(), &scope, observation)
}

/// What a request must bring before anyone asks who sent it.
fn may_enter(rooms: &Rooms, facts: &Facts) -> Result<(), Refusal> {
    if !rooms.settings.graphql_ip.admit(facts.client_ip) {
        return Err(Refusal::AddressDenied);
    }
    let is_get = facts.method == Method::GET;
    if is_get && rooms.settings.graphql.csrf && !csrf::is_meant(&facts.headers) {
        return Err(Refusal::NotMeant);
    }
    Ok(())
}

/// Whether the answer tells about its own run.
fn explains(rooms: &Rooms, facts: &Facts) -> bool {
    rooms.settings.graphql.ide && facts.headers.contains_key(EXPLAIN)
}

/// What would become of an operation that is not run, or what is wrong with it.
pub(super) async fn explain(rooms: &Rooms, facts: &Facts, body: axum::body::Body) -> Value {
    let content = read_content(rooms, facts, body).await;
    let content = content.as_ref().map_err(Refusal::clone);
    let request = match content.and_then(|content| read(facts, None, content)) {
        Ok(request) => request,
        Err(refusal) => return json!({ "errors": [{ "message": refusal.message() }] }),
    };
    // As if it had come to the door.
    let facts = Facts { path: rooms.settings.graphql.path.clone(), ..facts.clone() };
    match explain::operation(rooms, &facts, request).await {
        Ok(explanation) => json!(explanation),
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
    let is_withheld = executed.is_withheld();
    for error in &executed.outcome.summary.log {
        let subgraph = error.subgraph.map(|id| &*executed.graph.sources[id].name);
        let message = match is_withheld && error.is_quoted {
            true => "an error whose words are withheld, for they may quote sensitive values",
            false => &error.message,
        };
        let detail = match (subgraph, &error.path) {
            (Some(subgraph), Some(path)) => format!("{subgraph} at {path}: {message}"),
            (Some(subgraph), None) => format!("{subgraph}: {message}"),
            (None, Some(path)) => format!("at {path}: {message}"),
            (None, None) => message.to_owned(),
        };
        observation.failed(&error.code, detail);
    }
    let graphql = &rooms.settings.graphql;
    let mut extensions = Map::new();
    if explains(rooms, facts) {
        extensions.insert("graphloom".to_owned(), explain::extension(&executed));
    }
    let Executed { variant, outcome, duration, merged, cost, beyond, receipt, .. } = executed;
    let (mut body, mut headers) = (outcome.body, outcome.headers);
    if let Some(receipt) = receipt {
        let paid = &mut observation.record().paid;
        *paid = Some(paid.unwrap_or(0).saturating_add(receipt.paid));
        standing::put(receipt.standing, &mut headers);
    }
    if let Some(cost) = cost {
        let record = observation.record();
        // A request may have several operations.
        let add =
            |sum: &mut Option<u64>, cost: u64| *sum = Some(sum.unwrap_or(0).saturating_add(cost));
        add(&mut record.cost_estimated, cost.estimated);
        add(&mut record.cost_actual, cost.actual);
        extensions.extend(cost::extension(&graphql.cost, cost).map(|it| ("cost".to_owned(), it)));
        cost_headers::put(&mut headers, cost::told(graphql.cost.headers, cost));
    }
    observation.record().beyond.extend(beyond.into_iter().map(Excess::detail));
    if !extensions.is_empty() {
        let mut spliced = Vec::from(body);
        explain::splice(&mut spliced, &extensions);
        body = spliced.into();
    }
    if graphql.server_timing {
        timing::put(&mut headers, &outcome.fetches, duration);
    }
    observation.record().plan = Some(Arc::clone(&variant.shape));
    match merged {
        // The requests are told by the run that sent them.
        true => observation.record().merged += outcome.fetches.len(),
        false => observation.fetched(outcome.fetches, outcome.upstream),
    }
    GraphqlResult::Executed { body, headers }
}

fn tell_operation(prepared: &Prepared, observation: &mut Observation) {
    let record = observation.record();
    record.operation_name = prepared.name().cloned();
    record.operation_type = Some(prepared.operation.kind().as_str());
}

/// Reads the body of a request, if it is one that has a body.
async fn read_content<B>(rooms: &Rooms, facts: &Facts, body: B) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    match facts.method {
        Method::GET => Ok(Bytes::new()),
        Method::POST if is_json(&facts.headers) => read_body(rooms, facts, body).await,
        Method::POST => Err(Refusal::UnsupportedMediaType),
        _ => Err(Refusal::MethodNotAllowed("GET, POST".to_owned())),
    }
}

/// Reads a request, which borrows from the query string or the body.
fn read<'a>(
    facts: &Facts,
    query: Option<&'a str>,
    content: &'a [u8],
) -> Result<GraphqlRequest<'a>, Refusal> {
    let (envelope, transport) = match facts.method {
        Method::GET => (read_query(query.unwrap_or_default())?, Transport::Get),
        _ => {
            let envelope = read_request(content).map_err(|error| {
                Refusal::Malformed(format!("the body is not a request: {error}"))
            })?;
            (envelope, Transport::Post)
        }
    };
    envelope.into_request(transport).ok_or_else(|| {
        Refusal::Malformed("the request has no `query`: the document to execute".to_owned())
    })
}

async fn read_body<B>(rooms: &Rooms, facts: &Facts, mut body: B) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    let limit = rooms.settings.graphql_limits.body;
    if body.size_hint().lower() > limit as u64 {
        return Err(Refusal::TooLarge { limit });
    }
    let deadline = facts.started + rooms.settings.limits.request_timeout;
    match timeout_at(deadline, collect(&mut body, limit)).await {
        Ok(read) => read,
        Err(_) => Err(Refusal::TooSlow),
    }
}

/// The whole body, as it came if it came in one piece.
async fn collect<B>(body: &mut B, limit: usize) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    let mut whole = Bytes::new();
    let mut pieces = Vec::new();
    while let Some(frame) = body.frame().await {
        let broken = |_| Refusal::Malformed("the body broke off".to_owned());
        let Ok(piece) = frame.map_err(broken)?.into_data() else { continue };
        if whole.len() + pieces.len() + piece.len() > limit {
            return Err(Refusal::TooLarge { limit });
        }
        if whole.is_empty() && pieces.is_empty() {
            whole = piece;
            continue;
        }
        pieces.extend_from_slice(&std::mem::take(&mut whole));
        pieces.extend_from_slice(&piece);
    }
    Ok(if pieces.is_empty() { whole } else { pieces.into() })
}

fn read_query(query: &str) -> Result<Envelope<'_>, Refusal> {
    let mut envelope = Envelope::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let map = |name: &str| {
            serde_json::from_str::<Map<String, Value>>(&value).map_err(|error| {
                Refusal::Malformed(format!("`{name}` is not a JSON object: {error}"))
            })
        };
        match &*name {
            "query" => envelope.query = Some(value),
            "operationName" if !value.is_empty() => envelope.operation_name = Some(value),
            "variables" if !value.is_empty() => envelope.variables = Some(map("variables")?),
            "extensions" if !value.is_empty() => envelope.extensions = Some(map("extensions")?),
            _ => {}
        }
    }
    Ok(envelope)
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}
