//! Drives a connection of HTTP/1 from within the request that uses it.
//!
//! **In:** an open stream, a request. **Out:** the head of its answer, then the frames of its body.
//!
//! **Never here:** deadlines and reuse (`pool`).
//!
//! **Holds:** no task stands behind a connection: whoever waits for the answer drives it, so a request
//! wakes one task only, and dropping it closes the connection at once. What hyper wakes while it is being
//! driven is driven again in the same turn, a bounded number of times.
//!
//! **Read first:** [`Http1::exchange`].

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;
use http::{Request, Response};
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;

use super::body::OutgoingBody;
use super::connect::Stream;

/// A connection that carries one exchange at a time.
pub(super) struct Http1 {
    sender: SendRequest<OutgoingBody>,
    /// Gone when the other side has ended it.
    connection: Option<Connection<TokioIo<Stream>, OutgoingBody>>,
    turn: Arc<Turn>,
    waker: Waker,
}

/// Wakes whoever drives a connection, unless they are driving it right now.
#[derive(Default)]
struct Turn {
    state: AtomicU8,
    driver: AtomicWaker,
}

const RESTING: u8 = 0;
const DRIVING: u8 = 1;
const DRIVE_AGAIN: u8 = 2;

/// How often one turn drives. A task that has spent its budget is woken without end; the next turn is for it.
const MAX_DRIVES: usize = 8;

impl Http1 {
    /// Speaks HTTP/1 on a stream; heads of answers may have `max_head` bytes.
    pub(super) async fn new(stream: Stream, max_head: usize) -> hyper::Result<Self> {
        let handshake = Builder::new().max_header_size(max_head).handshake(TokioIo::new(stream));
        let (sender, connection) = handshake.await?;
        let turn = Arc::new(Turn::default());
        let waker = Waker::from(Arc::clone(&turn));
        Ok(Self { sender, connection: Some(connection), turn, waker })
    }

    /// Sends a request; ready when the head of the answer is there.
    pub(super) async fn exchange(
        &mut self,
        request: Request<OutgoingBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<OutgoingBody>>> {
        let Self { sender, connection, turn, waker } = self;
        let mut response = pin!(sender.try_send_request(request));
        std::future::poll_fn(|context| {
            drive(connection, turn, waker, context, |context| response.as_mut().poll(context))
        })
        .await
    }

    /// The next frame of the answer's body.
    pub(super) fn poll_frame(
        &mut self,
        incoming: &mut Incoming,
        context: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<bytes::Bytes>>>> {
        let Self { connection, turn, waker, .. } = self;
        drive(connection, turn, waker, context, |context| {
            Pin::new(&mut *incoming).poll_frame(context)
        })
    }

    /// Whether it can carry another exchange: the last one is complete, and the other side still listens.
    pub(super) fn is_ready(&mut self) -> bool {
        let Self { sender, connection, turn, waker } = self;
        let mut idle = Context::from_waker(Waker::noop());
        let _: Poll<()> = drive(connection, turn, waker, &mut idle, |_| Poll::Pending);
        connection.is_some() && sender.is_ready()
    }
}

/// Drives a connection until what is waited for is there, or nothing moves any more.
fn drive<T>(
    connection: &mut Option<Connection<TokioIo<Stream>, OutgoingBody>>,
    turn: &Turn,
    waker: &Waker,
    context: &mut Context<'_>,
    mut wanted: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    turn.driver.register(context.waker());
    turn.state.store(DRIVING, Ordering::Release);
    let mut inner = Context::from_waker(waker);
    for _ in 0..MAX_DRIVES {
        if let Some(driven) = connection.as_mut()
            && Pin::new(driven).poll(&mut inner).is_ready()
        {
            // Its errors reach whoever waits for an answer on it, once it is dropped.
            *connection = None;
        }
        if let Poll::Ready(ready) = wanted(&mut inner) {
            turn.state.store(RESTING, Ordering::Release);
            return Poll::Ready(ready);
        }
        let rest =
            turn.state.compare_exchange(DRIVING, RESTING, Ordering::AcqRel, Ordering::Acquire);
        if rest.is_ok() {
            return Poll::Pending;
        }
        turn.state.store(DRIVING, Ordering::Release);
    }
    turn.state.store(RESTING, Ordering::Release);
    context.waker().wake_by_ref();
    Poll::Pending
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let again =
            self.state.compare_exchange(DRIVING, DRIVE_AGAIN, Ordering::AcqRel, Ordering::Acquire);
        if again == Err(RESTING) {
            self.driver.wake();
        }
    }
}
