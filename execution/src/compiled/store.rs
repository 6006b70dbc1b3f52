//! The store: objects as ranges of small slots, in a few large arenas.
//!
//! **In:** filled by `parse` and `apply`. **Out:** read by `represent`, `render`, `places`.
//!
//! **Never here:** names and types of fields (`program`); completion: it changes no slot.
//!
//! **Holds:** no object has an allocation of its own. An entity that stands at several places is
//! stored once with what is below it: its *scratch* is copied to each of its targets, and the objects
//! inside have a weight, the number of their places. An answer that fails is cut off the arenas
//! again, before anything else has seen it.
//!
//! **Read first:** [`Store`], [`Slot`].

use crate::tree::RuntimeTypeState;
use bytes::Bytes;

/// All values of an execution.
#[derive(Default)]
pub(super) struct Store {
    /// The regions of objects and scratches.
    pub(super) slots: Vec<Slot>,
    /// The items of lists of objects.
    pub(super) items: Vec<Slot>,
    pub(super) objects: Vec<Object>,
    /// In the order of their objects.
    pub(super) scratches: Vec<Scratch>,
    /// The targets that groups make for others, by list of the program.
    pub(super) lists: Vec<Vec<u32>>,
    /// The bodies of answers: leaves are ranges of them.
    pub(super) buffers: Vec<Bytes>,
    /// How many objects the answers brought, with the root.
    pub(super) brought: usize,
}

/// A value of an object, or an item of a list of objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Slot {
    /// Nobody has answered.
    Missing,
    /// `null`
    Null,
    /// A composite slot's value of another shape than its type.
    Misshapen,
    /// A leaf: its text. The kind is one bit of [`kind`].
    Leaf { kind: u8, buffer: u16, start: u32, len: u32 },
    /// A list in the slot of a leaf: its text, and the bits of all its items.
    Leaves { kinds: u8, buffer: u16, start: u32, len: u32 },
    /// A list of a composite slot: a range of items. `shared` when it may stand at several places.
    List { shared: bool, start: u32, len: u32 },
    /// An object of a composite slot.
    Object { shared: bool, id: u32 },
}

/// The kinds of JSON leaves, one bit each.
pub(super) mod kind {
    pub(in crate::compiled) const BOOLEAN: u8 = 1;
    /// An integer of 32 bits.
    pub(in crate::compiled) const INT: u8 = 2;
    /// Another integer.
    pub(in crate::compiled) const BIG: u8 = 4;
    /// A number with fraction or exponent.
    pub(in crate::compiled) const FLOAT: u8 = 8;
    /// A string without escapes.
    pub(in crate::compiled) const PLAIN: u8 = 16;
    pub(in crate::compiled) const ESCAPED: u8 = 32;
    /// In lists only: elsewhere null is a slot of its own.
    pub(in crate::compiled) const NULL: u8 = 64;
    /// An object; in lists also a list, or whitespace between items.
    pub(in crate::compiled) const OTHER: u8 = 128;
}

/// An object, at one place or, below a shared entity, at several.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object {
    /// Where its region begins in [`Store::slots`].
    pub(super) base: u32,
    pub(super) position: u32,
    pub(super) ty: RuntimeTypeState,
    pub(super) parent: Parent,
    /// Its index in the innermost list around it, or [`NONE`].
    pub(super) index: u32,
    /// How many places it has; 0 when it is nowhere.
    pub(super) weight: u32,
}

/// What an object is below of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Parent {
    /// Nothing: the root.
    Nothing,
    Object(u32),
    /// The targets of an entity.
    Scratch(u32),
}

/// An entity's answer before it is copied to its targets. It is no object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scratch {
    pub(super) base: u32,
    /// What the answer says of the runtime type.
    pub(super) answered: RuntimeTypeState,
    /// The class of fields it was read by.
    pub(super) class: u32,
    /// The request's group that it answers.
    pub(super) asked: u32,
    /// Its index in the list of entities.
    pub(super) entity: u32,
    /// The one target that it is for, or [`NONE`]: all of the entity's.
    pub(super) only: u32,
    /// The objects from here to the next scratch's are below it.
    pub(super) first_object: u32,
}

/// No object, no index.
pub(super) const NONE: u32 = u32::MAX;

/// How far the arenas were filled.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    slots: usize,
    items: usize,
    objects: usize,
    scratches: usize,
    buffers: usize,
}

impl Store {
    pub(super) fn mark(&self) -> Mark {
        Mark {
            slots: self.slots.len(),
            items: self.items.len(),
            objects: self.objects.len(),
            scratches: self.scratches.len(),
            buffers: self.buffers.len(),
        }
    }

    /// Takes objects off these lists that were cut off.
    pub(super) fn cut_lists(&mut self, lists: &[u32]) {
        let n_objects = index(self.objects.len());
        for &list in lists {
            self.lists[list as usize].retain(|object| *object < n_objects);
        }
    }

    /// Forgets what came after a mark, but for the lists that it was put on.
    pub(super) fn cut(&mut self, mark: Mark) {
        self.slots.truncate(mark.slots);
        self.items.truncate(mark.items);
        self.objects.truncate(mark.objects);
        self.scratches.truncate(mark.scratches);
        self.buffers.truncate(mark.buffers);
    }

    /// A fresh region of missing slots.
    pub(super) fn region(&mut self, n_slots: u32) -> u32 {
        let base = self.slots.len();
        self.slots.resize(base + n_slots as usize, Slot::Missing);
        index(base)
    }

    pub(super) fn object(&self, id: u32) -> &Object {
        &self.objects[id as usize]
    }

    pub(super) fn slot(&self, object: u32, slot: u32) -> Slot {
        self.slots[(self.object(object).base + slot) as usize]
    }

    pub(super) fn items(&self, start: u32, len: u32) -> &[Slot] {
        &self.items[start as usize..(start + len) as usize]
    }

    /// A leaf's text.
    pub(super) fn text(&self, buffer: u16, start: u32, len: u32) -> &[u8] {
        &self.buffers[usize::from(buffer)][start as usize..(start + len) as usize]
    }

    /// The objects below a scratch.
    pub(super) fn objects_of(&self, scratch: u32) -> std::ops::Range<u32> {
        let first = self.scratches[scratch as usize].first_object;
        let next = self.scratches.get(scratch as usize + 1);
        first..next.map_or(index(self.objects.len()), |next| next.first_object)
    }
}

/// An index into an arena. Bodies are far below 4 GB, and so is what they make.
pub(super) fn index(at: usize) -> u32 {
    u32::try_from(at).expect("answers are bounded far below 4 GB")
}
