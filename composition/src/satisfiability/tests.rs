//! Holds satisfiability and the planner to one opinion, on the public suites' cases.
//!
//! **In:** `shared/conformance` beside the checkout; without it the test says so and passes.
//! **Out:** a failed test with the operation on which the two disagree.
//!
//! **Never here:** agreement with other composers (`tests/conformance.rs`).
//!
//! **Holds:** of a graph that passes, the shortest operation to each field plans; the operation
//! shown in a failure does not.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::path::Path;

use apollo_compiler::ExecutableDocument;
use query_planner::{Batching, Guards, Limits, Operation, plan};
use serde_json::Value;
use supergraph::{PathStep, Supergraph, TypeId, Unsatisfied};

use super::LIMITS;
use crate::{SubgraphSource, merge_all};

const PLAN_LIMITS: Limits = Limits { positions: 10_000, steps: 200_000 };

#[test]
fn the_planner_agrees() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance/composition");
    if !folder.is_dir() {
        println!("skipped: {} is absent", folder.display());
        return;
    }
    let (mut planned, mut refused) = (0, 0);
    let mut disagreements = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            if case["tier"] != "core" {
                continue;
            }
            let Ok(merged) = merge_all(&subgraphs_of(&case)) else { continue };
            // Contexts are judged apart, before the ways are.
            if !merged.report.errors.is_empty() {
                continue;
            }
            let supergraph = Supergraph::from_document(&merged.document).unwrap();
            let id = case["id"].as_str().unwrap();
            check(id, &supergraph, (&mut planned, &mut refused), &mut disagreements);
        }
    }
    println!("{planned} operations plan, {refused} do not");
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
    assert!(planned > 5_000 && refused > 20, "too few operations: {planned}, {refused}");
}

fn check(
    id: &str,
    supergraph: &Supergraph,
    (planned, refused): (&mut usize, &mut usize),
    disagreements: &mut Vec<String>,
) {
    let satisfiability = supergraph.satisfiability(LIMITS);
    assert!(satisfiability.complete, "{id}");
    for unsatisfied in &satisfiability.unsatisfied {
        let on = unsatisfied.labels.iter().filter(|(_, on)| *on).map(|(label, _)| label.clone());
        *refused += 1;
        if let Err(problem) = plans(supergraph, unsatisfied, on.collect()) {
            println!("{id}: {problem}");
        } else {
            let operation = supergraph.shortest_operation(unsatisfied);
            disagreements.push(format!("{id}: plans although refused: {operation}"));
        }
    }
    if !satisfiability.unsatisfied.is_empty() {
        return;
    }
    let all: BTreeSet<String> = supergraph.labels().iter().cloned().collect();
    for path in paths(supergraph) {
        for labels in [BTreeSet::new(), all.clone()] {
            *planned += 1;
            if let Err(problem) = plans(supergraph, &path, labels) {
                disagreements.push(format!("{id}: {problem}"));
            }
        }
    }
}

fn plans(
    supergraph: &Supergraph,
    path: &Unsatisfied,
    labels: BTreeSet<String>,
) -> Result<(), String> {
    let text = supergraph.shortest_operation(path);
    let document =
        ExecutableDocument::parse_and_validate(supergraph.api_schema(), &text, "operation.graphql")
            .unwrap_or_else(|errors| panic!("{text}\n{}", errors.errors));
    let operation = Operation::read(supergraph, &document, None).unwrap();
    let guards = Guards { labels, ..Guards::default() };
    plan(supergraph, &operation, &guards, PLAN_LIMITS, Batching::Fewest)
        .map(|_| ())
        .map_err(|error| format!("{text} does not plan: {}", error.kind))
}

/// The shortest path to each field that a client can select, by runtime type.
fn paths(supergraph: &Supergraph) -> Vec<Unsatisfied> {
    let mut paths = Vec::new();
    let mut seen: HashSet<TypeId> = HashSet::new();
    let roots =
        [Some(supergraph.query_type()), supergraph.mutation_type(), supergraph.subscription_type()];
    let mut queue: VecDeque<(TypeId, TypeId, Vec<PathStep>)> =
        roots.into_iter().flatten().map(|root| (root, root, Vec::new())).collect();
    while let Some((root, on, path)) = queue.pop_front() {
        if !seen.insert(on) {
            continue;
        }
        for field in supergraph.ty(on).fields.values() {
            let def = supergraph.field(*field);
            let result = supergraph.ty(def.ty.named());
            if !def.accessible || !result.accessible {
                continue;
            }
            let step = PathStep { on, field: *field };
            let deeper: Vec<PathStep> = path.iter().copied().chain([step]).collect();
            let members = result.possible.iter().filter(|ty| supergraph.ty(*ty).accessible);
            queue.extend(members.map(|member| (root, member, deeper.clone())));
            paths.push(Unsatisfied {
                root,
                path: path.clone(),
                on,
                field: Some(*field),
                labels: Vec::new(),
                standing: Vec::new(),
                obstacles: Vec::new(),
            });
        }
    }
    paths
}

fn subgraphs_of(case: &Value) -> Vec<SubgraphSource> {
    let subgraphs = case["subgraphs"].as_array().unwrap().iter().map(|subgraph| SubgraphSource {
        name: subgraph["name"].as_str().unwrap().to_owned(),
        url: subgraph["url"].as_str().map(str::to_owned),
        sdl: subgraph["sdl"].as_str().unwrap().to_owned(),
        file: None,
    });
    subgraphs.collect()
}
