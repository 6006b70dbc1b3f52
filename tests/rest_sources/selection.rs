//! The mapping that makes of the service's JSON what the schema says.
//!
//! **In:** a [`Shape`], and what the response wraps it in. **Out:** the text of `selection`.
//!
//! **Never here:** values.
//!
//! **Read first:** [`Wrapped::text`].

use std::fmt::Write;

use serde_json::{Value, json};

use super::shape::{Given, Home, ObjectShape, Shape};

/// A response: the value alone, or as a property of an object.
#[derive(Clone, Debug)]
pub(crate) struct Wrapped {
    pub(crate) shape: Shape,
    pub(crate) under: Vec<String>,
}

impl Wrapped {
    /// The selection.
    pub(crate) fn text(&self) -> String {
        let way = way(&self.under);
        match (&self.shape, self.under.is_empty()) {
            (Shape::Leaf, true) => "$".to_owned(),
            (Shape::Leaf, false) => format!("$.{way}"),
            (shape, true) => items(shape),
            (shape, false) => format!("$.{way} {{ {} }}", items(shape)),
        }
    }

    /// The body of a response with this value.
    pub(crate) fn body(&self, value: Value) -> Value {
        let wrap = |value, name: &String| json!({ name: value, "unasked": [1.5] });
        self.under.iter().rev().fold(value, wrap)
    }
}

/// Properties behind `$.`.
fn way(names: &[String]) -> String {
    let quoted = |name: &String| {
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_name { name.clone() } else { format!("'{name}'") }
    };
    names.iter().map(quoted).collect::<Vec<_>>().join(".")
}

/// What stands between the braces of a value.
fn items(shape: &Shape) -> String {
    match shape {
        Shape::Leaf => String::new(),
        Shape::Object(object) => of_object(object),
        Shape::Abstract(kind, objects) => {
            let arms = objects.iter().map(|object| {
                let name = &object.ty;
                let mut members = format!("__typename: \"{name}\"");
                for given in &object.fields {
                    let _ = write!(members, ", {}: {}", given.field, path(given));
                }
                format!("[\"{name}\", {{ {members} }}]")
            });
            let arms = arms.collect::<Vec<_>>().join(", ");
            format!("... {kind}->match({arms})")
        }
    }
}

fn of_object(object: &ObjectShape) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut grouped: Vec<String> = Vec::new();
    for given in &object.fields {
        match &given.home {
            Home::Plain => out.push(format!("{}{}", given.field, braces(&given.shape))),
            Home::Grouped => grouped.push(format!("{}{}", given.field, braces(&given.shape))),
            Home::Down(names)
                if names.iter().all(|name| *name == way(std::slice::from_ref(name))) =>
            {
                out.push(format!("{}: {}{}", given.field, way(names), braces(&given.shape)));
            }
            Home::Down(_) | Home::Boxed(_) => out.push(format!("{}: {}", given.field, path(given))),
        }
    }
    if let Some(group) = object.group.as_ref().filter(|_| !grouped.is_empty()) {
        out.push(format!("$.{group} {{ {} }}", grouped.join(" ")));
    }
    out.join(" ")
}

/// The value of a field as a path from the object.
fn path(given: &Given) -> String {
    let braces = braces(&given.shape);
    match &given.home {
        Home::Plain | Home::Grouped => format!("$.{}{braces}", given.field),
        Home::Down(names) => format!("$.{}{braces}", way(names)),
        Home::Boxed(name) => format!("$.{name}->first{braces}"),
    }
}

fn braces(shape: &Shape) -> String {
    match shape {
        Shape::Leaf => String::new(),
        shape => format!(" {{ {} }}", items(shape)),
    }
}
