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
//! **Read first:** [`Collector::is_denied`].

use super::{Collected, Collector, Shape};
use crate::operation::Asked;
use supergraph::{FieldId, TypeId, TypeSet};

impl Collector<'_, '_> {
    /// Whether the caller may not see the field, on whatever object it stands.
    pub(super) fn is_denied(&self, field: FieldId, asked: &Asked) -> bool {
        if self.guards.denied.is_empty() {
            return false;
        }
        let mut occurrences = self.guards.denied.occurrences.iter();
        if occurrences.any(|id| self.operation.occurrences()[id].is_of(field, asked)) {
            return true;
        }
        let supergraph = self.shapes.supergraph;
        let field = supergraph.field(field);
        let is_root = field.parent == self.operation.root_type;
        let parent = &supergraph.ty(field.parent).requirements;
        field.requirements.iter().any(|it| self.guards.denied.requirements.contains(*it))
            || is_root && parent.iter().any(|it| self.guards.denied.requirements.contains(*it))
            || self.is_type_denied(field.ty.named())
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
        let denied: TypeSet = types.iter().filter(|ty| self.is_type_denied(*ty)).collect();
        shape.types = shape.types.difference(&denied);
        shape.denied.union_with(&denied);
        types.difference(&denied)
    }

    /// Whether the caller may see no value of the type.
    fn is_type_denied(&self, ty: TypeId) -> bool {
        let supergraph = self.shapes.supergraph;
        let row = supergraph.ty(ty);
        if row.requirements.iter().any(|it| self.guards.denied.requirements.contains(*it)) {
            return true;
        }
        let mut members = row.possible.iter().filter(|member| supergraph.ty(*member).accessible);
        let first = members.next().filter(|_| row.is_abstract());
        first.is_some_and(|first| self.is_type_denied(first))
            && members.all(|member| self.is_type_denied(member))
    }
}
