//! Compiles a plan into programs.
//!
//! **In:** a [`QueryPlan`] and its [`Supergraph`]. **Out:** a [`Program`].
//!
//! **Never here:** the response (`response`), running anything.
//!
//! **Holds:** the program is as large as the plan: what several types or cases share is compiled once.
//!
//! **Read first:** [`Program::compile`].

mod response;

use super::program::{
    Below, Class, FetchProgram, FieldProgram, GroupProgram, ObjectProgram, Program,
    RepresentationProgram, RepresentedField, TypeProgram,
};
use crate::json::quoted;
use crate::masks::MaskedFields;
use bytes::Bytes;
use query_planner::{
    Fetch, FetchId, GroupId, GroupKind, PositionId, QueryPlan, Representation, RepresentationField,
    RuntimeType, SelectedField, Selection, SlotId,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use supergraph::{Id, Supergraph, TypeId, TypeKind, TypeSet};

/// From this many fields on names are looked up in a table.
const MANY_FIELDS: usize = 9;

impl Program {
    /// Compiles a plan.
    pub fn compile(plan: &QueryPlan, supergraph: &Supergraph) -> Self {
        Self::compile_masked(plan, supergraph, &MaskedFields::default())
    }

    /// Compiles a plan; the fields among these will be masked.
    pub fn compile_masked(
        plan: &QueryPlan,
        supergraph: &Supergraph,
        masked: &MaskedFields,
    ) -> Self {
        let mut compiler = Compiler::new(plan, supergraph);
        let groups: Vec<GroupProgram> = plan.groups.ids().map(|id| compiler.group(id)).collect();
        let fetches = plan.fetches.ids().map(|id| compiler.fetch(id)).collect();
        let shown = response::compile(plan, supergraph, masked, &compiler.local_slots);
        let has_contexts = |kind: &GroupKind| match kind {
            GroupKind::Entities { contexts, .. } => !contexts.is_empty(),
            GroupKind::Root => false,
        };
        let mut masks: Vec<u32> = response::masks(&shown).collect();
        masks.sort_unstable();
        masks.dedup();
        Self {
            n_slots: compiler.n_slots,
            local_slots: compiler.local_slots,
            fetches,
            groups,
            objects: compiler.objects,
            n_lists: compiler.lists.len(),
            shown,
            masks,
            by_place: plan.groups.iter().any(|(_, group)| has_contexts(&group.kind)),
        }
    }
}

struct Compiler<'a> {
    plan: &'a QueryPlan,
    supergraph: &'a Supergraph,
    n_slots: Vec<u32>,
    local_slots: Vec<u32>,
    /// Composite slots that several groups fill.
    contested: HashSet<SlotId>,
    lists: BTreeMap<(GroupId, PositionId), u32>,
    objects: Vec<ObjectProgram>,
    /// Whether the group at work has to merge.
    merges: bool,
}

impl<'a> Compiler<'a> {
    fn new(plan: &'a QueryPlan, supergraph: &'a Supergraph) -> Self {
        let (n_slots, local_slots) = number_slots(plan);
        let mut lists = BTreeMap::new();
        for (_, group) in plan.groups.iter() {
            for &from in &group.from {
                let next = number(lists.len());
                lists.entry((from, group.position)).or_insert(next);
            }
        }
        let contested = contested_slots(plan);
        let objects = Vec::new();
        Self { plan, supergraph, n_slots, local_slots, contested, lists, objects, merges: false }
    }

    fn group(&mut self, id: GroupId) -> GroupProgram {
        let group = &self.plan.groups[id];
        let slots = group.selection.fields.iter().map(|field| self.local(field.slot));
        let first_slot = slots.clone().min().unwrap_or(0);
        let n_slots = slots.max().map_or(0, |last| last + 1 - first_slot);
        self.merges = false;
        let top = self.object(id, &group.selection);
        self.rebase(top, first_slot, n_slots);
        let (alias, representations) = match &group.kind {
            GroupKind::Root => (None, Vec::new()),
            GroupKind::Entities { alias, representations, .. } => {
                let rows = representations.iter().map(|row| self.representation(row)).collect();
                (Some(Box::from(alias.as_bytes())), rows)
            }
        };
        let from = group.from.iter().map(|&from| self.lists[&(from, group.position)]);
        let fills = self.lists.iter().filter(|((from, _), _)| *from == id);
        GroupProgram {
            alias,
            from: (!group.from.is_empty()).then(|| from.collect()),
            fills: fills.map(|(_, &list)| list).collect(),
            representations,
            top,
            first_slot,
            merges: self.merges,
        }
    }

    /// Makes the program of a group's own selection read into a scratch.
    fn rebase(&mut self, top: usize, first_slot: u32, n_slots: u32) {
        let program = &mut self.objects[top];
        program.n_slots = n_slots;
        program.list = None;
        for field in program.classes.iter_mut().flat_map(|class| &mut class.fields) {
            field.slot -= first_slot;
            field.also.iter_mut().for_each(|also| also.slot -= first_slot);
        }
    }

    fn object(&mut self, group: GroupId, selection: &Selection) -> usize {
        let mut fields = Vec::with_capacity(selection.fields.len());
        for field in &selection.fields {
            if field.selection.is_some() && self.contested.contains(&field.slot) {
                self.merges = true;
            }
            let slot = &self.plan.slots[field.slot];
            let below = field.selection.as_ref().map(|selection| Below {
                lists: number(slot.ty.list_depth()),
                object: self.object(group, selection),
                slot: field.slot,
            });
            fields.push(FieldProgram {
                key: format!("\"{}\":", field.response_name).into_bytes().into(),
                slot: self.local(field.slot),
                below,
                also: Vec::new(),
            });
        }
        let mut classes = Classes { selected: &selection.fields, fields, known: Vec::new() };
        classes.of(&|field| field.types.is_none());
        let possible = &self.supergraph.ty(self.plan.positions[selection.position].ty).possible;
        let runtime_type = match selection.runtime_type {
            RuntimeType::Known(ty) => TypeProgram::Known(ty, classes.of_type(ty)),
            RuntimeType::Asked => TypeProgram::Asked(self.names(possible, &mut classes)),
            RuntimeType::Represented | RuntimeType::Unknown => TypeProgram::OfTarget {
                represented: selection.runtime_type == RuntimeType::Represented,
                by_type: possible.iter().map(|ty| (ty, classes.of_type(ty))).collect(),
            },
        };
        let known = std::mem::take(&mut classes.known);
        let made: Vec<(Class, bool)> = known.iter().map(|row| classes.class(row)).collect();
        self.merges |= made.iter().any(|(_, has_twins)| *has_twins);
        self.objects.push(ObjectProgram {
            position: number(selection.position.index()),
            n_slots: self.n_slots[selection.position.index()],
            list: self.lists.get(&(group, selection.position)).copied(),
            runtime_type,
            classes: made.into_iter().map(|(class, _)| class).collect(),
        });
        self.objects.len() - 1
    }

    /// The possible runtime types by name.
    fn names(
        &self,
        possible: &TypeSet,
        classes: &mut Classes<'_>,
    ) -> Vec<(Box<[u8]>, TypeId, usize)> {
        let objects = possible.iter().filter(|ty| self.supergraph.ty(*ty).kind == TypeKind::Object);
        let mut names: Vec<(Box<[u8]>, TypeId, usize)> = objects
            .map(|ty| (self.supergraph.ty(ty).name.as_bytes().into(), ty, classes.of_type(ty)))
            .collect();
        names.sort();
        names
    }

    fn representation(&self, representation: &Representation) -> RepresentationProgram {
        let named = self.supergraph.type_named(&representation.typename);
        let is_object = |ty: &TypeId| self.supergraph.ty(*ty).kind == TypeKind::Object;
        RepresentationProgram {
            types: representation.types.clone(),
            head: format!("{{\"__typename\":\"{}\"", representation.typename).into_bytes().into(),
            named: named.filter(is_object),
            fields: self.represented_fields(&representation.fields),
        }
    }

    fn represented_fields(&self, fields: &[RepresentationField]) -> Vec<RepresentedField> {
        let fields = fields.iter().map(|field| RepresentedField {
            types: field.types.clone(),
            key: format!(",\"{}\":", field.name).into_bytes().into(),
            slot: self.local(field.slot),
            ty: field.ty.clone(),
            is_key: field.is_key,
            fields: self.represented_fields(&field.fields),
            with_typename: field.with_typename,
        });
        fields.collect()
    }

    fn fetch(&self, id: FetchId) -> FetchProgram {
        let fetch = &self.plan.fetches[id];
        let key = |name: &String| format!("{}:", quoted(name)).into_bytes().into();
        let waits_on_this = |(other, fetch): (FetchId, &Fetch)| {
            fetch.waits_for.contains(&id).then(|| number(other.index()))
        };
        FetchProgram {
            body: Bytes::from(format!("{{\"query\":{}}}", quoted(&fetch.text))),
            variables: fetch.variables.iter().map(|name| (name.clone(), key(name))).collect(),
            representations: self.representation_variables(fetch),
            groups: fetch.groups.iter().map(|group| group.index()).collect(),
            n_waits_for: number(fetch.waits_for.iter().collect::<HashSet<_>>().len()),
            dependents: self.plan.fetches.iter().filter_map(waits_on_this).collect(),
        }
    }

    /// The variables of representations in the order of the groups, each with its groups.
    fn representation_variables(&self, fetch: &Fetch) -> Vec<(Box<[u8]>, Vec<usize>)> {
        let mut variables: Vec<(&str, Vec<usize>)> = Vec::new();
        for (at, group) in fetch.groups.iter().enumerate() {
            let GroupKind::Entities { variable, .. } = &self.plan.groups[*group].kind else {
                continue;
            };
            match variables.iter_mut().find(|(name, _)| name == variable) {
                Some((_, groups)) => groups.push(at),
                None => variables.push((variable, vec![at])),
            }
        }
        let key = |name| format!("{}:[", quoted(name)).into_bytes().into();
        variables.into_iter().map(|(name, groups)| (key(name), groups)).collect()
    }

    fn local(&self, slot: SlotId) -> u32 {
        self.local_slots[slot.index()]
    }
}

/// The classes of one selection: which of its fields which types have.
struct Classes<'s> {
    selected: &'s [SelectedField],
    fields: Vec<FieldProgram>,
    known: Vec<Vec<usize>>,
}

impl Classes<'_> {
    fn of_type(&mut self, ty: TypeId) -> usize {
        self.of(&|field| field.types.as_ref().is_none_or(|types| types.contains(ty)))
    }

    /// The class with the fields that fit.
    fn of(&mut self, fits: &dyn Fn(&SelectedField) -> bool) -> usize {
        let selected = self.selected.iter().enumerate();
        let row: Vec<usize> = selected.filter(|(_, field)| fits(field)).map(|row| row.0).collect();
        let known = self.known.iter().position(|known| *known == row);
        known.unwrap_or_else(|| {
            self.known.push(row);
            self.known.len() - 1
        })
    }

    /// The class of these fields, and whether two of them fill one composite slot.
    fn class(&self, row: &[usize]) -> (Class, bool) {
        let mut class = Class::default();
        let mut composite = HashSet::new();
        let mut has_twins = false;
        for field in row.iter().map(|&index| &self.fields[index]) {
            has_twins |= field.below.is_some() && !composite.insert(field.slot);
            match class.fields.iter_mut().find(|known| known.key == field.key) {
                Some(first) => first.also.push(field.clone()),
                None => class.fields.push(field.clone()),
            }
        }
        if class.fields.len() >= MANY_FIELDS {
            let names = class.fields.iter().enumerate();
            class.by_name = names.map(|(index, field)| (field.name().into(), index)).collect();
        }
        (class, has_twins)
    }
}

/// Numbers the slots of each position in the order in which groups fill them.
fn number_slots(plan: &QueryPlan) -> (Vec<u32>, Vec<u32>) {
    let mut n_slots = vec![0; plan.positions.len()];
    let mut local: Vec<Option<u32>> = vec![None; plan.slots.len()];
    let mut number_next = |slot: SlotId| {
        let next: &mut u32 = &mut n_slots[plan.slots[slot].position.index()];
        local[slot.index()].get_or_insert_with(|| {
            *next += 1;
            *next - 1
        });
    };
    for (_, group) in plan.groups.iter() {
        each_field(&group.selection, &mut |field| number_next(field.slot));
    }
    plan.slots.ids().for_each(number_next);
    (n_slots, local.into_iter().map(Option::unwrap_or_default).collect())
}

/// The composite slots that more than one group fills.
fn contested_slots(plan: &QueryPlan) -> HashSet<SlotId> {
    let mut fillers: HashMap<SlotId, GroupId> = HashMap::new();
    let mut contested = HashSet::new();
    for (id, group) in plan.groups.iter() {
        each_field(&group.selection, &mut |field| {
            let is_composite = field.selection.is_some();
            if is_composite && *fillers.entry(field.slot).or_insert(id) != id {
                contested.insert(field.slot);
            }
        });
    }
    contested
}

fn each_field(selection: &Selection, visit: &mut impl FnMut(&SelectedField)) {
    for field in &selection.fields {
        visit(field);
    }
    for below in selection.fields.iter().filter_map(|field| field.selection.as_ref()) {
        each_field(below, visit);
    }
}

/// A number of something that the planner bounds.
fn number(index: usize) -> u32 {
    u32::try_from(index).expect("plans are bounded far below 2^32 parts")
}
