//! The body of a route's answer, masked as it passes.
//!
//! **In:** an upstream's body and the filter of its route. **Out:** the filtered body.
//!
//! **Never here:** filtering (`masks`), which answers are filtered (`routes`).
//!
//! **Holds:** where the upstream's body is not one JSON text, the client's breaks off: what came before was
//! filtered, and nothing of the rest is given out.
//!
//! **Read first:** [`MaskedBody`].

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::BoxError;
use bytes::Bytes;
use hyper::body::{Body, Frame};
use thiserror::Error;

use crate::masks::{JsonFilter, Unreadable};
use crate::upstream::PooledBody;

/// A body that is filtered.
pub(super) struct MaskedBody {
    body: PooledBody,
    filter: Box<JsonFilter>,
    /// Whether anything came: no body at all is no JSON, and has nothing to hide.
    has_begun: bool,
    is_over: bool,
}

/// The upstream's body could not be filtered.
#[derive(Debug, Error)]
#[error("the upstream's body cannot be masked: {0}")]
pub(super) struct BrokenOff(#[source] Unreadable);

impl MaskedBody {
    pub(super) fn new(body: PooledBody, filter: Box<JsonFilter>) -> Self {
        let is_over = body.is_end_stream();
        Self { body, filter, has_begun: false, is_over }
    }
}

impl Body for MaskedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        while !this.is_over {
            let filtered = match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        this.has_begun |= !data.is_empty();
                        this.filter.push(&data)
                    }
                    // Trailers would speak of other bytes.
                    Err(_) => continue,
                },
                Some(Err(error)) => {
                    this.is_over = true;
                    return Poll::Ready(Some(Err(error.into())));
                }
                None => {
                    this.is_over = true;
                    if this.has_begun { this.filter.finish() } else { Ok(Vec::new()) }
                }
            };
            match filtered {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Poll::Ready(Some(Ok(Frame::data(bytes.into())))),
                Err(error) => {
                    this.is_over = true;
                    return Poll::Ready(Some(Err(BrokenOff(error).into())));
                }
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }
}
