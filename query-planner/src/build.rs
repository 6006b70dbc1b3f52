//! Turns a candidate into a plan: choices become groups, groups become requests.
//!
//! **In:** a solved [`Candidate`] and the shapes. **Out:** a [`Sketch`] that knows its cost; the one that
//! wins is finished to a [`QueryPlan`].
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
//! **Read first:** [`sketch`].

mod draft;
mod context;
mod place;
mod emit;
mod names;
mod requests;
mod response;

use crate::{
    Batching, Limits, OperationKind, PlanErrorKind,
    few::FewMap,
    operation::{Asked, Operation},
    plan::{
        PlanCost, PlanEffort, Position, PositionId, QueryPlan, ResponseSelection, Slot, SlotId,
    },
    shape::{ShapeId, Shapes},
    solve::choice::{Candidate, Choices},
};
use draft::{Draft, DraftId, DraftKind, Drafts};
use place::{Context, Placed};
use requests::Bundle;
use rustc_hash::FxHashMap;
use std::{rc::Rc, sync::Arc};
use supergraph::{IdVec, SubgraphId, Supergraph};

/// A plan under construction.
pub(crate) struct Builder<'a> {
    supergraph: &'a Supergraph,
    shapes: &'a Shapes<'a>,
    operation: &'a Operation,
    limits: Limits,
    positions: IdVec<PositionId, Position>,
    slots: IdVec<SlotId, Slot>,
    keys: IdVec<PositionId, Vec<(place::SlotKey, SlotId)>>,
    asked: IdVec<SlotId, Asked>,
    drafts: IdVec<DraftId, Draft>,
    drafts_at: FewMap<(PositionId, SubgraphId), Drafts>,
    placed: FxHashMap<place::PlaceKey, Rc<Placed>>,
    contexts: FxHashMap<PositionId, Vec<context::SetContext>>,
    responses: FewMap<PositionId, Option<Arc<ResponseSelection>>>,
}

/// A candidate with its fields in groups and its groups in requests, before anything is written.
pub(crate) struct Sketch<'a> {
    builder: Builder<'a>,
    shape: ShapeId,
    root: PositionId,
    bundles: Vec<Bundle>,
}

/// Sketches the plan of one candidate.
pub(crate) fn sketch<'a>(
    supergraph: &'a Supergraph,
    shapes: &'a Shapes<'a>,
    operation: &'a Operation,
    shape: ShapeId,
    candidate: &Candidate,
    (limits, batching): (Limits, Batching),
) -> Result<Sketch<'a>, PlanErrorKind> {
    let mut builder = Builder {
        supergraph,
        shapes,
        operation,
        limits,
        positions: IdVec::new(),
        slots: IdVec::new(),
        keys: IdVec::new(),
        asked: IdVec::new(),
        drafts: IdVec::new(),
        drafts_at: FewMap::default(),
        placed: FxHashMap::default(),
        contexts: FxHashMap::default(),
        responses: FewMap::default(),
    };
    let root = builder.position(Position { parent: None, ty: operation.root_type });
    match &*candidate.choices {
        Choices::Serial(fields) => builder.place_serial(fields, shape, root)?,
        choices => {
            builder.place(choices, shape, root, &Context::root())?;
        }
    }
    let bundles = builder.bundles(batching);
    Ok(Sketch { builder, shape, root, bundles })
}

impl Sketch<'_> {
    /// What the plan will cost. Fields count once for each group, however often a text repeats them.
    pub(crate) fn cost(&self) -> PlanCost {
        let nodes = self.builder.drafts.iter().flat_map(|(_, draft)| draft.nodes.rows());
        let fields = nodes.map(|(_, node)| node.rows().len());
        PlanCost {
            requests: u32::try_from(self.bundles.len()).unwrap_or(u32::MAX),
            depth: self.bundles.iter().map(|bundle| bundle.depth).max().unwrap_or_default(),
            fields: u32::try_from(fields.sum::<usize>()).unwrap_or(u32::MAX),
        }
    }

    /// The whole plan.
    pub(crate) fn finish(self) -> Result<QueryPlan, PlanErrorKind> {
        let mut builder = self.builder;
        let response = builder.response(self.shape, self.root)?;
        let (fetches, groups, cost) = builder.requests(&self.bundles);
        Ok(QueryPlan {
            operation: builder.operation.kind(),
            positions: builder.positions,
            slots: builder.slots,
            fetches,
            groups,
            response,
            denied: Vec::new(),
            deferred: IdVec::new(),
            cost,
            effort: PlanEffort::default(),
        })
    }
}

impl Builder<'_> {
    fn position(&mut self, position: Position) -> PositionId {
        self.keys.push(Vec::new());
        self.positions.push(position)
    }

    fn root_kind(&self, at: PositionId) -> DraftKind {
        let nested = self.positions[at].parent.is_some();
        DraftKind::Root(if nested { OperationKind::Query } else { self.operation.kind() })
    }
}
