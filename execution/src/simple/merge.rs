//! Puts an answer's values into the store.
//!
//! **In:** an object of the store, what was selected of it, and the answered object.
//! **Out:** filled slots, new objects, and a list of [`Dispute`]s.
//!
//! **Never here:** classes of leaves (`leaf`, when the value is shown), errors of the subgraph.
//!
//! **Holds:** what is there first stays. A second answer to a composite slot is merged slot by
//! slot, its lists index by index. Only objects made here are registered, under the group at work.
//!
//! **Read first:** [`Merge::fill`].

use super::store::{Store, Stored};
use crate::{
    Inputs,
    json::{Json, Kind},
    tree::{ObjectId, Place, RuntimeTypeState},
};
use query_planner::{GroupId, RuntimeType, Selection};
use supergraph::{TypeId, TypeKind, TypeRef};

/// One group's answer on its way into the store.
pub(super) struct Merge<'m, 'a> {
    pub(super) inputs: Inputs<'a>,
    pub(super) store: &'m mut Store,
    pub(super) group: GroupId,
    pub(super) disputes: Vec<Dispute>,
}

/// An answer that contradicts what is there.
#[derive(Clone, Debug)]
pub(super) enum Dispute {
    /// Two answers to one composite slot differ in shape.
    Shape(Place),
    /// The answered object cannot be this one: its runtime type is another, or impossible.
    Type(ObjectId),
}

impl Merge<'_, '_> {
    /// Fills an object; `represented` is the runtime type that its representation had.
    pub(super) fn fill(
        &mut self,
        object: ObjectId,
        selection: &Selection,
        answer: &Json,
        represented: Option<TypeId>,
    ) {
        let answered = answered_type(&self.inputs, selection, answer, represented);
        let held = self.store.object(object).ty;
        if held == RuntimeTypeState::Impossible {
            return;
        }
        let Some(ty) = held.meets(answered) else {
            return self.disputes.push(Dispute::Type(object));
        };
        self.store.set_type(object, ty);
        self.fill_slots(object, ty, selection, answer);
    }

    fn fill_slots(
        &mut self,
        object: ObjectId,
        ty: RuntimeTypeState,
        selection: &Selection,
        answer: &Json,
    ) {
        for field in &selection.fields {
            if !ty.fits(field.types.as_ref()) {
                continue;
            }
            let Some(value) = answer.get(&field.response_name) else {
                continue;
            };
            let held = self.store.take(object, field.slot);
            let merged = match (&field.selection, held) {
                (None, None) => Stored::Leaf(value.clone()),
                (None, Some(held)) => held,
                (Some(selection), held) => {
                    let ty = &self.inputs.plan.slots[field.slot].ty;
                    let place = Place { object, slot: field.slot, indexes: Vec::new() };
                    self.merge(place, ty, held, selection, value)
                }
            };
            self.store.put(object, field.slot, merged);
        }
    }

    fn merge(
        &mut self,
        place: Place,
        ty: &TypeRef,
        held: Option<Stored>,
        selection: &Selection,
        answer: &Json,
    ) -> Stored {
        match (held, ty, answer.kind()) {
            (None, _, Kind::Null) => Stored::Null,
            (None, TypeRef::List { item, .. }, Kind::Array(answers)) => {
                let items = answers.iter().enumerate();
                Stored::List(
                    items
                        .map(|(i, answer)| self.merge(place.item(i), item, None, selection, answer))
                        .collect(),
                )
            }
            (None, TypeRef::Named { .. }, Kind::Object(_)) => self.create(place, selection, answer),
            (None, _, _) => Stored::Misshapen,
            (Some(Stored::List(held)), TypeRef::List { item, .. }, Kind::Array(answers))
                if held.len() == answers.len() =>
            {
                let pairs = held.into_iter().zip(answers).enumerate();
                Stored::List(
                    pairs
                        .map(|(i, (held, answer))| {
                            self.merge(place.item(i), item, Some(held), selection, answer)
                        })
                        .collect(),
                )
            }
            (Some(Stored::Object(object)), TypeRef::Named { .. }, Kind::Object(_)) => {
                self.fill(object, selection, answer, None);
                Stored::Object(object)
            }
            (Some(Stored::Null), _, Kind::Null) => Stored::Null,
            (Some(Stored::Misshapen), _, _) => Stored::Misshapen,
            (Some(held), _, _) => {
                self.disputes.push(Dispute::Shape(place));
                held
            }
        }
    }

    fn create(&mut self, place: Place, selection: &Selection, answer: &Json) -> Stored {
        let ty = answered_type(&self.inputs, selection, answer, None);
        let object = self.store.create(selection.position, ty, place);
        // Nobody shows an object of an impossible type, and nobody asks for more of it.
        if ty != RuntimeTypeState::Impossible {
            self.store.register(self.group, object);
            self.fill_slots(object, ty, selection, answer);
        }
        Stored::Object(object)
    }
}

/// What an answer says of an object's runtime type.
pub(super) fn answered_type(
    inputs: &Inputs<'_>,
    selection: &Selection,
    answer: &Json,
    represented: Option<TypeId>,
) -> RuntimeTypeState {
    match selection.runtime_type {
        RuntimeType::Known(ty) => RuntimeTypeState::Known(ty),
        RuntimeType::Unknown => RuntimeTypeState::Unknown,
        RuntimeType::Represented => {
            represented.map_or(RuntimeTypeState::Unknown, RuntimeTypeState::Known)
        }
        RuntimeType::Asked => {
            let supergraph = inputs.supergraph;
            let declared = inputs.plan.positions[selection.position].ty;
            answer
                .get("__typename")
                .and_then(Json::as_str)
                .and_then(|name| supergraph.type_named(&name))
                .filter(|ty| supergraph.ty(*ty).kind == TypeKind::Object)
                .filter(|ty| supergraph.ty(declared).possible.contains(*ty))
                .map_or(RuntimeTypeState::Impossible, RuntimeTypeState::Known)
        }
    }
}

impl Place {
    fn item(&self, index: usize) -> Self {
        let mut place = self.clone();
        place.indexes.push(index);
        place
    }
}
