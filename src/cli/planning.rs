//! Plans one operation the way the gateway would, without a gateway.
//!
//! **In:** a supergraph, a document, variable values, labels of overrides. **Out:** the plan, or why there is none, in words.
//!
//! **Never here:** where supergraph and document come from (`plan`, `test`); running a plan.
//!
//! **Holds:** validation, limits and guards are those of a request, because the same room prepares it.
//! Only whether a request may carry the operation is not asked: a subscription has a plan.
//!
//! **Read first:** [`plan_operation`].

use std::sync::Arc;

use query_planner::{CostFormula, CostRates, Denied, Explanation, PlanErrorKind, QueryPlan};
use serde_json::{Map, Value};
use supergraph::{SubgraphId, Supergraph};

use super::caller::Caller;
use crate::config::{Limits, PlanningSettings};
use crate::operation::{Decided, Prepared, PreparedOperations, RequestError, RequestErrorKind};
use crate::telemetry::Metrics;

/// One operation is kept, for as long as it is planned.
const KEPT_BYTES: usize = 1_000_000;

/// What to plan.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// The document, with one operation.
    pub(super) document: &'a str,
    /// The values of its variables, not coerced.
    pub(super) variables: Map<String, Value>,
    /// The labels of progressive overrides that are on.
    pub(super) labels: &'a [String],
    /// Who asks; somebody who may see all, if it is nobody in particular.
    pub(super) caller: Option<&'a Caller>,
    /// What the operation may be.
    pub(super) limits: Limits,
    /// What planning it may cost.
    pub(super) planning: PlanningSettings,
}

type Answer<T> = Result<T, Arc<RequestError>>;

/// The plan of the only operation of a document.
pub(super) fn plan_operation(supergraph: &Arc<Supergraph>, asked: Asked<'_>) -> Answer<QueryPlan> {
    let (labels, caller) = (asked.labels, asked.caller);
    on_runtime(async {
        let (prepared, variables) = prepare(supergraph, asked).await?;
        let denied = &denied(supergraph, &prepared, &variables, caller)?;
        let decided = Decided { variables: &variables, labels, denied };
        Ok(prepared.variant(decided).await?.plan.clone())
    })
}

/// A formula as text, its value, and the share of each subgraph.
pub(super) type Costed = (String, u64, Vec<(SubgraphId, u64)>);

/// What the only operation of a document costs.
pub(super) fn cost_operation(
    supergraph: &Arc<Supergraph>,
    asked: Asked<'_>,
    rates: &CostRates,
) -> Answer<Costed> {
    let (labels, caller) = (asked.labels, asked.caller);
    on_runtime(async {
        let (prepared, variables) = prepare(supergraph, asked).await?;
        let denied = &denied(supergraph, &prepared, &variables, caller)?;
        let decided = Decided { variables: &variables, labels, denied };
        let plan = &prepared.variant(decided).await?.plan;
        let formula = CostFormula::of(plan, supergraph, rates);
        let estimate = formula.estimate(&variables);
        let text = CostFormula::text(plan, supergraph, rates);
        let shares = formula.subgraphs(&estimate).collect();
        Ok((text, estimate.total, shares))
    })
}

/// The plan of the only operation of a document, and why it is as it is.
pub(super) fn explain_operation(
    supergraph: &Arc<Supergraph>,
    asked: Asked<'_>,
) -> Answer<Explanation> {
    let (labels, caller) = (asked.labels, asked.caller);
    let PlanningSettings { limits, batching, .. } = asked.planning;
    let (prepared, variables) = on_runtime(prepare(supergraph, asked))?;
    let denied = &denied(supergraph, &prepared, &variables, caller)?;
    let guards = prepared.guards(Decided { variables: &variables, labels, denied });
    let explained =
        query_planner::explain(supergraph, &prepared.operation, &guards, limits, batching);
    explained.map_err(|error| {
        let kind = match error.kind {
            PlanErrorKind::TooManyPositions { limit } => {
                RequestErrorKind::TooManyPositions { limit }
            }
            kind => RequestErrorKind::Unplannable(kind.to_string()),
        };
        Arc::new(kind.into())
    })
}

/// # Errors
/// When a condition of the schema is none.
fn denied(
    supergraph: &Supergraph,
    prepared: &Prepared,
    variables: &Map<String, Value>,
    caller: Option<&Caller>,
) -> Answer<Denied> {
    let Some(caller) = caller else { return Ok(Denied::default()) };
    caller
        .denied(supergraph, prepared, variables)
        .map_err(|invalid| Arc::new(RequestErrorKind::Unplannable(invalid.to_string()).into()))
}

async fn prepare(
    supergraph: &Arc<Supergraph>,
    asked: Asked<'_>,
) -> Answer<(Arc<Prepared>, Map<String, Value>)> {
    let metrics = Arc::new(Metrics::new());
    let operations =
        PreparedOperations::new(Arc::clone(supergraph), KEPT_BYTES, asked.planning, metrics);
    let (prepared, _) = operations.prepare(asked.document, None, asked.limits).await?;
    // Values that are missing are no matter here: what is there decides the guards.
    let given = asked.variables;
    let values = prepared.coerce_variable_values(supergraph, given.clone()).unwrap_or(given);
    Ok((prepared, values))
}

fn on_runtime<T>(work: impl Future<Output = Answer<T>>) -> Answer<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| {
        RequestError::from(RequestErrorKind::Bug(format!("cannot start the runtime: {error}")))
    })?;
    runtime.block_on(work)
}

/// Everything that is wrong, one line each, for the author of the operation.
pub(super) fn explain(error: &RequestError) -> String {
    match &error.kind {
        RequestErrorKind::Syntax(findings) | RequestErrorKind::Validation(findings) => {
            let line = |finding: &crate::operation::error::Finding| match finding.location {
                Some((line, column)) => format!("{line}:{column}: {}", finding.message),
                None => finding.message.clone(),
            };
            findings.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        _ => error.detail(),
    }
}
