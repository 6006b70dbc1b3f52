//! What the answers have brought so far: objects with their values, linked to where they live.
//!
//! **In:** objects and values from `merge`. **Out:** read by `representation`, `path`, `complete`.
//!
//! **Never here:** rules of merging (`merge`) and of nulls (`complete`): a stored value is what
//! came, and no completion changes it, because later fetches may still need it.
//!
//! **Holds:** an object has one parent, and the root has none; an object is registered under the
//! one group that created it.
//!
//! **Read first:** [`Store`].

use crate::{
    json::Json,
    tree::{ObjectId, Place, RuntimeTypeState, Tree},
};
use query_planner::{GroupId, PositionId, SlotId};
use std::collections::HashMap;
use supergraph::{IdVec, TypeId};

/// All objects.
pub(super) struct Store {
    /// How many objects the answers brought, with the root.
    pub(super) brought: usize,
    objects: IdVec<ObjectId, Object>,
    created: HashMap<(GroupId, PositionId), Vec<ObjectId>>,
}

/// An object at one place of the response.
pub(super) struct Object {
    pub(super) position: PositionId,
    pub(super) ty: RuntimeTypeState,
    pub(super) parent: Option<Place>,
    values: HashMap<SlotId, Stored>,
}

/// A value of a slot.
#[derive(Debug)]
pub(super) enum Stored {
    /// A leaf slot's value, whatever JSON it is.
    Leaf(Json),
    /// A composite slot's null, or one inside its lists.
    Null,
    /// A composite slot's list.
    List(Vec<Stored>),
    /// A composite slot's object.
    Object(ObjectId),
    /// Something of another shape than the slot's type.
    Misshapen,
}

impl Store {
    /// A store with nothing but its root.
    pub(super) fn new(root: PositionId, ty: TypeId) -> Self {
        let mut objects = IdVec::new();
        objects.push(Object {
            position: root,
            ty: RuntimeTypeState::Known(ty),
            parent: None,
            values: HashMap::new(),
        });
        Self { brought: 1, objects, created: HashMap::new() }
    }

    pub(super) fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.iter().map(|(_, object)| object)
    }

    pub(super) fn object(&self, id: ObjectId) -> &Object {
        &self.objects[id]
    }

    pub(super) fn value(&self, object: ObjectId, slot: SlotId) -> Option<&Stored> {
        self.objects[object].values.get(&slot)
    }

    pub(super) fn take(&mut self, object: ObjectId, slot: SlotId) -> Option<Stored> {
        self.objects[object].values.remove(&slot)
    }

    pub(super) fn put(&mut self, object: ObjectId, slot: SlotId, value: Stored) {
        self.objects[object].values.insert(slot, value);
    }

    pub(super) fn set_type(&mut self, object: ObjectId, ty: RuntimeTypeState) {
        self.objects[object].ty = ty;
    }

    pub(super) fn create(
        &mut self,
        position: PositionId,
        ty: RuntimeTypeState,
        parent: Place,
    ) -> ObjectId {
        let values = HashMap::new();
        self.objects.push(Object { position, ty, parent: Some(parent), values })
    }

    /// Makes an object a target of the groups that come from `group`.
    pub(super) fn register(&mut self, group: GroupId, object: ObjectId) {
        let position = self.objects[object].position;
        self.created.entry((group, position)).or_default().push(object);
    }

    /// The objects that `group` created at `position`.
    pub(super) fn created(&self, group: GroupId, position: PositionId) -> &[ObjectId] {
        self.created.get(&(group, position)).map_or(&[], Vec::as_slice)
    }
}

impl Tree for Store {
    fn root(&self) -> ObjectId {
        supergraph::Id::from_index(0)
    }

    fn ty(&self, object: ObjectId) -> RuntimeTypeState {
        self.objects[object].ty
    }

    fn place(&self, object: ObjectId) -> Option<Place> {
        self.objects[object].parent.clone()
    }

    fn object_at(&self, object: ObjectId, slot: SlotId, indexes: &[usize]) -> Option<ObjectId> {
        let mut value = self.value(object, slot)?;
        for &index in indexes {
            let Stored::List(items) = value else { return None };
            value = items.get(index)?;
        }
        match value {
            Stored::Object(object) => Some(*object),
            _ => None,
        }
    }
}
