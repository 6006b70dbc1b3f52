//! The connections to one target: kept open, bounded in number, a share of them for each worker.
//!
//! **In:** a wish for a connection. **Out:** a [`Lease`], given back after a whole exchange, or dropped
//! and thereby closed.
//!
//! **Never here:** which target (`upstream`), who waits and in which order (`permits`).
//!
//! **Holds:** leased and idle connections together never exceed the bound: each has a permit. A connection
//! is used by the worker that opened it, so that a call never crosses cores; one that lies idle in another
//! share is closed when its permit is needed. The youngest idle one is used first, so that the surplus
//! grows old and is closed.
//!
//! **Read first:** [`Pool::check_out`].

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};
use url::Url;

use super::connect::{Address, Connector, Stream};
use super::deadlines::{Deadlines, Phase};
use super::error::UpstreamErrorKind;
use super::http1::Http1;
use super::http2::{Http2, Place};
use super::lease::{Kept, Lease, Seat, Used};
use super::permits::{Handed, Permit, Permits};
use super::share;
use crate::config::{HttpVersion, UpstreamSettings};

/// How long an idle connection is kept. Most servers close theirs after a minute or more.
const MAX_IDLE: Duration = Duration::from_secs(50);

/// The connections to one target.
pub(super) struct Pool {
    address: Address,
    connector: Arc<Connector>,
    http: HttpVersion,
    max_head: usize,
    n_workers: usize,
    permits: Arc<Permits<Box<Kept>>>,
    shares: Box<[Share]>,
}

/// What one worker has.
#[derive(Default)]
struct Share {
    /// Of HTTP/1, the youngest last.
    idle: Mutex<VecDeque<Box<Kept>>>,
    /// Of HTTP/2, idle or not.
    shared: Mutex<Vec<Shared>>,
    /// Held while one of HTTP/2 is opened: the others wait for that one.
    opening: tokio::sync::Mutex<()>,
}

/// A connection of HTTP/2 with its permit.
struct Shared {
    http2: Http2,
    permit: Permit<Box<Kept>>,
    since: Instant,
}

impl Pool {
    pub(super) fn new(
        url: &Url,
        settings: &UpstreamSettings,
        connector: Arc<Connector>,
        n_workers: usize,
    ) -> Self {
        let n_shares = share::count(n_workers);
        let max = settings.max_connections as usize;
        Self {
            address: Address::of(url),
            connector,
            http: settings.http,
            max_head: settings.max_response_headers,
            n_workers,
            permits: Arc::new(Permits::new(max, n_shares)),
            shares: (0..n_shares).map(|_| Share::default()).collect(),
        }
    }

    /// A connection that can be written to: the youngest idle one of this worker, or a new one.
    pub(super) async fn check_out(
        self: &Arc<Self>,
        deadlines: &Deadlines,
    ) -> Result<Lease, UpstreamErrorKind> {
        let share = share::of_this_thread(self.n_workers);
        if self.http == HttpVersion::One {
            return match self.take_idle(share, deadlines.began) {
                Some(kept) => Ok(self.lease(kept, true)),
                // Seldom, and large: a handshake would make room for itself in every request.
                None => Box::pin(self.open(share, deadlines)).await,
            };
        }
        match self.take_place(share, deadlines, Http2::is_full) {
            Some(lease) => Ok(lease),
            None => Box::pin(self.open_shared(share, deadlines)).await,
        }
    }

    /// Where its target is.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    fn lease(self: &Arc<Self>, kept: Box<Kept>, is_reused: bool) -> Lease {
        Lease { used: Used::Whole(kept), is_reused, pool: Arc::clone(self) }
    }

    fn take_idle(&self, share: usize, now: Instant) -> Option<Box<Kept>> {
        loop {
            let mut idle = lock(&self.shares[share].idle);
            let is_old =
                |kept: &mut Box<Kept>| now.saturating_duration_since(kept.since) > MAX_IDLE;
            let old = idle.pop_front_if(is_old);
            let kept = if old.is_none() { idle.pop_back() } else { None };
            drop(idle);
            // Closed only now, for its permit may be handed to somebody.
            if old.is_none() {
                let mut kept = kept?;
                // Ready at once, unless the other side closed it meanwhile.
                if kept.http1.is_ready() {
                    return Some(kept);
                }
            }
        }
    }

    /// Opens a connection of HTTP/1; waits for the permit, or for a connection that comes free.
    async fn open(
        self: &Arc<Self>,
        share: usize,
        deadlines: &Deadlines,
    ) -> Result<Lease, UpstreamErrorKind> {
        let permit = match self.permit_or_kept(share, deadlines).await? {
            Handed::Permit(permit) => permit,
            Handed::Connection(mut kept) => match kept.http1.is_ready() {
                true => return Ok(self.lease(kept, true)),
                false => kept.permit,
            },
        };
        let opening = async {
            let stream = self.connector.connect(&self.address).await?;
            Http1::new(stream, self.max_head).await.map_err(UpstreamErrorKind::exchange)
        };
        let http1 = self.in_time(opening, deadlines).await?;
        let timer = Box::pin(sleep_until(deadlines.whole().at));
        Ok(self.lease(Box::new(Kept { http1, timer, permit, since: deadlines.began }), false))
    }

    async fn in_time<T>(
        &self,
        opening: impl Future<Output = Result<T, UpstreamErrorKind>>,
        deadlines: &Deadlines,
    ) -> Result<T, UpstreamErrorKind> {
        let deadline = deadlines.until(Phase::Connect);
        match timeout_at(deadline.at, opening).await {
            Ok(opened) => opened,
            Err(_) => {
                let target = Arc::clone(&self.address.name);
                Err(UpstreamErrorKind::ConnectTimeout { target, after: deadline.after })
            }
        }
    }

    async fn permit_or_kept(
        &self,
        share: usize,
        deadlines: &Deadlines,
    ) -> Result<Handed<Box<Kept>>, UpstreamErrorKind> {
        if let Some(permit) = self.permit(share) {
            return Ok(Handed::Permit(permit));
        }
        let handed = self.permits.wait(share);
        // Something may have come free between the look and the queue.
        if let Some(kept) = self.take_idle(share, deadlines.began) {
            return Ok(Handed::Connection(kept));
        }
        if let Some(permit) = self.permit(share) {
            return Ok(Handed::Permit(permit));
        }
        match timeout_at(deadlines.whole().at, handed).await {
            Ok(Ok(handed)) => Ok(handed),
            Ok(Err(_)) | Err(_) => Err(self.none_free(deadlines)),
        }
    }

    fn none_free(&self, deadlines: &Deadlines) -> UpstreamErrorKind {
        let target = Arc::clone(&self.address.name);
        UpstreamErrorKind::NoConnectionFree { target, after: deadlines.whole().after }
    }

    /// A free permit, or that of a connection which lies idle in another share.
    fn permit(&self, share: usize) -> Option<Permit<Box<Kept>>> {
        if let Some(permit) = self.permits.try_take(share) {
            return Some(permit);
        }
        let others = self.shares.iter().enumerate().filter(|(other, _)| *other != share);
        for (_, other) in others {
            let oldest = lock(&other.idle).pop_front();
            if let Some(kept) = oldest {
                return Some(kept.permit.moved_to(share));
            }
            let mut shared = lock(&other.shared);
            if let Some(i) = shared.iter().position(|shared| shared.http2.n_streams() == 0) {
                return Some(shared.swap_remove(i).permit.moved_to(share));
            }
        }
        None
    }

    /// A place on the least busy connection of HTTP/2 that is not too full.
    fn take_place(
        self: &Arc<Self>,
        share: usize,
        deadlines: &Deadlines,
        is_full: fn(&Http2) -> bool,
    ) -> Option<Lease> {
        let now = deadlines.began;
        let is_old = |shared: &Shared| {
            shared.http2.n_streams() == 0 && now.saturating_duration_since(shared.since) > MAX_IDLE
        };
        let mut all = lock(&self.shares[share].shared);
        let closed: Vec<Shared> =
            all.extract_if(.., |shared| shared.http2.is_closed() || is_old(shared)).collect();
        let least = all.iter_mut().min_by_key(|shared| shared.http2.n_streams());
        let place = least.filter(|least| !is_full(&least.http2)).map(|least| {
            least.since = now;
            least.http2.place()
        });
        drop(all);
        // Their permits may be handed to somebody.
        drop(closed);
        Some(self.seat(place?, share, deadlines, true))
    }

    fn seat(
        self: &Arc<Self>,
        place: Place,
        share: usize,
        deadlines: &Deadlines,
        is_reused: bool,
    ) -> Lease {
        let timer = Box::pin(sleep_until(deadlines.whole().at));
        let seat = Seat { place: Some(place), timer, pool: Arc::clone(self), share };
        Lease { used: Used::Place(Box::new(seat)), is_reused, pool: Arc::clone(self) }
    }

    async fn open_shared(
        self: &Arc<Self>,
        share: usize,
        deadlines: &Deadlines,
    ) -> Result<Lease, UpstreamErrorKind> {
        let opening = timeout_at(deadlines.whole().at, self.shares[share].opening.lock()).await;
        let _opening = opening.map_err(|_| self.none_free(deadlines))?;
        if let Some(lease) = self.take_place(share, deadlines, Http2::is_full) {
            return Ok(lease);
        }
        let permit = match self.permit(share) {
            Some(permit) => permit,
            // Rather a place in the queue of a busy connection than a wait for an idle one.
            None => match self.take_place(share, deadlines, |_| false) {
                Some(lease) => return Ok(lease),
                None => match self.permit_or_kept(share, deadlines).await? {
                    Handed::Permit(permit) => permit,
                    Handed::Connection(kept) => kept.permit,
                },
            },
        };
        let opening = async {
            let stream: Stream = self.connector.connect(&self.address).await?;
            Http2::new(stream, self.max_head).await.map_err(UpstreamErrorKind::exchange)
        };
        let http2 = self.in_time(opening, deadlines).await?;
        let place = http2.place();
        lock(&self.shares[share].shared).push(Shared { http2, permit, since: deadlines.began });
        Ok(self.seat(place, share, deadlines, false))
    }

    /// Keeps a connection, or hands it or its permit to whoever waits.
    pub(super) fn keep(&self, kept: Box<Kept>) {
        let share = kept.permit.share();
        lock(&self.shares[share].idle).push_back(kept);
        while self.permits.is_awaited() {
            let Some(kept) = lock(&self.shares[share].idle).pop_back() else { return };
            let unwanted = match self.permits.next(share) {
                Some((next, hand)) if next == share => {
                    hand.send(Handed::Connection(kept)).err().and_then(Handed::connection)
                }
                Some((next, hand)) => {
                    // Refused, it goes to the next by itself.
                    let _ = hand.send(Handed::Permit(kept.permit.moved_to(next)));
                    None
                }
                None => Some(kept),
            };
            if let Some(kept) = unwanted {
                lock(&self.shares[share].idle).push_back(kept);
            }
        }
    }

    /// A request of HTTP/2 is over: a connection that has no other is closed if somebody waits for its permit.
    pub(super) fn leave(&self, share: usize) {
        if !self.permits.is_awaited() {
            return;
        }
        let mut shared = lock(&self.shares[share].shared);
        let idle: Vec<Shared> =
            shared.extract_if(.., |shared| shared.http2.n_streams() == 0).collect();
        drop(shared);
        drop(idle);
    }
}

impl Handed<Box<Kept>> {
    fn connection(self) -> Option<Box<Kept>> {
        match self {
            Self::Connection(kept) => Some(kept),
            Self::Permit(_) => None,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({})", self.address.name)
    }
}
