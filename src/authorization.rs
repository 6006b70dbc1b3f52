//! Decides what a caller may see of an operation, before anything is planned or fetched.
//!
//! **In:** the requirements that an operation touches, who asks, the policies of the configuration.
//! **Out:** the requirements that are not met: bits, by which the plan is chosen.
//!
//! **Never here:** which fields a requirement stands on (`supergraph`), leaving them out
//! (`query_planner`), the nulls and errors that the client gets (`execution`).
//!
//! **Holds:** what cannot be decided is denied: a policy that the configuration does not have, and one
//! whose condition fails. An operation without requirements costs nothing.
//!
//! **Read first:** [`denied`].

use query_planner::Operation;
use supergraph::{Requirement, RequirementSet, Supergraph};

use crate::config::AuthorizationSettings;
use crate::consumer::Consumer;
use crate::expressions::Scope;

/// The requirements of an operation that the caller does not meet.
pub fn denied(
    supergraph: &Supergraph,
    operation: &Operation,
    settings: &AuthorizationSettings,
    scope: &Scope<'_>,
) -> RequirementSet {
    let holds = |policy: &str| match settings.policies.get(policy).map(|it| it.decide(scope)) {
        Some(Ok(holds)) => holds,
        Some(Err(why)) => {
            tracing::warn!(policy, request = scope.id, %why, "a policy cannot be decided: denied");
            false
        }
        // It was told when the graph was loaded.
        None => false,
    };
    unmet(supergraph, operation, scope.consumer, holds)
}

/// The requirements of an operation that a consumer does not meet; `holds` decides policies.
pub fn unmet(
    supergraph: &Supergraph,
    operation: &Operation,
    consumer: &Consumer,
    holds: impl Fn(&str) -> bool,
) -> RequirementSet {
    let touched = operation.requirements().iter();
    let is_met = |requirement: &Requirement| match requirement {
        Requirement::Authenticated => !consumer.is_anonymous(),
        Requirement::Scopes(alternatives) => {
            alternatives.iter().any(|all| all.iter().all(|scope| consumer.has_scope(scope)))
        }
        Requirement::Policies(alternatives) => {
            alternatives.iter().any(|all| all.iter().all(|policy| holds(policy)))
        }
    };
    touched.filter(|id| !is_met(&supergraph.requirements()[*id])).collect()
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
