//! The requests that a choice opens, as a set.
//!
//! Two entity fetches of one subgraph at equal depth become one request, so a request *is* its
//! (depth, subgraph) pair: uniting the sets of siblings prices what they share once.
//!
//! **Never here:** which fields travel in a request.
//!
//! **Holds:** sorted, without duplicates; depths are relative to the position they are priced at.

use supergraph::{Id, SubgraphId};

/// A set of (depth, subgraph) pairs.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Requests(Vec<(u32, u32)>);

impl Requests {
    pub(crate) fn of(subgraph: SubgraphId, depth: u32) -> Self {
        Self(vec![(depth, number(subgraph))])
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same requests, `depth` later.
    pub(crate) fn later_by(&self, depth: u32) -> Self {
        Self(self.0.iter().map(|(at, subgraph)| (at + depth, *subgraph)).collect())
    }

    /// The same requests, but the one to `subgraph` at depth `from` only at depth `to`.
    pub(crate) fn delayed(&self, subgraph: SubgraphId, from: u32, to: u32) -> Self {
        let mut delayed = self.clone();
        delayed.0.retain(|pair| *pair != (from, number(subgraph)));
        delayed.unite(&Self::of(subgraph, to));
        delayed
    }

    /// Adds all of `other`.
    pub(crate) fn unite(&mut self, other: &Self) {
        if other.0.is_empty() {
            return;
        }
        self.0.extend_from_slice(&other.0);
        self.0.sort_unstable();
        self.0.dedup();
    }

    pub(crate) fn is_subset(&self, other: &Self) -> bool {
        let mut rest = other.0.iter();
        self.0.iter().all(|pair| rest.any(|theirs| theirs == pair))
    }
}

fn number(subgraph: SubgraphId) -> u32 {
    u32::try_from(subgraph.index()).expect("an id fits 32 bits")
}
