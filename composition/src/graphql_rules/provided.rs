//! Writes the definitions that a subgraph may use without having them: federation's.
//!
//! **In:** a subgraph's document and links. **Out:** a document beside it, for the validator.
//!
//! **Never here:** the table of definitions (`vocabulary`).
//!
//! **Read first:** [`provided_definitions`].

use std::collections::HashSet;
use std::fmt::Write;

use apollo_compiler::ast::{Definition, Document};

use crate::connect;
use crate::graphql_rules::references;
use crate::link::{Edition, Links};
use crate::root_types::RootTypes;
use crate::vocabulary::{Known, SPEC_TYPES};

/// The name of the document with the definitions that federation provides.
pub(super) const PROVIDED: &str = "federation";

/// The definitions a subgraph may use without writing them: federation's, under its own names.
pub(super) fn provided_definitions(
    document: &Document,
    links: &Links,
    roots: &RootTypes,
) -> Document {
    let own_directives: HashSet<&str> = document
        .definitions
        .iter()
        .filter_map(Definition::as_directive_definition)
        .map(|definition| definition.name.as_str())
        .collect();
    let own_types: HashSet<String> = super::type_names(document).collect();
    let type_name = |name: &str| match links.edition {
        Edition::One => "_FieldSet".to_owned(),
        Edition::Two(_) => links.type_name(name),
    };
    let mut sdl = String::new();
    let mut types: Vec<String> = SPEC_TYPES.iter().map(|(name, _)| type_name(name)).collect();
    types.extend(
        ["_Any", "link__Import", "_FieldSet", "federation__FieldSet", "FieldSet"]
            .map(str::to_owned),
    );
    types.sort();
    types.dedup();
    for name in types {
        // A plain `FieldSet` is commonly used by subgraphs that print their own definitions.
        if !own_types.contains(&name) && (name != "FieldSet" || mentions_field_set(document)) {
            let _ = writeln!(sdl, "scalar {name}");
        }
    }
    if !own_types.contains("link__Purpose") {
        sdl.push_str("enum link__Purpose { SECURITY EXECUTION }\n");
    }
    if !own_types.contains("_Service") {
        sdl.push_str("type _Service { sdl: String }\n");
    }
    if !own_types.contains("_Entity") {
        sdl.push_str("union _Entity = _Service\n");
    }
    let used: HashSet<&str> = document
        .definitions
        .iter()
        .flat_map(references::directives_of)
        .map(|directive| directive.name.as_str())
        .collect();
    for (name, known) in links.directives() {
        // What nobody uses need not be parsed, for every subgraph anew.
        if own_directives.contains(name) || !used.contains(name) {
            continue;
        }
        match known.element() {
            Some(element) => {
                let definition = element.sdl(name, type_name);
                let definition = without_later_arguments(&definition, known, links.edition);
                let _ = writeln!(sdl, "{definition}");
            }
            None if known == Known::Link => {
                let _ = writeln!(
                    sdl,
                    "directive @{name}(url: String, as: String, for: link__Purpose, import: \
                     [link__Import]) repeatable on SCHEMA"
                );
            }
            None => sdl.push_str(&connect::definition(known, name)),
        }
    }
    if links.directives().any(|(_, known)| known == Known::Connect) {
        sdl.push_str(connect::ANY_VALUE);
    }
    if used.contains("oneOf") && !own_directives.contains("oneOf") {
        sdl.push_str("directive @oneOf on INPUT_OBJECT\n");
    }
    // A subgraph need not have queries of its own.
    let _ = writeln!(sdl, "extend type {} {{ _composition: Boolean }}", roots.own_name("Query"));
    Document::parse(sdl, PROVIDED).unwrap_or_else(|with_errors| with_errors.partial)
}

/// `@override(label:)` came with 2.7; the table has the newest form.
fn without_later_arguments(definition: &str, known: Known, edition: Edition) -> String {
    match known {
        Known::Override if edition < Edition::Two(7) => definition.replace(", label: String", ""),
        _ => definition.to_owned(),
    }
}

fn mentions_field_set(document: &Document) -> bool {
    document.definitions.iter().filter_map(Definition::as_directive_definition).any(|definition| {
        definition.arguments.iter().any(|argument| argument.ty.inner_named_type() == "FieldSet")
    })
}
