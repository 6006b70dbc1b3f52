//! Holds the search to its laws on small supergraphs written by hand.
//!
//! **Never here:** composed graphs (`composition` searches those), other composers' opinions.

use super::{Obstacle, ReachLimits, Satisfiability};
use crate::Supergraph;

const LIMITS: ReachLimits = ReachLimits { steps: 10_000, findings: 10 };

const GRAPHS: &str = r#"
enum join__Graph {
  A @join__graph(name: "a", url: "")
  B @join__graph(name: "b", url: "")
  C @join__graph(name: "c", url: "")
}
"#;

fn supergraph(sdl: &str) -> Supergraph {
    Supergraph::parse(&format!("{GRAPHS}{sdl}")).expect("it is written here")
}

fn operations(supergraph: &Supergraph, found: &Satisfiability) -> Vec<String> {
    found.unsatisfied.iter().map(|one| supergraph.shortest_operation(one)).collect()
}

const CHAIN: &str = r#"
type Query @join__type(graph: A) { user: User }
type User @join__type(graph: A, key: "a") @join__type(graph: B, key: "a") @join__type(graph: C, key: "b") {
  a: ID @join__field(graph: A) @join__field(graph: B)
  b: ID @join__field(graph: B) @join__field(graph: C)
  far: Int @join__field(graph: C)
}
"#;

#[test]
fn a_chain_of_keys_leads_on() {
    let supergraph = supergraph(CHAIN);
    let found = supergraph.satisfiability(LIMITS);
    assert!(found.complete);
    assert_eq!(operations(&supergraph, &found), [""; 0]);
}

#[test]
fn requirements_in_a_circle_are_never_met() {
    let supergraph = supergraph(
        r#"
type Query @join__type(graph: A) { user: User }
type User @join__type(graph: A, key: "id") @join__type(graph: B, key: "id") @join__type(graph: C, key: "id") {
  id: ID
  x: Int @join__field(graph: B, requires: "y") @join__field(graph: C, external: true)
  y: Int @join__field(graph: B, external: true) @join__field(graph: C, requires: "x")
}
"#,
    );
    let found = supergraph.satisfiability(LIMITS);
    assert_eq!(operations(&supergraph, &found), ["{ user { x } }", "{ user { y } }"]);
    let (_, obstacle) = &found.unsatisfied[0].obstacles[1];
    assert_eq!(
        *obstacle,
        Obstacle::RequirementOutOfReach {
            requires: "y".to_owned(),
            missing: vec!["User.y".to_owned()]
        }
    );
}

#[test]
fn a_path_may_stand_in_several_subgraphs_at_once() {
    let supergraph = supergraph(
        r#"
type Query @join__type(graph: A) @join__type(graph: B) { viewer: Viewer  list: [Viewer] }
type Viewer @join__type(graph: A) @join__type(graph: B) {
  a: Int @join__field(graph: A)
  b: Int @join__field(graph: B)
}
"#,
    );
    assert!(supergraph.satisfiability(LIMITS).unsatisfied.is_empty());
}

#[test]
fn a_mutation_stands_in_one_subgraph_only() {
    let supergraph = supergraph(
        r#"
type Query @join__type(graph: A) @join__type(graph: B) { ok: Int }
type Mutation @join__type(graph: A) @join__type(graph: B) { act(text: String!): Answer }
type Answer @join__type(graph: A) @join__type(graph: B) {
  a: Int @join__field(graph: A)
  b: Int @join__field(graph: B)
}
"#,
    );
    let found = supergraph.satisfiability(LIMITS);
    assert_eq!(operations(&supergraph, &found), [r#"mutation { act(text: "any") { b } }"#]);
}

#[test]
fn both_states_of_a_label_are_looked_at() {
    let supergraph = supergraph(
        r#"
type Query @join__type(graph: A) { user: User }
type User @join__type(graph: A, key: "id") @join__type(graph: B, key: "id") {
  id: ID
  group: Group @join__field(graph: A, override: "b", overrideLabel: "l") @join__field(graph: B, overrideLabel: "l")
}
type Group @join__type(graph: A) @join__type(graph: B) {
  name: Int
  level: Int @join__field(graph: B)
}
"#,
    );
    let found = supergraph.satisfiability(LIMITS);
    assert_eq!(operations(&supergraph, &found), ["{ user { group { level } } }"]);
    assert_eq!(found.unsatisfied[0].labels, [("l".to_owned(), true)]);
}

#[test]
fn a_search_that_was_cut_short_says_so() {
    let found = supergraph(CHAIN).satisfiability(ReachLimits { steps: 2, findings: 10 });
    assert!(!found.complete);
}

#[test]
fn many_labels_on_one_path_end_in_bounded_time() {
    let mut sdl = "type Query @join__type(graph: A) { next: T0 }\n".to_owned();
    for i in 0..40 {
        sdl.push_str(&format!(
            "type T{i} @join__type(graph: A, key: \"id\") @join__type(graph: B, key: \"id\") {{ id: ID \
             next: T{} @join__field(graph: A, override: \"b\", overrideLabel: \"l{i}\") \
             @join__field(graph: B, overrideLabel: \"l{i}\") }}\n",
            i + 1
        ));
    }
    sdl.push_str(
        "type T40 @join__type(graph: A, key: \"id\") @join__type(graph: B, key: \"id\") { id: ID }",
    );
    let found = supergraph(&sdl).satisfiability(LIMITS);
    assert!(found.unsatisfied.is_empty() && !found.complete);
}
