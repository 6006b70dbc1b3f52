//! Explains from which buckets a request would pay.
//!
//! **In:** what holds at a door, who asks, what the request would cost. **Out:** what each bucket has; a reason if
//! one has not enough.
//!
//! **Never here:** counting, and whether it is enough (`admission`).
//!
//! **Holds:** a look takes nothing. Whose bucket it is, is for operators: it may be an address.
//!
//! **Read first:** [`Purse::look`].

use std::time::Duration;

use super::super::Rooms;
use super::told::{BudgetTold, RefusedTold};
use crate::admission::{DoorLimits, LookWindow, WhyRefused};
use crate::config::{Period, WindowSettings};
use crate::expressions::Scope;

/// Who may know whose bucket it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// Whoever asks for themselves.
    Caller,
    /// Whoever runs the gateway.
    Operator,
}

/// From which a request pays.
pub(super) struct Purse<'a> {
    pub(super) rooms: &'a Rooms,
    pub(super) door: &'a DoorLimits,
    pub(super) scope: &'a Scope<'a>,
    pub(super) reader: For,
}

impl Purse<'_> {
    /// What the buckets have for a request that costs so much; why it is refused if that is not enough.
    pub(super) async fn look(&self, cost: u64, refused: &mut Vec<RefusedTold>) -> Vec<BudgetTold> {
        let mut budgets = Vec::new();
        for look in self.rooms.admission.look(self.door, self.scope, cost).await {
            for window in &look.windows {
                if !window.passes {
                    refused.push(too_little(window, cost));
                }
                budgets.push(BudgetTold {
                    name: window.name.to_string(),
                    key: (self.reader == For::Operator).then(|| look.key.clone()),
                    pays: cost,
                    remaining: window.remaining,
                    burst: holds(&window.settings),
                    per: per(&window.settings),
                    allowed: window.passes,
                });
            }
        }
        budgets
    }
}

fn too_little(window: &LookWindow, cost: u64) -> RefusedTold {
    let LookWindow { name, settings, remaining, .. } = window;
    let (why, text) = match (remaining, settings) {
        (None, _) => {
            (WhyRefused::Store, format!("it cannot be found out now what `{name}` has left"))
        }
        (Some(_), _) if cost > holds(settings) => {
            let text = format!("it costs {cost}, more than `{name}` ever lets pass at once");
            (kind(settings), text)
        }
        (Some(remaining), _) => {
            (kind(settings), format!("it costs {cost}, and `{name}` has {remaining} left"))
        }
    };
    RefusedTold::new(why.code(), text)
}

fn kind(settings: &WindowSettings) -> WhyRefused {
    match settings {
        WindowSettings::Rate { .. } => WhyRefused::RateLimit,
        WindowSettings::Quota { .. } => WhyRefused::Quota,
    }
}

/// What a full bucket holds.
fn holds(settings: &WindowSettings) -> u64 {
    match settings {
        WindowSettings::Rate { burst, .. } => *burst,
        WindowSettings::Quota { cost, .. } => *cost,
    }
}

/// What comes back, and in how long.
fn per(settings: &WindowSettings) -> String {
    match settings {
        WindowSettings::Rate { cost, per, .. } => format!("{cost} in {}", span(*per)),
        WindowSettings::Quota { cost, per: Period::Day } => format!("{cost} a day"),
        WindowSettings::Quota { cost, per: Period::Month } => format!("{cost} a month"),
    }
}

/// A time as the configuration has it.
fn span(per: Duration) -> String {
    let seconds = per.as_secs();
    match per.subsec_millis() {
        0 if seconds.is_multiple_of(86_400) => format!("{}d", seconds / 86_400),
        0 if seconds.is_multiple_of(3_600) => format!("{}h", seconds / 3_600),
        0 if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        0 => format!("{seconds}s"),
        _ => format!("{}ms", per.as_millis()),
    }
}
