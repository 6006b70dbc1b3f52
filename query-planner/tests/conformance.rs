//! The operations of the public suites: all but a few plan, none panics or exceeds its budget, and
//! none needs more requests than the best known plan, when the suites stand beside the checkout.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a suite that cannot be read fails the test; the counts are for people"
)]

use apollo_compiler::ExecutableDocument;
use query_planner::{Batching, Guards, Limits, Operation, QueryPlan, plan};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use supergraph::Supergraph;

const LIMITS: Limits = Limits { positions: 50_000, steps: 2_000_000 };

struct Case {
    name: String,
    /// The path of the supergraph, or its text.
    supergraph: String,
    operation: String,
    /// The requests and the depth of a known plan.
    known: Option<(u64, u64)>,
}

#[derive(Default)]
struct Count {
    planned: usize,
    invalid: usize,
    absent: usize,
    failed: Vec<String>,
    worse: Vec<String>,
    better: usize,
    spent: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}

fn hive_router_cases() -> Vec<Case> {
    let yardstick = json("supergraphs/yardstick.json");
    let known: BTreeMap<String, &Value> = yardstick["hive_router_tests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["test"].as_str().unwrap().to_owned(), row))
        .collect();
    let rows = json("supergraphs/hive-router/hive-router-plan-tests.json");
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let name =
                format!("{}::{}", row["file"].as_str().unwrap(), row["test"].as_str().unwrap());
            let known = known.get(&name).and_then(|row| row["hive_fetches"].as_u64());
            Case {
                supergraph: format!(
                    "supergraphs/hive-router/{}",
                    row["supergraph"].as_str().unwrap()
                ),
                operation: row["operation"].as_str().unwrap().to_owned(),
                known: known.map(|fetches| (fetches, u64::MAX)),
                name,
            }
        })
        .collect()
}

/// Each case has a supergraph of its own; and one operation that other planners choke on.
fn grafbase_cases() -> Vec<Case> {
    let rows = json("supergraphs/grafbase/query-solver-tests.json");
    let mut cases: Vec<Case> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| Case {
            name: row["test"].as_str().unwrap().to_owned(),
            supergraph: row["schema"].as_str().unwrap().to_owned(),
            operation: row["operation"].as_str().unwrap().to_owned(),
            known: None,
        })
        .collect();
    for (name, supergraph, operation) in [
        (
            "query_plan1",
            "grafbase/query_plan1/schema.graphql",
            "grafbase/query_plan1/query.graphql",
        ),
        (
            "many_plans",
            "hive-router/fixture/grafbase-many-plans/supergraph.graphql",
            "hive-router/fixture/grafbase-many-plans/operation.graphql",
        ),
    ] {
        cases.push(Case {
            name: name.to_owned(),
            supergraph: format!("supergraphs/{supergraph}"),
            operation: read(&format!("supergraphs/{operation}")),
            known: None,
        });
    }
    cases
}

fn generated_cases(folder: &str) -> Vec<Case> {
    let rows = json(&format!("supergraphs/{folder}/operations.json"));
    rows["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| Case {
            name: format!("{folder}::{}", row["name"].as_str().unwrap()),
            supergraph: format!("supergraphs/{folder}/supergraph.graphql"),
            operation: row["operation"].as_str().unwrap().to_owned(),
            known: row["apollo"]["fetches"]
                .as_u64()
                .map(|fetches| (fetches, row["apollo"]["sequential_depth"].as_u64().unwrap())),
        })
        .collect()
}

fn real_cases(folder: &str) -> Vec<Case> {
    let rows = json(&format!("supergraphs/{folder}/real-operations.json"));
    let rows = rows.as_array().unwrap().iter().enumerate();
    rows.filter(|(_, row)| row["valid"].as_bool().unwrap_or(true))
        .map(|(index, row)| Case {
            name: format!("{folder}::real_{index} {}", row["source"].as_str().unwrap_or_default()),
            supergraph: format!("supergraphs/{folder}/supergraph.graphql"),
            operation: row["operation"].as_str().unwrap().to_owned(),
            known: None,
        })
        .collect()
}

fn audit_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut suites: Vec<_> = std::fs::read_dir(root().join("federation-audit")).unwrap().collect();
    suites.sort_by_key(|entry| entry.as_ref().unwrap().file_name());
    for suite in suites {
        let suite = suite.unwrap().file_name().into_string().unwrap();
        if suite.starts_with("LICENSE") {
            continue;
        }
        let tests = json(&format!("federation-audit/{suite}/tests.json"));
        for test in tests.as_array().unwrap() {
            cases.push(Case {
                name: test["id"].as_str().unwrap().to_owned(),
                supergraph: format!("federation-audit/{suite}/supergraph.graphql"),
                operation: test["query"].as_str().unwrap().to_owned(),
                known: None,
            });
        }
    }
    cases
}

type Planner = fn(
    &Supergraph,
    &Operation,
    &Guards,
    Limits,
    Batching,
) -> Result<QueryPlan, query_planner::PlanError>;

/// The plan of an operation; no error text when the operation is not valid.
fn plan_case(
    supergraph: &Supergraph,
    operation: &str,
    plan: Planner,
) -> Result<QueryPlan, Option<String>> {
    let schema = supergraph.api_schema();
    let document = ExecutableDocument::parse_and_validate(schema, operation, "operation.graphql")
        .map_err(|_| None)?;
    let name = document.operations.named.keys().next().cloned();
    let name = document.operations.anonymous.is_none().then_some(name).flatten();
    let operation = Operation::read(supergraph, &document, name.as_deref())
        .map_err(|error| Some(error.to_string()))?;
    // Every condition true: the largest plan.
    let variables = operation.guard_variables().into_iter().map(str::to_owned).collect();
    let guards = Guards { variables, labels: Default::default() };
    plan(supergraph, &operation, &guards, LIMITS, Batching::Fewest)
        .map_err(|error| Some(error.kind.to_string()))
}

fn count(cases: &[Case]) -> Count {
    let mut supergraphs: BTreeMap<&str, Supergraph> = BTreeMap::new();
    let mut count = Count::default();
    for case in cases {
        // The suite names one supergraph that it doesn't hold.
        let is_text = case.supergraph.contains('{');
        if !is_text && !root().join(&case.supergraph).exists() {
            count.absent += 1;
            continue;
        }
        let supergraph = supergraphs.entry(&case.supergraph).or_insert_with(|| {
            let text = if is_text { case.supergraph.clone() } else { read(&case.supergraph) };
            Supergraph::parse(&text)
                .unwrap_or_else(|error| panic!("{}: {:?}", case.name, error.kind))
        });
        match plan_case(supergraph, &case.operation, plan) {
            Err(None) => count.invalid += 1,
            Err(Some(error)) => count.failed.push(format!("{}: {error}", case.name)),
            Ok(plan) => {
                count.planned += 1;
                if plan.effort.budget_spent {
                    count.spent.push(case.name.clone());
                }
                if let Some((requests, depth)) = case.known {
                    let (ours, our_depth) =
                        (u64::from(plan.cost.requests), u64::from(plan.cost.depth));
                    if ours > requests || (ours == requests && our_depth > depth) {
                        count.worse.push(format!(
                            "{}: {ours} requests, depth {our_depth}; known {requests}, {depth}",
                            case.name
                        ));
                    } else if ours < requests {
                        count.better += 1;
                    }
                }
            }
        }
    }
    count
}

/// Prints the counts and checks them.
fn check(what: &str, cases: &[Case], may_fail: usize, may_be_worse: usize) {
    let count = count(cases);
    println!(
        "{what}: {} operations, {} planned, {} invalid, {} without supergraph, {} failed, {} with fewer requests than known, {} with more",
        cases.len(),
        count.planned,
        count.invalid,
        count.absent,
        count.failed.len(),
        count.better,
        count.worse.len()
    );
    let lines = [&count.failed, &count.worse, &count.spent].map(|rows| rows.join("\n  "));
    println!("  {}", lines.join("\n  "));
    assert!(count.failed.len() <= may_fail, "failed:\n{}", count.failed.join("\n"));
    assert!(count.worse.len() <= may_be_worse, "worse:\n{}", count.worse.join("\n"));
    assert!(count.spent.is_empty(), "over budget:\n{}", count.spent.join("\n"));
}

/// How far the search is from the best of all assignments, on operations that allow to try them.
#[test]
fn the_search_finds_what_trying_everything_finds() {
    if is_absent() {
        return;
    }
    let (mut compared, mut optimal) = (0_u32, 0_u32);
    for case in hive_router_cases().into_iter().chain(audit_cases()) {
        if !root().join(&case.supergraph).exists() {
            continue;
        }
        let supergraph = Supergraph::parse(&read(&case.supergraph)).unwrap();
        let Ok(ours) = plan_case(&supergraph, &case.operation, plan) else { continue };
        if ours.cost.fields > 16 {
            continue;
        }
        let best = plan_case(&supergraph, &case.operation, query_planner::plan_exhaustively);
        let best = best.unwrap_or_else(|error| panic!("{}: {error:?}", case.name));
        if best.effort.budget_spent {
            continue;
        }
        compared += 1;
        let (ours, best) = (ours.cost.weight(), best.cost.weight());
        optimal += u32::from(ours <= best);
        assert!(5 * ours <= 6 * best, "{}: {ours} where {best} is possible", case.name);
    }
    println!("{optimal} of {compared} plans are optimal");
    assert!(compared >= 100 && 100 * optimal >= 99 * compared);
}

fn is_absent() -> bool {
    let absent = !root().exists();
    if absent {
        println!("skipped: {} is not there", root().display());
    }
    absent
}

#[test]
fn small_supergraphs_plan() {
    if !is_absent() {
        // Three ask for `Chat.id` through `Node`, which no subgraph can answer: the audit expects
        // the same operation to fail.
        check("hive-router", &hive_router_cases(), 3, 0);
    }
}

#[test]
fn operations_with_many_plans_plan() {
    if !is_absent() {
        check("grafbase", &grafbase_cases(), 0, 0);
    }
}

#[test]
fn the_audit_plans() {
    if !is_absent() {
        // Two are expected to fail by the suite itself.
        check("federation-audit", &audit_cases(), 2, 0);
    }
}

#[test]
fn real_graphs_plan() {
    if !is_absent() {
        for folder in ["cosmo-employees", "cosmo-plan-generator"] {
            check(folder, &real_cases(folder), 0, 0);
        }
        for folder in ["cosmo-employees", "guild-dgs"] {
            check(folder, &generated_cases(folder), 0, 0);
        }
    }
}

#[test]
fn the_huge_graph_plans() {
    if !is_absent() {
        check("guild-huge-schema", &generated_cases("guild-huge-schema"), 0, 0);
    }
}
