//! Throws hostile values at the renderer: `cargo run -p oracle --release --bin hostile-values -- --minutes 60`.
//!
//! **In:** `--minutes M` or `--cases N`, the first `--seed S`; or `--replay FILE`.
//! **Out:** every finding, printed and as a file under `--findings FOLDER` (`target/findings`); at the end how much was
//! thrown.
//!
//! **Holds:** a seed names an operation and all values. A response has to be JSON, says `serde_json`; its
//! data have to be what a plain model says, byte for byte; and both executors have to write the same.

#![expect(clippy::print_stdout, reason = "a command line tool prints")]

mod answers;
mod check;
mod model;
mod world;

use check::{Finding, Target};
use oracle::LongRun;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let run = match LongRun::of_arguments(100_000) {
        Ok(run) => run,
        Err(why) => {
            println!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let target = Target::new();
    if let Some(file) = run.word("--replay") {
        return replay(&target, Path::new(file));
    }
    let folder = PathBuf::from(run.word("--findings").unwrap_or("target/findings"));
    let first = run.first_seed;
    let (mut seed, mut bytes, mut findings) = (first, 0, 0_u64);
    while run.goes_on(seed - first) {
        match target.throw(seed) {
            Ok(thrown) => bytes += thrown,
            Err(finding) => {
                findings += 1;
                keep(&folder, &finding);
            }
        }
        seed += 1;
    }
    let seconds = run.seconds();
    println!(
        "seeds {first} to {}: {bytes} bytes of answers; {findings} findings in {seconds} s",
        seed - 1
    );
    if findings == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints a finding and writes it to a file of its own.
fn keep(folder: &Path, finding: &Finding) {
    println!("{finding}\n");
    let file = folder.join(format!("hostile-values-{}.txt", finding.seed));
    let written =
        std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&file, finding.to_file()));
    match written {
        Ok(()) => println!("kept in {}", file.display()),
        Err(error) => println!("not kept in {}: {error}", file.display()),
    }
}

fn replay(target: &Target, file: &Path) -> ExitCode {
    match std::fs::read_to_string(file).map(|text| target.replay(&text)) {
        Ok(Ok(())) => {
            println!("the finding is gone");
            ExitCode::SUCCESS
        }
        Ok(Err(why)) => {
            println!("{why}");
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("{} cannot be read: {error}", file.display());
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check::Target;

    #[test]
    fn the_first_seeds_give_what_the_model_says() {
        let target = Target::new();
        for seed in 1..600 {
            let thrown = target.throw(seed);
            assert!(
                thrown.is_ok(),
                "{}",
                thrown.err().map(|it| it.to_string()).unwrap_or_default()
            );
        }
    }

    #[test]
    fn a_finding_can_be_replayed_from_its_file() {
        let target = Target::new();
        let finding = target.finding(7, "for a test");
        assert!(finding.to_file().contains("\"operation\""));
        assert_eq!(target.replay(&finding.to_file()), Ok(()));
        let spoiled = finding.to_file().replacen("\"data\": \"", "\"data\": \"7", 1);
        assert!(target.replay(&spoiled).is_err(), "{spoiled}");
    }
}
