//! Finds out where the connectors of a supergraph ask.
//!
//! **In:** the connectors of the schema, `connectors` of the configuration, the pools.
//! **Out:** one [`RestSource`] a connector, or what is wrong.
//!
//! **Never here:** asking them (`sources`), reading the schema (`composition`).
//!
//! **Holds:** a source that the configuration names is one of the schema. Scheme, host and port of its requests
//! are settled here, so that no request decides where it goes.
//!
//! **Read first:** [`rest_source`].

use std::sync::Arc;

use composition::{Connector, Connectors};
use url::Url;

use super::Workshop;
use super::problem::{Problem, ProblemError};
use crate::config::{
    Destination, HeaderRule, RestSourceSettings, SubgraphSettings, SupergraphSettings, nearest,
};
use crate::sources::{RestSource, RestTerms, Values};
use crate::telemetry::FetchMetrics;
use crate::upstream::Upstream;

/// Who answers for a connector.
pub(super) fn rest_source(
    workshop: &Workshop,
    connector: &Arc<Connector>,
    own: Option<&SubgraphSettings>,
    request_headers: Vec<HeaderRule>,
) -> Result<(RestSource, Arc<Upstream>), Problem> {
    let all = &workshop.settings.connectors;
    let name = match &connector.source {
        Some(source) => source.full_name(),
        None => connector.subgraph.clone(),
    };
    let nothing = RestSourceSettings::default();
    let settings = all.sources.get(&name).unwrap_or(&nothing);
    let values = Values::new(&settings.config.0, all.env.0.iter().cloned());
    // A connector that writes its whole URL takes none over.
    let base = settings.base.as_ref().filter(|_| connector.source.is_some());
    let origin = RestSource::origin(connector, base, &values, all.mapping_limits);
    let origin = origin.map_err(|error| {
        let fix =
            format!("set what its expressions read under `connectors.sources.{name:?}.config`");
        no_address(connector, &error.to_string(), &fix)
    })?;
    let of_subgraph = own.and_then(|own| match &own.destination {
        Some(Destination::Upstream { name, .. }) => Some(name),
        _ => None,
    });
    let named = settings.upstream.as_ref().or(of_subgraph);
    let named = named.and_then(|name| workshop.upstreams.by_name(name));
    let shown = match (&origin, named) {
        (Some(_), Some(upstream)) => upstream.origin(),
        (origin, _) => origin.clone().unwrap_or_default(),
    };
    let upstream = match (origin, named) {
        (None, _) => workshop.upstreams.nobody(&name),
        (Some(_), Some(upstream)) => Arc::clone(upstream),
        (Some(origin), None) => {
            let url = Url::parse(&origin).map_err(|error| {
                let fix = "write `https://host` or `https://host:port`";
                no_address(connector, &error.to_string(), fix)
            })?;
            workshop.upstreams.by_url(&url, &name)
        }
    };
    let terms = RestTerms {
        name: connector.subgraph.as_str().into(),
        budget: name.as_str().into(),
        max_requests: settings.max_requests_per_operation.unwrap_or(all.max_requests_per_operation),
        origin: shown,
        base: base.cloned(),
        values: Arc::new(values),
        request_headers,
        timeout: own.and_then(|own| own.timeout),
        limits: all.mapping_limits,
        metrics: FetchMetrics::new(&workshop.telemetry.metrics, &connector.subgraph),
    };
    Ok((RestSource::new(connector, Arc::clone(&upstream), terms), upstream))
}

/// Whether what the configuration says of sources fits the schema.
///
/// # Errors
/// For the first source that the schema does not have, and for the address of a subgraph that is never asked.
pub(super) fn check(workshop: &Workshop, connectors: &Connectors) -> Result<(), Problem> {
    let sources = connectors.sources().iter().map(|source| source.full_name());
    let subgraphs = connectors.iter().map(|(_, connector)| connector.subgraph.clone());
    let known: Vec<String> = sources.chain(subgraphs).collect();
    let settings = &workshop.settings;
    let mut named = settings.connectors.sources.keys();
    if let Some(name) = named.find(|name| !known.contains(name)) {
        let fix = match nearest(name, known.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "write `subgraph.source`, as the schema's `@source(name:)` names it".to_owned(),
        };
        let message = format!("`connectors.sources` names `{name}`, and no schema has that source");
        return Err(wrong(workshop, "UNKNOWN_SOURCE", message, fix));
    }
    let SupergraphSettings::Subgraphs(subgraphs) = &settings.supergraph else { return Ok(()) };
    for (name, subgraph) in subgraphs {
        let is_rest = connectors.iter().any(|(_, connector)| connector.subgraph == *name);
        if is_rest && matches!(subgraph.destination, Some(Destination::Url(_))) {
            let message = format!("subgraph `{name}` has connectors, so its `url` is never asked");
            let fix = "take the `url` out; the schema's `@source(http: { baseURL: })` says where its API \
                       is, and `connectors.sources` can override it";
            return Err(wrong(workshop, "URL_OF_CONNECTORS", message, fix.to_owned()));
        }
    }
    Ok(())
}

fn no_address(connector: &Connector, why: &str, fix: &str) -> Problem {
    let message = format!("`{}` has no address: {why}", connector.full_coordinate());
    let error = ProblemError {
        code: "NO_UPSTREAM".to_owned(),
        message: message.clone(),
        coordinate: Some(connector.coordinate.clone()),
        fix: Some(fix.to_owned()),
        ..ProblemError::default()
    };
    Problem::one(message, error)
}

fn wrong(workshop: &Workshop, code: &str, message: String, fix: String) -> Problem {
    let error = ProblemError {
        code: code.to_owned(),
        message: message.clone(),
        file: Some(workshop.settings.file.display().to_string()),
        fix: Some(fix),
        ..ProblemError::default()
    };
    Problem::one(message, error)
}
