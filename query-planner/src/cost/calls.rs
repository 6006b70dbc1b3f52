//! Counts the calls that a fetch to a REST source is.
//!
//! **In:** a plan, and what the tables say of connectors. **Out:** the rate of each fetch: once, or for each
//! object of a position.
//!
//! **Never here:** how many objects there are (`build` multiplies), calls that turn out to be equal.
//!
//! **Holds:** a call for an object that the client does not see counts once, as nobody knows their number.
//!
//! **Read first:** [`Calls::of`].

use super::CostRates;
use crate::plan::{
    Fetch, FetchId, Group, PositionId, QueryPlan, ResponseSelection, ResponseSource,
};
use std::collections::{HashMap, HashSet};
use supergraph::{Calls as PerFetch, Id, SubgraphId, Supergraph};

/// What the requests of a plan cost.
#[derive(Debug)]
pub(super) struct Calls {
    /// By fetch: what it costs once.
    once: Vec<u64>,
    /// What each object of a position costs, and which subgraph is asked for it.
    per_object: HashMap<PositionId, Vec<(SubgraphId, u64)>>,
}

impl Calls {
    /// The calls of a plan.
    pub(super) fn of(plan: &QueryPlan, supergraph: &Supergraph, rates: &CostRates) -> Self {
        let mut seen = None;
        let mut calls = Self { once: vec![0; plan.fetches.len()], per_object: HashMap::new() };
        for (id, fetch) in plan.fetches.iter() {
            let rate = rate(rates, fetch);
            let connector = supergraph.subgraph(fetch.subgraph).connector.as_ref();
            let Some(connector) = connector.filter(|_| rate > 0) else {
                calls.once[id.index()] = rate;
                continue;
            };
            let field = connector.coordinate.split_once('.').map(|(_, field)| field);
            for group in fetch.groups.iter().map(|group| &plan.groups[*group]) {
                let rate = rate.saturating_mul(n_fields(plan, group, field));
                let seen = seen.get_or_insert_with(|| positions_of(&plan.response));
                if connector.calls == PerFetch::PerObject && seen.contains(&group.position) {
                    let position = calls.per_object.entry(group.position).or_default();
                    position.push((fetch.subgraph, rate));
                } else {
                    calls.once[id.index()] = calls.once[id.index()].saturating_add(rate);
                }
            }
        }
        calls
    }

    /// What a fetch costs once.
    pub(super) fn once(&self, fetch: FetchId) -> u64 {
        self.once[fetch.index()]
    }

    /// What each object of a position costs besides what it is, for one subgraph or for all.
    pub(super) fn per_object(&self, position: PositionId, share: Option<SubgraphId>) -> u64 {
        let calls = self.per_object.get(&position).into_iter().flatten();
        let calls = calls.filter(|(subgraph, _)| share.is_none_or(|share| share == *subgraph));
        calls.fold(0, |sum: u64, (_, rate)| sum.saturating_add(*rate))
    }
}

/// The positions that the client sees.
fn positions_of(response: &ResponseSelection) -> HashSet<PositionId> {
    let mut seen = HashSet::new();
    let mut open = vec![response];
    while let Some(selection) = open.pop() {
        if !seen.insert(selection.position) {
            continue;
        }
        let fields = selection.cases.iter().flat_map(|case| &case.fields);
        open.extend(fields.filter_map(|field| match &field.source {
            ResponseSource::Slot { selection, .. } => selection.as_deref(),
            _ => None,
        }));
    }
    seen
}

/// How often the connected field is asked for: under several names each is a call.
fn n_fields(plan: &QueryPlan, group: &Group, field: Option<&str>) -> u64 {
    let fields = group.selection.fields.iter();
    let n = fields.filter(|it| field.is_some_and(|field| plan.slots[it.slot].field == field));
    (n.count() as u64).max(1)
}

fn rate(rates: &CostRates, fetch: &Fetch) -> u64 {
    let own = rates.subgraphs.get(&fetch.subgraph).and_then(|rates| rates.fetch);
    own.unwrap_or(rates.fetch)
}
