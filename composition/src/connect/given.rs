//! Compares what a selection gives with the type that it gives it for.
//!
//! **In:** the shape of a selection's result, and the type of the field or object. **Out:**
//! [`Position`]s: at each place the fields that are there; problems at the byte where they are.
//!
//! **Never here:** the shape itself (`mapping`), which subgraph resolves what (`expand`).
//!
//! **Holds:** what is unknown may be anything, so all of the type is there. Nothing is said of
//! nullability, lists and kinds of scalars: values tell at run time.
//!
//! **Read first:** [`Given::at`].

use apollo_compiler::Name;
use apollo_compiler::ast::Value;
use apollo_compiler::{Node, ast::Type};
use indexmap::IndexMap;
use mapping::{ObjectShape, Shape, Span, Version};

use super::key::suggestion;
use super::problem::{Place, Problem};
use crate::codes::ErrorCode;
use crate::schema::{FieldDef, Kind, TypeDef, Types};
use crate::vocabulary::{BUILT_IN_SCALARS, Known};
use crate::{schema, words};

/// An object that a selection gives, with the fields it has; each leads to the objects it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) ty: Name,
    pub(super) fields: IndexMap<Name, Vec<Position>>,
}

/// A selection while it is compared.
pub(super) struct Given<'a> {
    pub(super) types: &'a Types,
    pub(super) version: Version,
    pub(super) coordinate: &'a str,
    pub(super) node: &'a Node<Value>,
    /// Whether fields may be gone, because others took them over by `@override`.
    pub(super) is_merged: bool,
    /// Objects that unknown values may still be.
    pub(super) left: usize,
    pub(super) problems: &'a mut Vec<Problem>,
}

/// Objects that the unknown values of one selection may be.
pub(super) const MAX_UNKNOWN: usize = 1_000;

/// Levels to which all of a type is there where the value is unknown.
const MAX_UNKNOWN_DEPTH: usize = 8;

impl<'a> Given<'a> {
    /// What is there for a value of type `ty`.
    pub(super) fn at(&mut self, ty: &Type, shape: &Shape) -> Vec<Position> {
        self.value(ty.inner_named_type(), shape, Span::default())
    }

    fn report(&mut self, code: ErrorCode, span: Span, message: String, fix: String) {
        let place = Place::inside(self.node, span.start as usize);
        self.problems.push(Problem::new(code, self.coordinate, place, message).fix(fix));
    }

    fn value(&mut self, ty: &Name, shape: &Shape, span: Span) -> Vec<Position> {
        let Some(definition) = self.types.get(ty) else {
            self.leaf(ty, shape, span);
            return Vec::new();
        };
        match definition.kind {
            Kind::Object | Kind::Interface | Kind::Union => self.objects(definition, shape, span),
            Kind::Enum => {
                self.leaf(ty, shape, span);
                Vec::new()
            }
            // A custom scalar may be anything.
            _ => Vec::new(),
        }
    }

    fn leaf(&mut self, ty: &Name, shape: &Shape, span: Span) {
        let mut branches = Vec::new();
        elements(shape, &mut branches);
        let is_object = |branch: &&Shape| matches!(branch, Shape::Object(_));
        let values = branches.iter().filter(|it| !matches!(it, Shape::Null | Shape::Missing));
        if branches.iter().any(is_object)
            && values.copied().all(|branch| is_object(&branch))
            && (BUILT_IN_SCALARS.contains(&ty.as_str()) || self.types.contains_key(ty))
        {
            self.report(
                ErrorCode::GroupSelectionIsNotObject,
                span,
                format!(
                    "the selection of `{}` gives an object where `{ty}` is a {}",
                    self.coordinate,
                    self.types.get(ty).map_or("scalar", |it| it.kind.word())
                ),
                "drop the braces, or select one of its properties".to_owned(),
            );
        }
    }

    fn objects(&mut self, ty: &TypeDef, shape: &Shape, span: Span) -> Vec<Position> {
        let mut branches = Vec::new();
        elements(shape, &mut branches);
        let mut positions: Vec<Position> = Vec::new();
        let mut is_possible = false;
        if ty.kind != Kind::Object {
            drop_what_no_arm_matches(&mut branches);
        }
        for branch in branches {
            match branch {
                Shape::Unknown if self.version < Version::V0_4 => {}
                Shape::Unknown => {
                    is_possible = true;
                    for member in members_of(self.types, ty) {
                        add(&mut positions, self.all(member, &mut Vec::new()));
                    }
                }
                Shape::Object(object) => {
                    is_possible = true;
                    for member in self.runtime_types(ty, object, span) {
                        let position = self.object(member, object);
                        add(&mut positions, position);
                    }
                }
                Shape::Null | Shape::Missing => is_possible = true,
                _ => {}
            }
        }
        if !is_possible {
            let code = match self.version < Version::V0_4 {
                true => ErrorCode::GroupSelectionRequiredForObject,
                false => ErrorCode::GraphQlError,
            };
            let example = ty.fields.keys().next().map_or("id", |name| name.as_str());
            self.report(
                code,
                span,
                format!(
                    "the selection of `{}` does not say which fields of `{}` are there",
                    self.coordinate, ty.name
                ),
                format!("add braces with its fields, such as `{{ {example} }}`"),
            );
        }
        positions
    }

    /// The objects that a value of this shape is, told by its literal `__typename`.
    fn runtime_types(
        &mut self,
        ty: &TypeDef,
        object: &ObjectShape,
        span: Span,
    ) -> Vec<&'a TypeDef> {
        let members = members_of(self.types, ty);
        if ty.kind == Kind::Object {
            return members;
        }
        let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
        let fix = format!(
            "write one of {} as `__typename` into each branch, such as `__typename: {}`",
            words::list(names.iter().take(8)),
            self.literal(names.first().copied().unwrap_or("Member"))
        );
        let Some(typename) = object.field("__typename") else {
            if object.rest.is_some() && object.fields.is_empty() {
                return members;
            }
            let message = format!(
                "the selection of `{}` gives an object without `__typename` for the {} `{}`",
                self.coordinate,
                ty.kind.word(),
                ty.name
            );
            self.report(ErrorCode::ConnectorsInvalidTypename, span, message, fix);
            return Vec::new();
        };
        let mut found = Vec::new();
        for branch in typename.shape.branches() {
            let member = match branch {
                Shape::String(Some(name)) => {
                    members.iter().find(|member| *member.name == **name).copied()
                }
                _ => None,
            };
            match member {
                Some(member) => found.push(member),
                None => {
                    let message = format!(
                        "`__typename` in the selection of `{}` is {branch}, and not a member of \
                         the {} `{}`",
                        self.coordinate,
                        ty.kind.word(),
                        ty.name
                    );
                    let code = ErrorCode::ConnectorsInvalidTypename;
                    self.report(code, typename.name_span, message, fix.clone());
                }
            }
        }
        found
    }

    fn literal(&self, name: &str) -> String {
        if self.version < Version::V0_4 { format!("$(\"{name}\")") } else { format!("\"{name}\"") }
    }

    fn object(&mut self, ty: &TypeDef, object: &ObjectShape) -> Position {
        let mut position = Position { ty: ty.name.clone(), fields: IndexMap::new() };
        if object.rest.is_some() {
            position = self.all(ty, &mut Vec::new());
        }
        for shape in object.fields.iter().filter(|field| &*field.name != "__typename") {
            let Some(field) = ty.fields.get(&*shape.name) else {
                if self.is_merged {
                    continue;
                }
                let message = format!(
                    "the selection of `{}` gives `{}`, which is no field of `{}`",
                    self.coordinate, shape.name, ty.name
                );
                let fix = format!(
                    "{}; a field takes another property as `field: property`",
                    suggestion(&shape.name, ty.fields.keys())
                );
                self.report(ErrorCode::SelectedFieldNotFound, shape.name_span, message, fix);
                continue;
            };
            if !field.arguments.is_empty() {
                let message = format!(
                    "the selection of `{}` gives `{}.{}`, which has arguments",
                    self.coordinate, ty.name, field.name
                );
                let fix = "take it out, and give the field a `@connect` of its own".to_owned();
                self.report(ErrorCode::ConnectorsFieldWithArguments, shape.name_span, message, fix);
                continue;
            }
            let below = self.value(field.ty.inner_named_type(), &shape.shape, shape.name_span);
            let known = position.fields.entry(field.name.clone()).or_default();
            below.into_iter().for_each(|it| add(known, it));
        }
        position
    }

    /// All of a type, as deep as types do not repeat.
    fn all(&mut self, ty: &TypeDef, above: &mut Vec<Name>) -> Position {
        self.left = self.left.saturating_sub(1);
        let mut position = Position { ty: ty.name.clone(), fields: IndexMap::new() };
        above.push(ty.name.clone());
        for field in ty.fields.values().filter(|field| may_be_given(field)) {
            let below = self.types.get(field.ty.inner_named_type());
            let Some(below) = below.filter(|it| it.kind.is_composite()) else {
                position.fields.insert(field.name.clone(), Vec::new());
                continue;
            };
            let members = members_of(self.types, below);
            let is_new = |member: &&&TypeDef| !above.contains(&member.name);
            let members: Vec<&TypeDef> = members.iter().filter(is_new).copied().collect();
            if members.is_empty() || above.len() >= MAX_UNKNOWN_DEPTH || self.left == 0 {
                continue;
            }
            let below = members.iter().map(|member| self.all(member, above)).collect();
            position.fields.insert(field.name.clone(), below);
        }
        above.pop();
        position
    }
}

fn members_of<'a>(types: &'a Types, ty: &TypeDef) -> Vec<&'a TypeDef> {
    match ty.kind {
        Kind::Union => ty.members.keys().filter_map(|name| types.get(name)).collect(),
        Kind::Interface => types
            .values()
            .filter(|it| it.kind == Kind::Object && it.implements.contains_key(&ty.name))
            .collect(),
        _ => types.get(&ty.name).into_iter().collect(),
    }
}

/// Whether a field can be part of an object that was taken over as it is.
fn may_be_given(field: &FieldDef) -> bool {
    field.arguments.is_empty()
        && !schema::has(&field.applied, Known::Connect)
        && field.external != schema::External::Yes
}

/// What a value or the elements of its lists may be.
fn elements<'s>(shape: &'s Shape, out: &mut Vec<&'s Shape>) {
    for branch in shape.branches() {
        match branch {
            Shape::Array(list) => {
                list.prefix.iter().chain([&list.rest]).for_each(|it| elements(it, out));
            }
            other => out.push(other),
        }
    }
}

/// A `->match` that matches nothing merges nothing in: what is left then has no `__typename` and
/// nothing that the other objects lack, and is no object of its own.
fn drop_what_no_arm_matches(branches: &mut Vec<&Shape>) {
    let objects: Vec<&ObjectShape> = branches
        .iter()
        .filter_map(|branch| match branch {
            Shape::Object(object) if object.field("__typename").is_some() => Some(&**object),
            _ => None,
        })
        .collect();
    if objects.is_empty() {
        return;
    }
    branches.retain(|branch| {
        let Shape::Object(object) = branch else { return true };
        let is_left = |other: &&ObjectShape| {
            object.fields.iter().all(|field| other.field(&field.name).is_some())
        };
        object.field("__typename").is_some() || !objects.iter().all(is_left)
    });
}

/// Adds an object; of one type there is one, with the fields of all.
fn add(positions: &mut Vec<Position>, position: Position) {
    let Some(known) = positions.iter_mut().find(|known| known.ty == position.ty) else {
        positions.push(position);
        return;
    };
    for (name, below) in position.fields {
        let target = known.fields.entry(name).or_default();
        below.into_iter().for_each(|it| add(target, it));
    }
}
