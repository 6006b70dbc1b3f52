//! Composes a mutant, and holds the result to its laws.
//!
//! **In:** subgraphs. **Out:** [`Trial`]: whether it composed, what it took, and the law it broke.
//!
//! **Never here:** crashes of the process (the supervisor in `main` sees those).
//!
//! **Holds:** a mutant either composes to a supergraph that loads, prints as it was and is the same
//! for every order of its subgraphs; or is refused with errors that stand where they say.
//!
//! **Read first:** [`attempt`].

use crate::memory;
use composition::{Composed, CompositionFailure, SubgraphSource, compose};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;

/// Longer than this is a finding.
const SLOW: Duration = Duration::from_secs(5);
/// What every case may take, and what it may take for each byte of its schemas.
const MEMORY: (usize, usize) = (64 << 20, 2000);

/// Where the last panic happened; the hook writes it.
pub(crate) static PANIC: Mutex<String> = Mutex::new(String::new());

/// One composition.
pub(crate) struct Trial {
    pub(crate) composed: bool,
    pub(crate) took: Duration,
    pub(crate) peak: usize,
    /// The law that it broke, in one line.
    pub(crate) finding: Option<String>,
}

/// Composes the subgraphs under all laws.
pub(crate) fn attempt(subgraphs: &[SubgraphSource]) -> Trial {
    let before = memory::reset_peak();
    let start = processor_time();
    let result = catch_unwind(AssertUnwindSafe(|| compose(subgraphs)));
    let took = processor_time().saturating_sub(start);
    let peak = memory::peak().saturating_sub(before);
    let bytes: usize = subgraphs.iter().map(|subgraph| subgraph.sdl.len()).sum();
    let composed = matches!(result, Ok(Ok(_)));
    let judged = catch_unwind(AssertUnwindSafe(|| match &result {
        Ok(Ok(composed)) => composed_law(subgraphs, composed),
        Ok(Err(failure)) => refused_law(subgraphs, failure),
        Err(_) => Some(panicked("composing")),
    }));
    let mut finding = judged.unwrap_or_else(|_| Some(panicked("judging")));
    if took > SLOW {
        finding.get_or_insert(format!("slow: {took:.1?}"));
    }
    if peak > MEMORY.0 + MEMORY.1 * bytes {
        finding.get_or_insert(format!("memory: {} MiB for {bytes} bytes", peak >> 20));
    }
    Trial { composed, took, peak, finding }
}

/// The words of a finding before the first colon say which law; shrinking keeps them.
pub(crate) fn law(finding: &str) -> &str {
    // The place of a panic is part of its law.
    if finding.starts_with("panic") {
        finding
    } else {
        finding.split(':').next().unwrap_or(finding)
    }
}

#[expect(clippy::disallowed_methods, reason = "no runtime to pause: real time is what is measured")]
pub(crate) fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// What this thread has used of a processor (Linux): other work on the machine does not count.
fn processor_time() -> Duration {
    let status = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = status.split(' ').next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

fn panicked(doing: &str) -> String {
    let place = PANIC.lock().map(|place| place.clone()).unwrap_or_default();
    format!("panic while {doing}: {place}")
}

fn composed_law(subgraphs: &[SubgraphSource], composed: &Composed) -> Option<String> {
    let sdl = &composed.supergraph_sdl;
    let (loaded, connectors) = match composition::load(sdl) {
        Ok(loaded) => loaded,
        Err(error) => return Some(format!("does not load: {}", one_line(&error.to_string()))),
    };
    if connectors.iter().count() != composed.connectors.iter().count() {
        return Some("loads with other connectors".to_owned());
    }
    if loaded.subgraphs().len() != composed.supergraph.subgraphs().len() {
        return Some("loads with other subgraphs".to_owned());
    }
    if loaded.api_schema().to_string().is_empty() {
        return Some("no API schema".to_owned());
    }
    if let Some(broken) = round_trip(sdl) {
        return Some(broken);
    }
    match compose(&reversed(subgraphs)) {
        Ok(again) if again.supergraph_sdl != *sdl => {
            Some("order changes the supergraph".to_owned())
        }
        Ok(again) if hints(&again) != hints(composed) => Some("order changes the hints".to_owned()),
        Ok(_) => None,
        Err(_) => Some("order changes the verdict".to_owned()),
    }
}

/// Printed, loaded and printed again, it is the same text.
fn round_trip(sdl: &str) -> Option<String> {
    match apollo_compiler::ast::Document::parse(sdl, "supergraph.graphql") {
        Ok(document) => {
            let printed = composition::standard_form(&document);
            let differing = printed.lines().zip(sdl.lines()).find(|(left, right)| left != right);
            (printed != sdl).then(|| format!("does not survive printing: {differing:?}"))
        }
        Err(error) => Some(format!("does not parse: {}", one_line(&error.errors.to_string()))),
    }
}

fn refused_law(subgraphs: &[SubgraphSource], failure: &CompositionFailure) -> Option<String> {
    if failure.errors.is_empty() {
        return Some("refused without errors".to_owned());
    }
    let text = failure.to_string();
    for location in failure.errors.iter().flat_map(|error| &error.locations) {
        let alike = subgraphs.iter().filter(|subgraph| subgraph.name == location.subgraph);
        let stands = alike.into_iter().any(|subgraph| {
            let line = subgraph.sdl.split('\n').nth(location.line.wrapping_sub(1));
            line.is_some_and(|line| {
                line.trim_end_matches('\r').contains(&location.source_line)
                    && location.column >= 1
                    && location.column <= line.chars().count() + 1
            })
        });
        if !stands {
            let (line, column) = (location.line, location.column);
            return Some(format!("wrong location: {}:{line}:{column}", location.subgraph));
        }
    }
    match compose(&reversed(subgraphs)) {
        Ok(_) => Some("order changes the verdict".to_owned()),
        // Two subgraphs of one name have no order of their own.
        Err(again) if again.to_string() != text && !text.contains("[INVALID_SUBGRAPH_NAME]") => {
            Some("order changes the errors".to_owned())
        }
        Err(_) => None,
    }
}

fn hints(composed: &Composed) -> Vec<String> {
    composed.hints.iter().map(|hint| hint.to_string()).collect()
}

fn reversed(subgraphs: &[SubgraphSource]) -> Vec<SubgraphSource> {
    subgraphs.iter().rev().cloned().collect()
}

fn one_line(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join(" ")
}
