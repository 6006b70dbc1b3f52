//! What outlives a configuration: the counts, and the stores that hold them.
//!
//! **In:** the limits of a new configuration, those of the one before. **Out:** a [`Place`] for each.
//!
//! **Never here:** paying (`limiter`).
//!
//! **Holds:** a limit goes on where it was as long as its policy and its windows stay. A file or an address is
//! opened once, whoever names it.
//!
//! **Read first:** [`Store::place`].

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::gcra::Rate;
use super::in_flight::Crowd;
use super::limiter::{Place, seconds};
use super::quota_file::{QuotaFile, QuotaWindow};
use super::shared::SharedStore;
use super::table::Table;
use crate::config::{Secret, SpendingLimit, StoreSettings, WindowSettings};

/// All counts.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) table: Table,
    next_id: AtomicU32,
    files: Mutex<HashMap<PathBuf, Weak<QuotaFile>>>,
    shared: Mutex<Vec<(Secret, Duration, Weak<SharedStore>)>>,
    in_flight: Mutex<HashMap<BoundName, Weak<Crowd>>>,
}

/// A policy, and which of its bounds.
type BoundName = (Arc<str>, usize);

impl Store {
    pub(super) fn new(max_keys: usize) -> Self {
        Self {
            table: Table::new(max_keys),
            next_id: AtomicU32::new(0),
            files: Mutex::default(),
            shared: Mutex::default(),
            in_flight: Mutex::default(),
        }
    }

    /// Where a limit is counted; `known`: the number that it had.
    pub(super) fn place(
        self: &Arc<Self>,
        limit: &SpendingLimit,
        known: Option<u32>,
        max_keys: usize,
    ) -> Place {
        let rate = |window: &WindowSettings| match window {
            WindowSettings::Rate { cost, per, burst } => Some(Rate::new(*cost, *per, *burst)),
            WindowSettings::Quota { .. } => None,
        };
        let quota = |window: &WindowSettings| match window {
            WindowSettings::Quota { cost, per } => Some(QuotaWindow { cost: *cost, per: *per }),
            WindowSettings::Rate { .. } => None,
        };
        match &limit.store {
            StoreSettings::Memory => Place::Memory {
                store: Arc::clone(self),
                id: known.unwrap_or_else(|| self.next_id.fetch_add(1, Ordering::Relaxed)),
                rates: limit.windows.iter().filter_map(rate).collect(),
            },
            StoreSettings::File(path) => match self.file(path.clone(), max_keys) {
                Ok(file) => {
                    Place::File { file, windows: limit.windows.iter().filter_map(quota).collect() }
                }
                Err(why) => Place::Nowhere(format!("{}: {why}", path.display())),
            },
            StoreSettings::Redis { url, shown, timeout } => {
                match self.redis(url, shown, *timeout) {
                    Ok(store) => Place::Shared(store),
                    Err(why) => Place::Nowhere(why),
                }
            }
        }
    }

    /// The requests under way under a bound of a policy.
    pub(super) fn in_flight(&self, policy: &Arc<str>, index: usize) -> Arc<Crowd> {
        let mut known = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.entry((Arc::clone(policy), index)).or_default();
        entry.upgrade().unwrap_or_else(|| {
            let new = Arc::<Crowd>::default();
            *entry = Arc::downgrade(&new);
            new
        })
    }

    fn file(&self, path: PathBuf, max: usize) -> Result<Arc<QuotaFile>, String> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = files.get(&path).and_then(Weak::upgrade) {
            file.set_max(max);
            return Ok(file);
        }
        let file = QuotaFile::open(&path, max, seconds()).map_err(|error| error.to_string())?;
        let file = Arc::new(file);
        files.insert(path, Arc::downgrade(&file));
        Ok(file)
    }

    fn redis(
        &self,
        url: &Secret,
        shown: &str,
        timeout: Duration,
    ) -> Result<Arc<SharedStore>, String> {
        let mut all = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(_, _, store)| store.strong_count() > 0);
        let known = all.iter().find(|(known, time, _)| known == url && *time == timeout);
        if let Some(store) = known.and_then(|(_, _, store)| store.upgrade()) {
            return Ok(store);
        }
        let store = Arc::new(SharedStore::new(url.reveal(), shown, timeout)?);
        all.push((url.clone(), timeout, Arc::downgrade(&store)));
        Ok(store)
    }
}
