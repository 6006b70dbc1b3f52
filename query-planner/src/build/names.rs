//! Response names inside one selection set of a subgraph's operation.
//!
//! **In:** the fields that one selection set (with its fragments) asks for. **Out:** a name each.
//!
//! **Never here:** the client's aliases: they never travel.
//!
//! **Holds:** no two fields of a selection set conflict. A name is shared only by leaves of equal
//! type on disjoint runtime types; whatever else meets under one name gets an alias.
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Field-Selection-Merging>

use crate::plan::SlotId;
use supergraph::{TypeRef, TypeSet};

/// The names taken so far.
#[derive(Default)]
pub(super) struct Names {
    taken: Vec<Taken>,
}

struct Taken {
    name: String,
    slot: SlotId,
    /// `None` for every runtime type.
    types: Option<TypeSet>,
    ty: TypeRef,
    is_leaf: bool,
}

impl Names {
    /// The name for a field called `field`.
    pub(super) fn choose(
        &mut self,
        field: &str,
        slot: SlotId,
        types: Option<&TypeSet>,
        ty: &TypeRef,
        is_leaf: bool,
    ) -> String {
        let mut name = field.to_owned();
        let mut n = 0;
        while self
            .taken
            .iter()
            .any(|taken| taken.name == name && !taken.agrees_with(slot, types, ty, is_leaf))
        {
            n += 1;
            name = format!("_{n}_{field}");
        }
        self.taken.push(Taken {
            name: name.clone(),
            slot,
            types: types.cloned(),
            ty: ty.clone(),
            is_leaf,
        });
        name
    }
}

impl Taken {
    fn agrees_with(
        &self,
        slot: SlotId,
        types: Option<&TypeSet>,
        ty: &TypeRef,
        is_leaf: bool,
    ) -> bool {
        if self.slot == slot {
            return self.ty == *ty;
        }
        let apart = match (&self.types, types) {
            (Some(ours), Some(theirs)) => !ours.intersects(theirs),
            _ => false,
        };
        apart && self.is_leaf && is_leaf && self.ty == *ty
    }
}
