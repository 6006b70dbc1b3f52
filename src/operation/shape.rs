//! Writes a plan in one line: `products → (inventory ∥ reviews) → accounts`.
//!
//! **In:** a plan. **Out:** its subgraphs by depth; those in parentheses run side by side.
//!
//! **Never here:** the exact dependencies: that is the plan's own text (`query_planner`).

use query_planner::QueryPlan;
use supergraph::Supergraph;

/// The line for a plan; empty if it fetches nothing.
pub(super) fn of(plan: &QueryPlan, supergraph: &Supergraph) -> String {
    let mut levels: Vec<Vec<&str>> = Vec::new();
    for (_, fetch) in plan.fetches.iter() {
        let level = (fetch.depth.max(1) - 1) as usize;
        levels.resize_with(levels.len().max(level + 1), Vec::new);
        levels[level].push(&supergraph.subgraph(fetch.subgraph).name);
    }
    let level = |names: &Vec<&str>| match names.as_slice() {
        [name] => (*name).to_owned(),
        names => format!("({})", names.join(" ∥ ")),
    };
    levels.iter().filter(|names| !names.is_empty()).map(level).collect::<Vec<_>>().join(" → ")
}
