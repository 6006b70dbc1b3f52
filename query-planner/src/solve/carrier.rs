//! What a subgraph can resolve where it stands.
//!
//! **In:** the capability tables, override labels and `@provides` views. **Out:** [`Resolution`]s
//! and the carriers below a field.
//!
//! **Never here:** how to get to a subgraph (`jump`).
//!
//! **Holds:** an external field counts only under a `@provides` that names it on this path.

use super::choice::Carrier;
use crate::Guards;
use rustc_hash::FxHashMap;
use supergraph::{
    Capability, FieldSetId, FieldSetItem, Id, SubgraphId, Supergraph, TypeId, TypeSet, ids,
};

ids! {
    /// An interned view: what `@provides` adds on a path.
    ViewId,
}

/// What a field needs besides the object's key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Needs {
    /// Values of the same object.
    pub(crate) requires: Option<FieldSetId>,
    /// Arguments that objects above fill: the field is asked by a request of its own, which waits
    /// for their values.
    pub(crate) contextual: bool,
}

impl Needs {
    pub(crate) fn of(capability: &Capability) -> Self {
        let contextual = !capability.contextual_arguments.is_empty();
        Self { requires: capability.requires, contextual }
    }

    pub(crate) fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// How a subgraph resolves a field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolution {
    /// The type that declares it there.
    pub(crate) on: TypeId,
    /// The named type of its value there.
    pub(crate) local: TypeId,
    pub(crate) needs: Needs,
    pub(crate) provides: Option<FieldSetId>,
}

/// The supergraph as the solver sees it under the guards of one plan.
pub(crate) struct Capabilities<'a> {
    pub(crate) supergraph: &'a Supergraph,
    /// For each label of the supergraph, whether it is on.
    labels: Vec<bool>,
    views: Vec<Vec<FieldSetItem>>,
    interned: FxHashMap<Vec<FieldSetItem>, ViewId>,
}

impl<'a> Capabilities<'a> {
    pub(crate) fn new(supergraph: &'a Supergraph, guards: &Guards) -> Self {
        let labels = supergraph.labels().iter().map(|label| guards.labels.contains(label));
        Self {
            supergraph,
            labels: labels.collect(),
            views: vec![Vec::new()],
            interned: FxHashMap::default(),
        }
    }

    pub(crate) fn no_view() -> ViewId {
        ViewId::from_index(0)
    }

    /// Whether `capability` counts: not external, on the right side of its override, and without
    /// arguments that only `@fromContext` could fill (they can differ from entity to entity, which
    /// no fetch of ours carries).
    pub(super) fn is_active(&self, capability: &Capability) -> bool {
        !capability.external
            && capability.guard.as_ref().is_none_or(|guard| self.labels[guard.label] == guard.on)
    }

    /// How `carrier` resolves `field` on objects of the runtime type `ty`, if it does.
    pub(crate) fn resolve(&self, carrier: &Carrier, ty: TypeId, field: &str) -> Option<Resolution> {
        match carrier.interface_object {
            Some(interface) => self.resolve_on(carrier.subgraph, interface, field),
            None if !carrier.types.contains(ty) => None,
            None => self
                .resolve_on(carrier.subgraph, ty, field)
                .or_else(|| self.resolve_provided(carrier, ty, field)),
        }
    }

    /// How `subgraph` resolves `field` of the type `on` by itself.
    pub(crate) fn resolve_on(
        &self,
        subgraph: SubgraphId,
        on: TypeId,
        field: &str,
    ) -> Option<Resolution> {
        let field = self.supergraph.field(self.supergraph.field_named(on, field)?);
        let capability = field.capability(subgraph).filter(|row| self.is_active(row))?;
        Some(Resolution {
            on,
            local: capability.ty.named(),
            needs: Needs::of(capability),
            provides: capability.provides,
        })
    }

    fn resolve_provided(&self, carrier: &Carrier, ty: TypeId, field: &str) -> Option<Resolution> {
        if carrier.view == Self::no_view() {
            return None;
        }
        self.view_below(carrier.view, ty, field)?;
        let def = self.supergraph.field(self.supergraph.field_named(ty, field)?);
        let local = def.capability(carrier.subgraph).map_or(&def.ty, |row| &row.ty).named();
        Some(Resolution { on: ty, local, needs: Needs::default(), provides: None })
    }

    /// What the view provides below `field` of `ty`; none when it doesn't provide the field.
    fn view_below(&self, view: ViewId, ty: TypeId, field: &str) -> Option<Vec<FieldSetItem>> {
        let mut below = None;
        self.collect_view(&self.views[view.index()], ty, field, &mut below);
        below
    }

    fn collect_view(
        &self,
        items: &[FieldSetItem],
        ty: TypeId,
        field: &str,
        below: &mut Option<Vec<FieldSetItem>>,
    ) {
        for item in items {
            match item {
                FieldSetItem::Field { field: provided, items, .. }
                    if self.supergraph.field(*provided).name == field =>
                {
                    below.get_or_insert_default().extend(items.iter().cloned());
                }
                FieldSetItem::Fragment { on, items }
                    if self.supergraph.ty(*on).possible.contains(ty) =>
                {
                    self.collect_view(items, ty, field, below);
                }
                _ => {}
            }
        }
    }

    /// The carrier below `field`, which `subgraph` resolved with `resolution` under `view`.
    /// `members` restricts the runtime types of a union.
    pub(crate) fn carrier_below(
        &mut self,
        subgraph: SubgraphId,
        resolution: &Resolution,
        view: ViewId,
        (ty, field): (TypeId, &str),
        members: Option<&TypeSet>,
    ) -> Carrier {
        let mut items = match view == Self::no_view() {
            true => Vec::new(),
            false => self.view_below(view, ty, field).unwrap_or_default(),
        };
        if let Some(set) = resolution.provides {
            items.extend(self.supergraph.field_set(set).items.iter().cloned());
        }
        let view = self.intern_view(items);
        let local = self.supergraph.ty(resolution.local);
        let row = local.in_subgraph(subgraph);
        let interface_object = row.is_some_and(|row| row.interface_object);
        let possible = row.map_or(&local.possible, |row| &row.possible);
        let types = match members {
            _ if interface_object => TypeSet::new(),
            Some(members) => possible.intersection(members),
            None => possible.clone(),
        };
        Carrier {
            subgraph,
            interface_object: interface_object.then_some(resolution.local),
            types,
            view,
            level: 0,
            once: false,
        }
    }

    fn intern_view(&mut self, items: Vec<FieldSetItem>) -> ViewId {
        if items.is_empty() {
            return Self::no_view();
        }
        if let Some(id) = self.interned.get(&items) {
            return *id;
        }
        let id = ViewId::from_index(self.views.len());
        self.views.push(items.clone());
        self.interned.insert(items, id);
        id
    }
}
