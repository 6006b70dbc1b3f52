//! Checks the definitions of federation elements that a subgraph writes itself.
//!
//! **In:** a subgraph's document and links. **Out:** `DIRECTIVE_DEFINITION_INVALID` and
//! `TYPE_DEFINITION_INVALID`.
//!
//! **Never here:** definitions that the subgraph leaves to us (`graphql_rules`).
//!
//! **Read first:** [`check_definitions`].

use apollo_compiler::ast::{Definition, DirectiveDefinition, Document, Type};

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::link::{Edition, Links};
use crate::source::SourceText;
use crate::vocabulary::{Element, SPEC_TYPES};

/// A definition may ask for less than the specification's, but not for anything else.
pub(crate) fn check_definitions(
    document: &Document,
    source: &SourceText,
    links: &Links,
    errors: &mut Vec<CompositionError>,
) {
    for definition in &document.definitions {
        if let Some(directive) = definition.as_directive_definition() {
            check_directive(directive, source, links, errors);
        } else if let Some(name) = definition.name()
            && !matches!(definition, Definition::ScalarTypeDefinition(_))
            && links.edition != Edition::One
            && SPEC_TYPES.iter().any(|(own, _)| links.type_name(own) == name.as_str())
        {
            let message = format!(
                "[{}] `{name}` is a scalar of the federation specification, but is defined as \
                 something else",
                source.subgraph
            );
            errors.push(
                CompositionError::new(ErrorCode::TypeDefinitionInvalid, message)
                    .on(name.as_str())
                    .at(&source.subgraph, source.locate(name.location()))
                    .fix("remove the definition; the `@link` provides it"),
            );
        }
    }
}

fn check_directive(
    directive: &DirectiveDefinition,
    source: &SourceText,
    links: &Links,
    errors: &mut Vec<CompositionError>,
) {
    let Some(element) = links.meaning(&directive.name).and_then(|known| known.element()) else {
        return;
    };
    let type_name = |name: &str| links.type_name(name);
    let expected = element.sdl(&directive.name, type_name);
    let Ok(parsed) = Document::parse(expected.as_str(), "expected") else { return };
    let Some(spec) = parsed.definitions.first().and_then(Definition::as_directive_definition)
    else {
        return;
    };
    let Some(difference) = difference(directive, spec, element, links) else { return };
    let message =
        format!("[{}] the definition of `@{}` {difference}", source.subgraph, directive.name);
    errors.push(
        CompositionError::new(ErrorCode::DirectiveDefinitionInvalid, message)
            .on(format!("@{}", directive.name))
            .at(&source.subgraph, source.locate(directive.name.location()))
            .fix(format!("remove it, as federation provides it, or write `{expected}`")),
    );
}

fn difference(
    own: &DirectiveDefinition,
    spec: &DirectiveDefinition,
    element: &Element,
    links: &Links,
) -> Option<String> {
    for expected in &spec.arguments {
        let found = own.arguments.iter().find(|argument| argument.name == expected.name);
        let Some(found) = found else {
            if expected.ty.is_non_null() && expected.default_value.is_none() {
                return Some(format!("lacks the argument `{}`", expected.name));
            }
            continue;
        };
        if !fits(&found.ty, &expected.ty, links) {
            return Some(format!(
                "has the argument `{}` of type `{}` instead of `{}`",
                found.name, found.ty, expected.ty
            ));
        }
        if found.default_value != expected.default_value {
            return Some(format!("has another default for `{}`", found.name));
        }
    }
    let unknown = own
        .arguments
        .iter()
        .find(|argument| spec.arguments.iter().all(|expected| expected.name != argument.name));
    if let Some(unknown) = unknown {
        return Some(format!("has an unknown argument `{}`", unknown.name));
    }
    if own.repeatable && !spec.repeatable {
        return Some(format!("is repeatable, which `@{}` is not", element.name));
    }
    let elsewhere = own.locations.iter().find(|location| !spec.locations.contains(location))?;
    Some(format!("allows the location `{}`", elsewhere.name()))
}

/// Equal but for a stricter nullability and `String` in place of the specification's scalars.
fn fits(own: &Type, spec: &Type, links: &Links) -> bool {
    match (own, spec) {
        (Type::NonNullNamed(own), Type::NonNullNamed(spec) | Type::Named(spec))
        | (Type::Named(own), Type::Named(spec)) => {
            own == spec
                || SPEC_TYPES.iter().any(|(name, _)| {
                    links.type_name(name) == spec.as_str()
                        && (own == "String" || own.trim_start_matches('_').ends_with(name))
                })
        }
        (Type::NonNullList(own), Type::NonNullList(spec) | Type::List(spec))
        | (Type::List(own), Type::List(spec)) => fits(own, spec, links),
        _ => false,
    }
}
