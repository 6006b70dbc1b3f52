//! What is wrong with a graph that could not be loaded.
//!
//! **In:** failures of files, configuration, composition and supergraph. **Out:** one shape for all of them: for the log,
//! the query page, `/ready` and the terminal.
//!
//! **Never here:** the rules that were broken.
//!
//! **Read first:** [`Problem`].

use std::path::Path;

use composition::Location;
use serde::Serialize;
use thiserror::Error;

use crate::config::{ConfigError, ConfigErrors};

/// Why there is no new graph.
#[derive(Debug, Clone, Serialize, Error)]
#[error("{summary}")]
pub struct Problem {
    /// One sentence.
    pub summary: String,
    /// Everything that was found, the most telling first.
    pub errors: Vec<ProblemError>,
    /// What is legal but suspicious, noticed on the way.
    pub hints: Vec<ProblemError>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProblemError {
    /// A stable code.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// The file.
    pub file: Option<String>,
    /// The line, counted from 1.
    pub line: Option<usize>,
    /// The column, counted from 1.
    pub column: Option<usize>,
    /// The line itself.
    pub source_line: Option<String>,
    /// What to do.
    pub fix: Option<String>,
    /// The subgraphs concerned, by name.
    pub subgraphs: Vec<String>,
    /// The schema coordinate concerned.
    pub coordinate: Option<String>,
    /// Every place concerned; the first is also told by `file`, `line` and `column`.
    pub locations: Vec<ProblemLocation>,
}

/// A place in a subgraph's schema.
#[derive(Debug, Clone, Serialize)]
pub struct ProblemLocation {
    /// The subgraph.
    pub subgraph: String,
    /// Its schema file.
    pub file: Option<String>,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1.
    pub column: usize,
}

const INVALID_CONFIGURATION: &str = "INVALID_CONFIGURATION";

impl Problem {
    /// Of one error.
    pub(super) fn one(summary: impl Into<String>, error: ProblemError) -> Self {
        Self { summary: summary.into(), errors: vec![error], hints: Vec::new() }
    }

    pub(super) fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        let message = format!("cannot read `{}`: {error}", file.display());
        let error = ProblemError {
            code: "FILE_NOT_READABLE".to_owned(),
            message: message.clone(),
            file: Some(file.display().to_string()),
            fix: Some("create the file, or correct its path in the configuration".to_owned()),
            ..ProblemError::default()
        };
        Self::one(message, error)
    }

    /// Of a configuration file that is wrong.
    pub fn of_configuration(errors: &ConfigErrors) -> Self {
        let of_error = |error: &ConfigError| ProblemError {
            code: INVALID_CONFIGURATION.to_owned(),
            message: match error.key.as_str() {
                "" => error.message.clone(),
                key => format!("`{key}`: {}", error.message),
            },
            file: Some(error.file.display().to_string()),
            line: Some(error.position.line as usize),
            column: Some(error.position.column as usize),
            source_line: Some(error.source_line.clone()),
            fix: Some(error.fix.clone()),
            ..ProblemError::default()
        };
        let first = errors.errors.first().map(ToString::to_string).unwrap_or_default();
        let summary = format!("the configuration is wrong: {first}");
        let errors = errors.errors.iter().map(of_error).collect();
        Self { summary, errors, hints: Vec::new() }
    }

    pub(super) fn of_composition(failure: &composition::CompositionFailure) -> Self {
        let errors: Vec<ProblemError> = failure.errors.iter().map(of_composition_error).collect();
        let hints = failure.hints.iter().map(ProblemError::of_hint).collect();
        let summary = match errors.len() {
            1 => "the subgraphs do not compose: 1 error".to_owned(),
            n => format!("the subgraphs do not compose: {n} errors"),
        };
        Self { summary, errors, hints }
    }

    pub(super) fn of_supergraph(file: &Path, error: &composition::LoadError) -> Self {
        let summary = "the supergraph cannot be loaded";
        let error = ProblemError {
            code: "INVALID_SUPERGRAPH".to_owned(),
            message: error.to_string(),
            file: Some(file.display().to_string()),
            fix: Some(
                "compose it again, with `graphloom compose` or the tool it came from".to_owned(),
            ),
            ..ProblemError::default()
        };
        Self::one(summary, error)
    }

    pub(super) fn bug(panic: &tokio::task::JoinError) -> Self {
        let error = ProblemError {
            code: "INTERNAL_SERVER_ERROR".to_owned(),
            message: panic.to_string(),
            ..ProblemError::default()
        };
        Self::one("the gateway failed while it loaded the graph", error)
    }

    /// Tells the operator all errors.
    pub(super) fn tell(&self) {
        for ProblemError { code, message, file, fix, line, column, .. } in &self.errors {
            let place = match (file, line, column) {
                (Some(file), Some(line), Some(column)) => Some(format!("{file}:{line}:{column}")),
                _ => file.clone(),
            };
            let what = if code == INVALID_CONFIGURATION { "configuration" } else { "graph" };
            tracing::error!(
                code,
                error = message,
                file = place,
                fix,
                "{what} refused; the old one stays in force"
            );
        }
    }
}

impl ProblemError {
    /// A hint in the shape of an error.
    pub fn of_hint(hint: &composition::Hint) -> Self {
        let described = (&hint.subgraphs[..], &hint.coordinate, &hint.locations[..]);
        Self::described(hint.code.as_str(), &hint.message, None, described)
    }

    fn described(
        code: &str,
        message: &str,
        fix: Option<&String>,
        (subgraphs, coordinate, locations): (&[String], &Option<String>, &[Location]),
    ) -> Self {
        let location = locations.first();
        Self {
            code: code.to_owned(),
            message: message.to_owned(),
            file: location.map(|at| at.file.clone().unwrap_or_else(|| at.subgraph.clone())),
            line: location.map(|at| at.line),
            column: location.map(|at| at.column),
            source_line: location.map(|at| at.source_line.clone()),
            fix: fix.cloned(),
            subgraphs: subgraphs.to_vec(),
            coordinate: coordinate.clone(),
            locations: locations
                .iter()
                .map(|at| ProblemLocation {
                    subgraph: at.subgraph.clone(),
                    file: at.file.clone(),
                    line: at.line,
                    column: at.column,
                })
                .collect(),
        }
    }
}

fn of_composition_error(error: &composition::CompositionError) -> ProblemError {
    let described = (&error.subgraphs[..], &error.coordinate, &error.locations[..]);
    ProblemError::described(error.code.as_str(), &error.message, error.fix.as_ref(), described)
}
