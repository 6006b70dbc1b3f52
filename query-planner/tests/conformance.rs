//! The operations of the public suites: all but a few plan, none panics or exceeds its budget, and
//! none needs more requests or a longer chain than the best plan on record, but for the few trade-offs
//! in [`EXPLAINED`], when the suites stand beside the checkout.
//!
//! **Never here:** what the plans answer (`oracle/tests/federation_audit.rs`).
//!
//! **Holds:** a record is the lower of what other planners need for the operation, requests and depth
//! each for itself: one may come from one planner and the other from another. Where conditions decide,
//! ours is the largest of the plans that they decide between, as the recorded ones hold all branches.

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

/// Plans that are deeper than another planner's, and why: a request weighs a thousand and a level of
/// depth a hundred, so that fewer requests win.
const EXPLAINED: [(&str, &str); 2] = [
    (
        "cosmo-employees::medium_1",
        "moods and countries are asked once for all places, a level later, and not at each depth",
    ),
    (
        "guild-dgs::large_5",
        "requests wait for others to the same subgraph: a third of the requests on record",
    ),
];

/// What is on record for an operation.
#[derive(Clone, Copy)]
struct Known {
    requests: Option<u64>,
    depth: Option<u64>,
}

impl Known {
    const NOTHING: Self = Self { requests: None, depth: None };

    /// The lower of both, figure by figure.
    fn lower(self, other: Self) -> Self {
        let lower = |a: Option<u64>, b: Option<u64>| a.into_iter().chain(b).min();
        Self {
            requests: lower(self.requests, other.requests),
            depth: lower(self.depth, other.depth),
        }
    }
}

struct Case {
    name: String,
    /// The path of the supergraph, or its text.
    supergraph: String,
    operation: String,
    known: Known,
    /// The labels of progressive overrides that are on.
    labels: Vec<String>,
}

#[derive(Default)]
struct Count {
    planned: usize,
    invalid: usize,
    absent: usize,
    failed: Vec<String>,
    /// Operations of which something is on record, and their requests: ours, recorded.
    recorded: usize,
    requests: (u64, u64),
    fewer: usize,
    shallower: usize,
    explained: Vec<String>,
    worse: Vec<String>,
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

/// The requests of a plan in nested form, and the longest chain of them. Nodes stand one a line, deeper
/// ones further to the right.
fn nested_plan(text: &str) -> Known {
    /// Takes the lines of the nodes inside `indent`.
    fn nodes(
        lines: &mut std::iter::Peekable<std::vec::IntoIter<(usize, &str)>>,
        indent: usize,
    ) -> Vec<(u64, u64)> {
        let mut found = Vec::new();
        while let Some((at, line)) = lines.next_if(|(at, _)| *at > indent) {
            let below = nodes(lines, at);
            let requests = below.iter().map(|node| node.0).sum();
            let depths = below.iter().map(|node| node.1);
            found.push(match line.split(['(', ' ']).next() {
                Some("Fetch" | "BatchFetch") => (1, 1),
                Some("Sequence") => (requests, depths.sum()),
                _ => (requests, depths.max().unwrap_or_default()),
            });
        }
        found
    }
    const NODES: [&str; 9] = [
        "Fetch(",
        "BatchFetch(",
        "Sequence {",
        "Parallel {",
        "Flatten(",
        "Include(",
        "Skip(",
        "else",
        "Subscription",
    ];
    let lines = text.lines().map(|line| (line.len() - line.trim_start().len(), line.trim_start()));
    let lines: Vec<(usize, &str)> = lines
        .filter(|(at, line)| *at > 0 && NODES.iter().any(|node| line.starts_with(node)))
        .collect();
    let found = nodes(&mut lines.into_iter().peekable(), 0);
    Known {
        requests: Some(found.iter().map(|node| node.0).sum()),
        depth: found.iter().map(|node| node.1).max(),
    }
}

/// What `row` records of a planner.
fn recorded(row: &Value) -> Known {
    let depth = row["depth"].as_u64().or_else(|| row["sequential_depth"].as_u64());
    Known { requests: row["fetches"].as_u64(), depth }
}

fn hive_router_cases() -> Vec<Case> {
    let yardstick = json("supergraphs/yardstick.json");
    let known = yardstick["hive_router_tests"].as_array().unwrap();
    let rows = json("supergraphs/hive-router/hive-router-plan-tests.json");
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), known.len());
    // Both lists have the same order; a name may stand in them twice.
    let pairs = rows.iter().zip(known);
    pairs
        .map(|(row, known)| {
            let name =
                format!("{}::{}", row["file"].as_str().unwrap(), row["test"].as_str().unwrap());
            assert_eq!(name, known["test"].as_str().unwrap());
            let fetches = Known { requests: known["hive_fetches"].as_u64(), depth: None };
            let plan = row["plan_text"].as_str().map_or(Known::NOTHING, nested_plan);
            Case {
                supergraph: format!(
                    "supergraphs/hive-router/{}",
                    row["supergraph"].as_str().unwrap()
                ),
                operation: row["operation"].as_str().unwrap().to_owned(),
                known: recorded(&known["apollo"]).lower(fetches).lower(plan),
                labels: Vec::new(),
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
            known: Known::NOTHING,
            labels: Vec::new(),
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
            // The record of the second stands in the suite's description.
            known: Known { requests: (name == "many_plans").then_some(203), depth: None },
            labels: Vec::new(),
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
            known: recorded(&row["apollo"]),
            labels: Vec::new(),
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
            known: Known::NOTHING,
            labels: Vec::new(),
        })
        .collect()
}

fn audit_cases() -> Vec<Case> {
    let yardstick = json("supergraphs/yardstick.json");
    let known: BTreeMap<&str, Known> = yardstick["audit"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["test"].as_str().unwrap(), recorded(&row["apollo"])))
        .collect();
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
                known: known[test["id"].as_str().unwrap()],
                labels: Vec::new(),
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
    labels: &[String],
    plan: Planner,
) -> Result<QueryPlan, Option<String>> {
    let schema = supergraph.api_schema();
    let parsed = ExecutableDocument::parse_and_validate(schema, operation, "operation.graphql");
    let document = match parsed {
        Ok(document) => document,
        // Some give a nullable variable to `@skip` or `@include`, which is not valid.
        Err(_) => {
            let mended =
                operation.replace(": Boolean!", ": Boolean").replace(": Boolean", ": Boolean!");
            ExecutableDocument::parse_and_validate(schema, mended, "operation.graphql")
                .map_err(|_| None)?
        }
    };
    let name = document.operations.named.keys().next().cloned();
    let name = document.operations.anonymous.is_none().then_some(name).flatten();
    let operation = Operation::read(supergraph, &document, name.as_deref())
        .map_err(|error| Some(error.to_string()))?;
    let variables: Vec<&str> = operation.guard_variables().into_iter().collect();
    let mut largest: Option<QueryPlan> = None;
    for bits in 0..1_u32 << variables.len().min(6) {
        let on = variables.iter().enumerate().filter(|(bit, _)| bits & 1 << bit != 0);
        let guards = Guards {
            variables: on.map(|(_, name)| (*name).to_owned()).collect(),
            labels: labels.iter().cloned().collect(),
            ..Guards::default()
        };
        let plan = plan(supergraph, &operation, &guards, LIMITS, Batching::Fewest)
            .map_err(|error| Some(error.kind.to_string()))?;
        if largest.as_ref().is_none_or(|largest| largest.cost.weight() < plan.cost.weight()) {
            largest = Some(plan);
        }
    }
    Ok(largest.expect("there is a plan for no condition at least"))
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
        match plan_case(supergraph, &case.operation, &case.labels, plan) {
            Err(None) => count.invalid += 1,
            Err(Some(error)) => count.failed.push(format!("{}: {error}", case.name)),
            Ok(plan) => {
                count.planned += 1;
                if plan.effort.budget_spent {
                    count.spent.push(case.name.clone());
                }
                compare(case, &plan, &mut count);
            }
        }
    }
    count
}

/// Holds a plan against the record.
fn compare(case: &Case, plan: &QueryPlan, count: &mut Count) {
    let (requests, depth) = (u64::from(plan.cost.requests), u64::from(plan.cost.depth));
    let Known { requests: Some(fewest), depth: least } = case.known else { return };
    count.recorded += 1;
    count.requests.0 += requests;
    count.requests.1 += fewest;
    count.fewer += usize::from(requests < fewest);
    count.shallower += usize::from(least.is_some_and(|least| depth < least));
    if requests > fewest || least.is_some_and(|least| depth > least) {
        let why = EXPLAINED.iter().find(|(name, _)| *name == case.name).map(|(_, why)| *why);
        let least = least.map_or_else(|| "-".to_owned(), |least| least.to_string());
        let line = format!(
            "{}: {requests} requests, depth {depth}; on record {fewest}, {least}",
            case.name
        );
        match why {
            Some(why) => count.explained.push(format!("{line}: {why}")),
            None => count.worse.push(line),
        }
    }
}

/// Prints the counts and checks them.
fn check(what: &str, cases: &[Case], may_fail: usize) {
    let count = count(cases);
    println!(
        "{what}: {} operations, {} planned, {} invalid, {} without supergraph, {} failed",
        cases.len(),
        count.planned,
        count.invalid,
        count.absent,
        count.failed.len(),
    );
    println!(
        "  {} on record: {} requests where {} are on record; fewer in {}, shallower in {}, explained {}, worse {}",
        count.recorded,
        count.requests.0,
        count.requests.1,
        count.fewer,
        count.shallower,
        count.explained.len(),
        count.worse.len()
    );
    let lines = [&count.failed, &count.explained, &count.worse, &count.spent];
    lines.into_iter().flatten().for_each(|line| println!("  {line}"));
    assert!(count.failed.len() <= may_fail, "failed:\n{}", count.failed.join("\n"));
    assert!(count.worse.is_empty(), "worse:\n{}", count.worse.join("\n"));
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
        let Ok(ours) = plan_case(&supergraph, &case.operation, &case.labels, plan) else {
            continue;
        };
        if ours.cost.fields > 16 {
            continue;
        }
        let best =
            plan_case(&supergraph, &case.operation, &case.labels, query_planner::plan_exhaustively);
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
        check("hive-router", &hive_router_cases(), 3);
    }
}

#[test]
fn operations_with_many_plans_plan() {
    if !is_absent() {
        check("grafbase", &grafbase_cases(), 0);
    }
}

#[test]
fn the_audit_plans() {
    if !is_absent() {
        // Two are expected to fail by the suite itself.
        check("federation-audit", &audit_cases(), 2);
    }
}

#[test]
fn real_graphs_plan() {
    if !is_absent() {
        for folder in ["cosmo-employees", "cosmo-plan-generator"] {
            check(folder, &real_cases(folder), 0);
        }
        for folder in ["cosmo-employees", "guild-dgs"] {
            check(folder, &generated_cases(folder), 0);
        }
    }
}

#[test]
fn the_huge_graph_plans() {
    if !is_absent() {
        check("guild-huge-schema", &generated_cases("guild-huge-schema"), 0);
    }
}

#[test]
fn trade_offs_are_few() {
    if !is_absent() {
        let folders = ["cosmo-employees", "guild-dgs", "guild-huge-schema"];
        let cases = hive_router_cases().into_iter().chain(audit_cases());
        let cases = cases.chain(folders.into_iter().flat_map(generated_cases));
        let recorded = cases.filter(|case| case.known.requests.is_some()).count();
        println!("{} explained trade-offs in {recorded} operations on record", EXPLAINED.len());
        assert!(100 * EXPLAINED.len() <= recorded);
    }
}
