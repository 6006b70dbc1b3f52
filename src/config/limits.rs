//! The bounds of the server itself, whatever a request asks.
//!
//! **In:** `limits`. **Out:** [`ServerLimits`].
//!
//! **Never here:** bounds that a policy may set for a door (`policies`).

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::quantity::{RawDuration, RawSize};
use super::report::{Key, Problems};

/// `limits` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ServerLimits")]
pub(super) struct RawServerLimits {
    /// How large the headers of a request may be, together. Default: `32KB`.
    pub headers: Option<RawSize>,
    /// How long a client may take to send its headers, the wait for the next request on a kept
    /// connection included. Default: 75s, longer than most load balancers keep theirs.
    pub header_timeout: Option<RawDuration>,
    /// How long a TLS handshake may take. Default: 10s.
    pub handshake_timeout: Option<RawDuration>,
    /// How many TLS handshakes may be under way; one more ends the oldest. Default: 1000.
    pub handshakes: Option<u32>,
    /// How long an operation may take, from its first byte to its answer. Default: 60s.
    pub request_timeout: Option<RawDuration>,
    /// How large a subgraph's answer may be. Default: `64MB`.
    pub response: Option<RawSize>,
    /// How many connections of clients may be open. Default: 10000.
    pub connections: Option<u32>,
    /// How much memory prepared operations may take. Default: `64MB`.
    pub prepared_operations: Option<RawSize>,
    /// How long running requests may take to finish once the gateway is told to stop. Default: 30s.
    pub drain: Option<RawDuration>,
}

/// The bounds of the server.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// Bytes of all headers of a request.
    pub headers: usize,
    /// For the headers to arrive, counted from the last response.
    pub header_timeout: Duration,
    /// For a TLS handshake.
    pub handshake_timeout: Duration,
    /// TLS handshakes under way.
    pub handshakes: usize,
    /// For a request to the GraphQL door, from its first byte to its answer.
    pub request_timeout: Duration,
    /// Bytes of a subgraph's answer.
    pub response: usize,
    /// Open connections of clients.
    pub connections: usize,
    /// Bytes of prepared operations, estimated.
    pub prepared_operations: usize,
    /// For running requests to finish after a signal to stop.
    pub drain: Duration,
}

impl RawServerLimits {
    pub(super) fn settle(self, problems: &mut Problems<'_>) -> ServerLimits {
        let key = Key::default().then("limits");
        let connections = self.connections.unwrap_or(10_000) as usize;
        if connections == 0 {
            let fix = "allow at least 1, or leave the key out";
            problems.add(&key.then("connections"), "no client could connect", fix);
        }
        let handshakes = self.handshakes.unwrap_or(1_000) as usize;
        if handshakes == 0 {
            let fix = "allow at least 1, or leave the key out";
            problems.add(&key.then("handshakes"), "no client could connect by TLS", fix);
        }
        let mut size = |raw: Option<RawSize>, step: &str, default: usize| {
            raw.and_then(|raw| raw.settle(&key.then(step), problems)).unwrap_or(default)
        };
        let headers = size(self.headers, "headers", 32_000);
        let response = size(self.response, "response", 64_000_000);
        let prepared_operations = size(self.prepared_operations, "prepared_operations", 64_000_000);
        if headers < 8_192 {
            let fix = "allow at least `8192` bytes, so that ordinary requests pass";
            problems.add(&key.then("headers"), "too little for ordinary requests", fix);
        }
        let mut time = |raw: Option<RawDuration>, step: &str, seconds: u64| {
            raw.and_then(|raw| raw.settle(&key.then(step), problems))
                .unwrap_or(Duration::from_secs(seconds))
        };
        ServerLimits {
            headers,
            header_timeout: time(self.header_timeout, "header_timeout", 75),
            handshake_timeout: time(self.handshake_timeout, "handshake_timeout", 10),
            handshakes,
            request_timeout: time(self.request_timeout, "request_timeout", 60),
            response,
            connections,
            prepared_operations,
            drain: time(self.drain, "drain", 30),
        }
    }
}
