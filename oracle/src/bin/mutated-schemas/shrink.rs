//! Makes a mutant smaller that breaks a law, and writes it as a page.
//!
//! **In:** a mutant and its finding. **Out:** a page with the smallest mutant found that breaks the
//! same law.
//!
//! **Never here:** mutants that end the process: those are written as they are.

use crate::laws::{attempt, law, now};
use crate::tokens::Tokens;
use composition::SubgraphSource;
use std::ops::Range;
use std::time::Duration;

/// How many compositions a finding is worth, and how long it may take.
const ATTEMPTS: usize = 600;
const TIME: Duration = Duration::from_secs(30);

/// Leaves out subgraphs, definitions, directives, then tokens, while the law stays broken.
pub(crate) fn shrink(mut subgraphs: Vec<SubgraphSource>, finding: &str) -> Vec<SubgraphSource> {
    let (mut left, start) = (ATTEMPTS, now());
    // Nothing when enough was tried.
    let mut fails = |subgraphs: &[SubgraphSource]| {
        left = left.checked_sub(1).filter(|_| start.elapsed() < TIME)?;
        Some(attempt(subgraphs).finding.is_some_and(|found| law(&found) == law(finding)))
    };
    let _spent = leave_out(&mut subgraphs, &mut fails);
    subgraphs
}

fn leave_out(
    subgraphs: &mut Vec<SubgraphSource>,
    fails: &mut impl FnMut(&[SubgraphSource]) -> Option<bool>,
) -> Option<()> {
    let mut at = 0;
    while at < subgraphs.len() {
        let mut fewer = subgraphs.clone();
        fewer.remove(at);
        if fails(&fewer)? { *subgraphs = fewer } else { at += 1 }
    }
    for index in 0..subgraphs.len() {
        leave_out_of(subgraphs, index, fails, |tokens| tokens.definitions())?;
        leave_out_of(subgraphs, index, fails, |tokens| tokens.directives())?;
        for size in [4096, 256, 16, 4, 1] {
            leave_out_of(subgraphs, index, fails, |tokens| {
                let starts = (0..tokens.0.len()).step_by(size);
                starts.map(|at| at..(at + size).min(tokens.0.len())).collect()
            })?;
        }
    }
    Some(())
}

/// From the back, so that earlier ranges stay where they were.
fn leave_out_of(
    subgraphs: &mut [SubgraphSource],
    index: usize,
    fails: &mut impl FnMut(&[SubgraphSource]) -> Option<bool>,
    ranges: impl Fn(&Tokens) -> Vec<Range<usize>>,
) -> Option<()> {
    let mut tokens = Tokens::of(&subgraphs[index].sdl);
    for range in ranges(&tokens).into_iter().rev() {
        let mut fewer = tokens.clone();
        let end = range.end.min(fewer.0.len());
        fewer.0.drain(range.start.min(end)..end);
        let kept = std::mem::replace(&mut subgraphs[index].sdl, fewer.text());
        match fails(subgraphs) {
            Some(true) => tokens = fewer,
            still => {
                subgraphs[index].sdl = kept;
                still?;
            }
        }
    }
    Some(())
}

/// A page in the form of `fixtures/composition`.
pub(crate) fn page(title: &str, finding: &str, subgraphs: &[SubgraphSource]) -> String {
    let mut page = format!("# {title}\n\n{finding}\n");
    for subgraph in subgraphs {
        page += &format!("\n```graphql subgraph={}\n{}\n```\n", subgraph.name, subgraph.sdl);
    }
    page
}
