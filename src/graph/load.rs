//! Reads the files of a graph and makes one supergraph document of them.
//!
//! **In:** the `supergraph` section. **Out:** the document, the hints, and the texts it was made of; or a [`Problem`].
//!
//! **Never here:** watching, connecting.
//!
//! **Holds:** the same files give the same document.
//!
//! **Read first:** [`load`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use composition::{Composed, Connectors, Hint, SubgraphSource, compose};
use supergraph::Supergraph;

use super::problem::{Problem, ProblemError};
use crate::config::{Destination, SupergraphSettings};
use crate::folders::folder_of;

/// A supergraph document, and where it came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The document.
    pub sdl: String,
    /// The same as tables.
    pub supergraph: Arc<Supergraph>,
    /// Which of its subgraphs are REST sources, and what these are asked.
    pub connectors: Arc<Connectors>,
    /// What composition noticed; none for a ready file.
    pub hints: Vec<Hint>,
    /// The file, if it was ready.
    pub file: Option<PathBuf>,
    /// All texts that it was made of, by file.
    pub texts: Vec<(PathBuf, String)>,
}

/// Reads and composes.
///
/// # Errors
/// When a file cannot be read, or the subgraphs do not compose.
pub fn load(settings: &SupergraphSettings) -> Result<Loaded, Problem> {
    match settings {
        SupergraphSettings::File(file) => {
            let text = read(file)?;
            let (supergraph, connectors) =
                composition::load(&text).map_err(|error| Problem::of_supergraph(file, &error))?;
            Ok(Loaded {
                texts: vec![(file.clone(), text.clone())],
                sdl: text,
                supergraph: Arc::new(supergraph),
                connectors: Arc::new(connectors),
                hints: Vec::new(),
                file: Some(file.clone()),
            })
        }
        SupergraphSettings::Subgraphs(subgraphs) => {
            let named = subgraphs.iter().map(|(name, subgraph)| {
                let url = match &subgraph.destination {
                    Some(Destination::Url(url)) => Some(url.to_string()),
                    Some(Destination::Upstream { .. }) | None => None,
                };
                (name.clone(), subgraph.schema.clone(), url)
            });
            compose_files(named.collect())
        }
        SupergraphSettings::Directory(directory) => compose_files(schema_files(directory)?),
    }
}

/// The API schema: what clients see.
pub fn api_sdl(supergraph: &Supergraph) -> String {
    let mut schema = supergraph.api_schema().clone().into_inner();
    // Every server knows these two; a schema need not say so.
    for built_in in ["defer", "oneOf"] {
        schema.directive_definitions.shift_remove(built_in);
    }
    schema.to_string()
}

/// The texts as they are now, without composing: to see whether anything changed.
pub(super) fn texts(settings: &SupergraphSettings) -> Result<Vec<(PathBuf, String)>, Problem> {
    let files: Vec<PathBuf> = match settings {
        SupergraphSettings::File(file) => vec![file.clone()],
        SupergraphSettings::Subgraphs(subgraphs) => {
            subgraphs.values().map(|subgraph| subgraph.schema.clone()).collect()
        }
        SupergraphSettings::Directory(directory) => {
            schema_files(directory)?.into_iter().map(|(_, file, _)| file).collect()
        }
    };
    files.into_iter().map(|file| read(&file).map(|text| (file, text))).collect()
}

/// The folders whose entries decide what `settings` means.
pub(super) fn folders(settings: &SupergraphSettings) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = match settings {
        SupergraphSettings::File(file) => vec![folder_of(file)],
        SupergraphSettings::Subgraphs(subgraphs) => {
            subgraphs.values().map(|subgraph| folder_of(&subgraph.schema)).collect()
        }
        SupergraphSettings::Directory(directory) => vec![directory.clone()],
    };
    folders.sort();
    folders.dedup();
    folders
}

type Named = (String, PathBuf, Option<String>);

fn compose_files(named: Vec<Named>) -> Result<Loaded, Problem> {
    let mut texts = Vec::with_capacity(named.len());
    let mut subgraphs = Vec::with_capacity(named.len());
    for (name, file, url) in named {
        let sdl = read(&file)?;
        texts.push((file.clone(), sdl.clone()));
        subgraphs.push(SubgraphSource { name, url, sdl, file: Some(file.display().to_string()) });
    }
    let composed = compose(&subgraphs).map_err(|failure| Problem::of_composition(&failure))?;
    let Composed { supergraph_sdl: sdl, supergraph, connectors, hints } = composed;
    Ok(Loaded { sdl, supergraph, connectors, hints, file: None, texts })
}

/// The schema files of a folder, sorted; the name of each is its subgraph's.
fn schema_files(directory: &Path) -> Result<Vec<Named>, Problem> {
    let unreadable = |error| Problem::unreadable(directory, &error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_schema = path.extension().is_some_and(|ext| ext == "graphql" || ext == "graphqls");
        let name = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
        if let (true, Some(name)) = (is_schema, name) {
            files.push((name, path, None));
        }
    }
    if files.is_empty() {
        let message = format!("there is no schema file in `{}`", directory.display());
        let error = ProblemError {
            code: "NO_SUBGRAPHS".to_owned(),
            message: message.clone(),
            file: Some(directory.display().to_string()),
            fix: Some("put a file `NAME.graphql` there for each subgraph".to_owned()),
            ..ProblemError::default()
        };
        return Err(Problem::one(message, error));
    }
    files.sort();
    Ok(files)
}

fn read(file: &Path) -> Result<String, Problem> {
    std::fs::read_to_string(file).map_err(|error| Problem::unreadable(file, &error))
}
