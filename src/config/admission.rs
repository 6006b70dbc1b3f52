//! What callers pay with, and where: the rules of policies that count callers, by door and plan.
//!
//! **In:** `rate_limits`; the policies as settled, with the names that `apply` gives.
//! **Out:** [`AdmissionSettings`].
//!
//! **Never here:** the keys of one rule (`spending`), counting (`admission` the room).
//!
//! **Read first:** [`AdmissionSettings`].

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::report::{Key, Problems};
use super::spending::{ConcurrencySettings, SpendingLimit};

/// `rate_limits` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RateLimitStore")]
pub(super) struct RawStore {
    /// How many callers all rate limits together remember in memory, and how many a file of quotas has. Default: 100000.
    pub max_keys: Option<u32>,
}

/// What callers pay with.
#[derive(Debug, Clone, Default)]
pub struct AdmissionSettings {
    /// The policies that count callers, by name.
    pub policies: IndexMap<String, AdmissionPolicy>,
    /// Which of them the GraphQL door has.
    pub graphql: Vec<String>,
    /// Which of them the callers on a plan have besides; `*`: callers on none of the others.
    pub plans: IndexMap<String, Vec<String>>,
    /// How many callers are remembered in memory, or in a file.
    pub max_keys: usize,
}

/// What one policy counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AdmissionPolicy {
    /// What a caller may spend: rate limits, then quotas.
    pub spending: Vec<SpendingLimit>,
    /// How many requests may be under way.
    pub concurrency: Vec<ConcurrencySettings>,
}

impl AdmissionSettings {
    /// Whether any operation is paid for.
    pub(super) fn counts_operations(&self) -> bool {
        !self.graphql.is_empty() || !self.plans.is_empty()
    }
}

impl AdmissionPolicy {
    /// Whether it counts nothing.
    pub fn is_empty(&self) -> bool {
        self.spending.is_empty() && self.concurrency.is_empty()
    }
}

impl RawStore {
    pub(super) fn settle(self, problems: &mut Problems<'_>) -> usize {
        let max_keys = self.max_keys.unwrap_or(100_000) as usize;
        if max_keys < 1_000 {
            let key = Key::default().then("rate_limits").then("max_keys");
            let fix = "write 1000 or more, or leave the key out for 100000";
            problems.add(&key, "too few callers to tell apart", fix);
        }
        max_keys
    }
}
