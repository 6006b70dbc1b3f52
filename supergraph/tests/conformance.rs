//! Every supergraph of the public suites loads, when they stand beside the checkout.

#![expect(clippy::unwrap_used, reason = "a suite that cannot be read fails the test")]

use std::path::{Path, PathBuf};
use supergraph::Supergraph;

fn supergraph_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            supergraph_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "graphql")
            && std::fs::read_to_string(&path).unwrap().contains("enum join__Graph")
        {
            found.push(path);
        }
    }
}

#[test]
fn every_supergraph_of_the_suites_loads() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance");
    if !root.exists() {
        println!("skipped: {} is not there", root.display());
        return;
    }
    let mut files = Vec::new();
    supergraph_files(&root, &mut files);
    assert!(files.len() >= 80, "only {} supergraphs were found", files.len());
    let mut failures = Vec::new();
    for path in &files {
        let sdl = std::fs::read_to_string(path).unwrap();
        if let Err(error) = Supergraph::parse(&sdl) {
            failures.push(format!("{}: {:?}", path.display(), error.kind));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    println!("{} supergraphs loaded", files.len());
}
