//! The composed schema as tables: what every later room asks about types, fields and subgraphs.
//!
//! **In:** a supergraph document in the standard `link`/`join` form (v0.1 to v0.5).
//! **Out:** [`Supergraph`]: interned types and fields, who resolves what, which keys lead where,
//! and the API schema that clients see.
//!
//! **Never here:** operations and plans (`query-planner`), merging of subgraphs (`composition`).
//!
//! **Holds:** ids are dense and never reused; all tables are in document order, so that everything
//! built on them is deterministic.
//!
//! **Read first:** [`Supergraph::parse`].
//!
//! Spec: <https://specs.apollo.dev/join/v0.3/>

mod id;
mod set;
mod value;
mod table;
mod cost;
mod field_set;
mod requirements;
mod reader;
mod directives;
mod api;
mod reach;

pub use api::ApiError;
pub use cost::{Costs, FieldCost, InputCost, ListSize};
pub use field_set::{FieldSet, FieldSetItem};
pub use id::{ConditionId, FieldId, FieldSetId, Id, IdVec, RequirementId, SubgraphId, TypeId};
pub use reach::{Obstacle, PathStep, ReachLimits, RuntimeTypes, Satisfiability, Unsatisfied};
pub use reader::{SupergraphError, SupergraphErrorKind};
pub use requirements::{Alternatives, Requirement};
pub use set::IdSet;
pub use table::{
    ArgumentDef, Calls, Capability, ConnectorDef, ContextualArgument, EnumValueDef, FieldDef,
    Guard, Key, Names, SubgraphDef, Supergraph, TypeDef, TypeInSubgraph, TypeKind, TypeRef,
};
pub use value::Value;

/// A set of object types.
pub type TypeSet = IdSet<TypeId>;
/// A set of requirements.
pub type RequirementSet = IdSet<RequirementId>;
/// A set of subgraphs.
pub type SubgraphSet = IdSet<SubgraphId>;
