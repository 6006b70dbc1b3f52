//! The path to an unanswerable selection as an operation that a client could send.
//!
//! **In:** [`Unsatisfied`]. **Out:** one line of GraphQL, valid against the API schema.
//!
//! **Never here:** why it cannot be answered (`explain`).

use super::Unsatisfied;
use crate::{ArgumentDef, FieldId, Supergraph, TypeId, TypeRef};
use apollo_compiler::schema::{ExtendedType, InputObjectType, Type};
use std::fmt::Write;

/// How deep a required input object is filled in.
const MAX_INPUT_DEPTH: usize = 8;

impl Supergraph {
    /// The shortest operation that meets `unsatisfied`, such as `{ a { b { c } } }`.
    #[must_use]
    pub fn shortest_operation(&self, unsatisfied: &Unsatisfied) -> String {
        let root = unsatisfied.root;
        let mut out = match () {
            () if Some(root) == self.mutation_type() => "mutation { ".to_owned(),
            () if Some(root) == self.subscription_type() => "subscription { ".to_owned(),
            () => "{ ".to_owned(),
        };
        let (mut declared, mut open) = (root, 1);
        let last = unsatisfied.field.map(|field| (unsatisfied.on, field));
        let path = unsatisfied.path.iter().map(|step| (step.on, step.field)).chain(last);
        for (on, field) in path {
            if on != declared {
                let _ = write!(out, "... on {} {{ ", self.ty(on).name);
                open += 1;
            }
            self.write_field(field, &mut out);
            declared = self.field(field).ty.named();
            if self.ty(declared).is_composite() {
                out.push_str("{ ");
                open += 1;
            }
        }
        if self.ty(declared).is_composite() {
            out.push_str("__typename ");
        }
        out.push_str(&vec!["}"; open].join(" "));
        out
    }

    fn write_field(&self, field: FieldId, out: &mut String) {
        let def = self.field(field);
        out.push_str(&def.name);
        let required = def.arguments.iter().filter(|argument| is_required(argument));
        for (index, argument) in required.enumerate() {
            out.push_str(if index == 0 { "(" } else { ", " });
            let _ = write!(out, "{}: ", argument.name);
            self.write_type(&argument.ty, out);
        }
        if def.arguments.iter().any(is_required) {
            out.push(')');
        }
        out.push(' ');
    }

    fn write_type(&self, ty: &TypeRef, out: &mut String) {
        match ty {
            TypeRef::List { .. } => out.push_str("[]"),
            TypeRef::Named { id, .. } => self.write_value(*id, out, 0),
        }
    }

    fn write_value(&self, ty: TypeId, out: &mut String, depth: usize) {
        let name = self.ty(ty).name.as_str();
        match (name, self.api_schema().types.get(name)) {
            ("Int", _) => out.push('1'),
            ("Float", _) => out.push_str("1.0"),
            ("Boolean", _) => out.push_str("true"),
            ("ID", _) => out.push_str("\"any\""),
            (_, Some(ExtendedType::Enum(values))) => {
                out.push_str(values.values.keys().next().map_or("null", |value| value.as_str()));
            }
            (_, Some(ExtendedType::InputObject(input))) if depth < MAX_INPUT_DEPTH => {
                self.write_input(input, out, depth + 1);
            }
            _ => out.push_str("\"any\""),
        }
    }

    fn write_input(&self, input: &InputObjectType, out: &mut String, depth: usize) {
        out.push('{');
        let required = input.fields.values().filter(|field| field.is_required());
        for (index, field) in required.enumerate() {
            out.push_str(if index == 0 { "" } else { ", " });
            let _ = write!(out, "{}: ", field.name);
            match (&*field.ty, self.type_named(field.ty.inner_named_type())) {
                (Type::NonNullNamed(_), Some(ty)) => self.write_value(ty, out, depth),
                _ => out.push_str("[]"),
            }
        }
        out.push('}');
    }
}

fn is_required(argument: &ArgumentDef) -> bool {
    argument.ty.is_non_null() && argument.default.is_none()
}
