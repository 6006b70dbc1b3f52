//! Contexts: where the values are that objects above give to contextual arguments.
//!
//! **In:** the placed entries that a shape's contexts read. **Out:** what fills a field's arguments:
//! [`Filled`].
//!
//! **Never here:** which object sets a context (`shape::contexts`).
//!
//! **Holds:** what is read at a position is placed before anything below it, so a group that waits
//! for it never waits for itself.

use super::{
    Builder,
    draft::{DraftSet, collect_groups},
    place::{Placed, PlacedField},
};
use crate::{
    PlanErrorKind,
    plan::{ContextSource, PositionId},
    shape::{
        Entry, Shape,
        contexts::{ContextRow, ContextUse, uses_of},
    },
    solve::choice::Source,
};
use supergraph::TypeSet;

/// A context's value at a position.
pub(super) struct SetContext {
    reader: ContextUse,
    source: ContextSource,
    /// The groups that fetch it.
    groups: DraftSet,
}

/// A contextual argument and what fills it.
pub(super) struct Filled {
    pub(super) argument: String,
    pub(super) ty: String,
    pub(super) sources: Vec<ContextSource>,
    /// The groups that fetch the value.
    pub(super) groups: DraftSet,
}

impl Builder<'_> {
    /// Remembers where the contexts of a shape are at a position.
    pub(super) fn set_contexts(&mut self, shape: &Shape, at: PositionId, placed: &Placed) {
        for row in &shape.contexts {
            let read = self.read_by(row, placed);
            let mut groups = DraftSet::new();
            collect_groups(&read, &mut groups);
            let subgraph = row.reader.subgraph;
            let fields = self.representation(&read, row.field_set, row.setter, subgraph, false);
            let source = ContextSource { position: at, types: row.types.clone(), fields };
            let known = self.contexts.entry(at).or_default();
            let same =
                |known: &&mut SetContext| known.reader == row.reader && known.source == source;
            match known.iter_mut().find(same) {
                Some(known) => known.groups.union_with(&groups),
                None => known.push(SetContext { reader: row.reader, source, groups }),
            }
        }
    }

    /// The placed entries of a shape that a context reads, as entries of its field set.
    fn read_by(&self, row: &ContextRow, placed: &Placed) -> Placed {
        let mut read = Placed::default();
        for (index, entry) in row.entries.iter().enumerate() {
            let counts = |field: &&PlacedField| {
                let is_abstract = self.supergraph.ty(field.ty).is_abstract();
                field.entry == *entry && (is_abstract || row.types.contains(field.ty))
            };
            let fields = placed.fields.iter().filter(counts);
            read.fields.extend(fields.map(|field| PlacedField { entry: index, ..field.clone() }));
        }
        read
    }

    /// What fills the contextual arguments of a field that `source` answers at a position.
    pub(super) fn filled(
        &self,
        source: &Source,
        entry: &Entry,
        at: PositionId,
    ) -> Result<Vec<Filled>, PlanErrorKind> {
        if !source.is_contextual() {
            return Ok(Vec::new());
        }
        let supergraph = self.supergraph;
        let field = supergraph.field_named(source.on, entry.field());
        let field = field.expect("the solver resolved this field");
        let capability = supergraph.field(field).capability(source.subgraph);
        let capability = capability.expect("the solver resolved this field");
        uses_of(field, capability).map(|reader| self.filled_by(reader, at)).collect()
    }

    fn filled_by(&self, reader: ContextUse, at: PositionId) -> Result<Filled, PlanErrorKind> {
        let argument = reader.argument(self.supergraph);
        let mut filled = Filled {
            argument: argument.name.clone(),
            ty: argument.ty.clone(),
            sources: Vec::new(),
            groups: DraftSet::new(),
        };
        let mut position = at;
        while let Some(slot) = self.positions[position].parent {
            position = self.slots[slot].position;
            let rows = self.contexts.get(&position).into_iter().flatten();
            let mut types = TypeSet::new();
            for row in rows.filter(|row| row.reader == reader) {
                types.union_with(&row.source.types);
                filled.sources.push(row.source.clone());
                filled.groups.union_with(&row.groups);
            }
            // What stands above objects that all set the context doesn't matter.
            if self.supergraph.ty(self.positions[position].ty).possible.is_subset(&types) {
                break;
            }
        }
        if filled.sources.is_empty() {
            let field = self.supergraph.field(reader.field);
            let parent = &self.supergraph.ty(field.parent).name;
            let reason = format!(
                "its argument `{}` in `{}` is filled from a context that nothing above sets",
                argument.name,
                self.supergraph.subgraph(reader.subgraph).name
            );
            let coordinate = format!("{parent}.{}", field.name);
            return Err(PlanErrorKind::Unreachable { coordinate, reason });
        }
        Ok(filled)
    }
}
