//! The requests that a choice opens, as a set.
//!
//! Two entity fetches of one subgraph at equal depth become one request, so a request *is* its
//! (depth, subgraph) pair: uniting the sets of siblings prices what they share once.
//!
//! **Never here:** which fields travel in a request.
//!
//! **Holds:** sorted, without duplicates; depths are relative to the position they are priced at. A
//! request is one number, so that a set of few needs no allocation and compares fast: the search does
//! little else.

use super::StandingId;
use smallvec::SmallVec;
use supergraph::{Id, SubgraphId};

/// A set of (depth, subgraph) pairs, with a place for requests that only this place shares.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Requests {
    rows: SmallVec<[Row; 4]>,
    /// A bit for each row, several rows to a bit: what lacks one of them is no superset.
    bits: u64,
}

/// Depth, subgraph and place, from the highest bits to the lowest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Row(u64);

impl Row {
    fn new(depth: u32, subgraph: SubgraphId, place: Option<StandingId>) -> Self {
        let depth = u64::from(depth.min(u32::from(u16::MAX)));
        // Only prices are off beyond these bounds.
        let subgraph = subgraph.index() as u64 & 0xffff;
        let place = place.map_or(0, |place| place.index() as u64 + 1) & 0xffff_ffff;
        Self(depth << 48 | subgraph << 32 | place)
    }

    fn later_by(self, depth: u32) -> Self {
        let later = (self.0 >> 48) + u64::from(depth);
        Self(later.min(u64::from(u16::MAX)) << 48 | self.0 & 0xffff_ffff_ffff)
    }

    /// Subgraph and place.
    fn request(self) -> u64 {
        self.0 & 0xffff_ffff_ffff
    }

    fn bit(self) -> u64 {
        1 << (self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58)
    }
}

impl Requests {
    pub(crate) fn of(subgraph: SubgraphId, depth: u32) -> Self {
        [Row::new(depth, subgraph, None)].into_iter().collect()
    }

    /// A request that is shared with those from the same place only.
    pub(crate) fn alone(subgraph: SubgraphId, depth: u32, place: StandingId) -> Self {
        [Row::new(depth, subgraph, Some(place))].into_iter().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many subgraphs are asked; those that share with nobody count for each place.
    pub(crate) fn subgraphs(&self) -> usize {
        let request = |at: usize| self.rows[at].request();
        let is_new = |at: usize| (0..at).all(|before| request(before) != request(at));
        (0..self.rows.len()).filter(|at| is_new(*at)).count()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The same requests, `depth` later.
    pub(crate) fn later_by(&self, depth: u32) -> Self {
        match depth {
            0 => self.clone(),
            _ => self.rows.iter().map(|row| row.later_by(depth)).collect(),
        }
    }

    /// The same requests, but the one to `subgraph` at depth `from` only at depth `to`.
    pub(crate) fn delayed(&self, subgraph: SubgraphId, from: u32, to: u32) -> Self {
        let early = Row::new(from, subgraph, None);
        let mut delayed: Self = self.rows.iter().copied().filter(|row| *row != early).collect();
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
    fn set_union(&mut self, a: &Self, b: &Self) {
        self.bits = a.bits | b.bits;
        self.rows.clear();
        let (mut a, mut b) = (a.rows.as_slice(), b.rows.as_slice());
        while let (Some(first), Some(second)) = (a.first(), b.first()) {
            self.rows.push(*first.min(second));
            let (left, right) = (first <= second, second <= first);
            a = &a[usize::from(left)..];
            b = &b[usize::from(right)..];
        }
        self.rows.extend_from_slice(a);
        self.rows.extend_from_slice(b);
    }

    pub(crate) fn is_subset(&self, other: &Self) -> bool {
        if self.bits & !other.bits != 0 || self.rows.len() > other.rows.len() {
            return false;
        }
        let mut rest = other.rows.iter();
        self.rows.iter().all(|row| rest.find(|theirs| *theirs >= row) == Some(row))
    }
}

/// All requests that the sets of one search can have, numbered in ascending order.
pub(crate) struct Numbering {
    rows: Vec<Row>,
}

/// A set of numbered requests, one bit each: the search unites and compares so many sets that it pays
/// to number them first. All masks of a numbering have the same number of words.
#[derive(Clone)]
pub(crate) struct Mask {
    words: SmallVec<[u64; 2]>,
}

impl Numbering {
    pub(crate) fn of<'r>(sets: impl Iterator<Item = &'r Requests>) -> Self {
        let mut rows: Vec<Row> = sets.flat_map(|set| &set.rows).copied().collect();
        rows.sort_unstable();
        rows.dedup();
        Self { rows }
    }

    pub(crate) fn mask(&self, set: &Requests) -> Mask {
        let mut words = SmallVec::from_elem(0, self.rows.len().div_ceil(64));
        for row in &set.rows {
            let number = self.rows.binary_search(row).expect("all sets were numbered");
            words[number / 64] |= 1 << (number % 64);
        }
        Mask { words }
    }

    pub(crate) fn requests(&self, mask: &Mask) -> Requests {
        let is_in = |number: usize| mask.words[number / 64] & 1 << (number % 64) != 0;
        let rows = self.rows.iter().enumerate().filter(|(number, _)| is_in(*number));
        rows.map(|(_, row)| *row).collect()
    }
}

impl Mask {
    /// How many requests both have together.
    pub(crate) fn united_len(&self, other: &Self) -> u32 {
        let words = self.words.iter().zip(&other.words);
        words.map(|(ours, theirs)| (ours | theirs).count_ones()).sum()
    }

    pub(crate) fn united(&self, other: &Self) -> Self {
        let mut words = SmallVec::from_slice(&self.words);
        words.iter_mut().zip(&other.words).for_each(|(ours, theirs)| *ours |= theirs);
        Self { words }
    }

    pub(crate) fn is_subset(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).all(|(ours, theirs)| ours & !theirs == 0)
    }
}

/// From rows in ascending order.
impl FromIterator<Row> for Requests {
    fn from_iter<T: IntoIterator<Item = Row>>(rows: T) -> Self {
        let rows: SmallVec<[Row; 4]> = rows.into_iter().collect();
        let bits = rows.iter().fold(0, |bits, row| bits | row.bit());
        Self { rows, bits }
    }
}
