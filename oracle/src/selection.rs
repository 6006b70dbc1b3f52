//! Judges selections: which fields a subgraph may be asked for, and where.
//!
//! **In:** a valid operation with its coerced variables.
//! **Out:** everything a subgraph could not answer: `@external` fields it does not hold at that
//! place, `@requires` fields without their requirements.
//!
//! **Never here:** unknown fields and arguments (validation), the representations themselves
//! (`representation`).
//!
//! **Holds:** judged from the schema, not from the data: a selection on an interface must be
//! answerable for every object type that may stand there.
//!
//! **Read first:** [`check`].

use std::cell::RefCell;
use std::collections::BTreeSet;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Field, Selection, SelectionSet};
use serde_json::Value;

use crate::coerce::{self, Values};
use crate::execute::Prepared;
use crate::representation::{self, Representation};
use crate::subgraph_schema::{Requirement, SubgraphSchema};

/// Checks an operation; representations that are wrong by themselves are reported as well.
pub(crate) fn check(view: &SubgraphSchema, prepared: &Prepared) -> Vec<String> {
    let Some(document) = &prepared.typed else { return Vec::new() };
    let operation = document.operations.get(prepared.operation_name.as_deref());
    let Ok(operation) = operation else { return Vec::new() };
    let variables = &prepared.variables;
    let walk = Walk { view, document, variables, problems: RefCell::default() };
    let root = BTreeSet::from([operation.object_type().to_string()]);
    walk.selection_set(&root, &operation.selection_set, &Ground::default());
    walk.problems.into_inner().into_iter().collect()
}

/// What is known at a place, beyond the subgraph's own fields.
#[derive(Clone, Default, PartialEq)]
struct Ground<'a> {
    /// Field sets that the way hither provides: `@provides`, and keys with nested fields.
    granted: Vec<&'a SelectionSet>,
    /// The representation's part for this place.
    sent: Option<&'a Values>,
}

struct Walk<'a> {
    view: &'a SubgraphSchema,
    document: &'a ExecutableDocument,
    variables: &'a Values,
    problems: RefCell<BTreeSet<String>>,
}

impl<'a> Walk<'a> {
    fn selection_set(&self, types: &BTreeSet<String>, set: &SelectionSet, ground: &Ground<'_>) {
        for selection in &set.selections {
            if !coerce::is_included(selection.directives(), self.variables) {
                continue;
            }
            match selection {
                Selection::Field(field) => self.field(types, &set.ty, field, ground),
                Selection::InlineFragment(inline) => {
                    let types = self.narrow(types, inline.type_condition.as_deref());
                    self.selection_set(&types, &inline.selection_set, ground);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.fragment_name) {
                        let types = self.narrow(types, Some(fragment.type_condition()));
                        self.selection_set(&types, &fragment.selection_set, ground);
                    }
                }
            }
        }
    }

    fn narrow(&self, types: &BTreeSet<String>, condition: Option<&str>) -> BTreeSet<String> {
        let Some(condition) = condition else { return types.clone() };
        types.intersection(&self.view.possible_types(condition)).cloned().collect()
    }

    fn field(&self, types: &BTreeSet<String>, parent: &str, field: &Field, ground: &Ground<'_>) {
        if field.name.starts_with("__") {
            return;
        }
        if field.name == "_entities" && self.is_query(parent) {
            self.entities(field);
            return;
        }
        let below = self.view.possible_types(field.ty().inner_named_type());
        let mut seen: Vec<Ground<'_>> = Vec::new();
        for object_type in types {
            self.judge(object_type, field, ground);
            for ground in self.grounds_below(object_type, parent, field, ground) {
                if !seen.contains(&ground) {
                    self.selection_set(&below, &field.selection_set, &ground);
                    seen.push(ground);
                }
            }
        }
    }

    fn entities(&self, field: &Field) {
        let arguments = coerce::coerce_argument_values(
            &self.view.schema,
            &field.definition.arguments,
            &field.arguments,
            self.variables,
        );
        let arguments = match arguments {
            Ok(arguments) => arguments,
            Err(problem) => return self.report(format!("`_entities`: {problem}")),
        };
        let representations = arguments.get("representations").and_then(Value::as_array);
        for (index, value) in representations.into_iter().flatten().enumerate() {
            match representation::check(self.view, value) {
                Ok(representation) => self.entity(field, representation),
                Err(problems) => {
                    for problem in problems {
                        self.report(format!("representation {index}: {problem}"));
                    }
                }
            }
        }
    }

    fn entity(&self, field: &Field, representation: Representation<'_>) {
        let types = self.view.possible_types(representation.type_name);
        let ground = Ground { granted: Vec::new(), sent: Some(representation.fields) };
        self.selection_set(&types, &field.selection_set, &ground);
    }

    fn judge(&self, object_type: &str, field: &Field, ground: &Ground<'_>) {
        let name = field.name.as_str();
        if !self.is_held(object_type, name, ground) {
            self.report(format!(
                "`{object_type}.{name}` is `@external` (or overridden) here: it is neither a key field, nor \
                 provided on this path, nor sent in the representation"
            ));
        }
        let Some((_, requirement)) = self.view.requirement(object_type, name) else { return };
        if self.holds_all(object_type, &requirement.fields, &ground.granted) {
            return;
        }
        self.judge_requirement(&format!("{object_type}.{name}"), requirement, ground.sent);
    }

    fn judge_requirement(
        &self,
        coordinate: &str,
        requirement: &Requirement,
        sent: Option<&Values>,
    ) {
        let text = &requirement.text;
        match sent {
            None => self.report(format!(
                "`{coordinate}` requires `{text}`: ask for it through `_entities`, with a \
                 representation that carries them"
            )),
            Some(sent) => {
                let missing = representation::lacks(self.view, &requirement.fields, sent);
                if !missing.is_empty() {
                    self.report(format!(
                        "`{coordinate}` requires `{text}`: the representation lacks {}",
                        representation::quoted(&missing)
                    ));
                }
            }
        }
    }

    /// Whether this subgraph has the field's value at this place.
    fn is_held(&self, object_type: &str, name: &str, ground: &Ground<'_>) -> bool {
        !self.view.external.contains(&(object_type.to_owned(), name.to_owned()))
            || ground.sent.is_some_and(|sent| sent.contains_key(name))
            || self.is_granted(object_type, name, &ground.granted)
    }

    fn is_granted(&self, object_type: &str, name: &str, granted: &[&SelectionSet]) -> bool {
        let keys = self.view.keys.get(object_type).into_iter().flatten().map(|key| &key.fields);
        let mut sets = keys.chain(granted.iter().copied());
        sets.any(|set| !self.named(object_type, name, set).is_empty())
    }

    /// Whether the subgraph answers a requirement at this place by itself: `@provides` can do that.
    fn holds_all(&self, object_type: &str, set: &SelectionSet, granted: &[&SelectionSet]) -> bool {
        set.selections.iter().all(|selection| match selection {
            Selection::Field(field) => {
                let ground = Ground { granted: granted.to_vec(), sent: None };
                let below = self.grounds_below(object_type, &set.ty, field, &ground);
                let types = self.view.possible_types(field.ty().inner_named_type());
                self.is_held(object_type, &field.name, &ground)
                    && self.view.requirement(object_type, &field.name).is_none()
                    && (field.selection_set.is_empty()
                        || types.iter().all(|object_type| {
                            below.iter().all(|ground| {
                                self.holds_all(object_type, &field.selection_set, &ground.granted)
                            })
                        }))
            }
            Selection::InlineFragment(inline) => {
                let condition = inline.type_condition.as_deref();
                !condition.is_none_or(|c| self.view.possible_types(c).contains(object_type))
                    || self.holds_all(object_type, &inline.selection_set, granted)
            }
            Selection::FragmentSpread(_) => true,
        })
    }

    /// What is known below a field: one ground, or one for each item that was sent.
    fn grounds_below<'g>(
        &self,
        object_type: &str,
        parent: &str,
        field: &Field,
        ground: &Ground<'g>,
    ) -> Vec<Ground<'g>>
    where
        'a: 'g,
    {
        let name = field.name.as_str();
        let provides = [object_type, parent].into_iter().filter_map(|type_name| {
            self.view.provides.get(&(type_name.to_owned(), name.to_owned()))
        });
        let keys = self.view.keys.get(object_type).into_iter().flatten().map(|key| &key.fields);
        let mut granted: Vec<&'g SelectionSet> = Vec::new();
        for set in keys.chain(ground.granted.iter().copied()) {
            granted.extend(self.named(object_type, name, set));
        }
        for set in provides {
            if !granted.iter().any(|known| std::ptr::eq(*known, set)) {
                granted.push(set);
            }
        }
        let coordinate = (object_type.to_owned(), name.to_owned());
        let sent = ground.sent.filter(|_| self.view.external.contains(&coordinate));
        match sent.and_then(|sent| sent.get(name)) {
            Some(value) => objects(value)
                .into_iter()
                .map(|sent| Ground { granted: granted.clone(), sent: Some(sent) })
                .collect(),
            None => vec![Ground { granted, sent: None }],
        }
    }

    /// The selection sets of a field by this name in a field set, as far as the object's type goes.
    fn named<'s>(
        &self,
        object_type: &str,
        name: &str,
        set: &'s SelectionSet,
    ) -> Vec<&'s SelectionSet> {
        let mut found = Vec::new();
        for selection in &set.selections {
            match selection {
                Selection::Field(field) if field.name == name => found.push(&field.selection_set),
                Selection::InlineFragment(inline) => {
                    let condition = inline.type_condition.as_deref();
                    if condition.is_none_or(|c| self.view.possible_types(c).contains(object_type)) {
                        found.extend(self.named(object_type, name, &inline.selection_set));
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn is_query(&self, parent: &str) -> bool {
        self.view
            .schema
            .schema_definition
            .query
            .as_ref()
            .is_some_and(|query| query.as_str() == parent)
    }

    fn report(&self, problem: String) {
        self.problems.borrow_mut().insert(problem);
    }
}

/// The objects of a JSON value, through lists.
fn objects(value: &Value) -> Vec<&Values> {
    match value {
        Value::Object(object) => vec![object],
        Value::Array(items) => items.iter().flat_map(objects).collect(),
        _ => Vec::new(),
    }
}
