//! Who answers for a subgraph, and how it is asked.
//!
//! **In:** the configuration, by way of `graph`. **Out:** [`Source`].
//!
//! **Never here:** asking (`send`).
//!
//! **Holds:** where no rule speaks of request headers, all requests share one head.
//!
//! **Read first:** [`Source`], [`Merging::new`].

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HOST};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::HeaderRule;
use crate::expressions::Scope;
use crate::sources::RestSource;
use crate::telemetry::FetchMetrics;
use crate::together::Together;
use crate::upstream::headers::{self, NAMES_OF_REQUESTS};
use crate::upstream::{Collected, CommonHead, Head, Upstream, UpstreamError};

/// Who answers for one subgraph, and how it is asked.
#[derive(Debug)]
pub struct Source {
    /// The subgraph's name.
    pub name: Arc<str>,
    /// Where requests go.
    pub upstream: Arc<Upstream>,
    /// The path of its GraphQL door.
    pub path: PathAndQuery,
    /// What is sent ahead of each request.
    pub heads: Heads,
    /// Rules for headers from it, all in order.
    pub response_headers: Vec<HeaderRule>,
    /// Instead of the upstream's.
    pub timeout: Option<Duration>,
    /// Where its requests are counted.
    pub metrics: FetchMetrics,
    /// Its queries under way, which others may join; none if each is sent.
    pub merging: Option<Merging>,
    /// How a REST API answers for it; none for a GraphQL server.
    pub rest: Option<RestSource>,
}

/// What is sent ahead of the requests to a subgraph.
#[derive(Debug)]
pub struct Heads {
    /// Rules for headers to it, all in order.
    rules: Vec<HeaderRule>,
    /// For requests that nothing else is to be said of.
    common: Option<Arc<CommonHead>>,
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

impl Source {
    /// The headers that a request to it would have, but for those that only a connection and a body decide.
    pub fn would_send(&self, scope: &Scope<'_>) -> HeaderMap {
        self.upstream.would_send(self.heads.head(scope))
    }
}

impl Heads {
    /// The heads of requests to an upstream under these rules.
    pub fn new(upstream: &Upstream, rules: Vec<HeaderRule>) -> Self {
        let common = || Arc::new(upstream.common_head(with_those_of_the_body(HeaderMap::new())));
        Self { common: rules.is_empty().then(common), rules }
    }

    /// The rules, all in order.
    pub fn rules(&self) -> &[HeaderRule] {
        &self.rules
    }

    /// The head of a request.
    pub(super) fn head(&self, scope: &Scope<'_>) -> Head {
        if let Some(common) = self.common.as_ref().filter(|_| !headers::has_trace_context(scope))
            && let Ok(id) = HeaderValue::from_str(scope.id)
        {
            return Head::Common(Arc::clone(common), id);
        }
        Head::Own(with_those_of_the_body(headers::to_subgraph(scope, &self.rules)))
    }
}

fn with_those_of_the_body(mut headers: HeaderMap) -> HeaderMap {
    // The body is ours, and the answer is read here, whatever rules forward of the client's.
    headers.remove(CONTENT_ENCODING);
    headers.remove(ACCEPT_ENCODING);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("application/graphql-response+json, application/json;q=0.9"),
    );
    headers
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
        // The target and the forms that are read here are the same for all.
        let asks = |name: &HeaderName| {
            !self.names.contains(name) && name != HOST && name != ACCEPT_ENCODING
        };
        for (name, value) in headers.iter().filter(|(name, _)| asks(name)) {
            put(name.as_str().as_bytes());
            put(value.as_bytes());
        }
        QueryKey { head, body: body.clone() }
    }
}
