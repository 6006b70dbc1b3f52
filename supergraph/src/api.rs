//! The API schema: the supergraph less the machinery and everything `@inaccessible`.
//!
//! **In:** the supergraph document. **Out:** a schema that clients may see.
//!
//! **Never here:** contracts by tag.
//!
//! **Holds:** what remains is a valid schema, or the supergraph is refused. What a specification of
//! federation brings (its directives, its types) goes; directives that subgraphs composed from
//! specifications of their own stay, definitions and uses, as other routers' API schemas have them.
//!
//! Spec: <https://specs.apollo.dev/inaccessible/v0.2/>, <https://specs.apollo.dev/link/v1.0/>

use crate::reader::SPECIFICATIONS;
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{Name, Node, Schema, ast};
use std::collections::HashSet;

/// Why no API schema could be made.
#[derive(Debug, thiserror::Error)]
#[error("the API schema is not valid: {0}")]
pub struct ApiError(pub(crate) String);

/// Directives that a client may see applied to a schema.
const VISIBLE: [&str; 3] = ["deprecated", "specifiedBy", "oneOf"];

/// What a client sees of directives and of the types that come with them.
#[derive(Default)]
struct Features {
    /// Names and prefixes of federation's specifications.
    hidden: HashSet<String>,
    /// Directives of other specifications.
    composed: HashSet<String>,
}

/// The API schema. `undefined` are names that the document uses but doesn't define; they are shown
/// as custom scalars.
pub(crate) fn api_schema(
    supergraph: &ast::Document,
    undefined: &[String],
) -> Result<Valid<Schema>, ApiError> {
    let mut features = Features::of(supergraph);
    if !features.composed.is_empty() {
        if let Ok(schema) = visible_schema(supergraph, &features, undefined) {
            return Ok(schema);
        }
        // Composers don't judge the values of such directives; a schema for clients has to.
        features.composed.clear();
    }
    visible_schema(supergraph, &features, undefined).map_err(|errors| ApiError(errors.to_string()))
}

fn visible_schema(
    supergraph: &ast::Document,
    features: &Features,
    undefined: &[String],
) -> Result<Valid<Schema>, DiagnosticList> {
    let hidden = hidden_types(supergraph, features);
    let mut api = ast::Document::new();
    api.sources = supergraph.sources.clone();
    api.definitions = supergraph
        .definitions
        .iter()
        .filter_map(|definition| visible_definition(definition, &hidden, features))
        .collect();
    let added = added_definitions(&api, undefined);
    let added = ast::Document::parse(added, "api.graphql").map_err(|e| e.errors)?;
    let schema = Schema::builder().add_ast(&api).add_ast(&added).build();
    schema.map_err(|e| e.errors)?.validate().map_err(|e| e.errors)
}

/// What the document lacks and its schema needs.
fn added_definitions(api: &ast::Document, undefined: &[String]) -> String {
    let mut sdl: String = undefined.iter().map(|name| format!("scalar {name}\n")).collect();
    let defines = |directive: &str| {
        let definitions = api.definitions.iter().filter_map(|it| it.as_directive_definition());
        definitions.into_iter().any(|definition| definition.name == directive)
    };
    // A hint that an executor may ignore; clients send it whether or not a schema declares it.
    if !defines("defer") {
        sdl.push_str(
            "directive @defer(label: String, if: Boolean! = true) on FRAGMENT_SPREAD | INLINE_FRAGMENT\n",
        );
    }
    // Built in since September 2025; the parser wants it declared.
    if !defines("oneOf") && api.definitions.iter().any(|it| it.directives().has("oneOf")) {
        sdl.push_str("directive @oneOf on INPUT_OBJECT\n");
    }
    sdl
}

impl Features {
    /// Reads the `@link`s of a supergraph.
    fn of(supergraph: &ast::Document) -> Self {
        let mut features = Self::default();
        for definition in &supergraph.definitions {
            if matches!(
                definition,
                ast::Definition::SchemaDefinition(_) | ast::Definition::SchemaExtension(_)
            ) {
                definition.directives().get_all("link").for_each(|link| features.add(link));
            }
        }
        features
    }

    fn add(&mut self, link: &ast::Directive) {
        let text = |name: &str| link.specified_argument_by_name(name)?.as_str();
        let Some(url) = text("url") else { return };
        let url = url.trim_end_matches('/');
        let parts: Vec<&str> = url.rsplit('/').take(2).collect();
        let is_version = |part: &str| {
            part.starts_with('v') && part[1..].starts_with(|digit: char| digit.is_ascii_digit())
        };
        let name = match parts.as_slice() {
            [version, name] if is_version(version) => *name,
            [name, ..] => *name,
            [] => return,
        };
        let of_federation =
            url.starts_with("https://specs.apollo.dev/") || url.starts_with(SPECIFICATIONS);
        let names = if of_federation { &mut self.hidden } else { &mut self.composed };
        names.insert(text("as").unwrap_or(name).to_owned());
        let imports = link.specified_argument_by_name("import").and_then(|list| list.as_list());
        for import in imports.unwrap_or_default() {
            let member = |key: &str| {
                let members = import.as_object()?;
                members.iter().find(|(name, _)| name == key)?.1.as_str()
            };
            let imported = import.as_str().or_else(|| member("as")).or_else(|| member("name"));
            if let Some(directive) = imported.and_then(|name| name.strip_prefix('@')) {
                names.insert(directive.to_owned());
            }
        }
    }

    /// Whether `name` belongs to a specification of federation.
    fn hides(&self, name: &str) -> bool {
        is_machinery(name)
            || name.split_once("__").is_some_and(|(prefix, _)| self.hidden.contains(prefix))
    }

    fn is_composed(&self, directive: &str) -> bool {
        let prefix = directive.split_once("__").map_or(directive, |(prefix, _)| prefix);
        self.composed.contains(directive) || self.composed.contains(prefix)
    }
}

fn is_machinery(name: &str) -> bool {
    const PREFIXES: [&str; 5] = ["join__", "link__", "core__", "federation__", "context__"];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn is_inaccessible(directives: &ast::DirectiveList) -> bool {
    directives.has("inaccessible")
}

/// Names of types that clients don't see. Scalars that only machinery uses go by their prefix.
fn hidden_types(document: &ast::Document, features: &Features) -> HashSet<Name> {
    document
        .definitions
        .iter()
        .filter_map(|definition| {
            let name = definition.name()?;
            let inaccessible = is_inaccessible(definition.directives());
            let is_type = !matches!(definition, ast::Definition::DirectiveDefinition(_));
            (is_type && (inaccessible || features.hides(name))).then(|| name.clone())
        })
        .collect()
}

fn visible_definition(
    definition: &ast::Definition,
    hidden: &HashSet<Name>,
    features: &Features,
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
            strip(&mut node.directives, features);
            node.root_operations.retain(|root| !hidden.contains(&root.1));
        }
        ast::Definition::ScalarTypeDefinition(node) => {
            strip(&mut node.make_mut().directives, features)
        }
        ast::Definition::ObjectTypeDefinition(node) => {
            let node = node.make_mut();
            strip(&mut node.directives, features);
            node.implements_interfaces.retain(|name| !hidden.contains(name));
            visible_fields(&mut node.fields, hidden, features);
        }
        ast::Definition::InterfaceTypeDefinition(node) => {
            let node = node.make_mut();
            strip(&mut node.directives, features);
            node.implements_interfaces.retain(|name| !hidden.contains(name));
            visible_fields(&mut node.fields, hidden, features);
        }
        ast::Definition::UnionTypeDefinition(node) => {
            let node = node.make_mut();
            strip(&mut node.directives, features);
            node.members.retain(|name| !hidden.contains(name));
        }
        ast::Definition::EnumTypeDefinition(node) => {
            let node = node.make_mut();
            strip(&mut node.directives, features);
            node.values.retain(|value| !is_inaccessible(&value.directives));
            node.values
                .iter_mut()
                .for_each(|value| strip(&mut value.make_mut().directives, features));
        }
        ast::Definition::InputObjectTypeDefinition(node) => {
            let node = node.make_mut();
            strip(&mut node.directives, features);
            visible_inputs(&mut node.fields, hidden, features);
        }
        ast::Definition::DirectiveDefinition(node) => {
            let is_composed = features.is_composed(&node.name);
            if features.hides(&node.name)
                || !is_composed && !node.locations.iter().any(is_executable)
            {
                return None;
            }
            let node = node.make_mut();
            if !is_composed {
                node.locations.retain(is_executable);
            }
            visible_inputs(&mut node.arguments, hidden, features);
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

fn strip(directives: &mut ast::DirectiveList, features: &Features) {
    directives.retain(|directive| {
        VISIBLE.contains(&directive.name.as_str()) || features.is_composed(&directive.name)
    });
}

fn visible_fields(
    fields: &mut Vec<Node<ast::FieldDefinition>>,
    hidden: &HashSet<Name>,
    features: &Features,
) {
    fields.retain(|field| {
        !is_inaccessible(&field.directives) && !hidden.contains(field.ty.inner_named_type())
    });
    for field in fields {
        let field = field.make_mut();
        strip(&mut field.directives, features);
        visible_inputs(&mut field.arguments, hidden, features);
    }
}

fn visible_inputs(
    inputs: &mut Vec<Node<ast::InputValueDefinition>>,
    hidden: &HashSet<Name>,
    features: &Features,
) {
    inputs.retain(|input| {
        !is_inaccessible(&input.directives) && !hidden.contains(input.ty.inner_named_type())
    });
    inputs.iter_mut().for_each(|input| strip(&mut input.make_mut().directives, features));
}
