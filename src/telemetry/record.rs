//! What one log line says.
//!
//! **In:** facts that the rooms gathered. **Out:** [`RequestRecord`] and [`Event`], for a sink to write: a
//! record hands out its fields one by one, as every request does that.
//!
//! **Never here:** the form of a line (`log`).
//!
//! **Holds:** one record for both doors; a field that a door has no word for is left out, never renamed.
//!
//! **Read first:** [`RequestRecord`].

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::Method;
use serde::{Serialize, Serializer};

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Every step.
    Trace,
    /// Steps that explain what happened.
    Debug,
    /// Ordinary work.
    Info,
    /// Something that is not as it should be.
    Warn,
    /// Something failed.
    Error,
}

/// One request, answered.
#[derive(Debug, Clone)]
pub struct RequestRecord {
    /// When it was answered.
    pub time: SystemTime,
    /// `info`; `warn` if execution errors were rendered; `error` from status 500 on.
    pub level: Level,
    /// Always `request`.
    pub message: &'static str,
    /// The name the request has in all logs.
    pub request_id: Arc<str>,
    /// `graphql`, `route`, or `own` for pages and probes of the gateway itself.
    pub door: &'static str,
    /// The method.
    pub method: Method,
    /// The path, without the query.
    pub path: String,
    /// The status.
    pub status: u16,
    /// Until the last byte was handed to the connection.
    pub duration: Duration,
    /// The name of the operation.
    pub operation_name: Option<Arc<str>>,
    /// `query` or `mutation`; `subscription` for one that was refused.
    pub operation_type: Option<&'static str>,
    /// The path template of the route; on the GraphQL door its path.
    pub route: Option<Arc<str>>,
    /// How many requests went to upstreams.
    pub fetches: usize,
    /// How many were not sent, because another request was asking the same.
    pub merged: usize,
    /// The time during which at least one of them was under way.
    pub upstream: Duration,
    /// The size of the request's body.
    pub bytes_in: u64,
    /// The size of the response's body.
    pub bytes_out: u64,
    /// Who connected.
    pub client_ip: IpAddr,
    /// Who asked, unless anonymous: the id of the consumer.
    pub consumer: Option<Arc<str>>,
    /// What the operation was estimated to cost.
    pub cost_estimated: Option<u64>,
    /// What it cost.
    pub cost_actual: Option<u64>,
    /// What of it is beyond a limit that is only measured.
    pub beyond: Vec<String>,
    /// The codes of all errors.
    pub error_codes: Vec<String>,
    /// What the operator should know about the errors, unmasked.
    pub errors: Vec<String>,
    /// What the caller paid under rate limits.
    pub paid: Option<u64>,
    /// The policy that did not admit it.
    pub refused_by: Option<Arc<str>>,
    /// Whether the client was gone before the answer was complete.
    pub aborted: bool,
    /// The requests to upstreams, for people; not part of the line.
    pub fetch_records: Vec<FetchRecord>,
    /// The shape of the plan, for people; not part of the line.
    pub plan: Option<Arc<str>>,
}

/// The value of a field of a line.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// A point in time.
    Time(SystemTime),
    /// A text without characters that a form would have to escape.
    Word(&'a str),
    /// Any text.
    Text(&'a str),
    /// Any texts.
    Texts(&'a [String]),
    /// A number.
    Number(u64),
    /// A time span, in milliseconds. Microseconds are as fine as a reader wants to know.
    Milliseconds(Duration),
    /// An address.
    Address(IpAddr),
    /// It is so.
    True,
}

/// One request to an upstream.
#[derive(Debug, Clone, Serialize)]
pub struct FetchRecord {
    /// The number of the fetch in the plan.
    pub id: u32,
    /// The subgraph, or the upstream of a route.
    pub subgraph: Arc<str>,
    /// From sending to the last byte of the answer.
    #[serde(rename = "milliseconds", serialize_with = "as_milliseconds")]
    pub duration: Duration,
    /// The status; none if there was no answer.
    pub status: Option<u16>,
    /// How many entities it was asked for, before equal ones were counted once.
    pub entities: usize,
    /// How many representations were sent.
    pub unique: usize,
    /// Whether it failed as a whole.
    pub failed: bool,
    /// Whether another request had asked the same, and this one was not sent.
    pub merged: bool,
}

/// Something that happened to the gateway itself: a diagnostic.
#[derive(Debug, Clone)]
pub struct Event {
    /// How much it matters.
    pub level: Level,
    /// What happened, in a fixed sentence.
    pub message: String,
    /// The particulars.
    pub fields: Vec<(&'static str, serde_json::Value)>,
}

impl Event {
    /// An event that says nothing yet.
    pub fn new(level: Level) -> Self {
        Self { level, message: String::new(), fields: Vec::new() }
    }
}

impl Level {
    /// As it stands in a line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl RequestRecord {
    /// Tells all fields that it has, in the order of a line.
    pub fn tell<'a>(&'a self, mut field: impl FnMut(&'static str, Value<'a>)) {
        field("time", Value::Time(self.time));
        field("level", Value::Word(self.level.as_str()));
        field("message", Value::Word(self.message));
        field("request_id", Value::Text(&self.request_id));
        field("door", Value::Word(self.door));
        field("method", Value::Word(self.method.as_str()));
        field("path", Value::Text(&self.path));
        field("status", Value::Number(self.status.into()));
        field("duration_ms", Value::Milliseconds(self.duration));
        if let Some(name) = &self.operation_name {
            field("operation_name", Value::Word(name));
        }
        if let Some(operation_type) = self.operation_type {
            field("operation_type", Value::Word(operation_type));
        }
        if let Some(route) = &self.route {
            field("route", Value::Text(route));
        }
        field("fetches", Value::Number(self.fetches as u64));
        if self.merged > 0 {
            field("merged", Value::Number(self.merged as u64));
        }
        field("upstream_ms", Value::Milliseconds(self.upstream));
        field("bytes_in", Value::Number(self.bytes_in));
        field("bytes_out", Value::Number(self.bytes_out));
        field("client_ip", Value::Address(self.client_ip));
        if let Some(consumer) = &self.consumer {
            field("consumer", Value::Text(consumer));
        }
        if let Some(paid) = self.paid {
            field("paid", Value::Number(paid));
        }
        if let Some(policy) = &self.refused_by {
            field("refused_by", Value::Text(policy));
        }
        if let Some(cost) = self.cost_estimated {
            field("cost_estimated", Value::Number(cost));
        }
        if let Some(cost) = self.cost_actual {
            field("cost_actual", Value::Number(cost));
        }
        if !self.beyond.is_empty() {
            field("beyond_limits", Value::Texts(&self.beyond));
        }
        if !self.error_codes.is_empty() {
            field("error_codes", Value::Texts(&self.error_codes));
        }
        if !self.errors.is_empty() {
            field("errors", Value::Texts(&self.errors));
        }
        if self.aborted {
            field("aborted", Value::True);
        }
    }
}

fn as_milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    // Microseconds are as fine as a reader wants to know.
    serializer.serialize_f64((duration.as_secs_f64() * 1e6).round() / 1e3)
}
