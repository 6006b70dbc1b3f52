//! Writes the headers that tell what an operation cost.
//!
//! **In:** what is to be told. **Out:** `x-cost-estimated`, `x-cost-actual`, `x-cost-max`.
//!
//! **Never here:** costs (`pipeline`).

use http::{HeaderMap, HeaderName, HeaderValue};

pub(super) fn put(headers: &mut HeaderMap, told: impl Iterator<Item = (&'static str, u64)>) {
    for (name, value) in told {
        if let Ok(name) = HeaderName::try_from(format!("x-cost-{name}")) {
            headers.insert(name, HeaderValue::from(value));
        }
    }
}
