//! Drives an execution: calls out, answers in, as soon as each is ready.
//!
//! **In:** an [`Execution`], the sources of the graph, and what of the request travels on.
//! **Out:** the response's bytes, the execution's summary, a record of each fetch, headers for the client.
//!
//! **Never here:** which calls exist and when (the execution knows), connections (`upstream`).
//!
//! **Holds:** no task outlives the future: when the client goes away, the driver is dropped, and with
//! it every call under way. When the deadline passes, what has arrived is rendered and the rest counts as failed.
//!
//! **Read first:** [`run`].

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use execution::{Answer, Call, CallId, CallKind, Execution, FetchFailure, ResponseParts, Summary};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method};
use query_planner::{FetchId, QueryPlan};
use supergraph::{Id, IdVec, SubgraphId};
use tokio::time::{Instant, timeout_at};

use crate::config::HeaderRule;
use crate::expressions::Scope;
use crate::telemetry::{FetchMetrics, FetchRecord};
use crate::upstream::{
    Collected, Outgoing, OutgoingBody, Repeat, Upstream, UpstreamError, headers,
};

/// Who answers for one subgraph, and how it is asked.
#[derive(Debug)]
pub struct Source {
    /// The subgraph's name.
    pub name: Arc<str>,
    /// Where requests go.
    pub upstream: Arc<Upstream>,
    /// The path of its GraphQL door.
    pub path: PathAndQuery,
    /// Rules for headers to it, all in order.
    pub request_headers: Vec<HeaderRule>,
    /// Rules for headers from it, all in order.
    pub response_headers: Vec<HeaderRule>,
    /// Instead of the upstream's.
    pub timeout: Option<Duration>,
    /// Where its requests are counted.
    pub metrics: FetchMetrics,
}

/// What a run is given besides the execution.
#[derive(Clone, Copy)]
pub struct Conditions<'a> {
    /// The plan that is executed.
    pub plan: &'a QueryPlan,
    /// By subgraph.
    pub sources: &'a IdVec<SubgraphId, Source>,
    /// What header rules see.
    pub scope: Scope<'a>,
    /// How large an answer may be.
    pub max_answer: usize,
    /// When the response is due.
    pub deadline: Instant,
}

/// What a run comes to.
#[derive(Debug)]
pub struct Outcome {
    /// The response.
    pub body: Vec<u8>,
    /// What the execution counted.
    pub summary: Summary,
    /// One for each request that was sent or tried, in the order of the plan.
    pub fetches: Vec<FetchRecord>,
    /// Headers that rules let pass from subgraphs.
    pub headers: HeaderMap,
    /// How long at least one request was under way.
    pub upstream: Duration,
}

/// Runs an execution to its end.
pub async fn run<E: Execution>(mut execution: E, conditions: &Conditions<'_>) -> Outcome {
    let mut under_way = FuturesUnordered::new();
    let mut fetches = Vec::with_capacity(conditions.plan.fetches.len());
    let mut response_headers = HeaderMap::new();
    let mut upstream = Duration::ZERO;
    let mut busy_since = Instant::now();
    loop {
        let was_idle = under_way.is_empty();
        under_way.extend(execution.take_calls().into_iter().map(|call| send(call, conditions)));
        if under_way.is_empty() {
            break;
        }
        if was_idle {
            busy_since = Instant::now();
        }
        let Ok(Some(ended)) = timeout_at(conditions.deadline, under_way.next()).await else {
            upstream += busy_since.elapsed();
            break;
        };
        if under_way.is_empty() {
            upstream += busy_since.elapsed();
        }
        let source = &conditions.sources[ended.subgraph];
        if let Some(headers) = &ended.headers {
            let rules = &source.response_headers;
            headers::from_subgraph(&mut response_headers, headers, &conditions.scope, rules);
        }
        fetches.push(ended.record);
        execution.answer(ended.call, ended.answer);
    }
    drop(under_way);
    let mut body = Vec::with_capacity(1024);
    let summary = execution.finish(&mut body);
    complete(&mut fetches, &summary);
    Outcome { body, summary, fetches, headers: response_headers, upstream }
}

struct Ended {
    call: CallId,
    subgraph: SubgraphId,
    answer: Answer,
    headers: Option<HeaderMap>,
    record: FetchRecord,
}

async fn send(call: Call, conditions: &Conditions<'_>) -> Ended {
    let started = Instant::now();
    let source = &conditions.sources[call.subgraph];
    let outgoing = outgoing(&call, source, &conditions.scope);
    let result = source.upstream.collect(outgoing, conditions.max_answer).await;
    let duration = started.elapsed();
    let status = result.as_ref().ok().map(|answer| answer.status.as_u16());
    source.metrics.observe(status, duration);
    let failed = result.is_err();
    let (answer, headers) = answer(result);
    let record = FetchRecord {
        id: number(call.fetch),
        subgraph: Arc::clone(&source.name),
        duration,
        status,
        entities: call.entities.len(),
        unique: call.entities.len(),
        failed,
    };
    Ended { call: call.id, subgraph: call.subgraph, answer, headers, record }
}

fn outgoing(call: &Call, source: &Source, scope: &Scope<'_>) -> Outgoing {
    let mut headers = headers::to_subgraph(scope, &source.request_headers);
    // The body is ours, and the answer is read here, whatever rules forward of the client's.
    headers.remove(CONTENT_ENCODING);
    headers.remove(ACCEPT_ENCODING);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("application/graphql-response+json, application/json;q=0.9"),
    );
    Outgoing {
        method: Method::POST,
        path: source.path.clone(),
        headers,
        body: OutgoingBody::Whole(call.body.to_bytes()),
        // A query may be asked twice; a mutation must not be.
        repeat: if call.kind == CallKind::Query { Repeat::Safe } else { Repeat::Never },
        timeout: source.timeout,
    }
}

fn answer(result: Result<Collected, UpstreamError>) -> (Answer, Option<HeaderMap>) {
    match result {
        Ok(Collected { status, headers, body }) => {
            let body: Bytes = body;
            let parts = ResponseParts { status: status.as_u16(), body };
            (Answer::Response(parts), Some(headers))
        }
        Err(error) => {
            let (code, message) = match error.is_timeout() {
                true => ("GATEWAY_TIMEOUT", "the subgraph did not answer in time"),
                false => ("SUBREQUEST_HTTP_ERROR", "the subgraph could not be asked"),
            };
            let failure = FetchFailure {
                code: code.to_owned(),
                message: message.to_owned(),
                detail: Some(error.to_string()),
            };
            (Answer::Failed(failure), None)
        }
    }
}

/// Puts into the records what only the execution knows.
fn complete(fetches: &mut [FetchRecord], summary: &Summary) {
    fetches.sort_by_key(|record| record.id);
    for record in fetches {
        let Some(fetch) = summary.fetches.ids().find(|id| number(*id) == record.id) else {
            continue;
        };
        let counted = &summary.fetches[fetch];
        if record.unique > 0 {
            record.entities = counted.targets;
        }
        record.failed |= counted.outcome == execution::FetchOutcome::Failed;
    }
}

/// Fetches are counted from 1, as the plan prints them.
fn number(fetch: FetchId) -> u32 {
    u32::try_from(fetch.index() + 1).unwrap_or(u32::MAX)
}
