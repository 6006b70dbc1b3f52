//! The store as a tree, for those who explain errors: an object once for each of its places.
//!
//! **In:** the store and all that was asked. **Out:** a [`Tree`], and the places of targets.
//!
//! **Never here:** executions without errors: they need no paths.
//!
//! **Holds:** places are made when they are asked for. Those of a group's targets come in the order
//! in which an executor would meet them that reads an entity anew for each of its targets: by entity,
//! then by target, then by the order of the answer.
//!
//! **Read first:** [`Places::requested`].

use super::{
    apply::{Contradiction, Dispute},
    program::Program,
    request::AskedGroup,
    store::{NONE, Parent, Slot, Store, index},
};
use crate::{
    problem::{Problem, Where},
    reported::{other_type, two_shapes},
    tree::{ObjectId, Place, RequestedGroup, RuntimeTypeState, Target, Tree},
};
use query_planner::{QueryPlan, SlotId};
use std::{cell::RefCell, collections::HashMap, rc::Rc};
use supergraph::{Id, IdVec};

/// Objects by place.
pub(super) struct Places<'s> {
    plan: &'s QueryPlan,
    program: &'s Program,
    store: &'s Store,
    asked: &'s [AskedGroup],
    made: RefCell<Made>,
}

/// The places that were made so far. The first is the root's.
struct Made {
    rows: IdVec<ObjectId, Row>,
    /// The place of an object below that of a target.
    below: HashMap<(u32, ObjectId), Option<ObjectId>>,
    /// The places of an entity's targets.
    targets: HashMap<(u32, u32), Rc<[ObjectId]>>,
}

struct Row {
    object: u32,
    place: Option<Place>,
}

impl<'s> Places<'s> {
    pub(super) fn new(
        plan: &'s QueryPlan,
        program: &'s Program,
        store: &'s Store,
        asked: &'s [AskedGroup],
    ) -> Self {
        let mut rows = IdVec::new();
        rows.push(Row { object: 0, place: None });
        let made = Made { rows, below: HashMap::new(), targets: HashMap::new() };
        Self { plan, program, store, asked, made: RefCell::new(made) }
    }

    /// A group as it was requested, its targets by place.
    pub(super) fn requested(&self, asked: usize) -> RequestedGroup {
        let group = &self.asked[asked];
        let targets = (0..index(group.n_entities())).map(|entity| {
            let places = self.targets(index(asked), entity);
            places.iter().map(|&object| Target { object, represented: None }).collect()
        });
        RequestedGroup { group: Id::from_index(group.group), targets: targets.collect() }
    }

    /// The problems of a group's disputes: one for each value of two shapes, one for all objects of a
    /// wrong type.
    pub(super) fn problems(&self, asked: usize, disputes: &[Dispute]) -> Vec<Problem> {
        let mut by_target: HashMap<(u32, u32), Vec<&Contradiction>> = HashMap::new();
        let mut entities: Vec<u32> = Vec::new();
        for dispute in disputes {
            if entities.last() != Some(&dispute.entity) {
                entities.push(dispute.entity);
            }
            by_target.entry((dispute.entity, dispute.target)).or_default().push(&dispute.what);
        }
        let (mut problems, mut objects) = (Vec::new(), Vec::new());
        for entity in entities {
            for &target in self.targets(index(asked), entity).iter() {
                let key = (entity, self.object(target));
                for contradiction in by_target.get(&key).into_iter().flatten() {
                    match contradiction {
                        Contradiction::Type(object) => objects.extend(self.below(*object, target)),
                        Contradiction::Shape { object, slot, indexes } => {
                            let at = self.below(*object, target).map(|object| {
                                let indexes = indexes.clone();
                                Where::Value(Place { object, slot: *slot, indexes })
                            });
                            problems.extend(at.map(two_shapes));
                        }
                    }
                }
            }
        }
        if !objects.is_empty() {
            problems.push(other_type(Where::Objects(objects)));
        }
        problems
    }

    fn object(&self, place: ObjectId) -> u32 {
        self.made.borrow().rows[place].object
    }

    /// The places of all targets of an entity.
    fn targets(&self, asked: u32, entity: u32) -> Rc<[ObjectId]> {
        if let Some(known) = self.made.borrow().targets.get(&(asked, entity)) {
            return Rc::clone(known);
        }
        let targets = self.asked[asked as usize].targets_of(entity);
        let objects: Vec<u32> = targets.map(|target| target.object).collect();
        let places: Rc<[ObjectId]> = self.places_of(&objects).into();
        self.made.borrow_mut().targets.insert((asked, entity), Rc::clone(&places));
        places
    }

    /// The places of objects that stand in the order of their creation.
    fn places_of(&self, objects: &[u32]) -> Vec<ObjectId> {
        let mut places = Vec::new();
        let origin = |object: &u32| {
            self.creator(*object).map(|scratch| {
                let scratch = &self.store.scratches[scratch];
                (scratch.asked, scratch.entity)
            })
        };
        for siblings in objects.chunk_by(|a, b| origin(a) == origin(b)) {
            let Some((asked, entity)) = origin(&siblings[0]) else {
                places.extend(siblings.iter().map(|_| self.root()));
                continue;
            };
            for &target in self.targets(asked, entity).iter() {
                places.extend(siblings.iter().filter_map(|&object| self.below(object, target)));
            }
        }
        places
    }

    /// The scratch whose entity brought an object; none for the root.
    fn creator(&self, object: u32) -> Option<usize> {
        let scratches = &self.store.scratches;
        let until = scratches.partition_point(|scratch| scratch.first_object <= object);
        if object == 0 { None } else { until.checked_sub(1) }
    }

    /// The place of an object at or below that of a target; none if it is not there.
    fn below(&self, object: u32, target: ObjectId) -> Option<ObjectId> {
        let at = self.object(target);
        if at == object {
            return Some(target);
        }
        if let Some(&known) = self.made.borrow().below.get(&(object, target)) {
            return known;
        }
        let parent = match self.store.object(object).parent {
            Parent::Nothing => None,
            Parent::Object(parent) => self.below(parent, target),
            Parent::Scratch(scratch) => match self.store.scratches[scratch as usize].only {
                NONE => Some(target),
                only => self.below(only, target),
            },
        };
        let place = parent.and_then(|parent| self.child(parent, object));
        self.made.borrow_mut().below.insert((object, target), place);
        place
    }

    /// The place of an object in the slot of its parent.
    fn child(&self, parent: ObjectId, object: u32) -> Option<ObjectId> {
        let position = self.store.object(object).position;
        let slot = self.plan.positions[Id::from_index(position as usize)].parent?;
        let local = self.program.local_slots[slot.index()];
        let mut indexes = Vec::new();
        let value = self.store.slot(self.object(parent), local);
        self.find(value, object, &mut indexes)?;
        Some(self.make(object, Place { object: parent, slot, indexes }))
    }

    /// The way through lists to an object.
    fn find(&self, value: Slot, object: u32, indexes: &mut Vec<usize>) -> Option<()> {
        match value {
            Slot::Object { id, .. } => (id == object).then_some(()),
            Slot::List { start, len, .. } => {
                let items = self.store.items(start, len);
                // It knows its index in the innermost list.
                let own = self.store.object(object).index as usize;
                if items
                    .get(own)
                    .is_some_and(|item| matches!(item, Slot::Object { id, .. } if *id == object))
                {
                    indexes.push(own);
                    return Some(());
                }
                items.iter().enumerate().find_map(|(i, item)| {
                    let Slot::List { .. } = item else { return None };
                    indexes.push(i);
                    let found = self.find(*item, object, indexes);
                    if found.is_none() {
                        indexes.pop();
                    }
                    found
                })
            }
            _ => None,
        }
    }

    fn make(&self, object: u32, place: Place) -> ObjectId {
        self.made.borrow_mut().rows.push(Row { object, place: Some(place) })
    }
}

impl Tree for Places<'_> {
    fn root(&self) -> ObjectId {
        Id::from_index(0)
    }

    fn ty(&self, object: ObjectId) -> RuntimeTypeState {
        self.store.object(self.object(object)).ty
    }

    fn place(&self, object: ObjectId) -> Option<Place> {
        self.made.borrow().rows[object].place.clone()
    }

    fn object_at(&self, object: ObjectId, slot: SlotId, indexes: &[usize]) -> Option<ObjectId> {
        let local = self.program.local_slots[slot.index()];
        let mut value = self.store.slot(self.object(object), local);
        for &index in indexes {
            let Slot::List { start, len, .. } = value else { return None };
            value = *self.store.items(start, len).get(index)?;
        }
        match value {
            Slot::Object { id, .. } => {
                Some(self.make(id, Place { object, slot, indexes: indexes.to_vec() }))
            }
            _ => None,
        }
    }
}
