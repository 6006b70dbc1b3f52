//! Counts of admission: what rate limits let pass, refused and took.
//!
//! **In:** payments and refusals. **Out:** families of `/metrics`.
//!
//! **Never here:** deciding (`admission`).
//!
//! **Holds:** labels are names of policies, never keys of callers.
//!
//! **Read first:** [`AdmissionMetrics`].

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PolicyLabels {
    policy: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    policy: String,
    outcome: &'static str,
}

/// What all limits count.
#[derive(Debug)]
pub struct AdmissionMetrics {
    requests: Family<OutcomeLabels, Counter>,
    cost: Family<PolicyLabels, Counter>,
    store_failures: Family<PolicyLabels, Counter>,
    /// Callers that are remembered in memory.
    pub keys: Gauge,
    /// Callers that had to be forgotten.
    pub evicted: Gauge,
}

/// What the limits of one policy count.
#[derive(Debug, Clone)]
pub struct LimitMetrics {
    /// Requests that were admitted.
    pub allowed: Counter,
    /// Requests that were not.
    pub refused: Counter,
    /// What callers paid.
    pub cost: Counter,
    /// Times that the store failed.
    pub store_failures: Counter,
}

impl AdmissionMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let this = Self {
            requests: Family::default(),
            cost: Family::default(),
            store_failures: Family::default(),
            keys: Gauge::default(),
            evicted: Gauge::default(),
        };
        let help = "Requests that rate limits admitted or refused, by policy";
        registry.register("graphloom_rate_limit_requests", help, this.requests.clone());
        let help = "Cost that callers paid, by policy";
        registry.register("graphloom_rate_limit_cost", help, this.cost.clone());
        let help = "Times that the store of a policy did not answer or could not be written";
        registry.register("graphloom_rate_limit_store_failures", help, this.store_failures.clone());
        let help = "Callers that rate limits remember in memory";
        registry.register("graphloom_rate_limit_keys", help, this.keys.clone());
        let help = "Callers that were forgotten for want of room, since the start";
        registry.register("graphloom_rate_limit_evicted_keys", help, this.evicted.clone());
        this
    }

    /// The counters of a policy.
    pub fn of_policy(&self, policy: &str) -> LimitMetrics {
        let requests = |outcome| {
            let policy = policy.to_owned();
            self.requests.get_or_create_owned(&OutcomeLabels { policy, outcome })
        };
        let labels = PolicyLabels { policy: policy.to_owned() };
        LimitMetrics {
            allowed: requests("allowed"),
            refused: requests("refused"),
            cost: self.cost.get_or_create_owned(&labels),
            store_failures: self.store_failures.get_or_create_owned(&labels),
        }
    }
}
