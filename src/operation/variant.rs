//! Variants: one plan for each state of an operation's guards.
//!
//! **In:** an operation, variables, labels of overrides. **Out:** the plan for the guards that they decide.
//!
//! **Never here:** choosing fetches (`query_planner`).
//!
//! **Holds:** a variant is planned once, however many wait for it; at most [`MAX_VARIANTS`] are kept
//! for an operation, others are planned for their request only. The planner's bounds hold for each.
//!
//! **Read first:** [`Variants::find`].

use std::sync::{Arc, Mutex, PoisonError};

use query_planner::{Batching, Guards, Operation, PlanError, QueryPlan};
use serde_json::{Map, Value};
use supergraph::Supergraph;
use tokio::sync::{OnceCell, Semaphore};

use super::error::{RequestError, RequestErrorKind};
use super::shape;

/// The variants of one operation that are kept.
const MAX_VARIANTS: usize = 64;

/// What a plan may cost to find.
const PLAN_LIMITS: query_planner::Limits =
    query_planner::Limits { positions: 100_000, steps: 2_000_000 };

/// An operation under one state of its guards.
#[derive(Debug)]
pub struct Variant {
    /// What to fetch.
    pub plan: QueryPlan,
    /// The plan in one line, for people: `products → (inventory ∥ reviews) → accounts`.
    pub shape: Arc<str>,
}

/// Which labels of progressive overrides are on.
#[derive(Debug, Clone, Copy)]
pub enum OverrideLabels<'a> {
    /// Those of the form `percent(n)` with `n` above this number from 0 to 100. Others are off: nothing in
    /// a request could turn them on.
    ByChance(f64),
    /// These.
    On(&'a [String]),
}

type Cell = Arc<OnceCell<Arc<Variant>>>;

#[derive(Debug)]
pub(super) struct Variants {
    supergraph: Arc<Supergraph>,
    preparing: Arc<Semaphore>,
    cells: Mutex<Vec<(Guards, Cell)>>,
}

impl Variants {
    pub(super) fn new(supergraph: Arc<Supergraph>, preparing: Arc<Semaphore>) -> Self {
        Self { supergraph, preparing, cells: Mutex::default() }
    }

    pub(super) async fn find(
        &self,
        operation: &Operation,
        variables: &Map<String, Value>,
        labels: OverrideLabels<'_>,
    ) -> Result<Arc<Variant>, RequestError> {
        let guards = guards(&self.supergraph, operation, variables, labels);
        let cell = self.cell(&guards);
        cell.get_or_try_init(|| self.plan(operation, guards)).await.cloned()
    }

    fn cell(&self, guards: &Guards) -> Cell {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, cell)) = cells.iter().find(|(known, _)| known == guards) {
            return Arc::clone(cell);
        }
        let cell = Cell::default();
        if cells.len() < MAX_VARIANTS {
            cells.push((guards.clone(), Arc::clone(&cell)));
        }
        cell
    }

    async fn plan(
        &self,
        operation: &Operation,
        guards: Guards,
    ) -> Result<Arc<Variant>, RequestError> {
        let permit = Arc::clone(&self.preparing).acquire_owned().await;
        let name = operation.name();
        let (supergraph, operation) = (Arc::clone(&self.supergraph), operation.clone());
        let work = move || {
            let _permit = permit;
            let batching = Batching::Fewest;
            let plan =
                query_planner::plan(&supergraph, &operation, &guards, PLAN_LIMITS, batching)?;
            let shape = shape::of(&plan, &supergraph).into();
            Ok(Arc::new(Variant { plan, shape }))
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(variant)) => {
                if variant.plan.effort.budget_spent {
                    tracing::warn!(
                        operation = name,
                        plan = &*variant.shape,
                        "the planner spent its budget; a better plan may exist"
                    );
                }
                Ok(variant)
            }
            Ok(Err::<_, PlanError>(error)) => {
                Err(RequestErrorKind::Unplannable(error.kind.to_string()).into())
            }
            Err(panic) => Err(RequestErrorKind::Bug(panic.to_string()).into()),
        }
    }
}

/// The guards that variables and labels decide.
fn guards(
    supergraph: &Supergraph,
    operation: &Operation,
    variables: &Map<String, Value>,
    labels: OverrideLabels<'_>,
) -> Guards {
    let is_true = |name: &&str| variables.get(*name) == Some(&Value::Bool(true));
    let percent = |label: &str| -> Option<f64> {
        label.strip_prefix("percent(")?.strip_suffix(')')?.trim().parse().ok()
    };
    let is_on = |label: &&String| match labels {
        OverrideLabels::ByChance(chance) => percent(label).is_some_and(|percent| chance < percent),
        OverrideLabels::On(labels) => labels.contains(*label),
    };
    Guards {
        variables: operation
            .guard_variables()
            .into_iter()
            .filter(is_true)
            .map(str::to_owned)
            .collect(),
        labels: supergraph.labels().iter().filter(is_on).cloned().collect(),
    }
}
