//! Judges representations: what a gateway may send to `_entities`.
//!
//! **In:** a subgraph's schema and one representation.
//! **Out:** its type and fields; or everything that is wrong with it.
//!
//! **Never here:** which fields may be selected with it (`selection`), finding the entity (`strict`).
//!
//! **Holds:** a representation fits at least one resolvable key completely; a nullable part of a
//! composite key may be null, but not every leaf of the key.
//!
//! **Read first:** [`check`].
//!
//! Spec: <https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec#understanding-query_entities>

use std::collections::BTreeSet;

use apollo_compiler::ast::Type;
use apollo_compiler::executable::{Selection, SelectionSet};
use serde_json::Value;

use crate::coerce::Values;
use crate::computed;
use crate::execute;
use crate::subgraph_schema::SubgraphSchema;

/// A representation without fault.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Representation<'v> {
    pub(crate) type_name: &'v str,
    pub(crate) fields: &'v Values,
}

/// Checks one representation.
pub(crate) fn check<'v>(
    view: &SubgraphSchema,
    value: &'v Value,
) -> Result<Representation<'v>, Vec<String>> {
    let Some(fields) = value.as_object() else {
        return Err(vec![format!("{value} is not an object")]);
    };
    let Some(type_name) = fields.get("__typename").and_then(Value::as_str) else {
        return Err(vec!["`__typename` is missing".to_owned()]);
    };
    if !view.schema.types.contains_key(type_name) {
        return Err(vec![format!("`{type_name}` is not a type of this subgraph")]);
    }
    if view.resolvable_keys(type_name).next().is_none() {
        return Err(vec![format!("`{type_name}` has no resolvable `@key` in this subgraph")]);
    }
    let mut problems = Vec::new();
    check_object(view, type_name, fields, type_name, &mut problems);
    if problems.is_empty() {
        check_keys(view, type_name, fields, &mut problems);
    }
    if problems.is_empty() { Ok(Representation { type_name, fields }) } else { Err(problems) }
}

/// The paths of a field set that an object lacks.
pub(crate) fn lacks(view: &SubgraphSchema, set: &SelectionSet, object: &Values) -> Vec<String> {
    let mut missing = Vec::new();
    collect_missing(view, set, object, "", &mut missing);
    missing
}

/// Whether a representation fits a key: all of it is there, and not all of it is null.
pub(crate) fn fits(view: &SubgraphSchema, key: &SelectionSet, object: &Values) -> bool {
    lacks(view, key, object).is_empty()
        && has_value(&computed::pick(&view.schema, key, &Value::Object(object.clone())))
}

fn check_keys(view: &SubgraphSchema, type_name: &str, fields: &Values, problems: &mut Vec<String>) {
    if view.resolvable_keys(type_name).any(|key| fits(view, &key.fields, fields)) {
        return;
    }
    for key in view.resolvable_keys(type_name) {
        let missing = lacks(view, &key.fields, fields);
        let why = if missing.is_empty() {
            "every field of it is null".to_owned()
        } else {
            format!("{} missing", quoted(&missing))
        };
        problems.push(format!("key `{}` of `{type_name}` does not fit: {why}", key.text));
    }
}

fn check_object(
    view: &SubgraphSchema,
    type_name: &str,
    fields: &Values,
    path: &str,
    problems: &mut Vec<String>,
) {
    for (name, value) in fields.iter().filter(|(name, _)| *name != "__typename") {
        let path = format!("{path}.{name}");
        // An object of an abstract type, sent without `__typename`, may be any possible type.
        let candidates = view.possible_types(type_name);
        let declared = std::iter::once(type_name)
            .chain(candidates.iter().map(String::as_str))
            .find_map(|candidate| view.schema.type_field(candidate, name).ok());
        match declared {
            Some(definition) => check_value(view, &definition.ty, value, &path, problems),
            None => problems.push(format!("`{path}` is not declared in this subgraph")),
        }
    }
}

fn check_value(
    view: &SubgraphSchema,
    ty: &Type,
    value: &Value,
    path: &str,
    problems: &mut Vec<String>,
) {
    let named = ty.inner_named_type().as_str();
    let is_leaf = view.schema.types.get(named).is_some_and(|definition| definition.is_leaf());
    match value {
        Value::Null if ty.is_non_null() => {
            problems.push(format!("`{path}` is null, but this subgraph declares it `{ty}`"));
        }
        Value::Null => {}
        Value::Array(items) if ty.is_list() => {
            for item in items {
                check_value(view, ty.item_type(), item, path, problems);
            }
        }
        Value::Object(fields) if !ty.is_list() && !is_leaf => {
            let runtime = fields.get("__typename").and_then(Value::as_str).unwrap_or(named);
            // Another subgraph's runtime type is none of this one's business.
            if view.schema.types.contains_key(runtime) {
                check_object(view, runtime, fields, path, problems);
            }
        }
        value if !ty.is_list() && is_leaf => {
            if let Err(problem) = execute::coerce_result(&view.schema, named, value.clone()) {
                problems.push(format!("`{path}`: {problem}"));
            }
        }
        value => problems.push(format!("`{path}`: {value} is not a value of `{ty}`")),
    }
}

fn collect_missing(
    view: &SubgraphSchema,
    set: &SelectionSet,
    object: &Values,
    path: &str,
    missing: &mut Vec<String>,
) {
    for selection in &set.selections {
        match selection {
            Selection::Field(field) => {
                let path = format!("{path}{}", field.name);
                match object.get(field.name.as_str()) {
                    Some(value) => {
                        collect_missing_below(view, &field.selection_set, value, &path, missing);
                    }
                    None => missing.push(path),
                }
            }
            Selection::InlineFragment(inline) => {
                let condition = inline.type_condition.as_deref();
                let is_abstract = view.schema.get_object(&set.ty).is_none();
                if is_abstract && condition.is_some() && !object.contains_key("__typename") {
                    missing.push(format!("{path}__typename"));
                } else if computed::applies(&view.schema, condition, &set.ty, object) {
                    collect_missing(view, &inline.selection_set, object, path, missing);
                }
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn collect_missing_below(
    view: &SubgraphSchema,
    set: &SelectionSet,
    value: &Value,
    path: &str,
    missing: &mut Vec<String>,
) {
    match value {
        Value::Array(items) => {
            for item in items {
                collect_missing_below(view, set, item, path, missing);
            }
        }
        Value::Object(object) => {
            collect_missing(view, set, object, &format!("{path}."), missing);
        }
        _ => {}
    }
}

fn has_value(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => items.is_empty() || items.iter().any(has_value),
        Value::Object(fields) => fields.values().any(has_value),
        _ => true,
    }
}

/// Names for a message: `` `a`, `b` ``, each once.
pub(crate) fn quoted(names: &[String]) -> String {
    let names: BTreeSet<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}
