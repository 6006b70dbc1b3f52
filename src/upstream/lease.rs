//! A connection in use: one exchange on it, under a deadline.
//!
//! **In:** a request. **Out:** the head of its answer; then the connection for whoever reads the body.
//!
//! **Never here:** which connection (`pool`).
//!
//! **Holds:** a lease that is dropped closes its connection of HTTP/1, or resets its stream of HTTP/2; only
//! one that is given back is kept.
//!
//! **Read first:** [`Lease::exchange`].

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use tokio::time::{Instant, Sleep};

use super::body::OutgoingBody;
use super::deadlines::Deadline;
use super::http1::Http1;
use super::http2::Place;
use super::permits::Permit;
use super::pool::Pool;

/// A connection of HTTP/1 with its permit, and the timer of whichever request uses it.
pub(super) struct Kept {
    pub(super) http1: Http1,
    pub(super) timer: Pin<Box<Sleep>>,
    pub(super) permit: Permit<Box<Kept>>,
    /// When its last exchange began.
    pub(super) since: Instant,
}

/// A connection in use.
pub(super) struct Lease {
    pub(super) used: Used,
    pub(super) is_reused: bool,
    pub(super) pool: Arc<Pool>,
}

/// What of a connection is in use.
pub(super) enum Used {
    /// One of HTTP/1.
    Whole(Box<Kept>),
    /// A stream of one of HTTP/2.
    Place(Box<Seat>),
}

/// A place of a share's connection.
pub(super) struct Seat {
    pub(super) place: Option<Place>,
    pub(super) timer: Pin<Box<Sleep>>,
    pub(super) pool: Arc<Pool>,
    pub(super) share: usize,
}

/// Why an exchange has no answer.
pub(super) enum Broken {
    /// It broke.
    Exchange(Box<TrySendError<Request<OutgoingBody>>>),
    /// It took too long.
    Late(Deadline),
}

impl Lease {
    /// Sends a request; ready when the head of the answer is there, or when its time is over.
    pub(super) async fn exchange(
        &mut self,
        request: Request<OutgoingBody>,
        deadline: Deadline,
    ) -> Result<Response<Incoming>, Broken> {
        let ended = match &mut self.used {
            Used::Whole(kept) => {
                before(deadline, kept.timer.as_mut(), kept.http1.exchange(request)).await
            }
            Used::Place(seat) => {
                let Seat { place, timer, .. } = &mut **seat;
                let place = place.as_mut().expect("a seat has a place until it is dropped");
                before(deadline, timer.as_mut(), place.exchange(request)).await
            }
        };
        match ended {
            Some(Ok(response)) => Ok(response),
            Some(Err(error)) => Err(Broken::Exchange(Box::new(error))),
            None => Err(Broken::Late(deadline)),
        }
    }

    /// Whether the connection was used before.
    pub(super) fn is_reused(&self) -> bool {
        self.is_reused
    }

    /// The connection of HTTP/1, which its user drives; and the timer.
    pub(super) fn parts(&mut self) -> (Option<&mut Http1>, Pin<&mut Sleep>) {
        match &mut self.used {
            Used::Whole(kept) => (Some(&mut kept.http1), kept.timer.as_mut()),
            Used::Place(seat) => (None, seat.timer.as_mut()),
        }
    }

    /// Back to the pool: its exchange is complete.
    pub(super) fn give_back(self) {
        if let Used::Whole(mut kept) = self.used
            && kept.http1.is_ready()
        {
            self.pool.keep(kept);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        drop(self.place.take());
        self.pool.leave(self.share);
    }
}

/// What a future comes to before a deadline. The timer is kept for the next request: setting it to a
/// later moment costs next to nothing.
async fn before<F: Future>(
    deadline: Deadline,
    mut timer: Pin<&mut Sleep>,
    future: F,
) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut is_set = false;
    std::future::poll_fn(|context| {
        if let Poll::Ready(ready) = future.as_mut().poll(context) {
            return Poll::Ready(Some(ready));
        }
        if !is_set {
            timer.as_mut().reset(deadline.at);
            is_set = true;
        }
        timer.as_mut().poll(context).map(|()| None)
    })
    .await
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({})", self.pool.address().name)
    }
}
