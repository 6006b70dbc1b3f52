//! Finds out who answers for each subgraph of a supergraph.
//!
//! **In:** a supergraph, the configuration, the pools. **Out:** one [`Source`] a subgraph, or what is missing.
//!
//! **Never here:** asking them.
//!
//! **Holds:** a subgraph's own header rules come after those for all.

use std::sync::Arc;
use std::time::Duration;

use composition::Connector;
use http::uri::PathAndQuery;
use supergraph::{IdVec, SubgraphDef, SubgraphId, Supergraph};
use url::Url;

use super::problem::{Problem, ProblemError};
use super::{Loaded, Workshop, rest};
use crate::config::{Destination, HeaderRule, SubgraphSettings, SupergraphSettings};
use crate::schedule::{Heads, Merging, Source};
use crate::telemetry::FetchMetrics;
use crate::upstream::Upstream;

pub(super) fn find(
    workshop: &Workshop,
    loaded: &Loaded,
    supergraph: &Supergraph,
) -> Result<IdVec<SubgraphId, Source>, Problem> {
    rest::check(workshop, &loaded.connectors)?;
    let mut sources = IdVec::new();
    for (id, subgraph) in supergraph.subgraphs().iter() {
        let source = match loaded.connectors.of(id) {
            Some(connector) => rest_source(workshop, connector)?,
            None => source(workshop, subgraph).ok_or_else(|| nobody(loaded, subgraph))?,
        };
        sources.push(source);
    }
    Ok(sources)
}

/// What the configuration says of a subgraph, and the rules for headers to and from it, all in order.
struct Own<'w> {
    settings: Option<&'w SubgraphSettings>,
    request_headers: Vec<HeaderRule>,
    response_headers: Vec<HeaderRule>,
}

impl<'w> Own<'w> {
    fn of(name: &str, workshop: &'w Workshop) -> Self {
        let settings = match &workshop.settings.supergraph {
            SupergraphSettings::Subgraphs(subgraphs) => subgraphs.get(name),
            _ => None,
        };
        let rules = |all: &[HeaderRule], own: Option<&Vec<HeaderRule>>| {
            all.iter().chain(own.into_iter().flatten()).cloned().collect()
        };
        let all = &workshop.settings.headers;
        Self {
            settings,
            request_headers: rules(&all.request, settings.map(|own| &own.request_headers)),
            response_headers: rules(&all.response, settings.map(|own| &own.response_headers)),
        }
    }
}

fn rest_source(workshop: &Workshop, connector: &Arc<Connector>) -> Result<Source, Problem> {
    let name = connector.subgraph.as_str();
    let Own { settings, request_headers, response_headers } = Own::of(name, workshop);
    let rules = request_headers.clone();
    let (rest, upstream) = rest::rest_source(workshop, connector, settings, rules)?;
    Ok(Source {
        name: name.into(),
        heads: Heads::new(&upstream, request_headers),
        upstream,
        path: PathAndQuery::from_static("/"),
        merging: None,
        response_headers,
        timeout: settings.and_then(|own| own.timeout),
        metrics: FetchMetrics::new(&workshop.telemetry.metrics, name),
        rest: Some(rest),
    })
}

fn source(workshop: &Workshop, subgraph: &SubgraphDef) -> Option<Source> {
    let name = subgraph.name.as_str();
    let Own { settings: own, request_headers, response_headers } = Own::of(name, workshop);
    let for_all = workshop.settings.graphql.merge.subgraph_queries;
    let merges = own.and_then(|own| own.merge).unwrap_or(for_all);
    let source = |upstream: Arc<Upstream>, path, timeout: Option<Duration>| Source {
        name: name.into(),
        heads: Heads::new(&upstream, request_headers.clone()),
        upstream,
        path,
        merging: merges.then(|| Merging::new(&request_headers)),
        response_headers: response_headers.clone(),
        timeout,
        metrics: FetchMetrics::new(&workshop.telemetry.metrics, name),
        rest: None,
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
        Some(own) => match own.destination.as_ref()? {
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
            "add `url: http://host:port/graphql` to `supergraph.subgraphs.{name}`; for a ready supergraph or \
             a folder `upstreams: {{ {name}: {{ targets: [{{ url: http://host:port/graphql }}] }} }}`"
        )),
        ..ProblemError::default()
    };
    Problem::one(message, error)
}
