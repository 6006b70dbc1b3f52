//! `graphloom explain`: says what would become of a request, for a caller, and sends nothing.
//!
//! **In:** a configuration, an operation or `GET /path`, whose it is. **Out:** the explanation as text or JSON.
//!
//! **Never here:** explaining (`pipeline::explain`), the words of the text (`text`).
//!
//! **Holds:** no credential in what is printed. Nothing listens, and no upstream is asked; an issuer may be
//! asked for its keys.
//!
//! **Read first:** [`explain`].

mod text;

use std::io::Read as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::planning;
use super::{Exit, serve, terminal};
use crate::config::{ConfigErrors, LogFormat, Settings, interpolated};
use crate::gateway::{Gateway, StartError};
use crate::pipeline::explain::Explanation;
use crate::server::explain::{Asked, ExplainError};
use crate::telemetry::{Capture, Json, subscriber};

/// The forms of an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ExplainFormat {
    /// For people.
    Text,
    /// For tools.
    Json,
}

/// What is explained, and how.
#[derive(clap::Args)]
pub(super) struct ExplainArguments {
    /// A file with an operation, `-` for standard input, the operation itself; or a request to a route:
    /// `GET /orders/7`.
    #[arg(value_name = "OPERATION|\"GET /path\"")]
    request: String,
    /// Who asks: a token, an API key, or `anonymous`. `@FILE` and `${VAR}` keep it out of the shell's history.
    #[arg(long = "as", value_name = "CREDENTIAL", default_value = "anonymous")]
    caller: String,
    /// The operation that is meant, if the document has several.
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,
    /// Values of variables: a file with a JSON object, or the object itself.
    #[arg(long, value_name = "FILE|JSON")]
    variables: Option<String>,
    /// A header of the request. May be repeated.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The address that the request comes from.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    client_ip: IpAddr,
    /// The form of the explanation.
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    format: ExplainFormat,
}

/// Why there is no explanation, or no run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(super) enum ExplainCommandError {
    #[error("{0}")]
    Config(ConfigErrors),
    #[error("{0}")]
    Start(StartError),
    #[error("cannot read `{}`: {error}", file.display())]
    File { file: PathBuf, error: std::io::Error },
    #[error("the variables are no JSON object: {0}")]
    Variables(serde_json::Error),
    #[error("`{0}` is no header: write `name: value`")]
    Header(String),
    #[error("`--as`: {0}\n  fix: {1}")]
    Credential(String, String),
    #[error("{0}")]
    Explain(String),
}

/// What words come to.
pub(super) type Answer<T> = Result<T, ExplainCommandError>;

/// Explains what the arguments say.
pub(super) fn explain(configuration: &Path, arguments: &ExplainArguments) -> Exit {
    match explained(configuration, arguments) {
        Ok(explanation) => terminal::print(&match arguments.format {
            ExplainFormat::Json => format!("{:#}\n", json!(explanation)),
            ExplainFormat::Text => text::of(&explanation),
        }),
        Err(error) => failed(&error),
    }
}

/// Says why there is none.
pub(super) fn failed(error: &ExplainCommandError) -> Exit {
    match error {
        ExplainCommandError::Config(errors) => terminal::config_errors(errors),
        ExplainCommandError::Start(error) => terminal::start_error(error),
        error => terminal::failure(&error.to_string()),
    }
}

fn explained(configuration: &Path, arguments: &ExplainArguments) -> Answer<Explanation> {
    let asked = asked(arguments)?;
    let settings = Settings::load(configuration).map_err(ExplainCommandError::Config)?;
    // What cannot be decided is a line of the log for a request; here the explanation says it.
    let filter = "graphloom=error".parse().expect("the filter is one");
    let lines = subscriber(filter, |event| terminal::complain(&event.line(LogFormat::Text)));
    tracing::subscriber::with_default(lines, || {
        serve::with_runtime(async {
            // Nothing is served, so there are no lines of requests.
            let log = Arc::new(Json(Capture::default()));
            let rooms = Gateway::rooms(settings, log).await.map_err(ExplainCommandError::Start)?;
            let explained = crate::server::explain::explain(&rooms, asked).await;
            explained.map_err(|error| {
                ExplainCommandError::Explain(match &error {
                    ExplainError::Operation(error) => planning::explain(error),
                    error => error.to_string(),
                })
            })
        })
    })
}

fn asked(arguments: &ExplainArguments) -> Answer<Asked> {
    let mut asked = Asked {
        operation_name: arguments.operation.clone(),
        variables: arguments.variables.as_deref().map(variables).transpose()?,
        r#as: Some(credential(&arguments.caller)?),
        client_ip: Some(arguments.client_ip),
        headers: arguments.headers.iter().map(|text| header(text)).collect::<Answer<_>>()?,
        ..Asked::default()
    };
    match arguments.request.as_str() {
        "-" => asked.query = Some(read_input()?),
        request if is_request(request) => asked.request = Some(request.to_owned()),
        // No file is called by a selection set.
        document if document.contains('{') => asked.query = Some(document.to_owned()),
        file => asked.query = Some(read(Path::new(file))?),
    }
    Ok(asked)
}

/// Whether a text is a method and a path.
fn is_request(text: &str) -> bool {
    text.split_once(' ').is_some_and(|(method, path)| {
        path.trim_start().starts_with('/') && method.bytes().all(|byte| byte.is_ascii_uppercase())
    })
}

/// The text of a credential: of a file, of the environment, or as it stands there.
pub(super) fn credential(text: &str) -> Answer<String> {
    match text.strip_prefix('@') {
        Some(file) => Ok(read(Path::new(file))?.trim().to_owned()),
        None => interpolated(text)
            .map_err(|(message, fix)| ExplainCommandError::Credential(message, fix)),
    }
}

/// A JSON object, as it stands there or in a file.
pub(super) fn variables(text: &str) -> Answer<Map<String, Value>> {
    let text = match text.trim_start().starts_with('{') {
        true => text.to_owned(),
        false => read(Path::new(text))?,
    };
    serde_json::from_str(&text).map_err(ExplainCommandError::Variables)
}

/// `name: value`; a credential may be the value.
pub(super) fn header(text: &str) -> Answer<(String, Value)> {
    let wrong = || ExplainCommandError::Header(text.to_owned());
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    let value = credential(value.trim())?;
    Ok((name.trim().to_owned(), value.into()))
}

/// The text of a file.
pub(super) fn read(file: &Path) -> Answer<String> {
    std::fs::read_to_string(file)
        .map_err(|error| ExplainCommandError::File { file: file.to_owned(), error })
}

fn read_input() -> Answer<String> {
    let mut text = String::new();
    let read = std::io::stdin().lock().read_to_string(&mut text);
    read.map_err(|error| ExplainCommandError::File { file: PathBuf::from("-"), error })?;
    Ok(text)
}
