//! Coerces the values of variables, and of arguments that somebody looks at, against the API schema.
//!
//! **In:** the variables an operation declares, and the values of a request.
//! **Out:** the coerced values; a variable that is absent and has no default stays absent, a null stays null.
//!
//! **Never here:** literals in the document (validation checked them).
//!
//! **Holds:** an error says which value inside a variable does not fit, as a path.
//!
//! **Read first:** [`coerce_variable_values`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Coercing-Variable-Values>

use std::fmt;

use apollo_compiler::ast::{self, Type};
use apollo_compiler::executable::Operation;
use apollo_compiler::schema::{ExtendedType, InputObjectType};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Node, Schema};
use serde_json::{Map, Number, Value};

use super::error::{RequestError, RequestErrorKind};

/// A declared variable.
#[derive(Debug)]
pub(super) struct Variable {
    name: String,
    ty: Node<Type>,
    default: Option<Value>,
}

/// The variables that an operation declares.
pub(super) fn declared(schema: &Valid<Schema>, operation: &Operation) -> Vec<Variable> {
    let variable = |definition: &Node<ast::VariableDefinition>| Variable {
        name: definition.name.to_string(),
        ty: definition.ty.clone(),
        default: definition
            .default_value
            .as_deref()
            .map(|value| literal(schema, &definition.ty, value)),
    };
    operation.variables.iter().map(variable).collect()
}

/// The values that the variables have for one request.
pub(super) fn coerce_variable_values(
    schema: &Valid<Schema>,
    variables: &[Variable],
    mut values: Map<String, Value>,
) -> Result<Map<String, Value>, RequestError> {
    let mut coerced = Map::new();
    for variable in variables {
        let path = Path { variable: &variable.name, steps: None };
        match (values.remove(&variable.name), &variable.default) {
            (Some(value), _) => {
                let value = coerce(schema, &variable.ty, value, &path)?;
                coerced.insert(variable.name.clone(), value);
            }
            (None, Some(default)) => {
                coerced.insert(variable.name.clone(), default.clone());
            }
            (None, None) if variable.ty.is_non_null() => {
                return Err(
                    path.refuse(format_args!("a value of type `{}` is required", variable.ty))
                );
            }
            (None, None) => {}
        }
    }
    Ok(coerced)
}

/// A place inside the value of a variable.
struct Path<'a> {
    variable: &'a str,
    steps: Option<Step<'a>>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Field(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    fn field(&'a self, name: &'a str) -> Self {
        Self { variable: self.variable, steps: Some(Step::Field(self, name)) }
    }

    fn item(&'a self, index: usize) -> Self {
        Self { variable: self.variable, steps: Some(Step::Item(self, index)) }
    }

    fn refuse(&self, why: fmt::Arguments<'_>) -> RequestError {
        plain(format!("`{self}`: {why}")).into()
    }

    /// The client may be told its value; no log has it.
    fn refuse_value(&self, value: &Value, why: fmt::Arguments<'_>) -> RequestError {
        let message = format!("`{self}`: `{value}` {why}");
        RequestErrorKind::Variable { message, told: format!("`{self}`: the value {why}") }.into()
    }
}

/// An error that says no value.
fn plain(told: String) -> RequestErrorKind {
    RequestErrorKind::Variable { message: told.clone(), told }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.steps {
            None => write!(f, "${}", self.variable),
            Some(Step::Field(parent, name)) => write!(f, "{parent}.{name}"),
            Some(Step::Item(parent, index)) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// The values that a field's arguments have for one request; `variables` are coerced.
///
/// # Errors
/// When the schema has no such field, or a value does not fit.
pub(super) fn coerce_argument_values(
    schema: &Valid<Schema>,
    (ty, field): (&str, &str),
    written: &[(String, supergraph::Value)],
    variables: &Map<String, Value>,
) -> Result<Map<String, Value>, RequestError> {
    let field = schema
        .type_field(ty, field)
        .map_err(|_| plain(format!("there is no field `{ty}.{field}`")))?;
    let mut coerced = Map::new();
    for definition in &field.arguments {
        let name = definition.name.as_str();
        let given = written.iter().find(|(written, _)| written == name);
        let path = Path { variable: name, steps: None };
        match given.and_then(|(_, value)| written_value(value, variables)) {
            Some(value) => {
                coerced.insert(name.to_owned(), coerce(schema, &definition.ty, value, &path)?);
            }
            None => {
                let default = definition.default_value.as_deref();
                let default = default.map(|value| literal(schema, &definition.ty, value));
                coerced.extend(default.map(|value| (name.to_owned(), value)));
            }
        }
    }
    Ok(coerced)
}

/// A value as it is written, with the values of its variables; none for a variable that is absent.
fn written_value(value: &supergraph::Value, variables: &Map<String, Value>) -> Option<Value> {
    use supergraph::Value as Written;
    Some(match value {
        Written::Null => Value::Null,
        Written::Boolean(value) => Value::Bool(*value),
        Written::Number(text) => number_literal(text),
        Written::String(text) | Written::Enum(text) => Value::String(text.clone()),
        Written::Variable(name) => return variables.get(name).cloned(),
        Written::List(items) => {
            let values = items.iter().map(|item| written_value(item, variables));
            values.map(Option::unwrap_or_default).collect()
        }
        Written::Object(fields) => {
            let values = fields
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), written_value(value, variables)?)));
            Value::Object(values.collect())
        }
    })
}

fn coerce(
    schema: &Valid<Schema>,
    ty: &Type,
    value: Value,
    path: &Path<'_>,
) -> Result<Value, RequestError> {
    if value.is_null() {
        return match ty.is_non_null() {
            true => Err(path.refuse(format_args!("null is not of type `{ty}`"))),
            false => Ok(Value::Null),
        };
    }
    match ty {
        Type::List(item) | Type::NonNullList(item) => match value {
            Value::Array(items) => items
                .into_iter()
                .enumerate()
                .map(|(index, value)| coerce(schema, item, value, &path.item(index)))
                .collect::<Result<Vec<_>, _>>()
                .map(Value::Array),
            // A single value stands for a list of one.
            value => Ok(Value::Array(vec![coerce(schema, item, value, path)?])),
        },
        Type::Named(name) | Type::NonNullNamed(name) => match schema.types.get(name) {
            Some(ExtendedType::InputObject(definition)) => {
                coerce_input_object(schema, definition, value, path)
            }
            Some(ExtendedType::Enum(definition)) => match &value {
                Value::String(text) if definition.values.contains_key(text.as_str()) => Ok(value),
                _ => Err(path.refuse_value(&value, format_args!("is not a value of `{name}`"))),
            },
            _ => coerce_scalar(name, value).map_err(|value| {
                path.refuse_value(&value, format_args!("is not of type `{name}`"))
            }),
        },
    }
}

fn coerce_input_object(
    schema: &Valid<Schema>,
    definition: &InputObjectType,
    value: Value,
    path: &Path<'_>,
) -> Result<Value, RequestError> {
    let name = &definition.name;
    let Value::Object(mut fields) = value else {
        return Err(path.refuse_value(&value, format_args!("is not of type `{name}`")));
    };
    if definition.directives.has("oneOf") {
        let n_fields = fields.len();
        if n_fields != 1 || fields.values().any(Value::is_null) {
            return Err(path.refuse(format_args!("`{name}` takes exactly one field, not null")));
        }
    }
    let mut coerced = Map::new();
    for (field_name, field) in &definition.fields {
        let path = path.field(field_name);
        match (fields.remove(field_name.as_str()), &field.default_value) {
            (Some(value), _) => {
                let value = coerce(schema, &field.ty, value, &path)?;
                coerced.insert(field_name.to_string(), value);
            }
            (None, Some(default)) => {
                coerced.insert(field_name.to_string(), literal(schema, &field.ty, default));
            }
            (None, None) if field.ty.is_non_null() => {
                return Err(path.refuse(format_args!("a value of type `{}` is required", field.ty)));
            }
            (None, None) => {}
        }
    }
    match fields.keys().next() {
        None => Ok(Value::Object(coerced)),
        Some(unknown) => Err(path.refuse(format_args!("`{name}` has no field `{unknown}`"))),
    }
}

/// Input coercion of scalars; a custom scalar takes any value. An error gives the value back.
fn coerce_scalar(name: &str, value: Value) -> Result<Value, Value> {
    let fits = match name {
        "Int" => return coerce_int(value),
        "Float" => value.is_number(),
        "String" => value.is_string(),
        "Boolean" => value.is_boolean(),
        "ID" => match value.as_i64() {
            Some(number) => return Ok(Value::String(number.to_string())),
            None => value.is_string(),
        },
        _ => true,
    };
    if fits { Ok(value) } else { Err(value) }
}

/// A number without a fraction is an Int, however it is written (`1.0`).
fn coerce_int(value: Value) -> Result<Value, Value> {
    let whole = value.as_i64().or_else(|| {
        let float = value.as_f64().filter(|float| float.fract() == 0.0)?;
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked below")]
        (float.abs() <= f64::from(i32::MAX) + 1.0).then_some(float as i64)
    });
    match whole.and_then(|whole| i32::try_from(whole).ok()) {
        Some(whole) => Ok(Value::Number(Number::from(whole))),
        None => Err(value),
    }
}

/// A literal as JSON, coerced to its type: single values stand for lists, fields have defaults.
/// Validation has checked that it fits.
fn literal(schema: &Valid<Schema>, ty: &Type, value: &ast::Value) -> Value {
    let coerce_item = |item: &Type| Value::Array(vec![literal(schema, item, value)]);
    match (value, ty) {
        (ast::Value::Null | ast::Value::Variable(_), _) => Value::Null,
        (ast::Value::List(items), Type::List(item) | Type::NonNullList(item)) => {
            items.iter().map(|value| literal(schema, item, value)).collect()
        }
        (_, Type::List(item) | Type::NonNullList(item)) => coerce_item(item),
        (ast::Value::Enum(name), _) => Value::String(name.to_string()),
        (ast::Value::String(text), _) => Value::String(text.clone()),
        (ast::Value::Boolean(value), _) => Value::Bool(*value),
        (ast::Value::Int(number), Type::Named(name) | Type::NonNullNamed(name)) => {
            match name.as_str() {
                "ID" => Value::String(number.as_str().to_owned()),
                _ => number_literal(number.as_str()),
            }
        }
        (ast::Value::Float(number), _) => number_literal(number.as_str()),
        (ast::Value::List(items), _) => {
            items.iter().map(|value| literal(schema, ty, value)).collect()
        }
        (ast::Value::Object(fields), _) => object_literal(schema, ty, fields),
    }
}

fn object_literal(
    schema: &Valid<Schema>,
    ty: &Type,
    fields: &[(apollo_compiler::Name, Node<ast::Value>)],
) -> Value {
    let definition = schema.get_input_object(ty.inner_named_type());
    let mut object = Map::new();
    for (name, value) in fields {
        let field_type =
            definition.and_then(|object| object.fields.get(name)).map(|field| &field.ty);
        let value = literal(schema, field_type.map_or(ty, |ty| ty), value);
        object.insert(name.to_string(), value);
    }
    for (name, field) in definition.iter().flat_map(|object| &object.fields) {
        if let Some(default) = &field.default_value
            && !object.contains_key(name.as_str())
        {
            object.insert(name.to_string(), literal(schema, &field.ty, default));
        }
    }
    Value::Object(object)
}

fn number_literal(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests;
