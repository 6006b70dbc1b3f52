//! One limit of a policy, ready to be paid: its number in the store, its windows with their names, its counts.
//!
//! **In:** a [`RateLimitSettings`]. **Out:** [`Limiter`]; what it tells of itself in header fields.
//!
//! **Never here:** what is spent (`table`).
//!
//! **Holds:** a name in a header field has no character that would end it.
//!
//! **Read first:** [`Limiter`].
//!
//! Spec: <https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/>

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::gcra::Rate;
use super::table::{Limit, Standings};
use crate::config::{RateLimitSettings, WindowSettings};
use crate::telemetry::LimitMetrics;

/// One limit of a policy.
#[derive(Debug)]
pub(super) struct Limiter {
    pub(super) id: u32,
    pub(super) settings: RateLimitSettings,
    pub(super) rates: Vec<Rate>,
    /// What each window is called in headers, errors and the log.
    pub(super) names: Vec<Arc<str>>,
    pub(super) metrics: LimitMetrics,
}

impl Limiter {
    /// The limits of a policy, with numbers from `id_of`.
    pub(super) fn of_policy(
        policy: &str,
        limits: &[RateLimitSettings],
        metrics: &LimitMetrics,
        mut id_of: impl FnMut(usize, &RateLimitSettings) -> u32,
    ) -> Vec<Arc<Self>> {
        let windows: Vec<WindowSettings> =
            limits.iter().flat_map(|limit| limit.windows.iter().copied()).collect();
        let mut names = names(policy, &windows).into_iter();
        let limiter = |(i, settings): (usize, &RateLimitSettings)| {
            let rate = |window: &WindowSettings| Rate::new(window.cost, window.per, window.burst);
            Arc::new(Self {
                id: id_of(i, settings),
                rates: settings.windows.iter().map(rate).collect(),
                names: names.by_ref().take(settings.windows.len()).collect(),
                settings: settings.clone(),
                metrics: metrics.clone(),
            })
        };
        limits.iter().enumerate().map(limiter).collect()
    }

    pub(super) fn limit(&self) -> Limit<'_> {
        Limit { id: self.id, rates: &self.rates }
    }

    /// Adds what `RateLimit-Policy` says of it: how much a full bucket holds, and in what time that much comes
    /// back, so that the available quota is never more than the quota.
    pub(super) fn put_policy(&self, field: &mut String) {
        for (window, name) in self.settings.windows.iter().zip(&self.names) {
            let (burst, cost) = (u128::from(window.burst), u128::from(window.cost));
            let time = (window.per.as_nanos() * burst).div_ceil(cost).div_ceil(1_000_000_000);
            separate(field);
            let _ = write!(field, "\"{name}\";q={burst};w={time}");
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

/// The windows of a policy: the name of the policy; where it has several, with their time.
fn names(policy: &str, windows: &[WindowSettings]) -> Vec<Arc<str>> {
    // A String of RFC 9651, section 3.3.3, without what would have to be escaped.
    let is_plain = |c: &char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    let policy: String = policy.chars().map(|c| if is_plain(&c) { c } else { '_' }).collect();
    if windows.len() == 1 {
        return vec![policy.into()];
    }
    let mut names: Vec<Arc<str>> = Vec::new();
    for window in windows {
        let plain = format!("{policy}-{}", time(window.per));
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

/// A duration as people write it.
fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (duration.subsec_millis(), seconds) {
        (0, _) if seconds.is_multiple_of(86_400) => format!("{}d", seconds / 86_400),
        (0, _) if seconds.is_multiple_of(3_600) => format!("{}h", seconds / 3_600),
        (0, _) if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        (0, _) => format!("{seconds}s"),
        _ => format!("{}ms", duration.as_millis()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::names;
    use crate::config::WindowSettings;

    #[test]
    fn windows_are_told_apart_by_their_time() {
        let window =
            |seconds| WindowSettings { cost: 1, per: Duration::from_secs(seconds), burst: 1 };
        let of = |seconds: &[u64]| -> Vec<String> {
            let windows: Vec<_> = seconds.iter().copied().map(window).collect();
            names("a\"b", &windows).iter().map(ToString::to_string).collect()
        };
        assert_eq!(of(&[60]), ["a_b"]);
        assert_eq!(of(&[60, 86_400, 60, 7]), ["a_b-1m", "a_b-1d", "a_b-1m-2", "a_b-7s"]);
    }
}
