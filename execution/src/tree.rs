//! What an executor's objects look like to those who explain errors: a tree of places.
//!
//! **Out:** [`Tree`], which both executors' stores can be read as; [`Place`], [`RuntimeTypeState`].
//!
//! **Never here:** values (each executor stores them in its own way).
//!
//! **Holds:** an object of a tree has one parent, and the root has none. An executor that stores an
//! object once for many places shows it as many objects.
//!
//! **Read first:** [`Tree`].

use query_planner::{GroupId, SlotId};
use supergraph::{TypeId, TypeSet, ids};

ids! {
    /// An object at one place of the response.
    ObjectId,
}

/// The objects of an execution, as far as paths depend on them.
pub(crate) trait Tree {
    /// The operation's root.
    fn root(&self) -> ObjectId;

    /// What is known of an object's runtime type.
    fn ty(&self, object: ObjectId) -> RuntimeTypeState;

    /// Where an object is; none for the root.
    fn place(&self, object: ObjectId) -> Option<Place>;

    /// The object in a slot, below these indexes of its lists.
    fn object_at(&self, object: ObjectId, slot: SlotId, indexes: &[usize]) -> Option<ObjectId>;
}

/// Where a value is: a slot of an object, and the way through its lists.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) object: ObjectId,
    pub(crate) slot: SlotId,
    pub(crate) indexes: Vec<usize>,
}

/// What is known of an object's runtime type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RuntimeTypeState {
    /// Nobody has told.
    Unknown,
    /// Told, and possible here.
    Known(TypeId),
    /// A subgraph said something that cannot be.
    Impossible,
}

/// A group of a request, and whom its answer completes.
#[derive(Debug)]
pub(crate) struct RequestedGroup {
    pub(crate) group: GroupId,
    /// The targets of every representation of its variable. A root group has one entry for all.
    pub(crate) targets: Vec<Vec<Target>>,
}

/// An object that an answer completes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) object: ObjectId,
    /// The runtime type that its representation had.
    pub(crate) represented: Option<TypeId>,
}

impl RequestedGroup {
    pub(crate) fn all_targets(&self) -> impl Iterator<Item = ObjectId> {
        self.targets.iter().flatten().map(|target| target.object)
    }
}

impl RuntimeTypeState {
    pub(crate) fn known(self) -> Option<TypeId> {
        match self {
            Self::Known(ty) => Some(ty),
            Self::Unknown | Self::Impossible => None,
        }
    }

    /// Whether a condition on runtime types holds; an unknown type satisfies only the absent one.
    pub(crate) fn fits(self, types: Option<&TypeSet>) -> bool {
        types.is_none_or(|types| self.known().is_some_and(|ty| types.contains(ty)))
    }

    /// The type of a held object that is answered again; none when it cannot be the same object.
    pub(crate) fn meets(self, answered: Self) -> Option<Self> {
        match (self, answered) {
            (Self::Unknown, Self::Known(_)) => Some(answered),
            (held, Self::Unknown) => Some(held),
            (held, answered) if held == answered => Some(held),
            _ => None,
        }
    }
}
