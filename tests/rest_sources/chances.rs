//! Chance by place: what is decided at one place does not change when another place is taken away.
//!
//! **In:** the seed of a graph, the name of a place. **Out:** a [`Chance`] of its own.
//!
//! **Holds:** so a failing case can be made small.
//!
//! **Read first:** [`Chances`].

use oracle::Chance;

/// All chances of a graph.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chances(pub(crate) u64);

impl Chances {
    /// The chance of a place.
    pub(crate) fn at(self, place: &str) -> Chance {
        Chance::new(self.within(place).0)
    }

    /// All chances of a part.
    pub(crate) fn within(self, part: &str) -> Self {
        // FNV-1a.
        let start = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xcbf2_9ce4_8422_2325;
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(part.bytes().fold(start, hash))
    }
}
