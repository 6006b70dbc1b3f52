//! Which fields `@override` moved from one subgraph to another, for a state of its labels.
//!
//! **In:** the subgraphs' SDL. **Out:** for each subgraph the fields that it lost, or has not yet.
//!
//! **Never here:** which label is on (the caller says so).
//!
//! **Read first:** [`lost_fields`].

use apollo_compiler::Node;
use apollo_compiler::ast::{Definition, Document, FieldDefinition};
use std::collections::BTreeSet;

/// Type and field that `subgraph` does not resolve, though it declares them.
pub(crate) fn lost_fields(
    subgraphs: &[(String, String)],
    labels: &BTreeSet<String>,
    subgraph: &str,
) -> Vec<(String, String)> {
    let mut lost = Vec::new();
    for (name, sdl) in subgraphs {
        let Ok(document) = Document::parse(sdl.as_str(), "subgraph.graphql") else { continue };
        for (coordinate, from, label) in overrides_in(&document) {
            let moved = label.is_none_or(|label| labels.contains(&label));
            let loser = if moved { &from } else { name };
            if loser == subgraph {
                lost.push(coordinate);
            }
        }
    }
    lost
}

/// The labels that the subgraphs mention.
pub(crate) fn labels(subgraphs: &[(String, String)]) -> BTreeSet<String> {
    let documents = subgraphs.iter().filter_map(|(_, sdl)| Document::parse(sdl.as_str(), "s").ok());
    documents
        .flat_map(|document| overrides_in(&document))
        .filter_map(|(_, _, label)| label)
        .collect()
}

/// Type, field, and whether a label decides.
pub(crate) fn moved_fields(subgraphs: &[(String, String)]) -> Vec<(String, String, bool)> {
    let documents = subgraphs.iter().filter_map(|(_, sdl)| Document::parse(sdl.as_str(), "s").ok());
    let moved = documents.flat_map(|document| overrides_in(&document));
    moved.map(|((ty, field), _, label)| (ty, field, label.is_some())).collect()
}

type Override = ((String, String), String, Option<String>);

fn overrides_in(document: &Document) -> Vec<Override> {
    let mut found = Vec::new();
    let mut collect = |ty: &str, fields: &[Node<FieldDefinition>]| {
        for field in fields {
            let Some(directive) = field.directives.get("override") else { continue };
            let text = |argument: &str| {
                let value = directive.specified_argument_by_name(argument)?;
                value.as_str().map(str::to_owned)
            };
            if let Some(from) = text("from") {
                found.push(((ty.to_owned(), field.name.to_string()), from, text("label")));
            }
        }
    };
    for definition in &document.definitions {
        match definition {
            Definition::ObjectTypeDefinition(object) => collect(&object.name, &object.fields),
            Definition::ObjectTypeExtension(object) => collect(&object.name, &object.fields),
            _ => {}
        }
    }
    found
}
