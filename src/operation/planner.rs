//! Plans off the request loop, within bounds.
//!
//! **In:** an operation and the state of its guards. **Out:** a [`Flight`]: a plan in the making, for
//! everyone who waits for it.
//!
//! **Never here:** choosing fetches (`query_planner`), keeping plans (`variant`).
//!
//! **Holds:** planning never takes all processors, and a plan that takes too long is stopped: its thread
//! ends with it. A plan that is begun is finished though its first client has gone, for others may wait;
//! one that nobody waits for is not begun.
//!
//! **Read first:** [`Planner::take_off`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use execution::Program;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use query_planner::{CostFormula, Guards, Operation, PlanError, PlanErrorKind, QueryPlan};
use supergraph::Supergraph;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::Guarded;
use super::error::RequestErrorKind;
use super::shape;
use super::variant::Variant;
use crate::config::PlanningSettings;
use crate::sources::Programs;
use crate::telemetry::{Metrics, PlanningOutcome};

/// Plans the operations of one supergraph.
#[derive(Debug)]
pub(super) struct Planner {
    pub(super) supergraph: Arc<Supergraph>,
    pub(super) guarded: Guarded,
    settings: PlanningSettings,
    /// Preparing is work for a processor, and never takes all of them.
    pub(super) permits: Arc<Semaphore>,
    n_permits: usize,
    metrics: Arc<Metrics>,
}

/// What comes of planning.
pub(super) type Planned = Result<Arc<Variant>, NoPlan>;

/// Why there is no plan.
#[derive(Debug, Clone)]
pub(super) enum NoPlan {
    /// No subgraphs together can answer the operation.
    Unplannable(Arc<str>),
    /// The operation is too large.
    TooManyPositions { limit: usize },
    /// It took too long.
    TimedOut { limit: Duration },
    /// Nobody waited any more when its turn came.
    Abandoned,
    /// The planner failed.
    Bug(Arc<str>),
}

/// A plan in the making.
#[derive(Clone)]
pub(super) struct Flight {
    landed: Shared<BoxFuture<'static, Planned>>,
    waiting: Arc<AtomicUsize>,
}

/// Counts a client among those who wait.
struct Waiting<'a>(&'a AtomicUsize);

/// Ends a plan's thread when nobody awaits its answer any more.
struct StopOnDrop(Arc<AtomicBool>);

/// Counts a plan among those that are being made.
struct Active(Arc<Metrics>);

impl Planner {
    pub(super) fn new(
        supergraph: Arc<Supergraph>,
        guarded: Guarded,
        settings: PlanningSettings,
        metrics: Arc<Metrics>,
    ) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let n_permits = processors.div_ceil(2);
        let permits = Arc::new(Semaphore::new(n_permits));
        Self { supergraph, guarded, settings, permits, n_permits, metrics }
    }

    /// Begins to plan. What comes of it is there for everyone who holds the flight.
    pub(super) fn take_off(self: &Arc<Self>, operation: &Arc<Operation>, guards: Guards) -> Flight {
        let waiting = Arc::new(AtomicUsize::new(0));
        let (planner, operation) = (Arc::clone(self), Arc::clone(operation));
        let waiters = Arc::clone(&waiting);
        let task = async move { planner.plan(operation, guards, &waiters).await };
        let task = tokio::spawn(task);
        let landed = async move { task.await.unwrap_or_else(|error| Err(NoPlan::bug(&error))) };
        Flight { landed: landed.boxed().shared(), waiting }
    }

    async fn plan(
        &self,
        operation: Arc<Operation>,
        guards: Guards,
        waiting: &AtomicUsize,
    ) -> Planned {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        if waiting.load(Ordering::SeqCst) == 0 {
            return Err(NoPlan::Abandoned);
        }
        let stop = StopOnDrop(Arc::default());
        let is_stopped = Arc::clone(&stop.0);
        let active = Active::new(&self.metrics);
        let (supergraph, guarded) = (Arc::clone(&self.supergraph), self.guarded.clone());
        let PlanningSettings { limits, timeout, batching, .. } = self.settings;
        let planned = Arc::clone(&operation);
        let work = move || {
            let _held = (permit, active);
            let is_stopped = || is_stopped.load(Ordering::Relaxed);
            let started = Instant::now();
            let plan = query_planner::plan_until(
                &supergraph,
                &planned,
                &guards,
                limits,
                batching,
                &is_stopped,
            )?;
            Ok(variant(plan, &supergraph, &guarded, started))
        };
        let started = Instant::now();
        let answer = tokio::time::timeout(timeout, tokio::task::spawn_blocking(work)).await;
        let result = match answer {
            Ok(Ok(Ok(variant))) => Ok(variant),
            Ok(Ok(Err(error))) => Err(NoPlan::of(&error)),
            Ok(Err(panic)) => Err(NoPlan::bug(&panic)),
            Err(_) => Err(NoPlan::TimedOut { limit: timeout }),
        };
        self.tell(operation.name(), &result, started.elapsed());
        result
    }

    /// Whether plans that took so long are kept apart.
    pub(super) fn is_slow(&self, took: Duration) -> bool {
        took >= self.settings.slow
    }

    /// How much may be prepared at once.
    pub(super) fn n_permits(&self) -> usize {
        self.n_permits
    }

    fn tell(&self, name: Option<&str>, result: &Planned, duration: Duration) {
        let outcome = match result {
            Ok(variant) if variant.plan.effort.budget_spent => PlanningOutcome::Greedy,
            Ok(_) => PlanningOutcome::Ok,
            Err(NoPlan::TimedOut { .. }) => PlanningOutcome::Timeout,
            Err(_) => PlanningOutcome::Error,
        };
        let steps = result.as_ref().ok().map(|variant| variant.plan.effort.steps);
        self.metrics.planned(outcome, steps, duration);
        match result {
            Ok(variant) if outcome == PlanningOutcome::Greedy => tracing::warn!(
                operation = name,
                steps,
                budget = self.settings.limits.steps,
                plan = &*variant.shape,
                "the planner spent its budget; a better plan may exist"
            ),
            Err(NoPlan::TimedOut { limit }) => tracing::warn!(
                operation = name,
                timeout_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
                "planning took too long and was stopped"
            ),
            _ => {}
        }
    }
}

fn variant(
    plan: QueryPlan,
    supergraph: &Supergraph,
    guarded: &Guarded,
    started: Instant,
) -> Arc<Variant> {
    let shape = shape::of(&plan, supergraph).into();
    let program = Program::compile_masked(&plan, supergraph, &guarded.masked);
    let cost = CostFormula::of(&plan, supergraph, &guarded.rates);
    let programs = Programs::new(&plan);
    Arc::new(Variant { plan, cost, program, programs, shape, took: started.elapsed() })
}

impl Flight {
    /// Waits for what comes of it.
    pub(super) async fn landing(&self) -> Planned {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(&self.waiting);
        self.landed.clone().await
    }

    /// What came of it, if that is known.
    pub(super) fn landed(&self) -> Option<&Planned> {
        self.landed.peek()
    }
}

impl NoPlan {
    fn of(error: &PlanError) -> Self {
        match &error.kind {
            PlanErrorKind::TooManyPositions { limit } => Self::TooManyPositions { limit: *limit },
            kind => Self::Unplannable(kind.to_string().into()),
        }
    }

    fn bug(error: &tokio::task::JoinError) -> Self {
        Self::Bug(error.to_string().into())
    }

    /// The error of a request that asked for the plan.
    pub(super) fn into_request_error(self) -> RequestErrorKind {
        match self {
            Self::Unplannable(reason) => RequestErrorKind::Unplannable(reason.to_string()),
            Self::TooManyPositions { limit } => RequestErrorKind::TooManyPositions { limit },
            Self::TimedOut { limit } => RequestErrorKind::PlanningTimeout { limit },
            Self::Abandoned => RequestErrorKind::Bug("the plan was abandoned".to_owned()),
            Self::Bug(reason) => RequestErrorKind::Bug(reason.to_string()),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Active {
    fn new(metrics: &Arc<Metrics>) -> Self {
        metrics.planning_active.inc();
        Self(Arc::clone(metrics))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.planning_active.dec();
    }
}

impl std::fmt::Debug for Flight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Flight({:?})", self.landed())
    }
}
