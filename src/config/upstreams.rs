//! Named pools of connections, shared by subgraphs and routes.
//!
//! **In:** `upstreams`. **Out:** one [`UpstreamSettings`] a name.
//!
//! **Never here:** which subgraph or route uses which (`supergraph`, `routes`); connecting.
//!
//! **Holds:** at least one target; every target is an `http` or `https` URL without query or fragment.
//!
//! **Read first:** [`RawUpstream`].

use std::time::Duration;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::quantity::RawDuration;
use super::report::{Key, Problems};

/// One of `upstreams` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Upstream")]
pub(super) struct RawUpstream {
    /// The addresses that answer alike; asked in turn.
    pub targets: Option<Vec<RawTarget>>,
    /// How long a connection and a whole request may take.
    pub timeout: Option<RawTimeout>,
    /// How many connections may be open to each target. Default: 256.
    pub max_connections: Option<u32>,
}

/// One of `targets` as written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Target")]
pub(super) struct RawTarget {
    /// `http://host:port` or `https://host:port`; a path is put before the request's own.
    pub url: Option<String>,
}

/// A `timeout` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Timeout")]
pub(super) struct RawTimeout {
    /// For opening a connection, TLS included. Default: 2s.
    pub connect: Option<RawDuration>,
    /// For the request as a whole, until the last byte of the answer. Default: 30s.
    pub total: Option<RawDuration>,
}

/// One pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamSettings {
    /// Never empty.
    pub targets: Vec<Url>,
    /// Deadlines of one request.
    pub timeout: TimeoutSettings,
    /// For each target.
    pub max_connections: u32,
}

/// Deadlines of one request to an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeoutSettings {
    /// For opening a connection.
    pub connect: Duration,
    /// For everything, until the last byte of the answer.
    pub total: Duration,
}

/// Open connections to a target when the file does not say.
pub(super) const MAX_CONNECTIONS: u32 = 256;

impl Default for TimeoutSettings {
    fn default() -> Self {
        Self { connect: Duration::from_secs(2), total: Duration::from_secs(30) }
    }
}

pub(super) fn settle(
    raw: IndexMap<String, RawUpstream>,
    problems: &mut Problems<'_>,
) -> IndexMap<String, UpstreamSettings> {
    let key = Key::default().then("upstreams");
    raw.into_iter()
        .map(|(name, upstream)| {
            let key = key.then(&name);
            (name, upstream.settle(&key, problems))
        })
        .collect()
}

impl RawUpstream {
    fn settle(self, key: &Key, problems: &mut Problems<'_>) -> UpstreamSettings {
        let targets_key = key.then("targets");
        let raw = self.targets.unwrap_or_default();
        if raw.is_empty() {
            let fix = "add `targets: [{ url: http://host:port }]`";
            problems.add(&targets_key, "the upstream has no target", fix);
        }
        let targets = raw
            .into_iter()
            .enumerate()
            .filter_map(|(i, target)| {
                let key = targets_key.then(i).then("url");
                target_url(target.url.as_deref().unwrap_or_default(), &key, problems)
            })
            .collect();
        let max_connections = self.max_connections.unwrap_or(MAX_CONNECTIONS);
        if max_connections == 0 {
            let fix = "allow at least 1, or leave the key out";
            problems.add(&key.then("max_connections"), "no connection is allowed", fix);
        }
        let timeout = self.timeout.unwrap_or_default().settle(&key.then("timeout"), problems);
        UpstreamSettings { targets, timeout, max_connections }
    }
}

impl RawTimeout {
    pub(super) fn settle(self, key: &Key, problems: &mut Problems<'_>) -> TimeoutSettings {
        let default = TimeoutSettings::default();
        let mut read = |written: Option<RawDuration>, step: &str, default: Duration| {
            written
                .and_then(|duration| duration.settle(&key.then(step), problems))
                .unwrap_or(default)
        };
        TimeoutSettings {
            connect: read(self.connect, "connect", default.connect),
            total: read(self.total, "total", default.total),
        }
    }
}

/// Reads the URL of a target or of a subgraph.
pub(super) fn target_url(text: &str, key: &Key, problems: &mut Problems<'_>) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    if url.is_none() {
        problems.add(
            key,
            format!("`{text}` is not a URL that can be asked"),
            "write `http://host:port/path` or `https://host/path`, without credentials",
        );
    }
    url
}
