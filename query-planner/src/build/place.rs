//! Places every chosen field into the group that asks for it.
//!
//! **In:** choices, the position they are for, who carries it. **Out:** drafts with fields, and
//! [`Placed`]: where each value will be.
//!
//! **Never here:** the order of requests (`requests`), names (`emit`).
//!
//! **Holds:** at one position, equal carriers get equal decisions: the first choice made for a state
//! counts for all, so that type classes don't ask for the same thing in two ways. A demanded
//! composite value shares the client's slot only when the same group asks for both; a leaf always
//! does.

use super::{
    Builder,
    context::Filled,
    draft::{Draft, DraftId, DraftKind, DraftSet, Drafts, Local, collect_groups, merge_fields},
};
use crate::{
    PlanErrorKind,
    few::FewMap,
    operation::Asked,
    plan::{Position, PositionId, RepresentationField, Slot, SlotId},
    shape::{Entry, ShapeId},
    solve::{
        carrier::Capabilities,
        choice::{Choices, Demand, Entrance, FieldChoice, From, Jump, Source},
    },
};
use smallvec::SmallVec;
use std::{rc::Rc, sync::Arc};
use supergraph::{Id, IdSet, SubgraphId, TypeId, TypeRef, TypeSet};

/// What makes two selections of a position the same value.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SlotKey {
    asked: Asked,
    once_as: Option<Arc<str>>,
    list_depth: usize,
    below: Below,
}

/// What is selected below a value, as far as identity goes.
#[derive(Clone, PartialEq, Eq)]
enum Below {
    Leaf,
    /// The client's selection.
    Client(ShapeId),
    /// Only what keys and requirements need of these runtime types, from this group: objects of this
    /// type.
    Demanded(DraftId, TypeId, TypeSet),
}

/// The groups behind the solver's carriers, and how each stands at the position.
type Carriers = SmallVec<[(DraftId, Local); 2]>;

/// Identifies what was placed: position, shape, carriers, and the state or the choices.
pub(super) type PlaceKey = (PositionId, ShapeId, Carriers, Option<DraftId>, usize, bool);

/// Where the values of a selection are.
#[derive(Default)]
pub(super) struct Placed {
    pub(super) fields: Vec<PlacedField>,
}

#[derive(Clone)]
pub(super) struct PlacedField {
    pub(super) entry: usize,
    pub(super) ty: TypeId,
    pub(super) slot: SlotId,
    pub(super) groups: Drafts,
    pub(super) child: Option<(ShapeId, Rc<Placed>)>,
}

/// Who stands at a position.
#[derive(Clone)]
pub(super) struct Context {
    carriers: Carriers,
    /// The groups that create the position's objects.
    creators: Drafts,
    /// The group that tells the runtime types, when the creators don't.
    typed_by: Option<DraftId>,
    /// Whether the fields are for the client (else for a key or requirement).
    is_client: bool,
    /// What root groups wait for: what stands before them in a mutation.
    after: DraftSet,
}

impl Context {
    pub(super) fn root() -> Self {
        Self {
            carriers: Carriers::new(),
            creators: Drafts::new(),
            typed_by: None,
            is_client: true,
            after: DraftSet::new(),
        }
    }
}

impl Builder<'_> {
    /// The root fields of a mutation: each request waits for everything before it. Neighbors in one
    /// subgraph share a request while nothing else has to be fetched below them.
    pub(super) fn place_serial(
        &mut self,
        fields: &[FieldChoice],
        shape: ShapeId,
        root: PositionId,
    ) -> Result<(), PlanErrorKind> {
        let mut context = Context::root();
        let mut last = None;
        for field in fields {
            let subgraph = field.sources.first().map(|source| source.subgraph);
            // What a field needs below ends before the next field starts.
            let is_alone = self.drafts.len() == context.after.len() + 1;
            if subgraph != last || !is_alone {
                context.after = self.drafts.ids().collect();
                last = subgraph;
            }
            self.place_field(field, shape, root, &context)?;
        }
        Ok(())
    }

    /// Places all choices of a shape at a position.
    pub(super) fn place(
        &mut self,
        choices: &Choices,
        shape: ShapeId,
        at: PositionId,
        context: &Context,
    ) -> Result<Rc<Placed>, PlanErrorKind> {
        self.shapes.go_on()?;
        match choices {
            Choices::Fields(fields) | Choices::Serial(fields) => {
                self.place_fields(fields, shape, at, context)
            }
            Choices::Resolve { jump, interface, then } => {
                let draft = self.draft_of(jump, *interface, at, context, &[])?;
                let local = Local { ty: *interface, view: Capabilities::no_view() };
                self.drafts[draft].nodes.entry((at, local));
                if let DraftKind::Entities { resolves_types, .. } = &mut self.drafts[draft].kind {
                    *resolves_types = true;
                }
                let mut context = context.clone();
                context.carriers.push((draft, local));
                context.typed_by = Some(draft);
                self.place(then, shape, at, &context)
            }
        }
    }

    /// Places fields in the order in which later ones can use earlier ones: what contexts read is
    /// there before what lies below, and what carriers answer before demanded values, which then
    /// find the client's slots.
    fn place_fields(
        &mut self,
        fields: &[FieldChoice],
        shape: ShapeId,
        at: PositionId,
        context: &Context,
    ) -> Result<Rc<Placed>, PlanErrorKind> {
        let shape_row = self.shapes.get(shape);
        let here = |field: &FieldChoice| {
            field.sources.iter().all(|source| matches!(source.from, From::Carrier(_)))
        };
        let is_context = |field: &FieldChoice| shape_row.is_context(field.entry);
        let mut placed = Placed { fields: Vec::with_capacity(fields.len()) };
        for field in fields.iter().filter(|field| is_context(field)) {
            placed.fields.push(self.place_field(field, shape, at, context)?);
        }
        self.set_contexts(&shape_row, at, &placed);
        for field in fields.iter().filter(|field| !is_context(field) && here(field)) {
            placed.fields.push(self.place_field(field, shape, at, context)?);
        }
        for field in fields.iter().filter(|field| !is_context(field) && !here(field)) {
            placed.fields.push(self.place_field(field, shape, at, context)?);
        }
        Ok(Rc::new(placed))
    }

    fn place_field(
        &mut self,
        choice: &FieldChoice,
        shape: ShapeId,
        at: PositionId,
        context: &Context,
    ) -> Result<PlacedField, PlanErrorKind> {
        let shape = self.shapes.get(shape);
        let entry = &shape.entries[choice.entry];
        let mut groups = Drafts::new();
        let mut locals: SmallVec<[Local; 2]> = SmallVec::new();
        let mut filled: SmallVec<[Vec<Filled>; 1]> = SmallVec::new();
        for source in &*choice.sources {
            let arguments = self.filled(source, entry, at)?;
            let (group, on) = self.group_of(source, choice.ty, at, context, &arguments)?;
            groups.push(group);
            locals.push(on);
            filled.push(arguments);
        }
        let slot = self.slot(entry, choice.ty, at, groups[0], context.is_client)?;
        let answers = groups.iter().zip(locals).zip(&*choice.sources).zip(filled);
        for (((group, on), source), filled) in answers {
            let (node, local) = ((at, on), entry.child.map(|_| below_of(source)));
            let draft = &mut self.drafts[*group];
            draft.select(node, slot, choice.ty, local);
            draft.fill(node, slot, choice.ty, filled, self.operation);
        }
        let child = match (&choice.child, self.slots[slot].child) {
            (Some(child), Some(below)) => {
                let carriers: Carriers = groups
                    .iter()
                    .zip(&*choice.sources)
                    .map(|(group, source)| (*group, below_of(source)))
                    .collect();
                for (group, local) in &carriers {
                    self.drafts[*group].nodes.entry((below, *local));
                }
                let context = Context {
                    creators: groups.clone(),
                    carriers,
                    typed_by: None,
                    is_client: context.is_client,
                    after: DraftSet::new(),
                };
                let state = Some(child.state);
                let placed =
                    self.place_once(&child.choices, child.shape, below, &context, state)?;
                Some((child.shape, placed))
            }
            _ => None,
        };
        Ok(PlacedField { entry: choice.entry, ty: choice.ty, slot, groups, child })
    }

    /// Places choices unless the same state stands there already.
    fn place_once(
        &mut self,
        choices: &Rc<Choices>,
        shape: ShapeId,
        at: PositionId,
        context: &Context,
        state: Option<usize>,
    ) -> Result<Rc<Placed>, PlanErrorKind> {
        let identity = state.unwrap_or(Rc::as_ptr(choices) as usize);
        let key =
            (at, shape, context.carriers.clone(), context.typed_by, identity, state.is_some());
        if let Some(placed) = self.placed.get(&key) {
            return Ok(Rc::clone(placed));
        }
        let placed = self.place(choices, shape, at, context)?;
        self.placed.insert(key, Rc::clone(&placed));
        Ok(placed)
    }

    /// The group that asks a source, and how it stands where it selects the field.
    fn group_of(
        &mut self,
        source: &Source,
        ty: TypeId,
        at: PositionId,
        context: &Context,
        filled: &[Filled],
    ) -> Result<(DraftId, Local), PlanErrorKind> {
        match &source.from {
            From::Carrier(index) => Ok(context.carriers[*index]),
            From::Jump(jump) => {
                let local = Local { ty: source.on, view: Capabilities::no_view() };
                Ok((self.draft_of(jump, ty, at, context, filled)?, local))
            }
        }
    }

    /// The group behind a jump: an existing one with the same inputs, or a new one.
    fn draft_of(
        &mut self,
        jump: &Jump,
        ty: TypeId,
        at: PositionId,
        context: &Context,
        filled: &[Filled],
    ) -> Result<DraftId, PlanErrorKind> {
        let mut waits_for: DraftSet = context.creators.iter().copied().collect();
        waits_for.extend_with(context.typed_by);
        filled.iter().for_each(|filled| waits_for.union_with(&filled.groups));
        let mut fields = Vec::new();
        for (demand, is_key) in [(&jump.key, true), (&jump.requires, false)] {
            if let Some(demand) = demand {
                let placed = self.place_demand(demand, at, context)?;
                collect_groups(&placed, &mut waits_for);
                let mut more =
                    self.representation(&placed, demand.shape, ty, jump.subgraph, is_key);
                fields.append(&mut more);
            }
        }
        let (on, kind) = match jump.entrance {
            Entrance::Root => {
                waits_for.union_with(&context.after);
                (ty, self.root_kind(at))
            }
            Entrance::Entity { on, interface_object, .. } => {
                let representations = Vec::new();
                let resolves_types = false;
                (on, DraftKind::Entities { interface_object, resolves_types, representations })
            }
        };
        let decisive: IdSet<SlotId> =
            fields.iter().filter(|field| is_decisive(field)).map(|field| field.slot).collect();
        let here = self.drafts_at.entry((at, jump.subgraph));
        let existing = here.iter().copied().find(|id| {
            let draft = &self.drafts[*id];
            draft.creators == context.creators
                && draft.waits_for == waits_for
                && draft.contexts.is_some() == jump.contextual
                && is_same_door(&draft.kind, &kind)
                && draft.decisive == decisive
                && draft.can_hold(ty, &fields)
        });
        let draft = existing.unwrap_or_else(|| {
            let draft = self.drafts.push(Draft {
                subgraph: jump.subgraph,
                position: at,
                creators: context.creators.clone(),
                waits_for,
                kind,
                decisive,
                contexts: jump.contextual.then(Vec::new),
                nodes: FewMap::default(),
            });
            here.push(draft);
            draft
        });
        self.drafts[draft].represent(ty, on, fields);
        Ok(draft)
    }

    fn place_demand(
        &mut self,
        demand: &Demand,
        at: PositionId,
        context: &Context,
    ) -> Result<Rc<Placed>, PlanErrorKind> {
        let context = Context { is_client: false, ..context.clone() };
        self.place_once(&demand.choices, demand.shape, at, &context, None)
    }

    /// The fields of a representation for objects of type `ty`, as `subgraph` declares them.
    pub(super) fn representation(
        &self,
        placed: &Placed,
        shape: ShapeId,
        ty: TypeId,
        subgraph: SubgraphId,
        is_key: bool,
    ) -> Vec<RepresentationField> {
        let shape = self.shapes.get(shape);
        let mut fields: Vec<RepresentationField> = Vec::new();
        for placed in &placed.fields {
            let entry = &shape.entries[placed.entry];
            let (mut below, mut with_typename) = (Vec::new(), false);
            if let Some((child_shape, child)) = &placed.child {
                let child_ty = self.shapes.get(*child_shape).ty;
                with_typename = self.supergraph.ty(child_ty).is_abstract();
                below = self.representation(child, *child_shape, child_ty, subgraph, is_key);
            }
            // Unknown runtime types share what all of them have.
            let types =
                (!self.supergraph.ty(placed.ty).is_abstract()).then(|| TypeSet::of(placed.ty));
            let field = RepresentationField {
                types,
                name: entry.field().to_owned(),
                slot: placed.slot,
                ty: self.type_in(subgraph, placed.ty, shape.ty, entry.field()),
                is_key,
                fields: below,
                with_typename,
            };
            merge_fields(&mut fields, vec![field]);
        }
        // Where every runtime type has the field alike, none need be looked at.
        let is_alone = |field: &RepresentationField| {
            fields.iter().filter(|other| other.name == field.name).count() == 1
        };
        let everywhere: Vec<bool> = fields
            .iter()
            .map(|field| {
                let covers = |types: &TypeSet| shape.types.is_subset(types);
                !self.supergraph.ty(ty).is_abstract()
                    || is_alone(field) && field.types.as_ref().is_none_or(covers)
            })
            .collect();
        for (field, everywhere) in fields.iter_mut().zip(everywhere) {
            if everywhere {
                field.types = None;
            }
        }
        fields
    }

    /// The type of a field as `subgraph` declares it, on the runtime type or the declared one.
    fn type_in(&self, subgraph: SubgraphId, ty: TypeId, declared: TypeId, field: &str) -> TypeRef {
        let row = |ty| {
            let field = self.supergraph.field(self.supergraph.field_named(ty, field)?);
            field.capability(subgraph).map(|row| row.ty.clone())
        };
        row(ty).or_else(|| row(declared)).unwrap_or_else(|| self.field_type(ty, declared, field))
    }

    fn field_type(&self, ty: TypeId, declared: TypeId, field: &str) -> TypeRef {
        let supergraph = self.supergraph;
        let found = supergraph.field_named(ty, field);
        let found = found.or_else(|| supergraph.field_named(declared, field));
        supergraph.field(found.expect("the solver resolved this field")).ty.clone()
    }

    /// The slot of an entry at a position.
    fn slot(
        &mut self,
        entry: &Entry,
        ty: TypeId,
        at: PositionId,
        group: DraftId,
        is_client: bool,
    ) -> Result<SlotId, PlanErrorKind> {
        let key = SlotKey {
            asked: entry.asked.clone(),
            once_as: entry.once_as.clone(),
            below: match entry.child {
                None => Below::Leaf,
                Some(child) if is_client => Below::Client(child),
                Some(child) => {
                    Below::Demanded(group, self.shapes.get(child).ty, entry.types.clone())
                }
            },
            list_depth: entry.list_depth,
        };
        let known = &self.keys[at];
        if let Some((_, slot)) = known.iter().find(|(known, _)| *known == key) {
            return Ok(*slot);
        }
        if let Below::Demanded(_, result, types) = &key.below {
            let gives = |below: &Below| match below {
                Below::Leaf => false,
                Below::Client(child) => self.shapes.get(*child).ty == *result,
                Below::Demanded(_, other, theirs) => other == result && theirs == types,
            };
            let asks = |slot: &SlotId| {
                let mut nodes = self.drafts[group].nodes.rows().iter();
                nodes.any(|(_, node)| node.get(*slot).is_some())
            };
            let shared = known.iter().find(|(known, slot)| {
                known.asked == key.asked
                    && known.once_as.is_none()
                    && known.list_depth == key.list_depth
                    && gives(&known.below)
                    && asks(slot)
            });
            if let Some((_, slot)) = shared {
                return Ok(*slot);
            }
        }
        self.new_slot(key, ty, at)
    }

    fn new_slot(
        &mut self,
        key: SlotKey,
        ty: TypeId,
        at: PositionId,
    ) -> Result<SlotId, PlanErrorKind> {
        let field_type = self.field_type(ty, self.positions[at].ty, &key.asked.name);
        let slot = self.slots.push(Slot {
            position: at,
            field: key.asked.name.to_string(),
            arguments: key.asked.arguments.clone(),
            ty: field_type.clone(),
            child: None,
        });
        if key.below != Below::Leaf {
            if self.positions.len() >= self.limits.positions {
                return Err(PlanErrorKind::TooManyPositions { limit: self.limits.positions });
            }
            let position = Position { parent: Some(slot), ty: field_type.named() };
            let child = self.position(position);
            self.slots[slot].child = Some(child);
        }
        self.asked.push(key.asked.clone());
        self.keys[at].push((key, slot));
        Ok(slot)
    }

    /// The slot of a client's entry, made if no subgraph is asked for it.
    pub(super) fn client_slot(
        &mut self,
        entry: &Entry,
        at: PositionId,
    ) -> Result<SlotId, PlanErrorKind> {
        let ty = entry.types.iter().next().unwrap_or(self.positions[at].ty);
        // The group only matters for demanded values.
        self.slot(entry, ty, at, DraftId::from_index(0), true)
    }
}

/// How a source stands below the field that it answers.
fn below_of(source: &Source) -> Local {
    Local { ty: source.local, view: source.view }
}

fn is_same_door(a: &DraftKind, b: &DraftKind) -> bool {
    match (a, b) {
        (DraftKind::Root(a), DraftKind::Root(b)) => a == b,
        (
            DraftKind::Entities { interface_object: a, .. },
            DraftKind::Entities { interface_object: b, .. },
        ) => a == b,
        _ => false,
    }
}

/// Whether a null in a required value keeps the object from being represented at all.
fn is_decisive(field: &RepresentationField) -> bool {
    fn has_non_null(ty: &TypeRef) -> bool {
        match ty {
            TypeRef::Named { non_null, .. } => *non_null,
            TypeRef::List { item, non_null } => *non_null || has_non_null(item),
        }
    }
    !field.is_key && (has_non_null(&field.ty) || field.fields.iter().any(is_decisive))
}
