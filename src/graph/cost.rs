//! Whether the subgraphs that `graphql.cost` names are there.
//!
//! **In:** the configuration and a supergraph. **Out:** the rates of its subgraphs, or a [`Problem`].
//!
//! **Never here:** what costs are (`query_planner`).
//!
//! **Holds:** a maximum under a name that no subgraph has would limit nothing, so it is refused.

use std::path::Path;

use query_planner::CostRates;
use supergraph::Supergraph;

use super::problem::{Problem, ProblemError};
use crate::config::{CostSettings, nearest};

/// The rates of a supergraph.
pub(super) fn find(
    settings: &CostSettings,
    file: &Path,
    supergraph: &Supergraph,
) -> Result<CostRates, Problem> {
    let known = || supergraph.subgraphs().iter().map(|(_, row)| row.name.as_str());
    let Some(unknown) = settings.named().find(|name| known().all(|known| known != *name)) else {
        return Ok(settings.rates(supergraph));
    };
    let message = format!("`graphql.cost.subgraphs` names `{unknown}`, which is no subgraph");
    let fix = match nearest(unknown, known()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "write the name under which the subgraph is registered".to_owned(),
    };
    let error = ProblemError {
        code: "UNKNOWN_SUBGRAPH".to_owned(),
        message: message.clone(),
        file: Some(file.display().to_string()),
        fix: Some(fix),
        ..ProblemError::default()
    };
    Err(Problem::one(message, error))
}
