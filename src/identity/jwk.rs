//! Key sets of issuers: reads them, and finds the key that a token names.
//!
//! **In:** the JSON of a key set. **Out:** [`KeySet`].
//!
//! **Never here:** fetching (`jwks`).
//!
//! **Holds:** what a key may have signed follows from the key: its type, its curve, its `alg`. A key that is
//! secret (`oct`), for encryption, or unknown is not there, so that no public key can stand for a secret.
//!
//! **Read first:** [`KeySet::read`], [`KeySet::find`].
//!
//! Spec: <https://www.rfc-editor.org/rfc/rfc7517>

use std::fmt;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// The keys of an issuer.
pub(super) struct KeySet {
    keys: Vec<Key>,
}

struct Key {
    jwk: Jwk,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct RawKeySet {
    keys: Vec<Value>,
}

/// More keys than any issuer has at once.
const MAX_KEYS: usize = 200;

impl KeySet {
    /// Reads a key set. What is not a key for signatures is left out.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        let raw: RawKeySet = serde_json::from_slice(text)
            .map_err(|error| format!("it is not a JSON Web Key Set: {error}"))?;
        if raw.keys.len() > MAX_KEYS {
            return Err(format!("it has {} keys, more than {MAX_KEYS}", raw.keys.len()));
        }
        let keys: Vec<Key> = raw.keys.into_iter().filter_map(Key::read).collect();
        if keys.is_empty() {
            return Err("it has no key for signatures".to_owned());
        }
        Ok(Self { keys })
    }

    /// The key for a token: by id, or, if the token names none, the only one that fits.
    pub(super) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let mut fitting = self.keys.iter().filter(|key| key.algorithms.contains(&algorithm));
        let key = match kid {
            Some(kid) => fitting.find(|key| key.jwk.common.key_id.as_deref() == Some(kid))?,
            None => fitting.next().filter(|_| fitting.next().is_none())?,
        };
        Some(&key.key)
    }

    /// Whether a key of an earlier set is there no more.
    pub(super) fn lacks_one_of(&self, earlier: &Self) -> bool {
        earlier.keys.iter().any(|known| self.keys.iter().all(|key| key.jwk != known.jwk))
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }
}

impl Key {
    fn read(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        if matches!(jwk.common.public_key_use, Some(ref of) if *of != PublicKeyUse::Signature) {
            return None;
        }
        let mut algorithms = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => vec![
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ],
            AlgorithmParameters::EllipticCurve(key) => match key.curve {
                EllipticCurve::P256 => vec![Algorithm::ES256],
                EllipticCurve::P384 => vec![Algorithm::ES384],
                _ => return None,
            },
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                vec![Algorithm::EdDSA]
            }
            _ => return None,
        };
        if let Some(named) = jwk.common.key_algorithm {
            algorithms.retain(|algorithm| KeyAlgorithm::from(*algorithm) == named);
        }
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        (!algorithms.is_empty()).then_some(Self { jwk, algorithms, key })
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.keys.iter().map(|key| key.jwk.common.key_id.as_deref());
        f.debug_list().entries(ids).finish()
    }
}
