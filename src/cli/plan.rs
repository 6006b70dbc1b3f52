//! `graphloom plan`: shows what the gateway would fetch for an operation.
//!
//! **In:** a configuration, an operation file, variables, labels, a format. **Out:** the plan as text, as JSON
//! or in the nested sequence form, with warnings; on demand why it is as it is, or what a run comes to (`run`).
//!
//! **Never here:** printing plans (`query_planner`), planning (`planning`).
//!
//! **Read first:** [`plan`].

pub(super) mod run;
mod told;

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use query_planner::{Explanation, QueryPlan};
use serde_json::{Map, Value};
use supergraph::Supergraph;
use thiserror::Error;

use super::caller::Caller;
use super::planning::{self, Asked};
use crate::config::{ConfigErrors, Settings};
use crate::graph::{self, Problem};

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
    #[error("cannot read `{}`: {error}", file.display())]
    File { file: PathBuf, error: std::io::Error },
    #[error("{words}: the variables are no JSON object: {error}")]
    Variables { words: String, error: serde_json::Error },
    #[error("no `@override` has the label `{0}`")]
    UnknownLabel(String),
    #[error("{}: {reason}", file.display())]
    Operation { file: PathBuf, reason: String },
}

/// What is shown, and how.
#[derive(Debug, clap::Args)]
pub(super) struct PlanArguments {
    /// The file with the operation.
    #[arg(value_name = "OPERATION.graphql")]
    operation: PathBuf,
    /// Values of variables: a file with a JSON object, or the object itself; those of `@skip` and `@include`
    /// change the plan.
    #[arg(long, value_name = "FILE|JSON")]
    variables: Option<String>,
    /// A label of progressive overrides that is on; others are off. May be repeated.
    #[arg(long = "label", value_name = "LABEL")]
    labels: Vec<String>,
    /// Plans for a caller whom nobody knows. Without this, `--scopes` and `--policies`, for one who may see all.
    #[arg(long, conflicts_with_all = ["scopes", "policies"])]
    anonymous: bool,
    /// Plans for a caller with these scopes, separated by spaces.
    #[arg(long, value_name = "SCOPES")]
    scopes: Option<String>,
    /// Plans for a caller for whom these policies hold, separated by spaces.
    #[arg(long, value_name = "POLICIES")]
    policies: Option<String>,
    /// Also says for each field who could have answered it, what that would have cost, and why the plan
    /// asks whom it asks.
    #[arg(long)]
    why: bool,
    /// Also runs the operation, once, with the upstreams of the configuration: says what each request came to,
    /// and prints the response. A mutation does what it does.
    #[arg(long, conflicts_with_all = ["labels", "anonymous", "scopes", "policies", "why"])]
    pub(super) run: bool,
    /// Whose operation is run: a token, an API key, or `anonymous`, which is the default. `@FILE` and `${VAR}`
    /// keep it out of the shell's history.
    #[arg(long = "as", value_name = "CREDENTIAL", requires = "run")]
    r#as: Option<String>,
    /// The operation that is run, if the document has several.
    #[arg(long = "operation", value_name = "NAME", requires = "run")]
    operation_name: Option<String>,
    /// A header of the request that is run. May be repeated.
    #[arg(long = "header", value_name = "NAME: VALUE", requires = "run")]
    headers: Vec<String>,
    /// The form of the plan.
    #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
    format: PlanFormat,
}

impl PlanArguments {
    fn caller(&self) -> Option<Caller> {
        let words = |text: &Option<String>| -> Vec<String> {
            let words = text.iter().flat_map(|text| text.split_whitespace());
            words.map(str::to_owned).collect()
        };
        if self.anonymous {
            return Some(Caller::anonymous());
        }
        let is_known = self.scopes.is_some() || self.policies.is_some();
        is_known.then(|| Caller::known(words(&self.scopes), words(&self.policies)))
    }
}

/// The plan of the operation in a file.
pub(super) fn plan(
    configuration: &Path,
    arguments: &PlanArguments,
) -> Result<String, PlanCommandError> {
    let settings = Settings::load(configuration).map_err(PlanCommandError::Config)?;
    let loaded = graph::load(&settings.supergraph).map_err(PlanCommandError::Graph)?;
    let supergraph = loaded.supergraph;
    if let Some(label) = arguments.labels.iter().find(|label| !supergraph.labels().contains(label))
    {
        return Err(PlanCommandError::UnknownLabel(label.clone()));
    }
    let document = read(&arguments.operation)?;
    let caller = arguments.caller();
    let asked = Asked {
        document: &document,
        variables: arguments.variables.as_deref().map_or_else(|| Ok(Map::new()), read_variables)?,
        labels: &arguments.labels,
        caller: caller.as_ref(),
        limits: settings.graphql_limits,
        planning: settings.graphql.planning,
    };
    let planned = match arguments.why {
        true => planning::explain_operation(&supergraph, asked)
            .map(|explained| (explained.plan.clone(), Some(explained))),
        false => planning::plan_operation(&supergraph, asked).map(|plan| (plan, None)),
    };
    let (plan, explained) = planned.map_err(|error| PlanCommandError::Operation {
        file: arguments.operation.clone(),
        reason: planning::explain(&error),
    })?;
    Ok(print(&plan, explained.as_ref(), &supergraph, arguments.format))
}

fn print(
    plan: &QueryPlan,
    explained: Option<&Explanation>,
    supergraph: &Supergraph,
    format: PlanFormat,
) -> String {
    let mut text = match format {
        PlanFormat::Json => {
            let mut value = plan.to_json(supergraph);
            if let Some(explained) = explained {
                value["why"] = explained.to_json(supergraph);
            }
            return format!("{value:#}\n");
        }
        PlanFormat::Text => plan.to_text(supergraph),
        PlanFormat::Sequence => plan.to_sequence(supergraph),
    };
    let warnings = plan.warnings(supergraph);
    if !warnings.is_empty() {
        text.push('\n');
    }
    for warning in warnings {
        text.push_str(&format!("warning: {}\n", warning.to_text(plan, supergraph)));
    }
    if let Some(explained) = explained {
        text.push_str(&format!("\nwhy\n\n{}", explained.to_text(supergraph)));
    }
    text
}

fn read(file: &Path) -> Result<String, PlanCommandError> {
    std::fs::read_to_string(file)
        .map_err(|error| PlanCommandError::File { file: file.to_owned(), error })
}

fn read_variables(words: &str) -> Result<Map<String, Value>, PlanCommandError> {
    let text = match words.trim_start().starts_with('{') {
        true => words.to_owned(),
        false => read(Path::new(words))?,
    };
    serde_json::from_str(&text)
        .map_err(|error| PlanCommandError::Variables { words: words.to_owned(), error })
}
