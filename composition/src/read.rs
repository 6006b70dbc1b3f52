//! Turns the document of a subgraph into a [`Subgraph`]: extensions folded, directives understood.
//!
//! **In:** a parsed document that obeys the GraphQL rules, and its links. **Out:** [`Subgraph`].
//!
//! **Never here:** complaining (the rules do), Federation 1's habits (`federation_one`).
//!
//! **Holds:** nothing a person wrote is lost but federation's own definitions.
//!
//! **Read first:** [`read_subgraph`].

use std::collections::HashSet;

use apollo_compiler::ast::{
    self, Definition, DirectiveList, Document, FieldDefinition, InputValueDefinition, Type, Value,
};
use apollo_compiler::{Name, Node, name};
use indexmap::IndexMap;

use crate::SubgraphSource;
use crate::field_set::{Coercion, FieldSet};
use crate::link::{Edition, Links};
use crate::root_types::RootTypes;
use crate::schema::{
    Applied, External, FieldDef, InputDef, Key, Kind, Override, Part, Subgraph, TypeDef, Types,
    ValueDef,
};
use crate::source::{SourceText, Span};
use crate::usage::usage_of;
use crate::vocabulary::{Known, SPEC_TYPES};

/// Reads a document whose GraphQL rules hold.
pub(crate) fn read_subgraph(
    source: &SubgraphSource,
    text: SourceText,
    document: &Document,
    links: Links,
    roots: &RootTypes,
) -> Subgraph {
    let mut reader = Reader { links: &links, roots, types: Types::new() };
    for definition in &document.definitions {
        reader.definition(definition);
    }
    let mut types = reader.types;
    // The protocol gives every subgraph a query root, if only for `_service`.
    types
        .entry(name!("Query"))
        .or_insert_with(|| TypeDef::empty(name!("Query"), Kind::Object, None));
    drop_federation_fields(&mut types);
    mark_shareable_and_external(&mut types);
    unquote_enum_defaults(&mut types);
    let on_schema = schema_directives(document, &links);
    let directives = own_directives(document, &links);
    let usage = usage_of(&types);
    let (name, url) = (source.name.clone(), source.url.clone());
    let sources = document.sources.clone();
    Subgraph { name, url, source: text, sources, links, types, directives, on_schema, usage }
}

struct Reader<'a> {
    links: &'a Links,
    roots: &'a RootTypes,
    types: Types,
}

/// What all kinds of definitions and extensions share.
struct Head<'a> {
    name: &'a Name,
    kind: Kind,
    span: Span,
    description: Option<&'a Node<str>>,
    directives: &'a DirectiveList,
    extension: bool,
}

impl Reader<'_> {
    fn definition(&mut self, definition: &Definition) {
        let Some(head) = head(definition) else { return };
        if self.is_federation_type(head.name) {
            return;
        }
        let part = self.part(&head);
        let name = self.roots.renamed(head.name);
        match definition {
            Definition::ObjectTypeDefinition(d) => {
                self.composite(&name, part, &d.implements_interfaces, &d.fields);
            }
            Definition::ObjectTypeExtension(d) => {
                self.composite(&name, part, &d.implements_interfaces, &d.fields);
            }
            Definition::InterfaceTypeDefinition(d) => {
                self.composite(&name, part, &d.implements_interfaces, &d.fields);
            }
            Definition::InterfaceTypeExtension(d) => {
                self.composite(&name, part, &d.implements_interfaces, &d.fields);
            }
            Definition::UnionTypeDefinition(d) => self.members(&name, &d.members),
            Definition::UnionTypeExtension(d) => self.members(&name, &d.members),
            Definition::EnumTypeDefinition(d) => self.values(&name, part, &d.values),
            Definition::EnumTypeExtension(d) => self.values(&name, part, &d.values),
            Definition::InputObjectTypeDefinition(d) => self.inputs(&name, &d.fields),
            Definition::InputObjectTypeExtension(d) => self.inputs(&name, &d.fields),
            _ => {}
        }
    }

    /// Types of the specifications, which the supergraph does not carry.
    fn is_federation_type(&self, name: &Name) -> bool {
        let of_a_feature = || {
            self.links.features.iter().any(|feature| {
                feature.identity.starts_with("https://specs.apollo.dev/")
                    && name.strip_prefix(&feature.prefix).is_some_and(|rest| rest.starts_with("__"))
            })
        };
        matches!(name.as_str(), "_Any" | "_Service" | "_Entity" | "_FieldSet")
            || name.starts_with("link__")
            || name.starts_with("federation__")
            || of_a_feature()
            || self.links.edition != Edition::One
                && SPEC_TYPES.iter().any(|(own, _)| self.links.type_name(own) == name.as_str())
            || self.links.edition == Edition::One && name == "FieldSet"
    }

    /// Adds the part to its type (created if need be) and returns the part's index.
    fn part(&mut self, head: &Head<'_>) -> usize {
        let name = self.roots.renamed(head.name);
        let coercion = self.coercion();
        let definition = self
            .types
            .entry(name.clone())
            .or_insert_with(|| TypeDef::empty(name, head.kind, head.span));
        let index = definition.parts.len();
        let applied = apply(self.links, head.directives, index);
        let extends = applied.iter().any(|directive| directive.is(Known::Extends));
        let mut part =
            Part { extension: head.extension, extends, shareable: false, external: false };
        for directive in &applied {
            match directive.known {
                Some(Known::Shareable) => part.shareable = true,
                Some(Known::External) => part.external = true,
                Some(Known::InterfaceObject) => definition.interface_object = true,
                Some(Known::Key) => {
                    definition.keys.extend(key(directive, part.extension || extends, coercion))
                }
                _ => {}
            }
        }
        if !head.extension {
            definition.span = head.span;
            definition.description = head.description.map(|text| text.to_string());
        }
        definition.parts.push(part);
        definition.applied.extend(applied);
        index
    }

    fn coercion(&self) -> Coercion {
        if self.links.edition == Edition::One { Coercion::FederationOne } else { Coercion::None }
    }

    fn composite(
        &mut self,
        name: &Name,
        part: usize,
        implements: &[Name],
        fields: &[Node<FieldDefinition>],
    ) {
        let fields: Vec<FieldDef> = fields.iter().map(|field| self.field(field, part)).collect();
        let Some(definition) = self.types.get_mut(name) else { return };
        for interface in implements {
            definition.implements.entry(interface.clone()).or_insert(interface.location());
        }
        for field in fields {
            definition.fields.entry(field.name.clone()).or_insert(field);
        }
    }

    fn field(&self, field: &Node<FieldDefinition>, part: usize) -> FieldDef {
        let applied = apply(self.links, &field.directives, part);
        let find = |known| applied.iter().find(|directive| directive.is(known));
        let set = |known| find(known).and_then(|d| FieldSet::read(&d.directive, self.coercion()));
        let overriding = find(Known::Override).map(|directive| {
            let text =
                |name| directive.argument(name).and_then(|value| value.as_str()).map(str::to_owned);
            Override {
                from: text("from").unwrap_or_default(),
                label: text("label"),
                span: directive.span(),
            }
        });
        FieldDef {
            name: field.name.clone(),
            ty: self.renamed_type(&field.ty),
            span: field.name.location(),
            description: field.description.as_ref().map(|text| text.to_string()),
            arguments: self.input_map(&field.arguments, part),
            part,
            external: if find(Known::External).is_some() { External::Yes } else { External::No },
            shareable: find(Known::Shareable).is_some(),
            requires: set(Known::Requires),
            provides: set(Known::Provides),
            overriding,
            applied,
        }
    }

    fn input_map(
        &self,
        inputs: &[Node<InputValueDefinition>],
        part: usize,
    ) -> IndexMap<Name, InputDef> {
        inputs
            .iter()
            .map(|input| {
                let definition = InputDef {
                    name: input.name.clone(),
                    ty: self.renamed_type(&input.ty),
                    default: input.default_value.clone(),
                    span: input.name.location(),
                    description: input.description.as_ref().map(|text| text.to_string()),
                    applied: apply(self.links, &input.directives, part),
                };
                (input.name.clone(), definition)
            })
            .collect()
    }

    fn members(&mut self, name: &Name, members: &[Name]) {
        let renamed: Vec<(Name, Span)> =
            members.iter().map(|m| (self.roots.renamed(m), m.location())).collect();
        if let Some(definition) = self.types.get_mut(name) {
            definition.members.extend(renamed);
        }
    }

    fn values(&mut self, name: &Name, part: usize, values: &[Node<ast::EnumValueDefinition>]) {
        let Some(definition) = self.types.get_mut(name) else { return };
        for value in values {
            let read = ValueDef {
                name: value.value.clone(),
                span: value.value.location(),
                description: value.description.as_ref().map(|text| text.to_string()),
                applied: apply(self.links, &value.directives, part),
            };
            definition.values.entry(value.value.clone()).or_insert(read);
        }
    }

    fn inputs(&mut self, name: &Name, fields: &[Node<InputValueDefinition>]) {
        let part = self.types.get(name).map_or(0, |definition| definition.parts.len() - 1);
        let inputs = self.input_map(fields, part);
        if let Some(definition) = self.types.get_mut(name) {
            definition.inputs.extend(inputs);
        }
    }

    fn renamed_type(&self, ty: &Type) -> Type {
        match ty {
            Type::Named(name) => Type::Named(self.roots.renamed(name)),
            Type::NonNullNamed(name) => Type::NonNullNamed(self.roots.renamed(name)),
            Type::List(inner) => Type::List(Box::new(self.renamed_type(inner))),
            Type::NonNullList(inner) => Type::NonNullList(Box::new(self.renamed_type(inner))),
        }
    }
}

fn key(directive: &Applied, extension: bool, coercion: Coercion) -> Option<Key> {
    let fields = FieldSet::read(&directive.directive, coercion)?;
    let resolvable = directive.argument("resolvable").and_then(|v| v.to_bool()).unwrap_or(true);
    Some(Key { fields, resolvable, extension })
}

fn apply(links: &Links, directives: &DirectiveList, part: usize) -> Vec<Applied> {
    directives
        .iter()
        .map(|directive| Applied {
            known: links.meaning(&directive.name),
            directive: directive.clone(),
            part,
        })
        .collect()
}

fn head(definition: &Definition) -> Option<Head<'_>> {
    macro_rules! head {
        ($d:expr, $kind:ident, definition) => {
            Some(Head {
                name: &$d.name,
                kind: Kind::$kind,
                span: $d.name.location(),
                description: $d.description.as_ref(),
                directives: &$d.directives,
                extension: false,
            })
        };
        ($d:expr, $kind:ident, extension) => {
            Some(Head {
                name: &$d.name,
                kind: Kind::$kind,
                span: $d.name.location(),
                description: None,
                directives: &$d.directives,
                extension: true,
            })
        };
    }
    match definition {
        Definition::ScalarTypeDefinition(d) => head!(d, Scalar, definition),
        Definition::ObjectTypeDefinition(d) => head!(d, Object, definition),
        Definition::InterfaceTypeDefinition(d) => head!(d, Interface, definition),
        Definition::UnionTypeDefinition(d) => head!(d, Union, definition),
        Definition::EnumTypeDefinition(d) => head!(d, Enum, definition),
        Definition::InputObjectTypeDefinition(d) => head!(d, InputObject, definition),
        Definition::ScalarTypeExtension(d) => head!(d, Scalar, extension),
        Definition::ObjectTypeExtension(d) => head!(d, Object, extension),
        Definition::InterfaceTypeExtension(d) => head!(d, Interface, extension),
        Definition::UnionTypeExtension(d) => head!(d, Union, extension),
        Definition::EnumTypeExtension(d) => head!(d, Enum, extension),
        Definition::InputObjectTypeExtension(d) => head!(d, InputObject, extension),
        _ => None,
    }
}

fn schema_directives(document: &Document, links: &Links) -> Vec<Applied> {
    document
        .definitions
        .iter()
        .filter(|definition| {
            definition.as_schema_definition().is_some()
                || definition.as_schema_extension().is_some()
        })
        .enumerate()
        .flat_map(|(part, definition)| apply(links, definition.directives(), part))
        .filter(|directive| !directive.is(Known::Link))
        .collect()
}

fn own_directives(
    document: &Document,
    links: &Links,
) -> IndexMap<Name, Node<ast::DirectiveDefinition>> {
    document
        .definitions
        .iter()
        .filter_map(Definition::as_directive_definition)
        .filter(|definition| links.meaning(&definition.name).is_none())
        .map(|definition| (definition.name.clone(), definition.clone()))
        .collect()
}

/// `_service` and `_entities` are the protocol's, not the graph's.
fn drop_federation_fields(types: &mut Types) {
    if let Some(query) = types.get_mut("Query") {
        query.fields.shift_remove("_service");
        query.fields.shift_remove("_entities");
    }
}

/// `@shareable` and `@external` on a part of a type count for the fields of that part.
fn mark_shareable_and_external(types: &mut Types) {
    for definition in types.values_mut() {
        for field in definition.fields.values_mut() {
            let part = &definition.parts[field.part];
            field.shareable |= part.shareable;
            if part.external && field.external == External::No {
                field.external = External::Yes;
            }
        }
    }
    let mut owned: Vec<(Name, Name)> = Vec::new();
    for (name, definition) in types.iter() {
        for key in definition.keys.iter().filter(|key| key.extension) {
            let reach = crate::usage::Reach::Declared;
            let selections = &key.fields.selections;
            crate::usage::visit_fields(types, name, selections, reach, &mut |parent, field| {
                owned.push((parent.clone(), field.clone()));
            });
        }
    }
    for (parent, field) in owned {
        if let Some(field) = types.get_mut(&parent).and_then(|d| d.fields.get_mut(&field))
            && field.external == External::Yes
        {
            field.external = External::KeyOfExtension;
        }
    }
}

/// Some servers print the default of an enum as a string.
fn unquote_enum_defaults(types: &mut Types) {
    let enums: HashSet<Name> =
        types.values().filter(|d| d.kind == Kind::Enum).map(|d| d.name.clone()).collect();
    for definition in types.values_mut() {
        let arguments = definition.fields.values_mut().flat_map(|f| f.arguments.values_mut());
        for input in arguments.chain(definition.inputs.values_mut()) {
            let Some(default) = &mut input.default else { continue };
            if enums.contains(input.ty.inner_named_type())
                && let Value::String(text) = default.as_ref()
                && let Ok(name) = Name::new(text)
            {
                *default = default.same_location(Value::Enum(name));
            }
        }
    }
}
