//! Checks where `@shareable` stands.
//!
//! **In:** one Federation 2 subgraph. **Out:** `INVALID_SHAREABLE_USAGE`.
//!
//! **Never here:** whether a field may be shared (`merge::sharing`).

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::schema::{Applied, Kind, Subgraph};
use crate::vocabulary::Known;

pub(crate) fn check_shareable(subgraph: &Subgraph, errors: &mut Vec<CompositionError>) {
    for definition in subgraph.types.values() {
        check_twice(subgraph, &definition.name, &definition.applied, errors);
        for field in definition.fields.values().filter(|field| !field.applied.is_empty()) {
            let coordinate = format!("{}.{}", definition.name, field.name);
            check_twice(subgraph, &coordinate, &field.applied, errors);
            let applied = field.applied.iter().find(|applied| applied.is(Known::Shareable));
            let Some(applied) = applied else { continue };
            if definition.kind == Kind::Interface {
                let message =
                    format!("`@shareable` stands on `{coordinate}`, a field of an interface");
                errors.push(
                    subgraph
                        .error(ErrorCode::InvalidShareableUsage, applied.span(), &message)
                        .on(&coordinate)
                        .fix("put it on the fields of the implementing types"),
                );
            }
        }
    }
    check_subscriptions(subgraph, errors);
}

/// A subscription has one source; it cannot be read from either of two.
fn check_subscriptions(subgraph: &Subgraph, errors: &mut Vec<CompositionError>) {
    let Some(subscription) = subgraph.types.get("Subscription") else { return };
    for field in subscription.fields.values().filter(|field| field.shareable) {
        let message = format!(
            "`Subscription.{}` is `@shareable`, but a subscription comes from one subgraph",
            field.name
        );
        errors.push(
            subgraph
                .error(ErrorCode::InvalidFieldSharing, field.span, &message)
                .on(format!("Subscription.{}", field.name))
                .fix("remove `@shareable`, and the field in all subgraphs but one"),
        );
    }
}

fn check_twice(
    subgraph: &Subgraph,
    coordinate: &str,
    applied: &[Applied],
    errors: &mut Vec<CompositionError>,
) {
    let mut seen: Vec<usize> = Vec::new();
    for directive in applied.iter().filter(|applied| applied.is(Known::Shareable)) {
        if seen.contains(&directive.part) {
            let message = format!("`@shareable` stands twice on `{coordinate}`");
            errors.push(
                subgraph
                    .error(ErrorCode::InvalidShareableUsage, directive.span(), &message)
                    .on(coordinate)
                    .fix("keep one"),
            );
        }
        seen.push(directive.part);
    }
}
