//! Throws hostile bodies at the reader of requests, and compares what it reads with a plain model.
//!
//! `cargo test --release --test hostile_requests -- --minutes 60 --seed 7` runs for an hour;
//! without arguments it runs a fixed slice. `--replay FILE` reads one body again.
//!
//! **In:** arguments. **Out:** each finding, printed and as a file with the body under `--findings FOLDER`
//! (`target/findings`).
//!
//! **Holds:** a seed names a body. Both refuse, or both read the same.

#[path = "hostile_requests/bodies.rs"]
mod bodies;
#[path = "hostile_requests/model.rs"]
mod model;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use graphloom::pipeline::read_request;
use model::Parts;
use oracle::{Chance, LongRun};

/// How many bodies a plain test throws.
const SLICE: u64 = 60_000;

fn main() -> ExitCode {
    let run = match LongRun::of_arguments(SLICE) {
        Ok(run) => run,
        Err(why) => {
            say(&why);
            return ExitCode::FAILURE;
        }
    };
    if let Some(file) = run.word("--replay") {
        return replay(Path::new(file));
    }
    let folder = PathBuf::from(run.word("--findings").unwrap_or("target/findings"));
    let first = run.first_seed;
    let (mut seed, mut read, mut findings) = (first, 0_u64, 0_u64);
    while run.goes_on(seed - first) {
        let body = bodies::random(&mut Chance::new(seed));
        match check(&body) {
            Ok(was_read) => read += u64::from(was_read),
            Err(why) => {
                findings += 1;
                keep(&folder, seed, &body, &why);
            }
        }
        seed += 1;
    }
    let n = seed - first;
    say(&format!(
        "seeds {first} to {}: {read} of {n} bodies are requests; {findings} findings",
        seed - 1
    ));
    // Bodies of which nearly all or none were requests would prove nothing.
    let is_mixed = n < 1_000 || (n / 5..n * 4 / 5).contains(&read);
    if findings == 0 && is_mixed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether the body is a request.
fn check(body: &[u8]) -> Result<bool, String> {
    let read = match read_request(body) {
        Ok(envelope) => Some(Parts {
            query: envelope.query.map(Into::into),
            operation_name: envelope.operation_name.map(Into::into),
            variables: envelope.variables,
            extensions: envelope.extensions,
        }),
        Err(_) => None,
    };
    let expected = model::read(body);
    match read == expected {
        true => Ok(expected.is_some()),
        false => Err(format!("the model reads {expected:?}\nthe reader {read:?}")),
    }
}

fn keep(folder: &Path, seed: u64, body: &[u8], why: &str) {
    say(&format!("seed {seed}: {:?}\n{why}", String::from_utf8_lossy(body)));
    let file = folder.join(format!("hostile-requests-{seed}.json"));
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&file, body));
    match written {
        Ok(()) => say(&format!("kept in {}", file.display())),
        Err(error) => say(&format!("not kept in {}: {error}", file.display())),
    }
}

fn replay(file: &Path) -> ExitCode {
    let checked = std::fs::read(file).map_err(|error| error.to_string());
    match checked.and_then(|body| check(&body)) {
        Ok(_) => {
            say("the finding is gone");
            ExitCode::SUCCESS
        }
        Err(why) => {
            say(&why);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "a harness of its own prints")]
fn say(line: &str) {
    println!("{line}");
}
