//! What the solver decides: which subgraph answers each field, and how to get there.
//!
//! **In:** made by `solve`. **Out:** read by `build`.
//!
//! **Never here:** fetches; a choice doesn't know with whom it will share a request.
//!
//! **Holds:** choices are finite trees: a choice only contains choices that were settled before it.

use super::{carrier::ViewId, requests::Requests};
use crate::shape::ShapeId;
use std::{ops::Deref, rc::Rc};
use supergraph::{FieldSetId, SubgraphId, TypeId, TypeSet};

/// One way to answer a shape where some subgraphs already stand.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) requests: Requests,
    /// The depth at which everything is there, relative to the position.
    pub(crate) ready: u32,
    pub(crate) fields: u32,
    pub(crate) choices: Rc<Choices>,
}

impl Candidate {
    /// What a plan of it weighs at least, however its requests are delayed to be shared.
    pub(crate) fn least_weight(&self) -> u64 {
        1000 * self.requests.subgraphs() as u64 + 100 * u64::from(self.ready)
    }
}

/// The decisions for all fields of a shape.
#[derive(Debug)]
pub(crate) enum Choices {
    Fields(Vec<FieldChoice>),
    /// The runtime types are unknown: ask an interface's own subgraph first, which then stands
    /// behind the other carriers.
    Resolve {
        jump: Rc<Jump>,
        /// The interface whose runtime type is asked for.
        interface: TypeId,
        then: Rc<Choices>,
    },
    /// The root fields of a mutation, one after the other.
    Serial(Vec<FieldChoice>),
}

/// Who answers a field on objects of one runtime type.
#[derive(Clone, Debug)]
pub(crate) struct FieldChoice {
    /// Index into the shape's entries.
    pub(crate) entry: usize,
    /// The runtime type; an interface while the runtime type is unknown.
    pub(crate) ty: TypeId,
    pub(crate) sources: Sources,
    /// The decisions below.
    pub(crate) child: Option<Child>,
}

/// The decisions below a composite field.
#[derive(Clone, Debug)]
pub(crate) struct Child {
    pub(crate) shape: ShapeId,
    /// Equal states make equal decisions possible, so a position needs only one of each.
    pub(crate) state: usize,
    pub(crate) choices: Rc<Choices>,
}

/// Who answers a field.
#[derive(Clone, Debug)]
pub(crate) enum Sources {
    /// One subgraph, which is so common that it must not cost an allocation.
    One(Source),
    /// Several, when each can answer only a part of the value below.
    Several(Rc<[Source]>),
}

impl Deref for Sources {
    type Target = [Source];

    fn deref(&self) -> &[Source] {
        match self {
            Self::One(source) => std::slice::from_ref(source),
            Self::Several(sources) => sources,
        }
    }
}

/// Where a field's answer comes from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) from: From,
    pub(crate) subgraph: SubgraphId,
    /// The type that declares the field there: the runtime type, or the `@interfaceObject`.
    pub(crate) on: TypeId,
    /// The named type of the field there.
    pub(crate) local: TypeId,
    /// What the subgraph provides below the field.
    pub(crate) view: ViewId,
}

impl Source {
    /// Whether its request carries contextual arguments.
    pub(crate) fn is_contextual(&self) -> bool {
        matches!(&self.from, From::Jump(jump) if jump.contextual)
    }
}

/// Whether a subgraph already stands at the position.
#[derive(Clone, Debug)]
pub(crate) enum From {
    /// It does: index into the carriers.
    Carrier(usize),
    /// It has to be entered.
    Jump(Rc<Jump>),
}

/// How to enter a subgraph at a position.
#[derive(Debug)]
pub(crate) struct Jump {
    pub(crate) subgraph: SubgraphId,
    pub(crate) entrance: Entrance,
    /// Where the key comes from.
    pub(crate) key: Option<Demand>,
    /// Where the requirement comes from, for fields with `@requires`.
    pub(crate) requires: Option<Demand>,
    /// For fields with contextual arguments.
    pub(crate) contextual: bool,
    pub(crate) requests: Requests,
    pub(crate) level: u32,
    pub(crate) fields: u32,
}

impl Jump {
    /// The interface whose `@interfaceObject` the subgraph has where it is entered.
    pub(crate) fn interface_object(&self) -> Option<TypeId> {
        match self.entrance {
            Entrance::Entity { on, interface_object: true, .. } => Some(on),
            _ => None,
        }
    }

    /// The same way in, taken later than it could be; none when that is not later.
    pub(crate) fn delayed_to(&self, level: u32) -> Option<Self> {
        (level > self.level).then(|| Self {
            subgraph: self.subgraph,
            entrance: self.entrance,
            key: self.key.clone(),
            requires: self.requires.clone(),
            contextual: self.contextual,
            requests: self.requests.delayed(self.subgraph, self.level, level),
            level,
            fields: self.fields,
        })
    }
}

/// The door of a subgraph.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Entrance {
    /// Its root: a query (or, at the root, mutation) field.
    Root,
    /// `_entities` with a representation of the type `on`.
    Entity { on: TypeId, key: FieldSetId, interface_object: bool },
}

/// A field set that must be there first.
#[derive(Clone, Debug)]
pub(crate) struct Demand {
    pub(crate) shape: ShapeId,
    pub(crate) choices: Rc<Choices>,
}

/// A subgraph that stands at a position.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Carrier {
    pub(crate) subgraph: SubgraphId,
    /// Set while it stands there as an `@interfaceObject` of that interface.
    pub(crate) interface_object: Option<TypeId>,
    /// The runtime types of the objects that it can answer; empty for an interface object.
    pub(crate) types: TypeSet,
    pub(crate) view: ViewId,
    /// The depth at which it arrived.
    pub(crate) level: u32,
    /// It answers a mutation (or subscription), which nobody else may be asked for, too.
    pub(crate) once: bool,
}
