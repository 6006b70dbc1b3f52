//! Random graphs, random operations, and the truth: `cargo run -p oracle --release -- --cases N --seed S`.
//!
//! **In:** `--cases N` (2000), `--seed S` (1), `--threads T` (1), `--check-coverage`.
//! **Out:** every failure as a small page with its seed, how often plans used each row of the
//! checklist, and counts.
//!
//! **Never here:** what a case is (`case`).
//!
//! **Holds:** a seed names a graph with all its cases; running a seed again gives the same.

#![expect(clippy::print_stdout, reason = "a command line tool prints")]

use oracle::{CASES_PER_GRAPH, Stand, Tally, Verdict};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// A line says how far it is whenever so many cases have run.
const PROGRESS: usize = 50_000;
/// Shrinking takes its time: of many failures only the first are made small.
const SHRUNK: usize = 5;
/// Operations nest deeper than a thread's usual stack.
const STACK: usize = 64 << 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str, default: u64| {
        let at = arguments.iter().position(|argument| argument == name);
        let value = at.and_then(|at| arguments.get(at + 1)).and_then(|text| text.parse().ok());
        value.unwrap_or(default)
    };
    let first = number("--seed", 1);
    let run = Run {
        cases: number("--cases", 2000) as usize,
        seed: AtomicU64::new(first),
        done: AtomicUsize::new(0),
        failures: AtomicUsize::new(0),
        started: Instant::now(),
    };
    let tally = run.in_threads(number("--threads", 1) as usize);
    println!("Seeds {first} to {}.", run.seed.load(Ordering::Relaxed) - 1);
    print!("{tally}");
    let missing = tally.coverage.missing();
    if !missing.is_empty() && arguments.iter().any(|argument| argument == "--check-coverage") {
        println!("no plan used the rows {missing:?}");
        return ExitCode::FAILURE;
    }
    match tally.failures() {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// A run of many cases.
struct Run {
    cases: usize,
    /// The next one.
    seed: AtomicU64,
    done: AtomicUsize,
    failures: AtomicUsize,
    started: Instant,
}

impl Run {
    fn in_threads(&self, threads: usize) -> Tally {
        let mut all = Tally::default();
        thread::scope(|scope| {
            let handles: Vec<_> = (0..threads.max(1))
                .map(|_| {
                    thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || self.work())
                })
                .collect();
            for handle in handles {
                let tally = handle.expect("a thread starts").join();
                all.add(tally.expect("the oracle does not panic"));
            }
        });
        all
    }

    fn work(&self) -> Tally {
        let mut tally = Tally::default();
        while self.done.load(Ordering::Relaxed) < self.cases {
            let seed = self.seed.fetch_add(1, Ordering::Relaxed);
            match Stand::of(seed) {
                Ok(stand) => self.run(stand, &mut tally),
                Err(why) => tally.count_uncomposed(seed, &why),
            }
        }
        tally
    }

    fn run(&self, mut stand: Stand, tally: &mut Tally) {
        tally.graphs += 1;
        while let Some(case) = stand.next_case() {
            let verdict = stand.bench.run(&case);
            if tally.count(&verdict, &case, &stand.bench) {
                continue;
            }
            let heading = format!("Seed {}, case {}", stand.seed, stand.given());
            if let Verdict::Invalid(why) = &verdict {
                println!("{heading} is not valid: {why}\n{}\n", case.operation.text);
                continue;
            }
            match self.failures.fetch_add(1, Ordering::Relaxed) < SHRUNK {
                true => println!("{}", stand.failure(case).shrink().page(&heading)),
                false => println!("{heading} fails too"),
            }
        }
        let before = self.done.fetch_add(CASES_PER_GRAPH, Ordering::Relaxed);
        let done = before + CASES_PER_GRAPH;
        if done / PROGRESS > before / PROGRESS {
            let speed = done as f64 / self.started.elapsed().as_secs_f64();
            let failures = self.failures.load(Ordering::Relaxed);
            println!(
                "{done} cases, up to seed {}, {failures} failures, {speed:.0} cases a second",
                stand.seed
            );
        }
    }
}
