//! Checks that every `@external` field has a use, and stands where it may.
//!
//! **In:** one Federation 2 subgraph. **Out:** `EXTERNAL_*` errors that need no other subgraph.
//!
//! **Never here:** comparing with the owner's definition (`merge::field`).

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::schema::{External, Kind, Subgraph};
use crate::vocabulary::Known;

pub(crate) fn check_external(subgraph: &Subgraph, errors: &mut Vec<CompositionError>) {
    for definition in subgraph.types.values() {
        for field in definition.fields.values() {
            if field.external != External::Yes {
                continue;
            }
            let coordinate = format!("{}.{}", definition.name, field.name);
            let marked = field.applied.iter().any(|applied| applied.is(Known::External));
            if definition.kind == Kind::Interface && marked {
                let message = format!(
                    "`{coordinate}` is `@external`, but belongs to an interface, which resolves \
                     nothing"
                );
                errors.push(
                    subgraph
                        .error(ErrorCode::ExternalOnInterface, field.span, &message)
                        .on(&coordinate)
                        .fix("remove `@external`; put it on the fields of the implementing types"),
                );
            }
            if field.provides.is_some() && marked {
                let message = format!("`{coordinate}` is `@external` and has `@provides`");
                errors.push(
                    subgraph
                        .error(
                            ErrorCode::ExternalCollisionWithAnotherDirective,
                            field.span,
                            &message,
                        )
                        .on(&coordinate)
                        .fix(
                            "remove one of them: `@provides` belongs to a field that this \
                             subgraph resolves",
                        ),
                );
            }
            if !subgraph.usage.is_used(&definition.name, &field.name) {
                let message = format!(
                    "`{coordinate}` is `@external` but no `@key`, `@requires` or `@provides` \
                     selects it, and no interface demands it"
                );
                errors.push(
                    subgraph
                        .error(ErrorCode::ExternalUnused, field.span, &message)
                        .on(&coordinate)
                        .fix("remove the field, or `@external` if this subgraph resolves it"),
                );
            }
        }
    }
}
