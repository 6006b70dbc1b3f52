//! What a request costs, whether it may, and which subgraphs' shares are too dear.
//!
//! **In:** the plan of an operation and the values of its variables. **Out:** the [`Estimate`], where anybody
//! wants to know it, and its [`Bill`] for the execution; refusals of fetches.
//!
//! **Never here:** the formula (`query_planner`), who pays (`bill`).
//!
//! **Holds:** what is too dear as a whole fetches nothing. What is too dear for one subgraph is not asked of
//! that one, and is null with an error.
//!
//! **Read first:** [`estimate`].

use execution::Refusal;
use query_planner::{Bill, Estimate};
use serde_json::{Map, Value, json};
use supergraph::{FieldId, SubgraphId, Supergraph};

use super::{Cost, Rooms};
use crate::config::{CostSettings, CostTold};
use crate::graph::Graph;
use crate::operation::{Excess, Limit, RequestErrorKind, Variant};

/// What an operation will cost; none where nobody wants to know.
pub(super) fn estimate(
    rooms: &Rooms,
    variant: &Variant,
    variables: &Map<String, Value>,
) -> Option<Estimate> {
    let settings = &rooms.settings.graphql.cost;
    if !settings.is_used {
        return None;
    }
    let estimate = variant.cost.estimate(variables);
    if settings.metrics {
        rooms.telemetry.metrics.cost.estimated(estimate.total);
    }
    Some(estimate)
}

/// Whether an operation may cost so much; what is only measured is noted.
pub(super) fn may_cost(
    rooms: &Rooms,
    supergraph: &Supergraph,
    estimate: &Estimate,
    measured: &mut Vec<Excess>,
) -> Result<(), RequestErrorKind> {
    let limits = &rooms.settings.graphql_limits;
    let beyond = |max: Option<u64>| {
        let max = max.filter(|max| estimate.total > *max)?;
        Some(Excess { limit: Limit::Cost, found: estimate.total, max })
    };
    // Without it, the cost is a guess.
    if let (Some(field), Some(_)) = (estimate.unsliced, limits.enforced.cost) {
        return Err(unsliced(supergraph, field));
    }
    if let Some(excess) = beyond(limits.enforced.cost) {
        return Err(RequestErrorKind::Beyond(excess));
    }
    measured.extend(beyond(limits.measured.cost));
    Ok(())
}

/// An empty bill for a run.
pub(super) fn bill<'a>(variant: &'a Variant, estimate: Option<&'a Estimate>) -> Option<Bill<'a>> {
    estimate.map(|estimate| Bill::new(&variant.cost, estimate))
}

/// The subgraphs that are not asked, for their share is too dear. The fetches of one name share its maximum.
pub(super) fn refused(
    rooms: &Rooms,
    graph: &Graph,
    variant: &Variant,
    estimate: Option<&Estimate>,
) -> Vec<(SubgraphId, Refusal)> {
    let settings = &rooms.settings.graphql.cost;
    let Some(estimate) = estimate.filter(|_| settings.has_maxima()) else { return Vec::new() };
    let name = |id: SubgraphId| &*graph.sources[id].name;
    let mut refused = Vec::new();
    for (id, _) in variant.cost.subgraphs(estimate) {
        let Some(max) = settings.max_of(name(id)) else { continue };
        let shares = variant.cost.subgraphs(estimate).filter(|(other, _)| name(*other) == name(id));
        let share = shares.fold(0, |sum: u64, (_, share)| sum.saturating_add(share));
        if share <= max {
            continue;
        }
        let outcome = if settings.enforce { "refused" } else { "measured" };
        rooms.telemetry.metrics.cost.beyond("subgraph_cost", outcome);
        if settings.enforce {
            // Which subgraph it is, is not for strangers.
            let message = format!("this part of the operation costs {share}; {max} are allowed");
            let code = "SUBGRAPH_COST_ESTIMATED_TOO_EXPENSIVE".to_owned();
            refused.push((id, Refusal { code, message }));
        }
    }
    refused
}

/// What an operation may cost, if anybody limits it.
pub(super) fn max(rooms: &Rooms) -> Option<u64> {
    rooms.settings.graphql_limits.enforced.cost
}

/// What a response says of its cost; none where that is not wanted.
pub fn extension(settings: &CostSettings, cost: Cost) -> Option<Value> {
    let told = told(settings.extensions, cost);
    let told: Map<String, Value> =
        told.map(|(name, value)| (name.to_owned(), json!(value))).collect();
    (!told.is_empty()).then_some(Value::Object(told))
}

/// What is told of a cost, by name.
pub fn told(wanted: CostTold, cost: Cost) -> impl Iterator<Item = (&'static str, u64)> {
    let all = [
        ("estimated", wanted.estimated.then_some(cost.estimated)),
        ("actual", wanted.actual.then_some(cost.actual)),
        ("max", cost.max.filter(|_| wanted.max)),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?)))
}

fn unsliced(supergraph: &Supergraph, field: FieldId) -> RequestErrorKind {
    let list_size = supergraph.costs().of_field(field).and_then(|cost| cost.list_size.as_ref());
    let arguments = list_size.into_iter().flat_map(|list_size| &list_size.slicing);
    let arguments: Vec<String> = arguments.map(|path| format!("`{}`", path.join("."))).collect();
    let (field, arguments) = (supergraph.coordinate(field), arguments.join(", "));
    RequestErrorKind::Unsliced { field, arguments }
}
