//! Leaves out what the caller may not see.
//!
//! **In:** the requirements that the caller does not meet, and the fields with arguments for which a condition
//! does not hold. **Out:** which fields and which runtime
//! types a selection does without.
//!
//! **Never here:** who meets a requirement (the gateway), what keys and requirements of subgraphs
//! fetch: that travels between subgraphs and is never shown.
//!
//! **Holds:** it is decided for each runtime type, so no interface, union, fragment or alias leads
//! around a rule. A field is denied where its own requirements or those of the type that it returns
//! are not met; one that could return nothing but denied objects is denied itself. An object of a
//! denied type is null, with all that is selected on it. Without anything selected on it, it stays
//! an empty object.
//!
//! **Read first:** [`Collector::is_denied`], [`Rules`].

use super::{Collected, Collector, Shape};
use crate::operation::{Asked, OccurrenceId, Operation};
use crate::{Denied, DeniedBy};
use supergraph::{FieldId, Supergraph, TypeId, TypeSet};

impl Collector<'_, '_> {
    /// Whether the caller may not see the field, on whatever object it stands.
    pub(super) fn is_denied(&self, field: FieldId, asked: &Asked) -> bool {
        !self.guards.denied.is_empty() && !self.rules().of_field(field, asked).is_empty()
    }

    /// Takes the runtime types that the caller may not see out of a class, if anything is selected
    /// on them, and notes them in the shape.
    pub(super) fn without_denied(
        &self,
        types: TypeSet,
        fields: &Collected<'_>,
        shape: &mut Shape,
    ) -> TypeSet {
        let is_root = shape.ty == self.operation.root_type;
        if self.guards.denied.requirements.is_empty() || is_root || fields.rows().is_empty() {
            return types;
        }
        let rules = self.rules();
        let denied: TypeSet = types.iter().filter(|ty| !rules.of_type(*ty).is_empty()).collect();
        shape.types = shape.types.difference(&denied);
        shape.denied.union_with(&denied);
        types.difference(&denied)
    }

    fn rules(&self) -> Rules<'_> {
        let (supergraph, operation) = (self.shapes.supergraph, self.operation);
        Rules { supergraph, operation, denied: &self.guards.denied }
    }
}

/// What denies, of the rules that an operation touches.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) supergraph: &'a Supergraph,
    pub(crate) operation: &'a Operation,
    /// What the caller does not meet.
    pub(crate) denied: &'a Denied,
}

impl Rules<'_> {
    /// By what a field is denied; by nothing if the caller may see it.
    pub(crate) fn of_field(&self, field: FieldId, asked: &Asked) -> Vec<DeniedBy> {
        let occurrences = self.denied.occurrences.iter();
        let of_it = |id: &OccurrenceId| self.operation.occurrences()[*id].is_of(field, asked);
        let mut found: Vec<DeniedBy> =
            occurrences.filter(of_it).map(|id| DeniedBy::Condition(field, id)).collect();
        let row = self.supergraph.field(field);
        let unmet = row.requirements.iter().filter(|it| self.denied.requirements.contains(**it));
        found.extend(unmet.map(|it| DeniedBy::OfField(field, *it)));
        if row.parent == self.operation.root_type {
            self.own(row.parent, &mut found);
        }
        found.extend(self.of_type(row.ty.named()));
        found
    }

    /// By what all values of a type are denied; by nothing if the caller may see some.
    pub(crate) fn of_type(&self, ty: TypeId) -> Vec<DeniedBy> {
        let mut found = Vec::new();
        self.own(ty, &mut found);
        let row = self.supergraph.ty(ty);
        if !found.is_empty() || !row.is_abstract() {
            return found;
        }
        // One that could be nothing but denied objects is denied itself.
        let members = row.possible.iter().filter(|member| self.supergraph.ty(*member).accessible);
        for member in members {
            let by = self.of_type(member);
            if by.is_empty() {
                return Vec::new();
            }
            found.extend(by);
        }
        found
    }

    /// The requirements of a type itself.
    fn own(&self, ty: TypeId, found: &mut Vec<DeniedBy>) {
        let requirements = self.supergraph.ty(ty).requirements.iter();
        let unmet = requirements.filter(|it| self.denied.requirements.contains(**it));
        found.extend(unmet.map(|it| DeniedBy::OfType(ty, *it)));
    }
}
