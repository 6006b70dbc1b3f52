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

/// Leaves out subgraphs, definitions, then lines of tokens, while the law stays broken.
pub(crate) fn shrink(mut subgraphs: Vec<SubgraphSource>, finding: &str) -> Vec<SubgraphSource> {
    let (mut left, start) = (ATTEMPTS, now());
    let mut fails = |subgraphs: &[SubgraphSource]| {
        left = left.saturating_sub(1);
        let goes_on = left > 0 && start.elapsed() < TIME;
        goes_on && attempt(subgraphs).finding.is_some_and(|found| law(&found) == law(finding))
    };
    let mut at = 0;
    while at < subgraphs.len() {
        let mut fewer = subgraphs.clone();
        fewer.remove(at);
        if fails(&fewer) { subgraphs = fewer } else { at += 1 }
    }
    for index in 0..subgraphs.len() {
        shrink_by(&mut subgraphs, index, &mut fails, |tokens| tokens.definitions());
        shrink_by(&mut subgraphs, index, &mut fails, |tokens| tokens.directives());
        for size in [16, 4, 1] {
            let chunks = |tokens: &Tokens| {
                (0..tokens.0.len())
                    .step_by(size)
                    .map(|at| at..(at + size).min(tokens.0.len()))
                    .collect()
            };
            shrink_by(&mut subgraphs, index, &mut fails, chunks);
        }
    }
    subgraphs
}

/// From the back, so that earlier ranges stay where they were.
fn shrink_by(
    subgraphs: &mut [SubgraphSource],
    index: usize,
    fails: &mut impl FnMut(&[SubgraphSource]) -> bool,
    ranges: impl Fn(&Tokens) -> Vec<Range<usize>>,
) {
    let mut tokens = Tokens::of(&subgraphs[index].sdl);
    for range in ranges(&tokens).into_iter().rev() {
        let mut fewer = tokens.clone();
        let end = range.end.min(fewer.0.len());
        fewer.0.drain(range.start.min(end)..end);
        let kept = std::mem::replace(&mut subgraphs[index].sdl, fewer.text());
        if fails(subgraphs) { tokens = fewer } else { subgraphs[index].sdl = kept }
    }
}

/// A page in the form of `fixtures/composition`.
pub(crate) fn page(title: &str, finding: &str, subgraphs: &[SubgraphSource]) -> String {
    let mut page = format!("# {title}\n\n{finding}\n");
    for subgraph in subgraphs {
        page += &format!("\n```graphql subgraph={}\n{}\n```\n", subgraph.name, subgraph.sdl);
    }
    page
}
