//! The fields of an operation: where each stands in the plan, and who declares it.
//!
//! **In:** the operation's shape and its plan. **Out:** a [`Found`] for each field of each position.
//!
//! **Never here:** what another choice would cost (`why`).
//!
//! **Holds:** a field is one slot of one position, whatever it is called in the response.
//!
//! **Read first:** [`find_fields`].

use crate::{
    plan::{FetchId, PositionId, QueryPlan, ResponseSelection, ResponseSource, Selection, SlotId},
    shape::{CaseField, Entry, ShapeId},
    solve::Solver,
};
use std::collections::{HashMap, HashSet};
use supergraph::{SubgraphId, Supergraph, TypeId};

/// A field of the operation.
pub(super) struct Found {
    pub(super) shape: ShapeId,
    /// Index into the shape's entries.
    pub(super) entry: usize,
    pub(super) path: String,
    pub(super) coordinate: String,
    /// The field's name.
    pub(super) field: String,
    /// The runtime types for which it is selected.
    pub(super) types: Vec<TypeId>,
    /// Whether something is selected below.
    pub(super) is_composite: bool,
    /// Who answers it.
    pub(super) taken: Vec<(SubgraphId, FetchId)>,
    /// Who declares it, by the order of the supergraph.
    pub(super) declaring: Vec<SubgraphId>,
    /// Who stands at its position.
    pub(super) standing: Vec<SubgraphId>,
}

/// Fields that are explained.
const MAX_FIELDS: usize = 2_000;

/// The fields of the operation, in the order of the response, and whether these are all.
pub(super) fn find_fields(
    supergraph: &Supergraph,
    solver: &Solver<'_>,
    shape: ShapeId,
    plan: &QueryPlan,
) -> (Vec<Found>, bool) {
    let mut finder = Finder {
        supergraph,
        solver,
        plan,
        asked: Asked::of(plan),
        seen: HashSet::new(),
        found: Vec::new(),
    };
    finder.find(shape, &plan.response);
    let complete = finder.found.len() <= MAX_FIELDS;
    finder.found.truncate(MAX_FIELDS);
    (finder.found, complete)
}

struct Finder<'a> {
    supergraph: &'a Supergraph,
    solver: &'a Solver<'a>,
    plan: &'a QueryPlan,
    asked: Asked,
    seen: HashSet<SlotId>,
    found: Vec<Found>,
}

impl Finder<'_> {
    fn find(&mut self, id: ShapeId, response: &ResponseSelection) {
        let shape = self.solver.shapes.get(id);
        for case in &shape.cases {
            // The plan's cases are finer: types whose fields complete differently are apart.
            let cases = response.cases.iter().filter(|row| {
                row.types.as_ref().is_none_or(|types| !types.intersection(&case.types).is_empty())
            });
            let rows: Vec<_> = cases.flat_map(|row| &row.fields).collect();
            for (response_name, field) in &case.fields {
                let CaseField::Entry(index) = field else { continue };
                let meant = rows.iter().filter(|row| *row.response_name == **response_name);
                for row in meant {
                    let ResponseSource::Slot { slot, selection, .. } = &row.source else {
                        continue;
                    };
                    if self.found.len() > MAX_FIELDS || !self.seen.insert(*slot) {
                        continue;
                    }
                    let entry = &shape.entries[*index];
                    self.add(id, *index, entry, *slot);
                    if let (Some(child), Some(below)) = (entry.child, selection) {
                        self.find(child, below);
                    }
                }
            }
        }
    }

    fn add(&mut self, shape: ShapeId, index: usize, entry: &Entry, slot: SlotId) {
        let position = self.plan.slots[slot].position;
        let declared = &self.supergraph.ty(self.plan.positions[position].ty).name;
        self.found.push(Found {
            shape,
            entry: index,
            path: self.plan.path(position),
            coordinate: format!("{declared}.{}", entry.field()),
            field: entry.field().to_owned(),
            types: entry.types.iter().collect(),
            is_composite: entry.child.is_some(),
            taken: self.asked.slots.get(&slot).cloned().unwrap_or_default(),
            declaring: declaring(self.supergraph, entry),
            standing: self.asked.standing.get(&position).cloned().unwrap_or_default(),
        });
    }
}

/// The subgraphs that declare a field: on the runtime types, or on an interface object for them.
fn declaring(supergraph: &Supergraph, entry: &Entry) -> Vec<SubgraphId> {
    let mut subgraphs: Vec<SubgraphId> = Vec::new();
    for ty in entry.types.iter() {
        let interfaces = supergraph.ty(ty).interfaces.iter().copied();
        for on in std::iter::once(ty).chain(interfaces) {
            let Some(field) = supergraph.field_named(on, entry.field()) else { continue };
            for capability in &supergraph.field(field).capabilities {
                let row = supergraph.ty(on).in_subgraph(capability.subgraph);
                if on == ty || row.is_some_and(|row| row.interface_object) {
                    subgraphs.push(capability.subgraph);
                }
            }
        }
    }
    subgraphs.sort_unstable();
    subgraphs.dedup();
    subgraphs
}

/// Who is asked for what.
#[derive(Default)]
struct Asked {
    slots: HashMap<SlotId, Vec<(SubgraphId, FetchId)>>,
    standing: HashMap<PositionId, Vec<SubgraphId>>,
}

impl Asked {
    fn of(plan: &QueryPlan) -> Self {
        let mut asked = Self::default();
        for (_, group) in plan.groups.iter() {
            let by = (plan.fetches[group.fetch].subgraph, group.fetch);
            asked.add(&group.selection, by);
        }
        asked.slots.values_mut().for_each(|by| by.sort_unstable_by_key(|(_, fetch)| *fetch));
        asked
    }

    fn add(&mut self, selection: &Selection, by: (SubgraphId, FetchId)) {
        let standing = self.standing.entry(selection.position).or_default();
        if !standing.contains(&by.0) {
            standing.push(by.0);
        }
        for field in &selection.fields {
            let known = self.slots.entry(field.slot).or_default();
            if !known.contains(&by) {
                known.push(by);
            }
            if let Some(below) = &field.selection {
                self.add(below, by);
            }
        }
    }
}
