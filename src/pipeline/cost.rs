//! What a request costs: as estimated before it runs, and as it was.
//!
//! **In:** the plan of an operation and the values of its variables. **Out:** the [`Estimate`], where anybody
//! wants to know it, and its [`Bill`] for the execution.
//!
//! **Never here:** the formula (`query_planner`), who pays.
//!
//! **Read first:** [`estimate`].

use query_planner::{Bill, Estimate};
use serde_json::{Map, Value};

use super::Rooms;
use crate::operation::Variant;

/// What an operation will cost; none where nobody wants to know.
pub(super) fn estimate(
    rooms: &Rooms,
    variant: &Variant,
    variables: &Map<String, Value>,
) -> Option<Estimate> {
    let is_used = rooms.settings.graphql.cost.is_used;
    is_used.then(|| variant.cost.estimate(variables))
}

/// An empty bill for a run.
pub(super) fn bill<'a>(variant: &'a Variant, estimate: Option<&'a Estimate>) -> Option<Bill<'a>> {
    estimate.map(|estimate| Bill::new(&variant.cost, estimate))
}
