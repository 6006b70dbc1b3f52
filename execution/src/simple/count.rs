//! Counts the objects that an answer brings, before they are put into the store.
//!
//! **In:** an answered object and what was selected of it. **Out:** how many objects are below it.
//!
//! **Never here:** what happens when they are too many (`read`).
//!
//! **Holds:** an object counts wherever it is put, also if it only completes one that is there.
//!
//! **Read first:** [`objects_below`].

use super::merge::answered_type;
use crate::{
    Inputs,
    json::{Json, Kind},
    tree::RuntimeTypeState,
};
use query_planner::Selection;
use supergraph::TypeRef;

/// The objects below an answered object of this type.
pub(super) fn objects_below(
    inputs: &Inputs<'_>,
    selection: &Selection,
    ty: RuntimeTypeState,
    answer: &Json,
) -> usize {
    if ty == RuntimeTypeState::Impossible {
        return 0;
    }
    let fields = selection.fields.iter().filter(|field| ty.fits(field.types.as_ref()));
    fields
        .filter_map(|field| {
            let below = field.selection.as_ref()?;
            let value = answer.get(&field.response_name)?;
            Some(objects_in(inputs, below, &inputs.plan.slots[field.slot].ty, value))
        })
        .sum()
}

fn objects_in(inputs: &Inputs<'_>, selection: &Selection, ty: &TypeRef, value: &Json) -> usize {
    match (ty, value.kind()) {
        (TypeRef::List { item, .. }, Kind::Array(items)) => {
            items.iter().map(|value| objects_in(inputs, selection, item, value)).sum()
        }
        (TypeRef::Named { .. }, Kind::Object(_)) => {
            let ty = answered_type(inputs, selection, value, None);
            1 + objects_below(inputs, selection, ty, value)
        }
        _ => 0,
    }
}
