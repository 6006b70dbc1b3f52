//! Throws hostile answers at both executors: `cargo run -p oracle --release --bin hostile-json -- --minutes 60`.
//!
//! **In:** `--minutes M` or `--cases N`, the first `--seed S`. **Out:** every finding with its seed and
//! the bodies; at the end how many bodies were thrown, and how many of them were JSON.
//!
//! **Holds:** a seed names a graph and all that is thrown at it. A body is JSON when `serde_json` says so.

#![expect(clippy::print_stdout, reason = "a command line tool prints")]

mod invent;
mod mutate;
mod throw;

use oracle::{Chance, LongRun, Stand};
use std::process::ExitCode;
use throw::{Counts, Target};

/// Rounds on every plan.
const ROUNDS: usize = 60;

fn main() -> ExitCode {
    let run = match LongRun::of_arguments(100_000) {
        Ok(run) => run,
        Err(why) => {
            println!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let (mut counts, mut seed) = (Counts::default(), run.first_seed);
    while run.goes_on(counts.rounds) {
        throw_at(seed, &mut counts);
        seed += 1;
    }
    println!(
        "seeds {} to {}: {} rounds with {} bodies, {} of them JSON, {} bytes; {} findings in {} s",
        run.first_seed,
        seed - 1,
        counts.rounds,
        counts.bodies,
        counts.valid,
        counts.bytes,
        counts.findings,
        run.seconds()
    );
    match counts.findings {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn throw_at(seed: u64, counts: &mut Counts) {
    let Ok(mut stand) = Stand::of(seed) else { return };
    let mut chance = Chance::new(seed);
    while let Some(case) = stand.next_case() {
        let Some(target) = Target::new(&stand.bench.supergraph, &case.operation) else { continue };
        for round in 0..ROUNDS {
            if let Err(finding) = target.throw(&mut chance, counts) {
                counts.findings += 1;
                println!("seed {seed}, round {round} on\n{}\n{finding}\n", case.operation.text);
            }
        }
    }
}
