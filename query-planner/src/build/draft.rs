//! A group while fields are still being added to it.
//!
//! **Never here:** texts and response names (`emit`).
//!
//! **Holds:** what a draft waits for is fixed when it is made; only its fields grow.

use super::{context::Filled, place::Placed};
use crate::{
    few::FewMap,
    operation::Operation,
    plan::{ContextValue, OperationKind, PositionId, RepresentationField, SlotId},
    solve::carrier::ViewId,
};
use smallvec::SmallVec;
use supergraph::{IdSet, SubgraphId, TypeId, TypeSet, ids};

ids! {
    /// A draft.
    DraftId,
}

/// Drafts in an order.
pub(super) type Drafts = SmallVec<[DraftId; 4]>;

/// Drafts without order: in that of their ids.
pub(super) type DraftSet = IdSet<DraftId>;

/// A group of the plan to be.
pub(super) struct Draft {
    pub(super) subgraph: SubgraphId,
    pub(super) position: PositionId,
    /// The groups that create the objects it completes.
    pub(super) creators: Drafts,
    /// The groups that it waits for, the creators included.
    pub(super) waits_for: DraftSet,
    pub(super) kind: DraftKind,
    /// Required values without which an object is not sent. Fields that require other ones stand in
    /// a group of their own, so that they don't get lost together.
    pub(super) decisive: IdSet<SlotId>,
    /// What objects above fill, in requests of its own; none for a group without such arguments.
    pub(super) contexts: Option<Vec<ContextValue>>,
    /// What it selects, by position and how the subgraph stands there.
    pub(super) nodes: FewMap<(PositionId, Local), Node>,
}

pub(super) enum DraftKind {
    Root(OperationKind),
    Entities {
        /// The subgraph has an `@interfaceObject` here.
        interface_object: bool,
        /// It is asked for the runtime types.
        resolves_types: bool,
        representations: Vec<DraftRepresentation>,
    },
}

/// How a subgraph stands at a position.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Local {
    /// The type there.
    pub(super) ty: TypeId,
    /// What `@provides` adds to what it can answer.
    pub(super) view: ViewId,
}

/// How objects of one type are represented.
pub(super) struct DraftRepresentation {
    /// The runtime type; an interface while it is unknown.
    pub(super) ty: TypeId,
    /// The type to name.
    pub(super) on: TypeId,
    pub(super) fields: Vec<RepresentationField>,
}

/// The fields selected at one position.
pub(super) type Node = FewMap<SlotId, NodeField>;

/// A selected field.
#[derive(Default)]
pub(super) struct NodeField {
    /// The runtime types for which it is.
    pub(super) types: TypeSet,
    /// What is below it, if it is composite, by runtime type.
    pub(super) locals: SmallVec<[(TypeId, Local); 1]>,
    /// Its contextual arguments, by runtime type: argument and variable.
    contextual: Vec<(TypeId, Arguments)>,
}

/// Names of arguments, each with the name of the variable that fills it.
pub(super) type Arguments = Vec<(String, String)>;

impl NodeField {
    /// How the subgraph stands below the field of objects of type `ty`.
    pub(super) fn local(&self, ty: TypeId) -> Option<Local> {
        self.locals.iter().find(|row| row.0 == ty).map(|row| row.1)
    }

    /// The contextual arguments on objects of type `ty`.
    pub(super) fn contextual_arguments(&self, ty: TypeId) -> &[(String, String)] {
        self.contextual.iter().find(|row| row.0 == ty).map_or(&[], |row| &row.1)
    }
}

impl Draft {
    /// Whether other groups may be asked for in the same request.
    pub(super) fn may_share_request(&self) -> bool {
        matches!(self.kind, DraftKind::Entities { .. }) && self.contexts.is_none()
    }

    /// Adds a field for objects of type `ty`; `local` is how the subgraph stands below it.
    pub(super) fn select(
        &mut self,
        node: (PositionId, Local),
        slot: SlotId,
        ty: TypeId,
        local: Option<Local>,
    ) {
        let field = self.nodes.entry(node).entry(slot);
        field.types.insert(ty);
        if let Some(local) = local
            && !field.locals.contains(&(ty, local))
        {
            field.locals.push((ty, local));
        }
    }

    /// Gives a field its contextual arguments, each with a variable for the value from above.
    pub(super) fn fill(
        &mut self,
        node: (PositionId, Local),
        slot: SlotId,
        ty: TypeId,
        filled: Vec<Filled>,
        operation: &Operation,
    ) {
        let Some(contexts) = &mut self.contexts else { return };
        let mut arguments = Arguments::new();
        for Filled { argument, ty, sources, .. } in filled {
            let known = contexts.iter().find(|known| known.ty == ty && known.sources == sources);
            let variable = match known {
                Some(known) => known.variable.clone(),
                None => {
                    let variable = operation.free_variable(format!("context{}", contexts.len()));
                    contexts.push(ContextValue { variable: variable.clone(), ty, sources });
                    variable
                }
            };
            arguments.push((argument, variable));
        }
        let field = self.nodes.entry(node).entry(slot);
        if !field.contextual.iter().any(|row| row.0 == ty) {
            field.contextual.push((ty, arguments));
        }
    }

    /// Whether the representations of `ty` can also hold `fields`: no name stands for two values, and
    /// an `@interfaceObject`, whose selection cannot tell types apart, is sent the same for all types.
    pub(super) fn can_hold(&self, ty: TypeId, fields: &[RepresentationField]) -> bool {
        let DraftKind::Entities { representations, interface_object, .. } = &self.kind else {
            return true;
        };
        if *interface_object && representations.iter().any(|row| row.ty != ty) {
            return representations.iter().all(|row| {
                row.fields.len() == fields.len() && row.fields.iter().all(|f| fields.contains(f))
            });
        }
        let mut known = representations.iter().filter(|row| row.ty == ty);
        known.all(|row| is_unambiguous(&row.fields, fields))
    }

    /// Adds a representation, or fields to the one of that type.
    pub(super) fn represent(&mut self, ty: TypeId, on: TypeId, fields: Vec<RepresentationField>) {
        let DraftKind::Entities { representations, .. } = &mut self.kind else { return };
        let row = match representations.iter_mut().find(|row| row.ty == ty) {
            Some(row) => row,
            None => {
                representations.push(DraftRepresentation { ty, on, fields: Vec::new() });
                representations.last_mut().expect("one was just added")
            }
        };
        merge_fields(&mut row.fields, fields);
    }
}

/// Whether no name would stand for two values, at any level.
fn is_unambiguous(known: &[RepresentationField], fields: &[RepresentationField]) -> bool {
    known.iter().all(|known| {
        fields
            .iter()
            .filter(|field| field.name == known.name)
            .all(|field| field.slot == known.slot && is_unambiguous(&known.fields, &field.fields))
    })
}

/// Adds fields to a representation; what is there already is extended, and stays a key if it was.
pub(super) fn merge_fields(known: &mut Vec<RepresentationField>, fields: Vec<RepresentationField>) {
    for field in fields {
        // Types that declare the field with other nullability have a row of their own.
        match known.iter_mut().find(|known| known.slot == field.slot && known.ty == field.ty) {
            None => known.push(field),
            Some(known) => {
                known.is_key |= field.is_key;
                known.with_typename |= field.with_typename;
                known.types = match (known.types.take(), field.types) {
                    (Some(mut a), Some(b)) => {
                        a.union_with(&b);
                        Some(a)
                    }
                    _ => None,
                };
                merge_fields(&mut known.fields, field.fields);
            }
        }
    }
}

/// The groups that ask for placed values, at any level.
pub(super) fn collect_groups(placed: &Placed, groups: &mut DraftSet) {
    for field in &placed.fields {
        groups.extend_with(field.groups.iter().copied());
        if let Some((_, child)) = &field.child {
            collect_groups(child, groups);
        }
    }
}
