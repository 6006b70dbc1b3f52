//! A graph with data behind it and the cases that are run on it, all from one seed.
//!
//! **In:** a seed. **Out:** a [`Stand`], which gives its cases one after the other.
//!
//! **Never here:** running a case (`case`), counting (`tally`).
//!
//! **Holds:** a seed gives the same graph, data, labels, operations and faults on every machine.
//!
//! **Read first:** [`Stand::of`].

use crate::case::{Bench, Case, compose, compose_with, composed_sdl};
use crate::chance::Chance;
use crate::generate::Graph;
use crate::misfortune::misfortune;
use crate::objects::objects;
use crate::operations::{operation, small_operation};
use crate::rules::{Access, Caller, rules};
use crate::shrink::Failure;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Cases of one graph: so many graphs stand behind a million cases that luck with one is no luck.
pub const CASES_PER_GRAPH: usize = 20;

/// Every so many-th case is the one before under faults.
const FAULTY: usize = 5;

/// Graphs tried for one seed.
const TRIES: usize = 20;

/// A composed graph, its data, and its cases.
pub struct Stand {
    /// What it was made from.
    pub seed: u64,
    /// Name and SDL.
    pub subgraphs: Vec<(String, String)>,
    /// Runs cases.
    pub bench: Bench,
    data: Value,
    chance: Chance,
    given: usize,
    last: Option<Case>,
}

impl Stand {
    /// Makes a graph and puts data behind it. Some graphs do not compose; then the next is tried.
    ///
    /// # Errors
    /// When none of many graphs composes: why the last did not.
    pub fn of(seed: u64) -> Result<Self, String> {
        Self::with(seed, Access::Open)
    }

    /// The same, perhaps with access rules.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn with(seed: u64, access: Access) -> Result<Self, String> {
        let mut chance = Chance::new(seed);
        let mut failure = String::new();
        for _ in 0..TRIES {
            match Self::try_of(seed, chance.fork(), access) {
                Ok(stand) => return Ok(stand),
                Err(why) => failure = why,
            }
        }
        Err(failure)
    }

    /// One graph.
    ///
    /// # Errors
    /// When it does not compose, or no data fit it: why.
    pub fn try_of(seed: u64, mut chance: Chance, access: Access) -> Result<Self, String> {
        let subgraphs = Graph::generate(&mut chance).subgraphs_sdl();
        let mut supergraph = compose(&subgraphs)?;
        let data = objects(&supergraph, &mut chance).map_err(|why| format!("no data: {why}"))?;
        let labels = Bench::labels_of(&subgraphs);
        let labels: BTreeSet<String> = labels.into_iter().filter(|_| chance.percent(50)).collect();
        // Drawn last, so that a seed names the same graph, data and labels without them.
        let rules = match access {
            Access::Open => Vec::new(),
            Access::Ruled => rules(&supergraph, &mut chance),
        };
        if !rules.is_empty() {
            supergraph = compose_with(&subgraphs, &rules)?;
        }
        let bench = Bench::new(&subgraphs, supergraph, &data, labels)?.under(rules);
        Ok(Self { seed, subgraphs, bench, data, chance, given: 0, last: None })
    }

    /// The next of its cases; none after the last.
    pub fn next_case(&mut self) -> Option<Case> {
        if self.given == CASES_PER_GRAPH {
            return None;
        }
        self.given += 1;
        let again = self.last.take().filter(|_| self.given.is_multiple_of(FAULTY));
        let case = match again {
            Some(case) => {
                let faults = misfortune(&self.bench.supergraph, &self.data, &mut self.chance);
                Case { faults, ..case }
            }
            None => {
                let operation = operation(self.bench.supergraph.api_schema(), &mut self.chance);
                let caller = match self.bench.rules.as_slice() {
                    [] => Caller::default(),
                    rules => Caller::random(rules, &mut self.chance),
                };
                Case { operation, faults: BTreeMap::new(), caller }
            }
        };
        self.last = Some(case.clone());
        Some(case)
    }

    /// A case so small that every way to plan it can be tried; there is no end of them.
    pub fn small_case(&mut self) -> Case {
        let operation = small_operation(self.bench.supergraph.api_schema(), &mut self.chance);
        Case { operation, faults: BTreeMap::new(), caller: Caller::default() }
    }

    /// The document of the supergraph, rules included; `url` says where a subgraph answers.
    ///
    /// # Errors
    /// When the subgraphs don't compose, as they did before.
    pub fn supergraph_sdl(&self, url: impl Fn(&str) -> String) -> Result<String, String> {
        composed_sdl(&self.subgraphs, &self.bench.rules, &|name| Some(url(name)))
    }

    /// How many cases it has given.
    pub fn given(&self) -> usize {
        self.given
    }

    /// A case of this graph that failed, with all that it needs.
    pub fn failure(&self, case: Case) -> Failure {
        let (subgraphs, data) = (self.subgraphs.clone(), self.data.clone());
        let (labels, rules) = (self.bench.labels().clone(), self.bench.rules.clone());
        Failure { subgraphs, data, labels, rules, case }
    }
}
