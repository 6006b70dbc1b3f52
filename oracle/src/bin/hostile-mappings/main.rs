//! Throws mappings at the mapping language: `cargo run -p oracle --release --bin hostile-mappings -- --minutes 60`.
//!
//! **In:** `--minutes M` or `--cases N`, and the first `--seed S`.
//! **Out:** every finding, printed; at the end how much was thrown.
//!
//! **Holds:** a seed names a mapping and its inputs. A mapping that was written here has to be read,
//! to print in the one canonical form, to give what a slow reference gives, with as many problems,
//! in the shape that was known before; a damaged one may be refused, but has to print and evaluate
//! as itself. Nothing may panic.

#![expect(clippy::print_stdout, reason = "a command line tool prints")]

mod throw;
mod invent;
mod fitting;
mod mutate;
mod write;
mod slow;
mod slow_methods;
mod model;

use oracle::LongRun;
use std::process::ExitCode;
use throw::{Thrown, throw};

fn main() -> ExitCode {
    let run = match LongRun::of_arguments(100_000) {
        Ok(run) => run,
        Err(why) => {
            println!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let first = run.first_seed;
    let (mut seed, mut n_bytes, mut n_values, mut n_read, mut n_findings) = (first, 0, 0, 0, 0_u64);
    while run.goes_on(seed - first) {
        match throw(seed) {
            Ok(Thrown { n_bytes: bytes, has_value, was_read }) => {
                n_bytes += bytes;
                n_values += u64::from(has_value);
                n_read += u64::from(was_read);
            }
            Err(finding) => {
                n_findings += 1;
                println!("{finding}\n");
            }
        }
        seed += 1;
    }
    println!(
        "seeds {first} to {}: {n_bytes} bytes of mappings, {n_read} read, {n_values} with a value compared; {n_findings} findings in {} s",
        seed - 1,
        run.seconds()
    );
    if n_findings == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::throw::throw;

    #[test]
    fn the_first_seeds_give_what_the_reference_gives() {
        let (mut n_values, mut n_read) = (0, 0);
        for seed in 1..4_000 {
            match throw(seed) {
                Ok(thrown) => {
                    n_values += u64::from(thrown.has_value);
                    n_read += u64::from(thrown.was_read);
                }
                Err(finding) => panic!("{finding}"),
            }
        }
        assert!(n_values > 1_000 && n_read > 2_000, "{n_values} values of {n_read} read");
    }
}
