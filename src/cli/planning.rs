//! Plans one operation the way the gateway would, without a gateway.
//!
//! **In:** a supergraph, a document, variable values. **Out:** the plan, or why there is none, in words.
//!
//! **Never here:** where supergraph and document come from (`plan`, `test`); running a plan.
//!
//! **Holds:** validation, limits and guards are those of a request, because the same room prepares it.
//!
//! **Read first:** [`plan_operation`].

use std::sync::Arc;

use apollo_compiler::ExecutableDocument;
use query_planner::{Batching, Guards, Operation, QueryPlan};
use serde_json::{Map, Value};
use supergraph::Supergraph;

use crate::config::Limits;
use crate::operation::{PreparedOperations, RequestError, RequestErrorKind};

/// One operation is kept, for as long as it is planned.
const KEPT_BYTES: usize = 1_000_000;

/// What the plan of a subscription may cost to find.
const SUBSCRIPTION_LIMITS: query_planner::Limits =
    query_planner::Limits { positions: 100_000, steps: 2_000_000 };

/// The plan of the only operation of a document.
pub(super) fn plan_operation(
    supergraph: &Arc<Supergraph>,
    document: &str,
    variables: Map<String, Value>,
    limits: Limits,
) -> Result<QueryPlan, Arc<RequestError>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| {
        RequestError::from(RequestErrorKind::Bug(format!("cannot start the runtime: {error}")))
    })?;
    let prepared: Result<QueryPlan, Arc<RequestError>> = runtime.block_on(async {
        let operations = PreparedOperations::new(Arc::clone(supergraph), KEPT_BYTES);
        let (prepared, _) = operations.prepare(document, None, limits).await?;
        // Values that are missing are no matter here: what is there decides the guards.
        let values = prepared
            .coerce_variable_values(supergraph, variables.clone())
            .unwrap_or_else(|_| variables.clone());
        Ok(prepared.variant(&values, 100.0).await?.plan.clone())
    });
    match prepared {
        Err(error) if matches!(error.kind, RequestErrorKind::Subscription) => {
            plan_subscription(supergraph, document, &variables).map_err(Arc::new)
        }
        prepared => prepared,
    }
}

/// A subscription has a plan although no door of the gateway takes it yet.
fn plan_subscription(
    supergraph: &Supergraph,
    document: &str,
    variables: &Map<String, Value>,
) -> Result<QueryPlan, RequestError> {
    let unplannable = |reason: String| RequestErrorKind::Unplannable(reason);
    let schema = supergraph.api_schema();
    let document = ExecutableDocument::parse_and_validate(schema, document, "operation.graphql")
        .map_err(|error| unplannable(error.to_string()))?;
    let operation = Operation::read(supergraph, &document, None)
        .map_err(|error| unplannable(error.to_string()))?;
    let is_true = |(name, value): (&String, &Value)| (*value == true).then(|| name.clone());
    let guards =
        Guards { variables: variables.iter().filter_map(is_true).collect(), ..Guards::default() };
    let plan = query_planner::plan(
        supergraph,
        &operation,
        &guards,
        SUBSCRIPTION_LIMITS,
        Batching::default(),
    );
    Ok(plan.map_err(|error| unplannable(error.kind.to_string()))?)
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
