//! The admin API of API keys: what each request does to the store.
//!
//! **In:** what an operator asks for, its body as JSON. **Out:** JSON, or why not; a line for auditors for each change.
//!
//! **Never here:** HTTP (`server::keys`), the store (`identity::api_key`).
//!
//! **Holds:** the text of a key is in the answer to the request that made it, and nowhere else. Who may ask is
//! decided by [`opens`], in constant time.
//!
//! **Read first:** [`answer`].

use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;

use crate::config::{ApiKeySettings, Secret, duration};
use crate::identity::api_key::{KeyRecord, KeyStore, KeyText, NewKey, StoreError, audit};

/// What is asked for.
#[derive(Debug)]
pub enum KeysRequest {
    /// All keys.
    List,
    /// A new one, as a body says.
    Create(Vec<u8>),
    /// Another in place of one; the body says how long the old one goes on.
    Rotate(String, Vec<u8>),
    /// The end of one.
    Revoke(String),
}

/// Why nothing is done.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The body is not what it should be.
    #[error("{0}")]
    Malformed(String),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewKeyBody {
    name: String,
    consumer: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
    plan: Option<String>,
    expires_in: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RotateBody {
    overlap: Option<String>,
}

/// How long a key that was rotated goes on, unless something else is said.
pub const OVERLAP: Duration = Duration::from_secs(600);

/// Whether what a caller has is the key of the admin API. What differs, and where, takes no time to find out.
pub fn opens(key: &Secret, presented: &[u8]) -> bool {
    let hash = |text: &[u8]| digest(&SHA256, text);
    let (key, presented) = (hash(key.reveal().as_bytes()), hash(presented));
    verify_slices_are_equal(key.as_ref(), presented.as_ref()).is_ok()
}

/// Does what is asked for. Waits for the store, so it is not for threads that serve.
///
/// # Errors
/// When nothing is done.
pub fn answer(settings: &ApiKeySettings, request: KeysRequest) -> Result<Value, KeysError> {
    let mut store = KeyStore::open(&settings.store, settings.max_keys)?;
    match request {
        KeysRequest::List => Ok(json!({ "keys": store.list()? })),
        KeysRequest::Create(body) => {
            let body: NewKeyBody = read(&body)?;
            let new = NewKey {
                name: body.name,
                consumer: body.consumer,
                scopes: body.scopes,
                roles: body.roles,
                plan: body.plan,
                expires_in: body.expires_in.map(|text| span(&text, "expires_in")).transpose()?,
            };
            let (record, text) = store.create(&new)?;
            audit("admin", "create", &record);
            Ok(issued(&record, &text))
        }
        KeysRequest::Rotate(id, body) => {
            let body = if body.is_empty() { RotateBody::default() } else { read(&body)? };
            let overlap = body.overlap.map(|text| span(&text, "overlap")).transpose()?;
            let (record, text) = store.rotate(&id, overlap.unwrap_or(OVERLAP))?;
            audit("admin", "rotate", &record);
            Ok(issued(&record, &text))
        }
        KeysRequest::Revoke(id) => {
            let record = store.revoke(&id)?;
            audit("admin", "revoke", &record);
            Ok(json!(record))
        }
    }
}

fn issued(record: &KeyRecord, text: &KeyText) -> Value {
    let mut value = json!(record);
    value["key"] = text.reveal().into();
    value
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, KeysError> {
    let wrong = |error| KeysError::Malformed(format!("the body is not what it should be: {error}"));
    serde_json::from_slice(body).map_err(wrong)
}

fn span(text: &str, name: &str) -> Result<Duration, KeysError> {
    let wrong = || {
        KeysError::Malformed(format!("`{name}`: write a number and `s`, `m`, `h` or `d`: `90d`"))
    };
    duration(text).ok_or_else(wrong)
}
