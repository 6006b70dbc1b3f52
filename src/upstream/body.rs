//! Bodies on the way to an upstream and back.
//!
//! **In:** bytes of ours or a client's stream; the stream of an upstream's answer.
//! **Out:** the same as `http_body::Body`s, bounded in size and time.
//!
//! **Never here:** reading what they say.
//!
//! **Holds:** a connection goes back to its pool when the answer was read to its end, and only then.
//!
//! **Read first:** [`PooledBody`].

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Limited;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::deadlines::{Deadline, Deadlines, Phase};
use super::error::{UpstreamError, UpstreamErrorKind};
use super::lease::Lease;

/// The body of a request to an upstream.
#[derive(Debug, Default)]
pub enum OutgoingBody {
    /// Nothing, or nothing more.
    #[default]
    Empty,
    /// Bytes of ours.
    Whole(Bytes),
    /// A client's body, passed on as it comes.
    Stream(ClientBody),
}

/// A client's body on its way through: bounded and counted.
#[derive(Debug)]
pub struct ClientBody {
    body: Limited<Incoming>,
    n_bytes: Arc<AtomicU64>,
}

/// The body of an upstream's answer; it holds the connection until it was read.
#[derive(Debug)]
pub struct PooledBody {
    incoming: Incoming,
    lease: Option<Lease>,
    deadlines: Deadlines,
    /// Until when the next frame is waited for, once it is.
    waiting: Option<Deadline>,
    upstream: Arc<str>,
}

impl ClientBody {
    /// A body of at most `limit` bytes; `n_bytes` counts those that came.
    pub fn new(body: Incoming, limit: usize, n_bytes: Arc<AtomicU64>) -> Self {
        Self { body: Limited::new(body, limit), n_bytes }
    }
}

impl OutgoingBody {
    /// The same body once more, if it can be had.
    pub(super) fn again(&self) -> Option<Self> {
        match self {
            Self::Empty => Some(Self::Empty),
            Self::Whole(bytes) => Some(Self::Whole(bytes.clone())),
            Self::Stream(_) => None,
        }
    }
}

impl PooledBody {
    pub(super) fn new(
        incoming: Incoming,
        lease: Lease,
        deadlines: Deadlines,
        upstream: &Arc<str>,
    ) -> Self {
        let mut this = Self {
            incoming,
            lease: Some(lease),
            deadlines,
            waiting: None,
            upstream: Arc::clone(upstream),
        };
        this.release_at_end();
        this
    }

    /// The size, when the upstream announced it.
    pub fn exact_size(&self) -> Option<u64> {
        self.incoming.size_hint().exact()
    }

    fn release_at_end(&mut self) {
        if self.incoming.is_end_stream()
            && let Some(lease) = self.lease.take()
        {
            lease.give_back();
        }
    }

    fn failed(&mut self, kind: UpstreamErrorKind) -> UpstreamError {
        self.lease = None;
        UpstreamError { upstream: Arc::clone(&self.upstream), kind }
    }

    /// The deadline, when it has passed.
    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<Deadline> {
        let Some(lease) = &mut self.lease else { return Poll::Pending };
        let (_, mut timer) = lease.parts();
        let deadline = *self.waiting.get_or_insert_with(|| {
            let deadline = self.deadlines.until(Phase::Idle);
            timer.as_mut().reset(deadline.at);
            deadline
        });
        timer.poll(context).map(|()| deadline)
    }
}

impl Body for OutgoingBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::Stream(stream) => {
                let polled = Pin::new(&mut stream.body).poll_frame(context);
                if let Poll::Ready(Some(Ok(frame))) = &polled
                    && let Some(data) = frame.data_ref()
                {
                    stream.n_bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
                }
                polled
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Stream(stream) => stream.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream(stream) => stream.body.size_hint(),
        }
    }
}

impl Body for PooledBody {
    type Data = Bytes;
    type Error = UpstreamError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UpstreamError>>> {
        let this = &mut *self;
        // A connection of HTTP/1 is driven by whoever reads from it.
        let polled = match this.lease.as_mut().and_then(|lease| lease.parts().0) {
            Some(http1) => http1.poll_frame(&mut this.incoming, context),
            None => Pin::new(&mut this.incoming).poll_frame(context),
        };
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                if this.deadlines.has_idle() {
                    this.waiting = None;
                }
                this.release_at_end();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                Poll::Ready(Some(Err(this.failed(UpstreamErrorKind::Exchange(error)))))
            }
            Poll::Ready(None) => {
                if let Some(lease) = this.lease.take() {
                    lease.give_back();
                }
                Poll::Ready(None)
            }
            Poll::Pending => {
                this.poll_late(context).map(|deadline| Some(Err(this.failed(deadline.passed()))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
