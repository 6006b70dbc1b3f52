//! Checks that what `@requires` passes to a field fits every subgraph that resolves the field.
//!
//! **In:** all subgraphs. **Out:** `REQUIRES_INVALID_FIELDS`.
//!
//! **Never here:** what the requiring subgraph itself declares (`rules::selections`).
//!
//! **Read first:** [`check`].

use apollo_compiler::Name;
use apollo_compiler::ast::{Field, Selection};

use crate::codes::ErrorCode;
use crate::field_set::FieldSet;
use crate::report::Report;
use crate::schema::{External, Subgraph};

/// Checks the arguments in all `@requires`.
pub(crate) fn check(subgraphs: &[Subgraph], report: &mut Report) {
    for subgraph in subgraphs {
        for (parent, definition) in &subgraph.types {
            for field in definition.fields.values() {
                let Some(requires) = &field.requires else { continue };
                let coordinate = format!("{parent}.{}", field.name);
                Site { subgraphs, subgraph, coordinate, requires, report }
                    .selections(parent, &requires.selections);
            }
        }
    }
}

/// A `@requires`.
struct Site<'a> {
    subgraphs: &'a [Subgraph],
    subgraph: &'a Subgraph,
    coordinate: String,
    requires: &'a FieldSet,
    report: &'a mut Report,
}

impl Site<'_> {
    fn selections(&mut self, parent: &Name, selections: &[Selection]) {
        for selection in selections {
            match selection {
                Selection::Field(selected) => {
                    self.field(parent, selected);
                    let definition = self.subgraph.types.get(parent);
                    let field = definition.and_then(|d| d.fields.get(&selected.name));
                    if let Some(field) = field {
                        self.selections(field.ty.inner_named_type(), &selected.selection_set);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.type_condition.as_ref().unwrap_or(parent);
                    self.selections(on, &fragment.selection_set);
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn field(&mut self, parent: &Name, selected: &Field) {
        for other in self.subgraphs.iter().filter(|other| other.name != self.subgraph.name) {
            let definition = other.types.get(parent);
            let Some(field) = definition.and_then(|d| d.fields.get(&selected.name)) else {
                continue;
            };
            if field.external == External::Yes {
                continue;
            }
            let name = format!("{parent}.{}", selected.name);
            for given in &selected.arguments {
                if !field.arguments.contains_key(&given.name) {
                    let what = format!(
                        "`{name}` is given the argument `{}`, which it does not have in `{}`",
                        given.name, other.name
                    );
                    let fix = format!("add the argument in `{}`, or do not pass it", other.name);
                    self.report(&what, &fix);
                }
            }
            for argument in field.arguments.values().filter(|argument| argument.is_required()) {
                if !selected.arguments.iter().any(|given| given.name == argument.name) {
                    let what = format!(
                        "`{name}` is not given the argument `{}`, which `{}` requires",
                        argument.name, other.name
                    );
                    let fix = format!("write `{}({}: …)`", selected.name, argument.name);
                    self.report(&what, &fix);
                }
            }
        }
    }

    fn report(&mut self, what: &str, fix: &str) {
        let message = format!(
            "on `{}`, for `@requires(fields: \"{}\")`: {what}",
            self.coordinate,
            self.requires.text.trim()
        );
        let code = ErrorCode::RequiresInvalidFields;
        let error = self.subgraph.error(code, self.requires.span, &message);
        self.report.error(error.on(self.coordinate.clone()).fix(fix));
    }
}
