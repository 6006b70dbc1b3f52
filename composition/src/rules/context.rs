//! Refuses `@fromContext`, which composition does not carry over yet.
//!
//! **In:** one Federation 2 subgraph. **Out:** `UNSUPPORTED_FEATURE`.
//!
//! **Never here:** `@context` alone: a context that nothing reads changes nothing.
//!
//! **Holds:** an argument that a context should fill never becomes one that clients fill.

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::schema::{Subgraph, has};
use crate::vocabulary::Known;

pub(crate) fn check_context(subgraph: &Subgraph, errors: &mut Vec<CompositionError>) {
    for definition in subgraph.types.values() {
        for field in definition.fields.values() {
            for argument in field.arguments.values() {
                if !has(&argument.applied, Known::FromContext) {
                    continue;
                }
                let coordinate = format!("{}.{}({}:)", definition.name, field.name, argument.name);
                let message = format!("`@fromContext` on `{coordinate}` is not supported");
                errors.push(
                    subgraph
                        .error(ErrorCode::UnsupportedFeature, argument.span, &message)
                        .on(coordinate)
                        .fix("bring the value along with `@requires` and an `@external` field"),
                );
            }
        }
    }
}
