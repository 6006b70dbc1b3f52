//! What is wrong with a graph that could not be loaded.
//!
//! **In:** failures of files, composition and supergraph. **Out:** one shape for all of them: for the log,
//! the query page, `/ready` and the terminal.
//!
//! **Never here:** the rules that were broken.
//!
//! **Read first:** [`Problem`].

use std::path::Path;

use serde::Serialize;
use thiserror::Error;

use crate::telemetry::{Event, Level, Sink};

/// Why there is no new graph.
#[derive(Debug, Clone, Serialize, Error)]
#[error("{summary}")]
pub struct Problem {
    /// One sentence.
    pub summary: String,
    /// Everything that was found, the most telling first.
    pub errors: Vec<ProblemError>,
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
}

impl Problem {
    /// Of one error.
    pub(super) fn one(summary: impl Into<String>, error: ProblemError) -> Self {
        Self { summary: summary.into(), errors: vec![error] }
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

    pub(super) fn of_composition(failure: &composition::CompositionFailure) -> Self {
        let errors: Vec<ProblemError> = failure.errors.iter().map(of_composition_error).collect();
        let summary = match errors.len() {
            1 => "the subgraphs do not compose: 1 error".to_owned(),
            n => format!("the subgraphs do not compose: {n} errors"),
        };
        Self { summary, errors }
    }

    pub(super) fn of_supergraph(file: Option<&Path>, error: &supergraph::SupergraphError) -> Self {
        let summary = "the supergraph cannot be loaded";
        let error = ProblemError {
            code: "INVALID_SUPERGRAPH".to_owned(),
            message: error.kind.to_string(),
            file: file.map(|file| file.display().to_string()),
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

    /// Writes all errors to the log.
    pub(super) fn tell(&self, log: &dyn Sink) {
        for error in &self.errors {
            let mut event = Event::new(Level::Error, "graph refused; the old one stays in force")
                .with("code", error.code.as_str())
                .with("error", error.message.as_str());
            if let Some(file) = &error.file {
                let place = match (error.line, error.column) {
                    (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
                    _ => file.clone(),
                };
                event = event.with("file", place);
            }
            if let Some(fix) = &error.fix {
                event = event.with("fix", fix.as_str());
            }
            log.event(&event);
        }
    }
}

fn of_composition_error(error: &composition::CompositionError) -> ProblemError {
    let location = error.locations.first();
    ProblemError {
        code: error.code.as_str().to_owned(),
        message: error.message.clone(),
        file: location.map(|at| at.file.clone().unwrap_or_else(|| at.subgraph.clone())),
        line: location.map(|at| at.line),
        column: location.map(|at| at.column),
        source_line: location.map(|at| at.source_line.clone()),
        fix: error.fix.clone(),
    }
}
