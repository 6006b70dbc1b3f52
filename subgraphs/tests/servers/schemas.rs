//! Holds the files in `schemas/` and the running servers together.
//!
//! **In:** each SDL file, and what the server says of itself.
//! **Out:** the same types, fields, arguments and directives, or a difference to read.
//!
//! **Never here:** descriptions and the `@link` itself, which may differ.

use std::collections::BTreeSet;

use async_graphql::Positioned;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    ConstDirective, FieldDefinition, InputValueDefinition, TypeDefinition, TypeKind,
    TypeSystemDefinition,
};
use serde_json::{Value, json};
use subgraphs::{EXAMPLE_CONFIG, Options, Service};

use crate::client::{data, start};

#[tokio::test]
async fn each_server_is_what_its_file_says() {
    let running = start(Options::default()).await;
    for service in Service::SUBGRAPHS {
        let answer = data(running.server(service), "{ _service { sdl } }", json!({})).await;
        let Value::String(served) = &answer["_service"]["sdl"] else { panic!("{answer}") };
        let written = service.schema();
        assert_eq!(lines_of(written), lines_of(served), "{service}");
    }
}

#[test]
fn the_example_configuration_names_every_schema_and_default_port() {
    for (service, port) in Service::ALL.into_iter().zip(4001..) {
        let url = format!("url: http://127.0.0.1:{port}");
        assert!(EXAMPLE_CONFIG.contains(&url), "{service}");
        let schema = format!("{service}.graphql");
        assert!(EXAMPLE_CONFIG.contains(&schema), "{service}");
    }
}

/// A schema as a set of lines: one a type, a field, a member, a value.
fn lines_of(sdl: &str) -> BTreeSet<String> {
    let document = parse_schema(sdl).expect("the SDL parses");
    let types = document.definitions.iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some(&definition.node),
        TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
    });
    types.flat_map(lines_of_type).collect()
}

fn lines_of_type(definition: &TypeDefinition) -> Vec<String> {
    let name = &definition.name.node;
    let (kind, members) = match &definition.kind {
        TypeKind::Scalar => ("scalar", vec![]),
        TypeKind::Object(object) => {
            ("type", [names(" implements ", &object.implements), fields(&object.fields)].concat())
        }
        TypeKind::Interface(interface) => ("interface", fields(&interface.fields)),
        TypeKind::Union(union) => ("union", names(" = ", &union.members)),
        TypeKind::Enum(values) => {
            let values = values.values.iter();
            ("enum", values.map(|value| format!(".{}", value.node.value.node)).collect())
        }
        TypeKind::InputObject(input) => {
            let fields = input.fields.iter();
            ("input", fields.map(|field| format!(".{}", input_value(&field.node))).collect())
        }
    };
    let head = format!("{kind} {name}{}", directives(&definition.directives));
    let members = members.into_iter().map(|member| format!("{name}{member}"));
    std::iter::once(head).chain(members).collect()
}

fn fields(fields: &[Positioned<FieldDefinition>]) -> Vec<String> {
    let line = |field: &FieldDefinition| {
        let arguments: Vec<_> =
            field.arguments.iter().map(|argument| input_value(&argument.node)).collect();
        let directives = directives(&field.directives);
        format!(".{}({}): {}{directives}", field.name.node, arguments.join(", "), field.ty.node)
    };
    fields.iter().map(|field| line(&field.node)).collect()
}

fn input_value(value: &InputValueDefinition) -> String {
    let default = value.default_value.as_ref();
    let default = default.map_or_else(String::new, |value| format!(" = {}", value.node));
    format!("{}: {}{default}{}", value.name.node, value.ty.node, directives(&value.directives))
}

fn names(prefix: &str, names: &[Positioned<async_graphql::Name>]) -> Vec<String> {
    names.iter().map(|name| format!("{prefix}{}", name.node)).collect()
}

fn directives(directives: &[Positioned<ConstDirective>]) -> String {
    let text = |directive: &ConstDirective| {
        let arguments = directive.arguments.iter();
        let arguments: Vec<_> =
            arguments.map(|(name, value)| format!("{}: {}", name.node, value.node)).collect();
        format!(" @{}({})", directive.name.node, arguments.join(", "))
    };
    directives.iter().map(|directive| text(&directive.node)).collect()
}
