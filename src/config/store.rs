//! Where it is counted what callers spend.
//!
//! **In:** `store`, `timeout` and `on_store_failure` of a limit. **Out:** [`StoreSettings`].
//!
//! **Never here:** counting (`admission`).
//!
//! **Holds:** the address of a store may carry a password: it is a [`Secret`], and no error quotes it.
//!
//! **Read first:** [`StoreSettings`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::identity::Secret;
use super::quantity::RawDuration;
use super::report::{Key, Problems};

/// `on_store_failure` as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "OnStoreFailure")]
pub(super) enum RawOnStoreFailure {
    /// Requests pass, and pay nothing there.
    Allow,
    /// Requests are refused.
    Deny,
}

/// Where it is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreSettings {
    /// In the memory of this process.
    Memory,
    /// In a file of this process.
    File(PathBuf),
    /// In Redis, for all gateways together.
    Redis {
        /// Its address, perhaps with a password.
        url: Secret,
        /// Address without user and password, for people.
        shown: String,
        /// For an answer.
        timeout: Duration,
    },
}

impl RawOnStoreFailure {
    pub(super) fn passes(raw: Option<Self>) -> bool {
        raw != Some(Self::Deny)
    }
}

impl StoreSettings {
    pub(super) fn settle(
        text: &str,
        timeout: Option<RawDuration>,
        (folder, key): (&Path, &Key),
        problems: &mut Problems<'_>,
    ) -> Self {
        let timeout = timeout.and_then(|timeout| timeout.settle(&key.then("timeout"), problems));
        let key = key.then("store");
        if text == "local" {
            return Self::Memory;
        }
        if text.contains("://") {
            let url = Url::parse(text).ok();
            let is_redis = |url: &Url| ["redis", "rediss"].contains(&url.scheme());
            let Some(url) = url.filter(|url| is_redis(url) && url.has_host()) else {
                let fix = "write `redis://host:6379/0`, or `rediss://` for TLS; a password best as `${VAR}`";
                problems.add(&key, "the address is not one of Redis", fix);
                return Self::Memory;
            };
            let host = url.host_str().unwrap_or_default();
            let shown =
                format!("{}://{host}:{}{}", url.scheme(), url.port().unwrap_or(6379), url.path());
            let timeout = timeout.unwrap_or(Duration::from_millis(5));
            return Self::Redis { url: Secret::new(text.to_owned()), shown, timeout };
        }
        let file = folder.join(text);
        let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
        if text.is_empty() || parent.is_some_and(|parent| !parent.is_dir()) {
            let fix = "make the folder, or correct the path";
            problems.add(&key, format!("there is no folder for `{text}`"), fix);
        }
        Self::File(file)
    }
}
