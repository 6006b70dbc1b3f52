//! Drives an execution: calls out, answers in, as soon as each is ready.
//!
//! **In:** an [`Execution`], the sources of the graph, and what of the request travels on.
//! **Out:** the response's bytes, the execution's summary, a record of each fetch, headers for the client.
//!
//! **Never here:** which calls exist and when (the execution knows), connections (`upstream`).
//!
//! **Holds:** when the client goes away, the driver is dropped, and with it every call under way that no
//! other request has joined. When the deadline passes, what has arrived is rendered and the rest counts
//! as failed. Whoever pays for a run that is dropped is told what had arrived until then.
//!
//! **Read first:** [`run`].

mod send;
mod source;

use std::pin::{Pin, pin};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use execution::{Answer, Call, CallId, Execution, FetchOutcome, Refusal, Summary};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use http::HeaderMap;
use http::header::SET_COOKIE;
use query_planner::{FetchId, QueryPlan};
use supergraph::{Id, IdVec, SubgraphId, Supergraph};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::expressions::Scope;
use crate::sources::{Programs, RestAnswer, Seen, Sent};
use crate::telemetry::FetchRecord;
use crate::upstream::headers;

pub use source::{Heads, Merging, Source};

use send::{Answered, Ended, answer, send};
use source::Exchange;

/// What a run is given besides the execution.
#[derive(Clone, Copy)]
pub struct Conditions<'a> {
    /// The plan that is executed.
    pub plan: &'a QueryPlan,
    /// What the plan asks of REST sources.
    pub programs: &'a Programs,
    /// The schema that it was made for.
    pub supergraph: &'a Supergraph,
    /// By subgraph.
    pub sources: &'a IdVec<SubgraphId, Source>,
    /// The subgraphs that are not asked, and why.
    pub refused: &'a [(SubgraphId, Refusal)],
    /// What header rules see.
    pub scope: Scope<'a>,
    /// How large an answer may be.
    pub max_answer: usize,
    /// When the response is due.
    pub deadline: Instant,
    /// Who wants to see the calls to REST sources.
    pub seen: Option<&'a Seen>,
    /// Where the cost of what arrived is noted if the run is dropped.
    pub fetched: Option<&'a AtomicU64>,
}

/// What a run comes to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The response.
    pub body: Bytes,
    /// What the execution counted.
    pub summary: Summary,
    /// One for each request that was sent or tried, in the order of the plan.
    pub fetches: Vec<FetchRecord>,
    /// Headers that rules let pass from subgraphs.
    pub headers: HeaderMap,
    /// How long at least one request was under way.
    pub upstream: Duration,
    /// Whether a subgraph's answer was meant for one client alone.
    pub sets_cookies: bool,
    /// The calls to REST sources, for people, if somebody wants to see them.
    pub calls: Vec<serde_json::Value>,
}

/// Runs an execution to its end.
pub async fn run<E: Execution>(mut execution: E, conditions: &Conditions<'_>) -> Outcome {
    let mut calls = ready(&mut execution, conditions);
    if calls.is_empty() {
        return Told::default().outcome(execution);
    }
    let mut running = Running { execution: Some(execution), fetched: conditions.fetched };
    let session = OnceLock::new();
    let mut told = Told::default();
    told.fetches.reserve(conditions.plan.fetches.len());
    let mut deadline = pin!(sleep_until(conditions.deadline));
    let mut under_way = FuturesUnordered::new();
    let mut busy_since = Instant::now();
    loop {
        let was_idle = under_way.is_empty();
        if was_idle && !calls.is_empty() {
            busy_since = Instant::now();
        }
        let next = match (was_idle, calls.len()) {
            (true, 0) => break,
            // One alone needs nothing that looks after several.
            (true, 1) => {
                let call = calls.remove(0);
                before(deadline.as_mut(), send(call, conditions, &session)).await
            }
            _ => {
                under_way.extend(calls.drain(..).map(|call| send(call, conditions, &session)));
                before(deadline.as_mut(), under_way.next()).await.flatten()
            }
        };
        if under_way.is_empty() || next.is_none() {
            told.upstream += busy_since.elapsed();
        }
        let Some(ended) = next else { break };
        let (call, answer) = told.take(ended, conditions);
        calls = running.go_on(call, answer, conditions);
    }
    drop(under_way);
    told.outcome(running.end())
}

/// An execution that tells what had arrived if it is dropped before its end.
struct Running<'a, E: Execution> {
    execution: Option<E>,
    fetched: Option<&'a AtomicU64>,
}

impl<E: Execution> Running<'_, E> {
    /// Brings an answer; gives the calls that are ready then.
    fn go_on(&mut self, call: CallId, answer: Answer, conditions: &Conditions<'_>) -> Vec<Call> {
        let Some(execution) = &mut self.execution else { return Vec::new() };
        execution.answer(call, answer);
        ready(execution, conditions)
    }

    fn end(mut self) -> E {
        self.execution.take().expect("only the end takes it")
    }
}

impl<E: Execution> Drop for Running<'_, E> {
    fn drop(&mut self) {
        if let (Some(execution), Some(fetched)) = (&self.execution, self.fetched) {
            fetched.store(execution.cost(), Ordering::Relaxed);
        }
    }
}

/// The calls to send. Those that are refused are answered at once, which may make others ready.
fn ready(execution: &mut impl Execution, conditions: &Conditions<'_>) -> Vec<Call> {
    let mut calls = execution.take_calls();
    if conditions.refused.is_empty() {
        return calls;
    }
    let why = |call: &Call| conditions.refused.iter().find(|(id, _)| *id == call.subgraph);
    while let Some(at) = calls.iter().position(|call| why(call).is_some()) {
        let call = calls.remove(at);
        if let Some((_, refusal)) = why(&call) {
            execution.answer(call.id, Answer::Refused(refusal.clone()));
            calls.extend(execution.take_calls());
        }
    }
    calls
}

/// What the work comes to, if it does before the deadline.
async fn before<T>(deadline: Pin<&mut Sleep>, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), deadline).await {
        Either::Left((result, _)) => Some(result),
        Either::Right(_) => None,
    }
}

/// What is told of the calls so far.
#[derive(Default)]
struct Told {
    fetches: Vec<FetchRecord>,
    headers: HeaderMap,
    upstream: Duration,
    sets_cookies: bool,
}

impl Told {
    /// Keeps what is told of an ended call; gives on what is the execution's.
    fn take(&mut self, ended: Ended, conditions: &Conditions<'_>) -> (CallId, Answer) {
        let Ended { call, subgraph, answered } = ended;
        match answered {
            Answered::Server(exchange, record) => {
                self.note(&exchange, subgraph, conditions);
                self.fetches.push(record);
                (call, answer(&exchange))
            }
            Answered::Rest(RestAnswer { answer, requests }) => {
                for Sent { exchange, record } in requests {
                    self.note(&exchange, subgraph, conditions);
                    self.fetches.push(record);
                }
                (call, answer)
            }
        }
    }

    /// Keeps what of an answer is for the client besides its data.
    fn note(&mut self, exchange: &Exchange, subgraph: SubgraphId, conditions: &Conditions<'_>) {
        let Ok(answer) = &**exchange else { return };
        let rules = &conditions.sources[subgraph].response_headers;
        if !rules.is_empty() {
            let scope = &conditions.scope;
            let answer = (answer.status, &answer.headers);
            headers::from_subgraph(&mut self.headers, answer, scope, rules);
        }
        self.sets_cookies |= answer.headers.contains_key(SET_COOKIE);
    }

    fn outcome(mut self, execution: impl Execution) -> Outcome {
        let mut body = Vec::new();
        let summary = execution.finish(&mut body);
        complete(&mut self.fetches, &summary);
        Outcome {
            body: body.into(),
            summary,
            fetches: self.fetches,
            headers: self.headers,
            upstream: self.upstream,
            sets_cookies: self.sets_cookies,
            calls: Vec::new(),
        }
    }
}

/// Puts into the records what only the execution knows.
fn complete(fetches: &mut [FetchRecord], summary: &Summary) {
    fetches.sort_by_key(|record| record.id);
    for record in fetches {
        // Fetches are counted from 1, as the plan prints them.
        let Some(index) = (record.id as usize).checked_sub(1) else { continue };
        let counted = &summary.fetches[FetchId::from_index(index)];
        if record.unique > 0 {
            record.entities = counted.targets;
        }
        record.failed |= counted.outcome == FetchOutcome::Failed;
    }
}
