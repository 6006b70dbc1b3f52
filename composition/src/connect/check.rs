//! Checks the connectors of one subgraph while its text is at hand.
//!
//! **In:** a subgraph that obeys its own rules. **Out:** errors and hints at line and column.
//!
//! **Never here:** single directives (`read`), the merge.
//!
//! **Read first:** [`check`].

use apollo_compiler::Name;
use mapping::Version;

use super::connection::Settled;
use super::connector::ConnectorKind;
use super::coverage::{check_coverage, note_fields};
use super::problem::{Place, Problem};
use super::read::{Declared, ReadConnectors, read};
use crate::codes::{ErrorCode, HintCode};
use crate::failure::Hint;
use crate::link::{Edition, Feature};
use crate::report::Report;
use crate::schema::{Applied, Subgraph, Types};
use crate::vocabulary::Known;

const IDENTITY: &str = "https://specs.apollo.dev/connect";

/// Checks a subgraph; nothing is said of one that does not link `connect`.
pub(crate) fn check(subgraph: &mut Subgraph, report: &mut Report) {
    let Some((link, version)) = link_of(subgraph) else { return };
    hint_at_link(subgraph, link, version, report);
    let sources = subgraph.on_schema.iter().filter(|applied| applied.is(Known::Source));
    let declared = Declared {
        subgraph: &subgraph.name,
        version,
        types: &subgraph.types,
        sources: sources.map(|applied| &applied.directive).collect(),
        is_merged: false,
    };
    let mut read = read(&declared);
    let used = used_fields(&read.connectors, &subgraph.types);
    if subgraph.is_federation_one() {
        read.problems.push(needs_federation(link));
    }
    // The rules about all of a subgraph would only repeat what is wrong with one directive.
    if read.problems.is_empty() && has_connectors(subgraph) {
        check_directives(subgraph, link, &mut read);
        check_coverage(&subgraph.types, version, &read.connectors, &mut read.problems);
    }
    for problem in read.problems {
        report.error(problem.error(&subgraph.source));
    }
    for (ty, field) in used {
        subgraph.usage.used.entry(ty).or_default().insert(field);
    }
}

/// What connectors read of their objects is in use, as if `@requires` named it.
fn used_fields(connectors: &[Settled], types: &Types) -> Vec<(Name, Name)> {
    let mut used = Vec::new();
    for settled in connectors {
        let (ConnectorKind::Field { ty, .. }
        | ConnectorKind::Entity { ty, .. }
        | ConnectorKind::Batch { ty, .. }) = &settled.connector.kind
        else {
            continue;
        };
        if let Some(ty) = types.get(ty.as_str()) {
            note_fields(types, ty, &settled.key, &mut |ty, field| {
                used.push((ty.clone(), field.clone()));
            });
        }
    }
    used
}

/// The link to `connect`, with a version that we know.
pub(super) fn link_of(subgraph: &Subgraph) -> Option<(&Feature, Version)> {
    let link = subgraph.links.features.iter().find(|it| it.identity == IDENTITY)?;
    Some((link, Version::of_name(&link.version_text)?))
}

/// Whether a subgraph is asked by requests of its connectors.
pub(super) fn has_connectors(subgraph: &Subgraph) -> bool {
    let is_connect = |applied: &Applied| applied.is(Known::Connect);
    subgraph.types.values().any(|ty| {
        ty.applied.iter().any(is_connect)
            || ty.fields.values().any(|field| field.applied.iter().any(is_connect))
    })
}

/// The minor version of federation 2 that came with a version of `connect`.
fn federation_of(version: Version) -> u32 {
    match version {
        Version::V0_1 => 10,
        Version::V0_2 => 11,
        Version::V0_3 => 12,
        Version::V0_4 | Version::V0_5 => 13,
    }
}

fn hint_at_link(subgraph: &Subgraph, link: &Feature, version: Version, report: &mut Report) {
    let mut hint = |code: HintCode, message: String| {
        report.hint(Hint {
            code,
            message: format!("[{}] {message}", subgraph.name),
            subgraphs: vec![subgraph.name.clone()],
            coordinate: None,
            locations: subgraph.source.locate(link.span).into_iter().collect(),
        });
    };
    if let Some(message) = version.hint() {
        hint(HintCode::ConnectorsPreviewVersion, message.to_owned());
    }
    let needed = federation_of(version);
    if let Edition::Two(minor) = subgraph.links.edition
        && minor < needed
    {
        let message = format!(
            "connect {version} came with federation v2.{needed}, and this schema links v2.{minor}; \
             it is read as v2.{needed}: raise the link"
        );
        hint(HintCode::ImplicitlyUpgradedFederationVersion, message);
    }
    if !link.imports.iter().any(|import| import.name == "@source") {
        let message =
            "`connect` is linked without `@source`; add `\"@source\"` to its `import` if \
                       connectors share a base URL"
                .to_owned();
        hint(HintCode::NoSourceImport, message);
    }
}

fn needs_federation(link: &Feature) -> Problem {
    let message = "this schema links `connect`, and no federation 2".to_owned();
    let place = Place::of(link.span);
    Problem::new(ErrorCode::UnsupportedFederationVersion, "@link", place, message)
        .fix("add `@link(url: \"https://specs.apollo.dev/federation/v2.12\", import: [\"@key\"])`")
}

/// Contexts are set by objects above, of which a request of a connector knows nothing.
fn check_directives(subgraph: &Subgraph, link: &Feature, read: &mut ReadConnectors) {
    for known in [Known::Context, Known::FromContext] {
        let feature = subgraph.links.features.iter().find(|feature| {
            feature.imports.iter().any(|it| it.name == format!("@{}", known.name()))
        });
        let Some(feature) = feature else { continue };
        let message = format!("`@{}` does not work in a subgraph with connectors", known.name());
        let place = Place::of(feature.span.or(link.span));
        let code = ErrorCode::ConnectorsUnsupportedFederationDirective;
        let problem = Problem::new(code, &format!("@{}", known.name()), place, message);
        read.problems.push(problem.fix("move what uses it to another subgraph"));
    }
}
