//! What the graph is made of: subgraphs by schema file, a ready supergraph file, or a folder of schema files.
//!
//! **In:** `supergraph`, and the names of the upstreams. **Out:** [`SupergraphSettings`].
//!
//! **Never here:** reading the schemas (`graph` does, again and again as they change).
//!
//! **Holds:** exactly one of the three ways; a subgraph has at most one of `url` and `upstream`.
//!
//! **Read first:** [`RawSupergraph`].

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::headers::{HeaderRule, RawHeaders};
use super::quantity::RawDuration;
use super::report::{Key, Problems};
use super::suggest::nearest;
use super::upstreams::{UpstreamSettings, target_url};
use crate::expressions::Phase;

/// `supergraph` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Supergraph")]
pub(super) struct RawSupergraph {
    /// Subgraphs by name; composed here.
    pub subgraphs: Option<IndexMap<String, RawSubgraph>>,
    /// A supergraph that was composed elsewhere; it names its subgraphs and their URLs.
    pub file: Option<PathBuf>,
    /// A folder of schema files `NAME.graphql`, each a subgraph whose upstream has the same name.
    pub directory: Option<PathBuf>,
    /// Labels of progressive overrides (`@override(label:)`) by name, each with the requests for which it is on:
    /// a share (`10%`), or a condition in CEL (`'"x-beta" in request.headers'`). Labels `percent(n)` need no entry.
    pub override_labels: Option<IndexMap<String, String>>,
}

/// One of `subgraphs` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Subgraph")]
pub(super) struct RawSubgraph {
    /// The file of its schema.
    pub schema: Option<PathBuf>,
    /// Where it answers. A subgraph of REST sources needs no address: its schema names them.
    pub url: Option<String>,
    /// The pool that answers, instead of `url`.
    pub upstream: Option<String>,
    /// With `upstream`: the path of its GraphQL door, if the target's URL names none. Default: `/graphql`.
    pub path: Option<String>,
    /// Rules of its own for headers, after those for all.
    pub headers: Option<RawHeaders>,
    /// How long a request to it may take, instead of its upstream's `timeout.total`.
    pub timeout: Option<RawDuration>,
    /// Whether identical queries to it that are under way at the same time are sent once, instead of
    /// `graphql.merge.subgraph_queries`.
    pub merge: Option<bool>,
}

/// What the graph is made of. Paths are absolute or relative to the working folder.
#[derive(Debug, Clone)]
pub enum SupergraphSettings {
    /// Named subgraphs.
    Subgraphs(IndexMap<String, SubgraphSettings>),
    /// A ready supergraph.
    File(PathBuf),
    /// A folder with a schema file for each subgraph.
    Directory(PathBuf),
}

impl SupergraphSettings {
    /// All rules of subgraphs of their own for what is sent to them.
    pub(super) fn request_rules(&self) -> impl Iterator<Item = &HeaderRule> {
        let subgraphs = match self {
            Self::Subgraphs(subgraphs) => Some(subgraphs.values()),
            Self::File(_) | Self::Directory(_) => None,
        };
        subgraphs.into_iter().flatten().flat_map(|subgraph| &subgraph.request_headers)
    }
}

/// One subgraph.
#[derive(Debug, Clone)]
pub struct SubgraphSettings {
    /// The file of its schema.
    pub schema: PathBuf,
    /// Who answers for it; nobody is named for REST sources, whose schema says it.
    pub destination: Option<Destination>,
    /// Its own header rules: to it.
    pub request_headers: Vec<HeaderRule>,
    /// Its own header rules: from it.
    pub response_headers: Vec<HeaderRule>,
    /// Instead of the upstream's.
    pub timeout: Option<std::time::Duration>,
    /// Instead of what holds for all.
    pub merge: Option<bool>,
}

/// Who answers: an address of its own, or a named pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A URL; its pool is found by the address.
    Url(Url),
    /// A named pool, and the path to ask there (none: the target's, or `/graphql`).
    Upstream {
        /// The pool.
        name: String,
        /// The path, put after the target's.
        path: Option<String>,
    },
}

impl RawSupergraph {
    pub(super) fn settle(
        self,
        folder: &Path,
        upstreams: &IndexMap<String, UpstreamSettings>,
        problems: &mut Problems<'_>,
    ) -> SupergraphSettings {
        let key = Key::default().then("supergraph");
        match (self.subgraphs, self.file, self.directory) {
            (Some(subgraphs), None, None) => {
                if subgraphs.is_empty() {
                    let fix = "add a subgraph, or run `graphloom add NAME URL`";
                    problems.add(&key.then("subgraphs"), "there is no subgraph", fix);
                }
                let key = key.then("subgraphs");
                SupergraphSettings::Subgraphs(
                    subgraphs
                        .into_iter()
                        .map(|(name, subgraph)| {
                            let key = key.then(&name);
                            (name, subgraph.settle(folder, upstreams, &key, problems))
                        })
                        .collect(),
                )
            }
            (None, Some(file), None) => SupergraphSettings::File(folder.join(file)),
            (None, None, Some(directory)) => SupergraphSettings::Directory(folder.join(directory)),
            (None, None, None) => {
                let fix = "add `supergraph: { subgraphs: { NAME: { schema: FILE, url: URL } } }`";
                problems.add(&key, "there is no graph to serve", fix);
                SupergraphSettings::Subgraphs(IndexMap::new())
            }
            _ => {
                let fix = "keep exactly one of `subgraphs`, `file` and `directory`";
                problems.add(&key, "the graph is described more than once", fix);
                SupergraphSettings::Subgraphs(IndexMap::new())
            }
        }
    }
}

impl RawSubgraph {
    fn settle(
        self,
        folder: &Path,
        upstreams: &IndexMap<String, UpstreamSettings>,
        key: &Key,
        problems: &mut Problems<'_>,
    ) -> SubgraphSettings {
        let schema = self.schema.unwrap_or_else(|| {
            problems.add(key, "the subgraph has no schema", "add `schema: FILE.graphql`");
            PathBuf::new()
        });
        let destination = match (self.url, self.upstream) {
            (Some(url), None) => {
                if self.path.is_some() {
                    let fix = "put the path into the `url`";
                    problems.add(&key.then("path"), "`path` goes with `upstream` only", fix);
                }
                target_url(&url, &key.then("url"), problems).map(Destination::Url)
            }
            (None, Some(name)) => {
                is_known_upstream(&name, upstreams, &key.then("upstream"), problems);
                Some(Destination::Upstream { name, path: self.path })
            }
            (None, None) => None,
            (Some(_), Some(_)) => {
                let fix = "keep one of `url` and `upstream`";
                problems.add(&key.then("upstream"), "the subgraph has two addresses", fix);
                None
            }
        };
        let headers = self.headers.unwrap_or_default();
        let headers = headers.settle(&key.then("headers"), Phase::Planned, problems);
        SubgraphSettings {
            schema: folder.join(schema),
            destination,
            request_headers: headers.request,
            response_headers: headers.response,
            timeout: self
                .timeout
                .and_then(|timeout| timeout.settle(&key.then("timeout"), problems)),
            merge: self.merge,
        }
    }
}

/// Reports a name that no upstream has.
pub(super) fn is_known_upstream(
    name: &str,
    upstreams: &IndexMap<String, UpstreamSettings>,
    key: &Key,
    problems: &mut Problems<'_>,
) {
    if upstreams.contains_key(name) {
        return;
    }
    let fix = match nearest(name, upstreams.keys().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => {
            format!("add `upstreams: {{ {name}: {{ targets: [{{ url: http://host:port }}] }} }}`")
        }
    };
    problems.add(key, format!("there is no upstream `{name}`"), fix);
}
