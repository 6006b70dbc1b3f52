//! What `@cost` and `@listSize` say of a supergraph.
//!
//! **In:** rows from `reader`. **Out:** [`Costs`], read-only.
//!
//! **Never here:** what is taken where they say nothing, and sums (`query-planner`).
//!
//! **Holds:** only what the document says stands here; what a field of an object lacks of `@listSize` it has
//! from its interfaces.
//!
//! **Read first:** [`Costs`].
//!
//! Spec: <https://ibm.github.io/graphql-specs/cost-spec.html>, <https://specs.apollo.dev/cost/v0.1>

use crate::{
    TypeSet, Value,
    id::{FieldId, TypeId},
    table::{Names, TypeRef},
};
use rustc_hash::FxHashMap;

/// What the document says about costs.
#[derive(Clone, Debug, Default)]
pub struct Costs {
    pub(crate) types: FxHashMap<TypeId, i64>,
    pub(crate) fields: FxHashMap<FieldId, FieldCost>,
    pub(crate) inputs: FxHashMap<TypeId, Names<InputCost>>,
    pub(crate) told_apart: TypeSet,
    pub(crate) weighed_inputs: TypeSet,
}

/// What the document says about the cost of an output field.
#[derive(Clone, Debug, Default)]
pub struct FieldCost {
    /// What each time counts that the field is asked for; none for the default.
    pub weight: Option<i64>,
    /// How long its lists are.
    pub list_size: Option<ListSize>,
    /// What arguments count, by name: those that have a weight of their own.
    pub arguments: Vec<(String, i64)>,
}

/// `@listSize` of a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListSize {
    /// The length where no argument says one.
    pub assumed: Option<u64>,
    /// The arguments that say the length: an argument's name, then the input fields inside it.
    pub slicing: Vec<Vec<String>>,
    /// The fields of the returned object that have this length; where there is none, it is the field's own.
    pub sized_fields: Vec<String>,
    /// Whether exactly one of the arguments must be given.
    pub require_one: bool,
}

/// A field of an input object.
#[derive(Clone, Debug)]
pub struct InputCost {
    /// Its type.
    pub ty: TypeRef,
    /// Its default, if it has one.
    pub default: Option<Value>,
    /// What it counts where it has a value.
    pub weight: i64,
}

impl Costs {
    /// The weight of a type's values, if the document says one.
    pub fn of_type(&self, ty: TypeId) -> Option<i64> {
        self.types.get(&ty).copied()
    }

    /// What the document says about a field.
    pub fn of_field(&self, field: FieldId) -> Option<&FieldCost> {
        self.fields.get(&field)
    }

    /// The fields of an input object.
    pub fn inputs_of(&self, ty: TypeId) -> Option<&Names<InputCost>> {
        self.inputs.get(&ty)
    }

    /// The object types of which the document says anything, of themselves or of a field.
    pub fn told_apart(&self) -> &TypeSet {
        &self.told_apart
    }

    /// Whether a value of this input type may count anything.
    pub fn weighs_input(&self, ty: TypeId) -> bool {
        self.weighed_inputs.contains(ty)
    }
}
