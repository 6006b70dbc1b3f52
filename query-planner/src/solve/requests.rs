//! The requests that a choice opens, as a set.
//!
//! Two entity fetches of one subgraph at equal depth become one request, so a request *is* its
//! (depth, subgraph) pair: uniting the sets of siblings prices what they share once.
//!
//! **Never here:** which fields travel in a request.
//!
//! **Holds:** sorted, without duplicates; depths are relative to the position they are priced at.

use super::StandingId;
use supergraph::{Id, SubgraphId};

/// A set of (depth, subgraph) pairs, with a place for requests that only this place shares.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Requests(Vec<(u32, u32, Option<StandingId>)>);

impl Requests {
    pub(crate) fn of(subgraph: SubgraphId, depth: u32) -> Self {
        Self(vec![(depth, number(subgraph), None)])
    }

    /// A request that is shared with those from the same place only.
    pub(crate) fn alone(subgraph: SubgraphId, depth: u32, place: StandingId) -> Self {
        Self(vec![(depth, number(subgraph), Some(place))])
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many subgraphs are asked; those that share with nobody count for each place.
    pub(crate) fn subgraphs(&self) -> usize {
        let request = |at: usize| (self.0[at].1, self.0[at].2);
        let is_new = |at: usize| (0..at).all(|before| request(before) != request(at));
        (0..self.0.len()).filter(|at| is_new(*at)).count()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same requests, `depth` later.
    pub(crate) fn later_by(&self, depth: u32) -> Self {
        Self(self.0.iter().map(|(at, subgraph, place)| (at + depth, *subgraph, *place)).collect())
    }

    /// The same requests, but the one to `subgraph` at depth `from` only at depth `to`.
    pub(crate) fn delayed(&self, subgraph: SubgraphId, from: u32, to: u32) -> Self {
        let mut delayed = self.clone();
        delayed.0.retain(|row| *row != (from, number(subgraph), None));
        delayed.unite(&Self::of(subgraph, to));
        delayed
    }

    /// Adds all of `other`.
    pub(crate) fn unite(&mut self, other: &Self) {
        if other.is_subset(self) {
            return;
        }
        let mut united = Self::default();
        united.set_union(self, other);
        *self = united;
    }

    /// Becomes what `a` and `b` have.
    pub(crate) fn set_union(&mut self, a: &Self, b: &Self) {
        self.0.clear();
        self.0.reserve(a.0.len() + b.0.len());
        let (mut a, mut b) = (a.0.as_slice(), b.0.as_slice());
        while let (Some(first), Some(second)) = (a.first(), b.first()) {
            self.0.push(*first.min(second));
            if first <= second {
                a = &a[1..];
            }
            if second <= first {
                b = &b[1..];
            }
        }
        self.0.extend_from_slice(a);
        self.0.extend_from_slice(b);
    }

    /// How many requests both have together.
    pub(crate) fn united_len(&self, other: &Self) -> usize {
        let (mut a, mut b) = (self.0.as_slice(), other.0.as_slice());
        let mut len = 0;
        while let (Some(first), Some(second)) = (a.first(), b.first()) {
            len += 1;
            let order = first.cmp(second);
            a = &a[usize::from(order.is_le())..];
            b = &b[usize::from(order.is_ge())..];
        }
        len + a.len() + b.len()
    }

    pub(crate) fn is_subset(&self, other: &Self) -> bool {
        if self.0.len() > other.0.len() {
            return false;
        }
        let mut rest = other.0.as_slice();
        self.0.iter().all(|pair| {
            while let Some((first, more)) = rest.split_first() {
                rest = more;
                match first.cmp(pair) {
                    std::cmp::Ordering::Less => {}
                    std::cmp::Ordering::Equal => return true,
                    std::cmp::Ordering::Greater => return false,
                }
            }
            false
        })
    }
}

fn number(subgraph: SubgraphId) -> u32 {
    u32::try_from(subgraph.index()).expect("an id fits 32 bits")
}
