//! Says which version of the language a text is written in.
//!
//! **In:** the version behind `connect/` in a schema's `@link`. **Out:** [`Version`].
//!
//! **Never here:** what the versions change (`syntax` asks [`Version`] where it matters), the
//! versions of federation (composition).
//!
//! **Holds:** the version decides how a text is read; every method exists in every version.

use std::fmt;

/// A version of `connect`. Versions are ordered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Version {
    /// `connect/v0.1`: its texts read like those of 0.2.
    V0_1,
    /// `connect/v0.2`
    V0_2,
    /// `connect/v0.3`: `?`, `??`, `?!`; a key alone is a path.
    V0_3,
    /// `connect/v0.4`: one grammar for values and selections, commas, `...`.
    V0_4,
    /// `connect/v0.5`: a preview; its texts read like those of 0.4.
    V0_5,
}

impl Version {
    /// All versions, oldest first.
    pub const ALL: [Self; 5] = [Self::V0_1, Self::V0_2, Self::V0_3, Self::V0_4, Self::V0_5];

    /// The version of a name like `v0.3`.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }

    /// Its name in a link: `v0.3`.
    pub fn name(self) -> &'static str {
        match self {
            Self::V0_1 => "v0.1",
            Self::V0_2 => "v0.2",
            Self::V0_3 => "v0.3",
            Self::V0_4 => "v0.4",
            Self::V0_5 => "v0.5",
        }
    }

    /// What a user of this version ought to know, if anything.
    pub fn hint(self) -> Option<&'static str> {
        (self == Self::V0_5).then_some(
            "connect v0.5 is a preview: its selections are read as v0.4 reads them; methods of one's own and the check of response shapes are not supported",
        )
    }

    /// Whether `?`, `??` and `?!` may be used, and a key alone is a path.
    pub(crate) fn has_optional_chaining(self) -> bool {
        self >= Self::V0_3
    }

    /// Whether values and selections share one grammar.
    pub(crate) fn is_unified(self) -> bool {
        self >= Self::V0_4
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn versions_have_names_and_an_order() {
        for version in Version::ALL {
            assert_eq!(Version::of_name(version.name()), Some(version));
            assert_eq!(version.hint().is_some(), version == Version::V0_5);
        }
        assert_eq!(Version::of_name("v0.6"), None);
        assert!(Version::ALL.is_sorted());
    }
}
