//! Merges object types: their interfaces and their fields.
//!
//! **In:** the definitions of one object type. **Out:** its fields in the supergraph.
//!
//! **Never here:** one field (`field`), who may resolve it (`sharing`).

use crate::codes::HintCode;
use crate::merge::{Merger, Parent, Sources, fields_of, merge_implements};
use crate::merged::MergedType;
use crate::schema::{FieldDef, TypeDef};

impl<'a> Merger<'a> {
    pub(super) fn merge_object(&mut self, sources: &Sources<'a, TypeDef>, target: &mut MergedType) {
        merge_implements(sources, target);
        let parent = Parent { name: &target.name.clone(), sources };
        for (name, fields) in fields_of(sources) {
            let overrides = self.check_overrides(&parent, &fields);
            if let Some(field) = self.merge_field(&parent, &fields, &overrides) {
                target.fields.insert(name.clone(), field);
            }
            self.check_sharing(&parent, &fields, &overrides);
            self.hint_missing_field(&parent, &fields, HintCode::InconsistentObjectValueTypeField);
        }
        self.hint_inconsistent_entity(&parent);
    }

    /// A value type should have the same fields everywhere; an entity need not.
    pub(super) fn hint_missing_field(
        &mut self,
        parent: &Parent<'_, 'a>,
        fields: &Sources<'a, FieldDef>,
        code: HintCode,
    ) {
        let is_entity = parent.sources.iter().any(|(_, definition)| !definition.keys.is_empty());
        let (_, first) = parent.sources[0];
        if is_entity || first.is_root() || fields.len() == parent.sources.len() {
            return;
        }
        let coordinate = format!("{}.{}", parent.name, fields[0].1.name);
        let missing = parent.sources.iter().filter(|(i, _)| fields.iter().all(|(f, _)| f != i));
        let missing = self.names(missing.map(|(index, _)| *index));
        self.hint_at(
            code,
            &coordinate,
            format!("`{coordinate}` is missing in {missing}, which has the type `{}`", parent.name),
            fields.iter().map(|(index, field)| (*index, field.span)),
        );
    }

    fn hint_inconsistent_entity(&mut self, parent: &Parent<'_, 'a>) {
        let (with, without): (Sources<'a, TypeDef>, Sources<'a, TypeDef>) =
            parent.sources.iter().partition(|(_, definition)| !definition.keys.is_empty());
        if with.is_empty() || without.is_empty() {
            return;
        }
        let message = format!(
            "`{}` has a `@key` in {} and none in {}",
            parent.name,
            self.names(with.iter().map(|(index, _)| *index)),
            self.names(without.iter().map(|(index, _)| *index)),
        );
        self.hint_at(
            HintCode::InconsistentEntity,
            parent.name,
            message,
            without.iter().map(|(index, definition)| (*index, definition.span)),
        );
    }
}
