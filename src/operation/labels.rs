//! Decides which labels of progressive overrides are on for a request.
//!
//! **In:** the labels of a supergraph, the rules of the configuration, what is known of the request.
//! **Out:** the labels that are on.
//!
//! **Never here:** what a label changes (`query_planner`).
//!
//! **Holds:** a rule of the configuration goes before what the label itself says. A request that is sent
//! again under its id takes the same way, and a greater share contains a smaller one: so requests move
//! over once as a share grows.
//!
//! **Read first:** [`labels_on`].

use std::hash::{DefaultHasher, Hash, Hasher};

use indexmap::IndexMap;

use crate::config::LabelRule;
use crate::expressions::Scope;

/// The labels that are on for a request.
pub fn labels_on(
    labels: &[String],
    rules: &IndexMap<String, LabelRule>,
    scope: &Scope<'_>,
) -> Vec<String> {
    if labels.is_empty() {
        return Vec::new();
    }
    let chance = chance(scope.id);
    let is_on = |label: &&String| match rules.get(*label) {
        Some(LabelRule::Share(percent)) => chance < *percent,
        Some(LabelRule::When(condition)) => condition.holds(scope),
        None => share_of(label).is_some_and(|percent| chance < percent),
    };
    labels.iter().filter(is_on).cloned().collect()
}

/// Labels that no request turns on: without a rule, and saying nothing themselves.
pub fn undecided<'a>(
    labels: &'a [String],
    rules: &'a IndexMap<String, LabelRule>,
) -> impl Iterator<Item = &'a str> {
    let is_undecided = |label: &&String| !rules.contains_key(*label) && share_of(label).is_none();
    labels.iter().filter(is_undecided).map(String::as_str)
}

/// The share that a label of the form `percent(n)` says.
fn share_of(label: &str) -> Option<f64> {
    label.strip_prefix("percent(")?.strip_suffix(')')?.trim().parse().ok()
}

/// From 0 to 100, by the request's id.
fn chance(id: &str) -> f64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let per_million = u32::try_from(hasher.finish() % 1_000_000).unwrap_or(0);
    f64::from(per_million) / 10_000.0
}
