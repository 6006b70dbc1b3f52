//! Watches a request to its very end, and tells about it: one line, one count.
//!
//! **In:** the facts of a request; what the rooms add as they work; the response.
//! **Out:** a [`RequestRecord`] to the log and an observation to the metrics, when the last byte was
//! handed to the connection, or when the client was gone.
//!
//! **Never here:** the form of a line (`telemetry`).
//!
//! **Holds:** exactly one line a request, whatever happens to it: the observation tells when it is dropped.
//!
//! **Read first:** [`Observation`].

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use axum::BoxError;
use bytes::Bytes;
use http::{Method, Response};
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use super::masked_body::MaskedBody;
use super::patience::UnderWay;
use super::reply::CLIENT_GONE;
use crate::admission::{Refused, UnderWay as Places};
use crate::masks::JsonFilter;
use crate::pipeline::{Facts, Rooms};
use crate::telemetry::{DoorMetrics, FetchRecord, Level, MetricsKey, RequestRecord, Telemetry};
use crate::upstream::PooledBody;

/// What is known of a request so far. Told when it is dropped.
pub(super) struct Observation {
    telemetry: Telemetry,
    started: Instant,
    status: Option<u16>,
    is_complete: bool,
    bytes_out: u64,
    record: RequestRecord,
    metrics: Option<Arc<DoorMetrics>>,
    method: &'static str,
    streamed: Option<Arc<AtomicU64>>,
    under_way: Option<Places>,
}

/// The body of a response, which tells about its request when it ends.
pub struct ResponseBody {
    content: Content,
    observation: Option<Observation>,
    under_way: Option<UnderWay>,
}

enum Content {
    Whole(Option<Bytes>),
    Own(axum::body::Body),
    Stream(PooledBody),
    Masked(Box<MaskedBody>),
}

/// How many errors one line tells in full.
const MAX_ERRORS: usize = 50;

impl Observation {
    pub(super) fn start(rooms: &Rooms, facts: &Facts) -> Self {
        rooms.telemetry.metrics.active_requests.inc();
        Self {
            telemetry: rooms.telemetry.clone(),
            started: facts.started,
            status: None,
            is_complete: false,
            bytes_out: 0,
            record: RequestRecord {
                time: SystemTime::UNIX_EPOCH,
                level: Level::Info,
                message: "request",
                request_id: Arc::clone(&facts.id),
                door: "own",
                method: facts.method.clone(),
                path: facts.path.clone(),
                status: CLIENT_GONE,
                duration: Duration::ZERO,
                operation_name: None,
                operation_type: None,
                route: None,
                fetches: 0,
                merged: 0,
                upstream: Duration::ZERO,
                bytes_in: 0,
                bytes_out: 0,
                client_ip: facts.client_ip,
                consumer: None,
                cost_estimated: None,
                cost_actual: None,
                beyond: Vec::new(),
                error_codes: Vec::new(),
                errors: Vec::new(),
                paid: None,
                refused_by: None,
                aborted: false,
                fetch_records: Vec::new(),
                plan: None,
            },
            metrics: None,
            method: method(&facts.method),
            streamed: None,
            under_way: None,
        }
    }

    /// The record, for rooms to fill in what they learn.
    pub(super) fn record(&mut self) -> &mut RequestRecord {
        &mut self.record
    }

    /// The request came through a door that is counted.
    pub(super) fn enter(&mut self, metrics: &Arc<DoorMetrics>) {
        self.record.door = metrics.door();
        self.record.route = Some(Arc::clone(metrics.route()));
        self.metrics = Some(Arc::clone(metrics));
    }

    /// The size of a body that is passed through is known when it has passed.
    pub(super) fn counts_in(&mut self, n_bytes: &Arc<AtomicU64>) {
        self.streamed = Some(Arc::clone(n_bytes));
    }

    /// Something went wrong: a code for everyone, a sentence for the operator.
    pub(super) fn failed(&mut self, code: &str, detail: String) {
        if !self.record.error_codes.iter().any(|known| known == code) {
            self.record.error_codes.push(code.to_owned());
        }
        match self.record.errors.len() {
            0..MAX_ERRORS => self.record.errors.push(detail),
            MAX_ERRORS => self.record.errors.push("more errors of this request".to_owned()),
            _ => {}
        }
    }

    /// Keeps a place among the requests under way until the answer has ended.
    pub(super) fn hold(&mut self, under_way: Option<Places>) {
        self.under_way = under_way;
    }

    /// The request was not admitted.
    pub(super) fn not_admitted(&mut self, refused: &Refused) {
        self.record.refused_by = Some(Arc::clone(&refused.policy));
        self.failed(refused.code(), refused.to_string());
    }

    /// Requests were sent to upstreams.
    pub(super) fn fetched(&mut self, fetches: Vec<FetchRecord>, upstream: Duration) {
        let n_merged = fetches.iter().filter(|fetch| fetch.merged).count();
        self.record.merged += n_merged;
        self.record.fetches += fetches.len() - n_merged;
        self.record.upstream += upstream;
        match self.record.fetch_records.is_empty() {
            true => self.record.fetch_records = fetches,
            false => self.record.fetch_records.extend(fetches),
        }
    }

    /// From here on the body carries the observation.
    pub(super) fn attach(mut self, response: Response<ResponseBody>) -> Response<ResponseBody> {
        self.status = Some(response.status().as_u16());
        // Bytes of our own are complete; only a stream can break off.
        self.is_complete = response.body().is_end_stream() || response.body().is_whole();
        response.map(|body| ResponseBody { observation: Some(self), ..body })
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        let metrics = &self.telemetry.metrics;
        metrics.active_requests.dec();
        let record = &mut self.record;
        record.time = SystemTime::now();
        record.duration = self.started.elapsed();
        record.bytes_out = self.bytes_out;
        record.aborted = !self.is_complete;
        record.status = self.status.unwrap_or(CLIENT_GONE);
        if let Some(n_bytes) = &self.streamed {
            record.bytes_in = n_bytes.load(Ordering::Relaxed);
        }
        record.level = match record.status {
            500.. => Level::Error,
            _ if !record.error_codes.is_empty() || record.aborted => Level::Warn,
            _ => Level::Info,
        };
        if let Some(door) = &self.metrics {
            let operation_type = record.operation_type.unwrap_or_default();
            let key = MetricsKey { method: self.method, operation_type };
            door.observe(key, record.status, record.duration);
        }
        self.telemetry.log.request(record);
    }
}

impl ResponseBody {
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self { content: Content::Whole(Some(bytes)), observation: None, under_way: None }
    }

    pub(super) fn stream(body: PooledBody) -> Self {
        Self { content: Content::Stream(body), observation: None, under_way: None }
    }

    /// A body that is masked as it passes.
    pub(super) fn masked(body: PooledBody, filter: Box<JsonFilter>) -> Self {
        let body = Box::new(MaskedBody::new(body, filter));
        Self { content: Content::Masked(body), observation: None, under_way: None }
    }

    pub(super) fn own(body: axum::body::Body) -> Self {
        Self { content: Content::Own(body), observation: None, under_way: None }
    }

    /// Keeps something until the body has ended.
    pub(super) fn hold(&mut self, under_way: UnderWay) {
        self.under_way = Some(under_way);
    }

    fn is_whole(&self) -> bool {
        !matches!(self.content, Content::Stream(_) | Content::Masked(_))
    }

    fn passed(&mut self, data: Option<&Bytes>) {
        let is_end = self.is_end_stream();
        if let Some(observation) = &mut self.observation {
            observation.bytes_out += data.map_or(0, Bytes::len) as u64;
            observation.is_complete |= is_end || data.is_none();
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = match &mut self.content {
            Content::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Content::Own(body) => {
                let polled = Pin::new(body).poll_frame(context);
                polled.map(|frame| frame.map(|frame| frame.map_err(BoxError::from)))
            }
            Content::Stream(body) => {
                let polled = Pin::new(body).poll_frame(context);
                polled.map(|frame| frame.map(|frame| frame.map_err(BoxError::from)))
            }
            Content::Masked(body) => Pin::new(&mut **body).poll_frame(context),
        };
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    self.passed(Some(data));
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                if let Some(observation) = &mut self.observation {
                    observation.failed("BAD_GATEWAY", error.to_string());
                }
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(None) => {
                self.passed(None);
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Content::Own(body) => body.is_end_stream(),
            Content::Stream(body) => body.is_end_stream(),
            Content::Masked(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64)
            }
            Content::Own(body) => body.size_hint(),
            Content::Stream(body) => body.size_hint(),
            Content::Masked(body) => body.size_hint(),
        }
    }
}

/// Methods by name; what is not listed is one label, for a client could invent any number.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
