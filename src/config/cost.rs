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
    /// Where a subgraph counts otherwise, by its name.
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
}

/// What operations cost.
#[derive(Debug, Clone, Default)]
pub struct CostSettings {
    /// Whether anybody wants to know.
    pub is_used: bool,
    /// What counts for all; of subgraphs, which only a graph knows by their ids, nothing.
    rates: CostRates,
    /// By name.
    subgraphs: IndexMap<String, SubgraphCost>,
}

/// What counts for one subgraph.
#[derive(Debug, Clone, Copy)]
struct SubgraphCost {
    rates: SubgraphRates,
}

impl CostSettings {
    /// The rates for a supergraph.
    pub fn rates(&self, supergraph: &Supergraph) -> CostRates {
        let named = supergraph.subgraphs().iter();
        let named = named.filter_map(|(id, row)| Some((id, self.subgraphs.get(&row.name)?.rates)));
        CostRates { subgraphs: named.collect(), ..self.rates.clone() }
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
            (name, SubgraphCost { rates })
        });
        CostSettings {
            is_used: true,
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
