//! Writes the `server-timing` header: the fetches of a response and the whole.
//!
//! **In:** fetch records. **Out:** one header that browsers' tools draw.
//!
//! **Never here:** measuring.
//!
//! Spec: <https://www.w3.org/TR/server-timing/>

use std::fmt::Write;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::telemetry::FetchRecord;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

pub(super) fn put(headers: &mut HeaderMap, fetches: &[FetchRecord], whole: Duration) {
    let mut text = String::new();
    for fetch in fetches {
        let milliseconds = fetch.duration.as_secs_f64() * 1e3;
        // A subgraph's name may hold what a quoted string must not.
        let name = fetch.subgraph.replace(['"', '\\'], "_");
        let _ = write!(text, "fetch{};desc=\"{name}\";dur={milliseconds:.2}, ", fetch.id);
    }
    let _ = write!(text, "total;dur={:.2}", whole.as_secs_f64() * 1e3);
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(SERVER_TIMING, value);
    }
}
