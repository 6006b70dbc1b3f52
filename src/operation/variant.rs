//! Variants: one plan for each state of an operation's guards.
//!
//! **In:** an operation, variables, labels of overrides. **Out:** the plan for the guards that they decide.
//!
//! **Never here:** choosing fetches (`query_planner`), bounds and threads (`planner`).
//!
//! **Holds:** a variant is planned once, however many wait for it; at most [`MAX_VARIANTS`] are kept
//! for an operation, others are planned for their request only. That there is no plan is kept as well;
//! a plan that took too long is tried again after [`RETRY_AFTER`]. An operation without guards has one
//! variant, which is there without a search.
//!
//! **Read first:** [`Variants::kept`], [`Variants::find`].

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use execution::Program;
use query_planner::{CostFormula, Denied, Guards, OccurrenceId, Operation, QueryPlan};
use serde_json::{Map, Value};
use supergraph::RequirementId;
use tokio::time::Instant;

use super::error::RequestError;
use super::planner::{Flight, NoPlan, Planner};
use crate::sources::Programs;

/// The variants of one operation that are kept.
const MAX_VARIANTS: usize = 64;

/// So that one slow operation, sent again and again, does not keep a processor busy.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// What a request decides of an operation before it is planned.
#[derive(Debug, Clone, Copy)]
pub struct Decided<'a> {
    /// The values of its variables, coerced.
    pub variables: &'a Map<String, Value>,
    /// The labels of progressive overrides that are on; others are off.
    pub labels: &'a [String],
    /// What the caller may not see.
    pub denied: &'a Denied,
}

/// An operation under one state of its guards.
#[derive(Debug)]
pub struct Variant {
    /// What to fetch.
    pub plan: QueryPlan,
    /// What it costs.
    pub cost: CostFormula,
    /// The plan as programs.
    pub program: Program,
    /// What it asks of REST sources.
    pub programs: Programs,
    /// The plan in one line, for people: `products → (inventory ∥ reviews) → accounts`.
    pub shape: Arc<str>,
    /// How long it took to plan and to compile.
    pub took: Duration,
}

#[derive(Debug)]
pub(super) struct Variants {
    planner: Arc<Planner>,
    /// The variables that decide guards, sorted.
    guard_variables: Vec<String>,
    /// The requirements that decide guards, sorted.
    requirements: Vec<RequirementId>,
    /// The fields whose arguments decide guards.
    occurrences: Vec<OccurrenceId>,
    /// Of an operation without guards.
    only: OnceLock<Arc<Variant>>,
    kept: Mutex<Vec<Kept>>,
}

/// One bit a guard: the variables, the labels of the supergraph, the requirements, the conditions on arguments.
type State = u128;

#[derive(Debug)]
struct Kept {
    state: State,
    flight: Flight,
    since: Instant,
    uses: u64,
}

impl Variants {
    pub(super) fn new(planner: Arc<Planner>, operation: &Operation) -> Self {
        let guard_variables = operation.guard_variables().into_iter().map(str::to_owned).collect();
        let requirements = operation.requirements().iter().collect();
        let (only, kept) = (OnceLock::new(), Mutex::default());
        let occurrences = operation.occurrences().ids().collect();
        Self { planner, guard_variables, requirements, occurrences, only, kept }
    }

    /// The plan for what is decided, if it is there.
    pub(super) fn kept(&self, decided: Decided<'_>) -> Option<Arc<Variant>> {
        if self.is_one() {
            return self.only.get().cloned();
        }
        let Decided { variables, labels, denied } = decided;
        let state = self.state(|name| is_true(variables, name), labels, denied)?;
        let mut kept = self.lock();
        let known = kept.iter_mut().find(|known| known.state == state)?;
        known.uses += 1;
        known.flight.landed()?.as_ref().ok().cloned()
    }

    /// The plan for what is decided, if need be when it has been made.
    pub(super) async fn find(
        &self,
        operation: &Arc<Operation>,
        decided: Decided<'_>,
    ) -> Result<Arc<Variant>, RequestError> {
        if let Some(variant) = self.kept(decided) {
            return Ok(variant);
        }
        self.plan(operation, self.guards(decided)).await
    }

    /// The plan for a state of the guards.
    pub(super) async fn plan(
        &self,
        operation: &Arc<Operation>,
        guards: Guards,
    ) -> Result<Arc<Variant>, RequestError> {
        loop {
            match self.flight(operation, &guards).landing().await {
                Ok(variant) => {
                    if self.is_one() {
                        let _ = self.only.set(Arc::clone(&variant));
                    }
                    return Ok(variant);
                }
                Err(NoPlan::Abandoned) => {}
                Err(no_plan) => return Err(no_plan.into_request_error().into()),
            }
        }
    }

    fn flight(&self, operation: &Arc<Operation>, guards: &Guards) -> Flight {
        let take_off = || self.planner.take_off(operation, guards.clone());
        let labels: Vec<String> = guards.labels.iter().cloned().collect();
        let is_true = |name: &str| guards.variables.contains(name);
        let Some(state) = self.state(is_true, &labels, &guards.denied) else {
            return take_off();
        };
        let mut kept = self.lock();
        if let Some(known) = kept.iter_mut().find(|known| known.state == state) {
            if known.is_stale() {
                (known.flight, known.since) = (take_off(), Instant::now());
            }
            return known.flight.clone();
        }
        let flight = take_off();
        if kept.len() < MAX_VARIANTS {
            kept.push(Kept { state, flight: flight.clone(), since: Instant::now(), uses: 1 });
        }
        flight
    }

    /// The guards that are decided.
    pub(super) fn guards(&self, decided: Decided<'_>) -> Guards {
        let Decided { variables, labels, denied } = decided;
        let on = self.guard_variables.iter().filter(|name| is_true(variables, name));
        let known = self.planner.supergraph.labels().iter();
        Guards {
            variables: on.cloned().collect(),
            labels: known.filter(|label| labels.contains(label)).cloned().collect(),
            // Only what it touches: an operation has one state for all else.
            denied: Denied {
                requirements: (self.requirements.iter().copied())
                    .filter(|it| denied.requirements.contains(*it))
                    .collect(),
                occurrences: denied.occurrences.clone(),
            },
        }
    }

    /// The states of its guards that were asked for, and how often each was.
    pub(super) fn in_use(&self) -> Vec<(Guards, u64)> {
        let labels = self.planner.supergraph.labels();
        let is_on = |state: State, bit: usize| state >> bit & 1 == 1;
        let n_variables = self.guard_variables.len();
        let n_others = n_variables + labels.len();
        let n_before = n_others + self.requirements.len();
        let guards = |state: State| Guards {
            variables: on_in(&self.guard_variables, |bit| is_on(state, bit)),
            labels: on_in(labels, |bit| is_on(state, n_variables + bit)),
            denied: Denied {
                requirements: on_in(&self.requirements, |bit| is_on(state, n_others + bit)),
                occurrences: on_in(&self.occurrences, |bit| is_on(state, n_before + bit)),
            },
        };
        let kept = self.lock();
        let planned = kept.iter().filter(|kept| matches!(kept.flight.landed(), Some(Ok(_))));
        planned.map(|kept| (guards(kept.state), kept.uses)).collect()
    }

    /// As many uses as before a change of the graph.
    pub(super) fn inherit(&self, guards: &Guards, uses: u64) {
        let labels: Vec<String> = guards.labels.iter().cloned().collect();
        let is_true = |name: &str| guards.variables.contains(name);
        let state = self.state(is_true, &labels, &guards.denied);
        if let Some(known) = self.lock().iter_mut().find(|known| Some(known.state) == state) {
            known.uses = uses;
        }
    }

    /// About how many bytes its plans take.
    pub(super) fn n_bytes(&self) -> usize {
        let kept = self.lock();
        let planned = kept.iter().filter_map(|kept| kept.flight.landed()?.as_ref().ok());
        planned.map(|variant| variant.n_bytes()).sum()
    }

    /// Whether no request can decide anything.
    fn is_one(&self) -> bool {
        self.guard_variables.is_empty()
            && self.requirements.is_empty()
            && self.occurrences.is_empty()
            && self.planner.supergraph.labels().is_empty()
    }

    /// None if there are more guards than bits: what nobody asks for is planned, but not kept.
    fn state(
        &self,
        is_true: impl Fn(&str) -> bool,
        labels: &[String],
        denied: &Denied,
    ) -> Option<State> {
        let known = self.planner.supergraph.labels();
        let n_guards = self.guard_variables.len() + known.len();
        let n_guards = n_guards + self.requirements.len() + self.occurrences.len();
        if n_guards > State::BITS as usize {
            return None;
        }
        let variables = self.guard_variables.iter().map(|name| is_true(name));
        let labels = known.iter().map(|label| labels.contains(label));
        let unmet = self.requirements.iter().map(|it| denied.requirements.contains(*it));
        let refused = self.occurrences.iter().map(|it| denied.occurrences.contains(*it));
        let bits = variables.chain(labels).chain(unmet).chain(refused).enumerate();
        Some(bits.fold(0, |state, (bit, is_on)| state | State::from(is_on) << bit))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
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

impl Variant {
    /// About how many bytes it takes. The parts of a plan are many and small: their number is what counts.
    fn n_bytes(&self) -> usize {
        let plan = &self.plan;
        let texts: usize = plan.fetches.iter().map(|(_, fetch)| fetch.text.len()).sum();
        let parts = plan.positions.len() + plan.slots.len() + plan.groups.len();
        // The text stands in the plan, and in the program as it is sent.
        self.cost.n_bytes()
            + texts * 2
            + parts * BYTES_A_PART
            + plan.fetches.len() * BYTES_A_PART
            + 1_024
    }
}

/// What a slot, position or group takes in a plan, in its program and on the heap: an estimate, rather too much.
const BYTES_A_PART: usize = 512;

fn is_true(variables: &Map<String, Value>, name: &str) -> bool {
    variables.get(name) == Some(&Value::Bool(true))
}

fn on_in<T: Clone, C: FromIterator<T>>(names: &[T], is_on: impl Fn(usize) -> bool) -> C {
    let on = names.iter().enumerate().filter(|(bit, _)| is_on(*bit));
    on.map(|(_, name)| name.clone()).collect()
}
