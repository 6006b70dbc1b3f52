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

use query_planner::QueryPlan;
use serde_json::{Map, Value};
use supergraph::Supergraph;

use crate::config::Limits;
use crate::operation::{OverrideLabels, PreparedOperations, RequestError, RequestErrorKind};

/// One operation is kept, for as long as it is planned.
const KEPT_BYTES: usize = 1_000_000;

/// The plan of the only operation of a document.
pub(super) fn plan_operation(
    supergraph: &Arc<Supergraph>,
    document: &str,
    variables: Map<String, Value>,
    labels: OverrideLabels<'_>,
    limits: Limits,
) -> Result<QueryPlan, Arc<RequestError>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| {
        RequestError::from(RequestErrorKind::Bug(format!("cannot start the runtime: {error}")))
    })?;
    runtime.block_on(async {
        let operations = PreparedOperations::new(Arc::clone(supergraph), KEPT_BYTES);
        let (prepared, _) = operations.prepare(document, None, limits).await?;
        // Values that are missing are no matter here: what is there decides the guards.
        let values =
            prepared.coerce_variable_values(supergraph, variables.clone()).unwrap_or(variables);
        Ok(prepared.variant_for(&values, labels).await?.plan.clone())
    })
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
