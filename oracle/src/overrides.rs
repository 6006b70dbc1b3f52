//! Which fields `@override` moved from one subgraph to another.
//!
//! **In:** the subgraphs' SDL. **Out:** for each subgraph the fields that it lost, or has not yet,
//! for a state of the labels.
//!
//! **Never here:** which label is on (the caller says so).
//!
//! **Read first:** [`Override::all`].

use apollo_compiler::Node;
use apollo_compiler::ast::{Definition, Document, FieldDefinition};
use std::collections::BTreeSet;

/// A field that one subgraph takes from another.
#[derive(Clone, Debug)]
pub(crate) struct Override {
    pub(crate) type_name: String,
    pub(crate) field: String,
    /// Who takes it.
    pub(crate) by: String,
    /// Who has it until then.
    pub(crate) from: String,
    /// The label that decides, if one does.
    pub(crate) label: Option<String>,
}

impl Override {
    /// All of a graph.
    pub(crate) fn all(subgraphs: &[(String, String)]) -> Vec<Self> {
        let marked = subgraphs.iter().filter(|(_, sdl)| sdl.contains("@override"));
        let found = marked.filter_map(|(name, sdl)| {
            let document = Document::parse(sdl.as_str(), "subgraph.graphql").ok()?;
            Some(overrides_in(name, &document))
        });
        found.flatten().collect()
    }

    /// Who does not resolve the field, though it declares it.
    pub(crate) fn loser(&self, labels: &BTreeSet<String>) -> &str {
        match &self.label {
            Some(label) if !labels.contains(label) => &self.by,
            _ => &self.from,
        }
    }
}

fn overrides_in(by: &str, document: &Document) -> Vec<Override> {
    let mut found = Vec::new();
    let mut collect = |ty: &str, fields: &[Node<FieldDefinition>]| {
        for field in fields {
            let Some(directive) = field.directives.get("override") else { continue };
            let text = |argument: &str| {
                let value = directive.specified_argument_by_name(argument)?;
                value.as_str().map(str::to_owned)
            };
            if let Some(from) = text("from") {
                found.push(Override {
                    type_name: ty.to_owned(),
                    field: field.name.to_string(),
                    by: by.to_owned(),
                    from,
                    label: text("label"),
                });
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
