//! One call of a connector: a request, its answer, what is made of it.
//!
//! **In:** the values of its variables, and what is read of its result. **Out:** [`Done`].
//!
//! **Never here:** which calls a fetch takes (`ask`), making and reading them (`request`, `response`).
//!
//! **Holds:** a request that is not a `GET` of a query is sent exactly once; connections that end under a
//! request do not change that.
//!
//! **Read first:** [`Errands::run`].

use std::sync::Arc;

use execution::CallKind;
use futures_util::future::BoxFuture;
use http::Method;
use mapping::{Json, Variable};
use query_planner::FetchId;
use serde_json::Map;
use supergraph::Id;
use tokio::time::Instant;

use super::Asking;
use super::failure::Failure;
use super::program::Reading;
use super::request::{Prepared, prepare};
use super::response::{self, Use};
use super::seen::{self, Notes};
use super::session::Exchange;
use super::source::RestSource;
use crate::expressions::Scope;
use crate::telemetry::FetchRecord;
use crate::upstream::{Outgoing, OutgoingBody, Repeat};

/// The calls of one fetch.
#[derive(Clone, Copy)]
pub(super) struct Errands<'e> {
    pub(super) source: &'e RestSource,
    pub(super) asking: &'e Asking<'e>,
    pub(super) fetch: FetchId,
    pub(super) kind: CallKind,
}

/// What one call is about.
#[derive(Default)]
pub(super) struct Errand<'e> {
    pub(super) args: Json<'e>,
    pub(super) this: Option<&'e Json<'e>>,
    pub(super) batch: Option<Json<'e>>,
    /// How many entities it asks for.
    pub(super) n_entities: usize,
}

/// What came of a call.
pub(super) struct Done<T> {
    pub(super) result: Result<T, Failure>,
    /// The request, if one was sent for it.
    pub(super) sent: Option<Sent>,
}

/// A request that was sent.
pub struct Sent {
    /// What came of it.
    pub exchange: Exchange,
    /// What is told of it.
    pub record: FetchRecord,
}

impl<'e> Errands<'e> {
    /// Does one call; `make` makes of the mapping's value what is wanted of it.
    pub(super) async fn run<T>(
        &self,
        errand: &Errand<'_>,
        reading: &Reading,
        make: Use<'_, T>,
    ) -> Done<T> {
        let started = Instant::now();
        let Self { source, asking, .. } = *self;
        let scope = asking.scope;
        let headers = source.reads.request.then(|| response::of_headers(scope.headers));
        let context = source.reads.context.then(|| context(scope));
        let mut inputs = source.terms.values.inputs();
        inputs = inputs.with(Variable::Args, &errand.args);
        let variables = [
            (Variable::This, errand.this),
            (Variable::Batch, errand.batch.as_ref()),
            (Variable::Request, headers.as_ref()),
            (Variable::Context, context.as_ref()),
        ];
        for (variable, value) in variables {
            if let Some(value) = value {
                inputs = inputs.with(variable, value);
            }
        }
        let mut notes = Notes { is_wanted: asking.seen.is_some(), ..Notes::default() };
        let (mut sent, mut answered) = (None, None);
        let result = match prepare(source, &inputs, scope) {
            Err(failure) => Err(failure),
            Ok(None) => response::evaluate(source, &inputs, &reading.wanted, &mut notes, make),
            Ok(Some(mut prepared)) => {
                notes.request(source, &mut prepared);
                match self.exchange(prepared, errand.n_entities, &mut sent).await {
                    Err(failure) => Err(failure),
                    Ok(exchange) => match &**answered.insert(exchange) {
                        Ok(it) => response::read(source, &inputs, it, reading, &mut notes, make),
                        Err(error) => Err(Failure::unanswered(source, error)),
                    },
                }
            }
        };
        if let Some(seen) = asking.seen {
            let ended = seen::Ended {
                source,
                fetch: number(self.fetch),
                n_entities: errand.n_entities,
                exchange: answered.as_ref(),
                is_reused: answered.is_some() && sent.is_none(),
                failure: result.as_ref().err().map(Failure::text),
                duration: started.elapsed(),
            };
            seen.add(&ended, notes);
        }
        if result.is_err()
            && let Some(Sent { record, .. }) = &mut sent
        {
            record.failed = true;
        }
        Done { result, sent }
    }

    /// Sends a request, or has the answer of one that is the same.
    async fn exchange(
        &self,
        prepared: Prepared,
        n_entities: usize,
        sent: &mut Option<Sent>,
    ) -> Result<Exchange, Failure> {
        let Self { source, asking, .. } = *self;
        if self.kind == CallKind::Mutation || prepared.method != Method::GET {
            asking.session.spend(source)?;
            return Ok(self.send(prepared, n_entities, sent).await);
        }
        let place = asking.session.place(prepared.question(source));
        let send = async {
            asking.session.spend(source)?;
            Ok(self.send(prepared, n_entities, sent).await)
        };
        place.get_or_try_init(|| send).await.map(Arc::clone)
    }

    async fn send(
        &self,
        prepared: Prepared,
        n_entities: usize,
        sent: &mut Option<Sent>,
    ) -> Exchange {
        let Self { source, asking, .. } = *self;
        let started = Instant::now();
        let Prepared { method, path, headers, body, .. } = prepared;
        let is_safe = self.kind == CallKind::Query && method == Method::GET;
        let outgoing = Outgoing {
            method,
            path,
            head: headers.into(),
            body: if body.is_empty() { OutgoingBody::Empty } else { OutgoingBody::Whole(body) },
            repeat: if is_safe { Repeat::Safe } else { Repeat::Never },
            timeout: source.terms.timeout,
        };
        let (upstream, max_answer) = (Arc::clone(&source.upstream), asking.max_answer);
        // In a box: what is awaited within it would otherwise be part of each of the futures around it.
        let exchange: BoxFuture<'static, _> =
            Box::pin(async move { upstream.collect(outgoing, max_answer).await });
        let exchange = exchange.await;
        let duration = started.elapsed();
        let status = exchange.as_ref().ok().map(|answer| answer.status.as_u16());
        source.terms.metrics.observe(status, duration);
        if let Err(error) = &exchange {
            let (connector, request_id) = (&*source.coordinate, asking.scope.id);
            tracing::debug!(connector, request_id, %error, "connector was not answered");
        }
        let exchange = Arc::new(exchange);
        let record = FetchRecord {
            id: number(self.fetch),
            subgraph: Arc::clone(&source.terms.name),
            duration,
            status,
            entities: n_entities,
            unique: n_entities,
            failed: exchange.is_err(),
            merged: false,
        };
        *sent = Some(Sent { exchange: Arc::clone(&exchange), record });
        exchange
    }
}

/// Fetches are counted from 1, as the plan prints them.
fn number(fetch: FetchId) -> u32 {
    u32::try_from(fetch.index() + 1).unwrap_or(u32::MAX)
}

/// The value of `$context`: what is known of the request besides its headers.
pub(super) fn context(scope: &Scope<'_>) -> Json<'static> {
    let consumer = scope.consumer;
    let texts = |texts: &[Arc<str>]| texts.iter().map(|text| (**text).into()).collect();
    let mut known = Map::new();
    known.insert("anonymous".to_owned(), consumer.is_anonymous().into());
    if !consumer.is_anonymous() {
        known.insert("id".to_owned(), (*consumer.id).into());
        known.insert("name".to_owned(), (*consumer.name).into());
        known.insert("claims".to_owned(), consumer.claims.clone().into());
    }
    known.insert("scopes".to_owned(), serde_json::Value::Array(texts(&consumer.scopes)));
    known.insert("roles".to_owned(), serde_json::Value::Array(texts(&consumer.roles)));
    if let Some(plan) = &consumer.plan {
        known.insert("plan".to_owned(), (**plan).into());
    }
    let mut context = Map::new();
    context.insert("consumer".to_owned(), known.into());
    context.insert("request".to_owned(), serde_json::json!({ "id": scope.id }));
    if let Some(operation) = scope.operation {
        let operation = serde_json::json!({ "name": operation.name, "type": operation.kind });
        context.insert("operation".to_owned(), operation);
    }
    super::arguments::owned(&context.into())
}
