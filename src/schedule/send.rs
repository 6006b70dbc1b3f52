//! Sends one call, or joins one that is the same.
//!
//! **In:** a [`Call`] and its source. **Out:** what came of it, with its record.
//!
//! **Never here:** which headers travel (`upstream::headers`), connections (`upstream`).
//!
//! **Holds:** only queries are joined, and only one whose every header and byte is the same, but for what
//! names the request. An answer that sets a cookie is for whoever asked first: the others ask themselves.
//!
//! **Read first:** [`send`].

use std::sync::{Arc, OnceLock};

use execution::{Answer, Call, CallId, CallKind, FetchFailure, ResponseParts};
use futures_util::future::BoxFuture;
use http::Method;
use http::header::SET_COOKIE;
use query_planner::FetchId;
use supergraph::{Id, SubgraphId};
use tokio::time::Instant;

use super::Conditions;
use super::source::{Exchange, Source};
use crate::sources::{self, Asking, RestAnswer, RestSource, Session};
use crate::telemetry::FetchRecord;
use crate::together::Turn;
use crate::upstream::{Head, Outgoing, OutgoingBody, Repeat};

/// A call that was answered, or failed.
pub(super) struct Ended {
    pub(super) call: CallId,
    pub(super) subgraph: SubgraphId,
    pub(super) answered: Answered,
}

/// Who answered, or did not.
pub(super) enum Answered {
    /// A GraphQL server.
    Server(Exchange, FetchRecord),
    /// A REST source.
    Rest(RestAnswer),
}

pub(super) async fn send(
    call: Call,
    conditions: &Conditions<'_>,
    session: &OnceLock<Session>,
) -> Ended {
    let started = Instant::now();
    let source = &conditions.sources[call.subgraph];
    if let Some(rest) = &source.rest {
        // In a box: operations that ask no REST source have no room for it.
        let asking: BoxFuture<'_, _> = Box::pin(ask_rest(call, rest, conditions, session));
        return asking.await;
    }
    let Call { id, fetch, subgraph, kind, body, entities } = call;
    let n_entities = entities.len();
    drop(entities);
    let asked = Asked {
        head: source.heads.head(&conditions.scope),
        body: body.into_bytes(),
        // A query may be asked twice; a mutation must not be.
        repeat: if kind == CallKind::Query { Repeat::Safe } else { Repeat::Never },
        max_answer: conditions.max_answer,
    };
    let (exchange, merged) = match (&source.merging, kind) {
        (Some(_), CallKind::Query) => together(source, asked).await,
        _ => (alone(source, asked).await, false),
    };
    let duration = started.elapsed();
    let status = exchange.as_ref().as_ref().ok().map(|answer| answer.status.as_u16());
    if !merged {
        source.metrics.observe(status, duration);
    }
    let record = FetchRecord {
        id: number(fetch),
        subgraph: Arc::clone(&source.name),
        duration,
        status,
        entities: n_entities,
        unique: n_entities,
        failed: exchange.is_err(),
        merged,
    };
    Ended { call: id, subgraph, answered: Answered::Server(exchange, record) }
}

async fn ask_rest(
    call: Call,
    source: &RestSource,
    conditions: &Conditions<'_>,
    session: &OnceLock<Session>,
) -> Ended {
    let (id, subgraph) = (call.id, call.subgraph);
    let asking = Asking {
        plan: conditions.plan,
        programs: conditions.programs,
        supergraph: conditions.supergraph,
        session: session.get_or_init(Session::default),
        scope: &conditions.scope,
        max_answer: conditions.max_answer,
        seen: conditions.seen,
    };
    let asked = sources::ask(call, source, &asking).await;
    Ended { call: id, subgraph, answered: Answered::Rest(asked) }
}

/// What a source is asked.
struct Asked {
    head: Head,
    body: bytes::Bytes,
    repeat: Repeat,
    max_answer: usize,
}

/// Asks, or waits for whoever asks the same; tells which.
async fn together(source: &Source, asked: Asked) -> (Exchange, bool) {
    let Some(merging) = &source.merging else { return (alone(source, asked).await, false) };
    match merging.under_way.turn(merging.key(asked.head.for_comparison(), &asked.body)) {
        Turn::First(first) => (first.work(alone(source, asked), is_for_all).await, false),
        Turn::Other(other) => {
            source.metrics.joined();
            match other.await {
                Some(exchange) => (exchange, true),
                None => (alone(source, asked).await, false),
            }
        }
    }
}

fn is_for_all(exchange: &Exchange) -> bool {
    exchange.as_ref().as_ref().map_or(true, |answer| !answer.headers.contains_key(SET_COOKIE))
}

/// In a box: what is awaited within it would otherwise be moved with each of the futures around it.
fn alone(source: &Source, asked: Asked) -> BoxFuture<'static, Exchange> {
    let Asked { head, body, repeat, max_answer } = asked;
    let outgoing = Outgoing {
        method: Method::POST,
        path: source.path.clone(),
        head,
        body: OutgoingBody::Whole(body),
        repeat,
        timeout: source.timeout,
    };
    let upstream = Arc::clone(&source.upstream);
    Box::pin(async move { Arc::new(upstream.collect(outgoing, max_answer).await) })
}

/// What came of a call, for the execution.
pub(super) fn answer(exchange: &Exchange) -> Answer {
    match exchange.as_ref() {
        Ok(answer) => {
            let parts = ResponseParts { status: answer.status.as_u16(), body: answer.body.clone() };
            Answer::Response(parts)
        }
        Err(error) => {
            let (code, message) = match error.is_timeout() {
                true => ("GATEWAY_TIMEOUT", "the subgraph did not answer in time"),
                false => ("SUBREQUEST_HTTP_ERROR", "the subgraph could not be asked"),
            };
            Answer::Failed(FetchFailure {
                code: code.to_owned(),
                message: message.to_owned(),
                detail: Some(error.to_string()),
            })
        }
    }
}

/// Fetches are counted from 1, as the plan prints them.
fn number(fetch: FetchId) -> u32 {
    u32::try_from(fetch.index() + 1).unwrap_or(u32::MAX)
}
