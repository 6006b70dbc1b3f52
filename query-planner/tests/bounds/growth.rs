//! Graphs and operations that grow: how the steps of the search grow with them.
//!
//! **In:** sizes that double. **Out:** the series, printed with `--nocapture`; a panic when the steps
//! grow faster than a power of the size.
//!
//! **Never here:** time.
//!
//! **Holds:** an exponent is the slope of the last doubling, where the largest power rules. With a
//! step budget of any size the plan is valid, and at most as good as without.
//!
//! **Read first:** [`Family`].

use super::{HEAD, LIMITS, graphs, loaded, node_graph, planned_on, validity};
use query_planner::Limits;
use std::fmt::Write;

/// Something that grows.
struct Family {
    name: &'static str,
    sizes: &'static [usize],
    /// The supergraph and the operation of a size.
    make: fn(usize) -> (String, String),
    /// The largest exponent allowed.
    exponent: f64,
}

const FAMILIES: [Family; 10] = [
    Family {
        name: "friends of friends, levels",
        sizes: &[2, 4, 8, 16, 32],
        make: recursion,
        exponent: 2.0,
    },
    Family {
        name: "types of an interface, 8 levels deep",
        sizes: &[6, 12, 25, 50],
        make: |types| (node_graph(types), nested(8)),
        exponent: 1.2,
    },
    Family {
        name: "levels below an interface of 50 types",
        sizes: &[2, 4, 8, 16],
        make: |levels| (node_graph(50), nested(levels)),
        exponent: 1.2,
    },
    Family {
        name: "a fragment for each type, 4 levels deep",
        sizes: &[6, 12, 25, 50],
        make: fragments,
        exponent: 2.2,
    },
    Family { name: "rungs of a union ladder", sizes: &[2, 4, 8, 16], make: ladder, exponent: 1.5 },
    Family {
        name: "fields that nine of ten subgraphs share",
        sizes: &[2, 4, 8, 16, 32],
        make: shared_fields,
        exponent: 1.5,
    },
    Family {
        name: "subgraphs that share everything, 4 levels deep",
        sizes: &[2, 4, 8],
        make: shared_levels,
        exponent: 3.2,
    },
    Family {
        name: "lines of an operation",
        sizes: &[212, 425, 850, 1700],
        make: lines,
        exponent: 1.2,
    },
    Family {
        name: "requirements of requirements",
        sizes: &[2, 4, 8, 16],
        make: requirements,
        exponent: 3.2,
    },
    Family { name: "keys in a row", sizes: &[2, 4, 8, 16], make: keys, exponent: 3.2 },
];

#[test]
fn steps_are_a_power_of_the_size() {
    for family in &FAMILIES {
        let mut series = Vec::new();
        for size in family.sizes {
            let (sdl, operation) = (family.make)(*size);
            let (supergraph, operation) = loaded(&sdl, &operation);
            let plan = planned_on(&supergraph, &operation, LIMITS);
            let plan = plan.unwrap_or_else(|error| panic!("{}: {:?}", family.name, error.kind));
            assert!(!plan.effort.budget_spent, "{}: {size}", family.name);
            validity::check(&supergraph, &plan);
            series.push((*size, plan.effort.steps, plan.cost));
        }
        let [.., (smaller, few, _), (larger, many, _)] = &series[..] else { panic!("a series") };
        let exponent = (*many as f64 / *few as f64).ln() / (*larger as f64 / *smaller as f64).ln();
        print(family, &series, exponent);
        assert!(exponent <= family.exponent, "{}: {series:?}", family.name);
    }
}

#[test]
fn a_spent_budget_gives_a_valid_plan() {
    for family in &FAMILIES {
        // Not the largest: the greedy plan may have many more requests.
        let (sdl, operation) = (family.make)(family.sizes[1]);
        let (supergraph, operation) = loaded(&sdl, &operation);
        let free = planned_on(&supergraph, &operation, LIMITS).unwrap_or_else(|_| panic!());
        for part in [1, 8, 64, u64::MAX] {
            let limits = Limits { steps: free.effort.steps / part, ..LIMITS };
            let plan = planned_on(&supergraph, &operation, limits);
            let plan = plan.unwrap_or_else(|error| panic!("{}: {:?}", family.name, error.kind));
            validity::check(&supergraph, &plan);
            assert_eq!(plan.effort.budget_spent, part > 1, "{}", family.name);
            assert!(plan.cost.weight() >= free.cost.weight(), "{}", family.name);
        }
    }
}

#[expect(clippy::print_stdout, reason = "the series is for people")]
fn print(family: &Family, series: &[(usize, u64, query_planner::PlanCost)], exponent: f64) {
    let rows: Vec<String> = series
        .iter()
        .map(|(size, steps, cost)| format!("{size}: {steps} ({}/{})", cost.requests, cost.depth))
        .collect();
    println!("{:48} {}  exponent {exponent:.2}", family.name, rows.join("  "));
}

fn nested(levels: usize) -> String {
    format!("{{ node {}{{ name }}{} }}", "{ child ".repeat(levels), " }".repeat(levels))
}

/// Persons whose friend three subgraphs know, name and age one each.
fn recursion(levels: usize) -> (String, String) {
    let sdl = graphs(3)
        + "type Query @join__type(graph: G0) @join__type(graph: G1) @join__type(graph: G2) { me: Person }\n\
           type Person @join__type(graph: G0, key: \"id\") @join__type(graph: G1, key: \"id\") @join__type(graph: G2, key: \"id\") {\n\
             id: ID! friend: Person name: String @join__field(graph: G1) age: Int @join__field(graph: G2)\n\
           }\n";
    let mut selection = "{ name age }".to_owned();
    for _ in 0..levels {
        selection = format!("{{ name age friend {selection} }}");
    }
    (sdl, format!("{{ me {selection} }}"))
}

fn fragments(types: usize) -> (String, String) {
    let mut selection = "{ name }".to_owned();
    for _ in 0..4 {
        let mut text = String::from("{ ");
        for i in 0..types {
            write!(text, "... on T{i} {{ own{i} }} ").unwrap();
        }
        selection = format!("{text} child {selection} }}");
    }
    (node_graph(types), format!("{{ node {selection} }}"))
}

fn ladder(rungs: usize) -> (String, String) {
    let mut operation = String::from("{ u { ...F0 } } ");
    for i in 0..rungs {
        let next = i + 1;
        write!(operation, "fragment F{i} on U {{ ... on A {{ a u {{ ...F{next} }} }} ... on B {{ b u {{ ...F{next} }} }} }} ").unwrap();
    }
    write!(operation, "fragment F{rungs} on U {{ ... on A {{ a }} ... on B {{ b }} }}").unwrap();
    (super::union_graph(), operation)
}

/// `join__type` of `n` subgraphs.
fn everywhere(n: usize, key: &str) -> String {
    (0..n).map(|i| format!(" @join__type(graph: G{i}{key})")).collect()
}

fn shared_fields(fields: usize) -> (String, String) {
    let mut sdl = graphs(10);
    let (roots, all) = (everywhere(10, ""), everywhere(10, ", key: \"id\""));
    write!(sdl, "type Query{roots} {{ a: A @join__field(graph: G0) }}\ntype A{all} {{ id: ID! ")
        .unwrap();
    for field in 0..fields {
        let by = (0..10).filter(|graph| *graph != field % 10);
        let by: String = by.map(|graph| format!(" @join__field(graph: G{graph})")).collect();
        write!(sdl, "f{field}: Int{by} ").unwrap();
    }
    sdl += "}\n";
    let names: Vec<String> = (0..fields).map(|field| format!("f{field}")).collect();
    (sdl, format!("{{ a {{ {} }} }}", names.join(" ")))
}

fn shared_levels(subgraphs: usize) -> (String, String) {
    let mut sdl = graphs(subgraphs);
    let (roots, all) = (everywhere(subgraphs, ""), everywhere(subgraphs, ", key: \"id\""));
    let own = (0..subgraphs).map(|i| format!(" f{i}: Int @join__field(graph: G{i})"));
    let own: String = own.collect();
    write!(sdl, "type Query{roots} {{ a: A }}\ntype A{all} {{ id: ID! next: A{own} }}\n").unwrap();
    let mut selection = "{ id f0 }".to_owned();
    for level in 0..4 {
        selection = format!("{{ next {selection} f{} f{} }}", level % subgraphs, subgraphs - 1);
    }
    (sdl, format!("{{ a {selection} }}"))
}

/// Products under aliases, five lines each, with fields of two subgraphs.
fn lines(lines: usize) -> (String, String) {
    let sdl = graphs(2)
        + "type Query @join__type(graph: G0) @join__type(graph: G1) { product(id: Int): Product @join__field(graph: G0) }\n\
           type Product @join__type(graph: G0, key: \"id\") @join__type(graph: G1, key: \"id\") {\n\
             id: ID! name: String @join__field(graph: G0) price: Int @join__field(graph: G1)\n\
           }\n";
    let mut operation = String::from("{\n");
    for i in 0..(lines - 2) / 4 {
        write!(operation, "p{i}: product(id: {i}) {{\n  name\n  price\n}}\n").unwrap();
    }
    (sdl, operation + "}")
}

/// `f1` requires `f0`, `f2` requires `f1`, and so on, in two subgraphs by turns.
fn requirements(n: usize) -> (String, String) {
    let mut sdl = graphs(2);
    sdl += "type Query @join__type(graph: G0) @join__type(graph: G1) { a: A @join__field(graph: G0) }\n";
    sdl += "type A @join__type(graph: G0, key: \"id\") @join__type(graph: G1, key: \"id\") { id: ID! f0: Int @join__field(graph: G0) @join__field(graph: G1, external: true)\n";
    for i in 1..=n {
        let (here, there) = (i % 2, 1 - i % 2);
        let before = i - 1;
        writeln!(sdl, "f{i}: Int @join__field(graph: G{here}, requires: \"f{before}\") @join__field(graph: G{there}, external: true)").unwrap();
    }
    (sdl + "}\n", format!("{{ a {{ f{n} }} }}"))
}

/// Each subgraph knows the key of the one before and hands out the next one.
fn keys(n: usize) -> (String, String) {
    let mut sdl = graphs(n + 1);
    let roots = everywhere(n + 1, "");
    write!(sdl, "type Query{roots} {{ a: A @join__field(graph: G0) }}\ntype A").unwrap();
    sdl += " @join__type(graph: G0, key: \"k0\")";
    for i in 1..=n {
        let before = i - 1;
        write!(
            sdl,
            " @join__type(graph: G{i}, key: \"k{before}\") @join__type(graph: G{i}, key: \"k{i}\")"
        )
        .unwrap();
    }
    sdl += " { k0: ID! @join__field(graph: G0) @join__field(graph: G1)\n";
    for i in 1..=n {
        write!(sdl, "k{i}: ID! @join__field(graph: G{i})").unwrap();
        if i < n {
            write!(sdl, " @join__field(graph: G{})", i + 1).unwrap();
        }
        sdl += "\n";
    }
    writeln!(sdl, "end: Int @join__field(graph: G{n}) }}").unwrap();
    assert!(sdl.starts_with(HEAD));
    (sdl, "{ a { end } }".to_owned())
}
