//! What callers may spend: `rate_limit` and `quota` of a policy, and `concurrency`.
//!
//! **In:** these keys as written, each one or a list. **Out:** [`SpendingLimit`]s, [`ConcurrencySettings`].
//!
//! **Never here:** counting (`admission`), which policies a door has (`policies`), where it is counted (`store`).
//!
//! **Holds:** every limit lets something pass, and forgets what was spent within a year.
//!
//! **Read first:** [`SpendingLimit`].

use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::caller_key::{KeySettings, RawKey};
use super::one_or_list::OneOrList;
use super::quantity::RawDuration;
use super::report::{Key, Problems};
use super::store::{RawOnStoreFailure, StoreSettings};

/// One rate limit as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RateLimit")]
pub(super) struct RawRateLimit {
    /// Who counts as one caller: an expression over `request`, `consumer` and `route`, or a list of these, which together tell callers apart. Without a value for a request, its client's address. Default: `consumer.id`.
    pub key: Option<RawKey>,
    /// How much, and how fast it comes back. A request pays in every window, or is refused.
    pub windows: Option<Vec<RawWindow>>,
    /// Where it is counted: `local`, or `redis://host:6379/0` for all gateways together. Default: `local`.
    pub store: Option<String>,
    /// What becomes of requests while the store does not answer. Default: `allow`.
    pub on_store_failure: Option<RawOnStoreFailure>,
    /// How long the store may take to answer. Default: `5ms`.
    pub timeout: Option<RawDuration>,
}

/// One window of a rate limit as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RateLimitWindow")]
pub(super) struct RawWindow {
    /// How much comes back within `per`.
    pub cost: Option<u64>,
    /// In how long: `1s`, `1m`, `1d`.
    pub per: Option<RawDuration>,
    /// How much may be spent at once. Default: `cost`.
    pub burst: Option<u64>,
}

/// One quota as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Quota")]
pub(super) struct RawQuota {
    /// Who counts as one caller, as of a rate limit. Default: `consumer.id`.
    pub key: Option<RawKey>,
    /// How much in each day or month. A request pays in all of them, or is refused.
    pub windows: Option<Vec<RawQuotaWindow>>,
    /// Where it is counted: a file, relative to the configuration, or `redis://host:6379/0` for all gateways together. Default: `graphloom.quotas`.
    pub store: Option<String>,
    /// What becomes of requests while the store does not answer, or cannot be written. Default: `allow`.
    pub on_store_failure: Option<RawOnStoreFailure>,
    /// How long Redis may take to answer. Default: `5ms`.
    pub timeout: Option<RawDuration>,
}

/// One window of a quota as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "QuotaWindow")]
pub(super) struct RawQuotaWindow {
    /// How much.
    pub cost: Option<u64>,
    /// In each of these, by UTC.
    pub per: Option<Period>,
}

/// One bound on requests under way as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Concurrency")]
pub(super) struct RawConcurrency {
    /// Who counts as one caller, as of a rate limit. Default: all together.
    pub key: Option<RawKey>,
    /// How many requests may be under way.
    pub max: Option<u32>,
}

/// A day or a month of the calendar, by UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "QuotaPeriod")]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From the first of a month to that of the next.
    Month,
}

/// A limit on what a caller may spend.
#[derive(Debug, Clone, PartialEq)]
pub struct SpendingLimit {
    /// Who counts as one caller.
    pub key: KeySettings,
    /// How much; never empty.
    pub windows: Vec<WindowSettings>,
    /// Where it is counted.
    pub store: StoreSettings,
    /// Whether requests pass while the store fails.
    pub passes_without_store: bool,
}

/// How much a caller may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowSettings {
    /// A bucket that fills evenly.
    Rate {
        /// So much comes back.
        cost: u64,
        /// In so long.
        per: Duration,
        /// So much may be spent at once.
        burst: u64,
    },
    /// A part of the calendar.
    Quota {
        /// So much in each.
        cost: u64,
        /// Of these.
        per: Period,
    },
}

/// A bound on requests under way.
#[derive(Debug, Clone, PartialEq)]
pub struct ConcurrencySettings {
    /// Who counts as one caller; none: all together.
    pub key: Option<KeySettings>,
    /// How many.
    pub max: u32,
}

/// More than anybody needs; every window costs time at every request.
const MAX_WINDOWS: usize = 8;
/// What a header field can say, and a number of JSON (RFC 9651, section 3.3.1).
const MAX_COST: u64 = 999_999_999_999;
const MAX_PER: Duration = Duration::from_secs(366 * 86_400);

impl WindowSettings {
    fn has_period_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Quota { per, .. }, Self::Quota { per: of_other, .. }) => per == of_other,
            _ => false,
        }
    }

    /// How much may be spent at once.
    pub fn at_once(&self) -> u64 {
        match self {
            Self::Rate { burst, .. } => *burst,
            Self::Quota { cost, .. } => *cost,
        }
    }
}

impl SpendingLimit {
    /// Whether it counts by the calendar.
    pub fn is_quota(&self) -> bool {
        self.windows.iter().any(|window| matches!(window, WindowSettings::Quota { .. }))
    }
}

/// The rate limits of a policy.
pub(super) fn rate_limits(
    raw: Option<OneOrList<RawRateLimit>>,
    (folder, key): (&Path, &Key),
    problems: &mut Problems<'_>,
) -> Vec<SpendingLimit> {
    let limit = |limit: RawRateLimit, key: &Key, problems: &mut Problems<'_>| {
        let caller = KeySettings::of(limit.key, &key.then("key"), problems);
        let store = limit.store.unwrap_or_else(|| "local".to_owned());
        let store = StoreSettings::settle(&store, limit.timeout, (folder, key), problems);
        let windows = windows(limit.windows, key, problems, RawWindow::settle)?;
        if matches!(store, StoreSettings::File(_)) {
            let fix = "write `local`, or `redis://host:6379/0`";
            problems.add(&key.then("store"), "a rate limit is not counted in a file", fix);
        }
        let passes_without_store = RawOnStoreFailure::passes(limit.on_store_failure);
        Some(SpendingLimit { key: caller, windows, store, passes_without_store })
    };
    OneOrList::settle(raw, key, problems, limit)
}

/// The quotas of a policy.
pub(super) fn quotas(
    raw: Option<OneOrList<RawQuota>>,
    (folder, key): (&Path, &Key),
    problems: &mut Problems<'_>,
) -> Vec<SpendingLimit> {
    let quota = |quota: RawQuota, key: &Key, problems: &mut Problems<'_>| {
        let caller = KeySettings::of(quota.key, &key.then("key"), problems);
        let store = quota.store.unwrap_or_else(|| "graphloom.quotas".to_owned());
        let store = StoreSettings::settle(&store, quota.timeout, (folder, key), problems);
        if store == StoreSettings::Memory {
            let fix = "write a file such as `graphloom.quotas`, or `redis://host:6379/0`";
            problems.add(&key.then("store"), "a quota would be forgotten at every start", fix);
        }
        let windows = windows(quota.windows, key, problems, RawQuotaWindow::settle)?;
        for (i, window) in windows.iter().enumerate() {
            if windows[..i].iter().any(|other| other.has_period_of(window)) {
                let fix = "keep the smaller one";
                let key = key.then("windows").then(i).then("per");
                problems.add(&key, "the quota has two windows of this time", fix);
            }
        }
        let passes_without_store = RawOnStoreFailure::passes(quota.on_store_failure);
        Some(SpendingLimit { key: caller, windows, store, passes_without_store })
    };
    OneOrList::settle(raw, key, problems, quota)
}

/// The bounds of a policy on requests under way.
pub(super) fn concurrency(
    raw: Option<OneOrList<RawConcurrency>>,
    key: &Key,
    problems: &mut Problems<'_>,
) -> Vec<ConcurrencySettings> {
    let bound = |bound: RawConcurrency, key: &Key, problems: &mut Problems<'_>| {
        let caller = bound.key.map(|raw| KeySettings::of(Some(raw), &key.then("key"), problems));
        let Some(max) = bound.max.filter(|max| *max > 0) else {
            let message = match bound.max {
                None => "the bound has no `max`",
                Some(_) => "nothing could pass this limit",
            };
            problems.add(
                &key.then("max"),
                message,
                "write how many requests may be under way: `max: 100`",
            );
            return None;
        };
        Some(ConcurrencySettings { key: caller, max })
    };
    OneOrList::settle(raw, key, problems, bound)
}

fn windows<W>(
    raw: Option<Vec<W>>,
    key: &Key,
    problems: &mut Problems<'_>,
    settle: impl Fn(W, &Key, &mut Problems<'_>) -> Option<WindowSettings>,
) -> Option<Vec<WindowSettings>> {
    let key = key.then("windows");
    let raw = raw.unwrap_or_default();
    if raw.is_empty() || raw.len() > MAX_WINDOWS {
        let fix = match raw.is_empty() {
            true => {
                "say how much in how long: `windows: [{ cost: 1000, per: 1m }]`; of a quota, `per: day` or `per: month`"
            }
            false => "keep 8 at most",
        };
        problems.add(&key, format!("the limit has {} windows", raw.len()), fix);
        return None;
    }
    let numbered = raw.into_iter().enumerate();
    Some(numbered.filter_map(|(i, window)| settle(window, &key.then(i), problems)).collect())
}

impl RawWindow {
    fn settle(self, key: &Key, problems: &mut Problems<'_>) -> Option<WindowSettings> {
        let Self { cost: Some(cost), per: Some(per), burst } = self else {
            let missing = if self.cost.is_none() { "cost" } else { "per" };
            let fix = "write how much comes back in how long: `{ cost: 1000, per: 1m }`";
            problems.add(key, format!("the window has no `{missing}`"), fix);
            return None;
        };
        let burst = burst.unwrap_or(cost);
        let is_countable = is_countable(cost, &key.then("cost"), problems)
            && is_countable(burst, &key.then("burst"), problems);
        let key = key.then("per");
        let per = per.settle(&key, problems)?;
        if per > MAX_PER {
            problems.add(&key, "longer than a year", "write `366d` or less");
            return None;
        }
        is_countable.then_some(WindowSettings::Rate { cost, per, burst })
    }
}

impl RawQuotaWindow {
    fn settle(self, key: &Key, problems: &mut Problems<'_>) -> Option<WindowSettings> {
        let Self { cost: Some(cost), per: Some(per) } = self else {
            let missing = if self.cost.is_none() { "cost" } else { "per" };
            let fix = "write how much in each `day` or `month`: `{ cost: 100000, per: day }`";
            problems.add(key, format!("the window has no `{missing}`"), fix);
            return None;
        };
        is_countable(cost, &key.then("cost"), problems)
            .then_some(WindowSettings::Quota { cost, per })
    }
}

fn is_countable(cost: u64, key: &Key, problems: &mut Problems<'_>) -> bool {
    if (1..=MAX_COST).contains(&cost) {
        return true;
    }
    let message = match cost {
        0 => "nothing could pass this limit".to_owned(),
        _ => format!("{cost} is more than can be counted"),
    };
    problems.add(key, message, format!("write 1 to {MAX_COST}"));
    false
}
