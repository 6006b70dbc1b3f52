//! Looks rows up in batches: however many fields ask, the table is asked once.
//!
//! **In:** row numbers, one at a time, from the resolvers of one request.
//! **Out:** the rows; and a [`Tally`] of how often a table was asked, and for how many rows.
//!
//! **Never here:** the tables themselves (each server has its own), caching (each request looks again).
//!
//! **Holds:** look-ups started at one level of a request are one batch. This needs the request to be
//! executed by one task without Tokio's cooperative budget, which `graphql` sees to: the budget would
//! end a poll after 128 look-ups and cut the batch there.
//!
//! **Read first:** [`Lookup::row`].

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dataloader::BatchFn;
use dataloader::non_cached::Loader;

/// How often the tables of a server were asked.
#[derive(Default)]
pub(crate) struct Tally {
    lookups: AtomicU64,
    rows: AtomicU64,
}

/// A table as one request sees it.
pub(crate) struct Lookup<R: Clone + Send + Sync + 'static> {
    loader: Loader<usize, Option<R>, Batch<R>>,
}

struct Batch<R> {
    tally: Arc<Tally>,
    find: Find<R>,
}

type Find<R> = Box<dyn Fn(&[usize]) -> Vec<Option<R>> + Send + Sync>;

/// Rounds a look-up waits for others to join it. One is enough where all fields of a level start
/// together; the others let fields join that took a step more to get there.
const ROUNDS: usize = 3;

impl Tally {
    /// Counts one look-up of so many rows.
    pub(crate) fn add(&self, n_rows: usize) {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(n_rows as u64, Ordering::Relaxed);
    }

    pub(crate) fn lookups(&self) -> u64 {
        self.lookups.load(Ordering::Relaxed)
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    pub(crate) fn reset(&self) {
        self.lookups.store(0, Ordering::Relaxed);
        self.rows.store(0, Ordering::Relaxed);
    }
}

impl<R: Clone + Send + Sync + 'static> Lookup<R> {
    /// A table that `find` answers for: one answer a key, in the order of the keys.
    pub(crate) fn new(
        tally: &Arc<Tally>,
        find: impl Fn(&[usize]) -> Vec<Option<R>> + Send + Sync + 'static,
    ) -> Self {
        let batch = Batch { tally: Arc::clone(tally), find: Box::new(find) };
        Self { loader: Loader::new(batch).with_max_batch_size(usize::MAX).with_yield_count(ROUNDS) }
    }

    /// The row of this number, if there is one.
    pub(crate) async fn row(&self, row: usize) -> Option<R> {
        self.loader.load(row).await
    }
}

impl<R: Clone> BatchFn<usize, Option<R>> for Batch<R> {
    async fn load(&mut self, rows: &[usize]) -> HashMap<usize, Option<R>> {
        self.tally.add(rows.len());
        rows.iter().copied().zip((self.find)(rows)).collect()
    }
}
