//! Turns a candidate into a plan: choices become groups, groups become requests.
//!
//! **In:** a solved [`Candidate`] and the shapes. **Out:** a [`QueryPlan`].
//!
//! **Never here:** choosing (`solve`).
//!
//! **Holds:** a requirement belongs to the *field*: fields share a group only when they stand at one
//! position, go to one subgraph, complete the objects of the same creators and wait for the same
//! groups. So no group can wait for itself, however its fields depend on one another.
//!
//! ```text
//! place(choices, position, carriers):
//!   fields of carriers go into the carriers' own selections
//!   a field behind a jump: place its key and requirement, then into the group
//!     (position, creators, subgraph, groups that fill the representation)
//!   then the same below, where the field's group is the carrier
//! requests: entity groups of one subgraph at equal depth share one (`requests`)
//! ```
//!
//! **Read first:** [`build`].

mod draft;
mod context;
mod place;
mod emit;
mod names;
mod requests;
mod response;

use crate::{
    Batching, Limits, OperationKind, PlanErrorKind,
    operation::Operation,
    plan::{PlanEffort, Position, PositionId, QueryPlan, ResponseSelection, Slot, SlotId},
    shape::{ShapeId, Shapes},
    solve::choice::{Candidate, Choices},
};
use draft::{Draft, DraftId, DraftKind};
use place::{Context, Placed};
use std::{collections::HashMap, rc::Rc, sync::Arc};
use supergraph::{IdVec, SubgraphId, Supergraph};

/// A plan under construction.
pub(crate) struct Builder<'a> {
    supergraph: &'a Supergraph,
    shapes: &'a Shapes<'a>,
    operation: &'a Operation,
    limits: Limits,
    positions: IdVec<PositionId, Position>,
    slots: IdVec<SlotId, Slot>,
    keys: HashMap<PositionId, Vec<(place::SlotKey, SlotId)>>,
    drafts: Vec<Draft>,
    drafts_at: HashMap<(PositionId, SubgraphId), Vec<DraftId>>,
    placed: HashMap<place::PlaceKey, Rc<Placed>>,
    contexts: HashMap<PositionId, Vec<context::SetContext>>,
    responses: HashMap<PositionId, Arc<ResponseSelection>>,
}

/// Builds the plan of one candidate.
pub(crate) fn build(
    supergraph: &Supergraph,
    shapes: &Shapes<'_>,
    operation: &Operation,
    shape: ShapeId,
    candidate: &Candidate,
    (limits, batching): (Limits, Batching),
) -> Result<QueryPlan, PlanErrorKind> {
    let mut builder = Builder {
        supergraph,
        shapes,
        operation,
        limits,
        positions: IdVec::new(),
        slots: IdVec::new(),
        keys: HashMap::new(),
        drafts: Vec::new(),
        drafts_at: HashMap::new(),
        placed: HashMap::new(),
        contexts: HashMap::new(),
        responses: HashMap::new(),
    };
    let root = builder.positions.push(Position { parent: None, ty: operation.root_type });
    match &*candidate.choices {
        Choices::Serial(fields) => builder.place_serial(fields, shape, root)?,
        choices => {
            builder.place(choices, shape, root, &Context::root())?;
        }
    }
    let response = builder.response(shape, root)?;
    let (fetches, groups, cost) = builder.requests(batching);
    Ok(QueryPlan {
        operation: operation.kind(),
        positions: builder.positions,
        slots: builder.slots,
        fetches,
        groups,
        response,
        cost,
        effort: PlanEffort::default(),
    })
}

impl Builder<'_> {
    fn root_kind(&self, at: PositionId) -> DraftKind {
        let nested = self.positions[at].parent.is_some();
        DraftKind::Root(if nested { OperationKind::Query } else { self.operation.kind() })
    }
}
