//! Ends the patience with clients that are slow to send their headers, without a timer for each request.
//!
//! **In:** the moments until which connections wait for headers. **Out:** those that are over, to be woken.
//!
//! **Never here:** how long that is (`config::limits`), connections (`connections`).
//!
//! **Holds:** HTTP/1 waits as hyper says; a connection of HTTP/2 waits while nothing is under way on it. A
//! request of HTTP/1 costs two stores and no look at the clock; all waits are looked through together,
//! once a [`Clock::tick`]. Nobody is cut off before its time, and at most two ticks after it.
//!
//! **Read first:** [`Patience`].

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// The clock of all connections of a runtime; it goes forward with each look through them.
pub(super) struct Clock {
    began: tokio::time::Instant,
    now: AtomicU64,
    /// How often it is to be moved.
    pub(super) tick: Duration,
}

/// The timer of one connection, for hyper.
#[derive(Clone)]
pub(super) struct Patience {
    clock: Arc<Clock>,
    wait: Arc<Wait>,
}

/// A request of HTTP/2. While there is one its connection waits for nothing.
pub(super) struct UnderWay(Patience);

/// What a connection waits for, in milliseconds of its clock.
struct Wait {
    time: Duration,
    until: AtomicU64,
    is_over: AtomicBool,
    /// Whether hyper has taken over. It does so once it knows the version, for HTTP/1 only.
    is_hypers: AtomicBool,
    /// Requests of HTTP/2, and whether there was ever one.
    n_under_way: AtomicUsize,
    was_asked: AtomicBool,
}

/// Waits for nothing.
const NOTHING: u64 = u64::MAX;

/// One wait for headers.
struct Waiting(Arc<Wait>);

impl Clock {
    /// A clock for waits of this length.
    pub(super) fn new(wait: Duration) -> Self {
        let tick = (wait / 4).clamp(Duration::from_millis(10), Duration::from_secs(1));
        Self { began: tokio::time::Instant::now(), now: AtomicU64::new(0), tick }
    }

    /// Moves the clock to the present.
    pub(super) fn go_on(&self) {
        self.now.store(milliseconds(self.began.elapsed()), Ordering::Relaxed);
    }
}

impl Patience {
    /// For a connection that may let us wait for this long.
    pub(super) fn new(clock: &Arc<Clock>, time: Duration) -> Self {
        let wait = Wait {
            time,
            until: AtomicU64::new(NOTHING),
            is_over: AtomicBool::new(false),
            is_hypers: AtomicBool::new(false),
            n_under_way: AtomicUsize::new(0),
            was_asked: AtomicBool::new(false),
        };
        Self { clock: Arc::clone(clock), wait: Arc::new(wait) }
    }

    /// The next request must come in time, beginning now: the connection was opened, or nothing is left to
    /// be answered.
    pub(super) fn begin(&self) {
        self.wait_until(self.now() + self.wait.time);
    }

    /// A request has come. Of HTTP/2, the connection waits again once all that came are answered.
    pub(super) fn asked(&self) -> Option<UnderWay> {
        if self.wait.is_hypers.load(Ordering::Relaxed) {
            return None;
        }
        self.wait.until.store(NOTHING, Ordering::Relaxed);
        self.wait.was_asked.store(true, Ordering::Relaxed);
        self.wait.n_under_way.fetch_add(1, Ordering::Relaxed);
        Some(UnderWay(self.clone()))
    }

    /// Whether any request of HTTP/2 has come: such a client is owed a goodbye.
    pub(super) fn was_asked(&self) -> bool {
        self.wait.was_asked.load(Ordering::Relaxed)
    }

    /// Whether the next request did not come in time, and hyper knows nothing of it.
    pub(super) fn is_lost(&self) -> bool {
        let load = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        load(&self.wait.is_over) && !load(&self.wait.is_hypers)
    }

    fn wait_until(&self, deadline: Instant) {
        // The clock is up to a tick behind.
        let wait = deadline.saturating_duration_since(self.clock.began.into_std());
        self.wait.is_over.store(false, Ordering::Relaxed);
        self.wait.until.store(milliseconds(wait + self.clock.tick), Ordering::Relaxed);
    }

    /// Whether its connection must be woken, for it has waited long enough.
    pub(super) fn is_over(&self) -> bool {
        let is_over =
            self.wait.until.load(Ordering::Relaxed) <= self.clock.now.load(Ordering::Relaxed);
        if is_over {
            self.wait.is_over.store(true, Ordering::Relaxed);
        }
        is_over
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if self.0.wait.n_under_way.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.begin();
        }
    }
}

impl Timer for Patience {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.wait.is_hypers.store(true, Ordering::Relaxed);
        self.wait_until(deadline);
        Box::pin(Waiting(Arc::clone(&self.wait)))
    }

    fn now(&self) -> Instant {
        let now = Duration::from_millis(self.clock.now.load(Ordering::Relaxed));
        self.clock.began.into_std() + now
    }
}

impl Future for Waiting {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        // Whoever looks through all waits wakes the connection as a whole.
        match self.0.is_over.load(Ordering::Relaxed) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

impl Sleep for Waiting {}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.until.store(NOTHING, Ordering::Relaxed);
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NOTHING - 1)
}
