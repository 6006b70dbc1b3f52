//! Admission: what a request pays before it may go on, and what it has left.
//!
//! **In:** the policies of a door, what is known of a request, its cost. **Out:** a [`Bill`] that was paid, or
//! [`Refused`].
//!
//! **Never here:** what an operation costs (`pipeline`), statuses and bodies (`server::reply`).
//!
//! **Holds:** both doors pay from one purse: a limit has one bucket a caller, wherever it applies. A request
//! pays in all limits or in none. Counters outlive the configuration that asks for them, as long as the
//! policy and its windows stay. A door without limits costs nothing.
//!
//! **Read first:** [`Admission::pay`].

mod bill;
mod gcra;
mod key;
mod limiter;
mod refused;
mod table;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::HeaderValue;
use indexmap::IndexMap;
use smallvec::SmallVec;

use crate::config::{AdmissionSettings, RateLimitSettings};
use crate::consumer::Consumer;
use crate::expressions::Scope;
use crate::telemetry::Metrics;
use gcra::Wait;
use limiter::Limiter;
use table::{Short, Standings, Table};

pub use bill::{Bill, Receipt};
pub use refused::{Refused, Standing, WhyRefused};

/// The limits of a configuration, and what callers have spent.
#[derive(Debug)]
pub struct Admission {
    store: Arc<Store>,
    policies: IndexMap<String, Vec<Arc<Limiter>>>,
    plans: IndexMap<String, Vec<String>>,
}

/// What outlives a configuration.
#[derive(Debug)]
struct Store {
    table: Table,
    next_id: AtomicU32,
}

/// What the callers of one door pay.
#[derive(Debug, Default)]
pub struct DoorLimits {
    all: Option<Arc<Applied>>,
    by_plan: HashMap<String, Option<Arc<Applied>>>,
}

/// The limits that hold for a request, each once.
#[derive(Debug)]
struct Applied {
    limiters: Vec<Arc<Limiter>>,
    /// `RateLimit-Policy`.
    policy: Option<HeaderValue>,
}

/// Stands for callers on none of the plans that are named.
const OTHERS: &str = "*";

impl Admission {
    /// The limits of a configuration; counters of the previous one go on.
    pub fn new(settings: &AdmissionSettings, metrics: &Metrics, previous: Option<&Self>) -> Self {
        let fresh =
            || Arc::new(Store { table: Table::new(settings.max_keys), next_id: AtomicU32::new(0) });
        let store = previous.map_or_else(fresh, |previous| Arc::clone(&previous.store));
        store.table.set_max_keys(settings.max_keys);
        let mut policies = IndexMap::new();
        for (name, policy) in &settings.policies {
            let known = previous.and_then(|previous| previous.policies.get(name));
            let id_of = |i: usize, limit: &RateLimitSettings| {
                let known = known.and_then(|limiters| limiters.get(i));
                match known.filter(|known| known.settings.windows == limit.windows) {
                    Some(known) => known.id,
                    None => store.next_id.fetch_add(1, Ordering::Relaxed),
                }
            };
            let metrics = metrics.admission.of_policy(name);
            let limiters = Limiter::of_policy(name, &policy.rate_limits, &metrics, id_of);
            policies.insert(name.clone(), limiters);
        }
        Self { store, policies, plans: settings.plans.clone() }
    }

    /// The limits of a door, by the names of its policies.
    pub fn door(&self, policies: &[String]) -> DoorLimits {
        let with = |more: &[String]| {
            let mut limiters: Vec<Arc<Limiter>> = Vec::new();
            for name in policies.iter().chain(more) {
                for limiter in self.policies.get(name).into_iter().flatten() {
                    if !limiters.iter().any(|known| Arc::ptr_eq(known, limiter)) {
                        limiters.push(Arc::clone(limiter));
                    }
                }
            }
            Applied::of(limiters)
        };
        let plans = self.plans.iter();
        DoorLimits {
            all: with(&[]),
            by_plan: plans.map(|(plan, more)| (plan.clone(), with(more))).collect(),
        }
    }

    /// Pays for a request; nothing comes back where nothing is to be paid.
    ///
    /// # Errors
    /// When a limit does not have as much; then nothing was paid.
    pub fn pay(
        &self,
        door: &DoorLimits,
        scope: &Scope<'_>,
        cost: u64,
    ) -> Result<Option<Box<Bill>>, Box<Refused>> {
        let Some(applied) = door.of(scope.consumer) else { return Ok(None) };
        let now = self.store.table.now();
        let mut paid = SmallVec::new();
        for limiter in &applied.limiters {
            let key = key::text(&limiter.settings.key, scope);
            match self.store.table.pay(limiter.limit(), &key, cost, now) {
                Ok(standings) => paid.push((key, standings)),
                Err(short) => {
                    limiter.metrics.refused.inc();
                    self.give_back(applied, &paid, cost, now);
                    return Err(Box::new(self.refused(
                        applied,
                        limiter,
                        &short,
                        scope,
                        (cost, now),
                    )));
                }
            }
        }
        applied.limiters.iter().for_each(|limiter| {
            limiter.metrics.allowed.inc();
        });
        Ok(Some(Box::new(Bill::new(&self.store, applied, paid, cost))))
    }

    /// How many callers are remembered, and how many had to be forgotten.
    pub fn remembered(&self) -> (usize, u64) {
        let table = &self.store.table;
        (table.count(table.now()), table.evicted())
    }

    /// Undoes the payments to the first limits.
    fn give_back(&self, applied: &Applied, paid: &[(String, Standings)], cost: u64, now: u64) {
        for (limiter, (key, _)) in applied.limiters.iter().zip(paid) {
            self.store.table.refund(limiter.limit(), key, cost, now);
        }
    }

    fn refused(
        &self,
        applied: &Applied,
        limiter: &Limiter,
        short: &Short,
        scope: &Scope<'_>,
        (cost, now): (u64, u64),
    ) -> Refused {
        let mut limit = String::new();
        for limiter in &applied.limiters {
            let key = key::text(&limiter.settings.key, scope);
            let standings = self.store.table.look(limiter.limit(), &key, now);
            limiter.put_standings(&standings, &mut limit);
        }
        Refused {
            why: WhyRefused::RateLimit,
            policy: Arc::clone(&limiter.names[short.window]),
            cost,
            remaining: short.standings[short.window].remaining,
            retry_after: match short.wait {
                Wait::For(nanoseconds) => Some(Duration::from_nanos(nanoseconds)),
                Wait::Forever => None,
            },
            standing: Standing {
                policy: applied.policy.clone(),
                limit: HeaderValue::from_str(&limit).ok(),
            },
        }
    }
}

impl DoorLimits {
    /// The limits that hold for a caller.
    fn of(&self, consumer: &Consumer) -> Option<&Arc<Applied>> {
        if self.by_plan.is_empty() {
            return self.all.as_ref();
        }
        let plan = consumer.plan.as_deref().unwrap_or(OTHERS);
        let on_plan = self.by_plan.get(plan).or_else(|| self.by_plan.get(OTHERS));
        on_plan.unwrap_or(&self.all).as_ref()
    }
}

impl Applied {
    fn of(limiters: Vec<Arc<Limiter>>) -> Option<Arc<Self>> {
        if limiters.is_empty() {
            return None;
        }
        let mut policy = String::new();
        limiters.iter().for_each(|limiter| limiter.put_policy(&mut policy));
        Some(Arc::new(Self { limiters, policy: HeaderValue::from_str(&policy).ok() }))
    }
}
