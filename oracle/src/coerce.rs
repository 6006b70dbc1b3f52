//! Input coercion: variable values and arguments become values of their types.
//!
//! **In:** JSON variable values, literals of the document, and the input types of a schema.
//! **Out:** coerced JSON; or, for variables, every reason why not.
//!
//! **Never here:** result coercion (`execute`).
//!
//! **Holds:** absent stays absent and null stays null; only a default value fills a gap.
//!
//! **Read first:** [`coerce_variable_values`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Coercing-Variable-Values>

use apollo_compiler::Schema;
use apollo_compiler::ast::{Argument, InputValueDefinition, Type, Value as Literal};
use apollo_compiler::schema::{ExtendedType, InputObjectType};
use apollo_compiler::{Node, ast::DirectiveList};
use serde_json::{Map, Value};

use crate::document::Variable;

/// JSON by name: variable values, argument values.
pub(crate) type Values = Map<String, Value>;

/// `CoerceVariableValues`, and all reasons instead of the first.
pub(crate) fn coerce_variable_values(
    schema: &Schema,
    variables: &[Variable],
    provided: &Values,
) -> Result<Values, Vec<String>> {
    let (mut coerced, mut problems) = (Values::new(), Vec::new());
    for variable in variables {
        let name = variable.name.as_str();
        let result = match (provided.get(name), &variable.default) {
            (None, Some(default)) => coerce_literal(schema, &variable.ty, default, &Values::new()),
            (None, None) if variable.ty.is_non_null() => {
                Err(format!("variable `${name}` of type `{}` is not provided", variable.ty))
            }
            (None, None) => Ok(None),
            (Some(value), _) => coerce_input_value(schema, &variable.ty, value)
                .map(Some)
                .map_err(|problem| format!("variable `${name}`: {problem}")),
        };
        match result {
            Ok(Some(value)) => drop(coerced.insert(name.to_owned(), value)),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(coerced) } else { Err(problems) }
}

/// `CoerceArgumentValues`.
pub(crate) fn coerce_argument_values(
    schema: &Schema,
    definitions: &[Node<InputValueDefinition>],
    arguments: &[Node<Argument>],
    variables: &Values,
) -> Result<Values, String> {
    let mut coerced = Values::new();
    for definition in definitions {
        let written = arguments.iter().find(|argument| argument.name == definition.name);
        let mut value = match written {
            Some(argument) => coerce_literal(schema, &definition.ty, &argument.value, variables)
                .map_err(|problem| format!("argument `{}`: {problem}", definition.name))?,
            None => None,
        };
        if let (None, Some(default)) = (&value, &definition.default_value) {
            value = coerce_literal(schema, &definition.ty, default, variables)?;
        }
        match value {
            Some(value) => drop(coerced.insert(definition.name.to_string(), value)),
            None if definition.ty.is_non_null() => {
                return Err(format!("argument `{}` is required", definition.name));
            }
            None => {}
        }
    }
    Ok(coerced)
}

/// Whether `@skip` and `@include` leave a selection in the operation.
pub(crate) fn is_included(directives: &DirectiveList, variables: &Values) -> bool {
    let condition = |name: &str| {
        let literal = directives.get(name)?.specified_argument_by_name("if")?;
        match literal.as_ref() {
            Literal::Variable(variable) => variables.get(variable.as_str())?.as_bool(),
            literal => literal.to_bool(),
        }
    };
    condition("skip") != Some(true) && condition("include") != Some(false)
}

/// Coerces a JSON value to an input type.
pub(crate) fn coerce_input_value(
    schema: &Schema,
    ty: &Type,
    value: &Value,
) -> Result<Value, String> {
    if value.is_null() {
        return if ty.is_non_null() {
            Err(format!("null where `{ty}` is expected"))
        } else {
            Ok(Value::Null)
        };
    }
    if ty.is_list() {
        return match value.as_array() {
            Some(items) => items
                .iter()
                .map(|item| coerce_input_value(schema, ty.item_type(), item))
                .collect::<Result<Vec<_>, _>>()
                .map(Value::Array),
            // An input that is not a list is a list of one.
            None => coerce_input_value(schema, ty.item_type(), value).map(|v| vec![v].into()),
        };
    }
    let name = ty.inner_named_type();
    match schema.types.get(name) {
        Some(ExtendedType::InputObject(input)) => coerce_input_object(schema, input, value),
        Some(ExtendedType::Enum(definition)) => match value.as_str() {
            Some(text) if definition.values.contains_key(text) => Ok(value.clone()),
            _ => Err(format!("{value} is not a value of enum `{name}`")),
        },
        _ => coerce_scalar(name, value),
    }
}

fn coerce_scalar(name: &str, value: &Value) -> Result<Value, String> {
    let legal = match name {
        "Int" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "Float" => value.is_number(),
        "String" => value.is_string(),
        "Boolean" => value.is_boolean(),
        "ID" => value.is_string() || value.is_i64() || value.is_u64(),
        _ => true,
    };
    match value {
        _ if !legal => Err(format!("{value} is not a value of `{name}`")),
        Value::Number(number) if name == "ID" => Ok(number.to_string().into()),
        _ => Ok(value.clone()),
    }
}

fn coerce_input_object(
    schema: &Schema,
    input: &InputObjectType,
    value: &Value,
) -> Result<Value, String> {
    let Some(given) = value.as_object() else {
        return Err(format!("{value} is not an object of `{}`", input.name));
    };
    if let Some(unknown) = given.keys().find(|key| !input.fields.contains_key(key.as_str())) {
        return Err(format!("`{}` has no input field `{unknown}`", input.name));
    }
    let mut coerced = Values::new();
    for (name, field) in &input.fields {
        let value = match (given.get(name.as_str()), &field.default_value) {
            (Some(value), _) => Some(coerce_input_value(schema, &field.ty, value)?),
            (None, Some(default)) => coerce_literal(schema, &field.ty, default, &Values::new())?,
            (None, None) => None,
        };
        insert_input_field(&mut coerced, input, field, value)?;
    }
    check_one_of(input, &coerced)?;
    Ok(Value::Object(coerced))
}

fn insert_input_field(
    coerced: &mut Values,
    input: &InputObjectType,
    field: &InputValueDefinition,
    value: Option<Value>,
) -> Result<(), String> {
    match value {
        Some(value) => drop(coerced.insert(field.name.to_string(), value)),
        None if field.ty.is_non_null() => {
            return Err(format!("input field `{}.{}` is required", input.name, field.name));
        }
        None => {}
    }
    Ok(())
}

fn check_one_of(input: &InputObjectType, coerced: &Values) -> Result<(), String> {
    let one = coerced.len() == 1 && coerced.values().all(|value| !value.is_null());
    if input.directives.has("oneOf") && !one {
        return Err(format!("exactly one field of `{}` must be given", input.name));
    }
    Ok(())
}

/// Coerces a literal; `None` when it is a variable without a value.
fn coerce_literal(
    schema: &Schema,
    ty: &Type,
    literal: &Literal,
    variables: &Values,
) -> Result<Option<Value>, String> {
    match literal {
        Literal::Variable(name) => match variables.get(name.as_str()) {
            Some(Value::Null) if ty.is_non_null() => {
                Err(format!("variable `${name}` is null where `{ty}` is expected"))
            }
            // Its coercion happened already, with the variable's own type.
            value => Ok(value.cloned()),
        },
        Literal::Null => coerce_input_value(schema, ty, &Value::Null).map(Some),
        Literal::List(items) if ty.is_list() => items
            .iter()
            .map(|item| {
                let value = coerce_literal(schema, ty.item_type(), item, variables)?;
                Ok(value.unwrap_or(Value::Null))
            })
            .collect::<Result<Vec<_>, _>>()
            .map(|items| Some(Value::Array(items))),
        _ if ty.is_list() => {
            let item = coerce_literal(schema, ty.item_type(), literal, variables)?;
            Ok(item.map(|item| Value::Array(vec![item])))
        }
        Literal::Object(given) => match schema.get_input_object(ty.inner_named_type()) {
            Some(input) => coerce_object_literal(schema, input, given, variables),
            None => Ok(Some(literal_to_json(literal, variables))),
        },
        _ => coerce_input_value(schema, ty, &literal_to_json(literal, variables)).map(Some),
    }
}

fn coerce_object_literal(
    schema: &Schema,
    input: &InputObjectType,
    given: &[(apollo_compiler::Name, Node<Literal>)],
    variables: &Values,
) -> Result<Option<Value>, String> {
    let mut coerced = Values::new();
    for (name, field) in &input.fields {
        let written = given.iter().find(|(key, _)| key == name);
        let mut value = match written {
            Some((_, literal)) => coerce_literal(schema, &field.ty, literal, variables)?,
            None => None,
        };
        if let (None, Some(default)) = (&value, &field.default_value) {
            value = coerce_literal(schema, &field.ty, default, variables)?;
        }
        insert_input_field(&mut coerced, input, field, value)?;
    }
    check_one_of(input, &coerced)?;
    Ok(Some(Value::Object(coerced)))
}

fn literal_to_json(literal: &Literal, variables: &Values) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Enum(name) => name.as_str().into(),
        Literal::Variable(name) => variables.get(name.as_str()).cloned().unwrap_or_default(),
        Literal::String(text) => text.as_str().into(),
        Literal::Boolean(value) => (*value).into(),
        Literal::Int(number) => number_to_json(number.as_str()),
        Literal::Float(number) => number_to_json(number.as_str()),
        Literal::List(items) => items.iter().map(|item| literal_to_json(item, variables)).collect(),
        Literal::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.to_string(), literal_to_json(value, variables)))
            .collect::<Values>()
            .into(),
    }
}

fn number_to_json(text: &str) -> Value {
    text.parse::<serde_json::Number>().map_or_else(|_| text.into(), Value::Number)
}
