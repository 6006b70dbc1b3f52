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

/// Members of one shape; what comes later is unknown.
const MAX_MEMBERS: usize = 2_000;

/// The shape of `$args`.
pub(super) fn of_arguments(types: &Types, arguments: &IndexMap<Name, InputDef>) -> Shape {
    Shapes::new(types).members(arguments.values().map(|it| (&it.name, &it.ty)))
}

/// The shape of `$this`.
pub(super) fn of_object(types: &Types, fields: &IndexMap<Name, FieldDef>) -> Shape {
    Shapes::new(types).members(fields.values().map(|it| (&it.name, &it.ty)))
}

/// A shape while it is made.
struct Shapes<'a> {
    types: &'a Types,
    above: Vec<&'a Name>,
    left: usize,
}

impl<'a> Shapes<'a> {
    fn new(types: &'a Types) -> Self {
        Self { types, above: Vec::new(), left: MAX_MEMBERS }
    }

    fn members<'m>(&mut self, members: impl Iterator<Item = (&'m Name, &'m Type)>) -> Shape {
        let mut known = Vec::new();
        for (name, ty) in members {
            let Some(left) = self.left.checked_sub(1) else { break };
            self.left = left;
            known.push((name.as_str(), self.ty(ty)));
        }
        let Shape::Object(object) = Shape::object(known) else { return Shape::Unknown };
        // Names that do not exist are found with the schema at hand.
        Shape::Object(Box::new(ObjectShape { rest: Some(Shape::Unknown), ..*object }))
    }

    fn ty(&mut self, ty: &Type) -> Shape {
        let inner = match ty {
            Type::List(item) | Type::NonNullList(item) => Shape::list(self.ty(item)),
            Type::Named(name) | Type::NonNullNamed(name) => self.named(name),
        };
        if ty.is_non_null() { inner } else { Shape::one_of([inner, Shape::Null]) }
    }

    fn named(&mut self, name: &Name) -> Shape {
        match name.as_str() {
            "Int" => return Shape::Integer(None),
            "Float" => return Shape::one_of([Shape::Float, Shape::Integer(None)]),
            "Boolean" => return Shape::Boolean(None),
            "String" => return Shape::String(None),
            "ID" => return Shape::one_of([Shape::String(None), Shape::Integer(None)]),
            _ => {}
        }
        let Some((name, definition)) = self.types.get_key_value(name) else {
            return Shape::Unknown;
        };
        if self.above.contains(&name) || self.above.len() >= MAX_DEPTH {
            return Shape::Unknown;
        }
        self.above.push(name);
        let shape = match definition.kind {
            Kind::Enum => Shape::String(None),
            Kind::Object | Kind::Interface => {
                self.members(definition.fields.values().map(|it| (&it.name, &it.ty)))
            }
            Kind::InputObject => {
                self.members(definition.inputs.values().map(|it| (&it.name, &it.ty)))
            }
            Kind::Scalar | Kind::Union => Shape::Unknown,
        };
        self.above.pop();
        shape
    }
}
