//! REST sources of the schema: where they answer, what their mappings may know, what they may cost.
//!
//! **In:** `connectors`, and the names of the upstreams. **Out:** [`ConnectorSettings`].
//!
//! **Never here:** whether the schema has such a source (`graph` knows the schema).
//!
//! **Holds:** the values of `config` and of the environment are shown in no log and no error.
//!
//! **Read first:** [`RawConnectors`].

use std::fmt;

use indexmap::IndexMap;
use mapping::{UrlKind, UrlTemplate, Version};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::Environment;
use super::quantity::RawSize;
use super::report::{Key, Problems};
use super::supergraph::is_known_upstream;
use super::upstreams::{UpstreamSettings, target_url};

/// `connectors` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Connectors")]
pub(super) struct RawConnectors {
    /// Sources by `subgraph.source`; `subgraph` alone stands for its connectors that name no source.
    pub sources: Option<IndexMap<String, RawSource>>,
    /// How many requests one operation may send to each source. Default: 500.
    pub max_requests_per_operation: Option<u32>,
    /// Variables of the environment that mappings may read as `$env`. Default: none.
    pub env: Option<Vec<String>>,
    /// What evaluating one mapping may cost.
    pub limits: Option<RawMappingLimits>,
    /// Whether the query page shows the requests to REST sources and their responses, without credentials.
    /// Default: false.
    pub debug: Option<bool>,
}

/// One of `sources` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RestSource")]
pub(super) struct RawSource {
    /// Instead of the `baseURL` of the schema.
    pub override_url: Option<String>,
    /// The pool that answers, instead of scheme, host and port of the URL.
    pub upstream: Option<String>,
    /// How many requests one operation may send to it.
    pub max_requests_per_operation: Option<u32>,
    /// What mappings read as `$config`: an object.
    pub config: Option<Map<String, Value>>,
}

/// `connectors.limits` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MappingLimits")]
pub(super) struct RawMappingLimits {
    /// How many steps: properties that are read, methods that are called. Default: 5000000.
    pub steps: Option<u64>,
    /// How large its result, and all texts on the way to it. Default: `64MB`.
    pub size: Option<RawSize>,
}

/// What holds for REST sources.
#[derive(Debug, Clone)]
pub struct ConnectorSettings {
    /// By `subgraph.source`, or `subgraph`.
    pub sources: IndexMap<String, RestSourceSettings>,
    /// For each source that has no bound of its own.
    pub max_requests_per_operation: usize,
    /// The variables of the environment that mappings may read, as far as they are set.
    pub env: OperatorValues<Vec<(String, String)>>,
    /// What evaluating one mapping may cost.
    pub mapping_limits: mapping::Limits,
    /// Whether the query page shows requests and responses.
    pub debug: bool,
}

/// What holds for one source.
#[derive(Debug, Clone, Default)]
pub struct RestSourceSettings {
    /// Instead of the schema's.
    pub base: Option<UrlTemplate>,
    /// The pool that answers.
    pub upstream: Option<String>,
    /// Instead of what holds for all.
    pub max_requests_per_operation: Option<usize>,
    /// `$config`
    pub config: OperatorValues<Value>,
}

/// Values of the operator, which may be secrets: `Debug` tells nothing of them.
#[derive(Clone, Default)]
pub struct OperatorValues<T>(pub T);

/// Requests to a source when the file does not say.
const MAX_REQUESTS: usize = 500;
/// Steps of a mapping when the file does not say.
const STEPS: u64 = 5_000_000;
/// Units and bytes of a mapping's result when the file does not say.
const SIZE: u64 = 64_000_000;
/// Problems of a mapping that are kept for people.
const PROBLEMS: usize = 20;

impl<T> fmt::Debug for OperatorValues<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(values)")
    }
}

impl RawConnectors {
    pub(super) fn settle(
        self,
        upstreams: &IndexMap<String, UpstreamSettings>,
        environment: Environment<'_>,
        problems: &mut Problems<'_>,
    ) -> ConnectorSettings {
        let key = Key::default().then("connectors");
        let max = bound(self.max_requests_per_operation, &key, problems);
        let limits = self.limits.unwrap_or_default();
        let limits_key = key.then("limits");
        let size = limits.size.and_then(|size| size.settle(&limits_key.then("size"), problems));
        if limits.steps == Some(0) {
            let fix = "allow at least 1, or leave the key out";
            problems.add(&limits_key.then("steps"), "no step is allowed", fix);
        }
        let names = self.env.unwrap_or_default().into_iter();
        let env = names.filter_map(|name| environment(&name).map(|value| (name, value)));
        let env = OperatorValues(env.collect());
        let key = key.then("sources");
        let sources = self.sources.unwrap_or_default().into_iter().map(|(name, source)| {
            let settled = source.settle(&key.then(&name), upstreams, problems);
            (name, settled)
        });
        ConnectorSettings {
            sources: sources.collect(),
            max_requests_per_operation: max.unwrap_or(MAX_REQUESTS),
            env,
            debug: self.debug.unwrap_or(false),
            mapping_limits: mapping::Limits {
                steps: limits.steps.unwrap_or(STEPS),
                size: size.map_or(SIZE, |size| size as u64),
                problems: PROBLEMS,
            },
        }
    }
}

impl RawSource {
    fn settle(
        self,
        key: &Key,
        upstreams: &IndexMap<String, UpstreamSettings>,
        problems: &mut Problems<'_>,
    ) -> RestSourceSettings {
        if let Some(name) = &self.upstream {
            is_known_upstream(name, upstreams, &key.then("upstream"), problems);
        }
        let base = self.override_url.and_then(|text| {
            let url_key = key.then("override_url");
            let url: Url = target_url(&text, &url_key, problems)?;
            // Braces are no expressions here: the whole file can have `${VAR}`.
            let text = url.as_str().replace('{', "%7B").replace('}', "%7D");
            match UrlTemplate::parse(&text, UrlKind::Base, Version::V0_4) {
                Ok(base) => Some(base),
                Err(error) => {
                    let fix = error.fix.unwrap_or_else(|| "write `https://host/path`".to_owned());
                    problems.add(&url_key, error.kind.to_string(), fix);
                    None
                }
            }
        });
        RestSourceSettings {
            base,
            upstream: self.upstream,
            max_requests_per_operation: bound(self.max_requests_per_operation, key, problems),
            config: OperatorValues(Value::Object(self.config.unwrap_or_default())),
        }
    }
}

fn bound(written: Option<u32>, key: &Key, problems: &mut Problems<'_>) -> Option<usize> {
    if written == Some(0) {
        let fix = "allow at least 1, or leave the key out";
        problems.add(&key.then("max_requests_per_operation"), "no request is allowed", fix);
    }
    written.map(|max| max as usize)
}
