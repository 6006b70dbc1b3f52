//! Who answers for a subgraph, and how it is asked.
//!
//! **In:** the configuration, by way of `graph`. **Out:** [`Source`].
//!
//! **Never here:** asking (`send`).
//!
//! **Read first:** [`Source`], [`Merging::new`].

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName};

use crate::config::HeaderRule;
use crate::telemetry::FetchMetrics;
use crate::together::Together;
use crate::upstream::headers::NAMES_OF_REQUESTS;
use crate::upstream::{Collected, Upstream, UpstreamError};

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
    /// Its queries under way, which others may join; none if each is sent.
    pub merging: Option<Merging>,
}

/// The queries to one subgraph that are under way. All cores share them: to be woken by another core
/// costs less than the request that is saved.
#[derive(Debug)]
pub struct Merging {
    pub(super) under_way: Together<QueryKey, Exchange>,
    /// Headers that name a request and ask nothing. They differ with each.
    names: Vec<HeaderName>,
}

/// What came of asking a subgraph, for all who asked.
pub(super) type Exchange = Arc<Result<Collected, UpstreamError>>;

/// What a query is, to the letter; method, address and timeout are the source's.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct QueryKey {
    /// All headers in their order, repeats included, each with its length.
    head: Vec<u8>,
    body: Bytes,
}

impl Merging {
    /// Nothing under way, for a subgraph with these rules. A header that a rule speaks of counts, whatever
    /// it is.
    pub fn new(request_headers: &[HeaderRule]) -> Self {
        let is_ruled = |name: &HeaderName| request_headers.iter().any(|rule| rule.name() == name);
        let names = NAMES_OF_REQUESTS.into_iter().filter(|name| !is_ruled(name)).collect();
        Self { under_way: Together::default(), names }
    }

    pub(super) fn key(&self, headers: &HeaderMap, body: &Bytes) -> QueryKey {
        let mut head = Vec::with_capacity(192);
        let mut put = |part: &[u8]| {
            head.extend_from_slice(&(part.len() as u64).to_le_bytes());
            head.extend_from_slice(part);
        };
        for (name, value) in headers.iter().filter(|(name, _)| !self.names.contains(name)) {
            put(name.as_str().as_bytes());
            put(value.as_bytes());
        }
        QueryKey { head, body: body.clone() }
    }
}
