//! A fixed slice of random graphs: planner and executor find the truth on all of them. Longer runs:
//! `cargo run -p oracle --release -- --cases N --seed S`.

use oracle::{Bench, Chance, Graph, Verdict, operation};

fn check(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let mut chance = Chance::new(seed);
        let graph = Graph::generate(&mut chance);
        let data = graph.objects(&mut chance);
        let subgraphs: Vec<(String, String)> = (0..graph.subgraphs.len())
            .map(|index| (graph.subgraphs[index].clone(), graph.sdl(index)))
            .collect();
        let bench = Bench::new(&subgraphs, &data)
            .unwrap_or_else(|error| panic!("seed {seed} does not compose: {error}"));
        for index in 0..20 {
            let text = operation(&graph, &mut chance);
            let verdict = bench.run(&text);
            assert!(
                matches!(verdict, Verdict::Equal(_)),
                "seed {seed}, operation {index}: {text}\n{verdict:#?}"
            );
        }
    }
}

#[test]
fn the_first_seeds_agree_with_the_truth() {
    check(1..80);
}

#[test]
fn other_seeds_agree_with_the_truth() {
    check(10_000..10_080);
}
