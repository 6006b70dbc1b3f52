//! The response's errors: collects them within a bound and writes them.
//!
//! **In:** errors of fetches and of completion, in that order. **Out:** the `errors` list.
//!
//! **Never here:** masking (`problem`), or whether a null needs an error (`complete`).
//!
//! **Read first:** [`Errors`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Errors>

use crate::{
    LoggedError,
    json::{Json, quoted},
    path::{Path, Segment, write_path},
};

/// One error of the response.
pub(crate) struct ExecutionError<'a> {
    pub(crate) message: String,
    pub(crate) code: String,
    pub(crate) service: Option<&'a str>,
    pub(crate) extensions: Vec<(String, Json)>,
    pub(crate) path: Option<Path<'a>>,
}

/// The errors of one response.
pub(crate) struct Errors<'a> {
    shown: Vec<ExecutionError<'a>>,
    max_errors: usize,
    beyond: usize,
    log: Vec<LoggedError>,
}

impl<'a> Errors<'a> {
    pub(crate) fn new(max_errors: usize) -> Self {
        Self { shown: Vec::new(), max_errors, beyond: 0, log: Vec::new() }
    }

    /// How many errors there may be.
    pub(crate) fn max(&self) -> usize {
        self.max_errors
    }

    pub(crate) fn push(&mut self, error: ExecutionError<'a>) {
        if self.shown.len() < self.max_errors {
            self.shown.push(error);
        } else {
            self.beyond += 1;
        }
    }

    /// Adds an error of the gateway's own, also to the log.
    pub(crate) fn push_own(&mut self, code: &str, message: String, path: Option<Path<'a>>) {
        self.log(LoggedError {
            fetch: None,
            subgraph: None,
            is_quoted: false,
            code: code.to_owned(),
            message: message.clone(),
            path: path.as_deref().map(path_text),
            places: 1,
        });
        let code = code.to_owned();
        self.push(ExecutionError { message, code, service: None, extensions: Vec::new(), path });
    }

    pub(crate) fn log(&mut self, error: LoggedError) {
        if self.log.len() < self.max_errors {
            self.log.push(error);
        }
    }

    /// How many errors the response shows.
    pub(crate) fn len(&self) -> usize {
        self.shown.len() + usize::from(self.beyond > 0)
    }

    pub(crate) fn into_log(self) -> Vec<LoggedError> {
        self.log
    }

    /// The list, which must not be empty.
    pub(crate) fn write(&self, out: &mut String) {
        out.push('[');
        for (i, error) in self.shown.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            write_error(error, out);
        }
        if self.beyond > 0 {
            out.push_str(if self.shown.is_empty() { "" } else { "," });
            let message = format!("{} more errors are not shown", self.beyond);
            let code = "TOO_MANY_ERRORS".to_owned();
            let extensions = Vec::new();
            write_error(
                &ExecutionError { message, code, service: None, extensions, path: None },
                out,
            );
        }
        out.push(']');
    }
}

fn write_error(error: &ExecutionError<'_>, out: &mut String) {
    out.push_str("{\"message\":");
    out.push_str(&quoted(&error.message));
    if let Some(path) = &error.path {
        out.push_str(",\"path\":");
        write_path(path, out);
    }
    out.push_str(",\"extensions\":{\"code\":");
    out.push_str(&quoted(&error.code));
    if let Some(service) = error.service {
        out.push_str(",\"service\":");
        out.push_str(&quoted(service));
    }
    for (key, value) in &error.extensions {
        out.push(',');
        out.push_str(&quoted(key));
        out.push(':');
        out.push_str(value.text());
    }
    out.push_str("}}");
}

/// A path as a JSON list.
pub(crate) fn path_text(path: &[Segment<'_>]) -> String {
    let mut text = String::new();
    write_path(path, &mut text);
    text
}
