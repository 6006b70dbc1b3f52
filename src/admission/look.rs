//! What a request would pay, without paying.
//!
//! **In:** the limits of a door, what is known of a request, its cost. **Out:** a [`Look`] for each limit.
//!
//! **Never here:** paying (`limiter`); both read the same limits, keys and counts.
//!
//! **Holds:** nothing is taken, and no caller is remembered for having been looked at.
//!
//! **Read first:** [`Admission::look`].

use std::sync::Arc;
use std::time::Duration;

use super::{Admission, DoorLimits, key};
use crate::config::WindowSettings;
use crate::expressions::Scope;

/// What one limit would take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The policy.
    pub policy: Arc<str>,
    /// Whose bucket it is: not for strangers, although no credential is in it.
    pub key: String,
    /// Its windows.
    pub windows: Vec<LookWindow>,
}

/// What one window has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookWindow {
    /// What headers call it.
    pub name: Arc<str>,
    /// How it is configured.
    pub settings: WindowSettings,
    /// What is left; none if the store does not answer.
    pub remaining: Option<u64>,
    /// Until it is as if nothing had been spent.
    pub until_full: Option<Duration>,
    /// Whether the request would pass; if the store does not answer, whether requests pass then.
    pub passes: bool,
}

impl Admission {
    /// What a request would pay with.
    pub async fn look(&self, door: &DoorLimits, scope: &Scope<'_>, cost: u64) -> Vec<Look> {
        let mut looks = Vec::new();
        let Some(applied) = door.of(scope.consumer) else { return looks };
        for limiter in &applied.limiters {
            let key = key::text(&limiter.settings.key, scope);
            let standings = limiter.look(&key).await;
            let window = |(i, settings): (usize, &WindowSettings)| {
                let standing = standings.as_ref().and_then(|standings| standings.get(i));
                let remaining = standing.map(|standing| standing.remaining);
                LookWindow {
                    name: Arc::clone(&limiter.names[i]),
                    settings: *settings,
                    remaining,
                    until_full: standing.map(|it| Duration::from_nanos(it.until_full)),
                    passes: match remaining {
                        Some(remaining) => remaining >= cost,
                        None => limiter.settings.passes_without_store,
                    },
                }
            };
            let windows = limiter.settings.windows.iter().enumerate().map(window).collect();
            looks.push(Look { policy: Arc::clone(&limiter.policy), key, windows });
        }
        looks
    }
}
