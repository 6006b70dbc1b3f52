//! Gathers the graphs that mutation starts from.
//!
//! **In:** folders: pages (`*.md`) with subgraphs in fences, cases (`*.jsonl`), folders with a
//! `subgraphs` folder, folders with `*.graphql`. **Out:** [`Graph`]s with names.
//!
//! **Never here:** mutation (`mutate`).
//!
//! **Holds:** the order is that of the names, so that a seed means the same in every run.

use composition::SubgraphSource;
use std::fs;
use std::path::{Path, PathBuf};

/// Subgraphs to start from.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    pub(crate) name: String,
    pub(crate) subgraphs: Vec<SubgraphSource>,
}

/// What a mutant may be as a whole, and where larger graphs are left alone.
const MAX_BYTES: usize = 400_000;

/// All graphs below the folders, by name.
pub(crate) fn graphs(folders: &[PathBuf]) -> Vec<Graph> {
    let mut graphs = Vec::new();
    for folder in folders {
        read_folder(folder, &mut graphs);
    }
    graphs.retain(|graph| {
        let bytes: usize = graph.subgraphs.iter().map(|subgraph| subgraph.sdl.len()).sum();
        !graph.subgraphs.is_empty() && bytes < MAX_BYTES
    });
    graphs
}

fn read_folder(folder: &Path, graphs: &mut Vec<Graph>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let mut schemas = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        if path.is_dir() {
            read_folder(&path, graphs);
        } else if let Ok(text) = fs::read_to_string(&path) {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("md") => graphs.push(Graph { name, subgraphs: subgraphs_on(&text) }),
                Some("jsonl") => graphs.extend(text.lines().filter_map(case)),
                Some("graphql") if !text.contains("join__Graph") => {
                    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                    schemas.push(subgraph(&stem, &text));
                }
                _ => {}
            }
        }
    }
    graphs.push(Graph { name: folder.display().to_string(), subgraphs: schemas });
}

fn subgraphs_on(page: &str) -> Vec<SubgraphSource> {
    let mut subgraphs = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
        if let Some(name) = info.strip_prefix("graphql subgraph=") {
            subgraphs.push(subgraph(name.trim(), &block.join("\n")));
        }
    }
    subgraphs
}

fn case(line: &str) -> Option<Graph> {
    let case: serde_json::Value = serde_json::from_str(line).ok()?;
    let subgraphs = case["subgraphs"]
        .as_array()?
        .iter()
        .filter_map(|row| Some(subgraph(row["name"].as_str()?, row["sdl"].as_str()?)));
    Some(Graph { name: case["id"].as_str()?.to_owned(), subgraphs: subgraphs.collect() })
}

/// A subgraph with an address of its own.
pub(crate) fn subgraph(name: &str, sdl: &str) -> SubgraphSource {
    SubgraphSource {
        name: name.to_owned(),
        url: Some(format!("http://{name}.example/graphql")),
        sdl: sdl.to_owned(),
        file: None,
    }
}
