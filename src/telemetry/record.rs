//! What one log line says.
//!
//! **In:** facts that the rooms gathered. **Out:** [`RequestRecord`] and [`Event`], for a sink to write.
//!
//! **Never here:** the form of a line (`log`).
//!
//! **Holds:** one record for both doors; a field that a door has no word for is left out, never renamed.
//!
//! **Read first:** [`RequestRecord`].

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::Method;
use serde::{Serialize, Serializer};

use super::timestamp::with_rfc3339;

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
#[derive(Debug, Clone, Serialize)]
pub struct RequestRecord {
    /// When it was answered.
    #[serde(serialize_with = "as_rfc3339")]
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
    #[serde(serialize_with = "as_text")]
    pub method: Method,
    /// The path, without the query.
    pub path: String,
    /// The status.
    pub status: u16,
    /// Until the last byte was handed to the connection.
    #[serde(rename = "duration_ms", serialize_with = "as_milliseconds")]
    pub duration: Duration,
    /// The name of the operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation_name: Option<Arc<str>>,
    /// `query` or `mutation`; `subscription` for one that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation_type: Option<&'static str>,
    /// The path template of the route; on the GraphQL door its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<Arc<str>>,
    /// How many requests went to upstreams.
    pub fetches: usize,
    /// How many were not sent, because another request was asking the same.
    #[serde(skip_serializing_if = "is_zero")]
    pub merged: usize,
    /// The time during which at least one of them was under way.
    #[serde(rename = "upstream_ms", serialize_with = "as_milliseconds")]
    pub upstream: Duration,
    /// The size of the request's body.
    pub bytes_in: u64,
    /// The size of the response's body.
    pub bytes_out: u64,
    /// Who connected.
    pub client_ip: std::net::IpAddr,
    /// The codes of all errors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub error_codes: Vec<String>,
    /// What the operator should know about the errors, unmasked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
    /// Whether the client was gone before the answer was complete.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub aborted: bool,
    /// The requests to upstreams, for people; not part of the line.
    #[serde(skip)]
    pub fetch_records: Vec<FetchRecord>,
    /// The shape of the plan, for people; not part of the line.
    #[serde(skip)]
    pub plan: Option<Arc<str>>,
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

fn as_rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    with_rfc3339(*time, |text| serializer.serialize_str(text))
}

fn as_text<S: Serializer>(method: &Method, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(method.as_str())
}

fn as_milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    // Microseconds are as fine as a reader wants to know.
    serializer.serialize_f64((duration.as_secs_f64() * 1e6).round() / 1e3)
}
