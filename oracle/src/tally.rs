//! Counts of a run, from as many threads as there are.
//!
//! **In:** verdicts. **Out:** what is printed at the end.
//!
//! **Never here:** running anything (`case`).
//!
//! **Read first:** [`Tally`].

use crate::case::{Bench, Case, Verdict};
use crate::coverage::Coverage;
use std::collections::BTreeMap;
use std::fmt;

/// What came of many cases.
#[derive(Debug, Default)]
pub struct Tally {
    /// Graphs that composed and were used.
    pub graphs: usize,
    /// Cases run.
    pub cases: usize,
    /// Those of them with faults.
    pub faulty: usize,
    /// Requests of the plans.
    pub requests: usize,
    /// Operations that the planner refused.
    pub unplannable: usize,
    /// Operations that are not valid: the generator is at fault.
    pub invalid: usize,
    /// Answers that are not the truth.
    pub mismatches: usize,
    /// Rows of the checklist that plans used.
    pub coverage: Coverage,
    /// Graphs that did not compose: how many for which reason, and the first seed.
    pub uncomposed: BTreeMap<String, (usize, u64)>,
}

impl Tally {
    /// Counts a verdict; says whether all is well.
    pub fn count(&mut self, verdict: &Verdict, case: &Case, bench: &Bench) -> bool {
        self.cases += 1;
        self.faulty += usize::from(!case.faults.is_empty());
        match verdict {
            Verdict::Equal(plan) => {
                self.requests += plan.fetches.len();
                self.coverage.add(bench, plan, case);
                return true;
            }
            Verdict::Unplannable(_) => self.unplannable += 1,
            Verdict::Invalid(_) => self.invalid += 1,
            Verdict::Mismatch { .. } => self.mismatches += 1,
        }
        false
    }

    /// Counts a graph that does not compose.
    pub fn count_uncomposed(&mut self, seed: u64, why: &str) {
        let line = why.lines().next().unwrap_or_default();
        let reason = line.split_once("]:").map_or(line, |(code, _)| code);
        let (count, first) = self.uncomposed.entry(reason.to_owned()).or_insert((0, seed));
        *count += 1;
        *first = seed.min(*first);
    }

    /// Cases that failed.
    pub fn failures(&self) -> usize {
        self.mismatches + self.invalid + self.unplannable
    }

    /// Adds the counts of another thread.
    pub fn add(&mut self, other: Self) {
        self.graphs += other.graphs;
        self.cases += other.cases;
        self.faulty += other.faulty;
        self.requests += other.requests;
        self.unplannable += other.unplannable;
        self.invalid += other.invalid;
        self.mismatches += other.mismatches;
        self.coverage.merge(other.coverage);
        for (reason, (count, seed)) in other.uncomposed {
            let known = self.uncomposed.entry(reason).or_insert((0, seed));
            *known = (known.0 + count, known.1.min(seed));
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { graphs, cases, faulty, requests, unplannable, invalid, mismatches, .. } = self;
        writeln!(
            f,
            "{cases} cases on {graphs} graphs ({faulty} under faults, {requests} requests): \
             {mismatches} mismatches, {unplannable} unplannable, {invalid} invalid"
        )?;
        for (reason, (count, seed)) in &self.uncomposed {
            writeln!(f, "not used: {count} graphs, the first of seed {seed}: {reason}")?;
        }
        write!(f, "How many plans used each row of the checklist:\n{}", self.coverage)
    }
}
