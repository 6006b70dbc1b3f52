//! Tells requests that a browser can be made to send from those that somebody meant.
//!
//! **In:** the headers of a `GET`. **Out:** whether it was meant.
//!
//! **Never here:** `POST`: it must be JSON, which no page of another origin can send unasked (`graphql_http`);
//! which origins are let in when a browser asks first (`cors`).
//!
//! **Holds:** a page of any origin can have a browser send a `GET`, with the cookies that it has for us.
//! It cannot set a header of another kind than those of <https://fetch.spec.whatwg.org/#cors-safelisted-request-header>
//! without the browser asking first. Credentials in `authorization` prove nothing: browsers add what they
//! know for a site.
//!
//! **Read first:** [`is_meant`].

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName};

/// Any of these says that the request was meant. Clients of other gateways send theirs.
const PROOFS: [HeaderName; 3] = [
    HeaderName::from_static("graphql-require-preflight"),
    HeaderName::from_static("apollo-require-preflight"),
    HeaderName::from_static("x-apollo-operation-name"),
];

/// Whether no page could have had a browser send this without asking first.
pub(super) fn is_meant(headers: &HeaderMap) -> bool {
    let has_proof = PROOFS.iter().any(|name| headers.get(name).is_some_and(|it| !it.is_empty()));
    has_proof || is_json(headers)
}

/// Whether the content, if there were any, is said to be JSON: exactly, and once.
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let value = value.to_str().unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json") && !value.contains(',')
}
