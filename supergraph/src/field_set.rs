//! Field sets: the selections inside `@key`, `@requires` and `@provides`.
//!
//! **In:** their text and the type they stand on. **Out:** [`FieldSet`], resolved to field ids.
//!
//! **Never here:** whether a subgraph can answer one (`query-planner`).
//!
//! **Holds:** `__typename` is left out, since every representation carries it anyway.
//!
//! Spec: <https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/directives>

use crate::{
    Value,
    id::{FieldId, TypeId},
    reader::SupergraphErrorKind,
    table::{Names, Supergraph},
};
use apollo_compiler::ast;
use std::fmt::Write;

/// A resolved field set.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FieldSet {
    /// The type it selects on.
    pub on: TypeId,
    /// What it selects, in written order.
    pub items: Vec<FieldSetItem>,
}

/// One selection of a field set.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum FieldSetItem {
    /// A field, with its own selections when it is composite.
    Field {
        /// The field, on the type where it was selected.
        field: FieldId,
        /// Its arguments, all constant.
        arguments: Vec<(String, Value)>,
        /// What is selected below it.
        items: Vec<FieldSetItem>,
    },
    /// `... on Type`
    Fragment {
        /// The type condition.
        on: TypeId,
        /// What is selected where it applies.
        items: Vec<FieldSetItem>,
    },
}

/// Finds a field of a type, with its result type.
pub(crate) type FieldsOf<'a> = &'a dyn Fn(TypeId, &str) -> Option<(FieldId, TypeId)>;

/// What a field set is resolved against: the rows read so far.
pub(crate) struct Scope<'a> {
    pub(crate) type_names: &'a Names<TypeId>,
    pub(crate) fields_of: FieldsOf<'a>,
    pub(crate) type_name_of: &'a dyn Fn(TypeId) -> String,
}

/// Reads the text of a field set on the type `on`.
pub(crate) fn read_field_set(
    scope: &Scope<'_>,
    on: TypeId,
    text: &str,
) -> Result<FieldSet, SupergraphErrorKind> {
    let malformed = |reason: String| SupergraphErrorKind::MalformedFieldSet {
        on: (scope.type_name_of)(on),
        text: text.to_owned(),
        reason,
    };
    let document = ast::Document::parse(format!("{{{text}}}"), "field-set.graphql")
        .map_err(|errors| malformed(errors.errors.to_string()))?;
    let Some(ast::Definition::OperationDefinition(operation)) = document.definitions.first() else {
        return Err(malformed("it is not a selection".to_owned()));
    };
    let items = read_items(scope, on, &operation.selection_set).map_err(malformed)?;
    Ok(FieldSet { on, items })
}

fn read_items(
    scope: &Scope<'_>,
    on: TypeId,
    selections: &[ast::Selection],
) -> Result<Vec<FieldSetItem>, String> {
    let mut items = Vec::with_capacity(selections.len());
    for selection in selections {
        match selection {
            ast::Selection::Field(node) if node.name == "__typename" => {}
            ast::Selection::Field(node) => {
                let (field, ty) = (scope.fields_of)(on, &node.name).ok_or_else(|| {
                    format!("`{}` has no field `{}`", (scope.type_name_of)(on), node.name)
                })?;
                let arguments = node
                    .arguments
                    .iter()
                    .map(|arg| (arg.name.to_string(), Value::read(&arg.value)))
                    .collect();
                let items_below = read_items(scope, ty, &node.selection_set)?;
                items.push(FieldSetItem::Field { field, arguments, items: items_below });
            }
            ast::Selection::InlineFragment(node) => {
                let condition = match &node.type_condition {
                    None => on,
                    Some(name) => *scope
                        .type_names
                        .get(name.as_str())
                        .ok_or_else(|| format!("type `{name}` is unknown"))?,
                };
                let items_below = read_items(scope, condition, &node.selection_set)?;
                items.push(FieldSetItem::Fragment { on: condition, items: items_below });
            }
            ast::Selection::FragmentSpread(node) => {
                return Err(format!("`...{}` is not allowed here", node.fragment_name));
            }
        }
    }
    Ok(items)
}

impl Supergraph {
    /// The field set as it is written, such as `id organization { id }`.
    pub fn print_field_set(&self, set: &FieldSet) -> String {
        let mut out = String::new();
        self.print_items(&set.items, &mut out);
        out
    }

    fn print_items(&self, items: &[FieldSetItem], out: &mut String) {
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push(' ');
            }
            let below = match item {
                FieldSetItem::Field { field, arguments, items } => {
                    out.push_str(&self.field(*field).name);
                    for (j, (name, value)) in arguments.iter().enumerate() {
                        let open = if j == 0 { "(" } else { ", " };
                        // Writing to a string cannot fail.
                        let _ = write!(out, "{open}{name}: {value}");
                    }
                    if !arguments.is_empty() {
                        out.push(')');
                    }
                    items
                }
                FieldSetItem::Fragment { on, items } => {
                    let _ = write!(out, "... on {}", self.ty(*on).name);
                    items
                }
            };
            if !below.is_empty() {
                out.push_str(" { ");
                self.print_items(below, out);
                out.push_str(" }");
            }
        }
    }
}
