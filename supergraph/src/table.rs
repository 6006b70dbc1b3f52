//! The tables of a supergraph, and the questions they answer.
//!
//! **In:** rows from `reader`. **Out:** [`Supergraph`], read-only.
//!
//! **Never here:** reading SDL (`reader`), choosing between subgraphs (`query-planner`).
//!
//! **Holds:** `capabilities` and `in_subgraphs` are sorted by subgraph id.
//!
//! **Read first:** [`Supergraph`].

use crate::{
    SubgraphSet, TypeSet, Value,
    cost::Costs,
    field_set::FieldSet,
    id::{ConditionId, FieldId, FieldSetId, IdVec, RequirementId, SubgraphId, TypeId},
    requirements::Requirement,
};
use apollo_compiler::{Schema, validation::Valid};
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use std::{fmt, sync::Arc};

/// Rows by name, in order. The names are a schema's own, so nobody can choose them to collide.
pub type Names<T> = IndexMap<String, T, FxBuildHasher>;

/// A composed schema: types, fields, who resolves them and how to move between subgraphs.
pub struct Supergraph {
    pub(crate) types: IdVec<TypeId, TypeDef>,
    pub(crate) fields: IdVec<FieldId, FieldDef>,
    pub(crate) subgraphs: IdVec<SubgraphId, SubgraphDef>,
    pub(crate) field_sets: IdVec<FieldSetId, FieldSet>,
    pub(crate) type_names: Names<TypeId>,
    pub(crate) roots: Roots,
    pub(crate) labels: Vec<String>,
    pub(crate) has_contexts: bool,
    pub(crate) undefined: Vec<String>,
    pub(crate) requirements: IdVec<RequirementId, Requirement>,
    pub(crate) conditions: IdVec<ConditionId, String>,
    pub(crate) costs: Arc<Costs>,
    pub(crate) api: Valid<Schema>,
}

/// The root operation types.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Roots {
    pub(crate) query: TypeId,
    pub(crate) mutation: Option<TypeId>,
    pub(crate) subscription: Option<TypeId>,
}

/// A subgraph as the supergraph names it.
#[derive(Clone, Debug)]
pub struct SubgraphDef {
    /// The name it was registered by.
    pub name: String,
    /// The address written into the supergraph; may be empty.
    pub url: String,
    /// What is known of its connector, if it is one of those that stand for a REST source.
    pub connector: Option<ConnectorDef>,
}

/// A connector, as far as plans and their costs ask.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConnectorDef {
    /// What it stands on, such as `Query.orders` or `Product`.
    pub coordinate: String,
    /// How often it is asked in one fetch.
    pub calls: Calls,
}

/// How many calls a fetch is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Calls {
    /// One for each root field in it.
    PerField,
    /// One for each object.
    PerObject,
    /// One for so many objects; for all of them, if there is no number.
    PerBatch(Option<u32>),
}

/// What kind of type a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TypeKind {
    /// A scalar, built in or custom.
    Scalar,
    /// An object type.
    Object,
    /// An interface.
    Interface,
    /// A union.
    Union,
    /// An enum.
    Enum,
    /// An input object.
    InputObject,
}

/// A named type.
#[derive(Clone, Debug)]
pub struct TypeDef {
    /// Its name in the supergraph.
    pub name: String,
    /// Its kind.
    pub kind: TypeKind,
    /// Whether clients see it: not `@inaccessible`.
    pub accessible: bool,
    /// Output fields by name; empty for leaves, unions and inputs.
    pub fields: Names<FieldId>,
    /// Object types that a value can have at run time: itself for an object.
    pub possible: TypeSet,
    /// Interfaces it implements (objects and interfaces).
    pub interfaces: Vec<TypeId>,
    /// Where it is defined, sorted by subgraph.
    pub in_subgraphs: Vec<TypeInSubgraph>,
    /// Values of an enum.
    pub enum_values: Vec<EnumValueDef>,
    /// The fields that some subgraph resolves only with values of the same object or of those above.
    pub(crate) demanding: Vec<FieldId>,
    /// What a caller must be to see values of it. On an interface only what its implementations, which
    /// have it too, would not require themselves.
    pub requirements: Vec<RequirementId>,
}

/// A value of an enum.
#[derive(Clone, Debug)]
pub struct EnumValueDef {
    /// Its name.
    pub name: String,
    /// Whether clients see it.
    pub accessible: bool,
}

/// A type as one subgraph defines it.
#[derive(Clone, Debug)]
pub struct TypeInSubgraph {
    /// The subgraph.
    pub subgraph: SubgraphId,
    /// Object types that this subgraph can answer here. Empty for `@interfaceObject`, whose runtime
    /// type the subgraph does not know.
    pub possible: TypeSet,
    /// Whether it is an `@interfaceObject`: an object there, an interface elsewhere.
    pub interface_object: bool,
    /// Its `@key`s in declaration order.
    pub keys: Vec<Key>,
}

/// A `@key` of a type in one subgraph.
#[derive(Clone, Debug)]
pub struct Key {
    /// The fields of the key.
    pub fields: FieldSetId,
    /// Whether `_entities` answers for it.
    pub resolvable: bool,
}

/// An output field.
#[derive(Clone, Debug)]
pub struct FieldDef {
    /// Its name.
    pub name: String,
    /// The type that declares it.
    pub parent: TypeId,
    /// Its type in the supergraph.
    pub ty: TypeRef,
    /// Its arguments.
    pub arguments: Vec<ArgumentDef>,
    /// Whether clients see it.
    pub accessible: bool,
    /// Who declares it, sorted by subgraph.
    pub capabilities: Vec<Capability>,
    /// Declared by no subgraph on this type itself: an `@interfaceObject` of one of its interfaces
    /// brings it.
    pub from_interface_object: bool,
    /// What a caller must be to see its value: what stands on the field and on the type that it
    /// returns. What its parent requires is not among it.
    pub requirements: Vec<RequirementId>,
    /// All requirements that may decide what a selection of it shows, whatever the runtime types are.
    pub touched: Vec<RequirementId>,
    /// The conditions of `@authorize` on its arguments, which must all hold: on the field and on those
    /// of interfaces that it implements.
    pub conditions: Vec<ConditionId>,
}

/// An argument of a field.
#[derive(Clone, Debug)]
pub struct ArgumentDef {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: TypeRef,
    /// Its default, if it has one.
    pub default: Option<Value>,
}

/// What one subgraph declares about a field.
#[derive(Clone, Debug)]
pub struct Capability {
    /// The subgraph.
    pub subgraph: SubgraphId,
    /// The field's type there.
    pub ty: TypeRef,
    /// Declared but not resolved there (`@external`, or overridden by another subgraph).
    pub external: bool,
    /// What must be sent along to resolve it.
    pub requires: Option<FieldSetId>,
    /// What it resolves below itself that the subgraph elsewhere calls external.
    pub provides: Option<FieldSetId>,
    /// Progressive override: counts only while the label has this state.
    pub guard: Option<Guard>,
    /// Arguments that `@fromContext` fills: the operation cannot pass them.
    pub contextual_arguments: Vec<ContextualArgument>,
}

/// An argument that is filled from an object above the field's own.
///
/// Spec: <https://specs.apollo.dev/federation/v2.8#@fromContext>
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContextualArgument {
    /// The argument's name in the subgraph.
    pub name: String,
    /// Its type there, as it is written.
    pub ty: String,
    /// The types that set the context, each with the value to select on it.
    pub setters: Vec<(TypeId, FieldSetId)>,
}

/// A progressive override's condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Guard {
    /// Index into [`Supergraph::labels`].
    pub label: usize,
    /// Whether the label must be on or off.
    pub on: bool,
}

/// A type with its list and non-null wrappers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum TypeRef {
    /// A named type.
    Named {
        /// The type.
        id: TypeId,
        /// Whether it ends in `!`.
        non_null: bool,
    },
    /// A list.
    List {
        /// The type of its items.
        item: Box<TypeRef>,
        /// Whether it ends in `!`.
        non_null: bool,
    },
}

impl TypeRef {
    /// The named type inside.
    pub fn named(&self) -> TypeId {
        match self {
            Self::Named { id, .. } => *id,
            Self::List { item, .. } => item.named(),
        }
    }

    /// Whether null is refused at the outermost level.
    pub fn is_non_null(&self) -> bool {
        match self {
            Self::Named { non_null, .. } | Self::List { non_null, .. } => *non_null,
        }
    }

    /// Whether the outermost level is a list.
    pub fn is_list(&self) -> bool {
        matches!(self, Self::List { .. })
    }

    /// How many lists are wrapped around the named type.
    pub fn list_depth(&self) -> usize {
        match self {
            Self::Named { .. } => 0,
            Self::List { item, .. } => 1 + item.list_depth(),
        }
    }
}

impl TypeDef {
    /// The type as `subgraph` defines it, if it does.
    pub fn in_subgraph(&self, subgraph: SubgraphId) -> Option<&TypeInSubgraph> {
        let at = self.in_subgraphs.binary_search_by_key(&subgraph, |row| row.subgraph).ok()?;
        Some(&self.in_subgraphs[at])
    }

    /// The fields that some subgraph resolves only with `@requires` or `@fromContext`.
    pub fn demanding_fields(&self) -> &[FieldId] {
        &self.demanding
    }

    /// Whether values have fields or members: objects, interfaces, unions.
    pub fn is_composite(&self) -> bool {
        matches!(self.kind, TypeKind::Object | TypeKind::Interface | TypeKind::Union)
    }

    /// Whether the runtime type can be another than this one.
    pub fn is_abstract(&self) -> bool {
        matches!(self.kind, TypeKind::Interface | TypeKind::Union)
    }
}

impl FieldDef {
    /// What `subgraph` declares about the field, if it does.
    pub fn capability(&self, subgraph: SubgraphId) -> Option<&Capability> {
        let at = self.capabilities.binary_search_by_key(&subgraph, |row| row.subgraph).ok()?;
        Some(&self.capabilities[at])
    }
}

impl Supergraph {
    /// The type of that name.
    pub fn type_named(&self, name: &str) -> Option<TypeId> {
        self.type_names.get(name).copied()
    }

    /// A type's row.
    pub fn ty(&self, id: TypeId) -> &TypeDef {
        &self.types[id]
    }

    /// All types.
    pub fn types(&self) -> &IdVec<TypeId, TypeDef> {
        &self.types
    }

    /// A field's row.
    pub fn field(&self, id: FieldId) -> &FieldDef {
        &self.fields[id]
    }

    /// The field `name` of `ty`.
    pub fn field_named(&self, ty: TypeId, name: &str) -> Option<FieldId> {
        self.types[ty].fields.get(name).copied()
    }

    /// All subgraphs.
    pub fn subgraphs(&self) -> &IdVec<SubgraphId, SubgraphDef> {
        &self.subgraphs
    }

    /// A subgraph's row.
    pub fn subgraph(&self, id: SubgraphId) -> &SubgraphDef {
        &self.subgraphs[id]
    }

    /// An interned field set.
    pub fn field_set(&self, id: FieldSetId) -> &FieldSet {
        &self.field_sets[id]
    }

    /// The query root type.
    pub fn query_type(&self) -> TypeId {
        self.roots.query
    }

    /// The mutation root type, if there is one.
    pub fn mutation_type(&self) -> Option<TypeId> {
        self.roots.mutation
    }

    /// The subscription root type, if there is one.
    pub fn subscription_type(&self) -> Option<TypeId> {
        self.roots.subscription
    }

    /// The labels of progressive overrides, in order of appearance.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// What callers may have to be.
    pub fn requirements(&self) -> &IdVec<RequirementId, Requirement> {
        &self.requirements
    }

    /// The conditions of `@authorize`, as they are written: expressions of the gateway's.
    pub fn conditions(&self) -> &IdVec<ConditionId, String> {
        &self.conditions
    }

    /// What `@cost` and `@listSize` say.
    pub fn costs(&self) -> &Arc<Costs> {
        &self.costs
    }

    /// Whether any field has an argument that `@fromContext` fills.
    pub fn has_contexts(&self) -> bool {
        self.has_contexts
    }

    /// Type names that the document uses but doesn't define. Other routers read such documents, so
    /// we do: each counts as a custom scalar, and whoever loads the document should say so.
    pub fn undefined_types(&self) -> &[String] {
        &self.undefined
    }

    /// What clients see: validated, without the machinery and everything `@inaccessible`.
    pub fn api_schema(&self) -> &Valid<Schema> {
        &self.api
    }

    /// The subgraphs that define a type.
    pub fn subgraphs_of(&self, ty: TypeId) -> SubgraphSet {
        self.types[ty].in_subgraphs.iter().map(|row| row.subgraph).collect()
    }

    /// `Type.field`.
    pub fn coordinate(&self, field: FieldId) -> String {
        let def = &self.fields[field];
        format!("{}.{}", self.types[def.parent].name, def.name)
    }

    /// The type as SDL writes it, such as `[Product!]`.
    pub fn print_type(&self, ty: &TypeRef) -> String {
        match ty {
            TypeRef::Named { id, non_null } => {
                format!("{}{}", self.types[*id].name, if *non_null { "!" } else { "" })
            }
            TypeRef::List { item, non_null } => {
                format!("[{}]{}", self.print_type(item), if *non_null { "!" } else { "" })
            }
        }
    }
}

impl fmt::Debug for Supergraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supergraph")
            .field("subgraphs", &self.subgraphs.len())
            .field("types", &self.types.len())
            .field("fields", &self.fields.len())
            .finish_non_exhaustive()
    }
}
