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
pub(super) struct Names<'a> {
    taken: Vec<Taken<'a>>,
}

struct Taken<'a> {
    field: &'a str,
    /// 0 for the field's own name, else the number in front of it.
    alias: u32,
    slot: SlotId,
    /// `None` for every runtime type.
    types: Option<TypeSet>,
    ty: &'a TypeRef,
    is_leaf: bool,
}

impl<'a> Names<'a> {
    /// The name for a field called `field`.
    pub(super) fn choose(
        &mut self,
        field: &'a str,
        slot: SlotId,
        types: Option<&TypeSet>,
        ty: &'a TypeRef,
        is_leaf: bool,
    ) -> String {
        let mut taking = Taken { field, alias: 0, slot, types: types.cloned(), ty, is_leaf };
        while self.taken.iter().any(|taken| taken.has_name_of(&taking) && !taken.agrees(&taking)) {
            taking.alias += 1;
        }
        let name = taking.name();
        self.taken.push(taking);
        name
    }
}

impl Taken<'_> {
    fn name(&self) -> String {
        match self.alias {
            0 => self.field.to_owned(),
            alias => format!("_{alias}_{}", self.field),
        }
    }

    fn has_name_of(&self, other: &Self) -> bool {
        match self.alias == other.alias {
            true => self.field == other.field,
            // A field of the schema may be called like an alias of ours.
            false => self.name() == other.name(),
        }
    }

    fn agrees(&self, other: &Self) -> bool {
        if self.slot == other.slot {
            return self.ty == other.ty;
        }
        let apart = match (&self.types, &other.types) {
            (Some(ours), Some(theirs)) => !ours.intersects(theirs),
            _ => false,
        };
        apart && self.is_leaf && other.is_leaf && self.ty == other.ty
    }
}
