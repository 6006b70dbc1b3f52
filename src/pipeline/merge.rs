//! Whole queries of clients that are the same, at the same moment: executed once.
//!
//! **In:** a query that is about to run. **Out:** its key, if it may be merged at all.
//!
//! **Never here:** running it (`pipeline`), waiting for another's run (`together`).
//!
//! **Holds:** two queries have one key only if nothing that can reach their answer differs: the graph and
//! the configuration, the plan (which stands for the document, the operation and its guards, with what the
//! caller may not see), the masks that hide, the variables, the extensions, the media type, who asks, and
//! all that any rule reads of a request. Never mutations. What only names a request (`x-request-id`, trace
//! context) is not part of it, unless a rule reads it.
//!
//! **Read first:** `MergeKey::of`.

use std::sync::Arc;

use http::header::CONNECTION;
use http::{HeaderMap, HeaderName};
use query_planner::OperationKind;
use serde_json::{Map, Value};

use super::{Facts, Run};
use crate::config::HeaderRule;
use crate::consumer::Consumer;
use crate::expressions::{Expression, Read};
use crate::sources::RestSource;

/// What a query of a client is, to the letter.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct MergeKey {
    /// The graph and the variant live as long as the run that the key names.
    graph: usize,
    variant: usize,
    /// Whether errors of denied fields are those of a caller whom nobody knows.
    is_anonymous: bool,
    /// The masks that hide something.
    hiding: Vec<u32>,
    media_type: &'static str,
    /// Variables, extensions and what rules read, each with its length.
    text: Vec<u8>,
}

impl MergeKey {
    /// The key of a query; none if it must run alone.
    pub(super) fn of(
        run: &Run,
        facts: &Facts,
        extensions: &Map<String, Value>,
        media_type: &'static str,
    ) -> Option<Self> {
        let plan = &run.variant.plan;
        // Without a fetch, running costs less than waiting for another run. What introspection shows may depend
        // on anything that a policy reads.
        let is_alone = plan.fetches.is_empty() || run.prepared.introspection.is_some();
        if plan.operation != OperationKind::Query || is_alone {
            return None;
        }
        let mut text = Vec::with_capacity(256);
        for values in [&run.variables, extensions] {
            put(&mut text, &serde_json::to_vec(values).ok()?);
        }
        put_consumer(&facts.consumer, &mut text);
        for (_, source) in run.graph.sources.iter() {
            let rules = source.heads.rules().iter().chain(&source.response_headers);
            rules.for_each(|rule| put_read(rule, facts, &mut text));
            if let Some(rest) = &source.rest {
                put_read_by_connector(rest, facts, &mut text);
            }
        }
        Some(Self {
            graph: Arc::as_ptr(&run.graph) as usize,
            variant: Arc::as_ptr(&run.variant) as usize,
            is_anonymous: facts.consumer.is_anonymous(),
            hiding: run.hiding.clone(),
            media_type,
            text,
        })
    }
}

/// What a rule reads of the client's request. Labels of overrides are decided, they are in the variant.
fn put_read(rule: &HeaderRule, facts: &Facts, text: &mut Vec<u8>) {
    match rule {
        HeaderRule::Forward { name, .. } => {
            put_header(&facts.headers, name, text);
            // What it names is not forwarded.
            put_header(&facts.headers, &CONNECTION, text);
        }
        HeaderRule::Set { value, .. } => put_expression(value, facts, text),
        HeaderRule::Remove { .. } => {}
    }
}

/// What a connector reads of the client's request. Who asks is part of every key.
fn put_read_by_connector(rest: &RestSource, facts: &Facts, text: &mut Vec<u8>) {
    if rest.reads_all_headers() {
        put_headers(&facts.headers, text);
    }
    rest.copied_headers().for_each(|name| put_header(&facts.headers, &name, text));
    if rest.reads_context() {
        put(text, facts.id.as_bytes());
    }
}

fn put_expression(expression: &Expression, facts: &Facts, text: &mut Vec<u8>) {
    for read in expression.reads() {
        match read {
            Read::Header(name) => put_header(&facts.headers, name, text),
            Read::Headers => put_headers(&facts.headers, text),
            Read::RequestId => put(text, facts.id.as_bytes()),
            Read::Method => put(text, facts.method.as_str().as_bytes()),
            Read::Path => put(text, facts.path.as_bytes()),
            Read::Query => put(text, facts.query.as_bytes()),
            Read::ClientIp => put(text, facts.client_ip.to_string().as_bytes()),
            // Routes are not merged, who asks is part of every key, the variant stands for the operation
            // and with the variables for its cost, and the answer is the same.
            Read::Consumer
            | Read::Route
            | Read::Operation
            | Read::Cost
            | Read::Args
            | Read::Response => {}
        }
    }
}

/// Who asks, with all that any rule may read of it.
fn put_consumer(consumer: &Consumer, text: &mut Vec<u8>) {
    let known = [Some(&consumer.id), Some(&consumer.name), consumer.plan.as_ref()];
    for part in known.into_iter().chain([consumer.provider.as_ref()]) {
        put_number(text, usize::from(part.is_some()));
        put(text, part.map_or(b"", |part| part.as_bytes()));
    }
    for list in [&consumer.scopes, &consumer.roles] {
        put_number(text, list.len());
        list.iter().for_each(|item| put(text, item.as_bytes()));
    }
    put(text, serde_json::to_string(&consumer.claims).unwrap_or_default().as_bytes());
}

fn put_headers(headers: &HeaderMap, text: &mut Vec<u8>) {
    for name in headers.keys() {
        put(text, name.as_str().as_bytes());
        put_header(headers, name, text);
    }
}

fn put_header(headers: &HeaderMap, name: &HeaderName, text: &mut Vec<u8>) {
    let values = headers.get_all(name);
    put_number(text, values.iter().count());
    values.iter().for_each(|value| put(text, value.as_bytes()));
}

/// With its length, so that no two different lists give the same text.
fn put(text: &mut Vec<u8>, part: &[u8]) {
    put_number(text, part.len());
    text.extend_from_slice(part);
}

fn put_number(text: &mut Vec<u8>, number: usize) {
    text.extend_from_slice(&(number as u64).to_le_bytes());
}
