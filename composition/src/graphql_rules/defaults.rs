//! Checks that default values fit the types they stand for.
//!
//! **In:** a subgraph's document. **Out:** `INVALID_GRAPHQL` errors.
//!
//! **Never here:** values of input objects and custom scalars, which may be anything to us; values
//! in applied directives (the validator checks those).
//!
//! **Read first:** [`check_defaults`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Values-of-Correct-Type>

use apollo_compiler::Node;
use apollo_compiler::ast::{Definition, Document, InputValueDefinition, Type, Value};

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::source::SourceText;

pub(super) fn check_defaults(
    source: &SourceText,
    document: &Document,
    errors: &mut Vec<CompositionError>,
) {
    for definition in &document.definitions {
        for (coordinate, input) in inputs_of(definition) {
            let Some(default) = &input.default_value else { continue };
            if fits(&input.ty, default) {
                continue;
            }
            let message = format!(
                "[{}] the default of `{coordinate}` is `{}`, but its type is `{}`",
                source.subgraph,
                default.serialize().no_indent(),
                input.ty
            );
            errors.push(
                CompositionError::new(ErrorCode::InvalidGraphql, message)
                    .on(coordinate)
                    .at(&source.subgraph, source.locate(default.location()))
                    .fix("write a value of the declared type"),
            );
        }
    }
}

/// The arguments and input fields of a definition, with their coordinates.
fn inputs_of(definition: &Definition) -> Vec<(String, &Node<InputValueDefinition>)> {
    let Some(parent) = definition.name() else { return Vec::new() };
    let (inputs, fields) = match definition {
        Definition::InputObjectTypeDefinition(d) => (&d.fields[..], &[][..]),
        Definition::InputObjectTypeExtension(d) => (&d.fields[..], &[][..]),
        Definition::ObjectTypeDefinition(d) => (&[][..], &d.fields[..]),
        Definition::ObjectTypeExtension(d) => (&[][..], &d.fields[..]),
        Definition::InterfaceTypeDefinition(d) => (&[][..], &d.fields[..]),
        Definition::InterfaceTypeExtension(d) => (&[][..], &d.fields[..]),
        _ => return Vec::new(),
    };
    let input_fields = inputs.iter().map(|input| (format!("{parent}.{}", input.name), input));
    let arguments = fields.iter().flat_map(|field| {
        field
            .arguments
            .iter()
            .map(move |argument| (format!("{parent}.{}({}:)", field.name, argument.name), argument))
    });
    input_fields.chain(arguments).collect()
}

fn fits(ty: &Type, value: &Value) -> bool {
    if matches!(value, Value::Null) {
        return !ty.is_non_null();
    }
    match (ty, value) {
        (Type::List(item) | Type::NonNullList(item), Value::List(values)) => {
            values.iter().all(|value| fits(item, value))
        }
        // A single value stands for a list of one.
        (Type::List(item) | Type::NonNullList(item), value) => fits(item, value),
        (Type::Named(name) | Type::NonNullNamed(name), value) => match name.as_str() {
            "Int" => matches!(value, Value::Int(_)),
            "Float" => matches!(value, Value::Int(_) | Value::Float(_)),
            "String" => matches!(value, Value::String(_)),
            "Boolean" => matches!(value, Value::Boolean(_)),
            "ID" => matches!(value, Value::String(_) | Value::Int(_)),
            _ => true,
        },
    }
}
