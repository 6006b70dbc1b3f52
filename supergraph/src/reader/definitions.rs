//! Types, members and fields: the rows that need no field set.
//!
//! **Never here:** who resolves a field (`capabilities`).
//!
//! **Holds:** a type's row exists before any row that refers to it.

use super::{Reader, SupergraphErrorKind};
use crate::{
    TypeSet, Value,
    directives::{connector, join_fields, join_graph, join_types, owner, pairs},
    id::{IdVec, SubgraphId, TypeId},
    table::{
        ArgumentDef, EnumValueDef, FieldDef, Names, SubgraphDef, TypeDef, TypeInSubgraph, TypeKind,
    },
};
use apollo_compiler::{Name, Node, ast};
use std::collections::{BTreeSet, HashMap};

const BUILT_IN: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];
const MACHINERY: [&str; 4] = ["join__", "link__", "core__", "context__"];

/// What the kinds of type definitions have in common.
pub(super) struct Shape<'a> {
    pub(super) name: &'a Name,
    kind: TypeKind,
    pub(super) directives: &'a ast::DirectiveList,
    interfaces: &'a [Name],
    pub(super) fields: &'a [Node<ast::FieldDefinition>],
    members: &'a [Name],
    values: &'a [Node<ast::EnumValueDefinition>],
}

/// The type definitions that are not machinery.
pub(super) fn shapes(document: &ast::Document) -> impl Iterator<Item = Shape<'_>> {
    document.definitions.iter().filter_map(|definition| {
        let shape = shape(definition)?;
        (!MACHINERY.iter().any(|prefix| shape.name.starts_with(prefix))).then_some(shape)
    })
}

fn shape(definition: &ast::Definition) -> Option<Shape<'_>> {
    let name = definition.name()?;
    let directives = definition.directives();
    let bare = |kind| Shape {
        name,
        kind,
        directives,
        interfaces: &[],
        fields: &[],
        members: &[],
        values: &[],
    };
    Some(match definition {
        ast::Definition::ScalarTypeDefinition(_) => bare(TypeKind::Scalar),
        ast::Definition::InputObjectTypeDefinition(_) => bare(TypeKind::InputObject),
        ast::Definition::ObjectTypeDefinition(node) => Shape {
            interfaces: &node.implements_interfaces,
            fields: &node.fields,
            ..bare(TypeKind::Object)
        },
        ast::Definition::InterfaceTypeDefinition(node) => Shape {
            interfaces: &node.implements_interfaces,
            fields: &node.fields,
            ..bare(TypeKind::Interface)
        },
        ast::Definition::UnionTypeDefinition(node) => {
            Shape { members: &node.members, ..bare(TypeKind::Union) }
        }
        ast::Definition::EnumTypeDefinition(node) => {
            Shape { values: &node.values, ..bare(TypeKind::Enum) }
        }
        _ => return None,
    })
}

impl<'a> Reader<'a> {
    pub(super) fn new(document: &'a ast::Document) -> Result<Self, SupergraphErrorKind> {
        let graphs_enum = document.definitions.iter().find_map(|definition| match definition {
            ast::Definition::EnumTypeDefinition(node) if node.name == "join__Graph" => Some(node),
            _ => None,
        });
        let graphs_enum = graphs_enum.ok_or(SupergraphErrorKind::NotASupergraph)?;
        let mut graphs = HashMap::new();
        let mut subgraphs = IdVec::new();
        for value in &graphs_enum.values {
            let (name, url) = join_graph(&value.directives).unwrap_or((value.value.as_str(), ""));
            let id = subgraphs.push(SubgraphDef {
                name: name.to_owned(),
                url: url.to_owned(),
                connector: connector(&value.directives),
            });
            graphs.insert(value.value.to_string(), id);
        }
        Ok(Self {
            document,
            graphs,
            subgraphs,
            types: IdVec::new(),
            type_names: Names::default(),
            fields: IdVec::new(),
            field_sets: IdVec::new(),
            interned: HashMap::new(),
            labels: Vec::new(),
            undefined: Vec::new(),
            requirements: IdVec::new(),
            conditions: IdVec::new(),
        })
    }

    pub(super) fn read_types(&mut self) -> Result<(), SupergraphErrorKind> {
        for shape in shapes(self.document) {
            let values = shape.values.iter().map(|value| EnumValueDef {
                name: value.value.to_string(),
                accessible: !value.directives.has("inaccessible"),
            });
            let id = self.types.push(TypeDef {
                name: shape.name.to_string(),
                kind: shape.kind,
                accessible: !shape.directives.has("inaccessible"),
                fields: Names::default(),
                demanding: Vec::new(),
                possible: TypeSet::new(),
                interfaces: Vec::new(),
                in_subgraphs: Vec::new(),
                enum_values: values.collect(),
                requirements: Vec::new(),
            });
            self.type_names.insert(shape.name.to_string(), id);
        }
        for name in BUILT_IN {
            self.add_scalar(name);
        }
        self.add_undefined_types();
        for shape in shapes(self.document) {
            let id = self.type_names[shape.name.as_str()];
            for name in shape.interfaces {
                let interface = self.type_id(shape.name, name)?;
                self.types[id].interfaces.push(interface);
            }
            let in_subgraphs = self.graphs_of(&shape)?;
            self.types[id].in_subgraphs = in_subgraphs;
        }
        Ok(())
    }

    fn add_scalar(&mut self, name: &str) -> bool {
        if self.type_names.contains_key(name) {
            return false;
        }
        let id = self.types.push(TypeDef {
            name: name.to_owned(),
            kind: TypeKind::Scalar,
            accessible: true,
            fields: Names::default(),
            demanding: Vec::new(),
            possible: TypeSet::new(),
            interfaces: Vec::new(),
            in_subgraphs: Vec::new(),
            enum_values: Vec::new(),
            requirements: Vec::new(),
        });
        self.type_names.insert(name.to_owned(), id);
        true
    }

    fn add_undefined_types(&mut self) {
        for shape in shapes(self.document) {
            for field in shape.fields {
                let arguments = field.arguments.iter().map(|argument| &*argument.ty);
                for ty in arguments.chain(Some(&field.ty)) {
                    let name = ty.inner_named_type().to_string();
                    if self.add_scalar(&name) {
                        self.undefined.push(name);
                    }
                }
            }
        }
    }

    /// The subgraphs of a type. Value types of join v0.1 name none: the graphs of their fields
    /// count, and if these name none either, all.
    fn graphs_of(&self, shape: &Shape<'_>) -> Result<Vec<TypeInSubgraph>, SupergraphErrorKind> {
        let mut graphs: BTreeSet<SubgraphId> = BTreeSet::new();
        let mut interface_objects: BTreeSet<SubgraphId> = BTreeSet::new();
        for row in join_types(shape.directives) {
            let graph = self.graph(shape.name, row.graph)?;
            graphs.insert(graph);
            if row.interface_object {
                interface_objects.insert(graph);
            }
        }
        if let Some(owner) = owner(shape.directives) {
            graphs.insert(self.graph(shape.name, owner)?);
        }
        if graphs.is_empty() {
            for field in shape.fields {
                for row in join_fields(&field.directives) {
                    if let Some(graph) = row.graph {
                        graphs.insert(self.graph(shape.name, graph)?);
                    }
                }
            }
        }
        if graphs.is_empty() {
            graphs.extend(self.all_subgraphs());
        }
        Ok(graphs
            .into_iter()
            .map(|subgraph| TypeInSubgraph {
                subgraph,
                possible: TypeSet::new(),
                interface_object: interface_objects.contains(&subgraph),
                keys: Vec::new(),
            })
            .collect())
    }

    pub(super) fn read_possible_types(&mut self) -> Result<(), SupergraphErrorKind> {
        for shape in shapes(self.document) {
            let id = self.type_names[shape.name.as_str()];
            match shape.kind {
                TypeKind::Object => self.read_object(id, &shape)?,
                TypeKind::Union => self.read_union(id, &shape)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_object(&mut self, id: TypeId, shape: &Shape<'_>) -> Result<(), SupergraphErrorKind> {
        self.types[id].possible.insert(id);
        for row in &mut self.types[id].in_subgraphs {
            row.possible.insert(id);
        }
        let mut implemented = Vec::new();
        for (graph, interface) in pairs(shape.directives, "join__implements", "interface") {
            implemented
                .push((self.graph(shape.name, graph)?, self.type_id(shape.name, interface)?));
        }
        for interface in self.types[id].interfaces.clone() {
            self.types[interface].possible.insert(id);
            let listed: Vec<_> =
                implemented.iter().filter(|(_, i)| *i == interface).map(|(g, _)| *g).collect();
            // Join v0.1 does not say who implements: whoever defines both does.
            let graphs: Vec<SubgraphId> = if implemented.is_empty() {
                self.types[id].in_subgraphs.iter().map(|row| row.subgraph).collect()
            } else {
                listed
            };
            for row in &mut self.types[interface].in_subgraphs {
                if graphs.contains(&row.subgraph) && !row.interface_object {
                    row.possible.insert(id);
                }
            }
        }
        Ok(())
    }

    fn read_union(&mut self, id: TypeId, shape: &Shape<'_>) -> Result<(), SupergraphErrorKind> {
        for name in shape.members {
            let member = self.type_id(shape.name, name)?;
            self.types[id].possible.insert(member);
        }
        let mut listed = Vec::new();
        for (graph, member) in pairs(shape.directives, "join__unionMember", "member") {
            listed.push((self.graph(shape.name, graph)?, self.type_id(shape.name, member)?));
        }
        if listed.is_empty() {
            for member in self.types[id].possible.clone().iter() {
                listed.extend(self.types[member].in_subgraphs.iter().map(|r| (r.subgraph, member)));
            }
        }
        for row in &mut self.types[id].in_subgraphs {
            let members = listed.iter().filter(|(graph, _)| *graph == row.subgraph);
            row.possible = members.map(|(_, member)| *member).collect();
        }
        Ok(())
    }

    pub(super) fn read_fields(&mut self) -> Result<(), SupergraphErrorKind> {
        for shape in shapes(self.document) {
            let parent = self.type_names[shape.name.as_str()];
            for node in shape.fields {
                let coordinate = format!("{}.{}", shape.name, node.name);
                let mut arguments = Vec::with_capacity(node.arguments.len());
                for argument in &node.arguments {
                    arguments.push(ArgumentDef {
                        name: argument.name.to_string(),
                        ty: self.type_ref(&coordinate, &argument.ty)?,
                        default: argument.default_value.as_deref().map(Value::read),
                    });
                }
                let field = self.fields.push(FieldDef {
                    name: node.name.to_string(),
                    parent,
                    ty: self.type_ref(&coordinate, &node.ty)?,
                    arguments,
                    accessible: !node.directives.has("inaccessible"),
                    capabilities: Vec::new(),
                    from_interface_object: false,
                    requirements: Vec::new(),
                    touched: Vec::new(),
                    conditions: Vec::new(),
                });
                self.types[parent].fields.insert(node.name.to_string(), field);
            }
        }
        Ok(())
    }
}
