//! Graphs and operations made to explode a planner: steps and text sizes are counted, never time.
//!
//! **In:** supergraphs and operations of any size, made here. **Out:** with `--nocapture` the series
//! of steps for growing sizes.
//!
//! **Never here:** public suites (`conformance`).
//!
//! **Read first:** [`planned`], then `bounds/growth.rs`.

#![expect(clippy::unwrap_used, reason = "a graph of ours that cannot be read fails the test")]

#[path = "bounds/growth.rs"]
mod growth;
#[path = "bounds/validity.rs"]
mod validity;

use apollo_compiler::ExecutableDocument;
use query_planner::{
    Batching, Guards, Limits, Operation, PlanError, PlanErrorKind, QueryPlan, plan,
};
use std::fmt::Write;
use supergraph::Supergraph;

const LIMITS: Limits = Limits { positions: 50_000, steps: 2_000_000 };

const HEAD: &str = "schema @link(url: \"https://specs.apollo.dev/link/v1.0\") @link(url: \"https://specs.apollo.dev/join/v0.3\", for: EXECUTION) { query: Query }\n";

fn graphs(n: usize) -> String {
    let mut sdl = format!("{HEAD}enum join__Graph {{\n");
    for i in 0..n {
        writeln!(sdl, "  G{i} @join__graph(name: \"g{i}\", url: \"\")").unwrap();
    }
    sdl + "}\n"
}

fn loaded(sdl: &str, operation: &str) -> (Supergraph, Operation) {
    let supergraph = Supergraph::parse(sdl).unwrap();
    let document =
        ExecutableDocument::parse_and_validate(supergraph.api_schema(), operation, "o.graphql")
            .unwrap_or_else(|error| panic!("{}", error.errors));
    let operation = Operation::read(&supergraph, &document, None).unwrap();
    (supergraph, operation)
}

fn planned_on(
    supergraph: &Supergraph,
    operation: &Operation,
    limits: Limits,
) -> Result<QueryPlan, PlanError> {
    plan(supergraph, operation, &Guards::default(), limits, Batching::Fewest)
}

fn planned(sdl: &str, operation: &str, limits: Limits) -> Result<QueryPlan, PlanError> {
    let (supergraph, operation) = loaded(sdl, operation);
    planned_on(&supergraph, &operation, limits)
}

/// An interface of `types` implementers in g0, whose `name` half of them have in g1, half in g2.
fn node_graph(types: usize) -> String {
    let mut sdl = graphs(3);
    sdl += "interface Node @join__type(graph: G0) @join__type(graph: G1) @join__type(graph: G2) { id: ID! child: Node @join__field(graph: G0) name: String @join__field(graph: G1) @join__field(graph: G2) }\n";
    sdl += "type Query @join__type(graph: G0) @join__type(graph: G1) @join__type(graph: G2) { node: Node @join__field(graph: G0) }\n";
    for i in 0..types {
        let other = 1 + i % 2;
        writeln!(
            sdl,
            "type T{i} implements Node @join__implements(graph: G0, interface: \"Node\") @join__implements(graph: G{other}, interface: \"Node\") @join__type(graph: G0, key: \"id\") @join__type(graph: G{other}, key: \"id\") {{ id: ID! child: Node @join__field(graph: G0) name: String @join__field(graph: G{other}) own{i}: Int @join__field(graph: G{other}) }}"
        )
        .unwrap();
    }
    sdl
}

#[test]
fn fifty_types_nested_eight_deep_cost_what_one_does() {
    let operation = |depth: usize| {
        format!("{{ node {}{{ name }}{} }}", "{ child ".repeat(depth), " }".repeat(depth))
    };
    let plan = planned(&node_graph(50), &operation(8), LIMITS).unwrap();
    assert_eq!((plan.cost.requests, plan.cost.depth), (3, 2));
    assert!(plan.positions.len() < 20, "{} positions", plan.positions.len());
    assert!(plan.effort.steps < 20_000, "{} steps", plan.effort.steps);
}

#[test]
fn a_fragment_for_each_type_at_each_level_stays_linear() {
    // child stands in a fragment for every type, so its text would be repeated fifty times a level.
    let mut selection = "{ name }".to_owned();
    for _ in 0..6 {
        let mut fragments = String::from("{ ");
        for i in 0..50 {
            write!(fragments, "... on T{i} {{ own{i} ...Below }} ").unwrap();
        }
        selection = format!("{fragments} child {selection} }}");
    }
    let operation = format!("{{ node {selection} }} fragment Below on Node {{ id }}");
    let plan = planned(&node_graph(50), &operation, LIMITS).unwrap();
    assert_eq!(plan.cost.requests, 3);
    assert!(plan.effort.steps < 100_000, "{} steps", plan.effort.steps);
    let text: usize = plan.fetches.iter().map(|(_, fetch)| fetch.text.len()).sum();
    assert!(text < 200_000, "{text} bytes of operations");
}

#[test]
fn a_field_shared_by_ten_subgraphs_is_not_ten_to_the_depth() {
    let mut sdl = graphs(10);
    let all: String = (0..10).map(|i| format!(" @join__type(graph: G{i}, key: \"id\")")).collect();
    let roots: String = (0..10).map(|i| format!(" @join__type(graph: G{i})")).collect();
    let own: String = (0..10).map(|i| format!(" f{i}: Int @join__field(graph: G{i})")).collect();
    write!(sdl, "type Query{roots} {{ a: A }}\ntype A{all} {{ id: ID! next: A{own} }}\n").unwrap();
    let mut selection = "{ id f0 f3 f7 }".to_owned();
    for level in 0..8 {
        selection = format!("{{ next {selection} f{level} f{} }}", (level + 5) % 10);
    }
    let plan = planned(&sdl, &format!("{{ a {selection} }}"), LIMITS).unwrap();
    assert!(!plan.effort.budget_spent);
    assert!(plan.effort.steps < 1_000_000, "{} steps", plan.effort.steps);
    assert!(plan.cost.requests <= 10, "{} requests", plan.cost.requests);
}

/// Two members, each leading back to the union: a fragment ladder doubles at each step if copied.
fn union_graph() -> String {
    graphs(2)
        + "union U @join__type(graph: G0) @join__unionMember(graph: G0, member: \"A\") @join__unionMember(graph: G0, member: \"B\") = A | B\n\
           type A @join__type(graph: G0, key: \"id\") @join__type(graph: G1, key: \"id\") { id: ID! u: U @join__field(graph: G0) a: Int @join__field(graph: G1) }\n\
           type B @join__type(graph: G0, key: \"id\") @join__type(graph: G1, key: \"id\") { id: ID! u: U @join__field(graph: G0) b: Int @join__field(graph: G1) }\n\
           type Query @join__type(graph: G0) @join__type(graph: G1) { u: U @join__field(graph: G0) }\n"
}

#[test]
fn a_union_ladder_of_named_fragments_is_shared() {
    let mut operation = String::from("{ u { ...F0 } } ");
    for i in 0..14 {
        let next = i + 1;
        write!(operation, "fragment F{i} on U {{ ... on A {{ a u {{ ...F{next} }} }} ... on B {{ b u {{ ...F{next} }} }} }} ").unwrap();
    }
    operation += "fragment F14 on U { ... on A { a } ... on B { b } }";
    let plan = planned(&union_graph(), &operation, LIMITS).unwrap();
    assert_eq!((plan.cost.requests, plan.cost.depth), (2, 2));
    assert!(plan.positions.len() < 40, "{} positions", plan.positions.len());
}

/// A fragment that spreads the next twice under different fields doubles the response itself.
#[test]
fn an_operation_with_more_positions_than_allowed_is_refused() {
    let sdl = graphs(1)
        + "type Query @join__type(graph: G0) { a: A }\ntype A @join__type(graph: G0) { id: ID! x: A y: A }\n";
    let mut operation = String::from("{ a { ...F0 } } ");
    for i in 0..30 {
        let next = i + 1;
        write!(operation, "fragment F{i} on A {{ x {{ ...F{next} }} y {{ ...F{next} }} }} ")
            .unwrap();
    }
    operation += "fragment F30 on A { id }";
    let error = planned(&sdl, &operation, LIMITS).unwrap_err();
    assert_eq!(error.kind, PlanErrorKind::TooManyPositions { limit: 50_000 });
}

#[test]
fn the_same_input_gives_the_same_plan() {
    let operation = "{ node { name child { name ... on T3 { own3 } } } }";
    let texts: Vec<String> = (0..5)
        .map(|_| {
            let supergraph = Supergraph::parse(&node_graph(9)).unwrap();
            planned(&node_graph(9), operation, LIMITS).unwrap().to_text(&supergraph)
        })
        .collect();
    assert!(texts.windows(2).all(|pair| pair[0] == pair[1]));
}
