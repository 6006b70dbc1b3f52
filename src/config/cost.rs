//! What operations cost, and to whom that is told.
//!
//! **In:** `graphql.cost`. **Out:** [`CostSettings`].
//!
//! **Never here:** what an operation may cost (`policies`), adding it up (`query_planner`).

use indexmap::IndexMap;
use query_planner::{CostRates, SubgraphRates};
use schemars::JsonSchema;
use serde::Deserialize;
use supergraph::Supergraph;

use super::policies::RawMode;

/// `graphql.cost` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Cost")]
pub(super) struct RawCost {
    /// What an object counts whose type has no `@cost`. Default: 1.
    pub object: Option<u32>,
    /// What a scalar or an enum value counts whose type has no `@cost`. Default: 0.
    pub leaf: Option<u32>,
    /// How many items a list has for which no `@listSize` speaks. Default: 10.
    pub list_size: Option<u32>,
    /// What a root field of a mutation counts that has no `@cost`, besides what it returns. Default: 10.
    pub mutation: Option<u32>,
    /// What each request to a subgraph counts. Default: 0.
    pub fetch: Option<u32>,
    /// What of an operation's cost `extensions.cost` of a response says. Default: nothing.
    pub extensions: Option<Vec<RawTold>>,
    /// What of it headers say: `x-cost-estimated`, `x-cost-actual`, `x-cost-max`. Default: none.
    pub headers: Option<Vec<RawTold>>,
    /// Whether costs are counted in the metrics. Default: `true`, where costs are used at all.
    pub metrics: Option<bool>,
    /// Whether a subgraph is not asked when its share is beyond its `max` (`enforce`), or the metrics tell
    /// (`measure`). Default: `enforce`.
    pub mode: Option<RawMode>,
    /// Where a subgraph counts otherwise, or has a maximum, by its name.
    pub subgraphs: Option<IndexMap<String, RawSubgraphCost>>,
}

/// One of `graphql.cost.subgraphs` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SubgraphCost")]
pub(super) struct RawSubgraphCost {
    /// What each request to it counts. Default: `graphql.cost.fetch`.
    pub fetch: Option<u32>,
    /// How many items a list has that it answers, and for which no `@listSize` speaks. Default:
    /// `graphql.cost.list_size`.
    pub list_size: Option<u32>,
    /// What its share of an operation may cost. Beyond it the subgraph is not asked; what it would have
    /// answered is null, with an error. Default: none.
    pub max: Option<u64>,
}

/// One thing that can be told of a cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CostTold")]
pub(super) enum RawTold {
    /// As it was estimated.
    Estimated,
    /// As it was.
    Actual,
    /// What it may be.
    Max,
}

/// What operations cost.
#[derive(Debug, Clone)]
pub struct CostSettings {
    /// Whether anybody wants to know.
    pub is_used: bool,
    /// What `extensions.cost` says.
    pub extensions: CostTold,
    /// What headers say.
    pub headers: CostTold,
    /// Whether the metrics count.
    pub metrics: bool,
    /// Whether subgraphs are refused beyond their maximum.
    pub enforce: bool,
    /// What counts for all; of subgraphs, which only a graph knows by their ids, nothing.
    rates: CostRates,
    /// By name.
    subgraphs: IndexMap<String, SubgraphCost>,
}

/// What counts for one subgraph.
#[derive(Debug, Clone, Copy)]
struct SubgraphCost {
    rates: SubgraphRates,
    max: Option<u64>,
}

/// What is told of a cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CostTold {
    /// As it was estimated.
    pub estimated: bool,
    /// As it was.
    pub actual: bool,
    /// What it may be.
    pub max: bool,
}

impl CostSettings {
    /// Where the configuration says nothing of costs.
    pub(super) fn unused() -> Self {
        Self { is_used: false, ..RawCost::default().settle() }
    }

    /// The rates for a supergraph.
    pub fn rates(&self, supergraph: &Supergraph) -> CostRates {
        let named = supergraph.subgraphs().iter();
        let named = named.filter_map(|(id, row)| Some((id, self.subgraphs.get(&row.name)?.rates)));
        CostRates { subgraphs: named.collect(), ..self.rates.clone() }
    }

    /// Whether any subgraph has a maximum.
    pub fn has_maxima(&self) -> bool {
        self.subgraphs.values().any(|subgraph| subgraph.max.is_some())
    }

    /// What the share of a subgraph may cost.
    pub fn max_of(&self, subgraph: &str) -> Option<u64> {
        self.subgraphs.get(subgraph)?.max
    }

    /// The subgraphs that it names.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        self.subgraphs.keys().map(String::as_str)
    }
}

impl RawCost {
    pub(super) fn settle(self) -> CostSettings {
        let default = CostRates::default();
        let or = |written: Option<u32>, default: u64| written.map_or(default, u64::from);
        let subgraphs = self.subgraphs.unwrap_or_default().into_iter().map(|(name, raw)| {
            let rates = SubgraphRates {
                fetch: raw.fetch.map(u64::from),
                list_size: raw.list_size.map(u64::from),
            };
            (name, SubgraphCost { rates, max: raw.max })
        });
        CostSettings {
            is_used: true,
            extensions: CostTold::of(self.extensions),
            headers: CostTold::of(self.headers),
            metrics: self.metrics.unwrap_or(true),
            enforce: self.mode != Some(RawMode::Measure),
            rates: CostRates {
                object: or(self.object, default.object),
                leaf: or(self.leaf, default.leaf),
                list_size: or(self.list_size, default.list_size),
                mutation: or(self.mutation, default.mutation),
                fetch: or(self.fetch, default.fetch),
                subgraphs: default.subgraphs,
            },
            subgraphs: subgraphs.collect(),
        }
    }
}

impl CostTold {
    fn of(raw: Option<Vec<RawTold>>) -> Self {
        let raw = raw.unwrap_or_default();
        let has = |told: RawTold| raw.contains(&told);
        Self {
            estimated: has(RawTold::Estimated),
            actual: has(RawTold::Actual),
            max: has(RawTold::Max),
        }
    }
}
