//! Tells callers where they stand: header fields of rate limits.
//!
//! **In:** a receipt, or why a request was not admitted. **Out:** `RateLimit-Policy`, `RateLimit`,
//! `Retry-After`.
//!
//! **Never here:** their values (`admission`).
//!
//! **Read first:** [`put`].
//!
//! Spec: <https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/>

use http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

use crate::admission::{Refused, Standing};

/// How much is left.
pub(super) const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What a page may read of an answer that tells where its caller stands.
pub(super) const EXPOSED: HeaderValue =
    HeaderValue::from_static("ratelimit, ratelimit-policy, retry-after");

/// Tells where a caller stands. What an upstream says of its own limits is not about this caller.
pub(super) fn put(standing: Standing, headers: &mut HeaderMap) {
    let Standing { policy, limit } = standing;
    for (name, value) in [(RATELIMIT_POLICY, policy), (RATELIMIT, limit)] {
        match value {
            Some(value) => headers.insert(name, value),
            None => headers.remove(name),
        };
    }
}

/// Tells a caller when to come again, if ever.
pub(super) fn put_refused(refused: &Refused, headers: &mut HeaderMap) {
    put(refused.standing.clone(), headers);
    if let Some(seconds) = refused.retry_after_seconds() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
}
