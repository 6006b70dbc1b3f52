//! What a request has paid, until it is known what it came to.
//!
//! **In:** what was paid in advance; what the request came to. **Out:** the difference, back to the caller's
//! buckets or out of them; a [`Receipt`] with what is left.
//!
//! **Never here:** what a request comes to (`pipeline`).
//!
//! **Holds:** a payment is settled once. One that is dropped, because the client is gone, is settled by what had
//! been fetched until then. What comes back fills no bucket beyond its burst, and what is owed takes none below
//! zero.
//!
//! **Read first:** [`Payment::settle`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderValue;
use smallvec::SmallVec;

use super::Applied;
use super::refused::Standing;
use super::table::Standings;

/// What a request has paid.
#[derive(Debug)]
pub struct Payment {
    applied: Arc<Applied>,
    /// For each limit that was paid.
    pub(super) paid: SmallVec<[Paid; 1]>,
    cost: u64,
    fetched: Arc<AtomicU64>,
    state: State,
}

/// What a request pays at least that is broken off before anything has arrived.
const LEAST: u64 = 1;

/// What was paid to one limit.
#[derive(Debug)]
pub(super) struct Paid {
    /// Who paid.
    pub(super) key: String,
    /// What was left; none where the store failed and nothing was paid.
    pub(super) standings: Option<Standings>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Some limits are paid, others may refuse.
    Begun,
    /// All are paid.
    Admitted,
    /// It is known what the request came to.
    Settled,
}

/// A payment that is settled.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// What was paid in the end.
    pub paid: u64,
    /// Where the caller stands.
    pub standing: Standing,
}

impl Payment {
    pub(super) fn new(applied: &Arc<Applied>, cost: u64) -> Box<Self> {
        Box::new(Self {
            applied: Arc::clone(applied),
            paid: SmallVec::new(),
            cost,
            fetched: Arc::default(),
            state: State::Begun,
        })
    }

    /// All limits are paid.
    pub(super) fn admitted(mut self: Box<Self>) -> Box<Self> {
        self.state = State::Admitted;
        self.applied.limiters.iter().for_each(|limiter| {
            limiter.metrics.allowed.inc();
        });
        self
    }

    /// Gives back all that was paid, for another limit refuses; tells where the caller stands.
    pub(super) fn give_back(mut self, refusing: Paid) -> Standing {
        self.correct(0);
        self.paid.push(refusing);
        self.standing()
    }

    /// What was paid in advance.
    pub fn cost(&self) -> u64 {
        self.cost
    }

    /// Where whoever runs the request notes what has been fetched so far, in cost: the price of a request that
    /// is broken off.
    pub fn fetched(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.fetched)
    }

    /// Settles what the request came to.
    pub fn settle(mut self, actual: u64) -> Receipt {
        self.correct(actual);
        Receipt { paid: actual, standing: self.standing() }
    }

    fn correct(&mut self, actual: u64) {
        let was_admitted = self.state == State::Admitted;
        self.state = State::Settled;
        let cost = self.cost;
        for (limiter, paid) in self.applied.limiters.iter().zip(&mut self.paid) {
            let Some(standings) = &mut paid.standings else { continue };
            if was_admitted {
                limiter.metrics.cost.inc_by(actual);
            }
            if actual != cost {
                *standings = limiter.correct(&paid.key, (cost, actual), standings);
            }
        }
    }

    fn standing(&self) -> Standing {
        let mut limit = String::with_capacity(64);
        for (limiter, paid) in self.applied.limiters.iter().zip(&self.paid) {
            if let Some(standings) = &paid.standings {
                limiter.put_standings(standings, &mut limit);
            }
        }
        let limit = HeaderValue::from_str(&limit).ok().filter(|limit| !limit.is_empty());
        Standing { policy: self.applied.policy.clone(), limit }
    }
}

impl Drop for Payment {
    fn drop(&mut self) {
        match self.state {
            State::Settled => {}
            // Nothing was fetched before all limits were asked.
            State::Begun => self.correct(0),
            State::Admitted => {
                let fetched = self.fetched.load(Ordering::Relaxed);
                self.correct(fetched.max(LEAST.min(self.cost)));
            }
        }
    }
}
