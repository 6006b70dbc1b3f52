//! Completes the values and writes the response's data in one pass, in the client's order.
//!
//! **In:** the store, and what the errors of fetches explain. **Out:** the bytes of `data`, or
//! nothing when null reached the root; errors for nulls that nobody explained.
//!
//! **Never here:** errors of subgraphs (`problem`). The store stays as it is.
//!
//! **Holds:** a null in a non-null position makes the nearest nullable ancestor null, by cutting the
//! output back to where that began. Text is copied as it came. A value that stands at several places
//! is written once and copied after that, unless an error belongs to one of its places. Paths are
//! made for errors only.
//!
//! **Read first:** [`render`], then [`Renderer::object`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Value-Completion>

use super::{
    leaf::LeafClass,
    lists::accepts_list,
    program::{Program, ShownAs, ShownField, ShownObject, ShownSlot, ShownSource, ShownValue},
    repeated::Repeated,
    store::{Slot, Store},
};
use crate::{
    Inputs,
    denied::Denied,
    error::Errors,
    masks::{MaskedBy, Masks},
    path::{Path, Segment},
    problem::{Explained, INVALID_VALUE, TOO_LARGE, UNEXPECTED_NULL},
    tree::RuntimeTypeState,
};
use bytes::Bytes;
use query_planner::SlotId;
use supergraph::{TypeId, TypeRef};

const UNTOLD: &str = "of an object whose runtime type nobody told";

/// Appends the data; `None` when the root is null.
pub(super) fn render<'a>(
    (inputs, introspected, masks): (Inputs<'a>, &'a [(String, Bytes)], &'a dyn Masks),
    program: &'a Program,
    store: &Store,
    explained: &Explained<'a>,
    errors: &mut Errors<'a>,
    out: &mut Vec<u8>,
) -> Option<()> {
    let start = out.len();
    let mut renderer = Renderer {
        inputs,
        introspected,
        masks,
        mask: None,
        program,
        store,
        explained,
        errors,
        out,
        start,
        cut: 0,
        n_incidents: 0,
        repeated: Repeated::default(),
        denied: Denied::default(),
    };
    match renderer.object(0, 0, None) {
        Ok(()) => Some(()),
        Err(Nulled::Bubbling) => {
            out.truncate(start);
            None
        }
        Err(Nulled::TooLarge) => {
            let limit = inputs.limits.max_response_bytes;
            let message = format!("the response is larger than {limit} bytes: ask for less");
            errors.push_own(TOO_LARGE, message, None);
            out.truncate(start);
            None
        }
    }
}

pub(super) struct Renderer<'r, 'a> {
    inputs: Inputs<'a>,
    introspected: &'a [(String, Bytes)],
    masks: &'a dyn Masks,
    /// What hides the leaf at work.
    mask: Option<u32>,
    program: &'a Program,
    pub(super) store: &'r Store,
    explained: &'r Explained<'a>,
    errors: &'r mut Errors<'a>,
    pub(super) out: &'r mut Vec<u8>,
    /// Where the data begins.
    start: usize,
    /// Bytes that nulls cut away. They count, for aliases can make the same null rise again and again.
    cut: usize,
    /// Nulls and values that depend on their path, because errors do.
    n_incidents: usize,
    repeated: Repeated,
    denied: Denied<'a>,
}

/// Why a value was not written.
pub(super) enum Nulled {
    /// It is null, and its error is settled.
    Bubbling,
    /// The response has become too large; nothing stops that.
    TooLarge,
}

pub(super) type Completed = Result<(), Nulled>;

/// The way from the root, upwards.
#[derive(Clone, Copy)]
pub(super) struct Trail<'t, 'a> {
    pub(super) segment: Segment<'a>,
    pub(super) above: Option<&'t Trail<'t, 'a>>,
}

impl<'a> Renderer<'_, 'a> {
    fn object(&mut self, object: u32, shown: usize, trail: Option<&Trail<'_, 'a>>) -> Completed {
        let shown = &self.program.shown[shown];
        let object = self.store.object(object);
        match shown_as(shown, object.ty) {
            Some(ShownAs::Case(case)) if !shown.cases[case].is_empty() => {
                let region = &self.store.slots[object.base as usize..];
                for field in &shown.cases[case] {
                    self.out.extend_from_slice(&field.key);
                    self.field(field, object.ty, region, trail)?;
                }
                self.out.push(b'}');
            }
            Some(ShownAs::Case(_) | ShownAs::Empty) => self.out.extend_from_slice(b"{}"),
            Some(ShownAs::Hidden) => {
                let message = "the runtime type of an object is not one that can be here";
                return self.invalid(message, trail);
            }
            Some(ShownAs::Denied) => return self.denied(trail),
            None => return self.unexplained_null(UNTOLD, None, trail),
        }
        self.check_size(self.out.len())
    }

    /// Whether the response up to here is not too large.
    fn check_size(&self, end: usize) -> Completed {
        let size = end - self.start + self.cut;
        if size > self.inputs.limits.max_response_bytes {
            return Err(Nulled::TooLarge);
        }
        Ok(())
    }

    #[inline]
    fn field(
        &mut self,
        field: &'a ShownField,
        ty: RuntimeTypeState,
        region: &[Slot],
        trail: Option<&Trail<'_, 'a>>,
    ) -> Completed {
        let trail = Trail { segment: Segment::Name(&field.name), above: trail };
        match &field.source {
            ShownSource::Slot(shown) => {
                let value = region[shown.local as usize];
                if let (
                    Slot::Leaf { kind, buffer, start, len },
                    ShownValue::Leaf(class),
                    TypeRef::Named { .. },
                ) = (value, &shown.value, &shown.ty)
                {
                    let text = self.store.text(buffer, start, len);
                    if class.accepts(kind, text) == Some(true) {
                        self.out.extend_from_slice(text);
                        return Ok(());
                    }
                }
                match &shown.value {
                    ShownValue::Masked(leaf) => match leaf.1.hiding(ty, self.masks) {
                        Some(by) => self.masked(by, value, shown, &trail),
                        None => self.value(&shown.ty, value, shown, &trail),
                    },
                    _ => self.value(&shown.ty, value, shown, &trail),
                }
            }
            ShownSource::Typename => match ty.known() {
                Some(ty) => {
                    self.out.push(b'"');
                    self.out.extend_from_slice(self.inputs.supergraph.ty(ty).name.as_bytes());
                    self.out.push(b'"');
                    Ok(())
                }
                None => self.unexplained_null(UNTOLD, None, Some(&trail)),
            },
            ShownSource::Denied { nullable } => match self.denied(Some(&trail)) {
                Err(Nulled::Bubbling) if *nullable => {
                    self.out.extend_from_slice(b"null");
                    Ok(())
                }
                completed => completed,
            },
            ShownSource::Introspection => {
                let mut known = self.introspected.iter();
                if let Some((_, text)) = known.find(|(name, _)| *name == field.name) {
                    self.out.extend_from_slice(text);
                    return Ok(());
                }
                match self.inputs.introspection.get(&field.name) {
                    // Writing to memory cannot fail.
                    Some(value) => drop(serde_json::to_writer(&mut *self.out, value)),
                    None => self.out.extend_from_slice(b"null"),
                }
                Ok(())
            }
        }
    }

    /// The value of a leaf that the caller may not see as it is.
    fn masked(
        &mut self,
        by: MaskedBy,
        value: Slot,
        shown: &'a ShownSlot,
        trail: &Trail<'_, 'a>,
    ) -> Completed {
        if by.removes && !shown.ty.is_non_null() {
            self.out.extend_from_slice(b"null");
            return Ok(());
        }
        self.mask = Some(by.mask);
        let completed = self.value(&shown.ty, value, shown, trail);
        self.mask = None;
        completed
    }

    /// Writes a leaf, or what stands instead of it.
    pub(super) fn show(&mut self, text: &[u8]) {
        match self.mask {
            None => self.out.extend_from_slice(text),
            Some(mask) => {
                let instead = self.masks.instead_of(mask, &String::from_utf8_lossy(text));
                self.out.extend_from_slice(instead.as_bytes());
            }
        }
    }

    fn value(
        &mut self,
        ty: &'a TypeRef,
        value: Slot,
        shown: &'a ShownSlot,
        trail: &Trail<'_, 'a>,
    ) -> Completed {
        let checkpoint = self.out.len();
        let key = self.repeated.key(value, shown);
        if let Some(range) = key.and_then(|key| self.repeated.find(key)) {
            self.out.extend_from_within(range);
            // The end of the last object, where its size would have been looked at.
            let object = self.out[checkpoint..].iter().rposition(|byte| *byte == b'}');
            return object.map_or(Ok(()), |at| self.check_size(checkpoint + at + 1));
        }
        let n_incidents = self.n_incidents;
        let completed = match (value, ty) {
            (Slot::Missing | Slot::Null, _) => self.null(ty, shown, trail),
            (_, TypeRef::List { item, .. }) => self.list(item, value, shown, trail),
            (_, TypeRef::Named { .. }) => self.named(ty, value, shown, trail),
        };
        if let (Some(key), Ok(()), true) = (key, &completed, n_incidents == self.n_incidents) {
            self.repeated.remember(key, checkpoint..self.out.len());
        }
        self.settle(completed, ty, checkpoint)
    }

    /// Null, wherever the type allows it.
    pub(super) fn null(
        &mut self,
        ty: &TypeRef,
        shown: &ShownSlot,
        trail: &Trail<'_, 'a>,
    ) -> Completed {
        if ty.is_non_null() {
            return self.unexplained_null("", Some(shown.slot), Some(trail));
        }
        Err(Nulled::Bubbling)
    }

    /// Stops a null that rises where the type allows it.
    pub(super) fn settle(
        &mut self,
        completed: Completed,
        ty: &TypeRef,
        checkpoint: usize,
    ) -> Completed {
        match completed {
            Err(Nulled::Bubbling) if !ty.is_non_null() => {
                self.cut += self.out.len() - checkpoint;
                self.out.truncate(checkpoint);
                self.repeated.cut(checkpoint);
                self.out.extend_from_slice(b"null");
                Ok(())
            }
            completed => completed,
        }
    }

    fn list(
        &mut self,
        item: &'a TypeRef,
        value: Slot,
        shown: &'a ShownSlot,
        trail: &Trail<'_, 'a>,
    ) -> Completed {
        match (value, shown.value.class()) {
            (Slot::List { start, len, .. }, _) => {
                self.out.push(b'[');
                for (i, &value) in self.store.items(start, len).iter().enumerate() {
                    if i > 0 {
                        self.out.push(b',');
                    }
                    let trail = Trail { segment: Segment::Index(i), above: Some(trail) };
                    self.value(item, value, shown, &trail)?;
                }
                self.out.push(b']');
                Ok(())
            }
            (Slot::Leaves { kinds, buffer, start, len }, Some(class)) => {
                let text = self.store.text(buffer, start, len);
                if self.mask.is_none() && accepts_list(class, item, kinds, text) {
                    self.out.extend_from_slice(text);
                    return Ok(());
                }
                self.leaves(item, text, (shown, class), trail)
            }
            _ => self.invalid_value(shown.slot, "a list", trail),
        }
    }

    fn named(
        &mut self,
        ty: &'a TypeRef,
        value: Slot,
        shown: &'a ShownSlot,
        trail: &Trail<'_, 'a>,
    ) -> Completed {
        let Some(class) = shown.value.class() else {
            return match (value, &shown.value) {
                (Slot::Object { id, .. }, ShownValue::Object(below)) => {
                    self.object(id, *below, Some(trail))
                }
                _ => self.invalid_value(shown.slot, "an object", trail),
            };
        };
        match value {
            Slot::Leaf { kind, buffer, start, len } => {
                let text = self.store.text(buffer, start, len);
                self.leaf(ty.named(), (kind, text), (shown, class), trail)
            }
            Slot::Leaves { buffer, start, len, .. } if matches!(class, LeafClass::Any) => {
                self.show(self.store.text(buffer, start, len));
                Ok(())
            }
            Slot::Leaves { .. } => self.wrong_class(ty.named(), shown, trail),
            _ => self.invalid_value(shown.slot, "a leaf", trail),
        }
    }

    /// A leaf that is not null.
    pub(super) fn leaf(
        &mut self,
        ty: TypeId,
        (kind, text): (u8, &[u8]),
        (shown, class): (&ShownSlot, &LeafClass),
        trail: &Trail<'_, 'a>,
    ) -> Completed {
        let accepted = class.accepts(kind, text).unwrap_or_else(|| class.accepts_escaped(text));
        if !accepted {
            return self.wrong_class(ty, shown, trail);
        }
        self.show(text);
        Ok(())
    }

    pub(super) fn wrong_class(
        &mut self,
        ty: TypeId,
        shown: &ShownSlot,
        trail: &Trail<'_, 'a>,
    ) -> Completed {
        let name = &self.inputs.supergraph.ty(ty).name;
        self.invalid_value(shown.slot, &format!("of type `{name}`"), trail)
    }

    /// Null that the caller is told the reason of.
    fn denied(&mut self, trail: Option<&Trail<'_, 'a>>) -> Completed {
        self.n_incidents += 1;
        let upwards = std::iter::successors(trail, |trail| trail.above);
        self.denied.at(upwards.map(|trail| trail.segment), self.inputs.caller, self.errors);
        Err(Nulled::Bubbling)
    }

    /// Null where the type says otherwise, or where nobody knows better: one error, unless an error
    /// of a fetch explains it.
    fn unexplained_null(
        &mut self,
        what: &str,
        slot: Option<SlotId>,
        trail: Option<&Trail<'_, 'a>>,
    ) -> Completed {
        self.n_incidents += 1;
        let by_fetch = slot.is_some_and(|slot| self.explained.slots.contains(&slot));
        if !by_fetch {
            let path = path_of(trail);
            if !self.explained.paths.covers(&path) {
                let what = slot.map_or_else(|| what.to_owned(), |slot| self.coordinate(slot));
                let message = format!("null in the non-null position {what}");
                self.errors.push_own(UNEXPECTED_NULL, message, Some(path));
            }
        }
        Err(Nulled::Bubbling)
    }

    fn invalid(&mut self, message: &str, trail: Option<&Trail<'_, 'a>>) -> Completed {
        self.n_incidents += 1;
        self.errors.push_own(INVALID_VALUE, message.to_owned(), Some(path_of(trail)));
        Err(Nulled::Bubbling)
    }

    pub(super) fn invalid_value(
        &mut self,
        slot: SlotId,
        expected: &str,
        trail: &Trail<'_, 'a>,
    ) -> Completed {
        let message = format!("a value of {} is not {expected}", self.coordinate(slot));
        self.invalid(&message, Some(trail))
    }

    fn coordinate(&self, slot: SlotId) -> String {
        let slot = &self.inputs.plan.slots[slot];
        let owner = self.inputs.plan.positions[slot.position].ty;
        format!("`{}.{}`", self.inputs.supergraph.ty(owner).name, slot.field)
    }
}

/// How an object is shown; `None` when its runtime type should have been told.
fn shown_as(shown: &ShownObject, ty: RuntimeTypeState) -> Option<ShownAs> {
    match ty {
        RuntimeTypeState::Impossible => Some(ShownAs::Hidden),
        RuntimeTypeState::Unknown => shown.unknown.map(ShownAs::Case),
        RuntimeTypeState::Known(ty) => {
            let found = match &shown.by_type[..] {
                [row] => Some(row).filter(|row| row.0 == ty),
                rows => rows.binary_search_by_key(&ty, |row| row.0).ok().map(|at| &rows[at]),
            };
            Some(found.map_or(ShownAs::Hidden, |row| row.1))
        }
    }
}

fn path_of<'a>(trail: Option<&Trail<'_, 'a>>) -> Path<'a> {
    let mut path = Vec::new();
    let mut next = trail;
    while let Some(trail) = next {
        path.push(trail.segment);
        next = trail.above;
    }
    path.reverse();
    path
}
