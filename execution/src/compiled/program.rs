//! A plan as programs: what to write into requests, how to read answers, how to write the response.
//!
//! **In:** made by `compile`. **Out:** read by all other rooms of the executor.
//!
//! **Never here:** anything of one request. A program is made once for a prepared operation and
//! shared by all its executions.
//!
//! **Holds:** slots are numbered within their position, so that an object's values are a range; the
//! slots that one group fills at its own position stand side by side if no other group fills them.
//! Names are bytes that can be compared or copied as they are.
//!
//! **Read first:** [`Program`].

use super::leaf::LeafClass;
use crate::masks::MaskedTypes;
use bytes::Bytes;
use query_planner::SlotId;
use std::collections::HashMap;
use supergraph::{TypeId, TypeRef, TypeSet};

/// A compiled plan.
#[derive(Debug)]
pub struct Program {
    /// How many slots the objects of each position have.
    pub(super) n_slots: Vec<u32>,
    /// Where each slot of the plan is in its object.
    pub(super) local_slots: Vec<u32>,
    pub(super) fetches: Vec<FetchProgram>,
    pub(super) groups: Vec<GroupProgram>,
    pub(super) objects: Vec<ObjectProgram>,
    /// Lists of targets.
    pub(super) n_lists: usize,
    pub(super) shown: Vec<ShownObject>,
    /// An entity is read for each of its places alone: something depends on what is above it.
    pub(super) by_place: bool,
    /// The masks of fields that are shown, sorted.
    pub(super) masks: Vec<u32>,
}

/// One request.
#[derive(Debug)]
pub(super) struct FetchProgram {
    /// The body of a request without variables; with variables, all but its last byte stands before them.
    pub(super) body: Bytes,
    /// Client variables: their names, quoted, with a colon.
    pub(super) variables: Vec<(String, Box<[u8]>)>,
    /// Variables of representations: name as above, and the groups that share it.
    pub(super) representations: Vec<(Box<[u8]>, Vec<usize>)>,
    pub(super) groups: Vec<usize>,
    pub(super) n_waits_for: u32,
    pub(super) dependents: Vec<u32>,
}

impl FetchProgram {
    /// The body up to the variables.
    pub(super) fn head(&self) -> &[u8] {
        &self.body[..self.body.len() - 1]
    }

    /// Whether no request of it has variables.
    pub(super) fn is_fixed(&self) -> bool {
        self.variables.is_empty() && self.representations.is_empty()
    }
}

/// One selection of a request.
#[derive(Debug)]
pub(super) struct GroupProgram {
    /// The response name of the `_entities` field; none for a root selection.
    pub(super) alias: Option<Box<[u8]>>,
    /// The lists of its targets; none for the operation's root.
    pub(super) from: Option<Vec<u32>>,
    /// The lists that it fills for others.
    pub(super) fills: Vec<u32>,
    pub(super) representations: Vec<RepresentationProgram>,
    /// What an entity is read by. Its slots are numbered from `first_slot`.
    pub(super) top: usize,
    pub(super) first_slot: u32,
    /// Another group fills a composite slot of this one, too: answers are merged slot by slot.
    pub(super) merges: bool,
}

/// How the answered objects of one selection are read.
#[derive(Debug)]
pub(super) struct ObjectProgram {
    pub(super) position: u32,
    /// How many slots an object has, or the scratch of an entity.
    pub(super) n_slots: u32,
    /// The list that new objects are put on.
    pub(super) list: Option<u32>,
    pub(super) runtime_type: TypeProgram,
    /// Sets of fields, by runtime type. The first has those of an unknown one.
    pub(super) classes: Vec<Class>,
}

/// How the runtime type, and with it the class of fields, is known.
#[derive(Debug)]
pub(super) enum TypeProgram {
    /// The subgraph can answer only this type.
    Known(TypeId, usize),
    /// By `__typename`: all that are possible here, sorted by name.
    Asked(Vec<(Box<[u8]>, TypeId, usize)>),
    /// By the target: the type that was represented, or the one that is known.
    OfTarget { represented: bool, by_type: Vec<(TypeId, usize)> },
}

/// The fields of some runtime types.
#[derive(Debug, Default)]
pub(super) struct Class {
    pub(super) fields: Vec<FieldProgram>,
    /// Indexes of fields by name, when they are many.
    pub(super) by_name: HashMap<Box<[u8]>, usize>,
}

/// A field of an answer.
#[derive(Clone, Debug)]
pub(super) struct FieldProgram {
    /// `"name":`
    pub(super) key: Box<[u8]>,
    pub(super) slot: u32,
    pub(super) below: Option<Below>,
    /// Other fields of that name: their slots get the same value.
    pub(super) also: Vec<FieldProgram>,
}

/// What is below a composite field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Below {
    /// Levels of lists.
    pub(super) lists: u32,
    pub(super) object: usize,
    /// The field's slot in the plan.
    pub(super) slot: SlotId,
}

/// How objects of some runtime types are represented.
#[derive(Debug)]
pub(super) struct RepresentationProgram {
    pub(super) types: Option<TypeSet>,
    /// `{"__typename":"Name"`
    pub(super) head: Box<[u8]>,
    /// The type that it has for an object of unknown type.
    pub(super) named: Option<TypeId>,
    pub(super) fields: Vec<RepresentedField>,
}

/// A field of a representation.
#[derive(Debug)]
pub(super) struct RepresentedField {
    pub(super) types: Option<TypeSet>,
    /// `,"name":`
    pub(super) key: Box<[u8]>,
    pub(super) slot: u32,
    pub(super) ty: TypeRef,
    pub(super) is_key: bool,
    pub(super) fields: Vec<RepresentedField>,
    pub(super) with_typename: bool,
}

/// What the client sees of objects.
#[derive(Debug)]
pub(super) struct ShownObject {
    /// By runtime type, sorted.
    pub(super) by_type: Vec<(TypeId, ShownAs)>,
    /// For objects whose runtime type nobody told.
    pub(super) unknown: Option<usize>,
    pub(super) cases: Vec<Vec<ShownField>>,
}

/// How objects of one type are shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum ShownAs {
    /// Not at all: the API schema does not have the type here.
    Hidden,
    /// Not at all: the caller may not see the type.
    Denied,
    /// `{}`
    Empty,
    /// By a case.
    Case(usize),
}

/// A field of the response.
#[derive(Debug)]
pub(super) struct ShownField {
    /// `{"name":` or `,"name":`
    pub(super) key: Box<[u8]>,
    pub(super) name: String,
    pub(super) source: ShownSource,
}

/// Where a response value comes from.
#[derive(Debug)]
pub(super) enum ShownSource {
    Typename,
    Introspection,
    /// The caller may not see it; whether its type allows null.
    Denied {
        nullable: bool,
    },
    Slot(ShownSlot),
}

/// A slot's value in the response.
#[derive(Debug)]
pub(super) struct ShownSlot {
    pub(super) slot: SlotId,
    pub(super) local: u32,
    pub(super) ty: TypeRef,
    pub(super) value: ShownValue,
}

/// What a slot holds, below its lists.
#[derive(Debug)]
pub(super) enum ShownValue {
    Leaf(LeafClass),
    /// A leaf that has masks.
    Masked(Box<(LeafClass, MaskedTypes)>),
    Object(usize),
}

impl ShownValue {
    /// The class of a leaf.
    pub(super) fn class(&self) -> Option<&LeafClass> {
        match self {
            Self::Leaf(class) => Some(class),
            Self::Masked(masked) => Some(&masked.0),
            Self::Object(_) => None,
        }
    }
}

impl Program {
    /// The masks that its fields have, sorted.
    pub fn masks(&self) -> &[u32] {
        &self.masks
    }

    /// The class of an object's fields by the type that it turned out to have.
    pub(super) fn class_of(&self, object: usize, ty: Option<TypeId>) -> usize {
        match &self.objects[object].runtime_type {
            TypeProgram::Known(_, class) => *class,
            TypeProgram::Asked(types) => {
                types.iter().find(|row| Some(row.1) == ty).map_or(0, |row| row.2)
            }
            TypeProgram::OfTarget { by_type, .. } => {
                by_type.iter().find(|row| Some(row.0) == ty).map_or(0, |row| row.1)
            }
        }
    }
}

impl Class {
    /// The field of that name, looked for from the one that is expected next.
    pub(super) fn find(&self, name: &[u8], next: usize) -> Option<usize> {
        let is_it = |index: &usize| self.fields[*index].name() == name;
        if !self.by_name.is_empty() {
            let expected = Some(next).filter(|next| *next < self.fields.len()).filter(is_it);
            return expected.or_else(|| self.by_name.get(name).copied());
        }
        (next..self.fields.len()).chain(0..next.min(self.fields.len())).find(is_it)
    }
}

impl FieldProgram {
    pub(super) fn name(&self) -> &[u8] {
        &self.key[1..self.key.len() - 2]
    }
}
