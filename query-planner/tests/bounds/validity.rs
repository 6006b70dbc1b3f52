//! Whether a plan can be carried out: by the tables of the supergraph, without subgraphs.
//!
//! **In:** a plan and its supergraph, which uses neither `@provides` nor `@interfaceObject`.
//! **Out:** a panic that says what is wrong.
//!
//! **Never here:** what the plan answers (`oracle` executes plans), whether it is a good one.
//!
//! **Read first:** [`check`].

use apollo_compiler::ast::Document;
use query_planner::{
    FetchId, Group, GroupKind, QueryPlan, RepresentationField, ResponseSelection, ResponseSource,
    Selection, SlotId,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use supergraph::{FieldSetItem, SubgraphId, Supergraph, TypeId};

/// Every fetch waits for what it needs, asks its subgraph only for what that resolves, and together
/// they bring all that the client sees.
pub(crate) fn check(supergraph: &Supergraph, plan: &QueryPlan) {
    let mut before: BTreeMap<FetchId, BTreeSet<FetchId>> = BTreeMap::new();
    let mut filled: BTreeMap<SlotId, BTreeSet<FetchId>> = BTreeMap::new();
    for (id, fetch) in plan.fetches.iter() {
        Document::parse(fetch.text.as_str(), "fetch.graphql")
            .unwrap_or_else(|error| panic!("{}\n{}", fetch.text, error.errors));
        let mut all: BTreeSet<FetchId> = fetch.waits_for.iter().copied().collect();
        for other in &fetch.waits_for {
            assert!(*other < id, "fetches wait for earlier ones");
            all.extend(&before[other]);
        }
        for group in fetch.groups.iter().map(|group| &plan.groups[*group]) {
            for creator in &group.from {
                assert!(
                    all.contains(&plan.groups[*creator].fetch),
                    "a group waits for its objects"
                );
            }
            check_group(supergraph, plan, group, &|slot| {
                filled.get(&slot).is_some_and(|by| !by.is_disjoint(&all))
            });
            fill(&group.selection, id, &mut filled);
        }
        before.insert(id, all);
    }
    check_response(&plan.response, &|slot| filled.contains_key(&slot), &mut BTreeSet::new());
}

fn fill(selection: &Selection, by: FetchId, filled: &mut BTreeMap<SlotId, BTreeSet<FetchId>>) {
    for field in &selection.fields {
        filled.entry(field.slot).or_default().insert(by);
        if let Some(below) = &field.selection {
            fill(below, by, filled);
        }
    }
}

fn check_group(
    supergraph: &Supergraph,
    plan: &QueryPlan,
    group: &Group,
    is_there: &dyn Fn(SlotId) -> bool,
) {
    let subgraph = plan.fetches[group.fetch].subgraph;
    let mut sent = BTreeSet::new();
    if let GroupKind::Entities { representations, .. } = &group.kind {
        for row in representations {
            row.fields.iter().for_each(|field| check_input(field, is_there));
            let names = row.fields.iter().map(|field| field.name.as_str());
            let names: BTreeSet<&str> = names.collect();
            let ty = supergraph.type_named(&row.typename).expect("a type of the supergraph");
            let here = supergraph.ty(ty).in_subgraph(subgraph).expect("the subgraph knows it");
            let mut keys = here.keys.iter().filter(|key| key.resolvable);
            assert!(
                keys.any(|key| names_of(supergraph, &supergraph.field_set(key.fields).items)
                    .is_subset(&names)),
                "`{}` is represented without a key",
                row.typename
            );
            sent.extend(names);
        }
    }
    check_selection(supergraph, plan, subgraph, &group.selection, &sent);
}

fn check_input(field: &RepresentationField, is_there: &dyn Fn(SlotId) -> bool) {
    assert!(is_there(field.slot), "`{}` is sent before it is there", field.name);
    field.fields.iter().for_each(|field| check_input(field, is_there));
}

/// The names at the top of a field set.
fn names_of<'a>(supergraph: &'a Supergraph, items: &'a [FieldSetItem]) -> BTreeSet<&'a str> {
    let names = items.iter().flat_map(|item| match item {
        FieldSetItem::Field { field, .. } => {
            BTreeSet::from([supergraph.field(*field).name.as_str()])
        }
        FieldSetItem::Fragment { items, .. } => names_of(supergraph, items),
    });
    names.collect()
}

fn check_selection(
    supergraph: &Supergraph,
    plan: &QueryPlan,
    subgraph: SubgraphId,
    selection: &Selection,
    sent: &BTreeSet<&str>,
) {
    let declared = supergraph.ty(plan.positions[selection.position].ty);
    let possible = declared.in_subgraph(subgraph).map(|here| &here.possible);
    for field in &selection.fields {
        let name = &plan.slots[field.slot].field;
        let types: Vec<TypeId> = match (&field.types, possible) {
            (Some(types), _) | (None, Some(types)) => types.iter().collect(),
            (None, None) => panic!("the subgraph does not know `{}`", declared.name),
        };
        for ty in types {
            let id = supergraph.field_named(ty, name).expect("a field of the supergraph");
            let capability = supergraph.field(id).capability(subgraph);
            let capability =
                capability.unwrap_or_else(|| panic!("{} is not there", supergraph.coordinate(id)));
            assert!(!capability.external, "{} is external", supergraph.coordinate(id));
            if let Some(required) = capability.requires {
                let required = names_of(supergraph, &supergraph.field_set(required).items);
                assert!(required.is_subset(sent), "{} misses inputs", supergraph.coordinate(id));
            }
        }
        if let Some(below) = &field.selection {
            check_selection(supergraph, plan, subgraph, below, &BTreeSet::new());
        }
    }
}

/// Parts of the response are shared, so that there are many more ways to them than parts.
fn check_response(
    selection: &Arc<ResponseSelection>,
    is_filled: &dyn Fn(SlotId) -> bool,
    seen: &mut BTreeSet<*const ResponseSelection>,
) {
    if !seen.insert(Arc::as_ptr(selection)) {
        return;
    }
    for field in selection.cases.iter().flat_map(|case| &case.fields) {
        if let ResponseSource::Slot { slot, selection, .. } = &field.source {
            assert!(is_filled(*slot), "nobody brings `{}`", field.response_name);
            if let Some(below) = selection {
                check_response(below, is_filled, seen);
            }
        }
    }
}
