//! Writes values as JSON.
//!
//! **In:** a [`Value`]. **Out:** compact JSON, or a tree.
//!
//! **Never here:** form encoding (`request::form`), the size of a text, which the evaluator measures
//! before a value leaves it.
//!
//! **Read first:** [`Value::write_json`].

use super::{Value, View};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use std::fmt;

impl Value<'_> {
    /// Appends the value as compact JSON.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        // A vector takes all that is written, and no name or number here can be refused.
        let _ = serde_json::to_writer(out, self);
    }

    /// The value as compact JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A copy as a tree. Its objects have their members in the order of `serde_json`.
    pub fn to_tree(&self) -> serde_json::Value {
        match self.view() {
            View::Null => serde_json::Value::Null,
            View::Boolean(value) => value.into(),
            View::Number(number) => number.clone().into(),
            View::String(text) => text.into(),
            View::Array(elements) => elements.iter().map(|element| element.to_tree()).collect(),
            View::Object(fields) => {
                fields.iter().map(|(name, value)| (name.to_owned(), value.to_tree())).collect()
            }
        }
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.view() {
            View::Null => serializer.serialize_unit(),
            View::Boolean(value) => serializer.serialize_bool(value),
            View::Number(number) => number.serialize(serializer),
            View::String(text) => serializer.serialize_str(text),
            View::Array(elements) => {
                let mut list = serializer.serialize_seq(Some(elements.len()))?;
                for element in elements.iter() {
                    list.serialize_element(&element)?;
                }
                list.end()
            }
            View::Object(fields) => {
                let mut object = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields.iter() {
                    object.serialize_entry(name, &value)?;
                }
                object.end()
            }
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a value that is {}", self.kind())
    }
}
