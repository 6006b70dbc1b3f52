//! Variants: one plan for each state of an operation's guards.
//!
//! **In:** an operation, variables, labels of overrides. **Out:** the plan for the guards that they decide.
//!
//! **Never here:** choosing fetches (`query_planner`), bounds and threads (`planner`).
//!
//! **Holds:** a variant is planned once, however many wait for it; at most [`MAX_VARIANTS`] are kept
//! for an operation, others are planned for their request only. That there is no plan is kept as well;
//! a plan that took too long is tried again after [`RETRY_AFTER`].
//!
//! **Read first:** [`Variants::find`].

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use execution::Program;
use query_planner::{Guards, Operation, QueryPlan};
use serde_json::{Map, Value};
use supergraph::Supergraph;
use tokio::time::Instant;

use super::error::RequestError;
use super::planner::{Flight, NoPlan, Planner};

/// The variants of one operation that are kept.
const MAX_VARIANTS: usize = 64;

/// So that one slow operation, sent again and again, does not keep a processor busy.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// An operation under one state of its guards.
#[derive(Debug)]
pub struct Variant {
    /// What to fetch.
    pub plan: QueryPlan,
    /// The plan as programs.
    pub program: Program,
    /// The plan in one line, for people: `products → (inventory ∥ reviews) → accounts`.
    pub shape: Arc<str>,
}

#[derive(Debug)]
pub(super) struct Variants {
    planner: Arc<Planner>,
    kept: Mutex<Vec<Kept>>,
}

#[derive(Debug)]
struct Kept {
    guards: Guards,
    flight: Flight,
    since: Instant,
}

impl Variants {
    pub(super) fn new(planner: Arc<Planner>) -> Self {
        Self { planner, kept: Mutex::default() }
    }

    /// The plan for variables, and for the labels of progressive overrides that are on.
    pub(super) async fn find(
        &self,
        operation: &Arc<Operation>,
        variables: &Map<String, Value>,
        labels: &[String],
    ) -> Result<Arc<Variant>, RequestError> {
        let guards = guards(&self.planner.supergraph, operation, variables, labels);
        loop {
            match self.flight(operation, &guards).landing().await {
                Ok(variant) => return Ok(variant),
                Err(NoPlan::Abandoned) => {}
                Err(no_plan) => return Err(no_plan.into_request_error().into()),
            }
        }
    }

    fn flight(&self, operation: &Arc<Operation>, guards: &Guards) -> Flight {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let take_off = || self.planner.take_off(operation, guards.clone());
        if let Some(known) = kept.iter_mut().find(|known| known.guards == *guards) {
            if known.is_stale() {
                (known.flight, known.since) = (take_off(), Instant::now());
            }
            return known.flight.clone();
        }
        let flight = take_off();
        if kept.len() < MAX_VARIANTS {
            let (guards, flight) = (guards.clone(), flight.clone());
            kept.push(Kept { guards, flight, since: Instant::now() });
        }
        flight
    }
}

impl Kept {
    fn is_stale(&self) -> bool {
        match self.flight.landed() {
            Some(Err(NoPlan::Abandoned | NoPlan::Bug(_))) => true,
            Some(Err(NoPlan::TimedOut { .. })) => self.since.elapsed() > RETRY_AFTER,
            _ => false,
        }
    }
}

/// The guards that variables and labels decide.
pub(super) fn guards(
    supergraph: &Supergraph,
    operation: &Operation,
    variables: &Map<String, Value>,
    labels: &[String],
) -> Guards {
    let is_true = |name: &&str| variables.get(*name) == Some(&Value::Bool(true));
    let is_on = |label: &&String| labels.contains(label);
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
