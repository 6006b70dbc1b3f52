//! Keeps the members of an object in order, and finds one by its name.
//!
//! **In:** names and values. **Out:** the list of both.
//!
//! **Never here:** what happens when two values have one name (the caller asks first).
//!
//! **Holds:** few members are compared one by one, many have an index, so that no object costs
//! quadratic time, whatever its names are.

use std::borrow::Borrow;
use std::collections::BTreeMap;

/// Members that are still compared one by one.
const FEW: usize = 24;

/// The members of an object that is being built.
pub(crate) struct Members<K, V> {
    list: Vec<(K, V)>,
    /// Empty as long as there are few.
    index: BTreeMap<K, usize>,
}

impl<K, V> Default for Members<K, V> {
    fn default() -> Self {
        Self { list: Vec::new(), index: BTreeMap::new() }
    }
}

impl<K: Borrow<str> + Ord + Clone, V> Members<K, V> {
    /// Room for so many.
    pub(crate) fn with_capacity(n: usize) -> Self {
        Self { list: Vec::with_capacity(n), index: BTreeMap::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let place = self.find(name)?;
        Some(&mut self.list[place].1)
    }

    /// Adds a member, or puts another value in its place.
    pub(crate) fn put(&mut self, name: K, value: V) {
        match self.find(name.borrow()) {
            Some(place) => self.list[place].1 = value,
            None => self.push(name, value),
        }
    }

    /// Adds a member whose name is not there yet.
    pub(crate) fn push(&mut self, name: K, value: V) {
        let place = self.list.len();
        if place == FEW {
            self.index = self.list.iter().enumerate().map(|(i, it)| (it.0.clone(), i)).collect();
        }
        if place >= FEW {
            self.index.insert(name.clone(), place);
        }
        self.list.push((name, value));
    }

    pub(crate) fn into_list(self) -> Vec<(K, V)> {
        self.list
    }

    fn find(&self, name: &str) -> Option<usize> {
        if self.list.len() <= FEW {
            return self.list.iter().position(|(other, _)| other.borrow() == name);
        }
        self.index.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::Members;

    #[test]
    fn a_name_is_found_among_few_and_many() {
        let mut members: Members<String, usize> = Members::default();
        for i in 0..100 {
            assert!(members.get_mut(&i.to_string()).is_none());
            members.put(i.to_string(), i);
            members.put((i / 2).to_string(), i / 2);
            assert_eq!(members.get_mut(&i.to_string()), Some(&mut i.clone()));
        }
        let list = members.into_list();
        assert!(list.len() == 100 && list.iter().enumerate().all(|(i, it)| it.1 == i));
    }
}
