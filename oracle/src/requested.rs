//! Finds what subgraphs were asked although the caller may not see it.
//!
//! **In:** the requests that were sent, what is denied. **Out:** the first field that was asked for no
//! other reason than that the client selected it.
//!
//! **Never here:** the plan: the texts are read as they were sent.
//!
//! **Holds:** what a key, a requirement or a context anywhere names may travel between subgraphs, and
//! so may `__typename`.
//!
//! **Read first:** [`Internals::forbidden`].

use crate::document::{Document, Field, Selection, condition};
use crate::rules::Denials;
use apollo_compiler::ast::OperationType;
use std::collections::BTreeSet;
use supergraph::{FieldId, FieldSetItem, SubgraphId, Supergraph, TypeId};

/// The fields that subgraphs may be asked on a planner's own account.
#[derive(Debug, Default)]
pub(crate) struct Internals(BTreeSet<(String, String)>);

impl Internals {
    /// Those of a graph.
    pub(crate) fn of(supergraph: &Supergraph) -> Self {
        let mut internals = Self::default();
        for (_, ty) in supergraph.types().iter() {
            let keys = ty.in_subgraphs.iter().flat_map(|here| &here.keys).map(|key| key.fields);
            keys.for_each(|set| internals.add(supergraph, &supergraph.field_set(set).items));
            for field in ty.fields.values() {
                for row in &supergraph.field(*field).capabilities {
                    let contexts = row.contextual_arguments.iter().flat_map(|it| &it.setters);
                    let contexts = contexts.map(|(_, set)| *set);
                    for set in row.requires.into_iter().chain(contexts) {
                        internals.add(supergraph, &supergraph.field_set(set).items);
                    }
                }
            }
        }
        internals
    }

    fn add(&mut self, supergraph: &Supergraph, items: &[FieldSetItem]) {
        for item in items {
            match item {
                FieldSetItem::Field { field, items, .. } => {
                    self.add_field(supergraph, *field);
                    self.add(supergraph, items);
                }
                FieldSetItem::Fragment { items, .. } => self.add(supergraph, items),
            }
        }
    }

    /// The field on its type, on all that implement it, and on what these implement: a subgraph may know the
    /// objects by another of their interfaces.
    fn add_field(&mut self, supergraph: &Supergraph, field: FieldId) {
        let row = supergraph.field(field);
        let parent = supergraph.ty(row.parent);
        for ty in parent.possible.iter().chain([row.parent]) {
            let interfaces = supergraph.ty(ty).interfaces.iter().copied();
            for ty in interfaces.chain([ty]) {
                self.0.insert((supergraph.ty(ty).name.clone(), row.name.clone()));
            }
        }
    }

    /// The first field in a request that is denied and nothing else's business.
    pub(crate) fn forbidden(
        &self,
        supergraph: &Supergraph,
        denials: &Denials,
        subgraph: &str,
        query: &str,
    ) -> Result<(), String> {
        if denials.is_empty() {
            return Ok(());
        }
        let id = supergraph.subgraphs().iter().find(|(_, row)| row.name == subgraph);
        let Some((subgraph, _)) = id else { return Ok(()) };
        let document = Document::read(query)?;
        let operation = document.operation(None)?;
        let root = match operation.operation_type {
            OperationType::Mutation => supergraph.mutation_type(),
            _ => Some(supergraph.query_type()),
        };
        let look = Look { internals: self, supergraph, denials, subgraph, document: &document };
        match root.and_then(|root| look.set(root, &operation.selection_set)) {
            Some(coordinate) => Err(format!("`{coordinate}` is denied and was asked by {query}")),
            None => Ok(()),
        }
    }
}

struct Look<'a> {
    internals: &'a Internals,
    supergraph: &'a Supergraph,
    denials: &'a Denials,
    subgraph: SubgraphId,
    document: &'a Document,
}

impl Look<'_> {
    fn set(&self, on: TypeId, set: &[Selection]) -> Option<String> {
        set.iter().find_map(|selection| match selection {
            Selection::Field(field) => self.field(on, field),
            Selection::InlineFragment(inline) => {
                let named = inline.type_condition.as_ref().map(condition);
                let on = named.and_then(|name| self.supergraph.type_named(name)).unwrap_or(on);
                self.set(on, &inline.selection_set.items)
            }
            Selection::FragmentSpread(spread) => {
                let fragment = self.document.fragments.get(&spread.fragment_name)?;
                let on = self.supergraph.type_named(&fragment.condition).unwrap_or(on);
                self.set(on, &fragment.selection_set)
            }
        })
    }

    fn field(&self, on: TypeId, field: &Field) -> Option<String> {
        if field.name == "_entities" {
            return self.set(on, &field.selection_set.items);
        }
        let (supergraph, name) = (self.supergraph, field.name.as_str());
        let ty = supergraph.ty(on);
        // What only hidden types have is nobody's to see in the first place.
        let members = match ty.in_subgraph(self.subgraph) {
            Some(here) if !here.possible.is_empty() => &here.possible,
            _ => &ty.possible,
        };
        let members = members.iter().map(|id| supergraph.ty(id)).filter(|member| member.accessible);
        let is_interface_object =
            ty.in_subgraph(self.subgraph).is_some_and(|here| here.interface_object);
        let is_denied = |member: &supergraph::TypeDef| {
            self.denials.field(&member.name, name) || self.denials.object(&member.name)
        };
        let mut members = members.peekable();
        let is_known = members.peek().is_some();
        // An interface object is asked for those objects that may be seen.
        let denied = match is_interface_object {
            true => members.all(is_denied),
            false => members.any(is_denied),
        };
        let is_internal = self.internals.0.contains(&(ty.name.clone(), name.to_owned()));
        if is_known && denied && !is_internal && !name.starts_with("__") {
            return Some(format!("{}.{name}", ty.name));
        }
        let first = ty.possible.iter().find_map(|id| supergraph.field_named(id, name));
        let found = supergraph.field_named(on, name).or(first)?;
        self.set(supergraph.field(found).ty.named(), &field.selection_set.items)
    }
}
