//! Makes the supergraph document in the standard form: `link` v1.0, `join` v0.5.
//!
//! **In:** the merged [`Supergraph`]. **Out:** a document that other routers load.
//!
//! **Never here:** deciding what the supergraph contains; its layout as text (`standard_form`).
//!
//! **Holds:** equal supergraphs make equal documents: definitions stand in the order of their
//! names. Types, which are many, are never parsed.
//!
//! **Read first:** [`document()`].
//!
//! Spec: <https://specs.apollo.dev/join/v0.5>

use std::fmt::Write;
use std::sync::Arc;

use apollo_compiler::ast::{
    Argument, Definition, Directive, DirectiveDefinition, DirectiveList, Document,
    EnumTypeDefinition, EnumValueDefinition, FieldDefinition, InputObjectTypeDefinition,
    InputValueDefinition, InterfaceTypeDefinition, ObjectTypeDefinition, ScalarTypeDefinition,
    Type, UnionTypeDefinition, Value,
};
use apollo_compiler::{Name, Node, name};

use crate::merged::{
    MergedApplication, MergedArgument, MergedDirective, MergedField, MergedLink, MergedType,
    Supergraph, directive,
};
use crate::schema::{Kind, Subgraph};
use crate::vocabulary::Known;

/// Definitions that every supergraph carries.
const STANDARD: &[&str] = &[
    "directive @join__directive(graphs: [join__Graph!], name: String!, args: \
     join__DirectiveArguments) repeatable on SCHEMA | OBJECT | INTERFACE | FIELD_DEFINITION",
    "directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE",
    "directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: \
     join__FieldSet, type: String, external: Boolean, override: String, usedOverridden: \
     Boolean, overrideLabel: String, contextArguments: [join__ContextArgument!]) repeatable \
     on FIELD_DEFINITION | INPUT_FIELD_DEFINITION",
    "directive @join__graph(name: String!, url: String!) on ENUM_VALUE",
    "directive @join__implements(graph: join__Graph!, interface: String!) repeatable on \
     OBJECT | INTERFACE",
    "directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = \
     false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on \
     OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR",
    "directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION",
    "directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) \
     repeatable on SCHEMA",
    "input join__ContextArgument {\n  name: String!\n  type: String!\n  context: String!\n  \
     selection: join__FieldValue!\n}",
    "scalar join__DirectiveArguments",
    "scalar join__FieldSet",
    "scalar join__FieldValue",
    "scalar link__Import",
    "enum link__Purpose {\n  \"\"\"\n  `SECURITY` features provide metadata necessary to \
     securely resolve fields.\n  \"\"\"\n  SECURITY\n\n  \"\"\"\n  `EXECUTION` features \
     provide metadata necessary for operation execution.\n  \"\"\"\n  EXECUTION\n}",
];

/// The supergraph as a document. It shares nodes with the subgraphs' documents, hence their sources.
pub(crate) fn document(supergraph: &Supergraph, subgraphs: &[Subgraph]) -> Document {
    let used = used_directives(supergraph);
    let standard = standard_definitions(supergraph, &used);
    let parsed = Document::parse(standard, "supergraph");
    let mut document = parsed.unwrap_or_else(|with_errors| with_errors.partial);
    let sources = subgraphs.iter().flat_map(|subgraph| subgraph.sources.iter());
    Arc::make_mut(&mut document.sources).extend(sources.map(|(id, file)| (*id, Arc::clone(file))));
    if let Some(Definition::SchemaDefinition(schema)) = document.definitions.first_mut() {
        let directives = &mut schema.make_mut().directives.0;
        directives.extend(supergraph.links.iter().map(link));
        directives.extend(supergraph.applied.iter().map(application));
        directives.extend(supergraph.kept.iter().cloned());
    }
    document.definitions.push(graphs(supergraph));
    let directives = supergraph.directives.values().map(directive_definition);
    document.definitions.extend(directives);
    document.definitions.extend(supergraph.types.values().map(type_definition));
    document.definitions.sort_by(|left, right| order(left).cmp(&order(right)));
    document
}

/// The schema, directives, then types.
fn order(definition: &Definition) -> (u8, Option<&Name>) {
    let rank = match definition {
        Definition::SchemaDefinition(_) => 0,
        Definition::DirectiveDefinition(_) => 1,
        _ => 2,
    };
    (rank, definition.name())
}

/// What does not come from subgraphs, in SDL.
fn standard_definitions(supergraph: &Supergraph, used: &[Known]) -> String {
    let mut sdl = vec![schema(supergraph, used)];
    sdl.extend(STANDARD.iter().map(|definition| (*definition).to_owned()));
    sdl.extend(used.iter().map(|known| definition_of(*known)));
    if used.contains(&Known::Context) {
        let definition = "directive @context__fromContext(field: context__ContextFieldValue) on \
                          ARGUMENT_DEFINITION";
        sdl.push(definition.to_owned());
    }
    if carries_one_of(supergraph) {
        // Not every loader has it built in yet.
        sdl.push("directive @oneOf on INPUT_OBJECT".to_owned());
    }
    for (known, scalar) in [
        (Known::RequiresScopes, "requiresScopes__Scope"),
        (Known::Policy, "policy__Policy"),
        (Known::Context, "context__ContextFieldValue"),
    ] {
        if used.contains(&known) {
            sdl.push(format!("scalar {scalar}"));
        }
    }
    sdl.join("\n\n")
}

/// The directives of linked specifications that some element of the supergraph carries.
fn used_directives(supergraph: &Supergraph) -> Vec<Known> {
    let mut used: Vec<Known> = Vec::new();
    let mut note = |applied: &[MergedApplication]| {
        for known in applied.iter().filter_map(|application| application.known) {
            if known.element().is_some() && !used.contains(&known) {
                used.push(known);
            }
        }
    };
    note(&supergraph.applied);
    for definition in supergraph.types.values() {
        note(&definition.applied);
        for field in definition.fields.values() {
            note(&field.applied);
            field.arguments.values().for_each(|argument| note(&argument.applied));
        }
        definition.values.values().for_each(|value| note(&value.applied));
    }
    for directive in supergraph.directives.values() {
        directive.arguments.values().for_each(|argument| note(&argument.applied));
    }
    used.sort();
    // The cost specification is linked as a whole.
    if used.contains(&Known::ListSize) && !used.contains(&Known::Cost) {
        used.push(Known::Cost);
    }
    used
}

fn carries_one_of(supergraph: &Supergraph) -> bool {
    let mut applied = supergraph.types.values().flat_map(|definition| &definition.applied);
    applied.any(|application| application.known == Some(Known::OneOf))
}

fn definition_of(known: Known) -> String {
    let Some(element) = known.element() else { return String::new() };
    element.sdl(element.name, |spec_type| match spec_type {
        "Scope" => "requiresScopes__Scope".to_owned(),
        "Policy" => "policy__Policy".to_owned(),
        other => format!("join__{other}"),
    })
}

fn schema(supergraph: &Supergraph, used: &[Known]) -> String {
    let mut out = String::from(
        "schema\n  @link(url: \"https://specs.apollo.dev/link/v1.0\")\n  @link(url: \
         \"https://specs.apollo.dev/join/v0.5\", for: EXECUTION)\n",
    );
    let features: [(Known, &str, Option<&str>); 7] = [
        (Known::Tag, "tag/v0.3", None),
        (Known::Inaccessible, "inaccessible/v0.2", Some("SECURITY")),
        (Known::Authenticated, "authenticated/v0.1", Some("SECURITY")),
        (Known::RequiresScopes, "requiresScopes/v0.1", Some("SECURITY")),
        (Known::Policy, "policy/v0.1", Some("SECURITY")),
        (Known::Cost, "cost/v0.1", None),
        (Known::Context, "context/v0.1", Some("SECURITY")),
    ];
    for (known, spec, purpose) in features {
        if used.contains(&known) {
            let imports = if known == Known::Cost && used.contains(&Known::ListSize) {
                ", import: [\"@listSize\"]"
            } else {
                ""
            };
            let purpose = purpose.map(|p| format!(", for: {p}")).unwrap_or_default();
            let _ = writeln!(
                out,
                "  @link(url: \"https://specs.apollo.dev/{spec}\"{imports}{purpose})"
            );
        }
    }
    out.push_str("{\n");
    for (operation, root) in
        [("query", "Query"), ("mutation", "Mutation"), ("subscription", "Subscription")]
    {
        if supergraph.types.contains_key(root) {
            out.push_str(&format!("  {operation}: {root}\n"));
        }
    }
    out.push('}');
    out
}

fn link(link: &MergedLink) -> Node<Directive> {
    let text = |text: &str| Node::new(Value::String(text.to_owned()));
    let import = |(own, local): &(String, String)| {
        let (own, local) = (text(&format!("@{own}")), text(&format!("@{local}")));
        if own == local {
            return own;
        }
        Node::new(Value::Object(vec![(name!("name"), own), (name!("as"), local)]))
    };
    let imports = Value::List(link.imports.iter().map(import).collect());
    let url = Value::String(link.url.clone());
    directive(name!("link"), [(name!("url"), url), (name!("import"), imports)])
}

fn graphs(supergraph: &Supergraph) -> Definition {
    let values = supergraph.graphs.iter().map(|graph| {
        let name = (name!("name"), Value::String(graph.name.clone()));
        let url = (name!("url"), Value::String(graph.url.clone()));
        Node::new(EnumValueDefinition {
            description: None,
            value: graph.value.clone(),
            directives: DirectiveList(vec![directive(name!("join__graph"), [name, url])]),
        })
    });
    Definition::EnumTypeDefinition(Node::new(EnumTypeDefinition {
        description: None,
        name: name!("join__Graph"),
        directives: DirectiveList::default(),
        values: values.collect(),
    }))
}

fn directive_definition(directive: &MergedDirective) -> Definition {
    Definition::DirectiveDefinition(Node::new(DirectiveDefinition {
        description: text(&directive.description),
        name: directive.name.clone(),
        arguments: directive.arguments.values().map(argument).collect(),
        repeatable: directive.repeatable,
        locations: directive.locations.clone(),
    }))
}

fn type_definition(definition: &MergedType) -> Definition {
    let description = text(&definition.description);
    let name = definition.name.clone();
    let directives = directives(&definition.joins, &definition.applied);
    let implements_interfaces = definition.implements.iter().cloned().collect();
    match definition.kind {
        Kind::Scalar => Definition::ScalarTypeDefinition(Node::new(ScalarTypeDefinition {
            description,
            name,
            directives,
        })),
        Kind::Object => Definition::ObjectTypeDefinition(Node::new(ObjectTypeDefinition {
            description,
            name,
            implements_interfaces,
            directives,
            fields: definition.fields.values().map(field).collect(),
        })),
        Kind::Interface => {
            Definition::InterfaceTypeDefinition(Node::new(InterfaceTypeDefinition {
                description,
                name,
                implements_interfaces,
                directives,
                fields: definition.fields.values().map(field).collect(),
            }))
        }
        Kind::Union => Definition::UnionTypeDefinition(Node::new(UnionTypeDefinition {
            description,
            name,
            directives,
            members: definition.members.iter().cloned().collect(),
        })),
        Kind::Enum => Definition::EnumTypeDefinition(Node::new(EnumTypeDefinition {
            description,
            name,
            directives,
            values: values(definition),
        })),
        Kind::InputObject => {
            Definition::InputObjectTypeDefinition(Node::new(InputObjectTypeDefinition {
                description,
                name,
                directives,
                fields: definition.fields.values().map(input_field).collect(),
            }))
        }
    }
}

fn values(definition: &MergedType) -> Vec<Node<EnumValueDefinition>> {
    let values = definition.values.values().map(|value| {
        Node::new(EnumValueDefinition {
            description: text(&value.description),
            value: value.name.clone(),
            directives: directives(&value.joins, &value.applied),
        })
    });
    values.collect()
}

fn field(field: &MergedField) -> Node<FieldDefinition> {
    Node::new(FieldDefinition {
        description: text(&field.description),
        name: field.name.clone(),
        arguments: field.arguments.values().map(argument).collect(),
        ty: field.ty.clone(),
        directives: directives(&field.joins, &field.applied),
    })
}

fn input_field(field: &MergedField) -> Node<InputValueDefinition> {
    let directives = directives(&field.joins, &field.applied);
    input(&field.name, &field.ty, &field.default, &field.description, directives)
}

fn argument(argument: &MergedArgument) -> Node<InputValueDefinition> {
    let directives = directives(&[], &argument.applied);
    input(&argument.name, &argument.ty, &argument.default, &argument.description, directives)
}

fn input(
    name: &Name,
    ty: &Type,
    default: &Option<Node<Value>>,
    description: &Option<String>,
    directives: DirectiveList,
) -> Node<InputValueDefinition> {
    Node::new(InputValueDefinition {
        description: text(description),
        name: name.clone(),
        ty: Node::new(ty.clone()),
        default_value: default.clone(),
        directives,
    })
}

fn directives(joins: &[Node<Directive>], applied: &[MergedApplication]) -> DirectiveList {
    DirectiveList(joins.iter().cloned().chain(applied.iter().map(application)).collect())
}

fn application(application: &MergedApplication) -> Node<Directive> {
    let arguments = application.arguments.iter().map(|(name, value)| {
        Node::new(Argument { name: Name::new_unchecked(name), value: value.clone() })
    });
    let name = Name::new_unchecked(&application.name);
    Node::new(Directive { name, arguments: arguments.collect() })
}

fn text(description: &Option<String>) -> Option<Node<str>> {
    description.as_deref().map(Node::from)
}
