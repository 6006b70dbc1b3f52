//! What composing costs: `cargo bench -p composition -- FOLDER...`; beside a rival: `benches/compose`.
//!
//! **In:** folders with a `subgraphs.json`: `[{ name, url, file }]`.
//! **Out:** a line a folder, separated by tabs: name, milliseconds of the best of three runs, peak
//! memory of the process so far in MiB, verdict.
//!
//! **Never here:** the rival (`benches/rivals/apollo`), which prints the same lines.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use composition::{SubgraphSource, compose};
use std::{error::Error, path::Path, time::Instant};

const RUNS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    for folder in std::env::args().skip(1).filter(|argument| !argument.starts_with("--")) {
        let folder = Path::new(&folder);
        let sources = read(folder)?;
        let mut best = f64::INFINITY;
        let mut verdict = String::new();
        for _ in 0..RUNS {
            let start = now();
            let result = compose(&sources);
            best = best.min(start.elapsed().as_secs_f64() * 1000.0);
            verdict = match result {
                Ok(_) => "composed".to_owned(),
                Err(failure) => format!("{} errors", failure.errors.len()),
            };
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        println!("{name}\t{best:.1}\t{}\t{verdict}", peak_memory()?);
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "no runtime to pause: real time is what is measured")]
fn now() -> Instant {
    Instant::now()
}

fn read(folder: &Path) -> Result<Vec<SubgraphSource>, Box<dyn Error>> {
    let rows = std::fs::read_to_string(folder.join("subgraphs.json"))?;
    let rows: serde_json::Value = serde_json::from_str(&rows)?;
    let mut sources = Vec::new();
    for row in rows.as_array().into_iter().flatten() {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        sources.push(SubgraphSource {
            name: text("name"),
            url: Some(text("url")),
            sdl: std::fs::read_to_string(folder.join(text("file")))?,
            file: Some(text("file")),
        });
    }
    Ok(sources)
}

/// The most memory that the process ever held, in MiB (Linux).
fn peak_memory() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? / 1024)
}
