//! Makes the HTTP request of one call.
//!
//! **In:** a source, and the values of its variables. **Out:** [`Prepared`], or the [`Failure`] for which
//! nothing is sent.
//!
//! **Never here:** the grammar of templates (`mapping`), sending (`errand`).
//!
//! **Holds:** headers are those of the schema, then the rules of the configuration, which win.
//!
//! **Read first:** [`prepare`].
//!
//! Spec: <https://www.apollographql.com/docs/graphos/connectors/requests>

use std::sync::Arc;

use bytes::Bytes;
use composition::{HeaderValue as Given, Method as ConnectMethod};
use http::header::{CONTENT_TYPE, HOST};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use mapping::{Inputs, Problem, Wanted, write_form};

use super::failure::Failure;
use super::source::RestSource;
use crate::expressions::Scope;
use crate::upstream::headers;

/// A request, ready to be sent.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) method: Method,
    pub(super) path: PathAndQuery,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// What did not go as the mappings expected.
    pub(super) problems: Vec<Problem>,
}

/// The request for these inputs.
pub(super) fn prepare<'a>(
    source: &'a RestSource,
    inputs: &Inputs<'a>,
    scope: &Scope<'_>,
) -> Result<Option<Prepared>, Failure> {
    let (Some(request), Some(address)) = (&source.connector.request, source.address()) else {
        return Ok(None);
    };
    let limits = source.terms.limits;
    let unaskable = |why: &str| Failure::unaskable(source, why);
    let exceeded = |exceeded| Failure::exceeded(source, exceeded);
    let address = address.expand(inputs, limits).map_err(|error| unaskable(&error.to_string()))?;
    let mut problems: Vec<_> = address.problems.into_iter().map(|(_, problem)| problem).collect();
    let mut own = own_headers(source, inputs, scope, &mut problems)?;
    let mut body = Bytes::new();
    if let Some(mapping) = &request.body {
        let evaluated = mapping.evaluate(inputs, &Wanted::All, limits).map_err(exceeded)?;
        problems.extend(evaluated.problems);
        let is_form = own.get(CONTENT_TYPE).is_some_and(|it| it == FORM);
        if let Some(value) = evaluated.value {
            body = match is_form {
                true => {
                    let mut text = String::new();
                    write_form(&value, &mut text).map_err(|error| unaskable(&error.to_string()))?;
                    text.into()
                }
                false => {
                    let mut text = Vec::new();
                    value.write_json(&mut text);
                    text.into()
                }
            };
        }
        own.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    }
    let path = if address.path.is_empty() { "/" } else { &address.path };
    let path = match address.query.is_empty() {
        true => PathAndQuery::try_from(path),
        false => PathAndQuery::try_from(format!("{path}?{}", address.query)),
    };
    let path = path.map_err(|_| unaskable("the mappings give no path that can be asked for"))?;
    let headers = headers::to_rest_source(scope, own, &source.terms.request_headers);
    Ok(Some(Prepared { method: method(request.method), path, headers, body, problems }))
}

/// The headers that the schema gives a request.
fn own_headers<'a>(
    source: &'a RestSource,
    inputs: &Inputs<'a>,
    scope: &Scope<'_>,
    problems: &mut Vec<Problem>,
) -> Result<HeaderMap, Failure> {
    let headers = source.connector.request.iter().flat_map(|request| &request.headers);
    let mut own = HeaderMap::with_capacity(8);
    for header in headers {
        let Ok(name) = HeaderName::from_bytes(header.name.as_bytes()) else { continue };
        match &header.value {
            Given::From(from) => {
                for value in scope.headers.get_all(from.as_str()) {
                    own.append(name.clone(), value.clone());
                }
            }
            Given::Template(template) => {
                let (text, found) = (template.expand(inputs, source.terms.limits))
                    .map_err(|exceeded| Failure::exceeded(source, exceeded))?;
                problems.extend(found);
                if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
                    own.append(name, value);
                }
            }
        }
    }
    Ok(own)
}

/// What a request would be as far as it is known before anything is fetched; none where nothing is asked.
pub(super) fn outline<'a>(
    source: &'a RestSource,
    inputs: &Inputs<'a>,
    scope: &Scope<'_>,
) -> Option<(Method, HeaderMap)> {
    let request = source.connector.request.as_ref()?;
    let mut own = own_headers(source, inputs, scope, &mut Vec::new()).unwrap_or_default();
    if request.body.is_some() {
        own.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    }
    let headers = headers::to_rest_source(scope, own, &source.terms.request_headers);
    Some((method(request.method), headers))
}

const FORM: &str = "application/x-www-form-urlencoded";

impl Prepared {
    /// What it asks, to the letter, of this upstream.
    pub(super) fn question(&self, source: &RestSource) -> Vec<u8> {
        let mut question = Vec::with_capacity(256);
        let mut put = |part: &[u8]| {
            question.extend_from_slice(&(part.len() as u64).to_le_bytes());
            question.extend_from_slice(part);
        };
        // An upstream is one for as long as a graph that uses it lives.
        let upstream = Arc::as_ptr(&source.upstream).addr();
        put(&upstream.to_le_bytes());
        put(self.method.as_str().as_bytes());
        put(self.path.as_str().as_bytes());
        put(&self.body);
        for (name, value) in self.headers.iter().filter(|(name, _)| *name != HOST) {
            put(name.as_str().as_bytes());
            put(value.as_bytes());
        }
        question
    }
}

fn method(method: ConnectMethod) -> Method {
    match method {
        ConnectMethod::Get => Method::GET,
        ConnectMethod::Post => Method::POST,
        ConnectMethod::Put => Method::PUT,
        ConnectMethod::Patch => Method::PATCH,
        ConnectMethod::Delete => Method::DELETE,
    }
}
