//! Policies: named limits and lists of clients, and to which door they apply.
//!
//! **In:** `policies`, `apply`, and the names in `policies:` of a route.
//! **Out:** the [`Limits`] of a door; its [`IpRules`], all that apply together; the names of those that
//! count callers.
//!
//! **Never here:** enforcing.
//!
//! **Read first:** [`Policies::limits`].

mod limits;

use std::path::Path;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::admission::{AdmissionPolicy, AdmissionSettings};
use super::networks::{IpRules, RawIp};
use super::one_or_list::OneOrList;
use super::report::{Key, Problems};
use super::spending::{self, RawConcurrency, RawQuota, RawRateLimit};
use super::suggest::nearest;
use limits::{RawLimits, SaidLimits};

pub use limits::{Bounds, Limits};

pub(super) use limits::RawMode;

/// One of `policies` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Policy")]
pub(super) struct RawPolicy {
    /// What a request may be.
    pub limits: Option<RawLimits>,
    /// Which clients it lets in.
    pub ip: Option<RawIp>,
    /// How fast callers may spend: one limit, or a list.
    pub rate_limit: Option<OneOrList<RawRateLimit>>,
    /// How much callers may spend in a day or a month: one quota, or a list.
    pub quota: Option<OneOrList<RawQuota>>,
    /// How many requests may be under way: one bound, or a list.
    pub concurrency: Option<OneOrList<RawConcurrency>>,
}

/// `apply` as written: names of policies.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Apply")]
pub(super) struct RawApply {
    /// To both doors.
    pub all: Option<Vec<String>>,
    /// To the GraphQL door.
    pub graphql: Option<Vec<String>>,
    /// To all routes.
    pub routes: Option<Vec<String>>,
    /// To callers on a plan, at both doors: names of policies that count callers, by the plan's name. `"*"` stands for callers on none of the others.
    pub plans: Option<IndexMap<String, Vec<String>>>,
}

/// What a policy says; none where it is silent.
#[derive(Debug, Clone, Default, PartialEq)]
struct Said {
    limits: SaidLimits,
    ip: IpRules,
    admission: AdmissionPolicy,
}

/// All policies, settled.
#[derive(Debug, Default)]
pub(super) struct Policies {
    policies: IndexMap<String, Said>,
    all: Vec<String>,
    graphql: Vec<String>,
    routes: Vec<String>,
    plans: IndexMap<String, Vec<String>>,
}

/// A door, for the choice of policies and defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Graphql,
    Routes,
}

impl Policies {
    pub(super) fn settle(
        raw: IndexMap<String, RawPolicy>,
        apply: RawApply,
        folder: &Path,
        problems: &mut Problems<'_>,
    ) -> Self {
        let key = Key::default().then("policies");
        let policies: IndexMap<String, Said> = raw
            .into_iter()
            .map(|(name, policy)| {
                let key = key.then(&name);
                let limits = policy.limits.unwrap_or_default();
                let limits = limits.settle(&key.then("limits"), problems);
                let ip = policy.ip.map(|ip| ip.settle(&key.then("ip"), problems));
                let rate_key = key.then("rate_limit");
                let rates = spending::rate_limits(policy.rate_limit, (folder, &rate_key), problems);
                let quota_key = key.then("quota");
                let quotas = spending::quotas(policy.quota, (folder, &quota_key), problems);
                let bounds_key = key.then("concurrency");
                let concurrency = spending::concurrency(policy.concurrency, &bounds_key, problems);
                let admission = AdmissionPolicy { spending: [rates, quotas].concat(), concurrency };
                let said = Said { limits, ip: ip.unwrap_or_default(), admission };
                (name, said)
            })
            .collect();
        let key = Key::default().then("apply");
        let mut this = Self { policies, ..Self::default() };
        this.all = this.known(apply.all, &key.then("all"), problems);
        this.graphql = this.known(apply.graphql, &key.then("graphql"), problems);
        this.routes = this.known(apply.routes, &key.then("routes"), problems);
        this.plans = this.of_plans(apply.plans, &key.then("plans"), problems);
        this
    }

    /// A plan is known only with the caller: after addresses, sizes and operations were looked at.
    fn of_plans(
        &self,
        plans: Option<IndexMap<String, Vec<String>>>,
        key: &Key,
        problems: &mut Problems<'_>,
    ) -> IndexMap<String, Vec<String>> {
        let mut known = IndexMap::new();
        for (plan, names) in plans.unwrap_or_default() {
            let key = key.then(&plan);
            let names = self.known(Some(names), &key, problems);
            for (i, name) in names.iter().enumerate() {
                let has_else = |said: &Said| {
                    Said { admission: AdmissionPolicy::default(), ..said.clone() }
                        != Said::default()
                };
                if self
                    .policies
                    .get(name)
                    .is_some_and(|said| said.admission.is_empty() || has_else(said))
                {
                    let fix = "give the plan a policy that has nothing but `rate_limit`, `quota` and `concurrency`";
                    let message = format!("`limits` and `ip` of `{name}` cannot depend on a plan");
                    problems.add(&key.then(i), message, fix);
                }
            }
            known.insert(plan, names);
        }
        known
    }

    /// What the policies count, and where.
    pub(super) fn admission(&self, max_keys: usize) -> AdmissionSettings {
        let counting = self.policies.iter().filter(|(_, said)| !said.admission.is_empty());
        AdmissionSettings {
            policies: counting.map(|(name, said)| (name.clone(), said.admission.clone())).collect(),
            graphql: self.counting(Door::Graphql, &[]),
            plans: self.plans.clone(),
            max_keys,
        }
    }

    /// The policies of a door that count callers, each once.
    pub(super) fn counting(&self, door: Door, own: &[String]) -> Vec<String> {
        let mut counting: Vec<String> = Vec::new();
        for name in self.names(door, own) {
            let counts = self.policies.get(name).is_some_and(|said| !said.admission.is_empty());
            if counts && !counting.contains(name) {
                counting.push(name.clone());
            }
        }
        counting
    }

    /// The limits of a door, with the policies that one place names besides.
    pub(super) fn limits(&self, door: Door, own: &[String]) -> Limits {
        Limits::strictest(door, self.said(door, own).map(|said| &said.limits))
    }

    /// Whom a door lets in, with the policies that one place names besides.
    pub(super) fn ip(&self, door: Door, own: &[String]) -> IpRules {
        self.said(door, own).fold(IpRules::default(), |all, said| all.and(&said.ip))
    }

    fn said<'a>(&'a self, door: Door, own: &'a [String]) -> impl Iterator<Item = &'a Said> + Clone {
        self.names(door, own).filter_map(|name| self.policies.get(name))
    }

    fn names<'a>(
        &'a self,
        door: Door,
        own: &'a [String],
    ) -> impl Iterator<Item = &'a String> + Clone {
        let of_door = match door {
            Door::Graphql => &self.graphql,
            Door::Routes => &self.routes,
        };
        self.all.iter().chain(of_door).chain(own)
    }

    /// Reports names that no policy has; returns the others.
    pub(super) fn known(
        &self,
        names: Option<Vec<String>>,
        key: &Key,
        problems: &mut Problems<'_>,
    ) -> Vec<String> {
        let mut known = Vec::new();
        for (i, name) in names.unwrap_or_default().into_iter().enumerate() {
            if self.policies.contains_key(&name) {
                known.push(name);
                continue;
            }
            let fix = match nearest(&name, self.policies.keys().map(String::as_str)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("add `policies: {{ {name}: {{ limits: {{ depth: 15 }} }} }}`"),
            };
            problems.add(&key.then(i), format!("there is no policy `{name}`"), fix);
        }
        known
    }
}
