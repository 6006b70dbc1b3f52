//! Random graphs that are partly REST services, through a real gateway, compared with the truth.
//!
//! `cargo test --release --test rest_sources -- --minutes 60 --seed 7` runs for an hour; without arguments it runs a
//! fixed slice.
//!
//! **In:** arguments. **Out:** each failure as a small page.
//!
//! **Holds:** a seed names a graph with all its cases.

#[path = "rest_sources/graphs.rs"]
mod graphs;
#[path = "rest_sources/world.rs"]
mod world;
#[path = "rest_sources/server.rs"]
mod server;
#[path = "rest_sources/connectors.rs"]
mod connectors;
#[path = "rest_sources/faults.rs"]
mod faults;
#[path = "rest_sources/endpoint.rs"]
mod endpoint;
#[path = "rest_sources/inputs.rs"]
mod inputs;
#[path = "rest_sources/selection.rs"]
mod selection;
#[path = "rest_sources/shape.rs"]
mod shape;
#[path = "rest_sources/subgraph.rs"]
mod subgraph;
#[path = "rest_sources/chances.rs"]
mod chances;

use std::process::ExitCode;
use std::thread;

use graphs::Run;
use oracle::LongRun;

/// How many cases a plain test runs.
const SLICE: u64 = 200;
/// Operations nest deeper than a thread's usual stack.
const STACK: usize = 64 << 20;

fn main() -> ExitCode {
    let long = match LongRun::of_arguments(SLICE) {
        Ok(long) => long,
        Err(why) => {
            say(&why);
            return ExitCode::FAILURE;
        }
    };
    let thread = thread::Builder::new().stack_size(STACK);
    let running = thread.spawn(move || Run::of(&long)).expect("a thread starts");
    match running.join() {
        Ok(run) if run.is_good() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

#[expect(clippy::print_stdout, reason = "a harness of its own prints")]
fn say(line: &str) {
    println!("{line}");
}
