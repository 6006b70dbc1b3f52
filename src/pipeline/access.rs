//! What of an operation its caller may see, and how it is told.
//!
//! **In:** a prepared operation, its variables, who asks. **Out:** what is denied, which plans and answers are
//! chosen by; or the error of an operation that is not to run.
//!
//! **Never here:** the rules themselves (`authorization`), leaving out what is denied (`operation`).
//!
//! **Holds:** an operation without rules is looked at no further. What is denied in a dry run is told, and
//! shown.
//!
//! **Read first:** [`denied`], [`shows_the_rest`].

use query_planner::Denied;
use serde_json::{Map, Value};
use supergraph::RequirementSet;

use super::{Facts, Rooms};
use crate::authorization::{Policies, Rules};
use crate::config::{AuthorizationMode, Introspection};
use crate::graph::Graph;
use crate::operation::{Prepared, RequestErrorKind, Variant};

/// The requirements by which introspection hides something from the caller.
pub(super) fn hidden(
    rooms: &Rooms,
    facts: &Facts,
    graph: &Graph,
    prepared: &Prepared,
) -> RequirementSet {
    let settings = &rooms.settings.graphql.authorization;
    if !settings.hide || graph.supergraph.requirements().is_empty() {
        return RequirementSet::new();
    }
    rules(rooms, graph).hidden(&facts.scope_of(prepared))
}

/// What decides what callers may see.
pub(super) fn rules<'a>(rooms: &'a Rooms, graph: &'a Graph) -> Rules<'a> {
    Rules {
        supergraph: &graph.supergraph,
        conditions: &graph.conditions,
        policies: Policies::Of(&rooms.settings.graphql.authorization),
    }
}

/// What of an operation is denied to the caller.
pub(super) fn denied(
    rooms: &Rooms,
    facts: &Facts,
    graph: &Graph,
    (prepared, variables): (&Prepared, &Map<String, Value>),
) -> Denied {
    let (asked, supergraph) = (&prepared.operation, &graph.supergraph);
    if asked.requirements().is_empty() && asked.occurrences().is_empty() {
        return Denied::default();
    }
    let scope = facts.scope_of(prepared);
    rules(rooms, graph).denied(asked, &scope, |occurrence| {
        prepared.arguments(supergraph, occurrence, variables).ok()
    })
}

/// Whether an operation of which something is denied shows the rest; else it shows all. An error if it
/// is not to run.
pub(super) fn shows_the_rest(
    rooms: &Rooms,
    facts: &Facts,
    variant: &Variant,
) -> Result<bool, RequestErrorKind> {
    let (denied, metrics) = (&variant.plan.denied, &rooms.telemetry.metrics);
    let mode = rooms.settings.graphql.authorization.mode;
    metrics.denied(match mode {
        AuthorizationMode::Filter => "filtered",
        AuthorizationMode::Reject => "rejected",
        AuthorizationMode::DryRun => "dry_run",
    });
    let shows_the_rest = on_denial(rooms, facts, variant)?;
    if !shows_the_rest {
        let paths: Vec<String> = denied.iter().map(|path| path.join(".")).collect();
        let (consumer, request) = (&*facts.consumer.id, &*facts.id);
        let paths = paths.join(" ");
        tracing::warn!(request, consumer, paths, "would be denied (dry run)");
    }
    Ok(shows_the_rest)
}

/// As [`shows_the_rest`], and nobody is told.
pub(super) fn on_denial(
    rooms: &Rooms,
    facts: &Facts,
    variant: &Variant,
) -> Result<bool, RequestErrorKind> {
    let denied = &variant.plan.denied;
    match rooms.settings.graphql.authorization.mode {
        _ if denied.is_empty() => Ok(true),
        AuthorizationMode::Filter => Ok(true),
        AuthorizationMode::Reject => Err(RequestErrorKind::Denied {
            paths: denied.clone(),
            is_anonymous: facts.consumer.is_anonymous(),
        }),
        AuthorizationMode::DryRun => Ok(false),
    }
}

/// Whether the caller may ask about the schema.
pub(super) fn may_introspect(
    introspection: &Introspection,
    facts: &Facts,
) -> Result<(), RequestErrorKind> {
    let why = match introspection {
        Introspection::Always => return Ok(()),
        Introspection::Never => "`graphql.introspection` is off".to_owned(),
        Introspection::When(condition) => match condition.decide(&facts.scope(&[], "")) {
            Ok(true) => return Ok(()),
            Ok(false) => format!("`{}` does not hold", condition.text()),
            Err(why) => format!("`{}` cannot be decided: {why}", condition.text()),
        },
    };
    Err(RequestErrorKind::Introspection(why))
}
