//! An operation and a supergraph to a query plan.
//!
//! **In:** a [`supergraph::Supergraph`], an [`Operation`], the state of its [`Guards`], [`Limits`].
//! **Out:** a [`QueryPlan`]: a DAG of fetches, or the reason why none exists.
//!
//! **Never here:** running a plan (`execution`), caching one (the gateway).
//!
//! **Holds:** the same input gives the same plan; time and memory are bounded by [`Limits`].
//!
//! **Read first:** `plan.rs` for what comes out, then `solve.rs` for how it is chosen.

mod plan;
mod few;
mod operation;
mod shape;
mod solve;
mod build;
mod defer;
mod denied;
mod cost;
mod print;
mod why;

pub use cost::{Bill, CostFormula, CostRates, Estimate, SubgraphRates};
pub use denied::{Denial, DeniedBy, denials};
pub use operation::{
    Occurrence, OccurrenceId, OccurrenceSet, Operation, OperationError, VariableDefinition,
};
pub use plan::{
    ContextSource, ContextValue, DeferGroup, DeferId, DeferredField, Fetch, FetchId, Group,
    GroupId, GroupKind, OperationKind, PlanCost, PlanEffort, Position, PositionId, QueryPlan,
    Representation, RepresentationField, ResponseCase, ResponseField, ResponseSelection,
    ResponseSource, RuntimeType, SelectedField, Selection, Slot, SlotId,
};

pub use why::{Alternative, Explanation, FieldExplanation, Outcome, PlanWarning, Reason, explain};

use build::{Sketch, sketch};
use shape::ShapeId;
use solve::{Solver, Width};
use std::collections::BTreeSet;
use supergraph::{RequirementSet, Supergraph};
use thiserror::Error;

/// The state of what is decided before planning: one bit each.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Guards {
    /// The variables of `@skip` and `@include` that are true.
    pub variables: BTreeSet<String>,
    /// The labels of progressive overrides that are on.
    pub labels: BTreeSet<String>,
    /// What the caller may not see: it is not selected.
    pub denied: Denied,
}

/// What a caller may not see of an operation.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Denied {
    /// The requirements that the caller does not meet.
    pub requirements: RequirementSet,
    /// The fields with arguments for which a condition does not hold.
    pub occurrences: OccurrenceSet,
}

impl Denied {
    /// Whether the caller may see all.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty() && self.occurrences.is_empty()
    }
}

/// What a plan may cost to find.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Positions of the plan (places in the response, with what keys and requirements add). Beyond
    /// it the operation is refused.
    pub positions: usize,
    /// Steps of the search. Beyond it the planner takes the first way it finds.
    pub steps: u64,
}

/// How requests of equal depth to one subgraph are sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Batching {
    /// As one request, which starts when the last of their inputs is there.
    #[default]
    Fewest,
    /// As one request only when they wait for the same fetches.
    Earliest,
}

/// An operation that cannot be planned.
#[derive(Debug, Error)]
#[error("cannot plan the operation")]
pub struct PlanError {
    /// Why.
    #[source]
    pub kind: PlanErrorKind,
}

/// Why an operation cannot be planned.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum PlanErrorKind {
    /// The operation selects a field that the supergraph lacks.
    #[error("the supergraph has no `{coordinate}`")]
    UnknownField {
        /// The field.
        coordinate: String,
    },
    /// No subgraph can answer a field where it is selected.
    #[error("no subgraph can resolve `{coordinate}` here: {reason}")]
    Unreachable {
        /// The field.
        coordinate: String,
        /// Why none can.
        reason: String,
    },
    /// The operation is too large.
    #[error("the operation has more than {limit} positions")]
    TooManyPositions {
        /// The limit.
        limit: usize,
    },
    /// Nobody waits for the plan any more.
    #[error("planning was stopped")]
    Stopped,
}

/// Says whether planning should end without a plan. The planner has no clock: whoever has one decides.
pub(crate) type Stop<'a> = &'a dyn Fn() -> bool;

/// Plans an operation.
///
/// # Errors
/// When no subgraphs together can answer it, or it is larger than `limits` allow.
pub fn plan(
    supergraph: &Supergraph,
    operation: &Operation,
    guards: &Guards,
    limits: Limits,
    batching: Batching,
) -> Result<QueryPlan, PlanError> {
    plan_until(supergraph, operation, guards, limits, batching, &|| false)
}

/// Plans an operation, unless `is_stopped` says meanwhile that nobody waits for the plan any more.
/// It is asked often; once it says so it must go on saying so.
///
/// # Errors
/// As [`plan()`]; and [`PlanErrorKind::Stopped`].
pub fn plan_until(
    supergraph: &Supergraph,
    operation: &Operation,
    guards: &Guards,
    limits: Limits,
    batching: Batching,
    is_stopped: &dyn Fn() -> bool,
) -> Result<QueryPlan, PlanError> {
    let how = How { limits, batching, width: Width::NORMAL, stop: is_stopped };
    best_plan(supergraph, operation, guards, how).map_err(|kind| PlanError { kind })
}

/// Plans an operation by trying every assignment of its fields: slow, and right by construction.
/// For operations of a few leaves, as a yardstick for [`plan()`].
///
/// # Errors
/// As [`plan()`].
pub fn plan_exhaustively(
    supergraph: &Supergraph,
    operation: &Operation,
    guards: &Guards,
    limits: Limits,
    batching: Batching,
) -> Result<QueryPlan, PlanError> {
    let how = How { limits, batching, width: Width::EXHAUSTIVE, stop: &|| false };
    best_plan(supergraph, operation, guards, how).map_err(|kind| PlanError { kind })
}

/// How to plan.
#[derive(Clone, Copy)]
struct How<'a> {
    limits: Limits,
    batching: Batching,
    width: Width,
    stop: Stop<'a>,
}

fn best_plan(
    supergraph: &Supergraph,
    operation: &Operation,
    guards: &Guards,
    how: How<'_>,
) -> Result<QueryPlan, PlanErrorKind> {
    let mut solver = Solver::new(supergraph, operation, guards, how.limits, how.width, how.stop);
    best_plan_of(&mut solver, supergraph, operation, guards, how).map(|(_, plan)| plan)
}

/// The best plan that a solver finds, and the shape of the operation.
fn best_plan_of(
    solver: &mut Solver<'_>,
    supergraph: &Supergraph,
    operation: &Operation,
    guards: &Guards,
    how: How<'_>,
) -> Result<(ShapeId, QueryPlan), PlanErrorKind> {
    let (shape, candidates) = solver.candidates(operation, guards)?;
    let mut best: Option<(u64, Sketch<'_>)> = None;
    let mut sketched = 0;
    for candidate in &candidates {
        let weight = best.as_ref().map(|(weight, _)| *weight);
        if weight.is_some_and(|weight| weight <= candidate.least_weight()) {
            continue;
        }
        let how = (how.limits, how.batching);
        let next = sketch(supergraph, &solver.shapes, operation, shape, candidate, how)?;
        sketched += 1;
        if weight.is_none_or(|weight| next.cost().weight() < weight) {
            best = Some((next.cost().weight(), next));
        }
    }
    let (_, best) = best.expect("the solver gives a candidate or an error");
    let mut plan = best.finish()?;
    plan.effort =
        PlanEffort { steps: solver.steps(), plans: sketched, budget_spent: solver.is_spent() };
    if !guards.denied.is_empty() {
        plan.denied = denied::denied_paths(&plan.response);
    }
    plan.deferred = defer::find_groups(supergraph, operation, guards, &plan);
    Ok((shape, plan))
}
