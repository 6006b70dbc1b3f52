//! `graphloom compose`: the supergraph of a configuration, or every reason why there is none.
//!
//! **In:** a configuration file. **Out:** supergraph SDL, or the API schema, and hints beside it; or one
//! JSON object for machines: `{"ok": true, "supergraph", "hints"}` or `{"ok": false, "errors", "hints"}`.
//!
//! **Never here:** composition (`graph::load`, which the gateway uses too).
//!
//! **Holds:** the exit code is the same in both forms. With JSON nothing else is on standard output.
//!
//! **Read first:** [`compose`].

use std::path::Path;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::{Exit, terminal};
use crate::config::Settings;
use crate::graph::{self, Problem, ProblemError};

/// The forms of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ComposeFormat {
    /// For people: SDL on standard output, hints and errors on standard error.
    Text,
    /// For tools: one object on standard output.
    Json,
}

pub(super) fn compose(
    configuration: &Path,
    output: Option<&Path>,
    api: bool,
    format: ComposeFormat,
) -> Exit {
    let settings = match Settings::load(configuration) {
        Ok(settings) => settings,
        Err(errors) if format == ComposeFormat::Json => {
            return refused(&Problem::of_configuration(&errors), Exit::Configuration);
        }
        Err(errors) => return terminal::config_errors(&errors),
    };
    let composed = graph::load(&settings.supergraph).and_then(|loaded| {
        graph::check(&settings, &loaded.supergraph)?;
        let sdl = match api {
            true => graph::api_sdl(&loaded.supergraph),
            false => loaded.sdl,
        };
        Ok((sdl, loaded.hints))
    });
    let (sdl, hints) = match composed {
        Ok(composed) => composed,
        Err(problem) if format == ComposeFormat::Json => return refused(&problem, Exit::Graph),
        Err(problem) => return terminal::problem(&problem),
    };
    let text = match format {
        ComposeFormat::Text => {
            hints.iter().for_each(|hint| terminal::complain(&hint.to_string()));
            sdl
        }
        ComposeFormat::Json => {
            let hints: Vec<ProblemError> = hints.iter().map(ProblemError::of_hint).collect();
            let key = if api { "api" } else { "supergraph" };
            format!("{}\n", json!({ "ok": true, key: sdl, "hints": findings(&hints) }))
        }
    };
    let Some(file) = output else { return terminal::print(&text) };
    match std::fs::write(file, &text) {
        Ok(()) => {
            terminal::say(&format!("wrote {}", file.display()));
            Exit::Done
        }
        Err(error) => terminal::failure(&format!("cannot write `{}`: {error}", file.display())),
    }
}

/// Prints why there is no supergraph, for machines.
fn refused(problem: &Problem, exit: Exit) -> Exit {
    let errors = findings(&problem.errors);
    let hints = findings(&problem.hints);
    let text = format!("{}\n", json!({ "ok": false, "errors": errors, "hints": hints }));
    match terminal::print(&text) {
        Exit::Done => exit,
        failed => failed,
    }
}

fn findings(findings: &[ProblemError]) -> Vec<Value> {
    let one = |finding: &ProblemError| {
        let locations = match (&finding.locations[..], &finding.file) {
            // A file that is no schema of a subgraph: the configuration, or one that is missing.
            ([], Some(file)) => {
                json!([{ "file": file, "line": finding.line, "column": finding.column }])
            }
            (locations, _) => json!(locations),
        };
        json!({
            "code": finding.code,
            "message": finding.message,
            "subgraphs": finding.subgraphs,
            "coordinate": finding.coordinate,
            "locations": locations,
            "fix": finding.fix,
        })
    };
    findings.iter().map(one).collect()
}
