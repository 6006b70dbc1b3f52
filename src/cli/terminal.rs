//! Speaks to a person: the only place that prints.
//!
//! **In:** texts, and everything that can be wrong. **Out:** standard output and standard error; the exit
//! code that fits what was said.
//!
//! **Never here:** deciding what to say; log lines (`telemetry`).
//!
//! **Holds:** what a command is asked for goes to standard output, complaints go to standard error. A
//! reader that hung up is no failure.
//!
//! **Read first:** [`config_errors`].

use std::fmt::Write as _;
use std::io::Write as _;

use super::Exit;
use crate::config::ConfigErrors;
use crate::gateway::StartError;
use crate::graph::{Problem, ProblemError};

/// Prints what a command was asked for, as it is.
pub(super) fn print(text: &str) -> Exit {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            failure(&format!("cannot write the output: {error}"))
        }
        _ => Exit::Done,
    }
}

/// Prints a line.
pub(super) fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// Prints a line of complaint.
pub(super) fn complain(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Says why a command failed.
pub(super) fn failure(message: &str) -> Exit {
    complain(&format!("error: {message}"));
    Exit::Failed
}

/// Says what is wrong in a configuration file.
pub(super) fn config_errors(errors: &ConfigErrors) -> Exit {
    for error in &errors.errors {
        let what = match error.key.as_str() {
            "" => error.message.clone(),
            key => format!("`{key}`: {}", error.message),
        };
        let place = Place {
            file: &error.file.display().to_string(),
            position: Some((error.position.line as usize, error.position.column as usize)),
            source_line: &error.source_line,
        };
        complain(&finding("", &what, Some(&place), Some(&error.fix)));
    }
    Exit::Configuration
}

/// Says why there is no graph.
pub(super) fn problem(problem: &Problem) -> Exit {
    for error in &problem.errors {
        complain(&problem_error(error));
    }
    if problem.errors.len() > 1 {
        complain(&format!("error: {}", problem.summary));
    }
    Exit::Graph
}

/// Says why the gateway cannot start.
pub(super) fn start_error(error: &StartError) -> Exit {
    match error {
        StartError::Graph(graph) => problem(graph),
        StartError::Workers { n_workers, source } => {
            complain(&format!("error: cannot start {n_workers} workers: {source}"));
            complain("  fix: allow this process more threads, or write fewer `workers`");
            Exit::Listen
        }
        StartError::Tls(error) => {
            complain(&format!("error: TLS cannot be served: {error}"));
            complain("  fix: put PEM files of a certificate and its own key there");
            Exit::Configuration
        }
        StartError::Identity { .. } | StartError::Limits { .. } => {
            complain(&format!("error: {error}"));
            complain(
                "  fix: let this process read and write the file and its folder, or correct `store`",
            );
            Exit::Configuration
        }
        StartError::Listen { address, source } => {
            complain(&format!("error: cannot listen on `{address}`: {source}"));
            complain("  fix: stop what listens there, or change `listen` or `admin.listen`");
            Exit::Listen
        }
    }
}

struct Place<'a> {
    file: &'a str,
    position: Option<(usize, usize)>,
    source_line: &'a str,
}

fn problem_error(error: &ProblemError) -> String {
    let place = error.file.as_deref().map(|file| Place {
        file,
        position: error.line.zip(error.column),
        source_line: error.source_line.as_deref().unwrap_or_default(),
    });
    finding(&error.code, &error.message, place.as_ref(), error.fix.as_deref())
}

/// One finding in the form of compilers: what, where, the line with a mark, how to mend it.
fn finding(code: &str, what: &str, place: Option<&Place<'_>>, fix: Option<&str>) -> String {
    let mut text = match code {
        "" => format!("error: {what}"),
        code => format!("error[{code}]: {what}"),
    };
    if let Some(place) = place {
        match place.position {
            Some((line, column)) => {
                let _ = write!(text, "\n  --> {}:{line}:{column}", place.file);
                if !place.source_line.is_empty() {
                    let number = line.to_string();
                    let margin = " ".repeat(number.len());
                    // Tabs stay tabs, so that the mark stands below its column.
                    let indent: String = place
                        .source_line
                        .chars()
                        .take(column.saturating_sub(1))
                        .map(|char| if char == '\t' { '\t' } else { ' ' })
                        .collect();
                    let _ = write!(text, "\n  {number} | {}", place.source_line);
                    let _ = write!(text, "\n  {margin} | {indent}^");
                }
            }
            None => {
                let _ = write!(text, "\n  --> {}", place.file);
            }
        }
    }
    if let Some(fix) = fix {
        let _ = write!(text, "\n  fix: {fix}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Place, finding};

    #[test]
    fn a_finding_shows_the_line_and_the_fix() {
        let place = Place { file: "a.yaml", position: Some((12, 3)), source_line: "  lisen: x" };
        assert_eq!(
            finding("", "unknown key `lisen`", Some(&place), Some("did you mean `listen`?")),
            "error: unknown key `lisen`\n  --> a.yaml:12:3\n  12 |   lisen: x\n     |   ^\n  \
             fix: did you mean `listen`?"
        );
    }
}
