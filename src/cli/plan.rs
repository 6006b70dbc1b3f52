//! `graphloom plan`: shows what the gateway would fetch for an operation.
//!
//! **In:** a configuration, an operation file, variables, a format. **Out:** the plan as text, as JSON or
//! in the nested sequence form.
//!
//! **Never here:** printing plans (`query_planner`), planning (`planning`).
//!
//! **Read first:** [`plan`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use serde_json::{Map, Value};
use supergraph::Supergraph;
use thiserror::Error;

use super::planning;
use crate::config::{ConfigErrors, Settings};
use crate::graph::{self, Problem};
use crate::operation::OverrideLabels;

/// The forms of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PlanFormat {
    /// For people: a list of fetches with what each waits for.
    Text,
    /// For tools.
    Json,
    /// Nested Sequence, Parallel and Flatten, to compare with other routers; it says where that form
    /// waits longer than the plan does.
    Sequence,
}

/// Why there is no plan to show.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(super) enum PlanCommandError {
    #[error("{0}")]
    Config(ConfigErrors),
    #[error("{0}")]
    Graph(Problem),
    #[error("the supergraph cannot be loaded: {0}")]
    Supergraph(String),
    #[error("cannot read `{}`: {error}", file.display())]
    File { file: PathBuf, error: std::io::Error },
    #[error("{}: the variables are no JSON object: {error}", file.display())]
    Variables { file: PathBuf, error: serde_json::Error },
    #[error("{}: {reason}", file.display())]
    Operation { file: PathBuf, reason: String },
}

/// Progressive overrides that count for a part of the requests count for none here.
const NO_LABELS: OverrideLabels<'_> = OverrideLabels::ByChance(100.0);

/// The plan of the operation in a file.
pub(super) fn plan(
    configuration: &Path,
    operation: &Path,
    variables: Option<&Path>,
    format: PlanFormat,
) -> Result<String, PlanCommandError> {
    let settings = Settings::load(configuration).map_err(PlanCommandError::Config)?;
    let loaded = graph::load(&settings.supergraph).map_err(PlanCommandError::Graph)?;
    let supergraph = Supergraph::parse(&loaded.sdl)
        .map_err(|error| PlanCommandError::Supergraph(error.to_string()))?;
    let supergraph = Arc::new(supergraph);
    let document = read(operation)?;
    let variables = variables.map_or_else(|| Ok(Map::new()), read_variables)?;
    let limits = settings.graphql_limits;
    let plan = planning::plan_operation(&supergraph, &document, variables, NO_LABELS, limits);
    let plan = plan.map_err(|error| PlanCommandError::Operation {
        file: operation.to_owned(),
        reason: planning::explain(&error),
    })?;
    Ok(match format {
        PlanFormat::Text => plan.to_text(&supergraph),
        PlanFormat::Json => format!("{:#}\n", plan.to_json(&supergraph)),
        PlanFormat::Sequence => plan.to_sequence(&supergraph),
    })
}

fn read(file: &Path) -> Result<String, PlanCommandError> {
    std::fs::read_to_string(file)
        .map_err(|error| PlanCommandError::File { file: file.to_owned(), error })
}

fn read_variables(file: &Path) -> Result<Map<String, Value>, PlanCommandError> {
    serde_json::from_str(&read(file)?)
        .map_err(|error| PlanCommandError::Variables { file: file.to_owned(), error })
}
