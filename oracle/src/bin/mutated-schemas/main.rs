//! Composes mutated schemas: `cargo run -p oracle --release --bin mutated-schemas -- --minutes 60 --seed 1`.
//!
//! **In:** `--minutes M` or `--cases N`, the first `--seed S`, `--pages FOLDER` for what it finds,
//! and the folders to take graphs from; without any: the project's pages and schemas, and the
//! conformance cases beside the checkout when they are there.
//! **Out:** every finding with its seed, as a line and a page; at the end what it cost.
//!
//! **Holds:** a seed names a mutant as long as the folders stay the same. A worker composes; when it
//! dies or hangs, that is a finding, and the next worker goes on behind it.

#![expect(clippy::print_stdout, reason = "a command line tool prints")]

mod corpus;
mod laws;
mod memory;
mod mutate;
mod shrink;
mod tokens;

use corpus::Graph;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// A worker that says nothing for so long hangs. Far above what shrinking takes.
const SILENCE: Duration = Duration::from_secs(300);
/// What a thread of a server has.
const STACK: usize = 2 << 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let settings = Settings::of(&arguments);
    let corpus = corpus::graphs(&settings.folders);
    if corpus.is_empty() {
        println!("no graphs in {:?}", settings.folders);
        return ExitCode::FAILURE;
    }
    if arguments.iter().any(|argument| argument == "--worker") {
        return work(&settings, corpus);
    }
    println!("{} graphs; seeds from {}", corpus.len(), settings.seed);
    let counts = supervise(&settings, &corpus, &arguments);
    println!("{counts}");
    if counts.findings == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Settings {
    end: Option<Instant>,
    cases: u64,
    seed: u64,
    pages: PathBuf,
    folders: Vec<PathBuf>,
}

impl Settings {
    fn of(arguments: &[String]) -> Self {
        let mut settings = Self {
            end: None,
            cases: u64::MAX,
            seed: 1,
            pages: PathBuf::from("target/mutated-schemas"),
            folders: Vec::new(),
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut number = || arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
            match argument.as_str() {
                "--minutes" => {
                    settings.end = Some(laws::now() + Duration::from_secs(60 * number()))
                }
                "--cases" => settings.cases = number(),
                "--seed" => settings.seed = number(),
                "--pages" => {
                    settings.pages = arguments.next().map(PathBuf::from).unwrap_or_default()
                }
                "--worker" => {}
                folder => settings.folders.push(PathBuf::from(folder)),
            }
        }
        if settings.end.is_none() && settings.cases == u64::MAX {
            settings.cases = 10_000;
        }
        if settings.folders.is_empty() {
            settings.folders = usual_folders();
        }
        settings
    }
}

fn usual_folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders = vec![root.join("fixtures/composition"), root.join("schemas")];
    for name in ["composition", "federation-audit", "supergraphs"] {
        let folder = root.join("../shared/conformance").join(name);
        if folder.is_dir() {
            folders.push(folder);
        } else {
            println!("without {}, which is absent", folder.display());
        }
    }
    folders
}

#[derive(Default)]
struct Counts {
    cases: u64,
    composed: u64,
    findings: u64,
    total: Duration,
    slowest: (Duration, u64),
    largest: (usize, u64),
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cases, composed, findings, total, slowest, largest } = self;
        write!(
            f,
            "{cases} mutants, {composed} composed, {findings} findings; composing took {total:.1?}, the slowest {:.1?} (seed {}); peak memory of a mutant {} MiB (seed {})",
            slowest.0,
            slowest.1,
            largest.0 >> 20,
            largest.1
        )
    }
}

/// Starts workers until the time is over or the cases are done.
fn supervise(settings: &Settings, corpus: &[Graph], arguments: &[String]) -> Counts {
    let mut counts = Counts::default();
    let mut seed = settings.seed;
    let mut reported = laws::now();
    while let Some(mut worker) = start_worker(arguments, seed) {
        let lines = lines_of(&mut worker);
        let ended = loop {
            if settings.end.is_some_and(|end| laws::now() > end) || counts.cases >= settings.cases {
                let _ = worker.kill();
                let _ = worker.wait();
                return counts;
            }
            match lines.recv_timeout(SILENCE) {
                Ok(line) => counts.note(&line, &mut seed),
                Err(RecvTimeoutError::Timeout) => break "hangs",
                Err(RecvTimeoutError::Disconnected) => break "ends the process",
            }
            if reported.elapsed() > Duration::from_secs(60) {
                reported = laws::now();
                println!("{counts}");
            }
        };
        let _ = worker.kill();
        let _ = worker.wait();
        counts.findings += 1;
        counts.cases += 1;
        let (name, subgraphs) = mutate::mutant(corpus, seed);
        println!("finding: seed {seed} {ended} ({name})");
        write_page(settings, seed, &format!("{ended} ({name})"), &subgraphs);
        seed += 1;
    }
    counts
}

fn start_worker(arguments: &[String], seed: u64) -> Option<Child> {
    let mut command = Command::new(std::env::current_exe().ok()?);
    // The last one counts.
    command.args(arguments).args(["--worker", "--seed", &seed.to_string()]);
    command.stdout(Stdio::piped()).spawn().ok()
}

fn lines_of(worker: &mut Child) -> Receiver<String> {
    let (send, receive) = channel();
    if let Some(output) = worker.stdout.take() {
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
    }
    receive
}

impl Counts {
    fn note(&mut self, line: &str, seed: &mut u64) {
        let mut words = line.split(' ');
        let kind = words.next().unwrap_or_default();
        let mut number = || words.next().and_then(|word| word.parse().ok()).unwrap_or(0_u64);
        match kind {
            "start" => *seed = number(),
            "end" => {
                let (seed, took) = (number(), Duration::from_micros(number()));
                let peak = usize::try_from(number()).unwrap_or(usize::MAX);
                self.cases += 1;
                self.composed += number();
                self.total += took;
                self.slowest = self.slowest.max((took, seed));
                self.largest = self.largest.max((peak, seed));
            }
            _ => {
                self.findings += 1;
                println!("{line}");
            }
        }
    }
}

/// Composes one mutant after the other until it is stopped.
fn work(settings: &Settings, corpus: Vec<Graph>) -> ExitCode {
    std::panic::set_hook(Box::new(|info| {
        if let Ok(mut place) = laws::PANIC.lock() {
            *place = info.to_string().lines().collect::<Vec<_>>().join(" ");
        }
    }));
    let (first, pages) = (
        settings.seed,
        Settings { folders: Vec::new(), pages: settings.pages.clone(), ..*settings },
    );
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        for seed in first.. {
            println!("start {seed}");
            let (name, subgraphs) = mutate::mutant(&corpus, seed);
            let trial = laws::attempt(&subgraphs);
            let composed = u8::from(trial.composed);
            if let Some(finding) = &trial.finding {
                let finding_and_name = format!("{finding} ({name})");
                println!("finding: seed {seed} {finding_and_name}");
                let smaller = shrink::shrink(subgraphs, finding);
                write_page(&pages, seed, &finding_and_name, &smaller);
            }
            println!("end {seed} {} {} {composed}", trial.took.as_micros(), trial.peak);
        }
    });
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn write_page(
    settings: &Settings,
    seed: u64,
    finding: &str,
    subgraphs: &[composition::SubgraphSource],
) {
    let file = settings.pages.join(format!("{seed}.md"));
    let page = shrink::page(&format!("Seed {seed}"), finding, subgraphs);
    let written =
        std::fs::create_dir_all(&settings.pages).and_then(|()| std::fs::write(&file, page));
    if let Err(error) = written {
        println!("{} cannot be written: {error}", file.display());
    }
}
