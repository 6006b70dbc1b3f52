//! Named pools of connections, shared by subgraphs and routes.
//!
//! **In:** `upstreams`. **Out:** one [`UpstreamSettings`] a name.
//!
//! **Never here:** which subgraph or route uses which (`supergraph`, `routes`); connecting.
//!
//! **Holds:** at least one target; every target is an `http` or `https` URL without query or fragment.
//!
//! **Read first:** [`RawUpstream`].

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use url::Url;

use super::credentials::{CredentialSettings, RawCredentials};
use super::quantity::{RawDuration, RawSize};
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
    /// The version of HTTP: `1`, `2` (under TLS) or `h2c` (HTTP/2 in the clear). Default: `1`.
    pub http: Option<RawHttp>,
    /// Whom to trust when a target's URL is `https`.
    pub tls: Option<RawTls>,
    /// Whether subgraphs may pack their answers (gzip, deflate). Default: true.
    pub compression: Option<bool>,
    /// How large the headers of an answer may be, together. Default: `64KB`.
    pub max_response_headers: Option<RawSize>,
    /// What the upstream is shown, so that it lets the gateway in: exactly one of `static` and
    /// `client_credentials`.
    pub credentials: Option<RawCredentials>,
}

/// An `http` as written.
#[derive(Debug, Deserialize)]
pub(super) struct RawHttp(String);

/// A `tls` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UpstreamTls")]
pub(super) struct RawTls {
    /// A PEM file with the certificate authorities to trust, instead of those of this system.
    pub ca: Option<PathBuf>,
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
    /// For the head of the answer, counted from the moment the request is sent. Default: none of its own.
    pub first_byte: Option<RawDuration>,
    /// For each further part of the answer. Default: none of its own.
    pub idle: Option<RawDuration>,
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
    /// How targets are spoken to.
    pub http: HttpVersion,
    /// A PEM file with the certificate authorities to trust, instead of those of the system.
    pub authority: Option<Arc<Path>>,
    /// Whether answers that are read here may come packed.
    pub compression: bool,
    /// Bytes of the head of an answer.
    pub max_response_headers: usize,
    /// What the upstream is shown.
    pub credentials: Option<CredentialSettings>,
}

/// How a target is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.1.
    One,
    /// HTTP/2 under TLS.
    Two,
    /// HTTP/2 in the clear, known beforehand.
    H2c,
}

/// Deadlines of one request to an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeoutSettings {
    /// For opening a connection.
    pub connect: Duration,
    /// For the head of the answer.
    pub first_byte: Option<Duration>,
    /// For each further part of the answer.
    pub idle: Option<Duration>,
    /// For everything, until the last byte of the answer.
    pub total: Duration,
}

/// Open connections to a target when the file does not say.
const MAX_CONNECTIONS: u32 = 256;

/// Bytes of the head of an answer when the file does not say.
const MAX_RESPONSE_HEADERS: usize = 64_000;

impl Default for TimeoutSettings {
    fn default() -> Self {
        let (connect, total) = (Duration::from_secs(2), Duration::from_secs(30));
        Self { connect, first_byte: None, idle: None, total }
    }
}

impl UpstreamSettings {
    /// These targets, and the defaults for the rest.
    pub fn to(targets: Vec<Url>) -> Self {
        Self {
            targets,
            timeout: TimeoutSettings::default(),
            max_connections: MAX_CONNECTIONS,
            http: HttpVersion::One,
            authority: None,
            compression: true,
            max_response_headers: MAX_RESPONSE_HEADERS,
            credentials: None,
        }
    }
}

pub(super) fn settle(
    raw: IndexMap<String, RawUpstream>,
    folder: &Path,
    problems: &mut Problems<'_>,
) -> IndexMap<String, UpstreamSettings> {
    let key = Key::default().then("upstreams");
    raw.into_iter()
        .map(|(name, upstream)| {
            let key = key.then(&name);
            (name, upstream.settle(&key, folder, problems))
        })
        .collect()
}

impl RawUpstream {
    fn settle(self, key: &Key, folder: &Path, problems: &mut Problems<'_>) -> UpstreamSettings {
        let targets_key = key.then("targets");
        let raw = self.targets.unwrap_or_default();
        if raw.is_empty() {
            let fix = "add `targets: [{ url: http://host:port }]`";
            problems.add(&targets_key, "the upstream has no target", fix);
        }
        let targets: Vec<Url> = raw
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
        let http_key = key.then("http");
        let http =
            self.http.map_or(HttpVersion::One, |version| version.settle(&http_key, problems));
        check_schemes(&targets, http, &http_key, problems);
        let tls_key = key.then("tls");
        let authority = self.tls.and_then(|tls| tls.settle(&tls_key, folder, problems));
        let max_response_headers = self
            .max_response_headers
            .and_then(|size| size.settle(&key.then("max_response_headers"), problems))
            .unwrap_or(MAX_RESPONSE_HEADERS);
        UpstreamSettings {
            timeout,
            max_connections,
            http,
            authority,
            compression: self.compression.unwrap_or(true),
            max_response_headers,
            credentials: self
                .credentials
                .and_then(|it| it.settle(&key.then("credentials"), problems)),
            ..UpstreamSettings::to(targets)
        }
    }
}

impl RawHttp {
    fn settle(&self, key: &Key, problems: &mut Problems<'_>) -> HttpVersion {
        match self.0.as_str() {
            "1" | "1.1" => HttpVersion::One,
            "2" => HttpVersion::Two,
            "h2c" => HttpVersion::H2c,
            other => {
                let message = format!("`{other}` is not a version of HTTP that upstreams can have");
                problems.add(key, message, "write `1`, `2` (under TLS) or `h2c` (without TLS)");
                HttpVersion::One
            }
        }
    }
}

impl JsonSchema for RawHttp {
    fn schema_name() -> Cow<'static, str> {
        "HttpVersion".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": [1, 2, "h2c"] })
    }
}

impl RawTls {
    fn settle(self, key: &Key, folder: &Path, problems: &mut Problems<'_>) -> Option<Arc<Path>> {
        let file = folder.join(self.ca?);
        if !file.is_file() {
            let fix = "name a PEM file with certificates; paths are relative to this file";
            problems.add(&key.then("ca"), format!("there is no file `{}`", file.display()), fix);
        }
        Some(file.into())
    }
}

/// HTTP/2 is agreed on by TLS, or known beforehand without it.
fn check_schemes(targets: &[Url], http: HttpVersion, key: &Key, problems: &mut Problems<'_>) {
    let (needed, fix) = match http {
        HttpVersion::One => return,
        HttpVersion::Two => ("https", "write `http: h2c` for HTTP/2 without TLS"),
        HttpVersion::H2c => ("http", "write `http: 2` for HTTP/2 under TLS"),
    };
    if let Some(other) = targets.iter().find(|target| target.scheme() != needed) {
        problems.add(key, format!("`{other}` is not an `{needed}` address"), fix);
    }
}

impl RawTimeout {
    pub(super) fn settle(self, key: &Key, problems: &mut Problems<'_>) -> TimeoutSettings {
        let default = TimeoutSettings::default();
        let mut read = |written: Option<RawDuration>, step: &str| {
            written.and_then(|duration| duration.settle(&key.then(step), problems))
        };
        TimeoutSettings {
            connect: read(self.connect, "connect").unwrap_or(default.connect),
            first_byte: read(self.first_byte, "first_byte"),
            idle: read(self.idle, "idle"),
            total: read(self.total, "total").unwrap_or(default.total),
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
