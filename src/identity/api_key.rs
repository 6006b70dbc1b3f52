//! API keys: texts that stand for a consumer, until they expire or are revoked.
//!
//! **In:** the text of a key. **Out:** the consumer that it stands for.
//!
//! **Never here:** finding the text in a request (`place`).
//!
//! **Holds:** a request is checked against what is in memory. A key at rest is a hash; nobody can read it
//! from the store again. Its secret part is compared in constant time.
//!
//! **Read first:** [`ApiKeys::check`].

mod follow;
mod store;
mod text;

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde_json::{Map, Value};

use super::claims::words;
use super::error::IdentityErrorKind;
use crate::config::ApiKeySettings;
use crate::consumer::Consumer;

pub use store::{KeyRecord, KeyStore, NewKey, StoreError};
pub use text::KeyText;

use follow::Follower;

/// The keys of a store, as they are now.
#[derive(Debug)]
pub(super) struct ApiKeys {
    /// None when the store could not be read for too long.
    keys: Arc<ArcSwapOption<Snapshot>>,
    /// Why the store could not be read at first.
    pub(super) problem: Option<String>,
    /// Ends the thread that follows the store when it is dropped.
    _following: follow::Following,
}

/// Keys by id, without those that were revoked.
#[derive(Debug, Default)]
struct Snapshot {
    keys: HashMap<Box<str>, Known, foldhash::quality::RandomState>,
}

#[derive(Debug)]
struct Known {
    hash: [u8; 32],
    /// In seconds since 1970.
    expires: Option<u64>,
    consumer: Arc<Consumer>,
}

/// What a change of a key was, and whose: one line for auditors.
pub fn audit(who: &str, what: &str, key: &KeyRecord) {
    tracing::info!(who, what, key_id = key.id, consumer = key.consumer, "api key changed");
}

impl ApiKeys {
    /// Reads the store, and follows it from now on.
    pub(super) fn start(provider: &Arc<str>, settings: &ApiKeySettings) -> Self {
        let keys = Arc::new(ArcSwapOption::empty());
        let mut follower = Follower::new(provider, settings, &keys);
        let problem = follower.look().err().map(|error| error.to_string());
        Self { keys, problem, _following: follower.start() }
    }

    /// Who is meant by a key.
    pub(super) fn check(&self, text: &[u8], now: u64) -> Result<Arc<Consumer>, IdentityErrorKind> {
        let keys = self.keys.load();
        let Some(keys) = &*keys else {
            return Err(IdentityErrorKind::Unavailable("the store of keys cannot be read"));
        };
        let text = std::str::from_utf8(text).map_err(|_| IdentityErrorKind::Malformed)?;
        let id = text::id_of(text).ok_or(IdentityErrorKind::Malformed)?;
        let known = keys.keys.get(id).ok_or(IdentityErrorKind::NoKey)?;
        verify_slices_are_equal(&known.hash, &text::hash(text))
            .map_err(|_| IdentityErrorKind::NoKey)?;
        if known.expires.is_some_and(|expires| now >= expires) {
            return Err(IdentityErrorKind::Expired);
        }
        Ok(Arc::clone(&known.consumer))
    }
}

/// Whether a credential looks like an API key.
pub(super) fn is_one(text: &[u8]) -> bool {
    text.starts_with(text::BEGINNING.as_bytes())
}

fn consumer(provider: &Arc<str>, record: &KeyRecord) -> Consumer {
    let list = |all: &[String]| words(Some(&all.iter().map(String::as_str).collect::<Value>()));
    let mut claims = Map::new();
    claims.insert("key_id".to_owned(), record.id.as_str().into());
    Consumer {
        id: format!("{provider}:{}", record.consumer).into(),
        name: record.name.as_str().into(),
        scopes: list(&record.scopes),
        roles: list(&record.roles),
        claims,
        plan: record.plan.as_deref().map(Into::into),
        provider: Some(Arc::clone(provider)),
    }
}
