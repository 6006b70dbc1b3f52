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
    alias: usize,
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
        let in_the_way = self.taken.iter().filter(|taken| !taken.agrees(&taking));
        let mut aliases: Vec<usize> =
            in_the_way.filter_map(|taken| taken.as_alias_of(field)).collect();
        aliases.sort_unstable();
        aliases.dedup();
        // The first number that is missing.
        let free = aliases.iter().enumerate().find(|(at, alias)| at != *alias);
        taking.alias = free.map_or(aliases.len(), |(at, _)| at);
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

    /// The number in front of `field` that would give this name, if one does.
    fn as_alias_of(&self, field: &str) -> Option<usize> {
        if self.field == field {
            return Some(self.alias);
        }
        // A field of the schema may be called like an alias of ours.
        if !self.field.starts_with('_') && !field.starts_with('_') {
            return None;
        }
        let name = self.name();
        if name == field {
            return Some(0);
        }
        let number = name.strip_suffix(field)?.strip_prefix('_')?.strip_suffix('_')?;
        let alias = number.parse().ok().filter(|alias| *alias > 0)?;
        // `_01_x` is nobody's alias.
        (format!("_{alias}_{field}") == name).then_some(alias)
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
