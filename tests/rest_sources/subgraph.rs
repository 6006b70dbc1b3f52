//! A subgraph as it is written, made simple enough to be a REST service.
//!
//! **In:** the SDL of a GraphQL subgraph. **Out:** [`Subgraph`]: its document, and its types with their keys.
//!
//! **Never here:** connectors (`connectors`).
//!
//! **Holds:** what only makes sense between GraphQL subgraphs is taken out: `@requires`, `@provides`, externals,
//! contexts, fields that lead back to `Query`.
//!
//! **Read first:** [`Subgraph::of`].

use std::collections::BTreeMap;

use apollo_compiler::Node;
use apollo_compiler::ast::{Definition, Directive, DirectiveList, Document, FieldDefinition};

/// A subgraph.
#[derive(Clone, Debug)]
pub(crate) struct Subgraph {
    pub(crate) name: String,
    pub(crate) document: Document,
    pub(crate) types: BTreeMap<String, Type>,
}

/// An object, interface or union.
#[derive(Clone, Debug, Default)]
pub(crate) struct Type {
    pub(crate) is_object: bool,
    pub(crate) fields: Vec<Node<FieldDefinition>>,
    /// The objects that may stand where it is asked for; of an object: itself.
    pub(crate) objects: Vec<String>,
    pub(crate) keys: Vec<Key>,
}

/// A key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// The way to each leaf.
    pub(crate) leaves: Vec<Vec<String>>,
    pub(crate) is_resolvable: bool,
}

impl Subgraph {
    /// Reads it; none if it cannot be a REST service.
    pub(crate) fn of(name: &str, sdl: &str) -> Option<Self> {
        let mut document = Document::parse(sdl, "subgraph.graphql").ok()?;
        let is_plain = document.definitions.iter().all(|definition| match definition {
            Definition::SchemaDefinition(_) => false,
            Definition::ObjectTypeDefinition(object) => !object.directives.has("interfaceObject"),
            Definition::InterfaceTypeDefinition(interface) => !interface.directives.has("key"),
            Definition::ObjectTypeExtension(_) | Definition::InterfaceTypeExtension(_) => false,
            _ => true,
        });
        if !is_plain || !sdl.contains("@link") {
            return None;
        }
        simplify(&mut document);
        let types = types_of(&document);
        Some(Self { name: name.to_owned(), document, types })
    }

    /// The type of a name, if it has fields or members.
    pub(crate) fn ty(&self, name: &str) -> Option<&Type> {
        self.types.get(name)
    }

    /// Whether some of its types are abstract.
    pub(crate) fn has_abstract_types(&self) -> bool {
        self.types.values().any(|ty| !ty.is_object)
    }
}

impl Type {
    /// A field.
    pub(crate) fn field(&self, name: &str) -> Option<&Node<FieldDefinition>> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether it has the keys of an entity.
    pub(crate) fn resolvable(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(|key| key.is_resolvable)
    }
}

fn simplify(document: &mut Document) {
    for definition in &mut document.definitions {
        let name = definition.name().cloned();
        let (fields, directives) = match definition {
            Definition::ObjectTypeDefinition(object) => {
                let object = object.make_mut();
                (&mut object.fields, Some(&mut object.directives))
            }
            Definition::InterfaceTypeDefinition(interface) => {
                (&mut interface.make_mut().fields, None)
            }
            Definition::SchemaExtension(schema) => {
                without_imports(&mut schema.make_mut().directives);
                continue;
            }
            _ => continue,
        };
        let is_entity = directives.as_ref().is_some_and(|it| it.has("key"));
        if let Some(directives) = directives {
            directives.retain(|it| it.name != "context");
        }
        fields.retain(|field| {
            let directives = &field.directives;
            let foreign = ["requires", "external"].iter().any(|it| directives.has(it));
            let contextual = field.arguments.iter().any(|it| it.directives.has("fromContext"));
            let target = field.ty.inner_named_type();
            let circular = !is_entity && name.as_ref() == Some(target);
            !foreign && !contextual && target != "Query" && !circular
        });
        for field in fields {
            field.make_mut().directives.retain(|it| it.name != "provides");
        }
    }
    keep_what_all_have(document);
    document.definitions.retain(|definition| match definition {
        Definition::ObjectTypeDefinition(object) => !object.fields.is_empty(),
        _ => true,
    });
}

/// Directives that do not go together with connectors are not even to be imported.
fn without_imports(directives: &mut DirectiveList) {
    for link in directives.iter_mut() {
        let text = link.to_string();
        let text = text.replace(", \"@context\", \"@fromContext\"", "");
        let Ok(parsed) = Document::parse(format!("extend schema {text}"), "link.graphql") else {
            continue;
        };
        if let Some(Definition::SchemaExtension(schema)) = parsed.definitions.first()
            && let Some(changed) = schema.directives.first()
        {
            *link = changed.clone();
        }
    }
}

/// Of an interface the fields that all its objects still have.
fn keep_what_all_have(document: &mut Document) {
    let before = document.clone();
    for definition in &mut document.definitions {
        let Definition::InterfaceTypeDefinition(interface) = definition else { continue };
        let interface = interface.make_mut();
        let name = interface.name.clone();
        interface.fields.retain(|field| {
            let objects = before.definitions.iter().filter_map(|it| it.as_object_type_definition());
            let mut members = objects.filter(|object| object.implements_interfaces.contains(&name));
            members.all(|member| member.fields.iter().any(|own| own.name == field.name))
        });
    }
}

fn types_of(document: &Document) -> BTreeMap<String, Type> {
    let mut types: BTreeMap<String, Type> = BTreeMap::new();
    for definition in &document.definitions {
        let Some(name) = definition.name().map(ToString::to_string) else { continue };
        let ty = match definition {
            Definition::ObjectTypeDefinition(object) => Type {
                is_object: true,
                fields: object.fields.clone(),
                objects: vec![name.clone()],
                keys: object.directives.get_all("key").filter_map(key).collect(),
            },
            Definition::InterfaceTypeDefinition(interface) => {
                let objects =
                    document.definitions.iter().filter_map(|it| it.as_object_type_definition());
                let members =
                    objects.filter(|it| it.implements_interfaces.contains(&interface.name));
                let objects = members.map(|it| it.name.to_string()).collect();
                Type { fields: interface.fields.clone(), objects, ..Type::default() }
            }
            Definition::UnionTypeDefinition(union) => {
                let objects = union.members.iter().map(ToString::to_string).collect();
                Type { objects, ..Type::default() }
            }
            _ => continue,
        };
        types.insert(name, ty);
    }
    types
}

fn key(directive: &Node<Directive>) -> Option<Key> {
    let argument = |name: &str| directive.arguments.iter().find(|it| it.name == name);
    let text = argument("fields")?.value.as_str()?;
    let resolvable = argument("resolvable").and_then(|it| it.value.to_bool());
    let spaced = text.replace('{', " { ").replace('}', " } ");
    let mut leaves: Vec<Vec<String>> = Vec::new();
    let mut above: Vec<String> = Vec::new();
    for word in spaced.split_whitespace() {
        match word {
            "{" => above = leaves.pop()?,
            "}" => drop(above.pop()),
            name => leaves.push(above.iter().cloned().chain([name.to_owned()]).collect()),
        }
    }
    Some(Key { leaves, is_resolvable: resolvable.unwrap_or(true) })
}
