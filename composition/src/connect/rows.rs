//! Says what one connector is in the tables: the types, keys and fields of a subgraph of its own.
//!
//! **In:** a [`Settled`] connector, and the types of its subgraph. **Out:** [`Rows`].
//!
//! **Never here:** the document (`expand`).
//!
//! **Holds:** a field counts where the selection gives it, and nowhere else. What all objects of a
//! type have is the type's own; what only some of them have is external, and provided by the field
//! that the connector answers on the ways that lead there. What only the connector's own objects
//! have, and others of their type below them lack, requires their key: so the others are asked for
//! by it.
//!
//! **Read first:** [`Rows::of`].

use std::collections::HashSet;

use apollo_compiler::Name;
use indexmap::{IndexMap, IndexSet};

use super::connection::Settled;
use super::connector::{ConnectorKind, RootOperation};
use super::given::Position;
use super::key::KeyFields;
use crate::schema::{InputDef, Kind, TypeDef, Types};

/// The types of a virtual subgraph.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) types: IndexMap<Name, TypeRow>,
}

#[derive(Debug, Default)]
pub(super) struct TypeRow {
    pub(super) key: Option<String>,
    pub(super) fields: IndexMap<Name, FieldRow>,
    /// The interfaces that it is known to implement.
    pub(super) implements: IndexSet<Name>,
    /// The members that a union is known to have.
    pub(super) members: IndexSet<Name>,
}

#[derive(Debug, Default)]
pub(super) struct FieldRow {
    pub(super) external: bool,
    pub(super) requires: Option<String>,
    pub(super) provides: Option<String>,
}

/// A connector's objects, sorted.
struct Sorted<'a> {
    types: &'a Types,
    /// What the connector answers itself.
    entries: Vec<Position>,
    /// The fields that all objects of a type have.
    plain: IndexMap<Name, HashSet<Name>>,
    key: &'a KeyFields,
}

impl Rows {
    /// The rows of one connector.
    pub(super) fn of(types: &Types, settled: &Settled) -> Self {
        let entries = entries(settled);
        let mut plain: IndexMap<Name, HashSet<Name>> = IndexMap::new();
        entries.iter().for_each(|entry| keep_common(entry, &mut plain));
        let sorted = Sorted { types, entries, plain, key: &settled.key };
        let mut rows = Self::default();
        for entry in &sorted.entries {
            rows.entry(&sorted, entry, settled);
        }
        for entry in &sorted.entries {
            rows.key_fields(types, &entry.ty, &settled.key);
        }
        rows.interfaces(&sorted);
        rows.leaves(types, settled);
        rows
    }

    fn row(&mut self, ty: &Name) -> &mut TypeRow {
        self.types.entry(ty.clone()).or_default()
    }

    fn entry(&mut self, sorted: &Sorted<'_>, entry: &Position, settled: &Settled) {
        let is_root = matches!(settled.connector.kind, ConnectorKind::RootField { .. });
        if !is_root {
            self.row(&entry.ty).key = Some(sorted.key.text());
        }
        for (name, below) in &entry.fields {
            let is_key = sorted.key.fields.contains_key(name.as_str());
            let is_plain = sorted.is_plain(&entry.ty, name);
            let provides = sorted.provided(below, sorted.declared(&entry.ty, name));
            let row = FieldRow {
                external: is_key && !is_plain,
                requires: (!is_plain || provides.is_some() && sorted.is_nested(&entry.ty))
                    .then(|| sorted.key.text())
                    .filter(|_| !is_key && !is_root),
                provides,
            };
            self.row(&entry.ty).fields.insert(name.clone(), row);
            self.below(sorted, (&entry.ty, name), below);
        }
    }

    /// The fields of a key; what the connector does not give itself comes from elsewhere.
    fn key_fields(&mut self, types: &Types, ty: &Name, key: &KeyFields) {
        let Some(definition) = types.get(ty) else { return };
        for (name, below) in &key.fields {
            let Some(field) = definition.fields.get(name.as_str()) else { continue };
            let external = || FieldRow { external: true, ..FieldRow::default() };
            self.row(ty).fields.entry(field.name.clone()).or_insert_with(external);
            if !below.is_empty() {
                self.key_fields(types, field.ty.inner_named_type(), below);
            }
        }
    }

    fn below(&mut self, sorted: &Sorted<'_>, field: (&Name, &Name), positions: &[Position]) {
        if let Some(declared) = sorted.declared(field.0, field.1) {
            self.membership(declared, positions);
        }
        for position in positions {
            for (name, below) in &position.fields {
                let external = !sorted.is_plain(&position.ty, name);
                let row = || FieldRow { external, ..FieldRow::default() };
                self.row(&position.ty).fields.entry(name.clone()).or_insert_with(row);
                self.below(sorted, (&position.ty, name), below);
            }
            self.row(&position.ty);
        }
    }

    /// Which objects an abstract type is known to have.
    fn membership(&mut self, declared: &TypeDef, positions: &[Position]) {
        for position in positions {
            match declared.kind {
                Kind::Union => {
                    self.row(&declared.name).members.insert(position.ty.clone());
                }
                Kind::Interface => {
                    self.row(&declared.name);
                    self.row(&position.ty).implements.insert(declared.name.clone());
                }
                _ => {}
            }
        }
    }

    /// An interface has the fields that all its objects here have.
    fn interfaces(&mut self, sorted: &Sorted<'_>) {
        let is_interface =
            |name: &&Name| sorted.types.get(*name).is_some_and(|ty| ty.kind == Kind::Interface);
        let interfaces: Vec<Name> = self.types.keys().filter(is_interface).cloned().collect();
        for interface in interfaces {
            let fields = sorted.types[&interface].fields.keys();
            let common = fields.filter(|field| {
                let mut members =
                    self.types.iter().filter(|(_, row)| row.implements.contains(&interface));
                members.all(|(name, _)| sorted.is_plain(name, field))
            });
            for field in common.cloned().collect::<Vec<_>>() {
                self.row(&interface).fields.insert(field, FieldRow::default());
            }
        }
    }

    /// The scalars, enums and inputs that go along.
    fn leaves(&mut self, types: &Types, settled: &Settled) {
        let mut named: Vec<Name> = Vec::new();
        for (name, row) in &self.types {
            let Some(definition) = types.get(name) else { continue };
            let fields = row.fields.keys().filter_map(|field| definition.fields.get(field));
            named.extend(fields.map(|field| field.ty.inner_named_type().clone()));
        }
        if let Some(arguments) = arguments(types, settled) {
            named.extend(arguments.values().map(|it| it.ty.inner_named_type().clone()));
        }
        while let Some(name) = named.pop() {
            let Some(definition) = types.get(&name) else { continue };
            if self.types.contains_key(&name) {
                continue;
            }
            self.row(&name);
            let inputs = definition.inputs.values();
            named.extend(inputs.map(|input| input.ty.inner_named_type().clone()));
        }
    }
}

/// What the connector answers itself.
fn entries(settled: &Settled) -> Vec<Position> {
    let of_field = |ty: &str, field: &str| {
        let (ty, field) = (Name::new_unchecked(ty), Name::new_unchecked(field));
        vec![Position { ty, fields: IndexMap::from([(field, settled.given.clone())]) }]
    };
    match &settled.connector.kind {
        ConnectorKind::RootField { operation: RootOperation::Query, field } => {
            of_field("Query", field)
        }
        ConnectorKind::RootField { operation: RootOperation::Mutation, field } => {
            of_field("Mutation", field)
        }
        ConnectorKind::Field { ty, field, .. } => of_field(ty, field),
        _ => settled.given.clone(),
    }
}

fn arguments<'t>(types: &'t Types, settled: &Settled) -> Option<&'t IndexMap<Name, InputDef>> {
    let (ty, field) = settled.connector.coordinate.split_once('.')?;
    Some(&types.get(ty)?.fields.get(field)?.arguments)
}

/// Leaves of each type the fields that this object has, too.
fn keep_common(position: &Position, plain: &mut IndexMap<Name, HashSet<Name>>) {
    match plain.get_mut(&position.ty) {
        Some(known) => known.retain(|name| position.fields.contains_key(name)),
        None => {
            plain.insert(position.ty.clone(), position.fields.keys().cloned().collect());
        }
    }
    position.fields.values().flatten().for_each(|below| keep_common(below, plain));
}

impl Sorted<'_> {
    fn is_plain(&self, ty: &Name, field: &Name) -> bool {
        self.plain.get(ty).is_some_and(|fields| fields.contains(field))
    }

    fn declared(&self, ty: &Name, field: &Name) -> Option<&TypeDef> {
        self.types.get(self.types.get(ty)?.fields.get(field)?.ty.inner_named_type())
    }

    /// Whether objects of an entry's type are below an entry, too.
    fn is_nested(&self, ty: &Name) -> bool {
        let below = self.entries.iter().flat_map(|entry| entry.fields.values().flatten());
        let mut open: Vec<&Position> = below.collect();
        while let Some(position) = open.pop() {
            if position.ty == *ty {
                return true;
            }
            open.extend(position.fields.values().flatten());
        }
        false
    }

    /// The field set of what is there, and not a field of all objects of its type.
    fn provided(&self, positions: &[Position], declared: Option<&TypeDef>) -> Option<String> {
        let is_abstract =
            declared.is_some_and(|it| matches!(it.kind, Kind::Interface | Kind::Union));
        let mut all: Vec<String> = Vec::new();
        for position in positions {
            let mut items: Vec<String> = Vec::new();
            for (name, below) in &position.fields {
                let declared = self.declared(&position.ty, name);
                let inner = self.provided(below, declared);
                if inner.is_none() && self.is_plain(&position.ty, name) {
                    continue;
                }
                let is_composite = declared.is_some_and(|it| it.kind.is_composite());
                items.push(match inner {
                    Some(inner) => format!("{name} {{ {inner} }}"),
                    None if is_composite => format!("{name} {{ __typename }}"),
                    None => name.to_string(),
                });
            }
            if items.is_empty() {
                continue;
            }
            let items = items.join(" ");
            all.push(if is_abstract {
                format!("... on {} {{ {items} }}", position.ty)
            } else {
                items
            });
        }
        (!all.is_empty()).then(|| all.join(" "))
    }
}
