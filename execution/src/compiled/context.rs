//! Context values: what objects above an entity give to its field's contextual arguments.
//!
//! **In:** a group's [`ContextValue`]s, and the store. **Out:** its targets by the values that they
//! need: one call for each part.
//!
//! **Never here:** the call's body (`request`).
//!
//! **Holds:** the nearest object above whose type sets the context counts, also when its value is
//! null. An object whose value is null where the argument is non-null is in no part. Plans with
//! contexts are read by place, so that an object has one way up.
//!
//! **Read first:** [`parts_of`].
//!
//! Spec: <https://specs.apollo.dev/federation/v2.8#@fromContext>

use super::{
    program::Program,
    store::{NONE, Parent, Slot, Store},
};
use crate::{Inputs, json::quoted};
use indexmap::IndexMap;
use query_planner::{ContextSource, ContextValue, RepresentationField};
use supergraph::Id;

/// Targets that can be asked for in one call.
pub(super) struct Part {
    /// The variables, quoted and with a colon, and their values as JSON.
    pub(super) values: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) objects: Vec<u32>,
}

/// The objects by the values that they need, in order of appearance.
pub(super) fn parts_of(
    inputs: &Inputs<'_>,
    program: &Program,
    store: &Store,
    contexts: &[ContextValue],
    objects: &[u32],
) -> Vec<Part> {
    let reader = Reader { inputs, program, store };
    let mut parts: IndexMap<Vec<Vec<u8>>, Vec<u32>> = IndexMap::new();
    for &object in objects {
        let values = contexts.iter().map(|context| reader.value_of(context, object));
        if let Some(values) = values.collect::<Option<Vec<Vec<u8>>>>() {
            parts.entry(values).or_default().push(object);
        }
    }
    let keys = contexts.iter().map(|context| format!("{}:", quoted(&context.variable)));
    let keys = keys.map(String::into_bytes);
    let parts = parts
        .into_iter()
        .map(|(values, objects)| Part { values: keys.clone().zip(values).collect(), objects });
    parts.collect()
}

struct Reader<'r, 'a> {
    inputs: &'r Inputs<'a>,
    program: &'r Program,
    store: &'r Store,
}

impl Reader<'_, '_> {
    /// The JSON of a context's value for an object; none when it may not be null but is.
    fn value_of(&self, context: &ContextValue, object: u32) -> Option<Vec<u8>> {
        let found = context.sources.iter().find_map(|source| self.read(source, object));
        let value = found.unwrap_or_else(|| b"null".to_vec());
        (value != b"null" || !context.ty.ends_with('!')).then_some(value)
    }

    /// The value that the object above gives; none when its type doesn't set the context.
    fn read(&self, source: &ContextSource, object: u32) -> Option<Vec<u8>> {
        let mut above = object;
        while self.store.object(above).position as usize != source.position.index() {
            above = self.above(above)?;
        }
        let fits = self.store.object(above).ty.fits(Some(&source.types));
        fits.then(|| {
            let mut out = Vec::new();
            self.fields(above, &source.fields, &mut out);
            out
        })
    }

    fn above(&self, object: u32) -> Option<u32> {
        match self.store.object(object).parent {
            Parent::Nothing => None,
            Parent::Object(above) => Some(above),
            Parent::Scratch(scratch) => {
                let only = self.store.scratches[scratch as usize].only;
                debug_assert_ne!(only, NONE, "plans with contexts are read by place");
                Some(only)
            }
        }
    }

    fn fields(&self, object: u32, fields: &[RepresentationField], out: &mut Vec<u8>) {
        let ty = self.store.object(object).ty;
        match fields.iter().find(|field| ty.fits(field.types.as_ref())) {
            Some(field) => {
                let local = self.program.local_slots[field.slot.index()];
                self.value(self.store.slot(object, local), field, out);
            }
            None => out.extend_from_slice(b"null"),
        }
    }

    fn value(&self, value: Slot, field: &RepresentationField, out: &mut Vec<u8>) {
        debug_assert!(field.slot.index() < self.inputs.plan.slots.len());
        match value {
            Slot::Missing | Slot::Null | Slot::Misshapen => out.extend_from_slice(b"null"),
            Slot::Leaf { buffer, start, len, .. } | Slot::Leaves { buffer, start, len, .. } => {
                out.extend_from_slice(self.store.text(buffer, start, len));
            }
            Slot::Object { id, .. } => self.fields(id, &field.fields, out),
            Slot::List { start, len, .. } => {
                out.push(b'[');
                for (i, item) in self.store.items(start, len).iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    self.value(*item, field, out);
                }
                out.push(b']');
            }
        }
    }
}
