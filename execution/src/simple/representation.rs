//! Writes the representation of an object: what `_entities` is told to find it by.
//!
//! **In:** an object of the store and a [`Representation`] that fits it.
//! **Out:** its JSON, or nothing when the object cannot be represented.
//!
//! **Never here:** joining equal representations (`request`).
//!
//! **Holds:** the asked subgraph never gets null where it declares non-null, and never a key whose
//! leaves are all null. `__typename` comes first, then the fields in the plan's order.
//!
//! **Read first:** [`represent`].
//!
//! Spec: <https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec>

use super::store::{Store, Stored};
use crate::{
    Inputs,
    json::{Json, Kind},
    tree::ObjectId,
};
use query_planner::{Representation, RepresentationField};
use supergraph::TypeRef;

/// The representation of an object, unless null or missing values forbid one.
pub(super) fn represent(
    inputs: &Inputs<'_>,
    store: &Store,
    object: ObjectId,
    representation: &Representation,
) -> Option<String> {
    let mut writer = Writer { inputs, store, out: String::new(), key: KeyLeaves::default() };
    writer.out.push_str("{\"__typename\":\"");
    writer.out.push_str(&representation.typename);
    writer.out.push('"');
    writer.write_fields(object, &representation.fields, Part::Other, Separator::Comma)?;
    writer.out.push('}');
    (writer.key.all == 0 || writer.key.non_null > 0).then_some(writer.out)
}

struct Writer<'w, 'a> {
    inputs: &'w Inputs<'a>,
    store: &'w Store,
    out: String,
    key: KeyLeaves,
}

/// How many leaves of the key were written. An empty list counts as one that is not null.
#[derive(Default)]
struct KeyLeaves {
    all: usize,
    non_null: usize,
}

/// Which part of a representation a field is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Key,
    Other,
}

/// What stands before the first field of an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Separator {
    Comma,
    Nothing,
}

impl Writer<'_, '_> {
    fn write_fields(
        &mut self,
        object: ObjectId,
        fields: &[RepresentationField],
        part: Part,
        mut separator: Separator,
    ) -> Option<()> {
        let ty = self.store.object(object).ty;
        for field in fields.iter().filter(|field| ty.fits(field.types.as_ref())) {
            if separator == Separator::Comma {
                self.out.push(',');
            }
            separator = Separator::Comma;
            self.out.push('"');
            self.out.push_str(&field.name);
            self.out.push_str("\":");
            let part = if field.is_key { Part::Key } else { part };
            match self.store.value(object, field.slot) {
                None => self.write_null(&field.ty, part)?,
                Some(value) => self.write_value(value, &field.ty, field, part)?,
            }
        }
        Some(())
    }

    fn write_value(
        &mut self,
        value: &Stored,
        ty: &TypeRef,
        field: &RepresentationField,
        part: Part,
    ) -> Option<()> {
        match (value, ty) {
            (Stored::Leaf(json), _) => self.write_leaf(json, ty, part),
            (Stored::Null | Stored::Misshapen, _) => self.write_null(ty, part),
            (Stored::Object(object), _) => self.write_object(*object, field, ty, part),
            (Stored::List(items), TypeRef::List { item, .. }) => {
                self.out.push('[');
                if items.is_empty() {
                    self.count(part, Leaf::NonNull);
                }
                for (i, value) in items.iter().enumerate() {
                    if i > 0 {
                        self.out.push(',');
                    }
                    self.write_value(value, item, field, part)?;
                }
                self.out.push(']');
                Some(())
            }
            (Stored::List(_), TypeRef::Named { .. }) => self.write_null(ty, part),
        }
    }

    fn write_object(
        &mut self,
        object: ObjectId,
        field: &RepresentationField,
        ty: &TypeRef,
        part: Part,
    ) -> Option<()> {
        self.out.push('{');
        let mut separator = Separator::Nothing;
        if field.with_typename {
            let Some(runtime_type) = self.store.object(object).ty.known() else {
                self.out.pop();
                return self.write_null(ty, part);
            };
            self.out.push_str("\"__typename\":\"");
            self.out.push_str(&self.inputs.supergraph.ty(runtime_type).name);
            self.out.push('"');
            separator = Separator::Comma;
        }
        self.write_fields(object, &field.fields, part, separator)?;
        self.out.push('}');
        Some(())
    }

    /// Writes a leaf, or a list of leaves, as it came.
    fn write_leaf(&mut self, json: &Json, ty: &TypeRef, part: Part) -> Option<()> {
        match (json.kind(), ty) {
            (Kind::Null, _) => self.write_null(ty, part),
            (Kind::Array(items), TypeRef::List { item, .. }) if !items.is_empty() => {
                self.out.push('[');
                for (i, json) in items.iter().enumerate() {
                    if i > 0 {
                        self.out.push(',');
                    }
                    self.write_leaf(json, item, part)?;
                }
                self.out.push(']');
                Some(())
            }
            _ => {
                self.count(part, Leaf::NonNull);
                self.out.push_str(json.text());
                Some(())
            }
        }
    }

    fn write_null(&mut self, ty: &TypeRef, part: Part) -> Option<()> {
        self.count(part, Leaf::Null);
        self.out.push_str("null");
        (!ty.is_non_null()).then_some(())
    }

    fn count(&mut self, part: Part, leaf: Leaf) {
        if part == Part::Key {
            self.key.all += 1;
            self.key.non_null += usize::from(leaf == Leaf::NonNull);
        }
    }
}

/// Whether a leaf was null.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaf {
    Null,
    NonNull,
}
