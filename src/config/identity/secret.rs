//! A text that nobody may see: it has no `Display`, and its `Debug` tells nothing.
//!
//! **In:** a value of the configuration, best `${VAR}` or `${file:path}`.
//! **Out:** [`Secret`], for the one room that sends or compares it.
//!
//! **Never here:** comparing it (whoever does uses constant time).

use std::fmt;
use std::sync::Arc;

/// A secret of the configuration.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    pub(in crate::config) fn new(text: String) -> Self {
        Self(text.into())
    }

    /// As [`Self::reveal`], to keep.
    pub fn shared(&self) -> &Arc<str> {
        &self.0
    }

    /// The text itself. It may go to its owner, and nowhere else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}
