//! Which rows of the checklist plans used: what it says of keys, requirements, overrides and so on.
//!
//! **In:** plans, with their operations and subgraphs. **Out:** counts by row.
//!
//! **Never here:** what a schema merely mentions: a row counts when a plan used it.
//!
//! **Read first:** [`Coverage::add`].

use crate::case::{Bench, Case};
use crate::overrides::Override;
use crate::rules::Access;
use query_planner::{
    Group, GroupKind, OperationKind, QueryPlan, Representation, RepresentationField, ResponseField,
    ResponseSelection, ResponseSource, RuntimeType, SelectedField, Selection, SlotId,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use supergraph::{SubgraphId, Supergraph, TypeKind};

/// The rows that random cases can reach.
const ROWS: [(u16, &str); 39] = [
    (10, "composite and nested keys"),
    (20, "objects from a subgraph whose key does not answer"),
    (30, "a subgraph entered again"),
    (40, "a requirement"),
    (50, "a requirement under an alias"),
    (60, "a requirement with runtime types"),
    (70, "requirements across subgraphs in a chain"),
    (80, "a requirement under faults"),
    (90, "a key under faults"),
    (100, "a provided field"),
    (110, "a subgraph of Federation 1"),
    (120, "an overridden field"),
    (130, "a progressively overridden field, its label off"),
    (131, "a progressively overridden field, its label on"),
    (140, "a shared root field"),
    (150, "a value from several root fields"),
    (160, "an alias upstream"),
    (170, "an interface object"),
    (171, "an interface object whose runtime type is asked for"),
    (172, "an interface object with a requirement"),
    (180, "fields by runtime type"),
    (190, "a shared abstract field"),
    (200, "a query below a field"),
    (201, "a query below a mutation's field"),
    (210, "a mutation with entities below"),
    (230, "conditions with variables"),
    (240, "a fragment that leaves nothing"),
    (250, "`__typename`"),
    (260, "a hidden field used inside"),
    (261, "an enum with a hidden value"),
    (262, "an abstract field with a hidden member"),
    (270, "an argument of an enum or input that differs between subgraphs"),
    (290, "an argument that a context fills"),
    (291, "a context from a place that depends on the way"),
    (310, "variables sent on"),
    (311, "a variable that is absent"),
    (320, "client aliases like a planner's"),
    (330, "an executable directive sent on"),
    (340, "introspection beside data"),
];

/// The rows that random cases with access rules can reach.
const RULED_ROWS: [(u16, &str); 7] = [
    (350, "a denied field"),
    (351, "a field that is denied for some runtime types"),
    (352, "objects of a denied type"),
    (353, "a denied field that a requirement or key still fetches"),
    (354, "an operation of which nothing is fetched, for all is denied"),
    (355, "a denied field of an interface object"),
    (356, "a denied field with a condition on its arguments"),
];

/// Counts by row.
#[derive(Debug, Default)]
pub struct Coverage(BTreeMap<u16, usize>);

impl Coverage {
    /// Counts what a plan used, each row once.
    pub fn add(&mut self, bench: &Bench, plan: &QueryPlan, case: &Case) {
        let supergraph = &bench.supergraph;
        let mut look = Look { supergraph, plan, rows: BTreeSet::new() };
        look.representations();
        look.selections();
        look.roots();
        look.response(&plan.response);
        look.overrides(&bench.overrides, bench.labels());
        look.texts();
        let faulty = !case.faults.is_empty();
        let mut rows = look.rows;
        if faulty && rows.contains(&40) {
            rows.insert(80);
        }
        if faulty && plan.groups.iter().any(|(_, group)| is_entities(group)) {
            rows.insert(90);
        }
        let text = &case.operation.text;
        let given = &case.operation.variables;
        let mut sent = plan.fetches.iter().flat_map(|(_, fetch)| &fetch.variables);
        if sent.any(|variable| !given.contains_key(variable)) {
            rows.insert(311);
        }
        if text.contains("(if: $") {
            rows.insert(230);
        }
        if ["_e0:", "_1_f0:", "_entities:", "__typename: "].iter().any(|alias| text.contains(alias))
        {
            rows.insert(320);
        }
        let first = |name: &str| bench.first_edition.contains(name);
        if plan.fetches.iter().any(|(_, fetch)| first(&supergraph.subgraph(fetch.subgraph).name)) {
            rows.insert(110);
        }
        for row in rows {
            *self.0.entry(row).or_default() += 1;
        }
    }

    /// Adds the counts of another run.
    pub fn merge(&mut self, other: Self) {
        for (row, count) in other.0 {
            *self.0.entry(row).or_default() += count;
        }
    }

    /// The rows that no plan used.
    pub fn missing(&self, access: Access) -> Vec<u16> {
        let rows = ROWS.iter().filter(|_| access == Access::Open);
        let ruled = RULED_ROWS.iter().filter(|_| access == Access::Ruled);
        rows.chain(ruled)
            .map(|(row, _)| *row)
            .filter(|row| !self.0.contains_key(row))
            .map(|row| row / 10)
            .collect()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (row, what) in ROWS.iter().chain(&RULED_ROWS) {
            let count = self.0.get(row).copied().unwrap_or_default();
            writeln!(f, "{:>3}  {count:>9}  {what}", row / 10)?;
        }
        Ok(())
    }
}

struct Look<'a> {
    supergraph: &'a Supergraph,
    plan: &'a QueryPlan,
    rows: BTreeSet<u16>,
}

fn is_entities(group: &Group) -> bool {
    matches!(group.kind, GroupKind::Entities { .. })
}

impl Look<'_> {
    fn representations(&mut self) {
        let plan = self.plan;
        let mut requiring = Vec::new();
        for (_, group) in plan.groups.iter() {
            let GroupKind::Entities { representations, contexts, .. } = &group.kind else {
                continue;
            };
            if !contexts.is_empty() {
                self.rows.insert(290);
            }
            if contexts.iter().any(|context| context.sources.len() > 1) {
                self.rows.insert(291);
            }
            let subgraph = plan.fetches[group.fetch].subgraph;
            if group.from.iter().all(|from| plan.fetch_of(*from).subgraph == subgraph) {
                self.rows.insert(30);
            }
            if group.selection.runtime_type == RuntimeType::Asked {
                self.rows.insert(171);
            }
            for representation in representations {
                self.representation(group, representation);
                if representation.fields.iter().any(|field| !field.is_key) {
                    requiring.push((group.position, subgraph));
                }
            }
        }
        let chained = |(position, subgraph): &(_, SubgraphId)| {
            requiring.iter().any(|(other, another)| other == position && another != subgraph)
        };
        if requiring.iter().any(chained) {
            self.rows.insert(70);
        }
    }

    fn representation(&mut self, group: &Group, representation: &Representation) {
        let keys = representation.fields.iter().filter(|field| field.is_key);
        if keys.clone().count() > 1 || keys.clone().any(|key| !key.fields.is_empty()) {
            self.rows.insert(10);
        }
        let Some(ty) = self.supergraph.type_named(&representation.typename) else { return };
        let ty = self.supergraph.ty(ty);
        if ty.kind == TypeKind::Interface {
            self.rows.insert(170);
            if representation.fields.iter().any(|field| !field.is_key) {
                self.rows.insert(172);
            }
        }
        let stub = |from| {
            let here = ty.in_subgraph(self.plan.fetch_of(from).subgraph);
            here.is_some_and(|here| here.keys.iter().any(|key| !key.resolvable))
        };
        if group.from.iter().any(|from| stub(*from)) {
            self.rows.insert(20);
        }
        for field in &representation.fields {
            self.represented(field, !field.is_key);
        }
    }

    fn represented(&mut self, field: &RepresentationField, required: bool) {
        let plan = self.plan;
        if required {
            self.rows.insert(40);
            if field.with_typename || field.fields.iter().any(|field| field.types.is_some()) {
                self.rows.insert(60);
            }
            let aliased = |selected: &SelectedField| {
                selected.slot == field.slot
                    && selected.response_name != plan.slots[field.slot].field
            };
            if plan.groups.iter().any(|(_, group)| any_field(&group.selection, &aliased)) {
                self.rows.insert(50);
            }
        }
        for field in &field.fields {
            self.represented(field, required);
        }
    }

    fn selections(&mut self) {
        for (_, group) in self.plan.groups.iter() {
            self.selection(&group.selection, self.plan.fetches[group.fetch].subgraph);
        }
    }

    fn selection(&mut self, selection: &Selection, subgraph: SubgraphId) {
        let supergraph = self.supergraph;
        let ty = self.plan.positions[selection.position].ty;
        for selected in &selection.fields {
            let slot = &self.plan.slots[selected.slot];
            if selected.response_name != slot.field {
                self.rows.insert(160);
            }
            if selected.types.is_some() {
                self.rows.insert(180);
            }
            if let Some(field) = supergraph.field_named(ty, &slot.field) {
                let field = supergraph.field(field);
                let composite = supergraph.ty(field.ty.named());
                if field.capability(subgraph).is_some_and(|capability| capability.external) {
                    self.rows.insert(100);
                }
                if composite.is_abstract() && field.capabilities.len() > 1 {
                    self.rows.insert(190);
                }
                if !field.accessible {
                    self.rows.insert(260);
                }
                if composite.enum_values.iter().any(|value| !value.accessible) {
                    self.rows.insert(261);
                }
                let hidden = |member| !supergraph.ty(member).accessible;
                if composite.is_abstract() && composite.possible.iter().any(hidden) {
                    self.rows.insert(262);
                }
                if ty == supergraph.query_type() && field.capabilities.len() > 1 {
                    self.rows.insert(140);
                }
            }
            if let Some(below) = &selected.selection {
                self.selection(below, subgraph);
            }
        }
    }

    fn roots(&mut self) {
        let plan = self.plan;
        let mut filled = BTreeSet::new();
        for (_, group) in plan.groups.iter().filter(|(_, group)| !is_entities(group)) {
            if group.position != plan.root() {
                self.rows.insert(200);
                if plan.operation == OperationKind::Mutation {
                    self.rows.insert(201);
                }
            }
            for field in group.selection.fields.iter().filter(|field| field.selection.is_some()) {
                if !filled.insert(field.slot) {
                    self.rows.insert(150);
                }
            }
        }
        let mutation = plan.operation == OperationKind::Mutation;
        if mutation && plan.groups.iter().any(|(_, group)| is_entities(group)) {
            self.rows.insert(210);
        }
        if plan.fetches.iter().any(|(_, fetch)| !fetch.variables.is_empty()) {
            self.rows.insert(310);
        }
    }

    /// What only the texts of requests tell.
    fn texts(&mut self) {
        let several = |name: &str| {
            let ty = self.supergraph.type_named(name);
            ty.is_some_and(|ty| self.supergraph.ty(ty).in_subgraphs.len() > 1)
        };
        let differ = [("m: ", several("N")), ("in: ", several("In"))];
        for (_, fetch) in self.plan.fetches.iter() {
            if differ.iter().any(|(name, several)| *several && fetch.text.contains(name)) {
                self.rows.insert(270);
            }
            if fetch.text.contains("@mark") {
                self.rows.insert(330);
            }
        }
    }

    fn response(&mut self, selection: &ResponseSelection) {
        self.denials(selection);
        for case in &selection.cases {
            if case.fields.is_empty() {
                self.rows.insert(240);
            }
            for field in &case.fields {
                match &field.source {
                    ResponseSource::Typename => drop(self.rows.insert(250)),
                    ResponseSource::Slot { selection: Some(below), .. } => self.response(below),
                    ResponseSource::Introspection if !self.plan.fetches.is_empty() => {
                        self.rows.insert(340);
                    }
                    ResponseSource::Slot { .. }
                    | ResponseSource::Introspection
                    | ResponseSource::Denied { .. } => {}
                }
            }
        }
    }

    /// What the caller may not see of objects.
    fn denials(&mut self, selection: &ResponseSelection) {
        let (plan, supergraph) = (self.plan, self.supergraph);
        if !selection.denied.is_empty() {
            self.rows.insert(352);
        }
        let is_denied =
            |field: &ResponseField| matches!(field.source, ResponseSource::Denied { .. });
        let fields = || selection.cases.iter().flat_map(|case| &case.fields);
        let declared = supergraph.ty(plan.positions[selection.position].ty);
        for field in fields().filter(|field| is_denied(field)) {
            let name = &field.response_name;
            self.rows.insert(350);
            let shown = |other: &ResponseField| other.response_name == *name && !is_denied(other);
            if fields().any(shown) {
                self.rows.insert(351);
            }
            let is_it = |slot: &SlotId| {
                plan.slots[*slot].position == selection.position && plan.slots[*slot].field == *name
            };
            let fetched = |selected: &SelectedField| is_it(&selected.slot);
            if plan.groups.iter().any(|(_, group)| any_field(&group.selection, &fetched)) {
                self.rows.insert(353);
            }
            let members = declared.possible.iter();
            let found = members.filter_map(|ty| supergraph.field_named(ty, name));
            for field in found.map(|field| supergraph.field(field)) {
                if field.from_interface_object {
                    self.rows.insert(355);
                }
                if !field.conditions.is_empty() {
                    self.rows.insert(356);
                }
            }
        }
        if plan.fetches.is_empty() && fields().next().is_some() && fields().all(is_denied) {
            self.rows.insert(354);
        }
    }

    /// Fields that moved: a plan uses one when it selects it.
    fn overrides(&mut self, overrides: &[Override], labels: &BTreeSet<String>) {
        for Override { type_name, field, label, .. } in overrides {
            // A subgraph may call its root type otherwise.
            let ty = match type_name.trim_start_matches("The") == "Query" {
                true => Some(self.supergraph.query_type()),
                false => self.supergraph.type_named(type_name),
            };
            let selected = |selected: &SelectedField| {
                let slot = &self.plan.slots[selected.slot];
                slot.field == *field && Some(self.plan.positions[slot.position].ty) == ty
            };
            if self.plan.groups.iter().any(|(_, group)| any_field(&group.selection, &selected)) {
                self.rows.insert(match label {
                    None => 120,
                    Some(label) if labels.contains(label) => 131,
                    Some(_) => 130,
                });
            }
        }
    }
}

fn any_field(selection: &Selection, wanted: &impl Fn(&SelectedField) -> bool) -> bool {
    selection.fields.iter().any(|field| {
        wanted(field) || field.selection.as_ref().is_some_and(|below| any_field(below, wanted))
    })
}
