//! Finds out who answers for each subgraph of a supergraph.
//!
//! **In:** a supergraph, the configuration, the pools. **Out:** one [`Source`] a subgraph, or what is missing.
//!
//! **Never here:** asking them.
//!
//! **Holds:** a subgraph's own header rules come after those for all.

use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use supergraph::{IdVec, SubgraphDef, SubgraphId, Supergraph};
use url::Url;

use super::problem::{Problem, ProblemError};
use super::{Loaded, Workshop};
use crate::config::{Destination, HeaderRule, SupergraphSettings};
use crate::schedule::{Heads, Merging, Source};
use crate::telemetry::FetchMetrics;
use crate::upstream::Upstream;

pub(super) fn find(
    workshop: &Workshop,
    loaded: &Loaded,
    supergraph: &Supergraph,
) -> Result<IdVec<SubgraphId, Source>, Problem> {
    let mut sources = IdVec::new();
    for (_, subgraph) in supergraph.subgraphs().iter() {
        let source = source(workshop, subgraph).ok_or_else(|| nobody(loaded, subgraph))?;
        sources.push(source);
    }
    Ok(sources)
}

fn source(workshop: &Workshop, subgraph: &SubgraphDef) -> Option<Source> {
    let name = subgraph.name.as_str();
    let own = match &workshop.settings.supergraph {
        SupergraphSettings::Subgraphs(subgraphs) => subgraphs.get(name),
        _ => None,
    };
    let rules = |all: &[HeaderRule], own: Option<&Vec<HeaderRule>>| {
        all.iter().chain(own.into_iter().flatten()).cloned().collect()
    };
    let all = &workshop.settings.headers;
    let request_headers: Vec<HeaderRule> = rules(&all.request, own.map(|own| &own.request_headers));
    let for_all = workshop.settings.graphql.merge.subgraph_queries;
    let merges = own.and_then(|own| own.merge).unwrap_or(for_all);
    let source = |upstream: Arc<Upstream>, path, timeout: Option<Duration>| Source {
        name: name.into(),
        heads: Heads::new(&upstream, request_headers.clone()),
        upstream,
        path,
        merging: merges.then(|| Merging::new(&request_headers)),
        response_headers: rules(&all.response, own.map(|own| &own.response_headers)),
        timeout,
        metrics: FetchMetrics::new(&workshop.telemetry.metrics, name),
    };
    let by_url = |url: &Url, timeout| {
        let path = path_of(url)?;
        Some(source(workshop.upstreams.by_url(url, name), path, timeout))
    };
    let by_name = |pool: &str, path: Option<&str>, timeout| {
        let upstream = workshop.upstreams.by_name(pool)?;
        let default = if upstream.has_base_path() { "/" } else { "/graphql" };
        let path = PathAndQuery::try_from(path.unwrap_or(default)).ok()?;
        Some(source(Arc::clone(upstream), path, timeout))
    };
    match own {
        Some(own) => match &own.destination {
            Destination::Url(url) => by_url(url, own.timeout),
            Destination::Upstream { name, path } => by_name(name, path.as_deref(), own.timeout),
        },
        // A pool of the subgraph's name goes before the address that a ready supergraph names.
        None => by_name(name, None, None)
            .or_else(|| Url::parse(&subgraph.url).ok().and_then(|url| by_url(&url, None))),
    }
}

fn path_of(url: &Url) -> Option<PathAndQuery> {
    let text = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    PathAndQuery::try_from(text).ok()
}

fn nobody(loaded: &Loaded, subgraph: &SubgraphDef) -> Problem {
    let name = &subgraph.name;
    let message = format!("nobody answers for subgraph `{name}`");
    let error = ProblemError {
        code: "NO_UPSTREAM".to_owned(),
        message: message.clone(),
        file: loaded.file.as_ref().map(|file| file.display().to_string()),
        fix: Some(format!(
            "add `upstreams: {{ {name}: {{ targets: [{{ url: http://host:port/graphql }}] }} }}` \
             to the configuration"
        )),
        ..ProblemError::default()
    };
    Problem::one(message, error)
}
