//! Puts what an answer brought where it belongs: scratches onto targets.
//!
//! **In:** scratches that `parse` has filled. **Out:** filled targets, and [`Dispute`]s.
//!
//! **Never here:** reading JSON (`parse`), client paths (`places`).
//!
//! **Holds:** what is there first stays. Where only one group fills a value, it is copied, with all
//! below it, to every target. Where several do, each target has a scratch of its own, which is merged
//! slot by slot, lists index by index; what is merged into an object disappears, and what remains
//! goes on the lists of targets only then.
//!
//! **Read first:** [`apply`].

use super::{
    program::{Below, GroupProgram, Program, TypeProgram},
    request::{AskedGroup, AskedTarget},
    store::{NONE, Parent, Slot, Store, index},
};
use crate::tree::RuntimeTypeState;
use query_planner::SlotId;

/// An answer that contradicts what is there.
#[derive(Clone, Debug)]
pub(super) struct Dispute {
    /// The entity and the target whose answer it is in.
    pub(super) entity: u32,
    pub(super) target: u32,
    pub(super) what: Contradiction,
}

/// What the contradiction is.
#[derive(Clone, Debug)]
pub(super) enum Contradiction {
    /// Two answers to one composite slot differ in shape, at these indexes of its lists.
    Shape { object: u32, slot: SlotId, indexes: Vec<usize> },
    /// The answered object cannot be this one: its runtime type is another, or impossible.
    Type(u32),
}

/// Fills the targets of a group from its list of entities.
pub(super) fn apply(
    program: &Program,
    store: &mut Store,
    asked: &AskedGroup,
    entities: u32,
) -> Vec<Dispute> {
    let group = &program.groups[asked.group];
    let mut apply = Apply { program, store, group, asked, disputes: Vec::new(), has_lost: false };
    for entity in 0..index(asked.n_entities()) {
        apply.entity(entity, entities + entity);
    }
    let (disputes, has_lost) = (apply.disputes, apply.has_lost);
    if has_lost {
        let Store { lists, objects, .. } = store;
        for &list in &group.fills {
            lists[list as usize].retain(|&object| objects[object as usize].weight > 0);
        }
    }
    disputes
}

/// Merges a value into another of the same answer, which no group and no target knows yet.
pub(super) fn merge_unseen(
    program: &Program,
    store: &mut Store,
    held: Slot,
    value: Slot,
    below: &Below,
) {
    let mut contradictions = Vec::new();
    let mut merge = Merge { program, store, contradictions: &mut contradictions, adopt: None };
    let mut indexes = Vec::new();
    merge.value(held, value, below, below.lists, &mut (0, &mut indexes));
}

struct Apply<'p> {
    program: &'p Program,
    store: &'p mut Store,
    group: &'p GroupProgram,
    asked: &'p AskedGroup,
    disputes: Vec<Dispute>,
    /// Whether objects of the answer have no place.
    has_lost: bool,
}

impl Apply<'_> {
    fn entity(&mut self, entity: u32, item: u32) {
        match self.store.items[item as usize] {
            Slot::Object { id: first, .. } => self.scratches(entity, first),
            Slot::Misshapen => {
                let asked = self.asked;
                for target in asked.targets_of(entity) {
                    self.dispute(entity, target.object);
                }
            }
            _ => {}
        }
    }

    /// All scratches of an entity: one for all targets, or one for each.
    fn scratches(&mut self, entity: u32, first: u32) {
        if self.store.scratches[first as usize].only == NONE {
            return self.shared(entity, first);
        }
        let asked = self.asked;
        for (scratch, target) in (first..).zip(asked.targets_of(entity)) {
            if !self.fill(entity, scratch, target) {
                self.settle(scratch, 0);
            }
        }
    }

    /// One scratch for all targets of an entity.
    fn shared(&mut self, entity: u32, scratch: u32) {
        let asked = self.asked;
        if asked.is_shared(entity) {
            self.mark_shared(scratch);
        }
        let mut weight = 0u32;
        for target in asked.targets_of(entity) {
            if self.fill(entity, scratch, target) {
                weight = weight.saturating_add(self.store.object(target.object).weight);
            }
        }
        if weight != asked.weight(entity as usize) {
            self.settle(scratch, weight);
        }
    }

    /// Values that stand at several places may be rendered once.
    fn mark_shared(&mut self, scratch: u32) {
        let base = self.store.scratches[scratch as usize].base as usize;
        let n_slots = self.program.objects[self.group.top].n_slots as usize;
        for slot in &mut self.store.slots[base..base + n_slots] {
            if let Slot::List { shared, .. } | Slot::Object { shared, .. } = slot {
                *shared = true;
            }
        }
    }

    /// Gives the objects below a scratch the number of their places.
    fn settle(&mut self, scratch: u32, weight: u32) {
        if self.group.merges {
            return;
        }
        let objects = self.store.objects_of(scratch);
        self.has_lost |= weight == 0 && !objects.is_empty();
        for object in &mut self.store.objects[objects.start as usize..objects.end as usize] {
            object.weight = weight;
        }
    }

    /// Fills a target; says whether it could be the answered object.
    fn fill(&mut self, entity: u32, scratch: u32, target: &AskedTarget) -> bool {
        let row = self.store.scratches[scratch as usize];
        let answered = match &self.program.objects[self.group.top].runtime_type {
            TypeProgram::OfTarget { represented: true, .. } => target.represented,
            _ => row.answered,
        };
        let object = &mut self.store.objects[target.object as usize];
        if object.ty == RuntimeTypeState::Impossible {
            return false;
        }
        let Some(ty) = object.ty.meets(answered) else {
            self.dispute(entity, target.object);
            return false;
        };
        object.ty = ty;
        if self.group.merges {
            self.merge(entity, row.base, row.class as usize, target.object);
        } else {
            let to = (object.base + self.group.first_slot) as usize;
            let from = row.base as usize;
            for i in 0..self.program.objects[self.group.top].n_slots as usize {
                if self.store.slots[to + i] == Slot::Missing {
                    self.store.slots[to + i] = self.store.slots[from + i];
                }
            }
        }
        true
    }

    fn merge(&mut self, entity: u32, from: u32, class: usize, target: u32) {
        let base = self.store.object(target).base + self.group.first_slot;
        let weight = self.store.object(target).weight;
        let mut contradictions = Vec::new();
        let mut merge = Merge {
            program: self.program,
            store: &mut *self.store,
            contradictions: &mut contradictions,
            adopt: Some(weight),
        };
        merge.fields(self.group.top, class, (from, base), target);
        self.disputes.extend(contradictions.into_iter().map(|what| Dispute {
            entity,
            target,
            what,
        }));
    }

    fn dispute(&mut self, entity: u32, target: u32) {
        self.disputes.push(Dispute { entity, target, what: Contradiction::Type(target) });
    }
}

struct Merge<'m> {
    program: &'m Program,
    store: &'m mut Store,
    contradictions: &'m mut Vec<Contradiction>,
    /// The weight of objects that find a place; none when they will be looked at again.
    adopt: Option<u32>,
}

impl Merge<'_> {
    /// Merges the fields of a class: from a region of slots into another, which is an object's.
    fn fields(&mut self, number: usize, class: usize, (from, to): (u32, u32), object: u32) {
        let program = self.program;
        let fields = &program.objects[number].classes[class].fields;
        for field in fields.iter().flat_map(|field| std::iter::once(field).chain(&field.also)) {
            let value = self.store.slots[(from + field.slot) as usize];
            let at = (to + field.slot) as usize;
            let held = self.store.slots[at];
            if value == Slot::Missing {
                continue;
            }
            let Some(below) = &field.below else {
                if held == Slot::Missing {
                    self.store.slots[at] = value;
                }
                continue;
            };
            if held == Slot::Missing || held == value {
                // The same value again comes from a field of the same name, with more below it.
                self.store.slots[at] = value;
                self.adopt(value, below, object);
            } else {
                self.value(held, value, below, below.lists, &mut (object, &mut Vec::new()));
            }
        }
    }

    /// Merges a value into one that is held, below `lists` levels of lists.
    fn value(
        &mut self,
        held: Slot,
        value: Slot,
        below: &Below,
        lists: u32,
        at: &mut (u32, &mut Vec<usize>),
    ) {
        match (held, value) {
            (Slot::Null, Slot::Null) | (Slot::Misshapen, _) => {}
            (
                Slot::List { start: held, len: n_held, .. },
                Slot::List { start: other, len: n_other, .. },
            ) if lists > 0 && n_held == n_other => {
                for i in 0..n_held {
                    at.1.push(i as usize);
                    let held = self.store.items[(held + i) as usize];
                    let other = self.store.items[(other + i) as usize];
                    self.value(held, other, below, lists - 1, at);
                    at.1.pop();
                }
            }
            (Slot::Object { id: held, .. }, Slot::Object { id: other, .. }) => {
                self.object(held, other, below.object);
            }
            _ => {
                let (object, indexes) = (at.0, at.1.clone());
                self.contradictions.push(Contradiction::Shape {
                    object,
                    slot: below.slot,
                    indexes,
                });
            }
        }
    }

    fn object(&mut self, held: u32, other: u32, number: usize) {
        let answered = self.store.object(other).ty;
        let from = self.store.object(other).base;
        let object = &mut self.store.objects[held as usize];
        if object.ty == RuntimeTypeState::Impossible {
            return;
        }
        let Some(ty) = object.ty.meets(answered) else {
            return self.contradictions.push(Contradiction::Type(held));
        };
        object.ty = ty;
        let to = object.base;
        let class = self.program.class_of(number, ty.known());
        self.fields(number, class, (from, to), held);
    }

    /// Gives a new value to its parent, and its objects to the groups that wait for them.
    fn adopt(&mut self, value: Slot, below: &Below, parent: u32) {
        let Some(weight) = self.adopt else {
            return self.move_below(value, parent);
        };
        match value {
            Slot::List { start, len, .. } => {
                for at in start..start + len {
                    self.adopt(self.store.items[at as usize], below, parent);
                }
            }
            Slot::Object { id, .. } => {
                let object = &mut self.store.objects[id as usize];
                let is_new = object.weight == 0;
                object.parent = Parent::Object(parent);
                object.weight = weight;
                let (base, ty) = (object.base, object.ty);
                let program = self.program;
                let of_object = &program.objects[below.object];
                if ty == RuntimeTypeState::Impossible {
                    return;
                }
                if let Some(list) = of_object.list
                    && is_new
                {
                    self.store.lists[list as usize].push(id);
                }
                let class = program.class_of(below.object, ty.known());
                let fields = &of_object.classes[class].fields;
                for field in
                    fields.iter().flat_map(|field| std::iter::once(field).chain(&field.also))
                {
                    if let Some(below) = &field.below {
                        let value = self.store.slots[(base + field.slot) as usize];
                        self.adopt(value, below, id);
                    }
                }
            }
            _ => {}
        }
    }

    /// Gives a value to another parent.
    fn move_below(&mut self, value: Slot, parent: u32) {
        match value {
            Slot::List { start, len, .. } => {
                for at in start..start + len {
                    self.move_below(self.store.items[at as usize], parent);
                }
            }
            Slot::Object { id, .. } => {
                self.store.objects[id as usize].parent = Parent::Object(parent);
            }
            _ => {}
        }
    }
}
