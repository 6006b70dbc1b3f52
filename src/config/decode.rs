//! Fills the types of the configuration as written from the located tree.
//!
//! **In:** a [`Node`] whose texts are interpolated.
//! **Out:** a value, or the first thing that does not fit, with its place, key path and suggestion.
//!
//! **Never here:** whether a value makes sense (the sections do that as they settle).
//!
//! **Holds:** an absent key and an empty one (`key:`) are the same. A replaced text may stand for a
//! number or a boolean; a text as written may not.
//!
//! **Read first:** [`decode`].

use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

use super::node::{Entry, Node, Position, Value};
use super::suggest::nearest;

/// Reads a whole tree as a `T`.
pub(super) fn decode<'de, T: Deserialize<'de>>(node: &'de Node) -> Result<T, DecodeError> {
    T::deserialize(Reader { node })
}

/// What does not fit, and where.
#[derive(Debug)]
pub(super) struct DecodeError {
    pub(super) position: Option<Position>,
    /// Innermost step last once complete; built from the inside out.
    pub(super) path: Vec<String>,
    pub(super) message: String,
    pub(super) fix: String,
}

impl DecodeError {
    fn new(message: String, fix: String) -> Self {
        Self { position: None, path: Vec::new(), message, fix }
    }

    fn at(mut self, position: Position) -> Self {
        self.position.get_or_insert(position);
        self
    }

    fn below(mut self, step: impl Into<String>) -> Self {
        self.path.insert(0, step.into());
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string(), "correct the value".to_owned())
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("unknown key `{field}`"), one_of(field, expected, "keys"))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("unknown value `{variant}`"), one_of(variant, expected, "values"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` is missing"), format!("add `{field}:`"))
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(format!("expected {expected}, found {found}"), format!("write {expected}"))
    }
}

fn one_of(word: &str, expected: &[&str], what: &str) -> String {
    match nearest(word, expected.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the {what} here are `{}`", expected.join("`, `")),
    }
}

#[derive(Clone, Copy)]
struct Reader<'de> {
    node: &'de Node,
}

impl Reader<'_> {
    fn mismatch(&self, expected: &str) -> DecodeError {
        DecodeError::new(
            format!("expected {expected}, found {}", self.node.describe()),
            format!("write {expected}"),
        )
        .at(self.node.position)
    }
}

/// A text that came by interpolation may stand for a number or a boolean.
macro_rules! read_scalar {
    ($method:ident, $visit:ident, $type:ty, $expected:literal) => {
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            let parsed = match &self.node.value {
                Value::Integer(value) => value.to_string().parse::<$type>().ok(),
                Value::Bool(value) => value.to_string().parse::<$type>().ok(),
                Value::Float(value) => value.to_string().parse::<$type>().ok(),
                Value::Text { text, is_interpolated: true } => text.trim().parse::<$type>().ok(),
                _ => None,
            };
            let value = parsed.ok_or_else(|| self.mismatch($expected))?;
            visitor.$visit(value).map_err(|error: DecodeError| error.at(self.node.position))
        }
    };
}

impl<'de> de::Deserializer<'de> for Reader<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Integer(value) => visitor.visit_i64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text { text, .. } => visitor.visit_str(text),
            Value::List(_) => return self.deserialize_seq(visitor),
            Value::Map(_) => return self.deserialize_map(visitor),
        }
        .map_err(|error: DecodeError| error.at(self.node.position))
    }

    read_scalar!(deserialize_bool, visit_bool, bool, "`true` or `false`");
    read_scalar!(deserialize_u8, visit_u8, u8, "a whole number from 0 to 255");
    read_scalar!(deserialize_u16, visit_u16, u16, "a whole number from 0 to 65535");
    read_scalar!(deserialize_u32, visit_u32, u32, "a whole number, 0 or more");
    read_scalar!(deserialize_u64, visit_u64, u64, "a whole number, 0 or more");
    read_scalar!(deserialize_i64, visit_i64, i64, "a whole number");
    read_scalar!(deserialize_f64, visit_f64, f64, "a number");

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let text = match &self.node.value {
            Value::Text { text, .. } => text.clone(),
            // A bare number where a text is wanted (`value: 5`) is read as it was written.
            Value::Integer(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
            _ => return Err(self.mismatch("a text")),
        };
        visitor.visit_string(text).map_err(|error: DecodeError| error.at(self.node.position))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.node.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.node.value {
            Value::List(items) => visitor.visit_seq(Items { items: items.iter().enumerate() }),
            Value::Null => visitor.visit_seq(Items { items: [].iter().enumerate() }),
            _ => Err(self.mismatch("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let entries = match &self.node.value {
            Value::Map(entries) => entries.as_slice(),
            Value::Null => &[],
            _ => return Err(self.mismatch("a mapping")),
        };
        visitor
            .visit_map(Entries { entries: entries.iter(), current: None })
            .map_err(|error: DecodeError| error.at(self.node.position))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match &self.node.value {
            Value::Text { text, .. } => visitor
                .visit_enum(text.as_str().into_deserializer())
                .map_err(|error: DecodeError| error.at(self.node.position)),
            _ => Err(self.mismatch("one word")),
        }
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i128 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct
        identifier ignored_any
    }
}

struct Items<'de> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Node>>,
}

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        let Some((index, node)) = self.items.next() else { return Ok(None) };
        seed.deserialize(Reader { node })
            .map(Some)
            .map_err(|error| error.at(node.position).below(index.to_string()))
    }
}

struct Entries<'de> {
    entries: std::slice::Iter<'de, Entry>,
    current: Option<&'de Entry>,
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        // A key without a value says nothing; skipping it lets `Option` and `Default` decide.
        self.current = self.entries.next();
        let Some(entry) = self.current else { return Ok(None) };
        seed.deserialize(entry.key.as_str().into_deserializer())
            .map(Some)
            .map_err(|error: DecodeError| error.at(entry.key_position).below(entry.key.as_str()))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, DecodeError> {
        let entry = self.current.expect("serde asks for a value after its key");
        seed.deserialize(Reader { node: &entry.node })
            .map_err(|error| error.at(entry.node.position).below(entry.key.as_str()))
    }
}
