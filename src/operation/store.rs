//! Keeps prepared operations, within a number of bytes.
//!
//! **In:** operations as they are prepared, and again when they have grown by a plan.
//! **Out:** those that are still there, by text and name.
//!
//! **Never here:** preparing them (`prepare`), planning them (`planner`).
//!
//! **Holds:** half of the bytes are for all operations. A quarter is for a second hold on those whose plans
//! took long, where only their like compete: a flood of others, however long, does not cost a plan that
//! is dear. A quarter is for those in steady use (`front`), where nearly all look-ups end.
//!
//! **Read first:** [`Store::find`].

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use foldhash::quality::RandomState;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::Prepared;
use super::front::{Front, USES};
use super::key::{Asked, Key};

type Kept = Cache<Key, Arc<Prepared>, RandomState>;

/// The prepared operations of one graph.
pub(super) struct Store {
    front: Front,
    all: Kept,
    slow: Kept,
}

impl Store {
    /// An empty store of about `max_bytes`.
    pub(super) fn new(max_bytes: usize) -> Self {
        let quarter = max_bytes as u64 / 4;
        Self { front: Front::new(quarter), all: kept(2 * quarter), slow: kept(quarter) }
    }

    pub(super) fn find(&self, asked: Asked<'_>) -> Option<Arc<Prepared>> {
        if let Some(prepared) = self.front.find(asked) {
            return Some(prepared);
        }
        let prepared = match self.all.get(&asked) {
            Some(prepared) => prepared,
            None => {
                let prepared = self.slow.get(&asked)?;
                self.all.insert(prepared.key.clone(), Arc::clone(&prepared));
                prepared
            }
        };
        if prepared.uses.load(Ordering::Relaxed) % USES == USES - 1 {
            for gone in self.front.admit(&prepared) {
                self.all.insert(gone.key.clone(), gone);
            }
        }
        Some(prepared)
    }

    /// Keeps an operation, or weighs it again; `is_slow` if a plan of it took long.
    pub(super) fn keep(&self, prepared: &Arc<Prepared>, is_slow: bool) {
        if is_slow || self.slow.contains_key(&prepared.key) {
            self.slow.insert(prepared.key.clone(), Arc::clone(prepared));
        }
        self.all.insert(prepared.key.clone(), Arc::clone(prepared));
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.all.run_pending_tasks();
        self.slow.run_pending_tasks();
        self.all().len() as u64
    }

    /// All of them, in no order.
    pub(super) fn all(&self) -> Vec<Arc<Prepared>> {
        let kept = self.all.iter().chain(self.slow.iter()).map(|(_, prepared)| prepared);
        let all = self.front.all().into_iter().chain(kept);
        // An operation is in several parts of the store as one and the same.
        let all: HashMap<_, _> = all.map(|prepared| (Arc::as_ptr(&prepared), prepared)).collect();
        all.into_values().collect()
    }
}

fn kept(max_bytes: u64) -> Kept {
    Cache::builder()
        .max_capacity(max_bytes)
        // What was used once does not push out what is used often.
        .eviction_policy(EvictionPolicy::tiny_lfu())
        .weigher(|_, prepared: &Arc<Prepared>| prepared.n_bytes())
        .build_with_hasher(RandomState::default())
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.all.entry_count())
    }
}
