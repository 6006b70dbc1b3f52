//! Draws numbers that look random and are always the same.
//!
//! **In:** a seed, the kind of thing to be made and its number.
//! **Out:** a stream of draws that belongs to that thing alone.
//!
//! **Never here:** what the draws mean (`data` knows), any source of real randomness.
//!
//! **Holds:** the draws of one thing do not depend on how many other things there are: user 7 is the
//! same user in a graph of 10 and of 10,000.
//!
//! Algorithm: SplitMix64, <https://doi.org/10.1145/2714064.2660195>

/// A stream of draws (SplitMix64).
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// The draws of the thing `index` of a `kind`.
    pub(crate) fn new(seed: u64, kind: &str, index: usize) -> Self {
        let mut random = Self { state: seed };
        for byte in kind.bytes() {
            random.state ^= u64::from(byte);
            random.state = random.next();
        }
        random.state ^= index as u64;
        random.state = random.next();
        random
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number from 0 to below `end`; 0 when `end` is 0. The slight bias of the remainder is of no
    /// matter to example data.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }

    /// A number from `start` to `end`, both included.
    pub(crate) fn between(&mut self, start: i32, end: i32) -> i32 {
        start + self.below((end - start + 1) as usize) as i32
    }

    /// A number from 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of the items.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}
