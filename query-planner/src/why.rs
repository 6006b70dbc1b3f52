//! Explains a plan: for each field of the operation who could have answered it, what that would
//! have cost, and why the plan asks whom it asks.
//!
//! **In:** what a plan is made of. **Out:** an [`Explanation`]: the plan and its fields, with the
//! alternatives of each.
//!
//! **Never here:** choosing (`solve`), sentences (`why::print`), warnings (`why::warnings`).
//!
//! **Holds:** what an alternative costs is not estimated: the field is forced to that subgraph and
//! the operation is planned again as a whole. At most [`MAX_TRIALS`] times; beyond, alternatives
//! are named without their cost. A field that stands at several places with equal selections
//! is forced at all of them.
//!
//! **Read first:** [`explain`].

mod fields;
mod obstacle;
mod print;
mod warnings;

pub use warnings::PlanWarning;

use crate::{
    Batching, Guards, How, Limits, Operation, PlanCost, PlanError, QueryPlan, Width, best_plan_of,
    plan::FetchId, shape::ShapeId, solve::Solver,
};
use fields::{Found, find_fields};
use std::collections::HashMap;
use supergraph::{SubgraphId, Supergraph};

/// A plan, and why it is as it is.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The plan.
    pub plan: QueryPlan,
    /// The fields of the operation, each after the one it stands below. Meta fields such as
    /// `__typename` need no choice.
    pub fields: Vec<FieldExplanation>,
    /// Whether every field is explained and every alternative has its cost: a bound may have ended
    /// that.
    pub complete: bool,
}

/// Who answers a field, and who else could have.
#[derive(Clone, Debug)]
pub struct FieldExplanation {
    /// The position of the objects it belongs to: field names, `@` for each list. Empty at the root.
    pub path: String,
    /// Its schema coordinate.
    pub coordinate: String,
    /// Whom the plan asks for it, and in which fetch. Several when runtime types differ, or when each
    /// can answer only a part of it.
    pub taken: Vec<(SubgraphId, FetchId)>,
    /// The other subgraphs that declare it: the cheapest first, those that cannot answer last.
    pub others: Vec<Alternative>,
    /// Why these were taken.
    pub reason: Reason,
}

/// Another subgraph that declares a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alternative {
    /// The subgraph.
    pub subgraph: SubgraphId,
    /// What asking it would come to.
    pub outcome: Outcome,
}

/// What asking another subgraph would come to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The whole plan would cost this.
    Costs(PlanCost),
    /// It cannot answer here, for this reason.
    Cannot(String),
    /// It was not tried: a bound was reached.
    Untried,
}

/// Why a subgraph was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// No other subgraph declares the field.
    OnlyOne,
    /// Others declare it, but none of them can answer it here.
    OnlyOneCan,
    /// Every other choice needs more requests.
    FewerRequests,
    /// Of equal numbers of requests, or in spite of one more, the chain is shorter.
    LessDepth,
    /// Of equal requests and depth, fewer fields are asked for.
    FewerFields,
    /// Another costs the same, and is declared later.
    DeclaredFirst,
    /// Another costs the same.
    EquallyGood,
    /// Another would cost less: the search did not find it.
    NotTheBest,
    /// Alternatives were not compared.
    NotCompared,
}

/// One choice that is made for the solver, to see what it comes to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forced {
    pub(crate) shape: ShapeId,
    pub(crate) entry: usize,
    pub(crate) subgraph: SubgraphId,
}

/// Plans that are made for comparison.
const MAX_TRIALS: usize = 500;

/// Steps of all plans that are made for comparison, in budgets of one plan.
const MAX_BUDGETS: u64 = 4;

/// Plans an operation and explains the plan.
///
/// # Errors
/// As [`crate::plan()`].
pub fn explain(
    supergraph: &Supergraph,
    operation: &Operation,
    guards: &Guards,
    limits: Limits,
    batching: Batching,
) -> Result<Explanation, PlanError> {
    let how = How { limits, batching, width: Width::NORMAL, stop: &|| false };
    let mut solver = Solver::new(supergraph, operation, guards, how.limits, how.width, how.stop);
    let (shape, plan) = best_plan_of(&mut solver, supergraph, operation, guards, how)
        .map_err(|kind| PlanError { kind })?;
    let (found, all_found) = find_fields(supergraph, &solver, shape, &plan);
    let mut trials = Trials {
        supergraph,
        operation,
        guards,
        how,
        costs: HashMap::new(),
        steps: 0,
        complete: all_found,
    };
    let fields = found.iter().map(|found| trials.explain(found, &plan)).collect();
    Ok(Explanation { fields, complete: trials.complete, plan })
}

/// The plans that are made for comparison.
struct Trials<'a> {
    supergraph: &'a Supergraph,
    operation: &'a Operation,
    guards: &'a Guards,
    how: How<'a>,
    costs: HashMap<(ShapeId, usize, SubgraphId), Option<PlanCost>>,
    steps: u64,
    complete: bool,
}

impl Trials<'_> {
    fn explain(&mut self, found: &Found, plan: &QueryPlan) -> FieldExplanation {
        let mut others: Vec<Alternative> = found
            .declaring
            .iter()
            .filter(|subgraph| !found.taken.iter().any(|(taken, _)| taken == *subgraph))
            .map(|subgraph| Alternative {
                subgraph: *subgraph,
                outcome: self.outcome(found, *subgraph),
            })
            .collect();
        others.sort_by_key(|other| match &other.outcome {
            Outcome::Costs(cost) => (0, cost.weight()),
            Outcome::Untried => (1, 0),
            Outcome::Cannot(_) => (2, 0),
        });
        FieldExplanation {
            path: found.path.clone(),
            coordinate: found.coordinate.clone(),
            taken: found.taken.clone(),
            reason: reason(&found.taken, &others, plan.cost),
            others,
        }
    }

    fn outcome(&mut self, found: &Found, subgraph: SubgraphId) -> Outcome {
        let key = (found.shape, found.entry, subgraph);
        let is_spent = self.costs.len() >= MAX_TRIALS
            || self.steps >= self.how.limits.steps.saturating_mul(MAX_BUDGETS);
        let cost = match self.costs.get(&key) {
            Some(known) => *known,
            None if is_spent => {
                self.complete = false;
                return Outcome::Untried;
            }
            None => {
                let cost = self.cost(found, subgraph);
                self.costs.insert(key, cost);
                cost
            }
        };
        match cost {
            Some(cost) => Outcome::Costs(cost),
            None => {
                Outcome::Cannot(obstacle::why_not(self.supergraph, self.guards, found, subgraph))
            }
        }
    }

    /// What the operation costs when this subgraph answers the field; none if it cannot.
    fn cost(&mut self, found: &Found, subgraph: SubgraphId) -> Option<PlanCost> {
        let How { limits, width, stop, .. } = self.how;
        let mut solver =
            Solver::new(self.supergraph, self.operation, self.guards, limits, width, stop);
        solver.forced = Some(Forced { shape: found.shape, entry: found.entry, subgraph });
        let plan =
            best_plan_of(&mut solver, self.supergraph, self.operation, self.guards, self.how);
        self.steps = self.steps.saturating_add(solver.steps());
        plan.ok().map(|(_, plan)| plan.cost)
    }
}

fn reason(taken: &[(SubgraphId, FetchId)], others: &[Alternative], cost: PlanCost) -> Reason {
    if others.is_empty() {
        return Reason::OnlyOne;
    }
    if others.iter().any(|other| other.outcome == Outcome::Untried) {
        return Reason::NotCompared;
    }
    let costs = others.iter().filter_map(|other| match &other.outcome {
        Outcome::Costs(cost) => Some((other.subgraph, *cost)),
        _ => None,
    });
    let Some((subgraph, best)) = costs.min_by_key(|(_, cost)| cost.weight()) else {
        return Reason::OnlyOneCan;
    };
    match best.weight().cmp(&cost.weight()) {
        std::cmp::Ordering::Less => Reason::NotTheBest,
        std::cmp::Ordering::Equal if taken.iter().all(|(taken, _)| *taken < subgraph) => {
            Reason::DeclaredFirst
        }
        std::cmp::Ordering::Equal => Reason::EquallyGood,
        std::cmp::Ordering::Greater if best.requests > cost.requests => Reason::FewerRequests,
        std::cmp::Ordering::Greater if best.depth > cost.depth => Reason::LessDepth,
        std::cmp::Ordering::Greater => Reason::FewerFields,
    }
}
