//! The truth: one set of objects that all subgraphs and the unsplit schema answer from.
//!
//! **In:** JSON: `{ "objects": { "p1": { "__typename": "Product", "reviews": [{ "@ref": "r1" }] } },
//! "query": {..}, "mutation": {..}, "subscription": {..}, "interfaces": { "Media": ["Book"] },
//! "computed": { "Product.shippingEstimate": "price weight" } }`; every key is optional.
//! **Out:** objects by id, root values, and two facts that a single schema may not know: which
//! types implement an interface (for `@interfaceObject`) and what a computed field requires (for
//! the unsplit schema, which has no `@requires`).
//!
//! **Never here:** which of it a schema may see (`truth`).
//!
//! **Holds:** every `@ref` names an object, or a root: `query`, `mutation`, `subscription`. So data
//! may be cyclic and still is a finite page.
//!
//! A field's value is JSON, or `{"@ref": id}`, or `{"@error": message}`, or
//! `{"@args": [{"when": {..}, "value": ..}], "@default": ..}`, or `{"@computed": true}`. When
//! the data is settled, `true` becomes the value.
//!
//! **Read first:** [`Data::from_json`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use thiserror::Error;

use crate::subgraph_schema::Contextual;

/// Objects, root values, and what no single schema knows.
#[derive(Debug, Clone, Default)]
pub struct Data {
    pub(crate) objects: BTreeMap<String, Map<String, Value>>,
    pub(crate) interfaces: BTreeMap<String, BTreeSet<String>>,
    pub(crate) computed: BTreeMap<(String, String), String>,
    /// Arguments that clients don't see, by the field that has them.
    pub(crate) contextual: BTreeMap<(String, String), Vec<Contextual>>,
    /// Stands for an object of which only the sent part is known.
    pub(crate) nothing: Map<String, Value>,
}

/// Why JSON is not a set of data.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// A part has another shape than [`Data`] asks for.
    #[error("`{part}` must be {expected}")]
    Shape {
        /// The part of the JSON.
        part: String,
        /// The shape.
        expected: &'static str,
    },
    /// A reference to nothing.
    #[error("`@ref` to `{id}`, which is not among `objects`; add it or use `query`")]
    UnknownReference {
        /// The id referred to.
        id: String,
    },
}

const ROOTS: [&str; 3] = ["query", "mutation", "subscription"];

impl Data {
    /// Reads a set of data.
    ///
    /// # Errors
    ///
    /// When a part has the wrong shape, or a reference leads nowhere.
    pub fn from_json(json: &Value) -> Result<Self, DataError> {
        let mut data = Self::default();
        for (id, object) in members(json, "objects")? {
            data.objects.insert(id.clone(), as_map(object, id)?.clone());
        }
        for root in ROOTS {
            data.objects.insert(root.to_owned(), members(json, root)?.clone());
        }
        for (interface, types) in members(json, "interfaces")? {
            let names = types.as_array().into_iter().flatten().filter_map(Value::as_str);
            data.declare_interface(interface, names);
        }
        for (coordinate, fields) in members(json, "computed")? {
            let (Some((type_name, field)), Some(fields)) =
                (coordinate.split_once('.'), fields.as_str())
            else {
                let expected = "a coordinate `Type.field` with its required field set";
                return Err(DataError::Shape { part: coordinate.clone(), expected });
            };
            data.declare_computed(type_name, field, fields);
        }
        data.objects.values().flat_map(Map::values).try_for_each(|v| data.check_references(v))?;
        Ok(data)
    }

    /// States that these types implement an interface, for subgraphs that know it only as an
    /// `@interfaceObject`.
    pub fn declare_interface<'a>(
        &mut self,
        interface: &str,
        types: impl IntoIterator<Item = &'a str>,
    ) {
        let known = self.interfaces.entry(interface.to_owned()).or_default();
        known.extend(types.into_iter().map(str::to_owned));
    }

    /// States that a field without a value is computed from these fields of its object, as the
    /// subgraph that resolves it says with `@requires`.
    pub fn declare_computed(&mut self, type_name: &str, field: &str, required: &str) {
        self.computed.insert((type_name.to_owned(), field.to_owned()), required.to_owned());
    }

    /// Whether objects of `type_name` may stand where `declared` is asked for.
    pub(crate) fn implements(&self, type_name: &str, declared: &str) -> bool {
        self.interfaces.get(declared).is_some_and(|types| types.contains(type_name))
    }

    fn check_references(&self, value: &Value) -> Result<(), DataError> {
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.check_references(item)),
            Value::Object(map) => match map.get("@ref").and_then(Value::as_str) {
                Some(id) if !self.objects.contains_key(id) => {
                    Err(DataError::UnknownReference { id: id.to_owned() })
                }
                _ => map.values().try_for_each(|value| self.check_references(value)),
            },
            _ => Ok(()),
        }
    }
}

fn members<'j>(json: &'j Value, part: &str) -> Result<&'j Map<String, Value>, DataError> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    json.get(part).map_or(Ok(&NONE), |value| as_map(value, part))
}

fn as_map<'j>(value: &'j Value, part: &str) -> Result<&'j Map<String, Value>, DataError> {
    value
        .as_object()
        .ok_or_else(|| DataError::Shape { part: part.to_owned(), expected: "a JSON object" })
}
