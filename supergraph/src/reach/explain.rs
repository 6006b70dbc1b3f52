//! Why no subgraph could answer a field.
//!
//! **In:** the field, its runtime type, who stands there. **Out:** an [`Obstacle`] for each subgraph
//! that stands there or declares the field.
//!
//! **Never here:** sentences; composition writes those, with places in the sources.

use super::{
    Obstacle,
    closure::{Closure, Closures},
    sources::Source,
};
use crate::{
    Capability, FieldId, FieldSetId, FieldSetItem, SubgraphId, SubgraphSet, TypeId, TypeInSubgraph,
};
use std::rc::Rc;

/// Why nobody answers `field` on objects of type `ty`.
pub(super) fn field_obstacles(
    closures: &mut Closures<'_>,
    ty: TypeId,
    field: FieldId,
    ways: &[Vec<Source>],
) -> Vec<(SubgraphId, Obstacle)> {
    let supergraph = closures.supergraph();
    let def = supergraph.field(field);
    let mut obstacles: Vec<(SubgraphId, Obstacle)> = Vec::new();
    let reached: Vec<Rc<Closure>> = ways.iter().map(|way| closures.closure(ty, way)).collect();
    for capability in &def.capabilities {
        let row = supergraph.ty(ty).in_subgraph(capability.subgraph);
        let obstacle = obstacle(closures, (ty, ty), capability, row, &reached);
        obstacles.push((capability.subgraph, obstacle));
    }
    for interface in &supergraph.ty(ty).interfaces {
        let Some(on_interface) = supergraph.field_named(*interface, &def.name) else { continue };
        for capability in &supergraph.field(on_interface).capabilities {
            let row = supergraph.ty(*interface).in_subgraph(capability.subgraph);
            if row.is_some_and(|row| row.interface_object)
                && !obstacles.iter().any(|(known, _)| *known == capability.subgraph)
            {
                let obstacle = obstacle(closures, (ty, *interface), capability, row, &reached);
                obstacles.push((capability.subgraph, obstacle));
            }
        }
    }
    let standing: SubgraphSet = ways.iter().flatten().map(|source| source.subgraph).collect();
    for subgraph in standing.iter() {
        if !obstacles.iter().any(|(known, _)| *known == subgraph) {
            obstacles.push((subgraph, Obstacle::LacksField));
        }
    }
    obstacles.sort_by_key(|(subgraph, _)| (!standing.contains(*subgraph), *subgraph));
    obstacles
}

/// Why nobody can tell the runtime types behind an interface object.
pub(super) fn type_obstacles(
    interface: TypeId,
    standing: &SubgraphSet,
) -> Vec<(SubgraphId, Obstacle)> {
    standing.iter().map(|subgraph| (subgraph, Obstacle::UnknownRuntimeType { interface })).collect()
}

/// `on` is the type as the subgraph names it: `ty`, or an interface object of it.
fn obstacle(
    closures: &mut Closures<'_>,
    (ty, on): (TypeId, TypeId),
    capability: &Capability,
    row: Option<&TypeInSubgraph>,
    reached: &[Rc<Closure>],
) -> Obstacle {
    let supergraph = closures.supergraph();
    if capability.external {
        return Obstacle::External;
    }
    if let Some(guard) = &capability.guard
        && closures.resolver.labels[guard.label].is_some_and(|state| state != guard.on)
    {
        return Obstacle::OverrideLabel { label: supergraph.labels()[guard.label].clone() };
    }
    let text = |set: FieldSetId| supergraph.print_field_set(supergraph.field_set(set));
    let keys = row.map(|row| row.keys.as_slice()).unwrap_or_default();
    let mut missing_keys = Vec::new();
    for key in keys.iter().filter(|key| key.resolvable) {
        let missing = missing(closures, ty, key.fields, reached);
        if missing.is_empty() {
            missing_keys.clear();
            break;
        }
        missing_keys.push((text(key.fields), missing));
    }
    if !missing_keys.is_empty() {
        return Obstacle::KeysOutOfReach { keys: missing_keys };
    }
    if !keys.iter().any(|key| key.resolvable) {
        let unresolvable = keys.iter().map(|key| text(key.fields)).collect();
        return Obstacle::NoKey { on, unresolvable };
    }
    let Some(set) = capability.requires else {
        return Obstacle::KeysOutOfReach { keys: Vec::new() };
    };
    let missing = missing(closures, ty, set, reached);
    Obstacle::RequirementOutOfReach { requires: text(set), missing }
}

/// The fields of a field set that cannot be had; none when one of the ways has them all.
fn missing(
    closures: &mut Closures<'_>,
    ty: TypeId,
    set: FieldSetId,
    reached: &[Rc<Closure>],
) -> Vec<String> {
    let supergraph = closures.supergraph();
    let items = &supergraph.field_set(set).items;
    let mut fewest: Option<Vec<String>> = None;
    for closure in reached {
        let lacking = items.iter().filter(|item| !closures.has_item(ty, item, closure));
        let names: Vec<String> = lacking
            .collect::<Vec<_>>()
            .into_iter()
            .map(|item| match item {
                FieldSetItem::Field { field, .. } => supergraph.coordinate(*field),
                FieldSetItem::Fragment { on, .. } => format!("... on {}", supergraph.ty(*on).name),
            })
            .collect();
        if fewest.as_ref().is_none_or(|fewest| names.len() < fewest.len()) {
            fewest = Some(names);
        }
    }
    fewest.unwrap_or_default()
}
