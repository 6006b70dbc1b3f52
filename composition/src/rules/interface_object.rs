//! Checks that an `@interfaceObject` can be reached.
//!
//! **In:** one Federation 2 subgraph. **Out:** `INTERFACE_OBJECT_USAGE_ERROR`.
//!
//! **Never here:** implementations beside it (`merge::interface`).

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::schema::Subgraph;

pub(crate) fn check_interface_objects(subgraph: &Subgraph, errors: &mut Vec<CompositionError>) {
    for definition in subgraph.types.values().filter(|d| d.interface_object && d.keys.is_empty()) {
        let name = &definition.name;
        let message =
            format!("`{name}` is an `@interfaceObject` without `@key`, so nothing leads to it");
        errors.push(
            subgraph
                .error(ErrorCode::InterfaceObjectUsageError, definition.span, &message)
                .on(name.as_str())
                .fix(format!("add the `@key` that the interface `{name}` has elsewhere")),
        );
    }
}
