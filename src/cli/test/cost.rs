//! Checks what the operation of a page costs.
//!
//! **In:** a page with a `cost` block, and perhaps rates of its own. **Out:** the text of the block as it is now.
//!
//! **Never here:** what it cost with data (the project's own tests run the pages).
//!
//! **Read first:** [`cost_of`].

use std::path::Path;
use std::sync::Arc;

use query_planner::CostRates;
use supergraph::Supergraph;

use super::{CheckError, Fixture, Role, asked, caller_of, input, labels_of, variables_of};
use crate::cli::planning;
use crate::config::Settings;

/// The cost of a page's operation, or why there is none.
pub(super) fn cost_of(
    fixture: &Fixture,
    supergraph: &Arc<Supergraph>,
) -> Result<String, CheckError> {
    let rates = rates_of(fixture, supergraph)?;
    let (labels, caller) = (labels_of(fixture, supergraph)?, caller_of(fixture)?);
    let asked = asked(fixture, variables_of(fixture)?, &labels, caller.as_ref());
    Ok(match planning::cost_operation(supergraph, asked, &rates) {
        Ok((formula, total, shares)) => {
            let name = |id| &supergraph.subgraph(id).name;
            let shares = shares.into_iter().map(|(id, share)| format!("{} {share}", name(id)));
            let shares: Vec<String> = shares.collect();
            format!("{formula}\n\nestimate: {total}\nshares: {}", shares.join(", "))
        }
        Err(error) => planning::explain(&error),
    })
}

/// What counts for the operation of a page: the rates of its block, or of its configuration.
///
/// # Errors
/// When the block is none, or the configuration cannot be read.
pub fn rates_of(fixture: &Fixture, supergraph: &Supergraph) -> Result<CostRates, CheckError> {
    let folder = fixture.path.parent().unwrap_or(Path::new(""));
    let (role, settings) = if let Some(body) = fixture.body(&Role::Rates) {
        let lines: String = body.lines().map(|line| format!("    {line}\n")).collect();
        let text = format!("supergraph: {{ file: page }}\ngraphql:\n  cost:\n{lines}");
        (Role::Rates, Settings::read(&fixture.path, &text, &|_| None))
    } else if let Some(body) = fixture.body(&Role::Configuration) {
        (Role::Configuration, Settings::load(&folder.join(body.trim())))
    } else {
        return Ok(CostRates::default());
    };
    let line = fixture.block(&role).map_or(0, |block| block.line);
    let settings = settings.map_err(|errors| input(fixture, line, errors.to_string()))?;
    Ok(settings.graphql.cost.rates(supergraph))
}
