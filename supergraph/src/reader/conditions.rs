//! Reads the conditions that `@authorize(when: ...)` puts on fields.
//!
//! **In:** a document that links the specification below. **Out:** `FieldDef::conditions`, each text interned.
//!
//! **Never here:** what a condition says (the gateway compiles it).
//!
//! **Holds:** one on the field of an interface counts for all that implement it. One without a text
//! is kept as an empty text, which is no condition, so that the document is refused and not half obeyed.
//!
//! **Read first:** `Reader::read_conditions`.
//!
//! Spec: `https://specs.graphloom.dev/authorize/v0.1`, in `docs/authorization.md`

use super::{Reader, definitions::shapes, requirements::name_by_link};
use crate::{
    id::{ConditionId, FieldId},
    table::TypeKind,
};
use std::collections::HashMap;

/// Where our own specifications are.
pub(crate) const SPECIFICATIONS: &str = "https://specs.graphloom.dev/";

impl Reader<'_> {
    pub(super) fn read_conditions(&mut self) {
        let Some(name) = name_by_link(self.document, SPECIFICATIONS, "authorize") else { return };
        let mut interned: HashMap<String, ConditionId> = HashMap::new();
        for shape in shapes(self.document) {
            let ty = self.type_names[shape.name.as_str()];
            for node in shape.fields {
                let field = self.types[ty].fields[node.name.as_str()];
                for applied in node.directives.get_all(&name) {
                    let when = applied.specified_argument_by_name("when");
                    let when = when.and_then(|when| when.as_str()).unwrap_or_default();
                    let known = interned.entry(when.to_owned());
                    let id = *known.or_insert_with(|| self.conditions.push(when.to_owned()));
                    self.require_condition(field, id);
                }
            }
        }
    }

    /// On the field, and on those that implement it.
    fn require_condition(&mut self, field: FieldId, condition: ConditionId) {
        let row = &self.fields[field];
        let parent = &self.types[row.parent];
        let mut fields = vec![field];
        if parent.kind == TypeKind::Interface {
            let members = parent.possible.iter();
            fields.extend(members.filter_map(|ty| self.types[ty].fields.get(&row.name)));
        }
        for field in fields {
            let conditions = &mut self.fields[field].conditions;
            if !conditions.contains(&condition) {
                conditions.push(condition);
            }
        }
    }
}
