//! What names an operation: its text and name, whole.
//!
//! **In:** what a request gives. **Out:** [`Key`], and [`Asked`] to look one up without owning it.
//!
//! **Never here:** reading the text.
//!
//! **Holds:** both hash alike; the hash is keyed by whoever keeps them.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use equivalent::Equivalent;

/// Names an operation: the text and name by which it came, to prepare it again for another graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The document.
    pub document: Arc<str>,
    /// The name given with it.
    pub operation_name: Option<Arc<str>>,
}

/// A [`Key`] that owns nothing, to look up with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) document: &'a str,
    pub(super) operation_name: Option<&'a str>,
}

impl Asked<'_> {
    pub(super) fn to_key(self) -> Key {
        let operation_name = self.operation_name.map(Arc::from);
        Key { document: self.document.into(), operation_name }
    }
}

impl Equivalent<Key> for Asked<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.document == &*key.document && self.operation_name == key.operation_name.as_deref()
    }
}

impl Hash for Asked<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.document.hash(state);
        self.operation_name.hash(state);
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let asked =
            Asked { document: &self.document, operation_name: self.operation_name.as_deref() };
        asked.hash(state);
    }
}
