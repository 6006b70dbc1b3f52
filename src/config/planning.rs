//! What planning an operation may cost, and how plans batch.
//!
//! **In:** `graphql.planning`. **Out:** [`PlanningSettings`].
//!
//! **Never here:** planning (`query_planner`), stopping it (`operation`).

use std::time::Duration;

use query_planner::Batching;
use schemars::JsonSchema;
use serde::Deserialize;

use super::quantity::RawDuration;
use super::report::{Key, Problems};

/// `graphql.planning` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Planning")]
pub(super) struct RawPlanning {
    /// How many steps the search for the best plan of an operation may take. When they are spent, the first
    /// way that is found is taken: a valid plan, perhaps not the best. Default: 2000000.
    pub steps: Option<u64>,
    /// How many positions a plan may have: places in the response where objects live, with what keys and
    /// requirements add. An operation with more is refused. Default: 100000.
    pub positions: Option<u32>,
    /// How long planning an operation may take. An operation that takes longer is refused. Default: 10s.
    pub timeout: Option<RawDuration>,
    /// From how long on a plan counts as slow to make. Slow ones are kept apart, so that a flood of other
    /// operations does not push them out. Default: 50ms.
    pub slow: Option<RawDuration>,
    /// When requests of equal depth to one subgraph become one: `fewest` waits for the inputs of all of them,
    /// `earliest` joins only those that wait for the same requests. Default: `fewest`.
    pub batching: Option<RawBatching>,
}

/// `graphql.planning.batching` as written.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Batching")]
pub(super) enum RawBatching {
    Fewest,
    Earliest,
}

/// The bounds of planning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanningSettings {
    /// Steps of the search, and positions of a plan.
    pub limits: query_planner::Limits,
    /// For one plan, from its first step on.
    pub timeout: Duration,
    /// From here on a plan is slow to make, and kept apart.
    pub slow: Duration,
    /// How requests of equal depth are sent.
    pub batching: Batching,
}

impl Default for PlanningSettings {
    fn default() -> Self {
        Self {
            limits: query_planner::Limits { positions: 100_000, steps: 2_000_000 },
            timeout: Duration::from_secs(10),
            slow: Duration::from_millis(50),
            batching: Batching::Fewest,
        }
    }
}

impl RawPlanning {
    pub(super) fn settle(self, key: &Key, problems: &mut Problems<'_>) -> PlanningSettings {
        let default = PlanningSettings::default();
        if self.positions == Some(0) {
            let fix = "write 1 or more, or leave the key out for the default";
            problems.add(&key.then("positions"), "no operation could be planned", fix);
        }
        let timeout =
            self.timeout.and_then(|timeout| timeout.settle(&key.then("timeout"), problems));
        let slow = self.slow.and_then(|slow| slow.settle(&key.then("slow"), problems));
        PlanningSettings {
            limits: query_planner::Limits {
                positions: self
                    .positions
                    .map_or(default.limits.positions, |positions| positions as usize),
                steps: self.steps.unwrap_or(default.limits.steps),
            },
            timeout: timeout.unwrap_or(default.timeout),
            slow: slow.unwrap_or(default.slow),
            batching: self.batching.map_or(default.batching, |batching| match batching {
                RawBatching::Fewest => Batching::Fewest,
                RawBatching::Earliest => Batching::Earliest,
            }),
        }
    }
}
