//! Random graphs, random operations, and the truth: `cargo run -p oracle --release -- --cases N --seed S`.
//!
//! **In:** `--cases N` (2000), `--seed S` (1), `--threads T` (1), `--check-coverage`, `--authorization` (random access
//! rules, random callers); or one of
//! `--sabotage NAME` (or `all`) and `--compare-exhaustive`.
//! **Out:** every failure as a small page with its seed, how often plans used each row of the
//! checklist, and counts; or after how many cases a mistake made on purpose is found; or how much
//! dearer plans are than the best there are.
//!
//! **Never here:** what a case is (`case`).
//!
//! **Holds:** a seed names a graph with all its cases; running a seed again gives the same.

#![expect(clippy::print_stdout, reason = "a command line tool prints")]

use oracle::{Access, CASES_PER_GRAPH, Optimum, Sabotage, Stand, Tally, Verdict};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

/// A line says how far it is whenever so many cases have run.
const PROGRESS: usize = 50_000;
/// Shrinking takes its time: of many failures only the first are made small.
const SHRUNK: usize = 5;
/// Operations nest deeper than a thread's usual stack.
const STACK: usize = 64 << 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let text = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).map(String::as_str)
    };
    let number =
        |name: &str, default: u64| text(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (cases, first) = (number("--cases", 2000) as usize, number("--seed", 1));
    if let Some(name) = text("--sabotage") {
        return sabotage(name, cases, first);
    }
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let access = if has("--authorization") { Access::Ruled } else { Access::Open };
    let run = Run {
        cases,
        access,
        seed: AtomicU64::new(first),
        done: AtomicUsize::new(0),
        failures: AtomicUsize::new(0),
    };
    let threads = number("--threads", 1) as usize;
    if has("--compare-exhaustive") {
        return run.compare(threads);
    }
    let mut tally = Tally::default();
    run.in_threads(threads, Run::work).into_iter().for_each(|counted| tally.add(counted));
    println!("Seeds {first} to {}.", run.seed.load(Ordering::Relaxed) - 1);
    print!("{tally}");
    let missing = tally.coverage.missing(access);
    if !missing.is_empty() && has("--check-coverage") {
        println!("no plan used the rows {missing:?}");
        return ExitCode::FAILURE;
    }
    match tally.failures() {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Makes a mistake in every plan until it is found.
fn sabotage(name: &str, cases: usize, first: u64) -> ExitCode {
    let chosen: Vec<Sabotage> =
        Sabotage::ALL.into_iter().filter(|known| name == "all" || known.name() == name).collect();
    // A plan may be so wrong that the executor gives up.
    std::panic::set_hook(Box::new(|_| ()));
    let mut found = !chosen.is_empty();
    for sabotage in chosen {
        match sabotage.found_after(first, cases) {
            Some((cases, why)) => println!("{sabotage:<22} found in case {cases}: {why}"),
            None => {
                println!("{sabotage:<22} not found in {cases} cases");
                found = false;
            }
        }
    }
    if found { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A run of many cases.
struct Run {
    cases: usize,
    access: Access,
    /// The next one.
    seed: AtomicU64,
    done: AtomicUsize,
    failures: AtomicUsize,
}

impl Run {
    fn in_threads<T: Send>(&self, threads: usize, work: impl Fn(&Self) -> T + Sync) -> Vec<T> {
        let work = &work;
        thread::scope(|scope| {
            let start = |_| {
                let thread = thread::Builder::new().stack_size(STACK);
                thread.spawn_scoped(scope, move || work(self)).expect("a thread starts")
            };
            let handles: Vec<_> = (0..threads.max(1)).map(start).collect();
            let done = handles.into_iter().map(|handle| handle.join());
            done.map(|ended| ended.expect("the oracle does not panic")).collect()
        })
    }

    /// Compares plans of small operations with the best there are.
    fn compare(&self, threads: usize) -> ExitCode {
        let counted = self.in_threads(threads, |run| {
            let mut optimum = Optimum::default();
            while run.done.fetch_add(CASES_PER_GRAPH, Ordering::Relaxed) < run.cases {
                let seed = run.seed.fetch_add(1, Ordering::Relaxed);
                if let Ok(mut stand) = Stand::of(seed) {
                    optimum.compare(&mut stand, CASES_PER_GRAPH);
                }
            }
            optimum
        });
        let mut optimum = Optimum::default();
        counted.into_iter().for_each(|counted| optimum.add(counted));
        print!("{optimum}");
        if optimum.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn work(&self) -> Tally {
        let mut tally = Tally::default();
        while self.done.load(Ordering::Relaxed) < self.cases {
            let seed = self.seed.fetch_add(1, Ordering::Relaxed);
            match Stand::with(seed, self.access) {
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
            let failures = self.failures.load(Ordering::Relaxed);
            println!("{done} cases, up to seed {}, {failures} failures", stand.seed);
        }
    }
}
