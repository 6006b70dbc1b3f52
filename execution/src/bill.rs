//! Puts on a bill what an execution brought.
//!
//! **In:** counts of objects and what became of fetches. **Out:** what it cost.
//!
//! **Never here:** prices (`query_planner`), who pays (the gateway).
//!
//! **Holds:** objects are looked at one by one only where their types matter. A request that was not sent
//! costs nothing; one that failed was sent.
//!
//! **Read first:** [`cost`].

use crate::{FetchOutcome, FetchSummary, tree::RuntimeTypeState};
use query_planner::{Bill, FetchId, PositionId};
use supergraph::{IdSet, IdVec};

/// What the bill comes to. Of `objects` each has the number of its places.
pub(crate) fn cost(
    mut bill: Bill<'_>,
    counts: &IdVec<PositionId, usize>,
    fetches: &IdVec<FetchId, FetchSummary>,
    objects: impl Iterator<Item = (PositionId, RuntimeTypeState, usize)>,
) -> u64 {
    let mut typed: IdSet<PositionId> = IdSet::new();
    for (position, count) in counts.iter() {
        if *count > 0 && !bill.add_objects(position, *count) {
            typed.insert(position);
        }
    }
    if !typed.is_empty() {
        for (position, ty, places) in objects.filter(|(position, ..)| typed.contains(*position)) {
            let ty = match ty {
                RuntimeTypeState::Known(ty) => Some(ty),
                RuntimeTypeState::Unknown | RuntimeTypeState::Impossible => None,
            };
            bill.add_objects_of(position, ty, places);
        }
    }
    for (id, fetch) in fetches.iter() {
        if matches!(fetch.outcome, FetchOutcome::Answered | FetchOutcome::Failed) {
            bill.add_fetch(id);
        }
    }
    bill.total()
}
