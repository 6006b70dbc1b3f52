//! Shares a connection of HTTP/2 among requests.
//!
//! **In:** an open stream, then requests, each with a [`Place`]. **Out:** the heads of their answers.
//!
//! **Never here:** how many connections there are (`pool`).
//!
//! **Holds:** a connection carries at most [`MAX_STREAMS`] requests at once while another may be opened.
//! Dropping a request resets its stream and leaves the others alone.
//!
//! **Read first:** [`Http2`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use super::body::OutgoingBody;
use super::connect::Stream;

/// Requests that one connection carries at once before another is opened.
const MAX_STREAMS: usize = 100;

/// What may be under way to us, on one stream and on all, before we say that we read on.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;

/// A connection that does not answer a ping for so long is dead; asked only while requests wait on it.
const PING: Duration = Duration::from_secs(20);

/// A connection that carries many exchanges at a time.
#[derive(Clone)]
pub(super) struct Http2 {
    sender: SendRequest<OutgoingBody>,
    n_streams: Arc<AtomicUsize>,
}

/// A request's place on a connection.
pub(super) struct Place {
    http2: Http2,
}

impl Http2 {
    /// Speaks HTTP/2 on a stream; heads of answers may have `max_head` bytes.
    pub(super) async fn new(stream: Stream, max_head: usize) -> hyper::Result<Self> {
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(u32::try_from(max_head).unwrap_or(u32::MAX))
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .handshake(TokioIo::new(stream))
            .await?;
        // Its errors also reach whoever waits for an answer on it.
        tokio::spawn(connection);
        Ok(Self { sender, n_streams: Arc::default() })
    }

    /// Whether it takes no more requests: it is closed, or the other side has said goodbye.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// How many requests it carries.
    pub(super) fn n_streams(&self) -> usize {
        self.n_streams.load(Ordering::Relaxed)
    }

    /// Whether it carries as many as it should.
    pub(super) fn is_full(&self) -> bool {
        self.n_streams() >= MAX_STREAMS
    }

    /// A place for one more request.
    pub(super) fn place(&self) -> Place {
        self.n_streams.fetch_add(1, Ordering::Relaxed);
        Place { http2: self.clone() }
    }
}

impl Place {
    /// Sends a request; ready when the head of the answer is there.
    pub(super) async fn exchange(
        &mut self,
        request: Request<OutgoingBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<OutgoingBody>>> {
        self.http2.sender.try_send_request(request).await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.http2.n_streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether the other side has said that it did nothing for a request (RFC 9113, section 8.7).
pub(super) fn is_refused(error: &hyper::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(error) = cause.downcast_ref::<h2::Error>() {
            let reason = error.reason();
            // An orderly goodbye fails only the streams above the last one that it will answer.
            let is_goodbye = error.is_go_away() && reason == Some(h2::Reason::NO_ERROR);
            let is_refusal = error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM);
            return error.is_remote() && (is_goodbye || is_refusal);
        }
        source = cause.source();
    }
    false
}
