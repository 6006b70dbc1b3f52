//! Holds each subgraph to federation's rules, one module a rule.
//!
//! **In:** one subgraph. **Out:** errors.
//!
//! **Never here:** rules that need two subgraphs (`merge`), GraphQL's own rules (`graphql_rules`).
//!
//! **Read first:** [`check_subgraph`].

mod definitions; // Federation's directives, where a subgraph defines them itself.
mod field_sets; // Where `@key`, `@requires` and `@provides` stand.
mod selections; // What they select.
mod interface_keys; // A key on an interface.
mod interface_object; // `@interfaceObject`.
mod external; // `@external`.
mod shareable; // `@shareable`.
mod access_control; // `@authenticated`, `@requiresScopes`, `@policy`.
mod context; // `@fromContext`.
mod cost; // `@cost`, `@listSize`.
mod cache_tag; // `@cacheTag`.

use crate::failure::CompositionError;
use crate::schema::Subgraph;

pub(crate) use crate::rules::definitions::check_definitions;

/// Checks a subgraph that is valid GraphQL.
pub(crate) fn check_subgraph(subgraph: &Subgraph, errors: &mut Vec<CompositionError>) {
    field_sets::check_field_sets(subgraph, errors);
    // Federation 1 had no further rules; its habits are upgraded without a word.
    if subgraph.is_federation_one() {
        return;
    }
    interface_keys::check_interface_keys(subgraph, errors);
    interface_object::check_interface_objects(subgraph, errors);
    external::check_external(subgraph, errors);
    shareable::check_shareable(subgraph, errors);
    access_control::check_access_control(subgraph, errors);
    context::check_context(subgraph, errors);
    cost::check_cost(subgraph, errors);
    cache_tag::check_cache_tags(subgraph, errors);
}
