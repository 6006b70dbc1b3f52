//! What a client is told of a call that failed.
//!
//! **In:** what went wrong with a request, or a response that is no success. **Out:** [`Failure`]: an error of a
//! GraphQL response.
//!
//! **Never here:** what of it clients may see (`execution` masks it by the configuration).
//!
//! **Holds:** no address, no cause, no value of the request is in a message of ours.
//!
//! **Read first:** [`Failure`].

use std::borrow::Cow;

use mapping::Exceeded;
use serde_json::{Map, Value, json};

use super::form::quote;
use super::source::RestSource;
use crate::upstream::UpstreamError;

/// An error of a call.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    message: Cow<'static, str>,
    pub(super) extensions: Map<String, Value>,
}

/// A step of the path of an error.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    /// A response name.
    Name(&'a str),
    /// A place in a list.
    Index(usize),
}

impl Failure {
    /// A failure of a code, with what all failures of a source say.
    fn new(source: &RestSource, code: &str, message: impl Into<Cow<'static, str>>) -> Self {
        let extensions = [
            ("code", code.into()),
            ("service", (*source.terms.name).into()),
            ("connector", json!({ "coordinate": &*source.coordinate })),
        ];
        let extensions = extensions.into_iter().map(|(key, value)| (key.to_owned(), value));
        Self { message: message.into(), extensions: extensions.collect() }
    }

    /// The response is no success.
    pub(super) fn refused(
        source: &RestSource,
        status: u16,
        message: Option<String>,
        more: impl IntoIterator<Item = (String, Value)>,
    ) -> Self {
        let message = message.map_or("Request failed".into(), Cow::Owned);
        let mut failure = Self::new(source, "CONNECTOR_FETCH", message).with_status(status);
        failure.extensions.extend(more);
        failure
    }

    /// No request can be made of what the mappings give.
    pub(super) fn unaskable(source: &RestSource, why: &str) -> Self {
        Self::new(source, "CONNECTORS_FETCH", format!("the request cannot be made: {why}"))
    }

    /// A mapping costs more than it may.
    pub(super) fn exceeded(source: &RestSource, exceeded: Exceeded) -> Self {
        Self::new(source, "CONNECTORS_MAPPING_ERROR", exceeded.to_string())
    }

    /// No answer came.
    pub(super) fn unanswered(source: &RestSource, error: &UpstreamError) -> Self {
        if error.is_timeout() {
            return Self::new(source, "GATEWAY_TIMEOUT", "the REST source did not answer in time");
        }
        Self::new(source, "HTTP_CLIENT_ERROR", "the REST source could not be asked")
    }

    /// The body is not what its content type says.
    pub(super) fn unreadable(source: &RestSource, status: u16) -> Self {
        let message = "the response of the REST source is not what its content type says";
        Self::new(source, "CONNECTOR_RESPONSE_INVALID", message).with_status(status)
    }

    /// The mapping of a batch gives no list.
    pub(super) fn no_list(source: &RestSource, status: Option<u16>) -> Self {
        let message = "the selection of a batch gives something that is not a list";
        let failure = Self::new(source, "CONNECTOR_RESPONSE_INVALID", message);
        status.map_or(failure.clone(), |status| failure.with_status(status))
    }

    /// The operation has asked often enough.
    pub(super) fn too_many(source: &RestSource, limit: usize) -> Self {
        let message = format!("one operation may send {limit} requests to this source, not more");
        Self::new(source, "REQUEST_LIMIT_EXCEEDED", message)
    }

    /// What it says, with its code, for people.
    pub(super) fn text(&self) -> String {
        let code = self.extensions.get("code").and_then(Value::as_str).unwrap_or_default();
        format!("{code}: {}", self.message)
    }

    fn with_status(mut self, status: u16) -> Self {
        self.extensions.insert("http".to_owned(), json!({ "status": status }));
        self
    }

    /// Writes it as an error of a response.
    pub(super) fn write(&self, path: &[Step<'_>], out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"message\":");
        quote(&self.message, out);
        out.extend_from_slice(b",\"path\":[");
        for (i, step) in path.iter().enumerate() {
            super::form::separate(i, out);
            match step {
                Step::Name(name) => quote(name, out),
                Step::Index(index) => out.extend_from_slice(index.to_string().as_bytes()),
            }
        }
        out.extend_from_slice(b"],\"extensions\":");
        // A vector takes all that is written.
        let _ = serde_json::to_writer(&mut *out, &self.extensions);
        out.push(b'}');
    }
}
