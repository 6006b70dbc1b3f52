//! What a request has paid, until it is known what it came to.
//!
//! **In:** what was paid in advance; what the request came to. **Out:** the difference, back to the caller's
//! buckets or out of them; a [`Receipt`] with what is left.
//!
//! **Never here:** what a request comes to (`pipeline`).
//!
//! **Holds:** a bill is settled once. One that is dropped, because the client is gone, is settled by what had
//! been fetched until then. What comes back fills no bucket beyond its burst, and what is owed takes none below
//! zero.
//!
//! **Read first:** [`Bill::settle`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderValue;
use smallvec::SmallVec;

use super::refused::Standing;
use super::table::Standings;
use super::{Applied, Store};

/// What a request has paid.
#[derive(Debug)]
pub struct Bill {
    store: Arc<Store>,
    applied: Arc<Applied>,
    /// For each limit the key that paid, and what it has left.
    paid: Paid,
    cost: u64,
    fetched: Arc<AtomicU64>,
    is_settled: bool,
}

/// For each limit the key that paid, and what it has left.
type Paid = SmallVec<[(String, Standings); 1]>;

/// A bill that is settled.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// What was paid in the end.
    pub paid: u64,
    /// Where the caller stands.
    pub standing: Standing,
}

impl Bill {
    pub(super) fn new(store: &Arc<Store>, applied: &Arc<Applied>, paid: Paid, cost: u64) -> Self {
        Self {
            store: Arc::clone(store),
            applied: Arc::clone(applied),
            paid,
            cost,
            fetched: Arc::default(),
            is_settled: false,
        }
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
        self.pay_difference(actual);
        let mut limit = String::with_capacity(64);
        for (limiter, (_, standings)) in self.applied.limiters.iter().zip(&self.paid) {
            limiter.put_standings(standings, &mut limit);
        }
        let limit = HeaderValue::from_str(&limit).ok();
        Receipt { paid: actual, standing: Standing { policy: self.applied.policy.clone(), limit } }
    }

    fn pay_difference(&mut self, actual: u64) {
        self.is_settled = true;
        let table = &self.store.table;
        let now = (actual != self.cost).then(|| table.now());
        for (limiter, (key, standings)) in self.applied.limiters.iter().zip(&mut self.paid) {
            limiter.metrics.cost.inc_by(actual);
            let Some(now) = now else { continue };
            *standings = match actual.checked_sub(self.cost) {
                Some(more) => table.charge(limiter.limit(), key, more, now),
                None => table.refund(limiter.limit(), key, self.cost - actual, now),
            };
        }
    }
}

impl Drop for Bill {
    fn drop(&mut self) {
        if !self.is_settled {
            let fetched = self.fetched.load(Ordering::Relaxed);
            self.pay_difference(fetched);
        }
    }
}
