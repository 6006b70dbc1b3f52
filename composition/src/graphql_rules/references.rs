//! Finds references to types and directives that do not exist, and guesses what was meant.
//!
//! **In:** a subgraph's document and the names it may use. **Out:** `INVALID_GRAPHQL` errors.
//!
//! **Never here:** other rules of GraphQL (the validator has them).

use std::collections::HashSet;

use apollo_compiler::ast::{Definition, Directive, Document, InputValueDefinition};
use apollo_compiler::{Name, Node};

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::link::{Edition, Links};
use crate::source::{SourceText, Span};
use crate::vocabulary::{ELEMENTS, Known};
use crate::words;

/// Reports references to types that do not exist, with the name that was probably meant.
pub(super) fn check_type_references(
    source: &SourceText,
    document: &Document,
    known: &HashSet<String>,
    links: &Links,
    errors: &mut Vec<CompositionError>,
) {
    let connected = connected_fields(document, links);
    let mut seen = HashSet::new();
    let mut check = |coordinate: Coordinate<'_>, name: &Name, span: Span| {
        if known.contains(name.as_str()) {
            return;
        }
        let coordinate = &coordinate();
        if !seen.insert((name.to_string(), coordinate.clone())) {
            return;
        }
        let fix = match words::nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "define the type `{name}` in this subgraph; an entity of another subgraph needs a \
                 definition with its `@key` here, too"
            ),
        };
        let message = format!(
            "[{}] `{coordinate}` refers to the type `{name}`, which does not exist",
            source.subgraph
        );
        let code = match connected.contains(coordinate) {
            true => ErrorCode::MissingSchemaType,
            false => ErrorCode::InvalidGraphql,
        };
        errors.push(
            CompositionError::new(code, message)
                .on(coordinate)
                .at(&source.subgraph, source.locate(name.location().or(span)))
                .fix(fix),
        );
    };
    for definition in &document.definitions {
        visit_references(definition, &mut |coordinate, ty, span| {
            check(coordinate, ty, span);
        });
    }
}

/// The coordinates of fields with `@connect`: a type that these lack has a code of its own.
fn connected_fields(document: &Document, links: &Links) -> HashSet<String> {
    let mut connected = HashSet::new();
    if !links.directives().any(|(_, known)| known == Known::Connect) {
        return connected;
    }
    for definition in &document.definitions {
        let fields = match definition {
            Definition::ObjectTypeDefinition(it) => &it.fields,
            Definition::ObjectTypeExtension(it) => &it.fields,
            _ => continue,
        };
        let Some(parent) = definition.name() else { continue };
        let is_connect = |it: &Node<Directive>| links.meaning(&it.name) == Some(Known::Connect);
        let own = fields.iter().filter(|field| field.directives.iter().any(is_connect));
        connected.extend(own.map(|field| format!("{parent}.{}", field.name)));
    }
    connected
}

/// Reports types that implement what is no interface.
pub(super) fn check_implements(
    source: &SourceText,
    document: &Document,
    errors: &mut Vec<CompositionError>,
) {
    let objects: HashSet<&Name> = document
        .definitions
        .iter()
        .filter(|definition| definition.as_object_type_definition().is_some())
        .filter_map(Definition::name)
        .collect();
    for definition in &document.definitions {
        let implements = match definition {
            Definition::ObjectTypeDefinition(d) => &d.implements_interfaces[..],
            Definition::ObjectTypeExtension(d) => &d.implements_interfaces[..],
            Definition::InterfaceTypeDefinition(d) => &d.implements_interfaces[..],
            Definition::InterfaceTypeExtension(d) => &d.implements_interfaces[..],
            _ => continue,
        };
        let Some(name) = definition.name() else { continue };
        for object in implements.iter().filter(|implemented| objects.contains(*implemented)) {
            let message = format!(
                "[{}] `{name}` implements `{object}`, which is an object type in this subgraph",
                source.subgraph
            );
            errors.push(
                CompositionError::new(ErrorCode::InvalidGraphql, message)
                    .on(name.as_str())
                    .at(&source.subgraph, source.locate(object.location()))
                    .fix(format!(
                        "drop `implements {object}` here, or make `{object}` an interface"
                    )),
            );
        }
    }
}

/// Made only where it is needed.
type Coordinate<'a> = &'a dyn Fn() -> String;

/// Shows each reference to a type, with its coordinate, which few will want.
fn visit_references(definition: &Definition, visit: &mut impl FnMut(Coordinate<'_>, &Name, Span)) {
    let Some(parent) = definition.name() else { return };
    let inputs = |prefix: Coordinate<'_>,
                  inputs: &[Node<InputValueDefinition>],
                  visit: &mut dyn FnMut(Coordinate<'_>, &Name, Span)| {
        for input in inputs {
            let coordinate = || format!("{}{}", prefix(), input.name);
            visit(&coordinate, input.ty.inner_named_type(), input.location());
        }
    };
    let of_input_object = || format!("{parent}.");
    let (implements, fields) = match definition {
        Definition::ObjectTypeDefinition(d) => (&d.implements_interfaces[..], &d.fields[..]),
        Definition::ObjectTypeExtension(d) => (&d.implements_interfaces[..], &d.fields[..]),
        Definition::InterfaceTypeDefinition(d) => (&d.implements_interfaces[..], &d.fields[..]),
        Definition::InterfaceTypeExtension(d) => (&d.implements_interfaces[..], &d.fields[..]),
        Definition::UnionTypeDefinition(d) => (&d.members[..], &[][..]),
        Definition::UnionTypeExtension(d) => (&d.members[..], &[][..]),
        Definition::InputObjectTypeDefinition(d) => {
            inputs(&of_input_object, &d.fields, visit);
            return;
        }
        Definition::InputObjectTypeExtension(d) => {
            inputs(&of_input_object, &d.fields, visit);
            return;
        }
        Definition::DirectiveDefinition(d) => {
            inputs(&|| format!("@{parent}:"), &d.arguments, visit);
            return;
        }
        _ => return,
    };
    for name in implements {
        visit(&|| parent.to_string(), name, name.location());
    }
    for field in fields {
        let coordinate = || format!("{parent}.{}", field.name);
        visit(&coordinate, field.ty.inner_named_type(), field.location());
        inputs(&|| format!("{parent}.{}:", field.name), &field.arguments, visit);
    }
}

/// Reports directives that do not exist, with the import that would bring them.
pub(super) fn check_directives(
    source: &SourceText,
    document: &Document,
    provided: &Document,
    links: &Links,
    errors: &mut Vec<CompositionError>,
) {
    let mut known: HashSet<&str> =
        HashSet::from(["deprecated", "specifiedBy", "skip", "include", "oneOf"]);
    for document in [document, provided] {
        let definitions =
            document.definitions.iter().filter_map(Definition::as_directive_definition);
        known.extend(definitions.map(|definition| definition.name.as_str()));
    }
    known.extend(links.directives().map(|(name, _)| name));
    let mut seen = HashSet::new();
    for definition in &document.definitions {
        for directive in directives_of(definition) {
            let name = directive.name.as_str();
            if known.contains(name) || !seen.insert(name) {
                continue;
            }
            let message = format!("[{}] the directive `@{name}` is not defined", source.subgraph);
            errors.push(
                CompositionError::new(ErrorCode::InvalidGraphql, message)
                    .on(format!("@{name}"))
                    .at(&source.subgraph, source.locate(directive.location()))
                    .fix(directive_fix(name, &known, links)),
            );
        }
    }
}

fn directive_fix(name: &str, known: &HashSet<&str>, links: &Links) -> String {
    let own = name.rsplit("__").next().unwrap_or(name);
    let element = ELEMENTS.iter().find(|element| element.name == own);
    match (element, links.edition) {
        (Some(element), Edition::Two(minor)) if element.since <= minor => {
            format!("add `\"@{own}\"` to the import list of the federation `@link`")
        }
        (Some(element), Edition::Two(_)) => {
            format!("link federation v2.{} or later and import `\"@{own}\"`", element.since)
        }
        (Some(element), Edition::One) => format!(
            "add `extend schema @link(url: \"https://specs.apollo.dev/federation/v2.{}\", import: \
             [\"@key\", \"@{own}\"])`",
            element.since
        ),
        (None, _) => match words::nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `@{near}`? Otherwise define `directive @{name}`"),
            None => format!("define `directive @{name}` in this subgraph, or remove it"),
        },
    }
}

/// All directives applied in a definition.
pub(super) fn directives_of(definition: &Definition) -> Vec<&Node<Directive>> {
    let mut all: Vec<&Node<Directive>> = definition.directives().iter().collect();
    let fields = match definition {
        Definition::ObjectTypeDefinition(d) => &d.fields[..],
        Definition::ObjectTypeExtension(d) => &d.fields[..],
        Definition::InterfaceTypeDefinition(d) => &d.fields[..],
        Definition::InterfaceTypeExtension(d) => &d.fields[..],
        _ => &[][..],
    };
    for field in fields {
        all.extend(field.directives.iter());
        all.extend(field.arguments.iter().flat_map(|argument| argument.directives.iter()));
    }
    match definition {
        Definition::EnumTypeDefinition(d) => {
            all.extend(d.values.iter().flat_map(|value| value.directives.iter()));
        }
        Definition::EnumTypeExtension(d) => {
            all.extend(d.values.iter().flat_map(|value| value.directives.iter()));
        }
        Definition::InputObjectTypeDefinition(d) => {
            all.extend(d.fields.iter().flat_map(|field| field.directives.iter()));
        }
        Definition::InputObjectTypeExtension(d) => {
            all.extend(d.fields.iter().flat_map(|field| field.directives.iter()));
        }
        Definition::DirectiveDefinition(d) => {
            all.extend(d.arguments.iter().flat_map(|argument| argument.directives.iter()));
        }
        _ => {}
    }
    all
}
