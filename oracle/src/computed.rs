//! Values made of other values, so that a wrong or missing input shows in the output.
//!
//! **In:** what a field requires, as JSON: from a representation, or gathered from the data.
//! **Out:** a value of the field's type: text that names its inputs, or a small hash of them.
//!
//! **Never here:** where the inputs come from (`truth`).
//!
//! **Holds:** equal inputs give equal values, in every subgraph and in the unsplit schema: keys are
//! sorted, an `ID` is a string, a `Float` is a float, `__typename` and fields beyond the field set
//! do not count.
//!
//! **Read first:** [`compute`].

use apollo_compiler::Schema;
use apollo_compiler::ast::Type;
use apollo_compiler::executable::{Selection, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use serde_json::{Map, Value};

use crate::coerce::Values;

/// The value of a computed field: `Product.label({"name":"Table"})`.
///
/// Of enums all schemas must know the same values, or the choice differs.
pub(crate) fn compute(
    schema: &Schema,
    ty: &Type,
    coordinate: &str,
    arguments: &Values,
    required: &Value,
) -> Value {
    if ty.is_list() {
        return vec![compute(schema, ty.item_type(), coordinate, arguments, required)].into();
    }
    let arguments = if arguments.is_empty() { String::new() } else { canonical(arguments) };
    let text = format!("{coordinate}{arguments}({required})");
    let name = ty.inner_named_type().as_str();
    match (name, schema.types.get(name)) {
        ("Int", _) => (hash(&text) % 1000).into(),
        ("Float", _) => ((hash(&text) % 1000) as f64 + 0.5).into(),
        ("Boolean", _) => hash(&text).is_multiple_of(2).into(),
        (_, Some(ExtendedType::Enum(definition))) => {
            let mut names: Vec<_> = definition.values.keys().map(|name| name.as_str()).collect();
            names.sort_unstable();
            names[hash(&text) as usize % names.len()].into()
        }
        (_, Some(ExtendedType::Scalar(_))) => text.into(),
        _ => Value::Null,
    }
}

/// A scalar's value for these arguments: each set of arguments gives its own.
pub(crate) fn vary(value: &Value, arguments: &Values) -> Value {
    let text = canonical(arguments);
    match value {
        Value::String(value) => format!("{value}{text}").into(),
        Value::Bool(value) => (*value ^ hash(&text).is_multiple_of(2)).into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            // Half the range at most, so that the sum stays an `Int`.
            (Some(value), _) => (value % (1 << 30) + (hash(&text) % 1000) as i64).into(),
            (None, Some(value)) => (value + (hash(&text) % 1000) as f64).into(),
            _ => value.clone(),
        },
        _ => value.clone(),
    }
}

/// The part of JSON that a field set names, in canonical form.
pub(crate) fn pick(schema: &Schema, fields: &SelectionSet, value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| pick(schema, fields, item)).collect(),
        Value::Object(object) => {
            let mut picked = Map::new();
            pick_into(schema, fields, object, &mut picked);
            Value::Object(picked)
        }
        other => other.clone(),
    }
}

fn pick_into(schema: &Schema, fields: &SelectionSet, object: &Values, picked: &mut Values) {
    for selection in &fields.selections {
        match selection {
            Selection::Field(field) if field.name == "__typename" => {}
            Selection::Field(field) => {
                let value = object.get(field.name.as_str()).cloned().unwrap_or_default();
                let value = if field.selection_set.is_empty() {
                    normalize(field.ty().inner_named_type(), value)
                } else {
                    pick(schema, &field.selection_set, &value)
                };
                merge(picked.entry(field.name.as_str()).or_insert(Value::Null), value);
            }
            Selection::InlineFragment(inline) => {
                if applies(schema, inline.type_condition.as_deref(), &fields.ty, object) {
                    pick_into(schema, &inline.selection_set, object, picked);
                }
            }
            // A field set has no named fragments.
            Selection::FragmentSpread(_) => {}
        }
    }
}

/// Whether a type condition applies to an object, by its `__typename` if it has one.
pub(crate) fn applies(
    schema: &Schema,
    condition: Option<&str>,
    declared: &str,
    object: &Values,
) -> bool {
    let runtime = object.get("__typename").and_then(Value::as_str).unwrap_or(declared);
    condition.is_none_or(|c| c == runtime || c == declared || schema.is_subtype(c, runtime))
}

fn merge(into: &mut Value, value: Value) {
    match (into, value) {
        (Value::Object(into), Value::Object(value)) => {
            for (key, value) in value {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(value)) if into.len() == value.len() => {
            into.iter_mut().zip(value).for_each(|(into, value)| merge(into, value));
        }
        (into, value) => *into = value,
    }
}

fn normalize(type_name: &str, value: Value) -> Value {
    match (type_name, value) {
        (_, Value::Array(items)) => {
            items.into_iter().map(|item| normalize(type_name, item)).collect()
        }
        ("ID", Value::Number(number)) => number.to_string().into(),
        ("Float", Value::Number(number)) => number.as_f64().into(),
        (_, value) => value,
    }
}

fn canonical(values: &Values) -> String {
    serde_json::to_string(values).unwrap_or_default()
}

/// FNV-1a: small, and the same on every machine.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
