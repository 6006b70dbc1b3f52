//! Checks that a field asks for all that the fields it requires ask for.
//!
//! **In:** the merged supergraph with its requirements carried; the subgraphs' `@requires`.
//! **Out:** `MISSING_TRANSITIVE_AUTH_REQUIREMENTS`.
//!
//! **Never here:** enforcing requirements; the gateway does that for each request.
//!
//! **Holds:** the gateway fetches a requirement on its own account, so whoever may see the field
//! must be allowed to see what it was computed from.
//!
//! **Read first:** [`check_required_fields`].

use apollo_compiler::ast::{Selection, Value};
use apollo_compiler::{Name, Node};

use crate::codes::ErrorCode;
use crate::merged::{MergedApplication, Supergraph};
use crate::report::Report;
use crate::requirements::{all_of, implies};
use crate::schema::{FieldDef, Subgraph};
use crate::vocabulary::Known;
use crate::words;

const REQUIREMENTS: [Known; 3] = [Known::Authenticated, Known::RequiresScopes, Known::Policy];

pub(crate) fn check_required_fields(
    subgraphs: &[Subgraph],
    supergraph: &Supergraph,
    report: &mut Report,
) {
    for subgraph in subgraphs {
        for definition in subgraph.types.values() {
            for field in definition.fields.values() {
                check_field(subgraph, supergraph, &definition.name, field, report);
            }
        }
    }
}

fn check_field(
    subgraph: &Subgraph,
    supergraph: &Supergraph,
    parent: &Name,
    field: &FieldDef,
    report: &mut Report,
) {
    let Some(requires) = &field.requires else { return };
    let Some(merged) = supergraph.types.get(parent) else { return };
    let Some(merged_field) = merged.fields.get(&field.name) else { return };
    let own: Vec<&MergedApplication> = merged.applied.iter().chain(&merged_field.applied).collect();
    let mut needed: Vec<&MergedApplication> = Vec::new();
    collect(supergraph, parent, &requires.selections, &mut needed);
    let missing: Vec<String> = REQUIREMENTS
        .into_iter()
        .filter(|known| !is_met(*known, &own, &needed))
        .map(|known| format!("@{}", known.name()))
        .collect();
    if missing.is_empty() {
        return;
    }
    let coordinate = format!("{parent}.{}", field.name);
    let message = format!(
        "`{coordinate}` requires `{}`, which asks for more {} than `{coordinate}` does",
        requires.print(),
        words::list(&missing)
    );
    report.error(
        subgraph
            .error(ErrorCode::MissingTransitiveAuthRequirements, requires.span, &message)
            .on(&coordinate)
            .fix(format!("copy {} from the required fields to the field", words::list(&missing))),
    );
}

/// The requirements of all that a selection reads: fields, what they return, type conditions.
fn collect<'a>(
    supergraph: &'a Supergraph,
    parent: &Name,
    selections: &[Selection],
    needed: &mut Vec<&'a MergedApplication>,
) {
    for selection in selections {
        match selection {
            Selection::Field(field) => {
                let definition = supergraph.types.get(parent);
                let Some(merged) = definition.and_then(|d| d.fields.get(&field.name)) else {
                    continue;
                };
                needed.extend(&merged.applied);
                let returned = merged.ty.inner_named_type();
                if let Some(returned) = supergraph.types.get(returned) {
                    needed.extend(&returned.applied);
                }
                collect(supergraph, returned, &field.selection_set, needed);
            }
            Selection::InlineFragment(fragment) => {
                let condition = fragment.type_condition.as_ref().unwrap_or(parent);
                if let Some(definition) = supergraph.types.get(condition) {
                    needed.extend(&definition.applied);
                }
                collect(supergraph, condition, &fragment.selection_set, needed);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn is_met(known: Known, own: &[&MergedApplication], needed: &[&MergedApplication]) -> bool {
    let applied = |all: &[&MergedApplication]| all.iter().any(|a| a.known == Some(known));
    if !applied(needed) {
        return true;
    }
    match (combined(known, own), combined(known, needed)) {
        (Some(own), Some(needed)) => implies(&own, &needed),
        // `@authenticated` has no argument: it is there or not.
        (_, None) => applied(own),
        (None, Some(_)) => false,
    }
}

fn combined(known: Known, applied: &[&MergedApplication]) -> Option<Node<Value>> {
    let of_kind = applied.iter().filter(|application| application.known == Some(known));
    let values: Vec<&Node<Value>> =
        of_kind.flat_map(|application| &application.arguments).map(|(_, value)| value).collect();
    (!values.is_empty()).then(|| all_of(&values))
}
