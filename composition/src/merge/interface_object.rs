//! Gives the fields of interface objects to the types that implement the interface.
//!
//! **In:** merged interfaces and objects. **Out:** the objects with those fields, each with an
//! empty `@join__field`: no subgraph resolves it on the object itself.
//!
//! **Never here:** sharing between an interface object and an implementation (`sharing`).

use apollo_compiler::{Name, name};
use indexmap::IndexMap;

use crate::merge::Merger;
use crate::merged::{MergedField, MergedType, directive};
use crate::schema::External;

impl Merger<'_> {
    pub(super) fn copy_interface_object_fields(&mut self, merged: &mut IndexMap<Name, MergedType>) {
        let mut copies: Vec<(Name, MergedField)> = Vec::new();
        for (name, sources) in &self.types {
            let Some(interface) = merged.get(name) else { continue };
            let from_objects: Vec<&Name> = sources
                .iter()
                .filter(|(_, definition)| definition.interface_object)
                .flat_map(|(_, definition)| definition.fields.values())
                .filter(|field| field.external != External::Yes)
                .map(|field| &field.name)
                .collect();
            for field in from_objects.into_iter().filter_map(|f| interface.fields.get(f)) {
                for implementer in self.relations.implementers(name) {
                    copies.push((implementer.clone(), field.clone()));
                }
            }
        }
        for (object, mut field) in copies {
            let Some(object) = merged.get_mut(&object) else { continue };
            field.joins = vec![directive(name!("join__field"), [])];
            object.fields.entry(field.name.clone()).or_insert(field);
        }
    }
}
