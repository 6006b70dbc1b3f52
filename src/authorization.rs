//! Decides what a caller may see of an operation, before anything is planned or fetched.
//!
//! **In:** the rules that an operation touches, who asks, the policies of the configuration.
//! **Out:** what is denied: bits, by which the plan is chosen.
//!
//! **Never here:** which fields a rule stands on (`supergraph`), leaving them out (`query_planner`), the
//! nulls and errors that the client gets (`execution`).
//!
//! **Holds:** what cannot be decided is denied: a policy that the configuration does not have, a condition
//! that fails, an argument that does not fit. An operation without rules costs nothing.
//!
//! **Read first:** [`Rules::denied`].

mod conditions;
mod view;
mod why;

use query_planner::{Denied, Occurrence, OccurrenceSet, Operation};
use serde_json::{Map, Value};
use supergraph::{Requirement, RequirementSet, Supergraph};

use crate::config::AuthorizationSettings;
use crate::consumer::Consumer;
use crate::expressions::{Scope, Why};

pub use conditions::{Conditions, InvalidCondition};
pub use view::visible_schema;
pub use why::Because;

/// What decides for the operations of one graph.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The graph.
    pub supergraph: &'a Supergraph,
    /// Its conditions on arguments.
    pub conditions: &'a Conditions,
    /// Whether policies hold.
    pub policies: Policies<'a>,
}

/// How policies are decided.
#[derive(Debug, Clone, Copy)]
pub enum Policies<'a> {
    /// By the conditions of the configuration.
    Of(&'a AuthorizationSettings),
    /// These hold, others don't.
    Named(&'a [String]),
}

impl Rules<'_> {
    /// What of an operation is denied to the caller in `scope`; `arguments` are those of a field, if
    /// they fit.
    pub fn denied(
        &self,
        operation: &Operation,
        scope: &Scope<'_>,
        arguments: impl Fn(&Occurrence) -> Option<Map<String, Value>>,
    ) -> Denied {
        Denied {
            requirements: self.unmet(operation.requirements(), scope),
            occurrences: self.refused(operation, scope, arguments),
        }
    }

    /// All requirements of the graph that the caller in `scope` does not meet.
    pub fn hidden(&self, scope: &Scope<'_>) -> RequirementSet {
        self.unmet(&self.supergraph.requirements().ids().collect(), scope)
    }

    fn unmet(&self, touched: &RequirementSet, scope: &Scope<'_>) -> RequirementSet {
        let touched = touched.iter();
        touched.filter(|id| !self.is_met(&self.supergraph.requirements()[*id], scope)).collect()
    }

    fn is_met(&self, requirement: &Requirement, scope: &Scope<'_>) -> bool {
        match requirement {
            Requirement::Authenticated => !scope.consumer.is_anonymous(),
            Requirement::Scopes(alternatives) => has_scopes(scope.consumer, alternatives),
            Requirement::Policies(alternatives) => {
                let holds = |policy: &String| self.policies.hold(policy, scope);
                alternatives.iter().any(|all| all.iter().all(holds))
            }
        }
    }

    fn refused(
        &self,
        operation: &Operation,
        scope: &Scope<'_>,
        arguments: impl Fn(&Occurrence) -> Option<Map<String, Value>>,
    ) -> OccurrenceSet {
        let holds = |occurrence: &Occurrence| {
            let Some(args) = arguments(occurrence) else { return false };
            match self.decide(occurrence, &args, scope) {
                Ok(holds) => holds,
                Err(why) => {
                    let field = self.supergraph.coordinate(occurrence.field);
                    tracing::warn!(field, request = scope.id, %why, "`@authorize` cannot be decided: denied");
                    false
                }
            }
        };
        let occurrences = operation.occurrences().iter();
        occurrences.filter(|(_, occurrence)| !holds(occurrence)).map(|(id, _)| id).collect()
    }
}

impl Rules<'_> {
    /// Whether the condition on a field holds for its arguments.
    fn decide(
        &self,
        occurrence: &Occurrence,
        args: &Map<String, Value>,
        scope: &Scope<'_>,
    ) -> Result<bool, Why> {
        self.conditions.decide(occurrence.condition, &Scope { args: Some(args), ..*scope })
    }
}

fn has_scopes(consumer: &Consumer, alternatives: &[Vec<String>]) -> bool {
    alternatives.iter().any(|all| all.iter().all(|scope| consumer.has_scope(scope)))
}

impl Policies<'_> {
    fn hold(&self, policy: &str, scope: &Scope<'_>) -> bool {
        match self.decide(policy, scope) {
            Ok(holds) => holds,
            Err(Undecided::Condition(why)) => {
                tracing::warn!(policy, request = scope.id, %why, "a policy cannot be decided: denied");
                false
            }
            // It was told when the graph was loaded.
            Err(Undecided::Unknown) => false,
        }
    }

    fn decide(&self, policy: &str, scope: &Scope<'_>) -> Result<bool, Undecided> {
        match self {
            Self::Of(settings) => {
                let condition = settings.policies.get(policy).ok_or(Undecided::Unknown)?;
                condition.decide(scope).map_err(Undecided::Condition)
            }
            Self::Named(held) => Ok(held.iter().any(|held| held == policy)),
        }
    }
}

/// Why it is not known whether a policy holds.
enum Undecided {
    /// Its condition does not say.
    Condition(Why),
    /// The configuration does not have it.
    Unknown,
}

/// The policies that a schema names and the configuration does not have: nobody meets them.
pub fn unknown_policies<'a>(
    supergraph: &'a Supergraph,
    settings: &AuthorizationSettings,
) -> Vec<&'a str> {
    let requirements = supergraph.requirements().iter();
    let named = requirements.filter_map(|(_, requirement)| match requirement {
        Requirement::Policies(alternatives) => Some(alternatives.iter().flatten()),
        _ => None,
    });
    let mut unknown: Vec<&str> = named.flatten().map(String::as_str).collect();
    unknown.sort_unstable();
    unknown.dedup();
    unknown.retain(|policy| !settings.policies.contains_key(*policy));
    unknown
}
