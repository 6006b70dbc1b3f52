//! Masks: what stands instead of a value that a caller may not see as it is.
//!
//! **In:** a mask of the configuration; a value as JSON text, or a stream of JSON.
//! **Out:** whether the mask hides something from a request; what stands instead.
//!
//! **Never here:** which fields have masks (`graph` looks at the schema), rendering (`execution`).
//!
//! **Holds:** a mask hides unless its condition holds: what cannot be decided hides. No part of a value
//! survives that the mask does not name, and null stays null.
//!
//! **Read first:** [`Mask::hides`], [`Action::instead_of`], [`JsonFilter`].

mod filter;
mod lexer;
mod path;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;

use crate::expressions::{Condition, Scope};

pub use filter::{JsonFilter, Unreadable};
pub use path::{JsonPath, PathError};

/// One mask.
#[derive(Debug, Clone)]
pub struct Mask {
    /// What it does.
    pub action: Action,
    /// For whom it does nothing.
    pub unless: Option<Condition>,
}

/// A mask for the values that a path leads to.
#[derive(Debug, Clone)]
pub struct PathMask {
    /// Which values.
    pub path: JsonPath,
    /// What becomes of them.
    pub mask: Mask,
}

/// What becomes of a value.
#[derive(Debug, Clone)]
pub enum Action {
    /// It is taken away.
    Remove,
    /// This JSON text stands instead.
    Replace(String),
    /// Only its last characters stay.
    KeepLast(usize),
    /// A keyed hash stands instead, the same for the same value.
    Hash(HashKey),
}

/// The key of a hash.
#[derive(Clone)]
pub struct HashKey(Arc<hmac::Key>);

/// What stands for characters that were there.
const HIDDEN: &str = "****";

impl Mask {
    /// Whether the caller may not see what it hides.
    pub fn hides(&self, scope: &Scope<'_>) -> bool {
        !self.unless.as_ref().is_some_and(|unless| unless.holds(scope))
    }
}

impl Action {
    /// Its key in the configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Remove => "remove",
            Self::Replace(_) => "replace",
            Self::KeepLast(_) => "keep_last",
            Self::Hash(_) => "hash",
        }
    }

    /// What stands instead of a value that is neither null nor composite; both are JSON texts.
    pub fn instead_of(&self, leaf: &str) -> String {
        match self {
            Self::Remove => "null".to_owned(),
            Self::Replace(text) => text.clone(),
            Self::KeepLast(kept) => {
                let text = characters(leaf).unwrap_or_default();
                quoted(&format!("{HIDDEN}{}", last(&text, *kept).unwrap_or_default()))
            }
            Self::Hash(key) => {
                let text = characters(leaf);
                quoted(&key.hash(text.as_deref().unwrap_or(leaf)))
            }
        }
    }
}

impl HashKey {
    /// A key for HMAC with SHA-256 (RFC 2104).
    pub fn new(key: &[u8]) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, key)))
    }

    fn hash(&self, text: &str) -> String {
        let tag = hmac::sign(&self.0, text.as_bytes());
        tag.as_ref()
            .iter()
            .fold(String::with_capacity(64), |hex, byte| hex + &format!("{byte:02x}"))
    }
}

/// Nothing of the key.
impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey")
    }
}

/// A text as a JSON string.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The characters of a string or a number; none of another value.
fn characters(leaf: &str) -> Option<String> {
    match leaf.as_bytes().first()? {
        b'"' => serde_json::from_str(leaf).ok(),
        b'-' | b'0'..=b'9' => Some(leaf.to_owned()),
        _ => None,
    }
}

/// The last characters of a text that has more.
fn last(text: &str, n: usize) -> Option<&str> {
    let n_hidden = text.chars().count().checked_sub(n).filter(|hidden| *hidden > 0)?;
    let (at, _) = text.char_indices().nth(n_hidden).unwrap_or((text.len(), ' '));
    text.get(at..)
}

#[cfg(test)]
mod tests {
    use super::{Action, HashKey};

    #[test]
    fn only_the_last_characters_stay_and_never_all_of_them() {
        let kept = |leaf| Action::KeepLast(4).instead_of(leaf);
        assert_eq!(kept(r#""4111111111111234""#), r#""****1234""#);
        assert_eq!(kept(r#""12345""#), r#""****2345""#);
        assert_eq!(kept(r#""1234""#), r#""****""#);
        assert_eq!(kept(r#""""#), r#""****""#);
        assert_eq!(kept(r#""a\u0062c\"é\n""#), r#""****c\"é\n""#);
        assert_eq!(kept("123456"), r#""****3456""#);
        assert_eq!(kept("true"), r#""****""#);
        assert_eq!(kept(r#"{"a":12345}"#), r#""****""#);
        assert_eq!(Action::KeepLast(0).instead_of(r#""abc""#), r#""****""#);
    }

    #[test]
    fn a_hash_is_the_same_for_the_same_characters_and_key() {
        let hash = |key: &str, leaf| Action::Hash(HashKey::new(key.as_bytes())).instead_of(leaf);
        // RFC 4231, test case 2.
        assert_eq!(
            hash("Jefe", r#""what do ya want for nothing?""#),
            r#""5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843""#
        );
        assert_eq!(hash("k", r#""a""#), hash("k", r#""\u0061""#));
        assert_ne!(hash("k", r#""a""#), hash("l", r#""a""#));
        assert!(!format!("{:?}", HashKey::new(b"secret")).contains("secret"));
    }
}
