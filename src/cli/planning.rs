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

use serde_json::{Map, Value};
use supergraph::Supergraph;

use crate::config::Limits;
use crate::operation::{PreparedOperations, RequestError, RequestErrorKind, Variant};

/// One operation is kept, for as long as it is planned.
const KEPT_BYTES: usize = 1_000_000;

/// The plan of the only operation of a document.
pub(super) fn plan_operation(
    supergraph: &Arc<Supergraph>,
    document: &str,
    variables: Map<String, Value>,
    limits: Limits,
) -> Result<Arc<Variant>, Arc<RequestError>> {
    let planning = async {
        let operations = PreparedOperations::new(Arc::clone(supergraph), KEPT_BYTES);
        let (prepared, _) = operations.prepare(document, None, limits).await?;
        // Values that are missing are no matter here: what is there decides the guards.
        let variables =
            prepared.coerce_variable_values(supergraph, variables.clone()).unwrap_or(variables);
        Ok(prepared.variant(&variables, 100.0).await?)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(planning),
        Err(error) => {
            let kind = RequestErrorKind::Bug(format!("cannot start the runtime: {error}"));
            Err(Arc::new(RequestError::from(kind)))
        }
    }
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
