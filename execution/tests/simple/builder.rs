//! Builds plans by hand, in a few words.
//!
//! **In:** positions, slots and fetches. **Out:** a [`QueryPlan`].
//!
//! **Never here:** driving an execution (`driver`).
//!
//! **Read first:** [`Builder`].

use query_planner::{
    Fetch, FetchId, Group, GroupId, GroupKind, OperationKind, PlanCost, PlanEffort, Position,
    PositionId, QueryPlan, Representation, RepresentationField, ResponseCase, ResponseField,
    ResponseSelection, ResponseSource, RuntimeType, SelectedField, Selection, Slot, SlotId,
};
use std::sync::Arc;
use supergraph::{Id, IdVec, Supergraph, TypeId, TypeRef, TypeSet};

/// A plan in the making.
pub(crate) struct Builder<'s> {
    pub(crate) supergraph: &'s Supergraph,
    positions: IdVec<PositionId, Position>,
    slots: IdVec<SlotId, Slot>,
    fetches: IdVec<FetchId, Fetch>,
    groups: IdVec<GroupId, Group>,
}

impl<'s> Builder<'s> {
    /// A plan with nothing but its root.
    pub(crate) fn new(supergraph: &'s Supergraph) -> Self {
        let mut positions = IdVec::new();
        positions.push(Position { parent: None, ty: supergraph.query_type() });
        let (slots, fetches, groups) = (IdVec::new(), IdVec::new(), IdVec::new());
        Self { supergraph, positions, slots, fetches, groups }
    }

    pub(crate) fn root(&self) -> PositionId {
        PositionId::from_index(0)
    }

    pub(crate) fn ty(&self, name: &str) -> TypeId {
        self.supergraph.type_named(name).unwrap()
    }

    /// A slot for a field of the position's declared type.
    pub(crate) fn slot(&mut self, position: PositionId, field: &str) -> SlotId {
        let parent = self.positions[position].ty;
        let ty =
            self.supergraph.field(self.supergraph.field_named(parent, field).unwrap()).ty.clone();
        let id = SlotId::from_index(self.slots.len());
        let child = self
            .supergraph
            .ty(ty.named())
            .is_composite()
            .then(|| self.positions.push(Position { parent: Some(id), ty: ty.named() }));
        self.slots.push(Slot {
            position,
            field: field.to_owned(),
            arguments: Vec::new(),
            ty,
            child,
        })
    }

    /// A slot, and the position of its objects.
    pub(crate) fn composite(&mut self, position: PositionId, field: &str) -> (SlotId, PositionId) {
        let slot = self.slot(position, field);
        (slot, self.slots[slot].child.unwrap())
    }

    pub(crate) fn named_type(&self, slot: SlotId) -> TypeRef {
        self.slots[slot].ty.clone()
    }

    /// What is asked of the objects of a position, whose type is known.
    pub(crate) fn select(&self, position: PositionId, fields: Vec<SelectedField>) -> Selection {
        let runtime_type = RuntimeType::Known(self.positions[position].ty);
        Selection { position, runtime_type, fields }
    }

    /// A fetch of the operation's root.
    pub(crate) fn root_fetch(
        &mut self,
        subgraph: &str,
        selection: Selection,
    ) -> (FetchId, GroupId) {
        let fetch = self.fetch(subgraph, "{ root }", &[]);
        let group = self.group(fetch, selection, Vec::new(), GroupKind::Root);
        (fetch, group)
    }

    /// A fetch without groups.
    pub(crate) fn fetch(&mut self, subgraph: &str, text: &str, waits_for: &[FetchId]) -> FetchId {
        let subgraphs = self.supergraph.subgraphs();
        let (subgraph, _) = subgraphs.iter().find(|(_, def)| def.name == subgraph).unwrap();
        self.fetches.push(Fetch {
            subgraph,
            text: text.to_owned(),
            kind: OperationKind::Query,
            variables: Vec::new(),
            groups: Vec::new(),
            waits_for: waits_for.to_vec(),
            depth: 1,
        })
    }

    pub(crate) fn fetch_mut(&mut self, fetch: FetchId) -> &mut Fetch {
        &mut self.fetches[fetch]
    }

    pub(crate) fn group(
        &mut self,
        fetch: FetchId,
        selection: Selection,
        from: Vec<GroupId>,
        kind: GroupKind,
    ) -> GroupId {
        let group = self.groups.push(Group {
            fetch,
            position: selection.position,
            from,
            kind,
            selection,
            text: String::new(),
        });
        self.fetches[fetch].groups.push(group);
        group
    }

    /// An entity group `_entities(representations: $r)`.
    pub(crate) fn entities(
        &mut self,
        fetch: FetchId,
        selection: Selection,
        from: &[GroupId],
        representation: Representation,
    ) -> GroupId {
        let n = self.fetches[fetch].groups.len();
        let kind = GroupKind::Entities {
            contexts: Vec::new(),
            alias: format!("_e{n}"),
            variable: format!("r{n}"),
            representations: vec![representation],
        };
        self.group(fetch, selection, from.to_vec(), kind)
    }

    /// A representation of every object.
    pub(crate) fn represent(
        &self,
        typename: &str,
        fields: Vec<RepresentationField>,
    ) -> Representation {
        Representation { types: None, typename: typename.to_owned(), fields }
    }

    /// A field of a key, typed as the supergraph does.
    pub(crate) fn key(&self, name: &str, slot: SlotId) -> RepresentationField {
        RepresentationField {
            types: None,
            name: name.to_owned(),
            slot,
            ty: self.named_type(slot),
            is_key: true,
            fields: Vec::new(),
            with_typename: false,
        }
    }

    /// A leaf of the response.
    pub(crate) fn show(&self, name: &str, slot: SlotId) -> ResponseField {
        self.show_below(name, slot, None)
    }

    /// A composite value of the response.
    pub(crate) fn show_objects(
        &self,
        name: &str,
        slot: SlotId,
        fields: Vec<ResponseField>,
    ) -> ResponseField {
        let position = self.slots[slot].child.unwrap();
        self.show_below(name, slot, Some(all_types(position, fields)))
    }

    pub(crate) fn show_below(
        &self,
        name: &str,
        slot: SlotId,
        selection: Option<ResponseSelection>,
    ) -> ResponseField {
        let source = ResponseSource::Slot {
            slot,
            ty: self.named_type(slot),
            selection: selection.map(Arc::new),
        };
        ResponseField { response_name: name.to_owned(), source }
    }

    pub(crate) fn finish(self, fields: Vec<ResponseField>) -> QueryPlan {
        QueryPlan {
            denied: Vec::new(),
            deferred: IdVec::new(),
            operation: OperationKind::Query,
            response: Arc::new(all_types(PositionId::from_index(0), fields)),
            positions: self.positions,
            slots: self.slots,
            fetches: self.fetches,
            groups: self.groups,
            cost: PlanCost::default(),
            effort: PlanEffort::default(),
        }
    }
}

/// A field of a selection.
pub(crate) fn ask(name: &str, slot: SlotId) -> SelectedField {
    SelectedField { types: None, response_name: name.to_owned(), slot, selection: None }
}

/// A composite field of a selection.
pub(crate) fn ask_below(name: &str, slot: SlotId, selection: Selection) -> SelectedField {
    SelectedField { selection: Some(selection), ..ask(name, slot) }
}

/// `__typename` of the response.
pub(crate) fn show_typename(name: &str) -> ResponseField {
    ResponseField { response_name: name.to_owned(), source: ResponseSource::Typename }
}

/// One case for all runtime types.
pub(crate) fn all_types(position: PositionId, fields: Vec<ResponseField>) -> ResponseSelection {
    ResponseSelection {
        position,
        cases: vec![ResponseCase { types: None, fields }],
        denied: supergraph::TypeSet::new(),
    }
}

/// A set of one type.
pub(crate) fn only(ty: TypeId) -> Option<TypeSet> {
    Some(TypeSet::of(ty))
}
