//! Remembers where values were written that stand at several places.
//!
//! **In:** shared values and their ranges in the response. **Out:** the range to copy.
//!
//! **Never here:** values with errors: an error belongs to one place.
//!
//! **Holds:** a range is forgotten when the response is cut back behind its end.
//!
//! **Read first:** [`Repeated`].

use super::{program::ShownSlot, store::Slot};
use std::{collections::HashMap, ops::Range};

/// A value, and what is shown of it.
pub(super) type Key = (bool, u32, usize);

/// The ranges of shared values.
#[derive(Default)]
pub(super) struct Repeated {
    ranges: HashMap<Key, Range<usize>>,
    /// In the order of their ends.
    order: Vec<Key>,
}

impl Repeated {
    /// What a value is remembered by; none if it stands at one place.
    #[inline]
    pub(super) fn key(&self, value: Slot, shown: &ShownSlot) -> Option<Key> {
        let (is_list, id) = match value {
            Slot::List { shared: true, start, len } if len > 0 => (true, start),
            Slot::Object { shared: true, id } => (false, id),
            _ => return None,
        };
        Some((is_list, id, std::ptr::from_ref(shown) as usize))
    }

    pub(super) fn find(&self, key: Key) -> Option<Range<usize>> {
        self.ranges.get(&key).cloned()
    }

    pub(super) fn remember(&mut self, key: Key, range: Range<usize>) {
        self.ranges.insert(key, range);
        self.order.push(key);
    }

    /// Forgets what ends behind this place.
    pub(super) fn cut(&mut self, end: usize) {
        while let Some(last) = self.order.last() {
            if self.ranges.get(last).is_some_and(|range| range.end <= end) {
                return;
            }
            self.ranges.remove(last);
            self.order.pop();
        }
    }
}
