//! Writes shapes for people.
//!
//! **In:** a [`Shape`]. **Out:** a line like `{ id: unknown, tags: [string] } | null`.
//!
//! **Never here:** GraphQL's notation of types.

use super::Shape;
use std::fmt;

impl Shape {
    /// What it is, in a few words, for messages.
    pub(crate) fn summary(&self) -> String {
        let of = |shape: &Self| match shape {
            Self::Array(_) => "a list".to_owned(),
            Self::Object(_) => "an object".to_owned(),
            Self::String(Some(text)) if text.chars().count() > 20 => "a string".to_owned(),
            Self::String(None) => "a string".to_owned(),
            Self::Boolean(None) => "a boolean".to_owned(),
            Self::Integer(None) => "a whole number".to_owned(),
            Self::Float => "a number".to_owned(),
            other => other.to_string(),
        };
        let mut branches: Vec<String> = self.branches().iter().map(of).collect();
        branches.dedup();
        branches.join(" or ")
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::Missing => f.write_str("nothing"),
            Self::Null => f.write_str("null"),
            Self::Boolean(None) => f.write_str("boolean"),
            Self::Boolean(Some(value)) => write!(f, "{value}"),
            Self::Integer(None) => f.write_str("integer"),
            Self::Integer(Some(value)) => write!(f, "{value}"),
            Self::Float => f.write_str("float"),
            Self::String(None) => f.write_str("string"),
            Self::String(Some(value)) => write!(f, "{value:?}"),
            Self::Array(list) => {
                f.write_str("[")?;
                for (i, shape) in list.prefix.iter().enumerate() {
                    write!(f, "{}{shape}", if i > 0 { ", " } else { "" })?;
                }
                match (&list.rest, list.prefix.is_empty()) {
                    (Self::Missing, _) => f.write_str("]"),
                    (rest, true) => write!(f, "{rest}…]"),
                    (rest, false) => write!(f, ", {rest}…]"),
                }
            }
            Self::Object(object) => {
                if object.fields.is_empty() && object.rest.is_none() {
                    return f.write_str("{}");
                }
                f.write_str("{ ")?;
                for (i, field) in object.fields.iter().enumerate() {
                    let comma = if i > 0 { ", " } else { "" };
                    write!(f, "{comma}{}: {}", field.name, field.shape)?;
                }
                if let Some(rest) = &object.rest {
                    write!(f, "{}*: {rest}", if object.fields.is_empty() { "" } else { ", " })?;
                }
                f.write_str(" }")
            }
            Self::OneOf(branches) => {
                for (i, branch) in branches.iter().enumerate() {
                    write!(f, "{}{branch}", if i > 0 { " | " } else { "" })?;
                }
                Ok(())
            }
        }
    }
}
