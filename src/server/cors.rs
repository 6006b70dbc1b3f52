//! Tells browsers which pages of other origins may use a door.
//!
//! **In:** the headers of a request, the [`CorsSettings`] of its door. **Out:** the answer to a preflight; headers
//! on all other answers.
//!
//! **Never here:** what the settings say (`config::cors`); whether a request is harmless without asking
//! (`csrf`).
//!
//! **Holds:** what an origin may do is said only to an origin that may. Whoever keeps answers learns that
//! they depend on the origin, whether the request had one or not. An upstream's word on the matter
//! counts for nothing where the gateway has its own.
//!
//! **Read first:** [`mark`].
//!
//! Spec: <https://fetch.spec.whatwg.org/#http-cors-protocol>

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method};

use super::reply::{Refusal, Reply};
use super::standing;
use crate::config::CorsSettings;
use crate::pipeline::Facts;

/// The method that a browser asks about, if the request is a preflight.
pub(super) fn asked_method(facts: &Facts) -> Option<Method> {
    if facts.method != Method::OPTIONS || !facts.headers.contains_key(ORIGIN) {
        return None;
    }
    let method = facts.headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
    Method::from_bytes(method.as_bytes()).ok()
}

/// The answer to a preflight: what a page may do, besides what [`mark`] says.
pub(super) fn preflight(cors: &CorsSettings, facts: &Facts) -> Result<Reply, Refusal> {
    if allowed_origin(cors, &facts.headers).is_none() {
        return Err(Refusal::OriginDenied);
    }
    let mut headers = HeaderMap::new();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, cors.methods.clone());
    headers.insert(ACCESS_CONTROL_MAX_AGE, cors.max_age.clone());
    let asked = facts.headers.get(ACCESS_CONTROL_REQUEST_HEADERS);
    if let Some(allowed) = cors.headers.as_ref().or(asked) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed.clone());
    }
    let depends_on = "access-control-request-method, access-control-request-headers";
    headers.insert(VARY, HeaderValue::from_static(depends_on));
    Ok(Reply::Preflight(headers))
}

/// Says on an answer whether the page that asked may read it.
pub(super) fn mark(cors: &CorsSettings, request: &HeaderMap, answer: &mut HeaderMap) {
    for of_upstream in [
        ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_ALLOW_CREDENTIALS,
        ACCESS_CONTROL_EXPOSE_HEADERS,
    ] {
        answer.remove(of_upstream);
    }
    if !cors.allows_all() {
        answer.append(VARY, HeaderValue::from_static("origin"));
    }
    let Some(origin) = allowed_origin(cors, request) else { return };
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if cors.has_credentials {
        answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    if let Some(expose) = &cors.expose {
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, expose.clone());
    }
    if answer.contains_key(standing::RATELIMIT) {
        answer.append(ACCESS_CONTROL_EXPOSE_HEADERS, standing::EXPOSED);
    }
}

/// What the origin of a request is called in the answer; none if it is not let in.
fn allowed_origin(cors: &CorsSettings, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    if cors.allows_all() {
        return Some(HeaderValue::from_static("*"));
    }
    cors.allows(origin.to_str().ok()?).then(|| origin.clone())
}
