//! The public federation audit, as far as it is given beside the checkout: every plan is valid, and
//! strict subgraphs answer it with the truth.
//!
//! **In:** for each suite its subgraphs, a supergraph that others composed of them, and operations.
//! The data is not given; it is random, of several seeds. **Out:** a line a suite.
//!
//! **Never here:** the number of requests (`query-planner/tests/conformance.rs`).
//!
//! **Holds:** a strict subgraph validates what it is sent against its own schema, and refuses a
//! representation without its key or its requirements; a refusal fails the case. Two suites contain
//! an operation that the suite itself expects to fail.
//!
//! **Read first:** [`every_plan_is_valid_and_finds_the_truth`].

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a suite that cannot be read fails the test; the counts are for people"
)]

use oracle::{Bench, Case, Chance, GeneratedOperation, Verdict, compose, objects};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use supergraph::{FieldSetItem, Supergraph};

/// Data sets for each supergraph, and the seeds to look for them.
const DATA_SETS: usize = 4;
const SEEDS: u64 = 400;

/// What became of the operations of one supergraph.
#[derive(Default)]
struct Counts {
    data_sets: usize,
    /// Operations that were answered with the truth.
    equal: BTreeSet<String>,
    /// Operations that are not valid or have no plan.
    refused: BTreeSet<String>,
    /// What a strict subgraph refused, or what is not the truth.
    wrong: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance/federation-audit")
}

fn suites() -> Vec<PathBuf> {
    let mut suites: Vec<PathBuf> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    suites.sort();
    suites
}

/// Name and SDL of each subgraph.
fn subgraphs(suite: &Path) -> Vec<(String, String)> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(suite.join("subgraphs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// Name, operation and expected result.
fn operations(suite: &Path) -> Vec<(String, GeneratedOperation, Value)> {
    let rows: Value =
        serde_json::from_str(&fs::read_to_string(suite.join("tests.json")).unwrap()).unwrap();
    let operation = |row: &Value| GeneratedOperation {
        text: row["query"].as_str().unwrap().to_owned(),
        variables: row["variables"].as_object().cloned().unwrap_or_default(),
    };
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| {
        (row["id"].as_str().unwrap().to_owned(), operation(row), row["expected"].clone())
    })
    .collect()
}

/// Runs all operations of a suite over one supergraph, with the data of every seed.
fn run(suite: &Path, load: impl Fn() -> Supergraph) -> Counts {
    let subgraphs = subgraphs(suite);
    let operations = operations(suite);
    let mut counts = Counts::default();
    let supergraph = load();
    for seed in 0..SEEDS {
        if counts.data_sets == DATA_SETS {
            break;
        }
        let Ok(data) = objects(&supergraph, &mut Chance::new(seed)) else { continue };
        if !has_unique_keys(&supergraph, &data) {
            continue;
        }
        counts.data_sets += 1;
        let bench = Bench::new(&subgraphs, load(), &data, BTreeSet::new());
        let mut bench = bench.unwrap_or_else(|error| panic!("{}: {error}", suite.display()));
        for (id, operation, _) in &operations {
            let case = Case {
                operation: operation.clone(),
                faults: Default::default(),
                caller: Default::default(),
            };
            match bench.run(&case) {
                Verdict::Equal(_) => {
                    counts.equal.insert(id.clone());
                }
                Verdict::Unplannable(_) | Verdict::Invalid(_) => {
                    counts.refused.insert(id.clone());
                }
                wrong @ Verdict::Mismatch { .. } => {
                    counts.wrong.push(format!("{id}, seed {seed}: {wrong:#?}"));
                }
            }
        }
    }
    counts
}

/// Whether no two objects of a type have the same key: a key that leads through a list is random.
fn has_unique_keys(supergraph: &Supergraph, data: &Value) -> bool {
    supergraph.types().iter().all(|(_, ty)| {
        let keys = ty.in_subgraphs.iter().flat_map(|here| &here.keys);
        keys.into_iter().all(|key| {
            let items = &supergraph.field_set(key.fields).items;
            let objects = data["objects"].as_object().unwrap().values();
            let mut seen = BTreeSet::new();
            objects
                .filter(|object| object["__typename"] == *ty.name)
                .all(|object| seen.insert(key_of(supergraph, data, object, items).to_string()))
        })
    })
}

/// What a field set sees of a value.
fn key_of(supergraph: &Supergraph, data: &Value, value: &Value, items: &[FieldSetItem]) -> Value {
    let fields = |object: &Value| {
        let parts = items.iter().map(|item| match item {
            FieldSetItem::Field { field, items, .. } => {
                let value = &object[&supergraph.field(*field).name];
                key_of(supergraph, data, value, items)
            }
            FieldSetItem::Fragment { items, .. } => key_of(supergraph, data, object, items),
        });
        Value::Array(parts.collect())
    };
    match value {
        Value::Array(values) => {
            values.iter().map(|value| key_of(supergraph, data, value, items)).collect()
        }
        Value::Object(object) => match object.get("@ref").and_then(Value::as_str) {
            Some(id) => fields(&data["objects"][id]),
            None => fields(value),
        },
        leaf => leaf.clone(),
    }
}

fn check(suite: &Path, whose: &str, load: impl Fn() -> Supergraph) {
    let name = suite.file_name().unwrap().to_string_lossy();
    let counts = run(suite, load);
    println!(
        "{name}, supergraph {whose}: {} answered with the truth, {} refused, {} wrong",
        counts.equal.len(),
        counts.refused.len(),
        counts.wrong.len()
    );
    assert_eq!(counts.data_sets, DATA_SETS, "too few seeds give unique keys");
    assert!(counts.wrong.is_empty(), "{}", counts.wrong.join("\n"));
    for (id, _, expected) in operations(suite) {
        // Where data is expected beside errors, the operation has a plan.
        let has_data = expected["data"].is_object();
        assert_eq!(has_data, counts.equal.contains(&id), "{id} over the supergraph {whose}");
        assert_eq!(!has_data, counts.refused.contains(&id), "{id} over the supergraph {whose}");
    }
}

#[test]
fn every_plan_is_valid_and_finds_the_truth() {
    if !root().exists() {
        println!("skipped: {} is not there", root().display());
        return;
    }
    let suites = suites();
    for suite in &suites {
        let given = fs::read_to_string(suite.join("supergraph.graphql")).unwrap();
        check(suite, "as given", || Supergraph::parse(&given).unwrap());
        let subgraphs = subgraphs(suite);
        check(suite, "of ours", || compose(&subgraphs).unwrap());
    }
    assert!(suites.len() >= 19, "{} suites", suites.len());
}
