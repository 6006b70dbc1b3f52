//! Strict subgraphs load every subgraph of the public suites that both reference composers accept.
//!
//! **In:** `../shared/conformance`, when it stands beside the checkout.
//! **Out:** the ones that do not load, by name.
//!
//! **Never here:** composing them.
//!
//! **Read first:** `public_subgraphs_load`.

use std::fs;
use std::path::{Path, PathBuf};

use oracle::{Data, Request, StrictSubgraph};
use serde_json::Value;

fn conformance(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance").join(folder);
    path.is_dir().then_some(path)
}

/// A directive without its required argument: both composers let it pass, GraphQL does not.
const NOT_VALID: &str = "composed-directive-gets-an-empty-object";

/// The reason why a subgraph does not load, or does not give its SDL.
fn failure(name: &str, sdl: &str) -> Option<String> {
    match StrictSubgraph::new(name, sdl, Data::default()) {
        Ok(subgraph) => {
            let answer = subgraph.answer(&Request::new("{ _service { sdl } }"));
            (answer["data"]["_service"]["sdl"] != sdl).then(|| format!("{name}: {answer}"))
        }
        Err(error) => Some(format!("{name}: {error}")),
    }
}

#[test]
fn public_subgraphs_load() {
    let Some(folder) = conformance("composition") else {
        println!("skipped: the public composition cases are not beside the checkout");
        return;
    };
    let (mut failures, mut loaded) = (Vec::new(), 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        for line in fs::read_to_string(path).unwrap().lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            // One per distinct test, and not what both do not agree to be legal.
            let legal = case["guild"]["ok"] == true && case["apollo"]["ok"] == true;
            let id = case["id"].as_str().unwrap();
            if !legal || case["tier"] != "core" || id.contains(NOT_VALID) {
                continue;
            }
            for subgraph in case["subgraphs"].as_array().unwrap() {
                let name = format!("{id} {}", subgraph["name"]);
                failures.extend(failure(&name, subgraph["sdl"].as_str().unwrap()));
                loaded += 1;
            }
        }
    }
    assert!(loaded > 0);
    assert!(failures.is_empty(), "{} of {loaded}:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn audit_subgraphs_load() {
    let Some(folder) = conformance("federation-audit") else {
        println!("skipped: the federation audit is not beside the checkout");
        return;
    };
    let mut failures = Vec::new();
    for suite in fs::read_dir(folder).unwrap() {
        let subgraphs = suite.unwrap().path().join("subgraphs");
        if !subgraphs.is_dir() {
            continue;
        }
        for file in fs::read_dir(subgraphs).unwrap() {
            let path = file.unwrap().path();
            let sdl = fs::read_to_string(&path).unwrap();
            failures.extend(failure(&path.display().to_string(), &sdl));
        }
    }
    assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.join("\n"));
}
