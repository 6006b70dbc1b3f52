//! Random graphs, random operations, and the truth: `cargo run -p oracle --release -- --cases N --seed S`.
//!
//! **In:** how many cases, the first seed, and perhaps `--check-coverage`. **Out:** every failure as
//! a small page with its seed, how often plans used each row of the checklist, and counts.
//!
//! **Never here:** what a case is (`case`).
//!
//! **Holds:** a seed names a graph with twenty operations; running a seed again gives the same.

#![expect(clippy::print_stdout, reason = "a command line tool prints")]

use oracle::{
    Bench, Case, Chance, Coverage, Failure, Graph, Verdict, compose, misfortune, objects, operation,
};
use std::collections::{BTreeMap, BTreeSet};
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
    coverage: Coverage,
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
    println!("How many plans used each row of the checklist:\n{}", counts.coverage);
    let missing = counts.coverage.missing();
    if !missing.is_empty() && arguments.iter().any(|argument| argument == "--check-coverage") {
        println!("no plan used the rows {missing:?}");
        return ExitCode::FAILURE;
    }
    match counts.mismatches + counts.invalid + counts.unplannable {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn run_seed(seed: u64, counts: &mut Counts) {
    let mut chance = Chance::new(seed);
    let graph = Graph::generate(&mut chance);
    let subgraphs = graph.subgraphs_sdl();
    let made = compose(&subgraphs).and_then(|supergraph| {
        let data = objects(&supergraph, &mut chance).map_err(|why| format!("no data: {why}"))?;
        let labels = Bench::labels_of(&subgraphs);
        let labels: BTreeSet<String> = labels.into_iter().filter(|_| chance.percent(50)).collect();
        let bench = Bench::new(&subgraphs, supergraph, &data, labels.clone())?;
        Ok((bench, data, labels))
    });
    let (mut bench, data, labels) = match made {
        Ok(made) => made,
        Err(error) => {
            counts.uncomposed += 1;
            let first = error.lines().next().unwrap_or_default();
            println!("seed {seed} does not compose: {first}");
            return;
        }
    };
    counts.graphs += 1;
    for index in 0..OPERATIONS_PER_GRAPH {
        let operation = operation(bench.supergraph.api_schema(), &mut chance);
        let mut cases = vec![Case { operation: operation.clone(), faults: BTreeMap::new() }];
        if index % 4 == 3 {
            let faults = misfortune(&bench.supergraph, &data, &mut chance);
            cases.push(Case { operation, faults });
        }
        for case in cases {
            let verdict = bench.run(&case);
            if !counts.count(&verdict, &case, &bench, &subgraphs) {
                let (subgraphs, data) = (subgraphs.clone(), data.clone());
                let failure = Failure { subgraphs, data, labels: labels.clone(), case };
                println!("{}", failure.shrink().page(&format!("Seed {seed}, operation {index}")));
            }
        }
    }
}

impl Counts {
    /// Counts a verdict; says whether all is well.
    fn count(
        &mut self,
        verdict: &Verdict,
        case: &Case,
        bench: &Bench,
        subgraphs: &[(String, String)],
    ) -> bool {
        match verdict {
            Verdict::Equal(plan) => {
                self.equal += 1;
                self.requests += plan.fetches.len();
                self.coverage.add(&bench.supergraph, plan, case, subgraphs);
                return true;
            }
            Verdict::Unplannable(_) => self.unplannable += 1,
            Verdict::Invalid(error) => {
                self.invalid += 1;
                println!("invalid: {error}\n{}\n", case.operation.text);
            }
            Verdict::Mismatch { .. } => self.mismatches += 1,
        }
        false
    }
}
