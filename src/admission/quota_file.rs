//! Quotas in a file: what callers have spent in this day or month, also after the process was killed.
//!
//! **In:** a caller, windows of the calendar, a cost. **Out:** what is left, or the window that has not as much.
//!
//! **Never here:** the calendar itself (`calendar`), quotas of several gateways together (`redis`).
//!
//! **Holds:** a payment is written before it counts as paid, so that what a caller was answered for stays
//! spent when the process is killed the moment after. It is handed to the system, not forced onto the disk: a
//! machine that loses power may forget its last seconds. One process has the file at a time. The number of
//! records is bounded; those of a period that is over are used again.
//!
//! The file is a header and records of 64 bytes, each with a checksum; one that is not whole is as one that
//! is free. None lies across two pages, so that one write changes it at once.
//!
//! **Read first:** [`QuotaFile::pay`].

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use thiserror::Error;

use super::calendar;
use super::gcra::Wait;
use super::table::{Short, Standing, Standings};
use crate::config::Period;

/// Quotas in a file.
#[derive(Debug)]
pub(super) struct QuotaFile {
    file: File,
    shards: Box<[Mutex<HashMap<RecordKey, Spent>>]>,
    slots: Mutex<Slots>,
    /// The day on which records of the past were last looked for.
    swept: AtomicU64,
}

/// One window of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct QuotaWindow {
    pub(super) cost: u64,
    pub(super) per: Period,
}

/// Why there is no quota to pay from.
#[derive(Debug)]
pub(super) enum QuotaError {
    /// The caller has not as much.
    Short(Short),
    /// It cannot be written.
    Store(StoreError),
}

/// Why a quota cannot be kept.
#[derive(Debug, Error)]
pub(super) enum StoreError {
    /// The system refuses.
    #[error("the file of quotas cannot be used: {0}")]
    Io(#[from] io::Error),
    /// Another process has it.
    #[error("another process uses the file of quotas; several gateways share quotas in Redis")]
    Taken,
    /// It is something else.
    #[error("the file is not one of quotas")]
    Foreign,
    /// It has all records that it may have.
    #[error(
        "the file of quotas has no room for more than {0} callers; raise `rate_limits.max_keys`"
    )]
    Full(usize),
}

/// A window of a caller under a policy.
type RecordKey = ([u8; 16], u8);

/// What is spent of it.
#[derive(Debug, Clone, Copy)]
struct Spent {
    slot: u64,
    /// The first second of the period.
    since: u64,
    used: u64,
}

#[derive(Debug)]
struct Slots {
    free: Vec<u64>,
    n_slots: u64,
    max: usize,
}

const HEADER: [u8; RECORD] = {
    let text = b"graphloom quotas 1\n";
    let mut header = [0; RECORD];
    let mut i = 0;
    while i < text.len() {
        header[i] = text[i];
        i += 1;
    }
    header
};
const RECORD: usize = 64;
const SHARDS: usize = 16;

impl QuotaFile {
    /// Opens a file, or makes it.
    pub(super) fn open(path: &Path, max: usize, now: u64) -> Result<Self, StoreError> {
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Taken),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            file.write_all_at(&HEADER, 0)?;
        } else if bytes.len() < HEADER.len() || bytes[..HEADER.len()] != HEADER {
            return Err(StoreError::Foreign);
        }
        let records = bytes.get(HEADER.len()..).unwrap_or_default();
        let n_slots = records.len().div_ceil(RECORD) as u64;
        let this = Self {
            file,
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            slots: Mutex::new(Slots { free: Vec::new(), n_slots, max }),
            swept: AtomicU64::new(now / calendar::DAY),
        };
        let mut free = Vec::new();
        for slot in 0..n_slots {
            let at = usize::try_from(slot).unwrap_or(usize::MAX) * RECORD;
            match records.get(at..at + RECORD).and_then(|record| read(record, slot)) {
                Some((key, spent)) if is_current(key, spent, now) => {
                    this.shard(&key.0).insert(key, spent);
                }
                _ => free.push(slot),
            }
        }
        lock(&this.slots).free = free;
        Ok(this)
    }

    /// Bounds the number of records from now on.
    pub(super) fn set_max(&self, max: usize) {
        lock(&self.slots).max = max;
    }

    /// Takes a cost out of all windows.
    pub(super) fn pay(
        &self,
        (policy, key): (&str, &str),
        windows: &[QuotaWindow],
        cost: u64,
        now: u64,
    ) -> Result<Standings, QuotaError> {
        self.sweep(now);
        let id = id_of(policy, key);
        let mut shard = self.shard(&id);
        let mut standings = Standings::new();
        let mut short: Option<(usize, Wait)> = None;
        for (i, window) in windows.iter().enumerate() {
            let used = used(&shard, (id, tag(window.per)), window, now);
            let standing = standing(window, used, now);
            let wait = match window.cost < cost {
                true => Wait::Forever,
                false => Wait::For(standing.until_full),
            };
            let is_short = standing.remaining < cost;
            if is_short && short.is_none_or(|(_, known)| known.is_shorter_than(wait)) {
                short = Some((i, wait));
            }
            standings.push(standing);
        }
        if let Some((window, wait)) = short {
            return Err(QuotaError::Short(Short { window, wait, standings }));
        }
        for (i, window) in windows.iter().enumerate() {
            let added =
                self.put(&mut shard, (id, tag(window.per)), window, now, |used| used + cost);
            match added {
                Ok(used) => standings[i] = standing(window, used, now),
                Err(error) => {
                    for window in &windows[..i] {
                        let key = (id, tag(window.per));
                        let back = |used: u64| used.saturating_sub(cost);
                        let _ = self.put(&mut shard, key, window, now, back);
                    }
                    return Err(QuotaError::Store(error));
                }
            }
        }
        Ok(standings)
    }

    /// Corrects a payment of `paid` to `actual`. What cannot be written stays paid.
    pub(super) fn correct(
        &self,
        (policy, key): (&str, &str),
        windows: &[QuotaWindow],
        (paid, actual): (u64, u64),
        now: u64,
    ) -> Standings {
        let id = id_of(policy, key);
        let mut shard = self.shard(&id);
        let correct = |window: &QuotaWindow| {
            let key = (id, tag(window.per));
            // Only the difference: a period may have begun since.
            let corrected = |used: u64| match actual.checked_sub(paid) {
                Some(more) => used.saturating_add(more).min(window.cost.max(used)),
                None => used.saturating_sub(paid - actual),
            };
            let put = self.put(&mut shard, key, window, now, corrected);
            let used = put.unwrap_or_else(|_| used(&shard, key, window, now));
            standing(window, used, now)
        };
        windows.iter().map(correct).collect()
    }

    /// What all windows have, without taking anything.
    pub(super) fn look(
        &self,
        (policy, key): (&str, &str),
        windows: &[QuotaWindow],
        now: u64,
    ) -> Standings {
        let id = id_of(policy, key);
        let shard = self.shard(&id);
        let look = |window: &QuotaWindow| {
            standing(window, used(&shard, (id, tag(window.per)), window, now), now)
        };
        windows.iter().map(look).collect()
    }

    fn put(
        &self,
        shard: &mut HashMap<RecordKey, Spent>,
        key: RecordKey,
        window: &QuotaWindow,
        now: u64,
        change: impl Fn(u64) -> u64,
    ) -> Result<u64, StoreError> {
        let used = change(used(shard, key, window, now));
        let (since, _) = calendar::bounds(window.per, now);
        let slot = match shard.get(&key) {
            Some(spent) => spent.slot,
            None => lock(&self.slots).take()?,
        };
        let spent = Spent { slot, since, used };
        let at = HEADER.len() as u64 + slot * RECORD as u64;
        if let Err(error) = self.file.write_all_at(&written(key, spent), at) {
            if !shard.contains_key(&key) {
                lock(&self.slots).free.push(slot);
            }
            return Err(error.into());
        }
        shard.insert(key, spent);
        Ok(used)
    }

    /// Frees the records of periods that are over, once a day.
    fn sweep(&self, now: u64) {
        let day = now / calendar::DAY;
        if self.swept.swap(day, Ordering::Relaxed) == day {
            return;
        }
        let mut free = Vec::new();
        for shard in &self.shards {
            lock(shard).retain(|key, spent| {
                let is_kept = is_current(*key, *spent, now);
                if !is_kept {
                    free.push(spent.slot);
                }
                is_kept
            });
        }
        lock(&self.slots).free.extend(free);
    }

    fn shard(&self, id: &[u8; 16]) -> MutexGuard<'_, HashMap<RecordKey, Spent>> {
        lock(&self.shards[usize::from(id[0]) % SHARDS])
    }
}

impl Slots {
    fn take(&mut self) -> Result<u64, StoreError> {
        if let Some(slot) = self.free.pop() {
            return Ok(slot);
        }
        if self.n_slots >= self.max as u64 {
            return Err(StoreError::Full(self.max));
        }
        self.n_slots += 1;
        Ok(self.n_slots - 1)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn id_of(policy: &str, key: &str) -> [u8; 16] {
    // The length of the policy keeps it from running into the key.
    let text = format!("{}:{policy}{key}", policy.len());
    let digest = digest(&SHA256, text.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&digest.as_ref()[..16]);
    id
}

fn used(shard: &HashMap<RecordKey, Spent>, key: RecordKey, window: &QuotaWindow, now: u64) -> u64 {
    let (since, _) = calendar::bounds(window.per, now);
    // A clock that was turned back does not give a new quota.
    shard.get(&key).filter(|spent| spent.since >= since).map_or(0, |spent| spent.used)
}

fn standing(window: &QuotaWindow, used: u64, now: u64) -> Standing {
    let (_, end) = calendar::bounds(window.per, now);
    Standing {
        remaining: window.cost.saturating_sub(used),
        until_full: (end - now).saturating_mul(1_000_000_000),
    }
}

fn tag(period: Period) -> u8 {
    match period {
        Period::Day => b'd',
        Period::Month => b'm',
    }
}

fn is_current((_, tag): RecordKey, spent: Spent, now: u64) -> bool {
    let period = if tag == b'm' { Period::Month } else { Period::Day };
    spent.since >= calendar::bounds(period, now).0
}

fn written((id, tag): RecordKey, spent: Spent) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[..16].copy_from_slice(&id);
    record[16] = tag;
    record[24..32].copy_from_slice(&spent.since.to_le_bytes());
    record[32..40].copy_from_slice(&spent.used.to_le_bytes());
    let sum = checksum(&record[..40]);
    record[40..48].copy_from_slice(&sum.to_le_bytes());
    record
}

fn read(record: &[u8], slot: u64) -> Option<(RecordKey, Spent)> {
    let number = |at: usize| Some(u64::from_le_bytes(record.get(at..at + 8)?.try_into().ok()?));
    if number(40)? != checksum(&record[..40]) || !b"dm".contains(&record[16]) {
        return None;
    }
    let id = record[..16].try_into().ok()?;
    Some(((id, record[16]), Spent { slot, since: number(24)?, used: number(32)? }))
}

/// FNV-1a: it tells a record from one that is torn or foreign, and from nobody's malice.
fn checksum(bytes: &[u8]) -> u64 {
    let mix = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{QuotaError, QuotaFile, QuotaWindow, StoreError};
    use crate::admission::calendar::DAY;
    use crate::admission::gcra::Wait;
    use crate::config::Period;

    const NOON: u64 = 1_700_000_000 / DAY * DAY + DAY / 2;
    const BOTH: [QuotaWindow; 2] = [
        QuotaWindow { cost: 100, per: Period::Day },
        QuotaWindow { cost: 150, per: Period::Month },
    ];

    /// A file that is gone when the test ends.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("{name}-{}.quotas", std::process::id()));
            let _ = std::fs::remove_file(&path);
            Self(path)
        }

        fn open(&self, now: u64) -> QuotaFile {
            QuotaFile::open(&self.0, 1_000, now).unwrap()
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn left(file: &QuotaFile, cost: u64, now: u64) -> Result<[u64; 2], usize> {
        match file.pay(("p", "a"), &BOTH, cost, now) {
            Ok(standings) => Ok([standings[0].remaining, standings[1].remaining]),
            Err(QuotaError::Short(short)) => Err(short.window),
            Err(QuotaError::Store(error)) => panic!("{error}"),
        }
    }

    #[test]
    fn days_and_months_are_paid_together_and_begin_anew() {
        let place = Place::new("days");
        let file = place.open(NOON);
        assert_eq!(left(&file, 90, NOON), Ok([10, 60]));
        assert_eq!(left(&file, 11, NOON), Err(0));
        assert_eq!(left(&file, 10, NOON), Ok([0, 50]));
        assert_eq!(left(&file, 51, NOON + DAY), Err(1), "the month is short");
        assert_eq!(left(&file, 50, NOON + DAY), Ok([50, 0]));
        assert_eq!(left(&file, 90, NOON + 31 * DAY), Ok([10, 60]));
        let Err(QuotaError::Short(short)) = file.pay(("p", "a"), &BOTH, 101, NOON) else {
            panic!()
        };
        assert_eq!(short.wait, Wait::Forever);
    }

    #[test]
    fn what_was_spent_is_there_when_the_file_is_opened_again() {
        let place = Place::new("again");
        let file = place.open(NOON);
        assert_eq!(left(&file, 40, NOON), Ok([60, 110]));
        assert!(matches!(QuotaFile::open(&place.0, 10, NOON), Err(StoreError::Taken)));
        let standings = file.correct(("p", "a"), &BOTH, (40, 37), NOON);
        assert_eq!((standings[0].remaining, standings[1].remaining), (63, 113));
        drop(file);
        assert_eq!(left(&place.open(NOON), 0, NOON), Ok([63, 113]));
        assert_eq!(left(&place.open(NOON + DAY), 0, NOON + DAY), Ok([100, 113]));
    }

    #[test]
    fn a_torn_record_and_a_foreign_file_are_told_apart_from_whole_ones() {
        let place = Place::new("torn");
        drop(place.open(NOON));
        let file = place.open(NOON);
        assert!(file.pay(("p", "a"), &BOTH, 40, NOON).is_ok());
        assert!(file.pay(("p", "b"), &BOTH, 40, NOON).is_ok());
        drop(file);
        let mut bytes = std::fs::read(&place.0).unwrap();
        bytes[64 + 32] ^= 1;
        bytes.truncate(bytes.len() - 30);
        std::fs::write(&place.0, &bytes).unwrap();
        let file = place.open(NOON);
        assert_eq!(left(&file, 0, NOON), Ok([100, 110]), "only the record of the month is whole");
        drop(file);
        std::fs::write(&place.0, "something else").unwrap();
        assert!(matches!(QuotaFile::open(&place.0, 10, NOON), Err(StoreError::Foreign)));
    }

    #[test]
    fn records_are_bounded_and_used_again_when_their_period_is_over() {
        let place = Place::new("bounded");
        let file = QuotaFile::open(&place.0, 3, NOON).unwrap();
        let day = [BOTH[0]];
        for key in ["a", "b", "c"] {
            assert!(file.pay(("p", key), &day, 1, NOON).is_ok());
        }
        let full = file.pay(("p", "d"), &day, 1, NOON);
        assert!(matches!(full, Err(QuotaError::Store(StoreError::Full(3)))));
        assert!(file.pay(("p", "a"), &day, 1, NOON).is_ok());
        assert!(file.pay(("p", "d"), &day, 1, NOON + DAY).is_ok());
        drop(file);
        assert_eq!(std::fs::metadata(&place.0).unwrap().len(), 64 + 3 * 64);
    }
}
