//! Random arguments: literals, variables, defaults, and what is left out.
//!
//! **In:** a field's arguments. **Out:** their text; variables are declared and given on the way.
//!
//! **Never here:** selections (`operations`).
//!
//! **Read first:** `Writer::arguments`.

use super::Writer;
use apollo_compiler::Node;
use apollo_compiler::ast::{InputValueDefinition, Type};
use apollo_compiler::schema::{ExtendedType, FieldDefinition};
use serde_json::{Map, Value, json};

impl Writer<'_> {
    /// The arguments with their parentheses, or nothing.
    pub(super) fn arguments(&mut self, field: &FieldDefinition) -> String {
        self.written(&field.arguments)
    }

    pub(super) fn written(&mut self, definitions: &[Node<InputValueDefinition>]) -> String {
        let mut parts = Vec::new();
        for argument in definitions {
            let needed = argument.ty.is_non_null() && argument.default_value.is_none();
            if !needed && self.chance.percent(45) {
                continue;
            }
            let value = match self.chance.percent(35) {
                true => self.variable(&argument.ty),
                false => literal(&self.input(&argument.ty, 2), false),
            };
            parts.push(format!("{}: {value}", argument.name));
        }
        if parts.is_empty() { String::new() } else { format!("({})", parts.join(", ")) }
    }

    fn variable(&mut self, ty: &Type) -> String {
        let name = format!("v{}", self.declarations.len());
        let value = self.input(ty, 2);
        let default = match self.chance.percent(25) {
            true => format!(" = {}", literal(&self.input(ty, 2), false)),
            false => String::new(),
        };
        let absent = (!ty.is_non_null() || !default.is_empty()) && self.chance.percent(30);
        if !absent {
            self.variables.insert(name.clone(), strip(&value));
        }
        self.declarations.insert(name.clone(), format!("${name}: {ty}{default}"));
        format!("${name}")
    }

    /// A value of an input type; enum values are marked by a leading `#`.
    fn input(&mut self, ty: &Type, depth: usize) -> Value {
        if !ty.is_non_null() && self.chance.percent(12) {
            return Value::Null;
        }
        if ty.is_list() {
            let count = self.chance.below(3);
            return (0..count).map(|_| self.input(ty.item_type(), depth)).collect();
        }
        let name = ty.inner_named_type().as_str();
        match self.schema.types.get(name) {
            Some(ExtendedType::Enum(definition)) => {
                let values: Vec<&str> = definition.values.keys().map(|v| v.as_str()).collect();
                json!(format!("#{}", self.chance.pick(&values)))
            }
            Some(ExtendedType::InputObject(input)) => {
                let mut object = Map::new();
                for field in input.fields.values() {
                    let recursive = self.schema.get_input_object(field.ty.inner_named_type());
                    if self.chance.percent(50) && (depth > 0 || recursive.is_none()) {
                        let value = self.input(&field.ty, depth.saturating_sub(1));
                        object.insert(field.name.to_string(), value);
                    }
                }
                Value::Object(object)
            }
            _ => match name {
                "Int" => json!(self.chance.below(5)),
                "Float" => json!(1.5),
                "Boolean" => json!(self.chance.percent(50)),
                _ => json!(format!("i{}", self.chance.below(5))),
            },
        }
    }
}

/// A value as GraphQL text.
fn literal(value: &Value, inside: bool) -> String {
    match value {
        Value::String(text) if text.starts_with('#') => text[1..].to_owned(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| literal(item, true)).collect();
            // A list of one may be written without brackets.
            match (items.as_slice(), inside) {
                ([item], true) if item.starts_with('"') => item.clone(),
                _ => format!("[{}]", items.join(", ")),
            }
        }
        Value::Object(fields) => {
            let field =
                |(name, value): (&String, &Value)| format!("{name}: {}", literal(value, true));
            format!("{{ {} }}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// The same value as JSON.
fn strip(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(text.trim_start_matches('#')),
        Value::Array(items) => items.iter().map(strip).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), strip(value))).collect())
        }
        other => other.clone(),
    }
}
