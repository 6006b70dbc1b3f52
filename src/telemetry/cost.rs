//! Counts what operations cost, and what of them is beyond a limit.
//!
//! **Never here:** limits (`config`), estimates (`query_planner`).
//!
//! **Holds:** labels are names of limits: a client invents none.
//!
//! **Read first:** [`CostMetrics`].

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds of costs.
const BUCKETS: [f64; 13] = [
    1.0,
    3.0,
    10.0,
    30.0,
    100.0,
    300.0,
    1_000.0,
    3_000.0,
    10_000.0,
    30_000.0,
    100_000.0,
    1_000_000.0,
    10_000_000.0,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    limit: &'static str,
    outcome: &'static str,
}

/// What operations cost.
pub struct CostMetrics {
    estimated: Histogram,
    actual: Histogram,
    beyond: Family<LimitLabels, Counter>,
}

impl CostMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let (estimated, actual) = (Histogram::new(BUCKETS), Histogram::new(BUCKETS));
        let beyond = Family::default();
        registry.register(
            "graphloom_operation_cost_estimated",
            "What operations were estimated to cost",
            estimated.clone(),
        );
        registry.register(
            "graphloom_operation_cost_actual",
            "What operations cost that ran",
            actual.clone(),
        );
        registry.register(
            "graphloom_limits_exceeded",
            "Operations beyond a limit: refused, or measured where it is not enforced",
            Family::clone(&beyond),
        );
        Self { estimated, actual, beyond }
    }

    /// An operation was estimated.
    pub fn estimated(&self, cost: u64) {
        observe(&self.estimated, cost);
    }

    /// An operation ran.
    pub fn actual(&self, cost: u64) {
        observe(&self.actual, cost);
    }

    /// An operation was beyond a limit: `refused` or `measured`.
    pub fn beyond(&self, limit: &'static str, outcome: &'static str) {
        self.beyond.get_or_create(&LimitLabels { limit, outcome }).inc();
    }
}

fn observe(histogram: &Histogram, cost: u64) {
    #[expect(clippy::cast_precision_loss, reason = "a bucket is all that is counted")]
    histogram.observe(cost as f64);
}
