//! Sets of ids as bits.
//!
//! **Never here:** ordering by anything but the id.
//!
//! **Holds:** no zero words at either end, so that equal sets are equal bytes and hash alike. Words
//! start where the first id is: a set of near neighbors needs no allocation, whatever their ids.

use crate::id::Id;
use smallvec::SmallVec;
use std::{fmt, marker::PhantomData};

type Words = SmallVec<[u64; 2]>;

/// A set of ids, one bit each.
pub struct IdSet<I> {
    /// The number of the first word; 0 for the empty set.
    first: u32,
    words: Words,
    id: PhantomData<fn() -> I>,
}

impl<I: Id> IdSet<I> {
    /// The empty set.
    pub const fn new() -> Self {
        Self { first: 0, words: SmallVec::new_const(), id: PhantomData }
    }

    /// The set of one id.
    pub fn of(id: I) -> Self {
        let mut set = Self::new();
        set.insert(id);
        set
    }

    /// Adds an id; says whether it was missing.
    pub fn insert(&mut self, id: I) -> bool {
        let (word, bit) = place(id);
        self.reach(word, word + 1);
        let word = &mut self.words[(word - self.first) as usize];
        let fresh = *word & bit == 0;
        *word |= bit;
        fresh
    }

    /// Takes an id out.
    pub fn remove(&mut self, id: I) {
        let (word, bit) = place(id);
        if let Some(word) = self.word_mut(word) {
            *word &= !bit;
            self.trim();
        }
    }

    /// Whether the id is in the set.
    pub fn contains(&self, id: I) -> bool {
        let (word, bit) = place(id);
        self.word(word) & bit != 0
    }

    /// Whether nothing is in the set.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many ids are in the set.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Adds all of `other`.
    pub fn union_with(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        self.reach(other.first, other.end());
        let from = (other.first - self.first) as usize;
        for (word, more) in self.words[from..].iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Adds all of `ids`.
    pub fn extend_with(&mut self, ids: impl IntoIterator<Item = I>) {
        ids.into_iter().for_each(|id| {
            self.insert(id);
        });
    }

    /// The ids in both sets.
    pub fn intersection(&self, other: &Self) -> Self {
        let (first, end) = (self.first.max(other.first), self.end().min(other.end()));
        let words = (first..end).map(|at| self.word(at) & other.word(at)).collect();
        let mut set = Self { first, words, id: PhantomData };
        set.trim();
        set
    }

    /// The ids here that are not in `other`.
    pub fn difference(&self, other: &Self) -> Self {
        let words = self.numbered().map(|(at, word)| word & !other.word(at)).collect();
        let mut set = Self { first: self.first, words, id: PhantomData };
        set.trim();
        set
    }

    /// Whether the sets share an id.
    pub fn intersects(&self, other: &Self) -> bool {
        self.numbered().any(|(at, word)| word & other.word(at) != 0)
    }

    /// Whether all ids here are in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.numbered().all(|(at, word)| word & !other.word(at) == 0)
    }

    /// The ids in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = I> + '_ {
        self.numbered().flat_map(|(at, word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros() as usize;
                    rest &= rest - 1;
                    I::from_index(at as usize * 64 + bit)
                })
            })
        })
    }

    fn numbered(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        (self.first..).zip(self.words.iter().copied())
    }

    /// The number behind the last word.
    fn end(&self) -> u32 {
        self.first + u32::try_from(self.words.len()).expect("ids fit 32 bits")
    }

    fn word(&self, at: u32) -> u64 {
        let at = at.checked_sub(self.first).map(|at| at as usize);
        at.and_then(|at| self.words.get(at)).copied().unwrap_or(0)
    }

    fn word_mut(&mut self, at: u32) -> Option<&mut u64> {
        self.words.get_mut(at.checked_sub(self.first)? as usize)
    }

    /// Makes room for the words from `first` to before `end`.
    fn reach(&mut self, first: u32, end: u32) {
        if self.words.is_empty() {
            self.first = first;
        }
        if first < self.first {
            let missing = (self.first - first) as usize;
            self.words.insert_many(0, std::iter::repeat_n(0, missing));
            self.first = first;
        }
        if end > self.end() {
            self.words.resize((end - self.first) as usize, 0);
        }
    }

    fn trim(&mut self) {
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
        let zeros = self.words.iter().take_while(|word| **word == 0).count();
        self.words.drain(..zeros);
        let zeros = u32::try_from(zeros).expect("ids fit 32 bits");
        self.first = if self.words.is_empty() { 0 } else { self.first + zeros };
    }
}

/// The word that holds an id, and its bit there.
fn place<I: Id>(id: I) -> (u32, u64) {
    let word = u32::try_from(id.index() / 64).expect("ids fit 32 bits");
    (word, 1 << (id.index() % 64))
}

impl<I: Id> FromIterator<I> for IdSet<I> {
    fn from_iter<T: IntoIterator<Item = I>>(ids: T) -> Self {
        let mut set = Self::new();
        for id in ids {
            set.insert(id);
        }
        set
    }
}

impl<I> Clone for IdSet<I> {
    fn clone(&self) -> Self {
        Self { first: self.first, words: self.words.clone(), id: PhantomData }
    }
}

impl<I> PartialEq for IdSet<I> {
    fn eq(&self, other: &Self) -> bool {
        self.first == other.first && self.words == other.words
    }
}

impl<I> Eq for IdSet<I> {}

impl<I> std::hash::Hash for IdSet<I> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.first.hash(state);
        self.words.hash(state);
    }
}

impl<I: Id> Default for IdSet<I> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I: Id> fmt::Debug for IdSet<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::IdSet;
    use crate::id::{Id, TypeId};
    use std::collections::BTreeSet;

    #[test]
    fn removing_the_highest_id_leaves_an_equal_set() {
        let low = IdSet::of(TypeId::from_index(3));
        let mut set = low.clone();
        set.insert(TypeId::from_index(300));
        assert!(low.is_subset(&set) && !set.is_subset(&low));
        set.remove(TypeId::from_index(300));
        assert_eq!(set, low);
        assert_eq!(set.iter().map(Id::index).collect::<Vec<_>>(), [3]);
    }

    /// Against the standard library's sets, over a walk through ids near and far.
    #[test]
    fn sets_do_what_sets_do() {
        let ids = |seed: usize| (0..40).map(move |i| (i * i * seed + 7 * seed) % 900);
        for (left, right) in [(1, 2), (3, 5), (11, 13), (450, 1)] {
            let expected: [BTreeSet<usize>; 2] = [ids(left).collect(), ids(right).collect()];
            let sets = [left, right].map(|seed| ids(seed).map(TypeId::from_index).collect());
            let [a, b]: [IdSet<TypeId>; 2] = sets;
            let [x, y] = &expected;
            let plain = |set: &IdSet<TypeId>| set.iter().map(Id::index).collect::<BTreeSet<_>>();
            assert_eq!(plain(&a.intersection(&b)), x & y);
            assert_eq!(plain(&a.difference(&b)), x - y);
            let mut union = b.clone();
            union.union_with(&a);
            assert_eq!((plain(&union), union.len()), (x | y, (x | y).len()));
            assert!(a.is_subset(&union) && a.intersects(&b) != x.is_disjoint(y));
            let mut emptied = union.clone();
            x.iter().for_each(|id| emptied.remove(TypeId::from_index(*id)));
            assert_eq!(emptied, b.difference(&a), "equal sets have equal bytes");
        }
    }
}
