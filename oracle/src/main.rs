//! Random graphs, random operations, and the truth: `cargo run -p oracle --release -- --cases N --seed S`.
//!
//! **In:** how many cases, and the first seed. **Out:** counts, and every mismatch with its seed.
//!
//! **Never here:** what a case is (`case`).
//!
//! **Holds:** a seed names a graph with twenty operations; running a seed again gives the same.

#![expect(clippy::print_stdout, reason = "a command line tool prints")]

use oracle::{Bench, Chance, Graph, Verdict, operation};
use std::process::ExitCode;

const OPERATIONS_PER_GRAPH: usize = 20;

#[derive(Default)]
struct Counts {
    graphs: usize,
    equal: usize,
    requests: usize,
    unplannable: usize,
    invalid: usize,
    mismatches: usize,
    uncomposed: usize,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str, default: u64| {
        let at = arguments.iter().position(|argument| argument == name);
        let value = at.and_then(|at| arguments.get(at + 1)).and_then(|text| text.parse().ok());
        value.unwrap_or(default)
    };
    let (cases, first) = (number("--cases", 2000), number("--seed", 1));
    let mut counts = Counts::default();
    let mut seed = first;
    while ((counts.graphs + counts.uncomposed) * OPERATIONS_PER_GRAPH) < cases as usize {
        run_seed(seed, &mut counts);
        seed += 1;
    }
    println!(
        "{} graphs (seeds {first} to {}), {} operations equal to the truth in {} requests, {} unplannable, {} invalid, {} mismatches, {} graphs did not compose",
        counts.graphs,
        seed - 1,
        counts.equal,
        counts.requests,
        counts.unplannable,
        counts.invalid,
        counts.mismatches,
        counts.uncomposed
    );
    match counts.mismatches + counts.invalid {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn run_seed(seed: u64, counts: &mut Counts) {
    let mut chance = Chance::new(seed);
    let graph = Graph::generate(&mut chance);
    let data = graph.objects(&mut chance);
    let subgraphs: Vec<(String, String)> = (0..graph.subgraphs.len())
        .map(|index| (graph.subgraphs[index].clone(), graph.sdl(index)))
        .collect();
    let bench = match Bench::new(&subgraphs, &data) {
        Ok(bench) => bench,
        Err(error) => {
            counts.uncomposed += 1;
            println!("seed {seed} does not compose: {error}");
            return;
        }
    };
    counts.graphs += 1;
    for index in 0..OPERATIONS_PER_GRAPH {
        let text = operation(&graph, &mut chance);
        match bench.run(&text) {
            Verdict::Equal(requests) => {
                counts.equal += 1;
                counts.requests += requests;
            }
            Verdict::Unplannable(error) => {
                counts.unplannable += 1;
                println!("seed {seed}, operation {index} is unplannable: {error}\n{text}\n");
            }
            Verdict::Invalid(error) => {
                counts.invalid += 1;
                println!("seed {seed}, operation {index} is invalid: {error}\n{text}\n");
            }
            Verdict::Mismatch { ours, truth, plan } => {
                counts.mismatches += 1;
                println!(
                    "seed {seed}, operation {index}:\n{text}\n\nours:  {ours}\ntruth: {truth}\n\n{plan}"
                );
                for (name, sdl) in &subgraphs {
                    println!("--- {name}\n{sdl}");
                }
            }
        }
    }
}
