//! Reads YAML into a tree in which every value knows its line and column.
//!
//! **In:** the text of a configuration file.
//! **Out:** a [`Node`], or the place where the text stops being YAML.
//!
//! **Never here:** what a key means (the sections), what `${VAR}` stands for (`interpolate`).
//!
//! **Holds:** keys keep the order in which they were written; a repeated key is an error.
//!
//! **Read first:** [`Node::parse`].

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// A line and a column, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

impl Position {
    /// The first character of a file.
    pub const START: Self = Self { line: 1, column: 1 };

    fn of(location: serde_saphyr::Location) -> Self {
        let cap = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).max(1);
        Self { line: cap(location.line()), column: cap(location.column()) }
    }
}

/// One YAML value and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) position: Position,
    pub(super) value: Value,
}

/// What a YAML value is.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text { text: String, is_interpolated: bool },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a mapping, and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_position: Position,
    pub(super) node: Node,
}

/// Why a text is not YAML, and where.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) position: Position,
    pub(super) message: String,
}

impl Node {
    /// Reads a whole document. An empty one is an empty mapping.
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        match serde_saphyr::from_str::<Option<Self>>(text) {
            Ok(Some(node)) => Ok(node),
            Ok(None) => Ok(Self { position: Position::START, value: Value::Map(Vec::new()) }),
            Err(error) => {
                let error = error.without_snippet();
                let position = error.location().map_or(Position::START, Position::of);
                Err(SyntaxError { position, message: first_line(&error.to_string()) })
            }
        }
    }

    /// The place of a key: of the key itself when it is written, else of its nearest written parent.
    pub(super) fn locate(&self, path: &[String]) -> Position {
        let mut node = self;
        let mut position = self.position;
        for step in path {
            match &node.value {
                Value::Map(entries) => match entries.iter().find(|entry| entry.key == *step) {
                    Some(entry) => {
                        position = entry.key_position;
                        node = &entry.node;
                    }
                    None => break,
                },
                Value::List(items) => match step.parse::<usize>().ok().and_then(|i| items.get(i)) {
                    Some(item) => {
                        position = item.position;
                        node = item;
                    }
                    None => break,
                },
                _ => break,
            }
        }
        position
    }

    /// What the value is, in a reader's words.
    pub(super) fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Integer(value) => format!("the number `{value}`"),
            Value::Float(value) => format!("the number `{value}`"),
            Value::Text { text, .. } => format!("the text `{text}`"),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { position: Position::of(spanned.referenced), value: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        i64::try_from(value).map(Value::Integer).map_err(|_| E::custom("the number is too large"))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text { text, is_interpolated: false })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element::<Node>()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            let node = access.next_value::<Node>()?;
            let key_position = Position::of(key.referenced);
            entries.push(Entry { key: key.value, key_position, node });
        }
        Ok(Value::Map(entries))
    }
}

/// The message of the YAML reader without its own rendering of the place, which we give in ours.
fn first_line(message: &str) -> String {
    let line = message.lines().next().unwrap_or("not valid YAML");
    let line = line.strip_prefix("error: ").unwrap_or(line);
    let line = match line.find(": ") {
        Some(at) if line.starts_with("line ") => &line[at + 2..],
        _ => line,
    };
    line.trim_end_matches('.').to_owned()
}
