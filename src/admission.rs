//! Admission: what a request pays before it may go on, and what it has left.
//!
//! **In:** the policies of a door, what is known of a request, its cost. **Out:** a [`Payment`] and a place among
//! the requests under way, or [`Refused`].
//!
//! **Never here:** what an operation costs (`pipeline`), statuses and bodies (`server::reply`).
//!
//! **Holds:** both doors pay from one purse: a limit has one bucket a caller, wherever it applies. A request
//! pays in all limits or in none. Counters outlive the configuration that asks for them, as long as the
//! policy and its windows stay. A door without limits costs nothing.
//!
//! **Read first:** [`Admission::pay`].

mod look;
mod payment;
mod key;
mod refused;
mod limiter;
mod store;
mod table;
mod gcra;
mod quota_file;
mod calendar;
mod shared;
mod in_flight;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use indexmap::IndexMap;
use smallvec::SmallVec;

use crate::config::{AdmissionPolicy, AdmissionSettings, KeySettings};
use crate::consumer::Consumer;
use crate::expressions::Scope;
use crate::telemetry::{LimitMetrics, Metrics};
use gcra::Wait;
use in_flight::{Crowd, Place as PlaceUnderWay};
use limiter::{Limiter, Place, Unpaid};
use payment::Paid;
use store::Store;
use table::Short;

pub use look::{Look, LookWindow};
pub use payment::{Payment, Receipt};
pub use refused::{Refused, Standing, WhyRefused};

/// The limits of a configuration, and what callers have spent.
#[derive(Debug)]
pub struct Admission {
    store: Arc<Store>,
    policies: IndexMap<Arc<str>, Policy>,
    plans: IndexMap<String, Vec<String>>,
}

#[derive(Debug)]
struct Policy {
    limiters: Vec<Arc<Limiter>>,
    bounds: Vec<Arc<Bound>>,
}

/// A bound on requests under way.
#[derive(Debug)]
struct Bound {
    policy: Arc<str>,
    key: Option<KeySettings>,
    max: u32,
    in_flight: Arc<Crowd>,
    metrics: LimitMetrics,
}

/// What holds for the callers of one door.
#[derive(Debug, Default)]
pub struct DoorLimits {
    all: Option<Arc<Applied>>,
    by_plan: HashMap<String, Option<Arc<Applied>>>,
}

/// What holds for a request, each once.
#[derive(Debug)]
struct Applied {
    limiters: Vec<Arc<Limiter>>,
    bounds: Vec<Arc<Bound>>,
    /// Whether paying waits for nobody.
    is_at_hand: bool,
    /// `RateLimit-Policy`.
    policy: Option<HeaderValue>,
}

/// A request's places among those under way. Dropped, they are free again.
#[derive(Debug)]
pub struct UnderWay {
    _places: SmallVec<[PlaceUnderWay; 1]>,
}

/// Stands for callers on none of the plans that are named.
const OTHERS: &str = "*";

/// When to come again where nobody knows.
const SOON: Duration = Duration::from_secs(1);

impl Admission {
    /// The limits of a configuration; counters of the previous one go on.
    pub fn new(settings: &AdmissionSettings, metrics: &Metrics, previous: Option<&Self>) -> Self {
        let fresh = || Arc::new(Store::new(settings.max_keys));
        let store = previous.map_or_else(fresh, |previous| Arc::clone(&previous.store));
        store.table.set_max_keys(settings.max_keys);
        let mut policies = IndexMap::new();
        for (name, policy) in &settings.policies {
            let known = previous.and_then(|previous| previous.policies.get(name.as_str()));
            let metrics = metrics.admission.of_policy(name);
            let name: Arc<str> = name.as_str().into();
            let max_keys = settings.max_keys;
            policies.insert(
                Arc::clone(&name),
                Policy::new(&name, policy, (&store, max_keys), &metrics, known),
            );
        }
        Self { store, policies, plans: settings.plans.clone() }
    }

    /// A policy whose store cannot be used, and why.
    pub fn problem(&self) -> Option<(&str, &str)> {
        let limiters = self.policies.values().flat_map(|policy| &policy.limiters);
        let mut broken = limiters.filter_map(|limiter| match &limiter.place {
            Place::Nowhere(why) => Some((&*limiter.policy, why.as_str())),
            _ => None,
        });
        broken.next()
    }

    /// What holds at a door, by the names of its policies.
    pub fn door(&self, policies: &[String]) -> DoorLimits {
        let with = |more: &[String]| {
            let mut names: Vec<&String> = Vec::new();
            for name in policies.iter().chain(more) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            Applied::of(names.into_iter().filter_map(|name| self.policies.get(name.as_str())))
        };
        let plans = self.plans.iter();
        DoorLimits {
            all: with(&[]),
            by_plan: plans.map(|(plan, more)| (plan.clone(), with(more))).collect(),
        }
    }

    /// A place among the requests under way, for as long as it is kept; none where there are no bounds.
    ///
    /// # Errors
    /// When there are as many as there may be.
    pub fn enter(
        &self,
        door: &DoorLimits,
        scope: &Scope<'_>,
    ) -> Result<Option<UnderWay>, Box<Refused>> {
        let Some(applied) = door.of(scope.consumer).filter(|it| !it.bounds.is_empty()) else {
            return Ok(None);
        };
        let mut places = SmallVec::new();
        for bound in &applied.bounds {
            let key = bound.key.as_ref().map(|key| key::text(key, scope)).unwrap_or_default();
            let Some(place) = bound.in_flight.enter(&key, bound.max) else {
                bound.metrics.refused.inc();
                return Err(Box::new(bound.refused()));
            };
            places.push(place);
        }
        Ok(Some(UnderWay { _places: places }))
    }

    /// Pays for a request; nothing comes back where nothing is to be paid.
    ///
    /// # Errors
    /// When a limit does not have as much; then nothing was paid.
    pub async fn pay(
        &self,
        door: &DoorLimits,
        scope: &Scope<'_>,
        cost: u64,
    ) -> Result<Option<Box<Payment>>, Box<Refused>> {
        match door.of(scope.consumer).filter(|it| !it.limiters.is_empty()) {
            None => Ok(None),
            Some(applied) if applied.is_at_hand => pay_at_once(applied, scope, cost).map(Some),
            // Boxed, as all that few requests wait for.
            Some(applied) => Box::pin(pay(applied, scope, cost)).await.map(Some),
        }
    }

    /// How many callers are remembered, and how many had to be forgotten.
    pub fn remembered(&self) -> (usize, u64) {
        let table = &self.store.table;
        (table.count(table.now()), table.evicted())
    }
}

fn pay_at_once(
    applied: &Arc<Applied>,
    scope: &Scope<'_>,
    cost: u64,
) -> Result<Box<Payment>, Box<Refused>> {
    let mut payment = Payment::new(applied, cost);
    for limiter in &applied.limiters {
        let key = key::text(&limiter.settings.key, scope);
        match limiter.pay_at_once(&key, cost) {
            Ok(standings) => payment.paid.push(Paid { key, standings }),
            Err(unpaid) => return Err(refused(*payment, (limiter, key), &unpaid)),
        }
    }
    Ok(payment.admitted())
}

async fn pay(
    applied: &Arc<Applied>,
    scope: &Scope<'_>,
    cost: u64,
) -> Result<Box<Payment>, Box<Refused>> {
    let mut payment = Payment::new(applied, cost);
    for limiter in &applied.limiters {
        let key = key::text(&limiter.settings.key, scope);
        match limiter.pay(&key, cost).await {
            Ok(standings) => payment.paid.push(Paid { key, standings }),
            Err(unpaid) => return Err(refused(*payment, (limiter, key), &unpaid)),
        }
    }
    Ok(payment.admitted())
}

/// Gives back what the first limits took, and says which one has not as much.
fn refused(payment: Payment, (limiter, key): (&Limiter, String), unpaid: &Unpaid) -> Box<Refused> {
    limiter.metrics.refused.inc();
    let cost = payment.cost();
    let (why, policy, remaining, retry_after, standings) = match unpaid {
        Unpaid::Short(Short { window, wait, standings }) => (
            if limiter.settings.is_quota() { WhyRefused::Quota } else { WhyRefused::RateLimit },
            Arc::clone(&limiter.names[*window]),
            standings[*window].remaining,
            match wait {
                Wait::For(nanoseconds) => Some(Duration::from_nanos(*nanoseconds)),
                Wait::Forever => None,
            },
            Some(standings.clone()),
        ),
        Unpaid::Unknown => (WhyRefused::Store, Arc::clone(&limiter.policy), 0, Some(SOON), None),
    };
    let standing = payment.give_back(Paid { key, standings });
    Box::new(Refused { why, policy, cost, remaining, retry_after, standing })
}

impl Policy {
    fn new(
        name: &Arc<str>,
        settings: &AdmissionPolicy,
        (store, max_keys): (&Arc<Store>, usize),
        metrics: &LimitMetrics,
        known: Option<&Self>,
    ) -> Self {
        let windows = settings.spending.iter().flat_map(|limit| limit.windows.iter().copied());
        let mut names = limiter::names(name, &windows.collect::<Vec<_>>()).into_iter();
        let limiters = settings.spending.iter().enumerate().map(|(i, limit)| {
            let known = known.and_then(|known| known.limiters.get(i));
            let known = known.filter(|known| known.settings.windows == limit.windows);
            let id = known.and_then(|known| match &known.place {
                Place::Memory { id, .. } => Some(*id),
                _ => None,
            });
            let names = names.by_ref().take(limit.windows.len()).collect();
            let place = store.place(limit, id, max_keys);
            Arc::new(Limiter::new((name, i), limit, names, metrics, place))
        });
        let limiters = limiters.collect();
        let bounds = settings.concurrency.iter().enumerate().map(|(i, bound)| {
            Arc::new(Bound {
                policy: Arc::clone(name),
                key: bound.key.clone(),
                max: bound.max,
                in_flight: store.in_flight(name, i),
                metrics: metrics.clone(),
            })
        });
        Self { limiters, bounds: bounds.collect() }
    }
}

impl Bound {
    fn refused(&self) -> Refused {
        Refused {
            why: match self.key {
                Some(_) => WhyRefused::TooManyOfCaller,
                None => WhyRefused::TooMany,
            },
            policy: limiter::plain(&self.policy).into(),
            cost: 1,
            remaining: 0,
            retry_after: Some(SOON),
            standing: Standing::default(),
        }
    }
}

impl DoorLimits {
    /// What holds for a caller.
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
    fn of<'a>(policies: impl Iterator<Item = &'a Policy>) -> Option<Arc<Self>> {
        let (mut limiters, mut bounds) = (Vec::new(), Vec::new());
        for policy in policies {
            limiters.extend(policy.limiters.iter().cloned());
            bounds.extend(policy.bounds.iter().cloned());
        }
        if limiters.is_empty() && bounds.is_empty() {
            return None;
        }
        let mut policy = String::new();
        limiters.iter().for_each(|limiter: &Arc<Limiter>| limiter.put_policy(&mut policy));
        Some(Arc::new(Self {
            is_at_hand: limiters.iter().all(|limiter| limiter.is_at_hand()),
            policy: HeaderValue::from_str(&policy).ok().filter(|policy| !policy.is_empty()),
            limiters,
            bounds,
        }))
    }
}
