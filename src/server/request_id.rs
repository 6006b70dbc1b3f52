//! Gives each request its name.
//!
//! **In:** the headers of a request. **Out:** the id that it brings, if it is fit for a log line; else a new one.
//!
//! **Never here:** sending it on (`upstream::headers`).
//!
//! **Holds:** a new id cannot be guessed from others: it is a keyed hash of a count.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use http::HeaderMap;

use crate::upstream::headers::X_REQUEST_ID;

static KEYS: LazyLock<(RandomState, RandomState)> =
    LazyLock::new(|| (RandomState::new(), RandomState::new()));
static COUNT: AtomicU64 = AtomicU64::new(0);

/// The longest id that is taken from a client.
const MAX_LENGTH: usize = 128;

/// The id of a request.
pub(super) fn of(headers: &HeaderMap) -> Arc<str> {
    let is_fit = |id: &&str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(&byte);
        !id.is_empty() && id.len() <= MAX_LENGTH && id.bytes().all(is_plain)
    };
    let brought = headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok()).filter(is_fit);
    brought.map_or_else(fresh, Arc::from)
}

fn fresh() -> Arc<str> {
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let (high, low) = (KEYS.0.hash_one(count), KEYS.1.hash_one(count));
    let mut digits = [0; 32];
    for (i, digit) in digits.iter_mut().enumerate() {
        let half = if i < 16 { high } else { low };
        *digit = b"0123456789abcdef"[(half >> (60 - 4 * (i % 16))) as usize & 15];
    }
    std::str::from_utf8(&digits).unwrap_or_default().into()
}
