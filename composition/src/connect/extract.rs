//! Takes one subgraph out of a supergraph document again, as far as its connectors need it.
//!
//! **In:** a document in the `join` form, and a value of `join__Graph`. **Out:** its [`Types`], with
//! the `@connect`s that `@join__directive` kept; its `@source`s.
//!
//! **Never here:** subgraphs that answer GraphQL.
//!
//! **Holds:** a field that others took over by `@override` is external here, and connects nothing.
//!
//! **Read first:** [`Extracted`].
//!
//! Spec: <https://specs.apollo.dev/join/v0.5>

use apollo_compiler::ast::{
    Argument, Definition, Directive, DirectiveList, Document, EnumTypeDefinition, FieldDefinition,
    InputValueDefinition, Type, Value,
};
use apollo_compiler::{Name, Node};
use indexmap::IndexMap;
use mapping::Version;

use crate::field_set::{Coercion, FieldSet};
use crate::schema::{
    Applied, External, FieldDef, InputDef, Key, Kind, Part, TypeDef, Types, ValueDef,
};
use crate::vocabulary::Known;

const LINK: &str = "https://specs.apollo.dev/connect/";

/// A subgraph with connectors, as the supergraph has it.
pub(super) struct Extracted {
    /// Its value in `join__Graph`.
    pub(super) graph: Name,
    /// The name it was registered by.
    pub(super) name: String,
    pub(super) version: Version,
    pub(super) types: Types,
    pub(super) sources: Vec<Node<Directive>>,
    /// Whether it has connectors, be it on fields that others took over.
    pub(super) has_connectors: bool,
}

/// All subgraphs that link `connect`, in the order of `join__Graph`.
pub(super) fn extracted(document: &Document) -> Vec<Extracted> {
    let Some(graphs) = graphs(document) else { return Vec::new() };
    let values = graphs.values.iter().filter_map(|value| {
        let name = value.directives.get("join__graph");
        let name = name.and_then(|it| it.specified_argument_by_name("name")?.as_str());
        let name = name.unwrap_or(&value.value);
        extract(document, &value.value, name)
    });
    values.collect()
}

pub(super) fn graphs(document: &Document) -> Option<&Node<EnumTypeDefinition>> {
    document.definitions.iter().find_map(|definition| match definition {
        Definition::EnumTypeDefinition(it) if it.name == "join__Graph" => Some(it),
        _ => None,
    })
}

fn extract(document: &Document, graph: &Name, name: &str) -> Option<Extracted> {
    let schema = document.definitions.iter().find_map(Definition::as_schema_definition)?;
    let links = kept(&schema.directives, graph, &["link"]);
    let link = links.iter().find(|link| {
        link.specified_argument_by_name("url")
            .and_then(|url| url.as_str())
            .is_some_and(|url| url.starts_with(LINK))
    })?;
    let url = link.specified_argument_by_name("url")?.as_str()?;
    let version = Version::of_name(url.trim_end_matches('/').trim_start_matches(LINK))?;
    let names = |own| [own, local_name(link, own)].map(|name| name.to_owned());
    let names = Names { connect: names("connect"), source: names("source") };
    let reader = Reader { graph, names };
    let sources = kept(&schema.directives, graph, &reader.names.source.each_ref().map(|it| &**it));
    let has_connectors = document.definitions.iter().any(|it| reader.has_connectors(it));
    let types = document.definitions.iter().filter_map(|definition| reader.ty(definition));
    let types = types.map(|ty| (ty.name.clone(), ty)).collect();
    let (graph, name) = (graph.clone(), name.to_owned());
    Some(Extracted { graph, name, version, types, sources, has_connectors })
}

/// The name under which a link imported a directive.
fn local_name<'a>(link: &'a Directive, own: &'a str) -> &'a str {
    let imports = link.specified_argument_by_name("import").and_then(|it| it.as_list());
    let renamed = imports.unwrap_or_default().iter().find_map(|item| {
        let fields = item.as_object()?;
        let field = |wanted: &str| fields.iter().find(|(name, _)| name == wanted)?.1.as_str();
        (field("name")?.trim_start_matches('@') == own).then(|| field("as")).flatten()
    });
    renamed.map_or(own, |name| name.trim_start_matches('@'))
}

/// The directives of these names that a graph had, as directives again.
fn kept(directives: &DirectiveList, graph: &Name, names: &[&str]) -> Vec<Node<Directive>> {
    let rows = directives.get_all("join__directive").filter_map(|node| {
        let graphs = node.specified_argument_by_name("graphs")?;
        let is_of_graph = |value: &Node<Value>| value.as_enum() == Some(graph);
        // One graph may stand without its list.
        let is_its =
            graphs.as_list().map_or_else(|| is_of_graph(graphs), |it| it.iter().any(is_of_graph));
        let name = node.specified_argument_by_name("name")?.as_str()?;
        if !is_its || !names.contains(&name) {
            return None;
        }
        let fields = node.specified_argument_by_name("args").and_then(|args| args.as_object());
        let arguments = fields
            .unwrap_or_default()
            .iter()
            .map(|(name, value)| Node::new(Argument { name: name.clone(), value: value.clone() }));
        let name = Name::new(name).ok()?;
        Some(Node::new(Directive { name, arguments: arguments.collect() }))
    });
    rows.collect()
}

struct Names {
    connect: [String; 2],
    source: [String; 2],
}

struct Reader<'a> {
    graph: &'a Name,
    names: Names,
}

impl Reader<'_> {
    fn rows<'d>(
        &self,
        directives: &'d DirectiveList,
        name: &'static str,
    ) -> Vec<&'d Node<Directive>> {
        directives.get_all(name).filter(|node| is_of(node, self.graph)).collect()
    }

    fn ty(&self, definition: &Definition) -> Option<TypeDef> {
        let (name, kind) = match definition {
            Definition::ScalarTypeDefinition(it) => (&it.name, Kind::Scalar),
            Definition::ObjectTypeDefinition(it) => (&it.name, Kind::Object),
            Definition::InterfaceTypeDefinition(it) => (&it.name, Kind::Interface),
            Definition::UnionTypeDefinition(it) => (&it.name, Kind::Union),
            Definition::EnumTypeDefinition(it) => (&it.name, Kind::Enum),
            Definition::InputObjectTypeDefinition(it) => (&it.name, Kind::InputObject),
            _ => return None,
        };
        let directives = definition.directives();
        let rows = self.rows(directives, "join__type");
        if rows.is_empty() {
            return None;
        }
        let mut ty = TypeDef::empty(name.clone(), kind, None);
        ty.parts.push(Part { extension: false, extends: false, shareable: false, external: false });
        for row in rows {
            ty.interface_object |= flag(row, "isInterfaceObject");
            ty.keys.extend(key(row));
        }
        // What is an interface elsewhere is an object here.
        if ty.interface_object {
            ty.kind = Kind::Object;
        }
        ty.applied = self.applied(directives);
        ty.implements = self.named(directives, "join__implements", "interface");
        ty.members = self.named(directives, "join__unionMember", "member");
        match definition {
            Definition::ObjectTypeDefinition(it) => ty.fields = self.fields(&it.fields),
            Definition::InterfaceTypeDefinition(it) => ty.fields = self.fields(&it.fields),
            Definition::InputObjectTypeDefinition(it) => {
                let own = it.fields.iter().filter(|it| self.row(&it.directives).is_ok());
                ty.inputs = own.map(|it| (it.name.clone(), input(it))).collect();
            }
            Definition::EnumTypeDefinition(it) => {
                let has = |list: &DirectiveList| {
                    !list.has("join__enumValue") || !self.rows(list, "join__enumValue").is_empty()
                };
                let own = it.values.iter().filter(|it| has(&it.directives));
                ty.values = own.map(|it| (it.value.clone(), value(&it.value))).collect();
            }
            _ => {}
        }
        Some(ty)
    }

    fn named(
        &self,
        directives: &DirectiveList,
        directive: &'static str,
        argument: &str,
    ) -> IndexMap<Name, Option<apollo_compiler::parser::SourceSpan>> {
        let rows = self.rows(directives, directive);
        let names = rows
            .iter()
            .filter_map(|row| Name::new(row.specified_argument_by_name(argument)?.as_str()?).ok());
        names.map(|name| (name, None)).collect()
    }

    fn applied(&self, directives: &DirectiveList) -> Vec<Applied> {
        let names = self.names.connect.each_ref().map(|it| &**it);
        let connects = kept(directives, self.graph, &names);
        let connects = connects.into_iter();
        let known = Some(Known::Connect);
        connects.map(|directive| Applied { known, directive, part: 0 }).collect()
    }

    fn has_connectors(&self, definition: &Definition) -> bool {
        let fields = match definition {
            Definition::ObjectTypeDefinition(it) => it.fields.as_slice(),
            _ => &[],
        };
        let on_fields = fields.iter().map(|field| &field.directives);
        let mut places = std::iter::once(definition.directives()).chain(on_fields);
        places.any(|directives| !self.applied(directives).is_empty())
    }

    /// The graph's own row of a field, if it has one; an error where the graph lacks the field.
    fn row<'d>(&self, directives: &'d DirectiveList) -> Result<Option<&'d Node<Directive>>, ()> {
        if !directives.has("join__field") {
            return Ok(None);
        }
        self.rows(directives, "join__field").first().copied().map(Some).ok_or(())
    }

    fn fields(&self, fields: &[Node<FieldDefinition>]) -> IndexMap<Name, FieldDef> {
        let fields = fields.iter().filter_map(|field| {
            let row = self.row(&field.directives).ok()?;
            let is_set = |name| row.is_some_and(|row| flag(row, name));
            let is_overridden = is_set("usedOverridden")
                && row.is_some_and(|row| row.specified_argument_by_name("overrideLabel").is_none());
            let external = is_set("external") || is_overridden;
            let own = row.and_then(|row| row.specified_argument_by_name("type")?.as_str());
            let own = own.and_then(|text| Type::parse(text, "join__field").ok());
            let arguments = field.arguments.iter().map(|it| (it.name.clone(), input(it)));
            let definition = FieldDef {
                name: field.name.clone(),
                ty: own.unwrap_or_else(|| field.ty.clone()),
                span: None,
                description: None,
                arguments: arguments.collect(),
                part: 0,
                external: if external { External::Yes } else { External::No },
                shareable: false,
                requires: None,
                provides: None,
                overriding: None,
                applied: if external { Vec::new() } else { self.applied(&field.directives) },
            };
            Some((field.name.clone(), definition))
        });
        fields.collect()
    }
}

/// Whether a `join__` directive is about this graph.
pub(super) fn is_of(node: &Directive, graph: &Name) -> bool {
    node.specified_argument_by_name("graph").and_then(|it| it.as_enum()) == Some(graph)
}

fn flag(node: &Directive, name: &str) -> bool {
    node.specified_argument_by_name(name).and_then(|it| it.to_bool()).unwrap_or(false)
}

fn key(row: &Node<Directive>) -> Option<Key> {
    let value = row.specified_argument_by_name("key")?.clone();
    let name = Name::new("fields").ok()?;
    let arguments = vec![Node::new(Argument { name, value })];
    let directive = Node::new(Directive { name: row.name.clone(), arguments });
    let fields = FieldSet::read(&directive, Coercion::None)?;
    let resolvable = row.specified_argument_by_name("resolvable").and_then(|it| it.to_bool());
    Some(Key { fields, resolvable: resolvable.unwrap_or(true), extension: false })
}

fn input(node: &Node<InputValueDefinition>) -> InputDef {
    InputDef {
        name: node.name.clone(),
        ty: (*node.ty).clone(),
        default: node.default_value.clone(),
        span: None,
        description: None,
        applied: Vec::new(),
    }
}

fn value(name: &Name) -> ValueDef {
    ValueDef { name: name.clone(), span: None, description: None, applied: Vec::new() }
}
