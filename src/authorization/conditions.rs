//! The conditions of `@authorize` in a schema, compiled.
//!
//! **In:** a supergraph. **Out:** [`Conditions`], or which of them is none.
//!
//! **Never here:** the arguments that they look at (`operation`).
//!
//! **Read first:** [`Conditions::compile`].

use supergraph::{ConditionId, IdVec, Supergraph};
use thiserror::Error;

use crate::expressions::{Condition, ExpressionError, Phase, Scope, Why};

/// The conditions of one graph.
#[derive(Debug, Default)]
pub struct Conditions(IdVec<ConditionId, Condition>);

/// A text of `@authorize` that is no condition.
#[derive(Debug, Error)]
#[error("`@authorize` on `{coordinate}`: {error}")]
pub struct InvalidCondition {
    /// The first field that has it.
    pub coordinate: String,
    /// What is wrong with it.
    pub error: ExpressionError,
}

impl Conditions {
    /// Compiles those of a schema.
    ///
    /// # Errors
    /// The first that is no condition.
    pub fn compile(supergraph: &Supergraph) -> Result<Self, InvalidCondition> {
        let mut conditions = IdVec::new();
        for (id, text) in supergraph.conditions().iter() {
            let compiled = Condition::compile(text, Phase::Field);
            conditions.push(compiled.map_err(|error| InvalidCondition {
                coordinate: place_of(supergraph, id),
                error,
            })?);
        }
        Ok(Self(conditions))
    }

    /// Whether a condition holds for the arguments in `scope`.
    pub(super) fn decide(&self, id: ConditionId, scope: &Scope<'_>) -> Result<bool, Why> {
        self.0[id].decide(scope)
    }
}

fn place_of(supergraph: &Supergraph, condition: ConditionId) -> String {
    let fields = supergraph.types().iter().flat_map(|(_, ty)| ty.fields.values().copied());
    let mut fields =
        fields.filter(|field| supergraph.field(*field).conditions.contains(&condition));
    fields.next().map(|field| supergraph.coordinate(field)).unwrap_or_default()
}
