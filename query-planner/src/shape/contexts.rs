//! Contexts: what `@fromContext` arguments read from objects above them.
//!
//! **In:** a collected shape. **Out:** its [`ContextRow`]s, with the entries that they read added, and
//! what is left for the shapes above.
//!
//! **Never here:** who fetches the value (`solve`), when it is there (`build`).
//!
//! **Holds:** the nearest object above the field whose type sets the context fills the argument, not
//! the field's own object. What is read is an ordinary entry that no case shows.
//!
//! **Read first:** [`Collector::set_contexts`].
//!
//! Spec: <https://specs.apollo.dev/federation/v2.8#@fromContext>

use super::{Collector, Entry, Shape, ShapeId, Shapes, add_entry};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use supergraph::{
    Capability, ContextualArgument, FieldId, SubgraphId, Supergraph, TypeId, TypeSet,
};

/// A contextual argument of a field in a subgraph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ContextUse {
    pub(crate) field: FieldId,
    pub(crate) subgraph: SubgraphId,
    /// Index into the capability's contextual arguments.
    pub(crate) argument: usize,
}

/// What one use reads from objects of a shape.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct ContextRow {
    pub(crate) reader: ContextUse,
    /// The runtime types that set the context here.
    pub(crate) types: TypeSet,
    /// The type that says so.
    pub(crate) setter: TypeId,
    /// The field set that is read.
    pub(crate) field_set: ShapeId,
    /// For each entry of the field set, the entry of the shape.
    pub(crate) entries: Vec<usize>,
}

impl ContextUse {
    /// The argument's row.
    pub(crate) fn argument(self, supergraph: &Supergraph) -> &ContextualArgument {
        let capability = supergraph.field(self.field).capability(self.subgraph);
        &capability.expect("the use was made from it").contextual_arguments[self.argument]
    }
}

impl Shape {
    /// Whether an entry is read by a context.
    pub(crate) fn is_context(&self, entry: usize) -> bool {
        self.contexts.iter().any(|row| row.entries.contains(&entry))
    }
}

impl Collector<'_, '_> {
    /// Adds what contextual arguments below read here; gives those that objects above must fill.
    pub(super) fn set_contexts(
        &mut self,
        shape: &mut Shape,
        known: &mut FxHashMap<Entry, usize>,
        is_serial: bool,
    ) -> BTreeSet<ContextUse> {
        if !self.shapes.supergraph.has_contexts() {
            return BTreeSet::new();
        }
        let mut needs = self.own_uses(shape);
        let children = shape.entries.iter().filter_map(|entry| entry.child);
        let below: BTreeSet<ContextUse> =
            children.filter_map(|child| self.shapes.needs.get(&child)).flatten().copied().collect();
        for reader in below {
            // The root fields of a mutation are executed, not read.
            if is_serial || !self.shapes.set_context(reader, shape, known) {
                needs.insert(reader);
            }
        }
        needs
    }

    fn own_uses(&self, shape: &Shape) -> BTreeSet<ContextUse> {
        let supergraph = self.shapes.supergraph;
        let mut uses = BTreeSet::new();
        for entry in &shape.entries {
            for ty in entry.types.iter() {
                let interfaces = supergraph.ty(ty).interfaces.iter().copied();
                let declaring = std::iter::once(ty).chain(interfaces);
                for field in declaring.filter_map(|on| supergraph.field_named(on, entry.field())) {
                    for capability in &supergraph.field(field).capabilities {
                        if self.is_active(capability) {
                            uses.extend(uses_of(field, capability));
                        }
                    }
                }
            }
        }
        uses
    }

    fn is_active(&self, capability: &Capability) -> bool {
        let labels = self.shapes.supergraph.labels();
        let is_on = |label: usize| self.guards.labels.contains(&labels[label]);
        let guard = capability.guard.as_ref();
        !capability.external && guard.is_none_or(|guard| is_on(guard.label) == guard.on)
    }
}

impl Shapes<'_> {
    /// Adds what `reader` reads from objects of `shape`; says whether all of them set its context.
    fn set_context(
        &mut self,
        reader: ContextUse,
        shape: &mut Shape,
        known: &mut FxHashMap<Entry, usize>,
    ) -> bool {
        let supergraph = self.supergraph;
        let mut missing = shape.types.clone();
        for (setter, field_set) in &reader.argument(supergraph).setters {
            let types = missing.intersection(&supergraph.ty(*setter).possible);
            if types.is_empty() {
                continue;
            }
            let field_set = self.of_interned(*field_set);
            let read = self.get(field_set);
            let entries = read.entries.iter().map(|entry| {
                let types = entry.types.intersection(&types);
                let entry = Entry { types: TypeSet::new(), ..entry.clone() };
                add_entry(shape, known, entry, &types)
            });
            let entries = entries.collect();
            missing = missing.iter().filter(|ty| !types.contains(*ty)).collect();
            shape.contexts.push(ContextRow { reader, types, setter: *setter, field_set, entries });
        }
        missing.is_empty()
    }
}

/// The contextual arguments of a field in a subgraph.
pub(crate) fn uses_of(
    field: FieldId,
    capability: &Capability,
) -> impl Iterator<Item = ContextUse> + use<> {
    let subgraph = capability.subgraph;
    (0..capability.contextual_arguments.len()).map(move |argument| ContextUse {
        field,
        subgraph,
        argument,
    })
}
