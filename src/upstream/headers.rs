//! Which headers travel, both ways.
//!
//! **In:** a client's headers and the rules; an upstream's headers and the rules.
//! **Out:** the headers as they will be sent.
//!
//! **Never here:** compiling rules (`config::headers`), sending.
//!
//! **Holds:** nothing of a connection passes. To a subgraph nothing of the client's passes but trace
//! context and request id, unless a rule says so. To a route's upstream passes besides what describes
//! the message (content, accepted forms, conditions, ranges), for a passthrough means the message;
//! never who is calling (`authorization`, `cookie`), unless a rule says so.
//!
//! **Read first:** [`to_subgraph`], [`to_route`].

use http::StatusCode;
use http::header::{
    self, ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE,
    HeaderMap, HeaderName, HeaderValue,
};

use crate::config::{HeaderRule, Merge};
use crate::expressions::{Expression, Read, Scope};

/// The header that names a request, in and out.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Name a request, and ask nothing: the same question has others each time.
pub const NAMES_OF_REQUESTS: [HeaderName; 3] = [
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

/// Travel with every request to an upstream.
const TRACE_CONTEXT: [HeaderName; 2] =
    [HeaderName::from_static("traceparent"), HeaderName::from_static("tracestate")];

/// Describe a message, not who sent it: they pass a route.
const OF_THE_MESSAGE: [HeaderName; 13] = [
    ACCEPT,
    ACCEPT_ENCODING,
    ACCEPT_LANGUAGE,
    header::CACHE_CONTROL,
    CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::RANGE,
];

/// Belong to one connection (RFC 9110, section 7.6.1), or frame one message.
const OF_THE_CONNECTION: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The headers of a request to a subgraph, without those of its body.
pub fn to_subgraph<'a>(
    scope: &Scope<'_>,
    rules: impl IntoIterator<Item = &'a HeaderRule>,
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    always(scope, &mut headers);
    apply_request_rules(scope, rules, &mut headers);
    headers
}

/// The headers of a request to a REST source: what its schema sets or copies, then the rules, which win.
pub fn to_rest_source<'a>(
    scope: &Scope<'_>,
    own: HeaderMap,
    rules: impl IntoIterator<Item = &'a HeaderRule>,
) -> HeaderMap {
    let mut headers = own;
    for name in &TRACE_CONTEXT {
        if !headers.contains_key(name) {
            copy(scope.headers, name, &mut headers);
        }
    }
    if let (false, Ok(id)) = (headers.contains_key(X_REQUEST_ID), HeaderValue::from_str(scope.id)) {
        headers.insert(X_REQUEST_ID, id);
    }
    apply_request_rules(scope, rules, &mut headers);
    // The body is ours, and the answer is read here, whatever rules forward of the client's.
    for name in [CONTENT_ENCODING, ACCEPT_ENCODING] {
        headers.remove(name);
    }
    headers
}

/// Whether a request brings what every request to an upstream takes along.
pub fn has_trace_context(scope: &Scope<'_>) -> bool {
    TRACE_CONTEXT.iter().any(|name| scope.headers.contains_key(name))
}

/// The headers of a request to the upstream of a route.
pub fn to_route<'a>(
    scope: &Scope<'_>,
    rules: impl IntoIterator<Item = &'a HeaderRule>,
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16);
    for name in &OF_THE_MESSAGE {
        copy(scope.headers, name, &mut headers);
    }
    always(scope, &mut headers);
    apply_request_rules(scope, rules, &mut headers);
    headers
}

/// Takes from a route's answer what belongs to its connection, and applies the rules.
pub fn from_route(
    status: StatusCode,
    headers: &mut HeaderMap,
    scope: &Scope<'_>,
    rules: &[HeaderRule],
) {
    strip_connection(headers);
    // Rules speak of the answer as it came, whatever those before them did to it.
    let answer = rules.iter().any(reads_response).then(|| headers.clone());
    let scope = &Scope { response: answer.as_ref().map(|answer| (status, answer)), ..*scope };
    for rule in rules {
        match rule {
            // A passthrough lets the headers of an answer pass anyway.
            HeaderRule::Forward { .. } => {}
            HeaderRule::Set { name, value } => set(headers, name, value, scope),
            HeaderRule::Remove { name } => {
                headers.remove(name);
            }
        }
    }
}

fn reads_response(rule: &HeaderRule) -> bool {
    let HeaderRule::Set { value, .. } = rule else { return false };
    value.reads().any(|read| read == Read::Response)
}

/// Merges the headers of one subgraph's answer into those of the response.
pub fn from_subgraph<'a>(
    response: &mut HeaderMap,
    (status, answer): (StatusCode, &HeaderMap),
    scope: &Scope<'_>,
    rules: impl IntoIterator<Item = &'a HeaderRule>,
) {
    let scope = &Scope { response: Some((status, answer)), ..*scope };
    for rule in rules {
        match rule {
            HeaderRule::Forward { name, merge } => {
                // The response has a body of its own: what describes a subgraph's is not for it.
                let is_of_body = name == CONTENT_TYPE || name == CONTENT_ENCODING;
                if !answer.contains_key(name) || is_of_connection(name) || is_of_body {
                    continue;
                }
                match merge {
                    Merge::First if response.contains_key(name) => continue,
                    Merge::Last => {
                        response.remove(name);
                    }
                    Merge::First | Merge::Append => {}
                }
                for value in answer.get_all(name) {
                    response.append(name.clone(), value.clone());
                }
            }
            HeaderRule::Set { name, value } => set(response, name, value, scope),
            HeaderRule::Remove { name } => {
                response.remove(name);
            }
        }
    }
}

/// Takes away what belongs to a connection, the headers named by `connection` included.
pub fn strip_connection(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
        .collect();
    for name in named.iter().chain(&OF_THE_CONNECTION) {
        headers.remove(name);
    }
}

fn always(scope: &Scope<'_>, headers: &mut HeaderMap) {
    for name in &TRACE_CONTEXT {
        copy(scope.headers, name, headers);
    }
    if let Ok(id) = HeaderValue::from_str(scope.id) {
        headers.insert(X_REQUEST_ID, id);
    }
}

fn apply_request_rules<'a>(
    scope: &Scope<'_>,
    rules: impl IntoIterator<Item = &'a HeaderRule>,
    headers: &mut HeaderMap,
) {
    let forwarded = connection_names(scope.headers);
    for rule in rules {
        match rule {
            HeaderRule::Forward { name, .. } => {
                headers.remove(name);
                if !is_of_connection(name) && !forwarded.contains(name) {
                    copy(scope.headers, name, headers);
                }
            }
            HeaderRule::Set { name, value } => set(headers, name, value, scope),
            HeaderRule::Remove { name } => {
                headers.remove(name);
            }
        }
    }
}

fn connection_names(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
        .collect()
}

fn set(headers: &mut HeaderMap, name: &HeaderName, value: &Expression, scope: &Scope<'_>) {
    let value = value.evaluate(scope).and_then(|text| HeaderValue::from_str(&text).ok());
    match value {
        Some(value) => {
            headers.insert(name.clone(), value);
        }
        None => {
            headers.remove(name);
        }
    }
}

fn copy(from: &HeaderMap, name: &HeaderName, to: &mut HeaderMap) {
    for value in from.get_all(name) {
        to.append(name.clone(), value.clone());
    }
}

fn is_of_connection(name: &HeaderName) -> bool {
    OF_THE_CONNECTION.contains(name)
}
