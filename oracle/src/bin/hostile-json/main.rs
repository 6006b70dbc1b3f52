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

use oracle::{Chance, Stand};
use std::process::ExitCode;
use std::time::Duration;
use throw::{Counts, Target};

/// Rounds on every plan.
const ROUNDS: usize = 60;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str| -> Option<u64> {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse().ok()
    };
    let (begin, first) = (now(), number("--seed").unwrap_or(1));
    let until = number("--minutes").map(|minutes| Duration::from_secs(minutes * 60));
    let n_cases = number("--cases").unwrap_or(if until.is_some() { u64::MAX } else { 100_000 });
    let is_over = |counts: &Counts| {
        counts.rounds >= n_cases || until.is_some_and(|until| begin.elapsed() >= until)
    };
    let (mut counts, mut seed) = (Counts::default(), first);
    while !is_over(&counts) {
        throw_at(seed, &mut counts);
        seed += 1;
    }
    println!(
        "seeds {first} to {}: {} rounds with {} bodies, {} of them JSON, {} bytes; {} findings in {} s",
        seed - 1,
        counts.rounds,
        counts.bodies,
        counts.valid,
        counts.bytes,
        counts.findings,
        begin.elapsed().as_secs()
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

#[expect(clippy::disallowed_methods, reason = "no runtime to pause: real time bounds the run")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}
