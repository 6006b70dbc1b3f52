//! Tells requests that a browser can be made to send from those that somebody meant.
//!
//! **In:** the headers of a `GET` to the GraphQL door, or of a request to a route. **Out:** whether it was meant.
//!
//! **Never here:** `POST` to the GraphQL door: it must be JSON, which no page of another origin can send
//! unasked (`graphql_http`); which origins are let in when a browser asks first (`config::cors`).
//!
//! **Holds:** a page of any origin can have a browser send a `GET`, with the cookies that it has for us.
//! It cannot set a header of another kind than those of <https://fetch.spec.whatwg.org/#cors-safelisted-request-header>
//! without the browser asking first. Credentials in `authorization` prove nothing: browsers add what they
//! know for a site. On routes only what changes something is looked at, and only where a credential came
//! that browsers add by themselves: what other clients send is never refused here.
//!
//! **Read first:** [`is_meant`], [`is_foreign`].

use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, Uri};

use crate::config::CorsSettings;
use crate::pipeline::Facts;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

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

/// Whether a page of another origin had a browser send a request that may change something. Browsers say so in
/// `sec-fetch-site`; older ones, and all in the clear, give the origin alone.
pub(super) fn is_foreign(facts: &Facts, uri: &Uri, cors: Option<&CorsSettings>) -> bool {
    if facts.method.is_safe() {
        return false;
    }
    let text = |name: HeaderName| facts.headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let origin = text(ORIGIN);
    match (text(SEC_FETCH_SITE), origin) {
        (Some("same-origin" | "none"), _) | (None, None) => return false,
        (None, Some(origin)) if is_own(origin, facts, uri) => return false,
        _ => {}
    }
    // Where all origins are let in, browsers are to send no credentials.
    !cors.is_some_and(|cors| !cors.allows_all() && origin.is_some_and(|it| cors.allows(it)))
}

/// Whether an origin is the host that was asked, as far as that can be told without knowing the scheme.
fn is_own(origin: &str, facts: &Facts, uri: &Uri) -> bool {
    // Only what a trusted proxy says is still there.
    let told = facts.headers.get(X_FORWARDED_HOST).or_else(|| facts.headers.get(HOST));
    let host = told.and_then(|host| host.to_str().ok());
    let host = host.or_else(|| uri.authority().map(Authority::as_str));
    let of_origin = origin.split_once("://").map(|(_, host)| host);
    host.is_some() && of_origin == host
}

/// Whether the content, if there were any, is said to be JSON: exactly, and once.
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let value = value.to_str().unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json") && !value.contains(',')
}
