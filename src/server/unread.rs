//! Reads what a refused client still sends, if it is little.
//!
//! **In:** the body of a request whose answer is known already. **Out:** nothing.
//!
//! **Never here:** bodies that somebody reads.
//!
//! **Holds:** bounded in size and time. Without it the answer may be lost: a connection of HTTP/1.1 ends with
//! a reset when there are bytes that nobody reads, and clients of HTTP/2 may take the end of their stream for
//! a failure, although the specification forbids it (RFC 9113, section 8.1).

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

/// What a request to the GraphQL door has mostly less than.
const MAX_BYTES: usize = 64 * 1024;

/// Longer than a body takes that is on its way.
const PATIENCE: Duration = Duration::from_millis(500);

/// Reads a body that is small, and forgets it.
pub(super) async fn swallow(mut body: Incoming) {
    if body.is_end_stream() || body.size_hint().lower() > MAX_BYTES as u64 {
        return;
    }
    let reading = async {
        let mut n_bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            n_bytes += frame.data_ref().map_or(0, bytes::Bytes::len);
            if n_bytes > MAX_BYTES {
                break;
            }
        }
    };
    let _ = timeout(PATIENCE, reading).await;
}
