//! Sets of ids as bits.
//!
//! **Never here:** ordering by anything but the id.
//!
//! **Holds:** no trailing zero words, so that equal sets are equal bytes and hash alike.

use crate::id::Id;
use std::{fmt, marker::PhantomData};

/// A set of ids, one bit each.
pub struct IdSet<I> {
    words: Vec<u64>,
    id: PhantomData<fn() -> I>,
}

impl<I: Id> IdSet<I> {
    /// The empty set.
    pub const fn new() -> Self {
        Self { words: Vec::new(), id: PhantomData }
    }

    /// The set of one id.
    pub fn of(id: I) -> Self {
        let mut set = Self::new();
        set.insert(id);
        set
    }

    /// Adds an id; says whether it was missing.
    pub fn insert(&mut self, id: I) -> bool {
        let (word, bit) = (id.index() / 64, 1u64 << (id.index() % 64));
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let fresh = self.words[word] & bit == 0;
        self.words[word] |= bit;
        fresh
    }

    /// Takes an id out.
    pub fn remove(&mut self, id: I) {
        if let Some(word) = self.words.get_mut(id.index() / 64) {
            *word &= !(1u64 << (id.index() % 64));
            self.trim();
        }
    }

    /// Whether the id is in the set.
    pub fn contains(&self, id: I) -> bool {
        self.words.get(id.index() / 64).is_some_and(|word| word & (1u64 << (id.index() % 64)) != 0)
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
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
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
        let words = self.words.iter().zip(&other.words).map(|(a, b)| a & b).collect();
        let mut set = Self { words, id: PhantomData };
        set.trim();
        set
    }

    /// The ids here that are not in `other`.
    pub fn difference(&self, other: &Self) -> Self {
        let mut set = self.clone();
        for (word, less) in set.words.iter_mut().zip(&other.words) {
            *word &= !less;
        }
        set.trim();
        set
    }

    /// Whether the sets share an id.
    pub fn intersects(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).any(|(a, b)| a & b != 0)
    }

    /// Whether all ids here are in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.words
            .iter()
            .enumerate()
            .all(|(i, word)| word & !other.words.get(i).copied().unwrap_or(0) == 0)
    }

    /// The ids in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = I> + '_ {
        self.words.iter().enumerate().flat_map(|(i, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros() as usize;
                    rest &= rest - 1;
                    I::from_index(i * 64 + bit)
                })
            })
        })
    }

    fn trim(&mut self) {
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
    }
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
        Self { words: self.words.clone(), id: PhantomData }
    }
}

impl<I> PartialEq for IdSet<I> {
    fn eq(&self, other: &Self) -> bool {
        self.words == other.words
    }
}

impl<I> Eq for IdSet<I> {}

impl<I> std::hash::Hash for IdSet<I> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
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
}
