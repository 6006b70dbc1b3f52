//! Counts the requests under way, together or by caller.
//!
//! **In:** a request that wants in. **Out:** its [`Place`], which it holds until its answer has ended.
//!
//! **Never here:** what is paid (`table`).
//!
//! **Holds:** never more places than the bound. A caller without a request under way is not remembered, so
//! that the number of keys is that of the requests at most.
//!
//! **Read first:** [`Crowd::enter`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The requests under way that one limit counts.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// By caller; all under one name where the limit is for all together.
    counts: Mutex<HashMap<Box<str>, u32>>,
}

/// The right to be under way. Dropped, it is free again.
#[derive(Debug)]
pub(super) struct Place {
    of: Arc<Crowd>,
    key: Box<str>,
}

impl Crowd {
    /// A place for a caller, if fewer than `max` are taken.
    pub(super) fn enter(self: &Arc<Self>, key: &str, max: u32) -> Option<Place> {
        let mut counts = self.lock();
        match counts.get_mut(key) {
            Some(count) if *count >= max => return None,
            Some(count) => *count += 1,
            None => {
                counts.insert(key.into(), 1);
            }
        }
        Some(Place { of: Arc::clone(self), key: key.into() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, u32>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.of.lock();
        match counts.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Crowd;

    #[test]
    fn a_place_is_free_again_when_it_is_left() {
        let in_flight = Arc::<Crowd>::default();
        let first = in_flight.enter("a", 2).unwrap();
        let second = in_flight.enter("a", 2).unwrap();
        assert!(in_flight.enter("a", 2).is_none());
        assert!(in_flight.enter("b", 2).is_some());
        drop(first);
        assert!(in_flight.enter("a", 2).is_some());
        drop(second);
        assert!(in_flight.lock().is_empty(), "nobody is remembered");
    }

    #[test]
    fn a_bound_that_shrinks_lets_nobody_in_until_enough_have_left() {
        let in_flight = Arc::<Crowd>::default();
        let places: Vec<_> = (0..5).map(|_| in_flight.enter("", 5).unwrap()).collect();
        assert!(in_flight.enter("", 3).is_none());
        drop(places.into_iter().skip(2).collect::<Vec<_>>());
    }
}
