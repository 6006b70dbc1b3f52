//! Checks that an interface's keys are keys of its implementations, too.
//!
//! **In:** one Federation 2 subgraph. **Out:** `INTERFACE_KEY_NOT_ON_IMPLEMENTATION`.
//!
//! **Never here:** implementations that only other subgraphs know (`merge::interface`).

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::schema::{Key, Kind, Subgraph, TypeDef};
use crate::words;

pub(crate) fn check_interface_keys(subgraph: &Subgraph, errors: &mut Vec<CompositionError>) {
    for interface in subgraph.types.values().filter(|d| d.kind == Kind::Interface) {
        for key in &interface.keys {
            let lacking: Vec<&str> = subgraph
                .usage
                .implementers
                .get(&interface.name)
                .into_iter()
                .flatten()
                .filter_map(|name| subgraph.types.get(name))
                .filter(|implementer| !has_key(implementer, key))
                .map(|implementer| implementer.name.as_str())
                .collect();
            if lacking.is_empty() {
                continue;
            }
            let fields = key.fields.print();
            let message = format!(
                "the interface `{}` has `@key(fields: \"{fields}\")`, which is missing on {}{}",
                interface.name,
                words::list(&lacking),
                if key.resolvable { ", or not resolvable there" } else { "" },
            );
            errors.push(
                subgraph
                    .error(ErrorCode::InterfaceKeyNotOnImplementation, key.fields.span, &message)
                    .on(interface.name.as_str())
                    .fix(format!("add `@key(fields: \"{fields}\")` to {}", words::list(&lacking))),
            );
        }
    }
}

fn has_key(implementer: &TypeDef, key: &Key) -> bool {
    implementer
        .keys
        .iter()
        .any(|own| own.fields.print() == key.fields.print() && (own.resolvable || !key.resolvable))
}
