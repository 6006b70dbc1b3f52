//! Writes the representation of an object, straight into the body of a request.
//!
//! **In:** an object of the store and the program of a representation that fits it.
//! **Out:** its JSON, or nothing when the object cannot be represented.
//!
//! **Never here:** joining equal representations (`request`).
//!
//! **Holds:** the asked subgraph never gets null where it declares non-null, and never a key whose
//! leaves are all null. Values travel as they came.
//!
//! **Read first:** [`Representer::represent`].
//!
//! Spec: <https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec>

use super::{
    program::{RepresentationProgram, RepresentedField},
    store::{Slot, Store, kind},
};
use crate::json::{Json, Kind, ReaderLimits};
use bytes::Bytes;
use supergraph::{Supergraph, TypeRef};

/// Writes one representation.
pub(super) struct Representer<'w> {
    supergraph: &'w Supergraph,
    store: &'w Store,
    out: &'w mut Vec<u8>,
    /// Whether the key has a leaf, and one that is not null. An empty list counts as one.
    has_key_leaf: bool,
    has_key_value: bool,
}

/// Which part of a representation a field is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Key,
    Other,
}

impl<'w> Representer<'w> {
    pub(super) fn new(supergraph: &'w Supergraph, store: &'w Store, out: &'w mut Vec<u8>) -> Self {
        Self { supergraph, store, out, has_key_leaf: false, has_key_value: false }
    }

    /// Writes the representation, unless null or missing values forbid one; what was written until
    /// then is for the caller to cut off.
    pub(super) fn represent(
        &mut self,
        object: u32,
        representation: &RepresentationProgram,
    ) -> Option<()> {
        self.out.extend_from_slice(&representation.head);
        self.fields(object, &representation.fields, Part::Other, true)?;
        self.out.push(b'}');
        (self.has_key_value || !self.has_key_leaf).then_some(())
    }

    fn fields(
        &mut self,
        object: u32,
        fields: &[RepresentedField],
        part: Part,
        mut has_comma: bool,
    ) -> Option<()> {
        let object = self.store.object(object);
        for field in fields.iter().filter(|field| object.ty.fits(field.types.as_ref())) {
            self.out.extend_from_slice(if has_comma { &field.key } else { &field.key[1..] });
            has_comma = true;
            let part = if field.is_key { Part::Key } else { part };
            let value = self.store.slots[(object.base + field.slot) as usize];
            self.value(value, &field.ty, field, part)?;
        }
        Some(())
    }

    fn value(
        &mut self,
        value: Slot,
        ty: &TypeRef,
        field: &RepresentedField,
        part: Part,
    ) -> Option<()> {
        match (value, ty) {
            (Slot::Leaf { buffer, start, len, .. }, _) => {
                self.count(part, true);
                self.out.extend_from_slice(self.store.text(buffer, start, len));
                Some(())
            }
            (Slot::Leaves { kinds, buffer, start, len }, _) => {
                let text = self.store.text(buffer, start, len);
                if ty.is_list() && kinds & (kind::NULL | kind::OTHER) != 0 {
                    return self.leaves(Bytes::copy_from_slice(text), ty, part);
                }
                self.count(part, true);
                self.out.extend_from_slice(text);
                Some(())
            }
            (Slot::Missing | Slot::Null | Slot::Misshapen, _) => self.null(ty, part),
            (Slot::Object { id, .. }, _) => self.object(id, field, ty, part),
            (Slot::List { start, len, .. }, TypeRef::List { item, .. }) => {
                self.out.push(b'[');
                if len == 0 {
                    self.count(part, true);
                }
                for i in 0..len {
                    if i > 0 {
                        self.out.push(b',');
                    }
                    self.value(self.store.items[(start + i) as usize], item, field, part)?;
                }
                self.out.push(b']');
                Some(())
            }
            (Slot::List { .. }, TypeRef::Named { .. }) => self.null(ty, part),
        }
    }

    fn object(
        &mut self,
        object: u32,
        field: &RepresentedField,
        ty: &TypeRef,
        part: Part,
    ) -> Option<()> {
        self.out.push(b'{');
        if field.with_typename {
            let Some(runtime_type) = self.store.object(object).ty.known() else {
                self.out.pop();
                return self.null(ty, part);
            };
            self.out.extend_from_slice(b"\"__typename\":\"");
            self.out.extend_from_slice(self.supergraph.ty(runtime_type).name.as_bytes());
            self.out.push(b'"');
        }
        self.fields(object, &field.fields, part, field.with_typename)?;
        self.out.push(b'}');
        Some(())
    }

    /// A list of leaves with nulls or lists inside, item by item.
    fn leaves(&mut self, text: Bytes, ty: &TypeRef, part: Part) -> Option<()> {
        let unlimited = ReaderLimits { max_depth: usize::MAX, max_list_length: usize::MAX };
        match Json::read(&text, unlimited) {
            Ok(json) => self.json(&json, ty, part),
            Err(_) => self.null(ty, part),
        }
    }

    fn json(&mut self, json: &Json, ty: &TypeRef, part: Part) -> Option<()> {
        match (json.kind(), ty) {
            (Kind::Null, _) => self.null(ty, part),
            (Kind::Array(items), TypeRef::List { item, .. }) if !items.is_empty() => {
                self.out.push(b'[');
                for (i, json) in items.iter().enumerate() {
                    if i > 0 {
                        self.out.push(b',');
                    }
                    self.json(json, item, part)?;
                }
                self.out.push(b']');
                Some(())
            }
            _ => {
                self.count(part, true);
                self.out.extend_from_slice(json.text().as_bytes());
                Some(())
            }
        }
    }

    fn null(&mut self, ty: &TypeRef, part: Part) -> Option<()> {
        self.count(part, false);
        self.out.extend_from_slice(b"null");
        (!ty.is_non_null()).then_some(())
    }

    fn count(&mut self, part: Part, is_value: bool) {
        if part == Part::Key {
            self.has_key_leaf = true;
            self.has_key_value |= is_value;
        }
    }
}
