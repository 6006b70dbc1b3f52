//! A fixed slice of random graphs: planner and executor find the truth on all of them. Longer runs:
//! `cargo run -p oracle --release -- --cases N --seed S`.

use oracle::{Bench, Case, Chance, Graph, Verdict, compose, misfortune, objects, operation};
use std::collections::{BTreeMap, BTreeSet};

/// Runs the graphs of some seeds that compose, and says how many cases there were.
fn check(seeds: std::ops::Range<u64>) -> usize {
    let mut cases = 0;
    for seed in seeds {
        let mut chance = Chance::new(seed);
        let subgraphs = Graph::generate(&mut chance).subgraphs_sdl();
        let Ok(supergraph) = compose(&subgraphs) else { continue };
        let Ok(data) = objects(&supergraph, &mut chance) else { continue };
        let labels: BTreeSet<String> = match seed % 2 {
            0 => Bench::labels_of(&subgraphs),
            _ => BTreeSet::new(),
        };
        // Computed fields need the graph with nothing hidden, which may not compose.
        let Ok(mut bench) = Bench::new(&subgraphs, supergraph, &data, labels) else { continue };
        for index in 0..10 {
            let operation = operation(bench.supergraph.api_schema(), &mut chance);
            let faults = match index % 3 {
                2 => misfortune(&bench.supergraph, &data, &mut chance),
                _ => BTreeMap::new(),
            };
            let case = Case { operation, faults };
            let verdict = bench.run(&case);
            let good = matches!(verdict, Verdict::Equal(_));
            assert!(good, "seed {seed}, operation {index}: {case:#?}\n{verdict:#?}");
            cases += 1;
        }
    }
    cases
}

#[test]
fn the_first_seeds_agree_with_the_truth() {
    assert!(check(1..38) > 180, "too few graphs compose");
}

#[test]
fn other_seeds_agree_with_the_truth() {
    assert!(check(10_000..10_038) > 180, "too few graphs compose");
}
