//! Completes the values and writes the response's data, in the client's order.
//!
//! **In:** the store, and what the errors of fetches explain. **Out:** the bytes of `data`, or
//! nothing when null reached the root; errors for nulls that nobody explained.
//!
//! **Never here:** errors of subgraphs (`problem`). The store stays as it is.
//!
//! **Holds:** a null in a non-null position makes the nearest nullable ancestor null, by cutting the
//! output back to where that began, and nothing behind it in that ancestor is looked at. It has one
//! error, at its own path, unless it is explained.
//!
//! **Read first:** [`complete`], then [`Completion::complete_value`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Value-Completion>

use super::{
    leaf::coerce_result,
    store::{Store, Stored},
};
use crate::{
    Inputs, MaskedBy, MaskedFields, Masks,
    denied::Denied,
    error::Errors,
    json::{Json, quoted},
    path::{Path, Segment, response_fields},
    problem::{Explained, INVALID_VALUE, TOO_LARGE, UNEXPECTED_NULL},
    tree::{ObjectId, RuntimeTypeState, Tree},
};
use query_planner::{ResponseField, ResponseSelection, ResponseSource, SlotId};
use supergraph::TypeRef;

/// Writes the data; nothing when the root is null.
pub(super) fn complete<'a>(
    (inputs, masked): (Inputs<'a>, Option<(&'a MaskedFields, &'a dyn Masks)>),
    store: &Store,
    explained: &Explained<'a>,
    errors: &mut Errors<'a>,
) -> Option<String> {
    let mut completion = Completion {
        inputs,
        masked,
        mask: None,
        store,
        explained,
        errors,
        out: String::new(),
        cut: 0,
        path: Vec::new(),
        denied: Denied::default(),
    };
    match completion.complete_object(store.root(), &inputs.plan.response) {
        Ok(()) => Some(completion.out),
        Err(Nulled::Bubbling) => None,
        Err(Nulled::TooLarge) => {
            let limit = inputs.limits.max_response_bytes;
            let message = format!("the response is larger than {limit} bytes: ask for less");
            errors.push_own(TOO_LARGE, message, None);
            None
        }
    }
}

struct Completion<'c, 'a> {
    inputs: Inputs<'a>,
    masked: Option<(&'a MaskedFields, &'a dyn Masks)>,
    /// What hides the leaf at work.
    mask: Option<u32>,
    store: &'c Store,
    explained: &'c Explained<'a>,
    errors: &'c mut Errors<'a>,
    out: String,
    /// Bytes that nulls cut away. They count, for aliases can make the same null rise again and again.
    cut: usize,
    path: Path<'a>,
    denied: Denied<'a>,
}

/// Why a value was not written.
enum Nulled {
    /// It is null, and its error is settled.
    Bubbling,
    /// The response has become too large; nothing stops that.
    TooLarge,
}

type Completed = Result<(), Nulled>;

/// A value, be it stored or inside a leaf.
#[derive(Clone, Copy)]
enum Value<'v> {
    Missing,
    Stored(&'v Stored),
    Leaf(&'v Json),
}

impl<'a> Completion<'_, 'a> {
    fn complete_object(&mut self, object: ObjectId, selection: &'a ResponseSelection) -> Completed {
        let ty = self.store.object(object).ty;
        if !self.is_visible(object, selection) {
            return self.invalid("the runtime type of an object is not one that can be here");
        }
        if ty.known().is_some_and(|ty| selection.denied.contains(ty)) {
            return self.denied();
        }
        let fields = match response_fields(selection, ty) {
            Some(fields) => fields,
            None if ty == RuntimeTypeState::Unknown => {
                return self.unexplained_null("of an object whose runtime type nobody told", None);
            }
            None => &[],
        };
        self.out.push('{');
        for (i, field) in fields.iter().enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            self.out.push_str(&quoted(&field.response_name));
            self.out.push(':');
            self.path.push(Segment::Name(&field.response_name));
            let completed = self.execute_field(object, field);
            self.path.pop();
            completed?;
        }
        self.out.push('}');
        if self.out.len() + self.cut > self.inputs.limits.max_response_bytes {
            return Err(Nulled::TooLarge);
        }
        Ok(())
    }

    /// Whether the API schema has the object's runtime type here.
    fn is_visible(&self, object: ObjectId, selection: &ResponseSelection) -> bool {
        let supergraph = self.inputs.supergraph;
        match self.store.object(object).ty {
            RuntimeTypeState::Impossible => false,
            RuntimeTypeState::Unknown => true,
            RuntimeTypeState::Known(ty) => {
                let declared = self.inputs.plan.positions[selection.position].ty;
                supergraph.ty(ty).accessible && supergraph.ty(declared).possible.contains(ty)
            }
        }
    }

    fn execute_field(&mut self, object: ObjectId, field: &'a ResponseField) -> Completed {
        match &field.source {
            ResponseSource::Typename => match self.store.object(object).ty.known() {
                Some(ty) => {
                    self.out.push_str(&quoted(&self.inputs.supergraph.ty(ty).name));
                    Ok(())
                }
                None => self.unexplained_null("of an object whose runtime type nobody told", None),
            },
            ResponseSource::Introspection => {
                match self.inputs.introspection.get(&field.response_name) {
                    Some(value) => self.out.push_str(&value.to_string()),
                    None => self.out.push_str("null"),
                }
                Ok(())
            }
            ResponseSource::Denied { ty, .. } => match self.denied() {
                Err(Nulled::Bubbling) if !ty.is_non_null() => {
                    self.out.push_str("null");
                    Ok(())
                }
                completed => completed,
            },
            ResponseSource::Slot { slot, ty, selection } => {
                let value = self.store.value(object, *slot);
                let value = value.map_or(Value::Missing, Value::Stored);
                match self.hiding(object, *slot).filter(|_| selection.is_none()) {
                    Some(by) if by.removes && !ty.is_non_null() => {
                        self.out.push_str("null");
                        return Ok(());
                    }
                    by => self.mask = by.map(|by| by.mask),
                }
                let completed = self.complete_value(ty, value, *slot, selection.as_deref());
                self.mask = None;
                completed
            }
        }
    }

    /// The mask that hides a leaf of an object.
    fn hiding(&self, object: ObjectId, slot: SlotId) -> Option<MaskedBy> {
        let (fields, masks) = self.masked?;
        let slot = &self.inputs.plan.slots[slot];
        let declared = self.inputs.plan.positions[slot.position].ty;
        let possible = &self.inputs.supergraph.ty(declared).possible;
        fields.of_field(possible, &slot.field).hiding(self.store.object(object).ty, masks)
    }

    fn complete_value(
        &mut self,
        ty: &'a TypeRef,
        value: Value<'_>,
        slot: SlotId,
        selection: Option<&'a ResponseSelection>,
    ) -> Completed {
        let checkpoint = self.out.len();
        let completed = if value.is_null() {
            if ty.is_non_null() {
                self.unexplained_null("", Some(slot))
            } else {
                Err(Nulled::Bubbling)
            }
        } else {
            match ty {
                TypeRef::List { item, .. } => self.complete_list(item, value, slot, selection),
                TypeRef::Named { .. } => self.complete_named(ty, value, slot, selection),
            }
        };
        match completed {
            Err(Nulled::Bubbling) if !ty.is_non_null() => {
                self.cut += self.out.len() - checkpoint;
                self.out.truncate(checkpoint);
                self.out.push_str("null");
                Ok(())
            }
            completed => completed,
        }
    }

    fn complete_list(
        &mut self,
        item: &'a TypeRef,
        value: Value<'_>,
        slot: SlotId,
        selection: Option<&'a ResponseSelection>,
    ) -> Completed {
        match value {
            Value::Stored(Stored::List(values)) => {
                self.complete_items(item, values.iter().map(Value::Stored), slot, selection)
            }
            Value::Stored(Stored::Leaf(json)) | Value::Leaf(json) => match json.as_array() {
                Some(values) => {
                    self.complete_items(item, values.iter().map(Value::Leaf), slot, selection)
                }
                None => self.invalid_value(slot, "a list"),
            },
            _ => self.invalid_value(slot, "a list"),
        }
    }

    fn complete_items<'v>(
        &mut self,
        item: &'a TypeRef,
        values: impl Iterator<Item = Value<'v>>,
        slot: SlotId,
        selection: Option<&'a ResponseSelection>,
    ) -> Completed {
        self.out.push('[');
        for (i, value) in values.enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            self.path.push(Segment::Index(i));
            let completed = self.complete_value(item, value, slot, selection);
            self.path.pop();
            completed?;
        }
        self.out.push(']');
        Ok(())
    }

    fn complete_named(
        &mut self,
        ty: &TypeRef,
        value: Value<'_>,
        slot: SlotId,
        selection: Option<&'a ResponseSelection>,
    ) -> Completed {
        match (value, selection) {
            (Value::Stored(Stored::Object(object)), Some(selection)) => {
                self.complete_object(*object, selection)
            }
            (Value::Stored(Stored::Leaf(json)) | Value::Leaf(json), None) => {
                if coerce_result(self.inputs.supergraph, ty.named(), json) {
                    match (self.mask, self.masked) {
                        (Some(mask), Some((_, masks))) => {
                            self.out.push_str(&masks.instead_of(mask, json.text()));
                        }
                        _ => self.out.push_str(json.text()),
                    }
                    return Ok(());
                }
                let name = &self.inputs.supergraph.ty(ty.named()).name;
                self.invalid_value(slot, &format!("of type `{name}`"))
            }
            (_, Some(_)) => self.invalid_value(slot, "an object"),
            (_, None) => self.invalid_value(slot, "a leaf"),
        }
    }

    /// Null that the caller is told the reason of.
    fn denied(&mut self) -> Completed {
        self.denied.at(self.path.iter().rev().copied(), self.inputs.caller, self.errors);
        Err(Nulled::Bubbling)
    }

    /// Null where the type says otherwise, or where nobody knows better: one error, unless an error
    /// of a fetch explains it.
    fn unexplained_null(&mut self, what: &str, slot: Option<SlotId>) -> Completed {
        let by_fetch = slot.is_some_and(|slot| self.explained.slots.contains(&slot));
        if !by_fetch && !self.explained.paths.covers(&self.path) {
            let what = slot.map_or_else(|| what.to_owned(), |slot| self.coordinate(slot));
            let message = format!("null in the non-null position {what}");
            self.errors.push_own(UNEXPECTED_NULL, message, Some(self.path.clone()));
        }
        Err(Nulled::Bubbling)
    }

    fn invalid(&mut self, message: &str) -> Completed {
        self.errors.push_own(INVALID_VALUE, message.to_owned(), Some(self.path.clone()));
        Err(Nulled::Bubbling)
    }

    fn invalid_value(&mut self, slot: SlotId, expected: &str) -> Completed {
        let message = format!("a value of {} is not {expected}", self.coordinate(slot));
        self.invalid(&message)
    }

    fn coordinate(&self, slot: SlotId) -> String {
        let slot = &self.inputs.plan.slots[slot];
        let owner = self.inputs.plan.positions[slot.position].ty;
        format!("`{}.{}`", self.inputs.supergraph.ty(owner).name, slot.field)
    }
}

impl Value<'_> {
    fn is_null(self) -> bool {
        match self {
            Self::Missing | Self::Stored(Stored::Null) => true,
            Self::Stored(Stored::Leaf(json)) | Self::Leaf(json) => json.is_null(),
            Self::Stored(_) => false,
        }
    }
}
