//! A failing case, made small, and printed as a page.
//!
//! **In:** subgraphs, data, labels and a case that fails. **Out:** the same failure with less of
//! everything.
//!
//! **Never here:** deciding what fails (`case`).
//!
//! **Holds:** the kind of failure stays the same; a step that changes it is undone.
//!
//! **Read first:** [`Failure::shrink`].

mod page;
mod prune;

use crate::case::{Bench, Case, Verdict, compose_with};
use crate::operations::GeneratedOperation;
use crate::rules::Rule;
use apollo_compiler::ast::Document;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A case that fails, with all that it needs.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Name and SDL.
    pub subgraphs: Vec<(String, String)>,
    /// Objects and root values.
    pub data: Value,
    /// The labels that are on.
    pub labels: BTreeSet<String>,
    /// Who may see what.
    pub rules: Vec<Rule>,
    /// Operation, faults and caller.
    pub case: Case,
}

/// Tries at most, so that a shrink ends soon.
const TRIES: usize = 6000;

impl Failure {
    /// Runs it once more; none when it does not even compose.
    pub fn verdict(&self) -> Option<Verdict> {
        let supergraph = compose_with(&self.subgraphs, &self.rules).ok()?;
        let labels = self.labels.clone();
        let bench = Bench::new(&self.subgraphs, supergraph, &self.data, labels).ok()?;
        Some(bench.under(self.rules.clone()).run(&self.case))
    }

    /// The same failure with less of everything.
    #[must_use]
    pub fn shrink(self) -> Self {
        self.shrink_by(TRIES, &mut |failure| failure.verdict())
    }

    /// The same, for whoever finds its verdict in another way, with so many tries at most.
    #[must_use]
    pub fn shrink_by(self, most: usize, verdict: &mut dyn FnMut(&Self) -> Option<Verdict>) -> Self {
        let Some(kind) = verdict(&self).and_then(|verdict| kind(&verdict)) else { return self };
        let mut shrinking = Shrinking { best: self, kind, tries: 0, most, verdict };
        loop {
            let before = shrinking.tries;
            let changed = shrinking.operation()
                | shrinking.faults()
                | shrinking.rules()
                | shrinking.subgraphs()
                | shrinking.documents()
                | shrinking.data();
            if !changed || shrinking.tries >= most || before == shrinking.tries {
                return shrinking.best;
            }
        }
    }
}

/// What must not change: the kind of the failure.
fn kind(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Mismatch { why, ours, truth, .. } => {
            let why: String = why.chars().take(24).collect();
            // The first error as well: a case without a needed value fails for another reason.
            let error = |answer: &str| {
                let (_, rest) = answer.split_once("\"message\":\"")?;
                Some(rest.chars().take_while(|c| *c != '"' && *c != '`').collect::<String>())
            };
            Some(format!("{why} {:?} {:?}", error(ours), error(truth)))
        }
        Verdict::Unplannable(_) => Some("unplannable".to_owned()),
        Verdict::Equal(_) | Verdict::Invalid(_) => None,
    }
}

struct Shrinking<'v> {
    best: Failure,
    kind: String,
    tries: usize,
    most: usize,
    verdict: &'v mut dyn FnMut(&Failure) -> Option<Verdict>,
}

impl Shrinking<'_> {
    /// Keeps a smaller case if it fails alike.
    fn keep(&mut self, smaller: Failure) -> bool {
        self.tries += 1;
        let fails = self.tries < self.most
            && (self.verdict)(&smaller).is_some_and(|v| kind(&v).as_deref() == Some(&self.kind));
        if fails {
            self.best = smaller;
        }
        fails
    }

    fn operation(&mut self) -> bool {
        let (mut index, mut changed) = (0, false);
        loop {
            let text = self.best.case.operation.text.as_str();
            let Ok(mut document) = Document::parse(text, "operation.graphql") else { break };
            if !prune::operation(&mut document, index) {
                break;
            }
            prune::unused(&mut document);
            let mut smaller = self.best.clone();
            let text = document.to_string();
            let used = |name: &str| text.contains(&format!("${name}"));
            let variables: Map<String, Value> =
                smaller.case.operation.variables.into_iter().collect();
            let variables = variables.into_iter().filter(|(name, _)| used(name)).collect();
            smaller.case.operation = GeneratedOperation { text, variables };
            match self.keep(smaller) {
                true => changed = true,
                false => index += 1,
            }
        }
        changed
    }

    fn faults(&mut self) -> bool {
        let mut changed = false;
        for name in self.best.case.faults.keys().cloned().collect::<Vec<_>>() {
            let mut smaller = self.best.clone();
            smaller.case.faults.remove(&name);
            changed |= self.keep(smaller);
        }
        changed
    }

    fn rules(&mut self) -> bool {
        let (mut index, mut changed) = (0, false);
        while index < self.best.rules.len() {
            let mut smaller = self.best.clone();
            smaller.rules.remove(index);
            match self.keep(smaller) {
                true => changed = true,
                false => index += 1,
            }
        }
        changed
    }

    fn subgraphs(&mut self) -> bool {
        let (mut index, mut changed) = (0, false);
        while index < self.best.subgraphs.len() {
            let mut smaller = self.best.clone();
            smaller.subgraphs.remove(index);
            match self.keep(smaller) {
                true => changed = true,
                false => index += 1,
            }
        }
        changed
    }

    fn documents(&mut self) -> bool {
        let mut changed = false;
        for subgraph in 0..self.best.subgraphs.len() {
            let mut index = 0;
            loop {
                let sdl = self.best.subgraphs[subgraph].1.as_str();
                let Ok(mut document) = Document::parse(sdl, "subgraph.graphql") else { break };
                if !prune::schema(&mut document, index) {
                    break;
                }
                let mut smaller = self.best.clone();
                smaller.subgraphs[subgraph].1 = document.to_string();
                match self.keep(smaller) {
                    true => changed = true,
                    false => index += 1,
                }
            }
        }
        changed
    }

    fn data(&mut self) -> bool {
        let (mut index, mut changed) = (0, false);
        loop {
            let mut smaller = self.best.clone();
            if !prune::data(&mut smaller.data, index) {
                return changed;
            }
            match self.keep(smaller) {
                true => changed = true,
                false => index += 1,
            }
        }
    }
}
