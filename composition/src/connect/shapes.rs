//! Says which shapes the variables have, as far as the schema tells.
//!
//! **In:** types of one subgraph. **Out:** [`Shape`]s of `$args`, `$this` and `$batch`.
//!
//! **Never here:** whether a name exists (`key` says it better, with the type it looked at).
//!
//! **Holds:** a type inside itself is unknown, and so is what lies deep.

use apollo_compiler::Name;
use apollo_compiler::ast::Type;
use indexmap::IndexMap;
use mapping::{ObjectShape, Shape};

use crate::schema::{FieldDef, InputDef, Kind, Types};

/// Levels of a shape; deeper is unknown.
const MAX_DEPTH: usize = 5;

/// The shape of `$args`.
pub(super) fn of_arguments(types: &Types, arguments: &IndexMap<Name, InputDef>) -> Shape {
    of_members(types, arguments.values().map(|it| (&it.name, &it.ty)), &mut Vec::new())
}

/// The shape of `$this`.
pub(super) fn of_object(types: &Types, fields: &IndexMap<Name, FieldDef>) -> Shape {
    of_members(types, fields.values().map(|it| (&it.name, &it.ty)), &mut Vec::new())
}

fn of_members<'a>(
    types: &'a Types,
    members: impl Iterator<Item = (&'a Name, &'a Type)>,
    above: &mut Vec<&'a Name>,
) -> Shape {
    let members = members.map(|(name, ty)| (name.as_str(), of_type(types, ty, above)));
    let Shape::Object(object) = Shape::object(members.collect::<Vec<_>>()) else {
        return Shape::Unknown;
    };
    // Names that do not exist are found with the schema at hand.
    Shape::Object(Box::new(ObjectShape { rest: Some(Shape::Unknown), ..*object }))
}

fn of_type<'a>(types: &'a Types, ty: &'a Type, above: &mut Vec<&'a Name>) -> Shape {
    let (inner, is_non_null) = match ty {
        Type::List(item) | Type::NonNullList(item) => {
            (Shape::list(of_type(types, item, above)), ty.is_non_null())
        }
        Type::Named(name) | Type::NonNullNamed(name) => {
            (of_name(types, name, above), ty.is_non_null())
        }
    };
    if is_non_null { inner } else { Shape::one_of([inner, Shape::Null]) }
}

fn of_name<'a>(types: &'a Types, name: &'a Name, above: &mut Vec<&'a Name>) -> Shape {
    match name.as_str() {
        "Int" => return Shape::Integer(None),
        "Float" => return Shape::one_of([Shape::Float, Shape::Integer(None)]),
        "Boolean" => return Shape::Boolean(None),
        "String" => return Shape::String(None),
        "ID" => return Shape::one_of([Shape::String(None), Shape::Integer(None)]),
        _ => {}
    }
    let Some(definition) = types.get(name) else { return Shape::Unknown };
    if above.contains(&name) || above.len() >= MAX_DEPTH {
        return Shape::Unknown;
    }
    above.push(name);
    let shape = match definition.kind {
        Kind::Enum => Shape::String(None),
        Kind::Object | Kind::Interface => {
            let fields = definition.fields.values().map(|it| (&it.name, &it.ty));
            of_members(types, fields, above)
        }
        Kind::InputObject => {
            of_members(types, definition.inputs.values().map(|it| (&it.name, &it.ty)), above)
        }
        Kind::Scalar | Kind::Union => Shape::Unknown,
    };
    above.pop();
    shape
}
