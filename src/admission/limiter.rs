//! One limit of a policy, ready to be paid: where it is counted, its windows with their names, its counts.
//!
//! **In:** a [`SpendingLimit`]. **Out:** [`Limiter`], which callers pay; what it tells in header fields.
//!
//! **Never here:** the counting itself (`table`, `quota_file`, `shared`).
//!
//! **Holds:** a name in a header field has no character that would end it. A store that fails lets all
//! requests pass, or none, as the configuration says.
//!
//! **Read first:** [`Limiter::pay`].
//!
//! Spec: <https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/>

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::gcra::Rate;
use super::quota_file::{QuotaError, QuotaFile, QuotaWindow};
use super::shared::{SharedError, SharedStore};
use super::store::Store;
use super::table::{Limit, Short, Standing, Standings};
use crate::config::{Period, SpendingLimit, WindowSettings};
use crate::telemetry::LimitMetrics;

/// One limit of a policy.
#[derive(Debug)]
pub(super) struct Limiter {
    pub(super) policy: Arc<str>,
    pub(super) settings: SpendingLimit,
    /// What each window is called in headers, errors and the log.
    pub(super) names: Vec<Arc<str>>,
    pub(super) metrics: LimitMetrics,
    pub(super) place: Place,
    /// What it is called in a store, where other limits of the policy are counted, too.
    stored_as: String,
    is_failing: AtomicBool,
}

/// Where it is counted.
#[derive(Debug)]
pub(super) enum Place {
    /// In memory, under a number.
    Memory { store: Arc<Store>, id: u32, rates: Vec<Rate> },
    /// In a file, which has these windows of the calendar.
    File { file: Arc<QuotaFile>, windows: Vec<QuotaWindow> },
    /// In Redis.
    Shared(Arc<SharedStore>),
    /// Nowhere: the store cannot be used.
    Nowhere(String),
}

/// Why nothing was paid.
#[derive(Debug)]
pub(super) enum Unpaid {
    /// The caller has not as much.
    Short(Short),
    /// It is not known what the caller has.
    Unknown,
}

impl Limiter {
    pub(super) fn new(
        (policy, index): (&Arc<str>, usize),
        settings: &SpendingLimit,
        names: Vec<Arc<str>>,
        metrics: &LimitMetrics,
        place: Place,
    ) -> Self {
        Self {
            policy: Arc::clone(policy),
            stored_as: stored_as(policy, index, settings),
            settings: settings.clone(),
            names,
            metrics: metrics.clone(),
            place,
            is_failing: AtomicBool::new(false),
        }
    }

    /// Whether paying waits for nobody.
    pub(super) fn is_at_hand(&self) -> bool {
        !matches!(self.place, Place::Shared(_))
    }

    /// Takes a cost out of all windows; nothing where a store fails and requests pass nevertheless.
    pub(super) fn pay_at_once(&self, key: &str, cost: u64) -> Result<Option<Standings>, Unpaid> {
        match &self.place {
            Place::Memory { store, id, rates } => {
                let limit = Limit { id: *id, rates };
                let paid = store.table.pay(limit, key, cost, store.table.now());
                paid.map(Some).map_err(Unpaid::Short)
            }
            Place::File { file, windows } => {
                match file.pay((&self.stored_as, key), windows, cost, seconds()) {
                    Ok(standings) => {
                        self.stands();
                        Ok(Some(standings))
                    }
                    Err(QuotaError::Short(short)) => Err(Unpaid::Short(short)),
                    Err(QuotaError::Store(error)) => self.fails(&error.to_string()),
                }
            }
            Place::Shared(_) => self.fails("it was not waited for"),
            Place::Nowhere(why) => self.fails(why),
        }
    }

    /// As [`Self::pay_at_once`], also where that takes a while.
    pub(super) async fn pay(&self, key: &str, cost: u64) -> Result<Option<Standings>, Unpaid> {
        let Place::Shared(store) = &self.place else { return self.pay_at_once(key, cost) };
        let caller = self.caller(key);
        match store.pay(&caller, &self.settings.windows, cost).await {
            Ok(standings) => Ok(Some(standings)),
            Err(SharedError::Short(short)) => Err(Unpaid::Short(short)),
            Err(SharedError::Away) => {
                self.metrics.store_failures.inc();
                self.without_store()
            }
        }
    }

    /// Corrects a payment: gives back what was too much, takes what is owed. `known`: what was left after it.
    pub(super) fn correct(
        self: &Arc<Self>,
        key: &str,
        (paid, actual): (u64, u64),
        known: &Standings,
    ) -> Standings {
        match &self.place {
            Place::Memory { store, id, rates } => {
                let limit = Limit { id: *id, rates };
                let now = store.table.now();
                match actual.checked_sub(paid) {
                    Some(more) => store.table.charge(limit, key, more, now),
                    None => store.table.refund(limit, key, paid - actual, now),
                }
            }
            Place::File { file, windows } => {
                file.correct((&self.stored_as, key), windows, (paid, actual), seconds())
            }
            Place::Shared(store) => {
                let (store, this) = (Arc::clone(store), Arc::clone(self));
                let caller = self.caller(key);
                let difference = i64::try_from(actual).unwrap_or(i64::MAX)
                    - i64::try_from(paid).unwrap_or(i64::MAX);
                // Nobody waits for it: what is left is known without asking.
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(async move {
                        let windows = &this.settings.windows;
                        if store.correct(&caller, windows, difference).await.is_none() {
                            this.metrics.store_failures.inc();
                        }
                    });
                }
                self.corrected(known, (paid, actual))
            }
            Place::Nowhere(_) => known.clone(),
        }
    }

    /// What a caller has left, without taking anything; none if it is not known.
    pub(super) async fn look(&self, key: &str) -> Option<Standings> {
        match &self.place {
            Place::Memory { store, id, rates } => {
                Some(store.table.look(Limit { id: *id, rates }, key, store.table.now()))
            }
            Place::File { file, windows } => {
                Some(file.look((&self.stored_as, key), windows, seconds()))
            }
            Place::Shared(store) => {
                match store.pay(&self.caller(key), &self.settings.windows, 0).await {
                    Ok(standings) => Some(standings),
                    Err(SharedError::Short(short)) => Some(short.standings),
                    Err(SharedError::Away) => None,
                }
            }
            Place::Nowhere(_) => None,
        }
    }

    /// A caller under this limit, among all that share a store.
    fn caller(&self, key: &str) -> String {
        format!("{}:{}{key}", self.stored_as.len(), self.stored_as)
    }

    fn corrected(&self, known: &Standings, (paid, actual): (u64, u64)) -> Standings {
        let windows = known.iter().zip(&self.settings.windows);
        windows
            .map(|(known, window)| {
                let remaining = (known.remaining + paid).saturating_sub(actual);
                Standing { remaining: remaining.min(window.at_once()), ..*known }
            })
            .collect()
    }

    fn stands(&self) {
        if self.is_failing.load(Ordering::Relaxed) && self.is_failing.swap(false, Ordering::Relaxed)
        {
            tracing::info!(policy = &*self.policy, "the store of limits can be used again");
        }
    }

    fn fails(&self, why: &str) -> Result<Option<Standings>, Unpaid> {
        self.metrics.store_failures.inc();
        if !self.is_failing.swap(true, Ordering::Relaxed) {
            tracing::warn!(policy = &*self.policy, why, "the store of limits cannot be used");
        }
        self.without_store()
    }

    fn without_store(&self) -> Result<Option<Standings>, Unpaid> {
        match self.settings.passes_without_store {
            true => Ok(None),
            false => Err(Unpaid::Unknown),
        }
    }

    /// Adds what `RateLimit-Policy` says of it: how much a full bucket holds, and in what time that much comes
    /// back, so that the available quota is never more than the quota.
    pub(super) fn put_policy(&self, field: &mut String) {
        for (window, name) in self.settings.windows.iter().zip(&self.names) {
            let time = match window {
                WindowSettings::Rate { cost, per, burst } => {
                    let time = per.as_nanos() * u128::from(*burst);
                    time.div_ceil(u128::from(*cost)).div_ceil(1_000_000_000)
                }
                WindowSettings::Quota { per: Period::Day, .. } => 86_400,
                WindowSettings::Quota { per: Period::Month, .. } => 2_678_400,
            };
            separate(field);
            let _ = write!(field, "\"{name}\";q={};w={time}", window.at_once());
        }
    }

    /// Adds what `RateLimit` says of it.
    pub(super) fn put_standings(&self, standings: &Standings, field: &mut String) {
        for (standing, name) in standings.iter().zip(&self.names) {
            let time = standing.until_full.div_ceil(1_000_000_000);
            separate(field);
            let _ = write!(field, "\"{name}\";r={};t={time}", standing.remaining);
        }
    }
}

fn separate(field: &mut String) {
    if !field.is_empty() {
        field.push_str(", ");
    }
}

/// What a limit is called in a store. Other windows of a rate limit begin anew, as in memory; of a quota only
/// its periods count, so that what was spent stays spent when its amount changes.
fn stored_as(policy: &str, index: usize, settings: &SpendingLimit) -> String {
    let mut name = format!("{}:{policy}:{index}", policy.len());
    for window in &settings.windows {
        let _ = match window {
            WindowSettings::Rate { cost, per, burst } => {
                write!(name, ":{cost}/{}/{burst}", per.as_nanos())
            }
            WindowSettings::Quota { per: Period::Day, .. } => write!(name, ":day"),
            WindowSettings::Quota { per: Period::Month, .. } => write!(name, ":month"),
        };
    }
    name
}

/// Seconds since 1970, by which days and months are counted.
pub(super) fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// A text as a String of RFC 9651, section 3.3.3, without what would have to be escaped.
pub(super) fn plain(text: &str) -> String {
    let is_plain = |c: &char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    text.chars().map(|c| if is_plain(&c) { c } else { '_' }).collect()
}

/// The windows of a policy: the name of the policy; where it has several, with their time.
pub(super) fn names(policy: &str, windows: &[WindowSettings]) -> Vec<Arc<str>> {
    let policy = plain(policy);
    if windows.len() == 1 {
        return vec![policy.into()];
    }
    let mut names: Vec<Arc<str>> = Vec::new();
    for window in windows {
        let plain = format!("{policy}-{}", time(window));
        let mut name = plain.clone();
        let mut number = 1;
        while names.iter().any(|taken| **taken == *name) {
            number += 1;
            name = format!("{plain}-{number}");
        }
        names.push(name.into());
    }
    names
}

/// The time of a window as people write it.
fn time(window: &WindowSettings) -> String {
    let per: &Duration = match window {
        WindowSettings::Quota { per: Period::Day, .. } => return "day".to_owned(),
        WindowSettings::Quota { per: Period::Month, .. } => return "month".to_owned(),
        WindowSettings::Rate { per, .. } => per,
    };
    let seconds = per.as_secs();
    match per.subsec_millis() {
        0 if seconds.is_multiple_of(86_400) => format!("{}d", seconds / 86_400),
        0 if seconds.is_multiple_of(3_600) => format!("{}h", seconds / 3_600),
        0 if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        0 => format!("{seconds}s"),
        _ => format!("{}ms", per.as_millis()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::names;
    use crate::config::{Period, WindowSettings};

    #[test]
    fn windows_are_told_apart_by_their_time() {
        let rate =
            |seconds| WindowSettings::Rate { cost: 1, per: Duration::from_secs(seconds), burst: 1 };
        let day = WindowSettings::Quota { cost: 1, per: Period::Day };
        let of = |windows: &[WindowSettings]| -> Vec<String> {
            names("a\"b", windows).iter().map(ToString::to_string).collect()
        };
        assert_eq!(of(&[rate(60)]), ["a_b"]);
        let several = [rate(60), rate(86_400), rate(60), rate(7), day];
        assert_eq!(of(&several), ["a_b-1m", "a_b-1d", "a_b-1m-2", "a_b-7s", "a_b-day"]);
    }
}
