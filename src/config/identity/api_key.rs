//! API keys: where they stand in a request, and in which store they are.
//!
//! **In:** `api_key` of a provider. **Out:** [`ApiKeySettings`].
//!
//! **Never here:** opening the store (`identity` the room does).

use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::quantity::RawDuration;
use super::super::report::{Key, Problems};
use super::place::RawPlace;

/// `api_key` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ApiKey")]
pub(in crate::config) struct RawApiKey {
    /// The header that carries the key. Default: `x-api-key`.
    pub header: Option<String>,
    /// Instead of `header`: several places, or a word before the key.
    pub from: Option<Vec<RawPlace>>,
    /// Where the keys are kept: `sqlite://graphloom.db`, relative to the configuration. It is made if it is not there.
    pub store: Option<String>,
    /// How long the keys that were read last count when the store cannot be read. Default: `5m`.
    pub keep_for: Option<RawDuration>,
    /// How many keys there may be. Default: 100000.
    pub max_keys: Option<u32>,
}

/// How API keys are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeySettings {
    /// The file of the store.
    pub store: PathBuf,
    /// How long what was read last counts.
    pub keep_for: Duration,
    /// How many keys there may be.
    pub max_keys: usize,
}

impl Default for ApiKeySettings {
    fn default() -> Self {
        let keep_for = Duration::from_secs(300);
        Self { store: PathBuf::new(), keep_for, max_keys: 100_000 }
    }
}

impl RawApiKey {
    /// The places as written, `header` among them.
    pub(super) fn places(&self, key: &Key, problems: &mut Problems<'_>) -> Vec<RawPlace> {
        if self.header.is_some() && self.from.is_some() {
            problems.add(
                &key.then("header"),
                "it is said twice",
                "write either `header` or `from`",
            );
        }
        let header = self.header.clone().unwrap_or_else(|| "x-api-key".to_owned());
        let place = RawPlace { header: Some(header), ..RawPlace::default() };
        self.from.clone().unwrap_or_else(|| vec![place])
    }

    pub(super) fn settle(
        self,
        folder: &Path,
        key: &Key,
        problems: &mut Problems<'_>,
    ) -> Option<ApiKeySettings> {
        let keep_for = self.keep_for.and_then(|it| it.settle(&key.then("keep_for"), problems));
        let store = store_file(self.store.as_deref().unwrap_or_default(), folder);
        if let Err((message, fix)) = &store {
            problems.add(&key.then("store"), message, *fix);
        }
        if self.max_keys == Some(0) {
            problems.add(&key.then("max_keys"), "there could be no key", "write 1 or more");
        }
        let default = ApiKeySettings::default();
        Some(ApiKeySettings {
            store: store.ok()?,
            keep_for: keep_for.unwrap_or(default.keep_for),
            max_keys: self.max_keys.map_or(default.max_keys, |max_keys| max_keys as usize),
        })
    }
}

/// The file that the address of a store names.
///
/// # Errors
/// What is wrong with it, and what to do.
pub fn store_file(text: &str, folder: &Path) -> Result<PathBuf, (String, &'static str)> {
    let fix = "write `store: sqlite://graphloom.db`, relative to the configuration";
    if text.is_empty() {
        return Err(("there is no store for the keys".to_owned(), fix));
    }
    let Some(path) = text.strip_prefix("sqlite://").filter(|path| !path.is_empty()) else {
        return Err((format!("`{text}` is not a store of keys"), fix));
    };
    let file = folder.join(path);
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    if parent.is_some_and(|parent| !parent.is_dir()) {
        return Err((
            format!("there is no folder for `{path}`"),
            "make the folder, or correct the path",
        ));
    }
    Ok(file)
}
