//! A map for mostly few rows, in order of insertion.
//!
//! **Never here:** removing rows.
//!
//! **Holds:** few rows are looked through, which is faster than hashing and costs one allocation; many
//! are indexed, so that a lookup never takes long.

use foldhash::HashMap;
use std::hash::Hash;

/// How many rows are looked through.
pub(crate) const FEW: usize = 12;

/// Rows by key. Clients write some of the keys, so their hash is keyed.
#[derive(Clone, Debug)]
pub(crate) struct FewMap<K, V> {
    rows: Vec<(K, V)>,
    /// Where each key is; empty while the rows are few.
    index: HashMap<K, usize>,
}

impl<K, V> Default for FewMap<K, V> {
    fn default() -> Self {
        Self { rows: Vec::new(), index: HashMap::default() }
    }
}

impl<K: Copy + Eq + Hash, V> FewMap<K, V> {
    fn find(&self, key: K) -> Option<usize> {
        match self.rows.len() <= FEW {
            true => self.rows.iter().position(|(known, _)| *known == key),
            false => self.index.get(&key).copied(),
        }
    }

    pub(crate) fn get(&self, key: K) -> Option<&V> {
        self.find(key).map(|at| &self.rows[at].1)
    }

    /// The value of a key, made if there is none.
    pub(crate) fn entry(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let at = self.find(key).unwrap_or_else(|| {
            self.rows.push((key, V::default()));
            let last = self.rows.len() - 1;
            match last {
                ..FEW => {}
                FEW => self.index.extend((0..).zip(&self.rows).map(|(at, (key, _))| (*key, at))),
                _ => self.index.extend([(key, last)]),
            }
            last
        });
        &mut self.rows[at].1
    }

    pub(crate) fn rows(&self) -> &[(K, V)] {
        &self.rows
    }

    pub(crate) fn into_rows(self) -> Vec<(K, V)> {
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::FewMap;

    #[test]
    fn many_rows_are_found_like_few_and_stay_in_order() {
        let mut map: FewMap<usize, usize> = FewMap::default();
        let keys: Vec<usize> = (0..100).map(|n| n * 37 % 101).collect();
        for (count, key) in keys.iter().enumerate() {
            assert_eq!(map.get(*key), None);
            *map.entry(*key) = key + 1;
            *map.entry(keys[count / 2]) += 1000;
            assert_eq!(map.get(*key).map(|value| value % 1000), Some(key + 1));
        }
        assert_eq!(map.rows().iter().map(|(key, _)| *key).collect::<Vec<_>>(), keys);
    }
}
