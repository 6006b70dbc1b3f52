//! Random faults.
//!
//! **In:** a supergraph, data, a [`Chance`]. **Out:** faults by subgraph.
//!
//! **Never here:** what a fault does (`fault`).
//!
//! **Read first:** [`misfortune`].

use crate::chance::Chance;
use crate::fault::Fault;
use serde_json::Value;
use std::collections::BTreeMap;
use supergraph::{FieldDef, SubgraphId, Supergraph, TypeKind};

/// One to three things that go wrong.
pub fn misfortune(
    supergraph: &Supergraph,
    data: &Value,
    chance: &mut Chance,
) -> BTreeMap<String, Vec<Fault>> {
    let subgraphs: Vec<SubgraphId> = supergraph.subgraphs().ids().collect();
    let objects: Vec<String> = match data.get("objects").and_then(Value::as_object) {
        Some(objects) => objects.keys().cloned().collect(),
        None => Vec::new(),
    };
    let mut faults: BTreeMap<String, Vec<Fault>> = BTreeMap::new();
    for _ in 0..chance.between(1, 3) {
        let subgraph = *chance.pick(&subgraphs);
        let fault = match chance.below(6) {
            0 => Some(Fault::Dead),
            1 => Some(Fault::ShortEntityList { by: 1 }),
            2 if !objects.is_empty() => {
                Some(Fault::MissingEntity { object: chance.pick(&objects).clone() })
            }
            which => field_of(supergraph, subgraph, chance).map(|(type_name, field, nullable)| {
                if which < 5 || !nullable {
                    Fault::Error { type_name, field, message: "boom".to_owned() }
                } else {
                    Fault::Null { type_name, field }
                }
            }),
        };
        if let Some(fault) = fault {
            faults.entry(supergraph.subgraph(subgraph).name.clone()).or_default().push(fault);
        }
    }
    faults
}

/// A field that the subgraph declares: type, field, and whether it may be null there.
fn field_of(
    supergraph: &Supergraph,
    subgraph: SubgraphId,
    chance: &mut Chance,
) -> Option<(String, String, bool)> {
    let mut fields: Vec<(String, String, bool)> = Vec::new();
    for (_, ty) in supergraph.types().iter().filter(|(_, ty)| ty.kind == TypeKind::Object) {
        for (name, field) in &ty.fields {
            let field: &FieldDef = supergraph.field(*field);
            if let Some(capability) = field.capability(subgraph) {
                fields.push((ty.name.clone(), name.clone(), !capability.ty.is_non_null()));
            }
        }
    }
    (!fields.is_empty()).then(|| chance.pick(&fields).clone())
}
