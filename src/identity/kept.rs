//! Keeps what was found out about credentials, under their full bytes.
//!
//! **In:** a credential and the verdict. **Out:** the verdict, as long as it holds.
//!
//! **Never here:** checking credentials.
//!
//! **Holds:** a verdict counts until the time that it came with, and only while its provider is of the
//! generation that gave it: keys that are taken back take their verdicts with them. Bounded by bytes; what
//! was used least goes first.

use std::fmt;
use std::sync::Arc;

use foldhash::quality::RandomState;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::error::IdentityError;
use crate::consumer::Consumer;

/// What was found out.
pub(super) struct Verdict {
    pub(super) provider: usize,
    pub(super) generation: u64,
    pub(super) answer: Result<Arc<Consumer>, IdentityError>,
}

/// Verdicts by credential.
pub(super) struct Kept {
    verdicts: Cache<Box<[u8]>, Arc<Entry>, RandomState>,
}

struct Entry {
    verdict: Verdict,
    /// In seconds since 1970.
    until: u64,
}

/// Credentials and consumers that are kept of one place, in bytes: some ten thousand.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// What a consumer costs besides its claims, which are about as long as the token.
const CONSUMER: usize = 512;

impl Kept {
    pub(super) fn new() -> Self {
        let verdicts = Cache::builder()
            .max_capacity(MAX_BYTES)
            .weigher(weigh)
            .eviction_policy(EvictionPolicy::lru())
            .build_with_hasher(RandomState::default());
        Self { verdicts }
    }

    /// The verdict on a credential, if it still holds.
    pub(super) fn find(
        &self,
        credential: &[u8],
        now: u64,
        is_of_now: impl FnOnce(&Verdict) -> bool,
    ) -> Option<Result<Arc<Consumer>, IdentityError>> {
        let entry = self.verdicts.get(credential)?;
        if now >= entry.until || !is_of_now(&entry.verdict) {
            self.verdicts.invalidate(credential);
            return None;
        }
        Some(entry.verdict.answer.clone())
    }

    /// Keeps a verdict until a time.
    pub(super) fn put(&self, credential: &[u8], verdict: Verdict, until: u64) {
        self.verdicts.insert(credential.into(), Arc::new(Entry { verdict, until }));
    }
}

/// Says how much is kept, and nothing of it.
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} verdicts", self.verdicts.entry_count())
    }
}

#[expect(clippy::borrowed_box, reason = "the cache hands out its keys so")]
fn weigh(credential: &Box<[u8]>, _: &Arc<Entry>) -> u32 {
    u32::try_from(credential.len() * 4 + CONSUMER).unwrap_or(u32::MAX)
}
