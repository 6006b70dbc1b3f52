//! Context values: what objects above an entity give to its field's contextual arguments.
//!
//! **In:** a group with [`ContextValue`]s, and the store. **Out:** its targets by the values that they
//! need: one call for each part.
//!
//! **Never here:** the call's body (`request`).
//!
//! **Holds:** the nearest object above whose type sets the context counts, also when its value is
//! null. An object whose value is null where the argument is non-null is in no part.
//!
//! **Read first:** [`parts_of`].
//!
//! Spec: <https://specs.apollo.dev/federation/v2.8#@fromContext>

use super::store::{Store, Stored};
use crate::tree::{ObjectId, Tree};
use indexmap::IndexMap;
use query_planner::{ContextSource, ContextValue, RepresentationField};

/// Targets that can be asked for in one call.
pub(super) struct Part<'a> {
    /// The variables, with their values as JSON.
    pub(super) values: Vec<(&'a str, String)>,
    pub(super) objects: Vec<ObjectId>,
}

/// The objects by the values that they need, in order of appearance.
pub(super) fn parts_of<'a>(
    store: &Store,
    contexts: &'a [ContextValue],
    objects: &[ObjectId],
) -> Vec<Part<'a>> {
    let mut parts: IndexMap<Vec<String>, Vec<ObjectId>> = IndexMap::new();
    for &object in objects {
        let values = contexts.iter().map(|context| value_of(store, context, object));
        if let Some(values) = values.collect::<Option<Vec<String>>>() {
            parts.entry(values).or_default().push(object);
        }
    }
    let names = contexts.iter().map(|context| context.variable.as_str());
    let parts = parts
        .into_iter()
        .map(|(values, objects)| Part { values: names.clone().zip(values).collect(), objects });
    parts.collect()
}

/// The JSON of a context's value for an object; none when it may not be null but is.
fn value_of(store: &Store, context: &ContextValue, object: ObjectId) -> Option<String> {
    let found = context.sources.iter().find_map(|source| read(store, source, object));
    let value = found.unwrap_or_else(|| "null".to_owned());
    (value != "null" || !context.ty.ends_with('!')).then_some(value)
}

/// The value that the object above gives; none when its type doesn't set the context.
fn read(store: &Store, source: &ContextSource, object: ObjectId) -> Option<String> {
    let mut above = object;
    while store.object(above).position != source.position {
        above = store.object(above).parent.as_ref()?.object;
    }
    store.ty(above).fits(Some(&source.types)).then(|| read_fields(store, above, &source.fields))
}

fn read_fields(store: &Store, object: ObjectId, fields: &[RepresentationField]) -> String {
    let ty = store.ty(object);
    let field = fields.iter().find(|field| ty.fits(field.types.as_ref()));
    let value = field.and_then(|field| Some((store.value(object, field.slot)?, field)));
    value.map_or_else(|| "null".to_owned(), |(value, field)| read_value(store, value, field))
}

fn read_value(store: &Store, value: &Stored, field: &RepresentationField) -> String {
    match value {
        Stored::Leaf(json) => json.text().to_owned(),
        Stored::Null | Stored::Misshapen => "null".to_owned(),
        Stored::Object(object) => read_fields(store, *object, &field.fields),
        Stored::List(items) => {
            let items: Vec<String> =
                items.iter().map(|item| read_value(store, item, field)).collect();
            format!("[{}]", items.join(","))
        }
    }
}
