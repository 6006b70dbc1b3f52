//! Merges interface types, among them those that are `@interfaceObject` in some subgraphs.
//!
//! **In:** the definitions of one interface. **Out:** its fields in the supergraph.
//!
//! **Never here:** giving an interface object's fields to the implementing types
//! (`interface_object`).

use crate::codes::{ErrorCode, HintCode};
use crate::failure::CompositionError;
use crate::merge::{Merger, Parent, Sources, fields_of, merge_implements};
use crate::merged::MergedType;
use crate::schema::{Kind, TypeDef};
use crate::words;

impl<'a> Merger<'a> {
    pub(super) fn merge_interface(
        &mut self,
        sources: &Sources<'a, TypeDef>,
        target: &mut MergedType,
    ) {
        merge_implements(sources, target);
        let parent = Parent { name: &target.name.clone(), sources };
        let has_key = self.check_interface_keys(&parent);
        self.check_interface_objects(&parent);
        for (name, fields) in fields_of(sources) {
            if !has_key {
                self.hint_missing_field(
                    &parent,
                    &fields,
                    HintCode::InconsistentInterfaceValueTypeField,
                );
            }
            let overrides = self.check_overrides(&parent, &fields);
            if let Some(field) = self.merge_field(&parent, &fields, &overrides) {
                target.fields.insert(name.clone(), field);
            }
        }
    }

    /// A subgraph that resolves an interface by key must know every implementation.
    fn check_interface_keys(&mut self, parent: &Parent<'_, 'a>) -> bool {
        let mut has_key = false;
        for (index, definition) in parent.sources {
            if definition.kind != Kind::Interface {
                continue;
            }
            has_key |= !definition.keys.is_empty();
            if !definition.keys.iter().any(|key| key.resolvable) {
                continue;
            }
            let types = &self.subgraphs[*index].types;
            let missing: Vec<String> = self
                .relations
                .implementers(parent.name)
                .filter(|name| {
                    !types.get(*name).is_some_and(|d| d.implements.contains_key(parent.name))
                })
                .map(|name| name.to_string())
                .collect();
            if missing.is_empty() {
                continue;
            }
            let message = format!(
                "[{}] interface `{}` has a resolvable `@key`, but the subgraph does not define {} \
                 as implementing it, as other subgraphs do",
                self.name(*index),
                parent.name,
                words::list(&missing),
            );
            let error =
                CompositionError::new(ErrorCode::InterfaceKeyMissingImplementationType, message)
                    .on(parent.name.as_str())
                    .fix(format!(
                        "define {} in `{}`, implementing `{}`, or make the key `resolvable: false`",
                        words::list(&missing),
                        self.name(*index),
                        parent.name
                    ));
            self.error_at(error, [(*index, definition.span)]);
        }
        has_key
    }

    /// An interface object speaks for all implementations, so it must not stand beside one.
    fn check_interface_objects(&mut self, parent: &Parent<'_, 'a>) {
        for (index, definition) in parent.sources.iter().filter(|(_, d)| d.interface_object) {
            let types = &self.subgraphs[*index].types;
            let local: Vec<String> = self
                .relations
                .implementers(parent.name)
                .filter(|name| types.contains_key(*name))
                .map(|name| name.to_string())
                .collect();
            if local.is_empty() {
                continue;
            }
            let message = format!(
                "[{}] `{}` is an `@interfaceObject`, but the subgraph also defines {}, which \
                 implements it elsewhere",
                self.name(*index),
                parent.name,
                words::list(&local),
            );
            let error = CompositionError::new(ErrorCode::InterfaceObjectUsageError, message)
                .on(parent.name.as_str())
                .fix(format!("remove {} from `{}`", words::list(&local), self.name(*index)));
            self.error_at(error, [(*index, definition.span)]);
        }
    }
}
