//! Warns of plans that will be slow: lists in lists, a REST source asked once per item, long chains.
//!
//! **In:** a [`QueryPlan`]. **Out:** [`PlanWarning`]s.
//!
//! **Never here:** anything that changes a plan.
//!
//! **Read first:** [`QueryPlan::warnings`].

use crate::plan::{FetchId, QueryPlan};
use serde_json::{Value, json};
use supergraph::{Calls, Id, Supergraph, TypeRef};

/// Something about a plan that costs time whatever the subgraphs do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PlanWarning {
    /// A fetch asks for something at every item of a list in a list: what it asks for grows with the
    /// product of their lengths.
    ListInList {
        /// The fetch.
        fetch: FetchId,
        /// The position, `@` for each list.
        path: String,
    },
    /// A fetch to a REST source that is asked once for each item of a list.
    OncePerItem {
        /// The fetch.
        fetch: FetchId,
        /// The position, `@` for each list.
        path: String,
    },
    /// Fetches that wait for one another, more than three of them.
    LongChain {
        /// From the first to the last.
        fetches: Vec<FetchId>,
    },
}

/// A chain of so many fetches is ordinary.
const ORDINARY_CHAIN: u32 = 3;

impl QueryPlan {
    /// What will make this plan slow.
    pub fn warnings(&self, supergraph: &Supergraph) -> Vec<PlanWarning> {
        let mut warnings = Vec::new();
        for (id, fetch) in self.fetches.iter() {
            for group in &fetch.groups {
                let position = self.groups[*group].position;
                let n_lists = self.n_lists_above(position);
                let connector = supergraph.subgraph(fetch.subgraph).connector.as_ref();
                let is_per_object = connector.is_some_and(|it| it.calls == Calls::PerObject);
                if n_lists > 0 && is_per_object {
                    let path = self.path(position);
                    warnings.push(PlanWarning::OncePerItem { fetch: id, path });
                } else if n_lists > 1 {
                    let path = self.path(position);
                    warnings.push(PlanWarning::ListInList { fetch: id, path });
                }
            }
        }
        warnings.extend(self.longest_chain());
        warnings
    }

    fn n_lists_above(&self, position: crate::PositionId) -> usize {
        let (mut n_lists, mut at) = (0, position);
        while let Some(slot) = self.positions[at].parent {
            let slot = &self.slots[slot];
            let mut ty = &slot.ty;
            while let TypeRef::List { item, .. } = ty {
                n_lists += 1;
                ty = item;
            }
            at = slot.position;
        }
        n_lists
    }

    fn longest_chain(&self) -> Option<PlanWarning> {
        let (mut id, mut fetch) = self.fetches.iter().max_by_key(|(_, fetch)| fetch.depth)?;
        if fetch.depth <= ORDINARY_CHAIN {
            return None;
        }
        let mut chain = vec![id];
        while let Some(before) =
            fetch.waits_for.iter().copied().max_by_key(|before| self.fetches[*before].depth)
        {
            (id, fetch) = (before, &self.fetches[before]);
            chain.push(id);
        }
        chain.reverse();
        Some(PlanWarning::LongChain { fetches: chain })
    }
}

impl PlanWarning {
    /// One line for people.
    pub fn to_text(&self, plan: &QueryPlan, supergraph: &Supergraph) -> String {
        let name = |id: &FetchId| &supergraph.subgraph(plan.fetches[*id].subgraph).name;
        match self {
            Self::ListInList { fetch, path } => format!(
                "list in list: request {} asks {} for every item of `{path}`, as many as the lists have items, \
                 multiplied",
                fetch.index() + 1,
                name(fetch),
            ),
            Self::OncePerItem { fetch, path } => {
                let connector =
                    supergraph.subgraph(plan.fetches[*fetch].subgraph).connector.as_ref();
                let connector = connector.map_or("", |connector| connector.coordinate.as_str());
                format!(
                    "once per item: request {} asks {} (connector of `{connector}`) once for every item of \
                     `{path}`; a connector with `$batch` asks once for all",
                    fetch.index() + 1,
                    name(fetch),
                )
            }
            Self::LongChain { fetches } => {
                let chain: Vec<String> = fetches
                    .iter()
                    .map(|fetch| format!("{} ({})", name(fetch), fetch.index() + 1))
                    .collect();
                format!(
                    "long chain: {} requests wait for one another: {}",
                    chain.len(),
                    chain.join(" → ")
                )
            }
        }
    }

    /// The same for tools: `kind`, `fetches` by their numbers, `path` if there is one, and `message`.
    pub fn to_json(&self, plan: &QueryPlan, supergraph: &Supergraph) -> Value {
        let message = self.to_text(plan, supergraph);
        match self {
            Self::ListInList { fetch, path } => json!({
                "kind": "listInList",
                "fetches": [fetch.index() + 1],
                "path": path,
                "message": message,
            }),
            Self::OncePerItem { fetch, path } => json!({
                "kind": "oncePerItem",
                "fetches": [fetch.index() + 1],
                "path": path,
                "message": message,
            }),
            Self::LongChain { fetches } => json!({
                "kind": "longChain",
                "fetches": fetches.iter().map(|fetch| fetch.index() + 1).collect::<Vec<_>>(),
                "message": message,
            }),
        }
    }
}
