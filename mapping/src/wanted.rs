//! Says which part of a mapping's result anyone will read.
//!
//! **In:** names, as deep as they are known. **Out:** [`Wanted`].
//!
//! **Never here:** response names of an operation; the caller translates them to names of fields.
//!
//! **Holds:** a result may contain more than what is wanted, never less.

use std::collections::BTreeMap;

/// The part of a result that is wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Wanted {
    /// All of it.
    #[default]
    All,
    /// These members of its objects, through lists.
    Members(BTreeMap<Box<str>, Wanted>),
}

impl Wanted {
    /// Only members of these names, each with the part of it that is wanted.
    pub fn members<N: Into<Box<str>>>(members: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Members(members.into_iter().map(|(name, wanted)| (name.into(), wanted)).collect())
    }

    /// What is wanted of a member; `None`: nothing.
    pub(crate) fn of(&self, name: &str) -> Option<&Self> {
        match self {
            Self::All => Some(self),
            Self::Members(members) => members.get(name),
        }
    }
}
