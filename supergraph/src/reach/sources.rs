//! Who resolves a field where it stands.
//!
//! **In:** a [`Source`], a runtime type, a field. **Out:** the [`Resolution`], and who stands below.
//!
//! **Never here:** how a subgraph is entered (`closure`).
//!
//! **Holds:** an external field counts only under a `@provides` that names it on this path. A
//! capability whose label the path hasn't decided counts as absent and leaves the label in `needed`,
//! so that the caller decides it both ways and asks again.

use crate::{
    Capability, FieldDef, FieldSetId, FieldSetItem, SubgraphId, Supergraph, TypeId, TypeKind,
    TypeSet,
};
use std::{cell::Cell, collections::HashMap};

/// An interned view: what `@provides` adds on a path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct ViewId(u32);

/// A subgraph that stands on objects of some runtime type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Source {
    pub(super) subgraph: SubgraphId,
    /// Set while it stands there as an `@interfaceObject` of that interface.
    pub(super) interface_object: Option<TypeId>,
    pub(super) view: ViewId,
}

/// A source at a position, before the runtime type is chosen.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Carrier {
    pub(super) source: Source,
    /// The type of the value there.
    pub(super) local: TypeId,
    /// The runtime types it can answer; empty for an interface object.
    pub(super) types: TypeSet,
}

/// How a subgraph resolves a field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resolution {
    /// The named type of its value there.
    local: TypeId,
    pub(super) requires: Option<FieldSetId>,
    provides: Option<FieldSetId>,
}

/// The capability tables under the labels of a path.
pub(super) struct Resolver<'a> {
    pub(super) supergraph: &'a Supergraph,
    /// For each label of the supergraph its state, if the path decided it.
    pub(super) labels: Vec<Option<bool>>,
    /// A label that was asked for and is not decided.
    pub(super) needed: Cell<Option<usize>>,
    views: Vec<Vec<FieldSetItem>>,
    interned: HashMap<Vec<FieldSetItem>, ViewId>,
}

impl ViewId {
    pub(super) const NONE: Self = Self(0);
}

impl Source {
    pub(super) fn typed(subgraph: SubgraphId) -> Self {
        Self { subgraph, interface_object: None, view: ViewId::NONE }
    }
}

impl<'a> Resolver<'a> {
    pub(super) fn new(supergraph: &'a Supergraph) -> Self {
        Self {
            supergraph,
            labels: vec![None; supergraph.labels().len()],
            needed: Cell::new(None),
            views: vec![Vec::new()],
            interned: HashMap::from([(Vec::new(), ViewId::NONE)]),
        }
    }

    fn is_active(&self, capability: &Capability) -> bool {
        if capability.external {
            return false;
        }
        let Some(guard) = &capability.guard else { return true };
        match self.labels[guard.label] {
            Some(on) => on == guard.on,
            None => {
                self.needed.set(Some(guard.label));
                false
            }
        }
    }

    /// How `source` resolves the field `name` on objects of the runtime type `ty`, if it does.
    pub(super) fn resolve(&self, source: Source, ty: TypeId, name: &str) -> Option<Resolution> {
        let on = source.interface_object.unwrap_or(ty);
        let field = self.supergraph.field(self.supergraph.field_named(on, name)?);
        if let Some(row) = field.capability(source.subgraph).filter(|row| self.is_active(row)) {
            return Some(Resolution {
                local: row.ty.named(),
                requires: row.requires,
                provides: row.provides,
            });
        }
        self.resolve_provided(source, ty, field)
    }

    fn resolve_provided(&self, source: Source, ty: TypeId, field: &FieldDef) -> Option<Resolution> {
        if source.view == ViewId::NONE || source.interface_object.is_some() {
            return None;
        }
        self.view_below(source.view, ty, &field.name)?;
        let local = field.capability(source.subgraph).map_or(&field.ty, |row| &row.ty).named();
        Some(Resolution { local, requires: None, provides: None })
    }

    /// What the view provides below a field of `ty`; none when it doesn't provide the field.
    fn view_below(&self, view: ViewId, ty: TypeId, name: &str) -> Option<Vec<FieldSetItem>> {
        let mut below = None;
        self.collect_view(&self.views[view.0 as usize], ty, name, &mut below);
        below
    }

    fn collect_view(
        &self,
        items: &[FieldSetItem],
        ty: TypeId,
        name: &str,
        below: &mut Option<Vec<FieldSetItem>>,
    ) {
        for item in items {
            match item {
                FieldSetItem::Field { field, items, .. }
                    if self.supergraph.field(*field).name == name =>
                {
                    below.get_or_insert_default().extend(items.iter().cloned());
                }
                FieldSetItem::Fragment { on, items }
                    if self.supergraph.ty(*on).possible.contains(ty) =>
                {
                    self.collect_view(items, ty, name, below);
                }
                _ => {}
            }
        }
    }

    /// Who stands below the field `name`, which `source` resolved.
    pub(super) fn below(
        &mut self,
        source: Source,
        resolution: Resolution,
        (ty, name): (TypeId, &str),
    ) -> Carrier {
        let mut items = match source.view {
            ViewId::NONE => Vec::new(),
            view => self.view_below(view, ty, name).unwrap_or_default(),
        };
        if let Some(set) = resolution.provides {
            items.extend(self.supergraph.field_set(set).items.iter().cloned());
        }
        let view = self.intern_view(items);
        let local = self.supergraph.ty(resolution.local);
        let row = local.in_subgraph(source.subgraph);
        let interface_object = row.is_some_and(|row| row.interface_object);
        let types = match row {
            _ if interface_object => TypeSet::new(),
            Some(row) => row.possible.clone(),
            None => local.possible.clone(),
        };
        let interface_object = interface_object.then_some(resolution.local);
        let source = Source { subgraph: source.subgraph, interface_object, view };
        Carrier { source, local: resolution.local, types }
    }

    fn intern_view(&mut self, items: Vec<FieldSetItem>) -> ViewId {
        if let Some(id) = self.interned.get(&items) {
            return *id;
        }
        let id = ViewId(u32::try_from(self.views.len()).expect("a path has few views"));
        self.views.push(items.clone());
        self.interned.insert(items, id);
        id
    }

    /// Whether a fragment on `on` applies to every object of `ty`.
    pub(super) fn applies(&self, on: TypeId, ty: TypeId) -> bool {
        let (on, row) = (self.supergraph.ty(on), self.supergraph.ty(ty));
        match row.kind {
            TypeKind::Object => on.possible.contains(ty),
            _ => row.possible.is_subset(&on.possible),
        }
    }
}
