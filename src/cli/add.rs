//! `graphloom add`: asks a running subgraph for its schema and puts it into the configuration.
//!
//! **In:** a name, the URL of a subgraph, the configuration file. **Out:** a schema file, one more entry
//! in the configuration, and what composition says of the whole.
//!
//! **Never here:** editing YAML (`yaml_insert`), composition rules; upstream traffic (`upstream`): this is one call.
//!
//! **Holds:** nothing is written before everything that can be checked is right; no file is overwritten.
//! If the subgraphs do not compose the files stay, because mending them is the next step.
//!
//! **Read first:** [`add`].

use std::error::Error as _;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE};
use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::Value;
use thiserror::Error;
use url::Url;

use super::yaml_insert::{Entry, InsertError, insert_subgraph, new_configuration};
use crate::config::{ConfigErrors, Settings, SupergraphSettings, language_server_line};
use crate::graph::{self, Loaded, Problem};

/// What was written, and what composition noticed.
#[derive(Debug)]
pub(super) struct Added {
    pub(super) schema: PathBuf,
    pub(super) is_new_configuration: bool,
    pub(super) loaded: Loaded,
}

/// Why a subgraph was not added, or does not compose with the others.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(super) enum AddError {
    #[error("`{0}` is no name for a subgraph; use letters, digits, `-` and `_`, a letter first")]
    Name(String),
    #[error("`{0}` is not the URL of a subgraph; write it as in `http://localhost:4001/graphql`")]
    Url(String),
    #[error("cannot ask `{url}`: {reason}; is the subgraph running?")]
    Unreachable { url: String, reason: String },
    #[error(
        "`{url}` does not tell its schema: {reason}; a subgraph answers `{{ _service {{ sdl }} }}`, \
         or write the schema into the file yourself"
    )]
    NoSchema { url: String, reason: String },
    #[error("`{}` is there already; remove it, or choose another name", .0.display())]
    SchemaExists(PathBuf),
    #[error("cannot edit `{}`: {error}", file.display())]
    Insert { file: PathBuf, error: InsertError },
    #[error("{0}")]
    Config(ConfigErrors),
    #[error("cannot read or write `{}`: {error}", file.display())]
    File { file: PathBuf, error: std::io::Error },
    #[error("the files are written, but {0}")]
    DoesNotCompose(Problem),
}

/// How long a subgraph may take to tell its schema.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How large a schema may be.
const MAX_SCHEMA: usize = 64_000_000;

/// Adds a subgraph.
pub(super) async fn add(configuration: &Path, name: &str, url: &str) -> Result<Added, AddError> {
    if !is_name(name) {
        return Err(AddError::Name(name.to_owned()));
    }
    let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let parsed = parsed.ok_or_else(|| AddError::Url(url.to_owned()))?;
    let old = read_if_there(configuration)?;
    let schema = schema_path(configuration, name);
    let entry = Entry { name, schema: &schema.as_written, url };
    let new = match &old {
        Some(text) => insert_subgraph(text, &entry)
            .map_err(|error| AddError::Insert { file: configuration.to_owned(), error })?,
        None => new_configuration(&language_server_line("graphloom.schema.json"), &entry),
    };
    if schema.file.exists() {
        return Err(AddError::SchemaExists(schema.file));
    }
    let sdl = fetch_sdl(&parsed).await?;
    let staged = Staged::write(configuration, &new)?;
    let settings = staged.read()?;
    write(&schema.file, &sdl)?;
    if old.is_none() {
        let file = configuration.with_file_name("graphloom.schema.json");
        write(&file, &crate::config::json_schema())?;
    }
    staged.put_in_place()?;
    let loaded = graph::load(&settings.supergraph).map_err(AddError::DoesNotCompose)?;
    Ok(Added { schema: schema.file, is_new_configuration: old.is_none(), loaded })
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

struct SchemaPath {
    /// Relative to the configuration.
    as_written: String,
    file: PathBuf,
}

/// Beside the schemas of the other subgraphs, else in `schemas/`.
fn schema_path(configuration: &Path, name: &str) -> SchemaPath {
    let folder = configuration.parent().unwrap_or(Path::new(""));
    let others = Settings::load(configuration).ok();
    let beside = others.and_then(|settings| match settings.supergraph {
        SupergraphSettings::Subgraphs(subgraphs) => {
            let first = subgraphs.values().next()?.schema.parent()?.to_owned();
            Some(first.strip_prefix(folder).ok()?.to_owned())
        }
        _ => None,
    });
    let relative =
        beside.unwrap_or_else(|| PathBuf::from("schemas")).join(format!("{name}.graphql"));
    let as_written = relative.to_string_lossy().replace('\\', "/");
    SchemaPath { as_written, file: folder.join(relative) }
}

/// A configuration beside the one it will replace: an edit that breaks the file is seen by nobody.
struct Staged<'a> {
    file: PathBuf,
    target: &'a Path,
}

impl<'a> Staged<'a> {
    fn write(target: &'a Path, text: &str) -> Result<Self, AddError> {
        let file = target.with_extension("yaml.new");
        write(&file, text)?;
        Ok(Self { file, target })
    }

    fn read(&self) -> Result<Settings, AddError> {
        let mut settings = Settings::load(&self.file).map_err(|mut errors| {
            for error in &mut errors.errors {
                error.file = self.target.to_owned();
            }
            AddError::Config(errors)
        })?;
        settings.file = self.target.to_owned();
        Ok(settings)
    }

    fn put_in_place(&self) -> Result<(), AddError> {
        std::fs::rename(&self.file, self.target)
            .map_err(|error| AddError::File { file: self.target.to_owned(), error })
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        // Gone already when it was put in place.
        let _ = std::fs::remove_file(&self.file);
    }
}

async fn fetch_sdl(url: &Url) -> Result<String, AddError> {
    let no_schema = |reason: String| AddError::NoSchema { url: url.to_string(), reason };
    let (status, body) =
        ask(url).await.map_err(|reason| AddError::Unreachable { url: url.to_string(), reason })?;
    let body = body.ok_or_else(|| no_schema(format!("it is larger than {MAX_SCHEMA} bytes")))?;
    let json: Value = serde_json::from_slice(&body)
        .map_err(|_| no_schema(format!("status {}, and no JSON", status.as_u16())))?;
    match json.pointer("/data/_service/sdl") {
        Some(Value::String(sdl)) => Ok(sdl.clone()),
        _ => {
            let message = json.pointer("/errors/0/message").and_then(Value::as_str);
            Err(no_schema(message.unwrap_or("the answer has no `sdl`").to_owned()))
        }
    }
}

/// Status and body of the answer, the body only if it is not too large; or why there is no answer.
async fn ask(url: &Url) -> Result<(StatusCode, Option<Vec<u8>>), String> {
    // What is asked is the address given: no proxy of the environment, no other place.
    let builder = Client::builder().timeout(TIMEOUT).no_proxy().redirect(Policy::none());
    let builder = match url.scheme() {
        // A system without certificates can ask in plain text all the same.
        "http" => builder.tls_certs_only([]),
        _ => builder,
    };
    let client = builder.build().map_err(|error| in_full(&error))?;
    let request = client
        .post(url.clone())
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json")
        .body(r#"{"query":"{ _service { sdl } }"}"#);
    let mut answer = request.send().await.map_err(|error| in_full(&error.without_url()))?;
    let mut body = Vec::new();
    while let Some(data) = answer.chunk().await.map_err(|error| in_full(&error.without_url()))? {
        if body.len() + data.len() > MAX_SCHEMA {
            return Ok((answer.status(), None));
        }
        body.extend_from_slice(&data);
    }
    Ok((answer.status(), Some(body)))
}

/// The error with all its causes: the first says only that the request failed.
fn in_full(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

fn read_if_there(file: &Path) -> Result<Option<String>, AddError> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(AddError::File { file: file.to_owned(), error }),
    }
}

fn write(file: &Path, text: &str) -> Result<(), AddError> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(file, text))
        .map_err(|error| AddError::File { file: file.to_owned(), error })
}
