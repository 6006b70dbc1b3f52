//! Says why a subgraph that declares a field cannot answer it where it is selected.
//!
//! **In:** a field and a subgraph that was tried without success. **Out:** a sentence's end.
//!
//! **Never here:** trying (`why`), what can be reached (`supergraph`).
//!
//! **Read first:** [`why_not`].

use super::fields::Found;
use crate::Guards;
use supergraph::{Obstacle, SubgraphId, Supergraph, TypeId};

/// Why `subgraph` cannot answer.
pub(super) fn why_not(
    supergraph: &Supergraph,
    guards: &Guards,
    found: &Found,
    subgraph: SubgraphId,
) -> String {
    let is_on = |label: &str| guards.labels.contains(label);
    let obstacles = found.types.iter().filter_map(|ty| {
        let field = supergraph.field_named(*ty, &found.field)?;
        let obstacles = supergraph.obstacles(*ty, field, &found.standing, &is_on);
        let of_subgraph = obstacles.into_iter().find(|(asked, _)| *asked == subgraph);
        Some((*ty, of_subgraph.map(|(_, obstacle)| obstacle)))
    });
    let mut said = None;
    for (ty, obstacle) in obstacles {
        match obstacle {
            Some(obstacle) => {
                said = said.or_else(|| sentence(supergraph, ty, &obstacle));
            }
            None => {
                let name = &supergraph.ty(ty).name;
                said =
                    said.or_else(|| Some(format!("it does not declare `{name}.{}`", found.field)));
            }
        }
    }
    said.unwrap_or_else(|| match found.is_composite {
        true => "it cannot answer everything that is selected below".to_owned(),
        false => "it cannot be asked here".to_owned(),
    })
}

/// None: it could be asked for the field, so what is missing must be below.
fn sentence(supergraph: &Supergraph, ty: TypeId, obstacle: &Obstacle) -> Option<String> {
    let ty = &supergraph.ty(ty).name;
    Some(match obstacle {
        Obstacle::LacksField => format!("it does not declare the field on `{ty}`"),
        Obstacle::External => "it declares the field as `@external`".to_owned(),
        Obstacle::OverrideLabel { label } => {
            format!("the override label `{label}` decides for another subgraph")
        }
        Obstacle::NoKey { on, unresolvable } => {
            let on = &supergraph.ty(*on).name;
            match unresolvable.is_empty() {
                true => format!("it has no `@key` by which a `{on}` could be asked for"),
                false => format!(
                    "no `{on}` can be asked for: its key `{}` is not resolvable",
                    unresolvable.join("`, `")
                ),
            }
        }
        Obstacle::KeysOutOfReach { keys } if keys.is_empty() => return None,
        Obstacle::KeysOutOfReach { keys } => {
            let keys: Vec<String> = keys
                .iter()
                .map(|(key, missing)| match missing.is_empty() {
                    true => format!("`{key}`"),
                    false => format!("`{key}` (nobody here has `{}`)", missing.join("`, `")),
                })
                .collect();
            format!("it needs the key {}", keys.join(" or "))
        }
        Obstacle::RequirementOutOfReach { missing, .. } if missing.is_empty() => return None,
        Obstacle::RequirementOutOfReach { requires, missing } => {
            format!(
                "the field requires `{requires}`, and nobody here has `{}`",
                missing.join("`, `")
            )
        }
        Obstacle::UnknownRuntimeType { interface } => {
            let interface = &supergraph.ty(*interface).name;
            format!("it does not know the runtime types of `{interface}`")
        }
        _ => return None,
    })
}
