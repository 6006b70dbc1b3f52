//! `graphloom test`: checks plan fixtures, and rewrites them when asked to.
//!
//! **In:** pages, or folders of them. **Out:** which hold; where one does not, how the plan differs.
//!
//! **Never here:** the form of a page (`fixture`), planning (`query_planner`), results of plans.
//!
//! **Holds:** a page is written only by `--update`, and then only its `plan`, `error` and `cost` blocks change.
//!
//! **Read first:** [`check_page`].

mod cost;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use composition::{SubgraphSource, compose};
use serde_json::{Map, Value};
use supergraph::Supergraph;
use thiserror::Error;

use super::caller::Caller;
use super::fixture::{Fixture, FixtureError, Role};
use super::line_diff::line_diff;
use super::planning::{self, Asked};
use crate::config::{Limits, PlanningSettings, Settings};
use crate::graph;

pub use cost::rates_of;

/// What to do with a page whose plan has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnChange {
    /// Report it.
    Fail,
    /// Write the new plan into the page.
    Rewrite,
}

/// What became of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It was rewritten.
    Rewritten,
}

/// Why a page does not hold.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckError {
    /// It cannot be read.
    #[error(transparent)]
    Fixture(#[from] FixtureError),
    /// What it refers to is not there or not valid.
    #[error("{}:{line}: {message}", path.display())]
    Input {
        /// The page.
        path: PathBuf,
        /// The line of the block.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The plan differs.
    #[error("{}:{line}: {message}\n\n{diff}", path.display())]
    Changed {
        /// The page.
        path: PathBuf,
        /// The line of the block.
        line: usize,
        /// In which way.
        message: &'static str,
        /// Line by line, `-` expected and `+` found.
        diff: String,
    },
    /// It cannot be rewritten.
    #[error("{}: cannot write the page: {error}", path.display())]
    Unwritable {
        /// The page.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
}

/// A page is not a request of a stranger, so only what protects the process bounds it.
const LIMITS: Limits = Limits::of_nobody(1_000_000);

/// Checks one page.
///
/// # Errors
/// When the page cannot be read, or its plan is another, or the page should be rewritten and cannot be.
pub fn check_page(path: &Path, on_change: OnChange) -> Result<Verdict, CheckError> {
    let fixture = Fixture::read(path)?;
    let composed = supergraph_of(&fixture)?;
    let (role, actual) = match &composed {
        Composed::Supergraph(supergraph) => plan(&fixture, supergraph)?,
        Composed::Refused(failure) => (Role::Error, failure.clone()),
    };
    let verdict = check_block(&fixture, &role, &actual, on_change)?;
    match composed {
        Composed::Supergraph(supergraph) if fixture.block(&Role::Cost).is_some() => {
            let cost = cost::cost_of(&fixture, &supergraph)?;
            let fixture = Fixture::read(path)?;
            let of_cost = check_block(&fixture, &Role::Cost, &cost, on_change)?;
            Ok(if of_cost == Verdict::Holds { verdict } else { of_cost })
        }
        _ => Ok(verdict),
    }
}

/// Compares a block with what it should be, or writes it.
fn check_block(
    fixture: &Fixture,
    role: &Role,
    actual: &str,
    on_change: OnChange,
) -> Result<Verdict, CheckError> {
    let path = fixture.path.as_path();
    let other = match role {
        Role::Plan => Some(Role::Error),
        Role::Error => Some(Role::Plan),
        _ => None,
    };
    let other = other.filter(|other| fixture.block(other).is_some());
    let expected = fixture.body(role).map(str::trim_end);
    if expected == Some(actual.trim_end()) && other.is_none() {
        return Ok(Verdict::Holds);
    }
    if on_change == OnChange::Rewrite {
        let page = match &other {
            Some(other) => Fixture::parse(path, fixture.without(other))?.with_body(role, actual),
            None => fixture.with_body(role, actual),
        };
        return match std::fs::write(path, page) {
            Ok(()) => Ok(Verdict::Rewritten),
            Err(error) => Err(CheckError::Unwritable { path: path.to_owned(), error }),
        };
    }
    let block = fixture.block(role).or(other.as_ref().and_then(|other| fixture.block(other)));
    let message = match (role, block.map(|block| &block.role)) {
        (Role::Cost, _) => "the cost is another",
        (Role::Plan, Some(Role::Plan)) => "the plan is another",
        (Role::Plan, _) => "there is a plan",
        (_, Some(Role::Error)) => "the error is another",
        (_, _) => "there is no plan",
    };
    let expected = block.and_then(|block| fixture.body(&block.role)).unwrap_or_default();
    Err(CheckError::Changed {
        path: path.to_owned(),
        line: block.map_or(1, |block| block.line),
        message,
        diff: line_diff(expected.trim_end(), actual.trim_end()),
    })
}

/// The pages below these paths, sorted.
///
/// # Errors
/// When a path is not there.
pub fn pages_below(paths: &[PathBuf]) -> std::io::Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    for path in paths {
        if path.is_dir() {
            let entries = std::fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
            let inner: Vec<PathBuf> = entries
                .into_iter()
                .map(|entry| entry.path())
                .filter(|path| path.is_dir() || path.extension().is_some_and(|ext| ext == "md"))
                .collect();
            pages.extend(pages_below(&inner)?);
        } else {
            std::fs::metadata(path)?;
            pages.push(path.clone());
        }
    }
    pages.sort();
    pages.dedup();
    Ok(pages)
}

/// What the schemas of a page come to.
#[derive(Debug)]
pub enum Composed {
    /// A supergraph.
    Supergraph(Arc<Supergraph>),
    /// The subgraphs do not compose, for these reasons.
    Refused(String),
}

/// Composes the subgraphs of a page, or reads the supergraph that it names.
///
/// # Errors
/// When a file is not there, or is no supergraph or configuration.
pub fn supergraph_of(fixture: &Fixture) -> Result<Composed, CheckError> {
    let folder = fixture.path.parent().unwrap_or(Path::new(""));
    let found = |role: Role| fixture.block(&role).zip(fixture.body(&role));
    let (line, sdl) = if let Some((block, body)) = found(Role::Supergraph) {
        (block.line, body.to_owned())
    } else if let Some((block, body)) = found(Role::SupergraphFile) {
        let file = folder.join(body.trim());
        let sdl = std::fs::read_to_string(&file).map_err(|error| {
            input(fixture, block.line, format!("cannot read `{}`: {error}", file.display()))
        })?;
        (block.line, sdl)
    } else if let Some((block, body)) = found(Role::Configuration) {
        let settings = Settings::load(&folder.join(body.trim()))
            .map_err(|errors| input(fixture, block.line, errors.to_string()))?;
        match graph::load(&settings.supergraph) {
            Ok(loaded) => return Ok(Composed::Supergraph(loaded.supergraph)),
            Err(problem) => return Ok(Composed::Refused(reasons(&problem))),
        }
    } else {
        return Ok(match compose(&sources(fixture)) {
            Ok(composed) => Composed::Supergraph(composed.supergraph),
            Err(failure) => Composed::Refused(failure.to_string()),
        });
    };
    match composition::load(&sdl) {
        Ok((supergraph, _)) => Ok(Composed::Supergraph(Arc::new(supergraph))),
        Err(error) => Err(input(fixture, line, error.to_string())),
    }
}

fn reasons(problem: &graph::Problem) -> String {
    let errors = problem.errors.iter().map(|error| error.message.as_str());
    errors.collect::<Vec<_>>().join("\n")
}

/// The subgraphs of a page. Empty lines stand for the page above each, so that errors name its lines.
fn sources(fixture: &Fixture) -> Vec<SubgraphSource> {
    let file_name = fixture.path.file_name().map(|name| name.to_string_lossy().into_owned());
    fixture
        .subgraphs()
        .map(|(name, line, sdl)| SubgraphSource {
            name: name.to_owned(),
            url: None,
            sdl: format!("{}{sdl}", "\n".repeat(line)),
            file: file_name.clone(),
        })
        .collect()
}

/// The plan of a page, or why there is none.
fn plan(fixture: &Fixture, supergraph: &Arc<Supergraph>) -> Result<(Role, String), CheckError> {
    let (labels, caller) = (labels_of(fixture, supergraph)?, caller_of(fixture)?);
    let asked = asked(fixture, variables_of(fixture)?, &labels, caller.as_ref());
    Ok(match planning::plan_operation(supergraph, asked) {
        Ok(plan) => (Role::Plan, plan.to_text(supergraph)),
        Err(error) => (Role::Error, planning::explain(&error)),
    })
}

fn asked<'a>(
    fixture: &'a Fixture,
    variables: Map<String, Value>,
    labels: &'a [String],
    caller: Option<&'a Caller>,
) -> Asked<'a> {
    Asked {
        document: fixture.body(&Role::Operation).unwrap_or_default(),
        variables,
        labels,
        caller,
        limits: LIMITS,
        planning: PlanningSettings::default(),
    }
}

/// The variable values of a page; none if it has no block of them.
///
/// # Errors
/// When the block is no JSON object.
pub fn variables_of(fixture: &Fixture) -> Result<Map<String, Value>, CheckError> {
    let Some(body) = fixture.body(&Role::Variables) else { return Ok(Map::new()) };
    serde_json::from_str(body).map_err(|error| {
        let line = fixture.block(&Role::Variables).map_or(0, |block| block.line) + error.line();
        input(fixture, line, format!("the variables are no JSON object: {error}"))
    })
}

/// Who asks; nobody in particular if the page does not say.
///
/// # Errors
/// When the block does not say who.
pub fn caller_of(fixture: &Fixture) -> Result<Option<Caller>, CheckError> {
    let Some(body) = fixture.body(&Role::Caller) else { return Ok(None) };
    Caller::parse(body).map(Some).map_err(|error| {
        let line = fixture.block(&Role::Caller).map_or(0, |block| block.line) + error.line();
        let form = r#"`{ "scopes": [], "policies": [] }` or `{ "anonymous": true }`"#;
        input(fixture, line, format!("the caller is not one; write {form}: {error}"))
    })
}

/// The labels of overrides that are on; none if the page has no block of them.
///
/// # Errors
/// When no override has a label of the block.
pub fn labels_of(fixture: &Fixture, supergraph: &Supergraph) -> Result<Vec<String>, CheckError> {
    let Some(block) = fixture.block(&Role::OverrideLabels) else { return Ok(Vec::new()) };
    let mut labels = Vec::new();
    for (i, line) in fixture.body(&block.role).unwrap_or_default().lines().enumerate() {
        let label = line.trim();
        if supergraph.labels().iter().any(|known| known == label) {
            labels.push(label.to_owned());
        } else if !label.is_empty() {
            let message = format!("no `@override` has the label `{label}`");
            return Err(input(fixture, block.line + i + 1, message));
        }
    }
    Ok(labels)
}

fn input(fixture: &Fixture, line: usize, message: String) -> CheckError {
    CheckError::Input { path: fixture.path.clone(), line, message }
}
