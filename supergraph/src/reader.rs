//! Reads a supergraph document into tables.
//!
//! **In:** SDL text. **Out:** [`Supergraph`].
//!
//! **Never here:** questions about the tables (`table`), the form of single directives
//! (`directives`).
//!
//! **Holds:** rows are made in document order; a document that names an unknown subgraph, type or
//! field is refused rather than half understood.
//!
//! **Read first:** [`Supergraph::parse`].
//!
//! Spec: <https://specs.apollo.dev/join/v0.3/>

mod capabilities;
mod definitions;
mod requirements;
mod conditions;
mod cost;

pub(crate) use conditions::SPECIFICATIONS;

use crate::{
    api::{ApiError, api_schema},
    field_set::{FieldSet, FieldSetItem, Scope, read_field_set},
    id::{ConditionId, FieldId, FieldSetId, Id, IdVec, RequirementId, SubgraphId, TypeId},
    requirements::Requirement,
    table::{Capability, FieldDef, Names, Roots, SubgraphDef, Supergraph, TypeDef, TypeRef},
};
use apollo_compiler::ast;
use std::{collections::HashMap, sync::Arc};
use thiserror::Error;

/// A supergraph document that cannot be loaded.
#[derive(Debug, Error)]
#[error("cannot load the supergraph")]
pub struct SupergraphError {
    /// What is wrong with it.
    #[source]
    pub kind: SupergraphErrorKind,
}

/// What is wrong with a supergraph document.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SupergraphErrorKind {
    /// It is not GraphQL.
    #[error("it is not valid GraphQL:\n{0}")]
    Syntax(String),
    /// It was not composed.
    #[error(
        "it has no `enum join__Graph`: register subgraph schemas under `supergraph.subgraphs`, or compose them first"
    )]
    NotASupergraph,
    /// It asks for something that must be enforced, and we don't know it.
    #[error(
        "it links `{url}` for security, which is not known here: what it protects would stand open"
    )]
    UnknownSecurity {
        /// The specification.
        url: String,
    },
    /// A directive names an unknown subgraph.
    #[error("`{coordinate}` names the subgraph `{graph}`, which `join__Graph` does not list")]
    UnknownGraph {
        /// Where.
        coordinate: String,
        /// The enum value.
        graph: String,
    },
    /// A name that no definition has.
    #[error("`{coordinate}` names the type `{name}`, which is not defined")]
    UnknownType {
        /// Where.
        coordinate: String,
        /// The missing type.
        name: String,
    },
    /// The `type:` of a `@join__field` is malformed.
    #[error("`{coordinate}` has the malformed type `{text}`")]
    MalformedType {
        /// Where.
        coordinate: String,
        /// The text.
        text: String,
    },
    /// A field set that cannot be read.
    #[error("the field set `{text}` on `{on}` cannot be read: {reason}")]
    MalformedFieldSet {
        /// The type it stands on.
        on: String,
        /// The text.
        text: String,
        /// Why.
        reason: String,
    },
    /// There is nothing to query.
    #[error("it has no query root type")]
    NoQuery,
    /// What clients would see is not a schema.
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// The tables while they grow.
pub(crate) struct Reader<'a> {
    document: &'a ast::Document,
    graphs: HashMap<String, SubgraphId>,
    subgraphs: IdVec<SubgraphId, SubgraphDef>,
    types: IdVec<TypeId, TypeDef>,
    type_names: Names<TypeId>,
    fields: IdVec<FieldId, FieldDef>,
    field_sets: IdVec<FieldSetId, FieldSet>,
    interned: HashMap<FieldSet, FieldSetId>,
    labels: Vec<String>,
    undefined: Vec<String>,
    requirements: IdVec<RequirementId, Requirement>,
    conditions: IdVec<ConditionId, String>,
}

impl Supergraph {
    /// Reads a supergraph document.
    ///
    /// # Errors
    /// When the text is not GraphQL, is not a composed supergraph, or refers to what it doesn't
    /// define.
    pub fn parse(sdl: &str) -> Result<Self, SupergraphError> {
        let document = ast::Document::parse(sdl, "supergraph.graphql").map_err(|errors| {
            SupergraphError { kind: SupergraphErrorKind::Syntax(errors.errors.to_string()) }
        })?;
        Self::from_document(&document)
    }

    /// Reads a supergraph document that was parsed already.
    ///
    /// # Errors
    /// When it is not a composed supergraph, or refers to what it doesn't define.
    pub fn from_document(document: &ast::Document) -> Result<Self, SupergraphError> {
        read(document).map_err(|kind| SupergraphError { kind })
    }
}

fn read(document: &ast::Document) -> Result<Supergraph, SupergraphErrorKind> {
    let mut reader = Reader::new(document)?;
    requirements::check_security(document)?;
    reader.read_types()?;
    reader.read_possible_types()?;
    reader.read_fields()?;
    reader.read_requirements();
    reader.read_conditions();
    reader.read_keys()?;
    reader.read_capabilities()?;
    let costs = Arc::new(reader.read_costs()?);
    let roots = reader.roots()?;
    let api = api_schema(document, &reader.undefined)?;
    for (id, field) in reader.fields.iter() {
        let demands =
            |row: &Capability| row.requires.is_some() || !row.contextual_arguments.is_empty();
        if field.capabilities.iter().any(demands) {
            reader.types[field.parent].demanding.push(id);
        }
    }
    let has_contexts = reader.fields.iter().any(|(_, field)| {
        field.capabilities.iter().any(|row| !row.contextual_arguments.is_empty())
    });
    Ok(Supergraph {
        types: reader.types,
        fields: reader.fields,
        subgraphs: reader.subgraphs,
        field_sets: reader.field_sets,
        type_names: reader.type_names,
        roots,
        labels: reader.labels,
        has_contexts,
        undefined: reader.undefined,
        requirements: reader.requirements,
        conditions: reader.conditions,
        costs,
        api,
    })
}

impl Reader<'_> {
    fn graph(&self, coordinate: &str, graph: &str) -> Result<SubgraphId, SupergraphErrorKind> {
        self.graphs.get(graph).copied().ok_or_else(|| SupergraphErrorKind::UnknownGraph {
            coordinate: coordinate.to_owned(),
            graph: graph.to_owned(),
        })
    }

    fn type_id(&self, coordinate: &str, name: &str) -> Result<TypeId, SupergraphErrorKind> {
        self.type_names.get(name).copied().ok_or_else(|| SupergraphErrorKind::UnknownType {
            coordinate: coordinate.to_owned(),
            name: name.to_owned(),
        })
    }

    fn type_ref(&self, coordinate: &str, ty: &ast::Type) -> Result<TypeRef, SupergraphErrorKind> {
        Ok(match ty {
            ast::Type::Named(name) => {
                TypeRef::Named { id: self.type_id(coordinate, name)?, non_null: false }
            }
            ast::Type::NonNullNamed(name) => {
                TypeRef::Named { id: self.type_id(coordinate, name)?, non_null: true }
            }
            ast::Type::List(item) => {
                TypeRef::List { item: Box::new(self.type_ref(coordinate, item)?), non_null: false }
            }
            ast::Type::NonNullList(item) => {
                TypeRef::List { item: Box::new(self.type_ref(coordinate, item)?), non_null: true }
            }
        })
    }

    /// Interns the field set `text` on `on`.
    fn field_set(&mut self, on: TypeId, text: &str) -> Result<FieldSetId, SupergraphErrorKind> {
        let scope = Scope {
            type_names: &self.type_names,
            fields_of: &|ty, name| {
                // A subgraph may know an object where the supergraph has an interface without the
                // field: then the runtime types have it.
                let row = &self.types[ty];
                let field = row.fields.get(name).or_else(|| {
                    row.possible.iter().find_map(|member| self.types[member].fields.get(name))
                })?;
                Some((*field, self.fields[*field].ty.named()))
            },
            type_name_of: &|ty| self.types[ty].name.clone(),
        };
        let set = read_field_set(&scope, on, text)?;
        if let Some(id) = self.interned.get(&set) {
            return Ok(*id);
        }
        let id = self.field_sets.push(set.clone());
        self.interned.insert(set, id);
        Ok(id)
    }

    /// Whether `field` stands at the top of one of its parent's keys in `subgraph`.
    fn is_key_field(&self, field: FieldId, subgraph: SubgraphId) -> bool {
        let parent = &self.types[self.fields[field].parent];
        parent.in_subgraph(subgraph).is_some_and(|row| {
            row.keys.iter().any(|key| {
                self.field_sets[key.fields].items.iter().any(
                    |item| matches!(item, FieldSetItem::Field { field: top, .. } if *top == field),
                )
            })
        })
    }

    fn roots(&self) -> Result<Roots, SupergraphErrorKind> {
        let mut names: HashMap<ast::OperationType, &str> = HashMap::new();
        for definition in &self.document.definitions {
            if let ast::Definition::SchemaDefinition(node) = definition {
                for root in &node.root_operations {
                    names.insert(root.0, root.1.as_str());
                }
            }
        }
        let root = |operation, default: &str| {
            self.type_names.get(*names.get(&operation).unwrap_or(&default)).copied()
        };
        Ok(Roots {
            query: root(ast::OperationType::Query, "Query").ok_or(SupergraphErrorKind::NoQuery)?,
            mutation: root(ast::OperationType::Mutation, "Mutation"),
            subscription: root(ast::OperationType::Subscription, "Subscription"),
        })
    }

    fn all_subgraphs(&self) -> Vec<SubgraphId> {
        (0..self.subgraphs.len()).map(SubgraphId::from_index).collect()
    }
}
