//! Checks where `@authenticated`, `@requiresScopes` and `@policy` stand.
//!
//! **In:** one Federation 2 subgraph. **Out:** `AUTH_REQUIREMENTS_APPLIED_ON_INTERFACE`.
//!
//! **Never here:** deriving an interface's requirements (`post_merge`).

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::schema::{Applied, Kind, Subgraph};
use crate::vocabulary::Known;

pub(crate) fn check_access_control(subgraph: &Subgraph, errors: &mut Vec<CompositionError>) {
    for definition in subgraph.types.values() {
        if definition.interface_object || definition.kind == Kind::Interface {
            check(subgraph, &definition.name, &definition.applied, errors);
        }
        if definition.kind == Kind::Interface {
            for field in definition.fields.values() {
                let coordinate = format!("{}.{}", definition.name, field.name);
                check(subgraph, &coordinate, &field.applied, errors);
            }
        }
    }
}

fn check(
    subgraph: &Subgraph,
    coordinate: &str,
    applied: &[Applied],
    errors: &mut Vec<CompositionError>,
) {
    for directive in applied {
        let Some(known @ (Known::Authenticated | Known::RequiresScopes | Known::Policy)) =
            directive.known
        else {
            continue;
        };
        let message = format!(
            "`@{}` stands on `{coordinate}`, but an interface takes its requirements from the \
             types that implement it",
            known.name()
        );
        errors.push(
            subgraph
                .error(ErrorCode::AuthRequirementsAppliedOnInterface, directive.span(), &message)
                .on(coordinate)
                .fix("put it on the object types and their fields"),
        );
    }
}
