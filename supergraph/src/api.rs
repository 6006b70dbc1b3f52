//! The API schema: the supergraph less the machinery and everything `@inaccessible`.
//!
//! **In:** the supergraph document. **Out:** a document that clients may see.
//!
//! **Never here:** contracts by tag.
//!
//! **Holds:** what remains is a valid schema, or the supergraph is refused.
//!
//! Spec: <https://specs.apollo.dev/inaccessible/v0.2/>

use apollo_compiler::{Name, Node, ast};
use std::collections::HashSet;

/// Why no API schema could be made.
#[derive(Debug, thiserror::Error)]
#[error("the API schema is not valid: {0}")]
pub struct ApiError(pub(crate) String);

/// Directives that a client may see applied to a schema.
const VISIBLE: [&str; 3] = ["deprecated", "specifiedBy", "oneOf"];

/// The API schema's SDL. `undefined` are names that the document uses but doesn't define; they are
/// shown as custom scalars.
pub(crate) fn api_sdl(supergraph: &ast::Document, undefined: &[String]) -> String {
    let hidden = hidden_types(supergraph);
    let mut api = ast::Document::new();
    api.definitions = supergraph
        .definitions
        .iter()
        .filter_map(|definition| visible_definition(definition, &hidden))
        .collect();
    let mut sdl = api.to_string();
    for name in undefined {
        sdl.push_str(&format!("\nscalar {name}\n"));
    }
    // A hint that an executor may ignore; clients send it whether or not a schema declares it.
    if !sdl.contains("directive @defer") {
        sdl.push_str(
            "\ndirective @defer(label: String, if: Boolean! = true) on FRAGMENT_SPREAD | INLINE_FRAGMENT\n",
        );
    }
    // Built in since September 2025; the parser wants it declared.
    if sdl.contains("@oneOf") {
        sdl.push_str("\ndirective @oneOf on INPUT_OBJECT\n");
    }
    sdl
}

fn is_machinery(name: &str) -> bool {
    const PREFIXES: [&str; 5] = ["join__", "link__", "core__", "federation__", "context__"];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn is_inaccessible(directives: &ast::DirectiveList) -> bool {
    directives.has("inaccessible")
}

/// Names of types that clients don't see. Scalars that only machinery uses go by their prefix.
fn hidden_types(document: &ast::Document) -> HashSet<Name> {
    document
        .definitions
        .iter()
        .filter_map(|definition| {
            let name = definition.name()?;
            let inaccessible = is_inaccessible(definition.directives());
            let is_type = !matches!(definition, ast::Definition::DirectiveDefinition(_));
            (is_type && (inaccessible || is_machinery(name))).then(|| name.clone())
        })
        .collect()
}

fn visible_definition(
    definition: &ast::Definition,
    hidden: &HashSet<Name>,
) -> Option<ast::Definition> {
    if !matches!(definition, ast::Definition::DirectiveDefinition(_))
        && definition.name().is_some_and(|name| hidden.contains(name))
    {
        return None;
    }
    let mut definition = definition.clone();
    match &mut definition {
        ast::Definition::SchemaDefinition(node) => {
            let node = node.make_mut();
            strip(&mut node.directives);
            node.root_operations.retain(|root| !hidden.contains(&root.1));
        }
        ast::Definition::ScalarTypeDefinition(node) => strip(&mut node.make_mut().directives),
        ast::Definition::ObjectTypeDefinition(node) => {
            let node = node.make_mut();
            strip(&mut node.directives);
            node.implements_interfaces.retain(|name| !hidden.contains(name));
            visible_fields(&mut node.fields, hidden);
        }
        ast::Definition::InterfaceTypeDefinition(node) => {
            let node = node.make_mut();
            strip(&mut node.directives);
            node.implements_interfaces.retain(|name| !hidden.contains(name));
            visible_fields(&mut node.fields, hidden);
        }
        ast::Definition::UnionTypeDefinition(node) => {
            let node = node.make_mut();
            strip(&mut node.directives);
            node.members.retain(|name| !hidden.contains(name));
        }
        ast::Definition::EnumTypeDefinition(node) => {
            let node = node.make_mut();
            strip(&mut node.directives);
            node.values.retain(|value| !is_inaccessible(&value.directives));
            node.values.iter_mut().for_each(|value| strip(&mut value.make_mut().directives));
        }
        ast::Definition::InputObjectTypeDefinition(node) => {
            let node = node.make_mut();
            strip(&mut node.directives);
            visible_inputs(&mut node.fields, hidden);
        }
        ast::Definition::DirectiveDefinition(node) => {
            if is_machinery(&node.name) || !node.locations.iter().any(is_executable) {
                return None;
            }
            let node = node.make_mut();
            node.locations.retain(is_executable);
            visible_inputs(&mut node.arguments, hidden);
        }
        _ => return None,
    }
    Some(definition)
}

fn is_executable(location: &ast::DirectiveLocation) -> bool {
    use ast::DirectiveLocation as At;
    matches!(
        location,
        At::Query
            | At::Mutation
            | At::Subscription
            | At::Field
            | At::FragmentDefinition
            | At::FragmentSpread
            | At::InlineFragment
            | At::VariableDefinition
    )
}

fn strip(directives: &mut ast::DirectiveList) {
    directives.retain(|directive| VISIBLE.contains(&directive.name.as_str()));
}

fn visible_fields(fields: &mut Vec<Node<ast::FieldDefinition>>, hidden: &HashSet<Name>) {
    fields.retain(|field| {
        !is_inaccessible(&field.directives) && !hidden.contains(field.ty.inner_named_type())
    });
    for field in fields {
        let field = field.make_mut();
        strip(&mut field.directives);
        visible_inputs(&mut field.arguments, hidden);
    }
}

fn visible_inputs(inputs: &mut Vec<Node<ast::InputValueDefinition>>, hidden: &HashSet<Name>) {
    inputs.retain(|input| {
        !is_inaccessible(&input.directives) && !hidden.contains(input.ty.inner_named_type())
    });
    inputs.iter_mut().for_each(|input| strip(&mut input.make_mut().directives));
}
