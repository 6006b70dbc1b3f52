//! Counts the connections to one target, and says who may open one.
//!
//! **In:** wishes for a connection, by share. **Out:** [`Permit`]s, one a connection, open or idle; to those
//! who must wait, what another gives back.
//!
//! **Never here:** connections themselves (`pool`).
//!
//! **Holds:** never more permits than the bound. Nobody waits while a permit is free. A share serves its own
//! first, so that a connection goes on without crossing cores, unless it has more than its part of the bound and
//! another that waits has less; where the bound is too small to have parts, all are served in turn. So nobody
//! waits for ever.
//!
//! **Read first:** [`Permits::try_take`], [`Permits::next`].

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// The right to one connection. Dropped, it goes to whoever waits.
pub(super) struct Permit<C: Send> {
    permits: Arc<Permits<C>>,
    share: usize,
}

/// What a waiting request is handed.
pub(super) enum Handed<C: Send> {
    /// A connection of its own share.
    Connection(C),
    /// The right to open one.
    Permit(Permit<C>),
}

/// Where a waiting request is handed something.
pub(super) type Hand<C> = oneshot::Sender<Handed<C>>;

/// The permits of one target; `C` is a kept connection.
pub(super) struct Permits<C: Send> {
    books: Mutex<Books<C>>,
    /// Length of the queue, to be read without its lock.
    n_waiting: AtomicUsize,
    /// How many each share may hold while others wait; none when there are fewer permits than shares.
    part: usize,
}

/// Each with the number of its turn.
type Queue<C> = VecDeque<(u64, Hand<C>)>;

struct Books<C: Send> {
    free: usize,
    /// By share.
    held: Box<[usize]>,
    /// By share.
    waiting: Box<[Queue<C>]>,
    next_turn: u64,
}

impl<C: Send> Permits<C> {
    pub(super) fn new(max: usize, n_shares: usize) -> Self {
        let books = Books {
            free: max,
            held: vec![0; n_shares].into(),
            waiting: (0..n_shares).map(|_| VecDeque::new()).collect(),
            next_turn: 0,
        };
        let (books, n_waiting) = (Mutex::new(books), AtomicUsize::new(0));
        Self { books, n_waiting, part: max / n_shares }
    }

    /// A permit, if one is free.
    pub(super) fn try_take(self: &Arc<Self>, share: usize) -> Option<Permit<C>> {
        let mut books = self.books();
        books.free = books.free.checked_sub(1)?;
        books.held[share] += 1;
        Some(Permit { permits: Arc::clone(self), share })
    }

    /// Queues up. Who does so must look once more for what came free meanwhile.
    pub(super) fn wait(&self, share: usize) -> oneshot::Receiver<Handed<C>> {
        let (hand, handed) = oneshot::channel();
        let mut books = self.books();
        let turn = books.next_turn;
        books.next_turn += 1;
        books.waiting[share].push_back((turn, hand));
        self.n_waiting.fetch_add(1, Ordering::SeqCst);
        handed
    }

    /// Whether somebody waits.
    pub(super) fn is_awaited(&self) -> bool {
        self.n_waiting.load(Ordering::SeqCst) > 0
    }

    /// Who gets a connection of this share that is no longer used: its own, or a permit for another's.
    pub(super) fn next(&self, share: usize) -> Option<(usize, Hand<C>)> {
        let mut books = self.books();
        let has_less = |books: &Books<C>, share: usize| books.held[share] < self.part;
        if self.part > 0 {
            let may_give = books.held[share] > self.part;
            if may_give && let Some(next) = self.pop_first(&mut books, has_less) {
                return Some(next);
            }
            if let Some(hand) = self.pop(&mut books, share) {
                return Some((share, hand));
            }
        }
        self.pop_first(&mut books, |_, _| true)
    }

    fn release(self: &Arc<Self>, share: usize) {
        let unwanted = {
            let mut books = self.books();
            books.held[share] -= 1;
            books.free += 1;
            let Some((next, hand)) = self.pop_first(&mut books, |_, _| true) else { return };
            books.free -= 1;
            books.held[next] += 1;
            let permit = Permit { permits: Arc::clone(self), share: next };
            hand.send(Handed::Permit(permit))
        };
        // Gone in this very moment: released again, now that the books are closed.
        drop(unwanted);
    }

    /// Whose turn it is among some shares.
    fn pop_first(
        &self,
        books: &mut Books<C>,
        is_among: impl Fn(&Books<C>, usize) -> bool,
    ) -> Option<(usize, Hand<C>)> {
        loop {
            let turns = books.waiting.iter().enumerate();
            let turns = turns.filter(|(share, _)| is_among(books, *share));
            let first = turns.filter_map(|(share, queue)| Some((queue.front()?.0, share))).min();
            let (_, share) = first?;
            if let Some(hand) = self.pop(books, share) {
                return Some((share, hand));
            }
        }
    }

    /// Whose turn it is in a share; those who have gone away meanwhile are passed over.
    fn pop(&self, books: &mut Books<C>, share: usize) -> Option<Hand<C>> {
        while let Some((_, hand)) = books.waiting[share].pop_front() {
            self.n_waiting.fetch_sub(1, Ordering::SeqCst);
            if !hand.is_closed() {
                return Some(hand);
            }
        }
        None
    }

    fn books(&self) -> MutexGuard<'_, Books<C>> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Send> Permit<C> {
    /// The share that holds it.
    pub(super) fn share(&self) -> usize {
        self.share
    }

    /// The same permit in another share.
    pub(super) fn moved_to(mut self, share: usize) -> Self {
        let mut books = self.permits.books();
        books.held[self.share] -= 1;
        books.held[share] += 1;
        drop(books);
        self.share = share;
        self
    }
}

impl<C: Send> Drop for Permit<C> {
    fn drop(&mut self) {
        self.permits.release(self.share);
    }
}
