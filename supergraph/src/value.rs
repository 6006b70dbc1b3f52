//! Argument values as written: literals and variables.
//!
//! **Never here:** coercion (`execution` and the gateway do it).
//!
//! **Holds:** numbers keep their text, so that no digit is lost on the way to a subgraph.
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Input-Values>

use apollo_compiler::ast;
use std::fmt;

/// An input value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// An integer or a float, as it was written.
    Number(String),
    /// A string, unescaped.
    String(String),
    /// An enum value.
    Enum(String),
    /// A variable's name, without `$`.
    Variable(String),
    /// A list.
    List(Vec<Value>),
    /// An input object, in written order.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// Reads a value of the parser's tree.
    pub fn read(value: &ast::Value) -> Self {
        match value {
            ast::Value::Null => Self::Null,
            ast::Value::Boolean(value) => Self::Boolean(*value),
            ast::Value::Int(number) => Self::Number(number.as_str().to_owned()),
            ast::Value::Float(number) => Self::Number(number.as_str().to_owned()),
            ast::Value::String(text) => Self::String(text.clone()),
            ast::Value::Enum(name) => Self::Enum(name.to_string()),
            ast::Value::Variable(name) => Self::Variable(name.to_string()),
            ast::Value::List(items) => Self::List(items.iter().map(|v| Self::read(v)).collect()),
            ast::Value::Object(fields) => Self::Object(
                fields.iter().map(|(name, v)| (name.to_string(), Self::read(v))).collect(),
            ),
        }
    }

    /// Calls `visit` with the name of every variable inside.
    pub fn each_variable<'a>(&'a self, visit: &mut impl FnMut(&'a str)) {
        match self {
            Self::Variable(name) => visit(name),
            Self::List(items) => items.iter().for_each(|item| item.each_variable(visit)),
            Self::Object(fields) => fields.iter().for_each(|(_, v)| v.each_variable(visit)),
            _ => {}
        }
    }
}

/// Prints the value as GraphQL.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(text) | Self::Enum(text) => f.write_str(text),
            Self::String(text) => write_string(f, text),
            Self::Variable(name) => write!(f, "${name}"),
            Self::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                for (i, (name, value)) in fields.iter().enumerate() {
                    write!(f, "{}{name}: {value}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if (c as u32) < 0x20 || c as u32 == 0x7f => write!(f, "\\u{:04X}", c as u32)?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}
