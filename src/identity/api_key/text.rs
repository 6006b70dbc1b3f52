//! The text of an API key: `glk_<id>_<secret>`.
//!
//! **In:** chance. **Out:** [`KeyText`]; of a text, its id and its hash.
//!
//! **Never here:** keeping keys (`store`).
//!
//! **Holds:** the secret has 256 bits of chance, so that a fast hash is enough at rest. The text is shown
//! once, to whoever made the key; its `Debug` tells nothing. It begins with letters that scanners for
//! leaked secrets can look for.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;

/// What every key begins with.
pub(super) const BEGINNING: &str = "glk_";

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Enough that ids of one store do not meet.
const ID: usize = 10;

/// 62^43 is more than 2^256.
const SECRET: usize = 43;

/// A key as its owner gets it.
pub struct KeyText(String);

impl KeyText {
    /// A new key.
    pub(super) fn new() -> Self {
        Self(format!("{BEGINNING}{}_{}", letters(ID), letters(SECRET)))
    }

    /// The text itself: for whoever asked for the key, and nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(key)")
    }
}

/// The id of a key, if the text has the form of one.
pub(super) fn id_of(text: &str) -> Option<&str> {
    let (id, secret) = text.strip_prefix(BEGINNING)?.split_once('_')?;
    let is_plain = |text: &str, length| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    (is_plain(id, ID) && is_plain(secret, SECRET)).then_some(id)
}

/// What is kept of a key.
pub(super) fn hash(text: &str) -> [u8; 32] {
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Letters by chance, each as likely as any other.
fn letters(n_letters: usize) -> String {
    let mut text = String::with_capacity(n_letters);
    while text.len() < n_letters {
        let mut bytes = [0; 64];
        rand::fill(&mut bytes).expect("the system has chance");
        // 248 is the last multiple of 62 in a byte: what is above would favor the first letters.
        let fair = bytes.iter().filter(|byte| **byte < 248);
        let missing = n_letters - text.len();
        text.extend(fair.take(missing).map(|byte| char::from(LETTERS[usize::from(*byte % 62)])));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{KeyText, id_of};

    #[test]
    fn a_key_has_an_id_and_tells_nothing_by_accident() {
        let (one, other) = (KeyText::new(), KeyText::new());
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(id_of(one.reveal()), one.reveal().get(4..14));
        assert_eq!(format!("{one:?}"), "(key)");
        for text in ["", "glk_", "glk_a_b", &one.reveal()[..57], &format!("{}x", one.reveal())] {
            assert_eq!(id_of(text), None, "{text}");
        }
    }
}
