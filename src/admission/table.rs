//! Keeps the buckets of callers in memory: who has spent how much of which limit.
//!
//! **In:** a limit, a key, a cost, the time. **Out:** what is left in each window of the limit, or the window
//! that does not have as much.
//!
//! **Never here:** the arithmetic (`gcra`), what a key is made of (`key`).
//!
//! **Holds:** a request pays in all windows of a limit or in none. The number of keys is bounded. A key whose
//! windows are full again is forgotten, for it would begin anew just so. When the table has no room, the key
//! among a few that would soonest be full again goes first: whoever makes up keys drives out keys that
//! have spent little, not the one that is empty.
//!
//! **Read first:** [`Table::pay`].

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use equivalent::Equivalent;
use foldhash::fast::RandomState;
use indexmap::IndexMap;
use smallvec::SmallVec;
use tokio::time::Instant;

use super::gcra::{Level, Rate, Wait};

/// Buckets in memory.
#[derive(Debug)]
pub(super) struct Table {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    max_keys: AtomicUsize,
    n_evicted: AtomicU64,
    began: Instant,
}

/// What a window of a limit has left after a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// What can be taken at once.
    pub(super) remaining: u64,
    /// Nanoseconds until the window is as if nothing had been taken.
    pub(super) until_full: u64,
}

/// What the windows of a limit have left, in their order.
pub(super) type Standings = SmallVec<[Standing; 2]>;

/// A window that does not have as much as is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Short {
    /// Which one; of several the one to wait for longest.
    pub(super) window: usize,
    /// For how long.
    pub(super) wait: Wait,
    /// What all windows have.
    pub(super) standings: Standings,
}

/// A limit among those that share the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit<'a> {
    /// Its number, never used for another.
    pub(super) id: u32,
    /// Its windows.
    pub(super) rates: &'a [Rate],
}

#[derive(Debug, Default)]
struct Shard {
    entries: IndexMap<Key, Entry, Prehashed>,
    /// Where the search for forgettable entries goes on.
    hand: usize,
}

#[derive(Debug)]
struct Key {
    hash: u64,
    limit: u32,
    text: Box<str>,
}

/// A key that is looked for.
struct Sought<'a> {
    hash: u64,
    limit: u32,
    text: &'a str,
}

#[derive(Debug)]
struct Entry {
    levels: SmallVec<[Level; 2]>,
    /// When all windows are full again.
    full_at: u64,
}

/// More than there are processors, so that two requests rarely want the same.
const SHARDS: usize = 64;

/// How many entries are looked at for one that can go.
const SAMPLE: usize = 8;

impl Table {
    /// An empty table.
    pub(super) fn new(max_keys: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::default(),
            max_keys: AtomicUsize::new(max_keys),
            n_evicted: AtomicU64::new(0),
            began: Instant::now(),
        }
    }

    /// Bounds the number of keys from now on.
    pub(super) fn set_max_keys(&self, max_keys: usize) {
        self.max_keys.store(max_keys, Ordering::Relaxed);
    }

    /// The time as the table counts it: nanoseconds since it began.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Takes a cost out of all windows of a limit.
    ///
    /// # Errors
    /// The window that does not have as much; then nothing is taken.
    pub(super) fn pay(
        &self,
        limit: Limit<'_>,
        key: &str,
        cost: u64,
        now: u64,
    ) -> Result<Standings, Short> {
        let sought = self.sought(limit.id, key);
        let mut shard = self.shard(sought.hash);
        let fresh = SmallVec::from_elem(Level::default(), limit.rates.len());
        let kept = shard.entries.get(&sought);
        let levels = kept.map_or(&fresh, |entry| &entry.levels);
        let mut paid = SmallVec::<[Level; 2]>::new();
        let mut short: Option<(usize, Wait)> = None;
        for (window, (rate, level)) in limit.rates.iter().zip(levels).enumerate() {
            match rate.pay(*level, cost, now) {
                Ok(level) => paid.push(level),
                Err(wait) if short.is_none_or(|(_, known)| known.is_shorter_than(wait)) => {
                    short = Some((window, wait));
                }
                Err(_) => {}
            }
        }
        if let Some((window, wait)) = short {
            return Err(Short { window, wait, standings: standings(limit.rates, levels, now) });
        }
        let standings = standings(limit.rates, &paid, now);
        self.keep(&mut shard, sought, limit.rates, paid, now);
        Ok(standings)
    }

    /// Gives back what was taken and not needed.
    pub(super) fn refund(&self, limit: Limit<'_>, key: &str, cost: u64, now: u64) -> Standings {
        self.change(limit, key, now, |rate, level| rate.refund(level, cost, now))
    }

    /// Takes what is owed, as much as there is.
    pub(super) fn charge(&self, limit: Limit<'_>, key: &str, cost: u64, now: u64) -> Standings {
        self.change(limit, key, now, |rate, level| rate.charge(level, cost, now))
    }

    /// What all windows have, without taking anything.
    pub(super) fn look(&self, limit: Limit<'_>, key: &str, now: u64) -> Standings {
        let sought = self.sought(limit.id, key);
        let shard = self.shard(sought.hash);
        let fresh = SmallVec::<[Level; 2]>::from_elem(Level::default(), limit.rates.len());
        let kept = shard.entries.get(&sought);
        standings(limit.rates, kept.map_or(&fresh, |entry| &entry.levels), now)
    }

    /// How many keys there are, after those are forgotten that can be.
    pub(super) fn count(&self, now: u64) -> usize {
        let of_shard = |shard: &Mutex<Shard>| {
            let mut shard = lock(shard);
            shard.entries.retain(|_, entry| entry.full_at > now);
            if shard.entries.capacity() > 4 * shard.entries.len() + 64 {
                shard.entries.shrink_to_fit();
            }
            shard.entries.len()
        };
        self.shards.iter().map(of_shard).sum()
    }

    /// How many keys had to go although they had spent something.
    pub(super) fn evicted(&self) -> u64 {
        self.n_evicted.load(Ordering::Relaxed)
    }

    fn change(
        &self,
        limit: Limit<'_>,
        key: &str,
        now: u64,
        change: impl Fn(&Rate, Level) -> Level,
    ) -> Standings {
        let sought = self.sought(limit.id, key);
        let mut shard = self.shard(sought.hash);
        let fresh = SmallVec::<[Level; 2]>::from_elem(Level::default(), limit.rates.len());
        let kept = shard.entries.get(&sought);
        let levels = kept.map_or(&fresh, |entry| &entry.levels);
        let changed: SmallVec<[Level; 2]> =
            limit.rates.iter().zip(levels).map(|(rate, level)| change(rate, *level)).collect();
        let standings = standings(limit.rates, &changed, now);
        self.keep(&mut shard, sought, limit.rates, changed, now);
        standings
    }

    fn keep(
        &self,
        shard: &mut Shard,
        sought: Sought<'_>,
        rates: &[Rate],
        levels: SmallVec<[Level; 2]>,
        now: u64,
    ) {
        let full = rates.iter().zip(&levels).map(|(rate, level)| rate.until_full(*level, now));
        let entry = Entry { full_at: now.saturating_add(full.max().unwrap_or(0)), levels };
        if let Some(kept) = shard.entries.get_mut(&sought) {
            *kept = entry;
            return;
        }
        if entry.full_at <= now {
            return;
        }
        let max_keys = (self.max_keys.load(Ordering::Relaxed) / SHARDS).max(1);
        if shard.make_room(max_keys, now) {
            self.n_evicted.fetch_add(1, Ordering::Relaxed);
        }
        let Sought { hash, limit, text } = sought;
        shard.entries.insert(Key { hash, limit, text: text.into() }, entry);
    }

    fn sought<'a>(&self, limit: u32, text: &'a str) -> Sought<'a> {
        Sought { hash: self.hasher.hash_one((limit, text)), limit, text }
    }

    fn shard(&self, hash: u64) -> MutexGuard<'_, Shard> {
        // The map takes the lower bits and the uppermost seven.
        let index = usize::try_from(hash >> 40).unwrap_or(0) % SHARDS;
        lock(&self.shards[index])
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn standings(rates: &[Rate], levels: &[Level], now: u64) -> Standings {
    let standing = |(rate, level): (&Rate, &Level)| Standing {
        remaining: rate.remaining(*level, now),
        until_full: rate.until_full(*level, now),
    };
    rates.iter().zip(levels).map(standing).collect()
}

impl Shard {
    /// Makes room for one more; tells whether an entry had to go that had spent something.
    fn make_room(&mut self, max_keys: usize, now: u64) -> bool {
        let mut soonest: Option<(usize, u64)> = None;
        for _ in 0..SAMPLE {
            if self.entries.is_empty() {
                return false;
            }
            self.hand = if self.hand >= self.entries.len() { 0 } else { self.hand };
            let full_at = self.entries[self.hand].full_at;
            if full_at <= now {
                // Another entry takes its place, and is looked at next.
                self.entries.swap_remove_index(self.hand);
                soonest = None;
                continue;
            }
            if soonest.is_none_or(|(_, known)| full_at < known) {
                soonest = Some((self.hand, full_at));
            }
            self.hand += 1;
        }
        let mut had_to_go = false;
        while self.entries.len() >= max_keys {
            let index = soonest.take().map_or(self.entries.len() - 1, |(index, _)| index);
            self.entries.swap_remove_index(index);
            had_to_go = true;
        }
        had_to_go
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.limit == other.limit && self.text == other.text
    }
}

impl Eq for Key {}

impl Hash for Sought<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Equivalent<Key> for Sought<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.hash == key.hash && self.limit == key.limit && *self.text == *key.text
    }
}

/// Keys carry their hash, which is keyed and taken once.
#[derive(Debug, Clone, Copy, Default)]
struct Prehashed;

struct TakenHash(u64);

impl BuildHasher for Prehashed {
    type Hasher = TakenHash;

    fn build_hasher(&self) -> TakenHash {
        TakenHash(0)
    }
}

impl Hasher for TakenHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Limit, SHARDS, Table};
    use crate::admission::gcra::{Rate, Wait};

    const SECOND: u64 = 1_000_000_000;

    fn rates(windows: &[(u64, u64, u64)]) -> Vec<Rate> {
        let rate = |&(cost, seconds, burst): &(u64, u64, u64)| {
            Rate::new(cost, Duration::from_secs(seconds), burst)
        };
        windows.iter().map(rate).collect()
    }

    #[test]
    fn all_windows_pay_or_none() {
        let rates = rates(&[(10, 1, 10), (15, 3600, 15)]);
        let limit = Limit { id: 1, rates: &rates };
        let table = Table::new(1_000);
        assert!(table.pay(limit, "a", 10, 0).is_ok());
        let short = table.pay(limit, "a", 6, SECOND).unwrap_err();
        assert_eq!((short.window, short.standings[0].remaining), (1, 10));
        assert_eq!(table.pay(limit, "a", 5, SECOND).unwrap()[0].remaining, 5);
        let short = table.pay(limit, "a", 20, 2 * SECOND).unwrap_err();
        assert_eq!(short.wait, Wait::Forever);
        assert!(table.pay(Limit { id: 2, rates: &rates }, "a", 10, 2 * SECOND).is_ok());
        assert!(table.pay(limit, "b", 10, 2 * SECOND).is_ok());
    }

    #[test]
    fn several_windows_pass_what_each_of_them_passes() {
        let rates = rates(&[(5, 1, 8), (30, 10, 12), (100, 60, 40)]);
        let table = Table::new(1_000);
        let (mut levels, mut chance) = (vec![Default::default(); 3], 1_u64);
        let (mut passed, mut refused, mut now) = (0, 0, 0);
        for _ in 0..5_000 {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            now += (chance >> 33) % SECOND;
            let cost = 1 + (chance >> 20) % 6;
            let each = rates.iter().zip(&levels).map(|(rate, level)| rate.pay(*level, cost, now));
            let each: Result<Vec<_>, _> = each.collect();
            let paid = table.pay(Limit { id: 1, rates: &rates }, "k", cost, now);
            assert_eq!(paid.is_ok(), each.is_ok());
            match each {
                Ok(after) => (levels, passed) = (after, passed + 1),
                Err(_) => refused += 1,
            }
        }
        assert!(passed > 500 && refused > 500, "{passed} {refused}");
    }

    #[test]
    fn keys_are_bounded_and_the_empty_one_is_kept() {
        let rates = rates(&[(100, 3600, 100)]);
        let limit = Limit { id: 1, rates: &rates };
        let table = Table::new(SHARDS * 16);
        assert!(table.pay(limit, "spent", 100, 0).is_ok());
        for i in 0..100_000 {
            assert!(table.pay(limit, &format!("made up {i}"), 1, 1).is_ok());
        }
        assert!(table.count(1) <= SHARDS * 16, "{}", table.count(1));
        assert!(table.evicted() > 90_000);
        assert!(table.pay(limit, "spent", 100, 2).is_err());
    }

    #[test]
    fn keys_that_are_full_again_are_forgotten() {
        let rates = rates(&[(10, 1, 10)]);
        let limit = Limit { id: 1, rates: &rates };
        let table = Table::new(100_000);
        for i in 0..1_000 {
            assert!(table.pay(limit, &format!("k{i}"), 10, 0).is_ok());
        }
        assert_eq!(table.count(0), 1_000);
        for i in 0..200 {
            assert!(table.pay(limit, &format!("n{i}"), 10, SECOND).is_ok());
        }
        assert_eq!(table.count(SECOND), 200);
        assert_eq!(table.evicted(), 0);
        table.refund(limit, "n0", 10, SECOND);
        assert_eq!(table.count(SECOND), 199);
    }

    #[test]
    fn threads_together_pass_no_more_than_the_burst() {
        let table = Table::new(1_000);
        let rates = rates(&[(1, 3600, 1_000)]);
        let n_paid: usize = std::thread::scope(|scope| {
            let run = || {
                (0..1_000)
                    .filter(|_| table.pay(Limit { id: 1, rates: &rates }, "k", 1, 0).is_ok())
                    .count()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(n_paid, 1_000);
    }
}
