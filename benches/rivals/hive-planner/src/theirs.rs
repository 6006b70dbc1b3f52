//! Hive Router's planner, the library crate that its router uses.
//!
//! **In:** a supergraph, an operation's text. **Out:** [`Figures`].
//!
//! **Never here:** what is measured how often (`main`).
//!
//! **Holds:** a request is a `Fetch` or a `BatchFetch` node: the plan is counted after its own
//! batching. Both branches of a condition count, as ours plans with every condition true.

use crate::table::Figures;
use hive_router_query_planner::{
    ast::normalization::normalize_operation,
    graph::PlannerOverrideContext,
    planner::{Planner as Inner, QueryPlannerOptions, plan_nodes::PlanNode},
    utils::{
        cancellation::CancellationToken,
        parsing::{safe_parse_operation, safe_parse_schema},
    },
};
use std::{
    hint::black_box,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

pub(crate) struct Planner {
    inner: Inner,
    pub(crate) loading: Duration,
}

pub(crate) type Document = graphql_tools::parser::query::Document<'static, String>;

impl Planner {
    pub(crate) fn load(sdl: &str) -> Result<Self, String> {
        let start = Instant::now();
        let schema = safe_parse_schema(sdl).map_err(|error| error.to_string())?;
        let inner =
            catch_unwind(|| Inner::new_from_supergraph(&schema, QueryPlannerOptions::default()));
        let inner = inner.map_err(|_| "it panicked".to_owned())?;
        let inner = inner.map_err(|error| error.to_string())?;
        Ok(Self { inner, loading: start.elapsed() })
    }

    pub(crate) fn parse(&self, text: &str) -> Result<Document, String> {
        safe_parse_operation(text).map_err(|error| error.to_string())
    }

    pub(crate) fn plan(&self, document: &Document, limit: Duration) -> Result<Figures, String> {
        let cancellation = CancellationToken::with_timeout(limit);
        let start = Instant::now();
        let planned = catch_unwind(AssertUnwindSafe(|| {
            let normalized = normalize_operation(&self.inner.supergraph, document, None)
                .map_err(|error| error.to_string())?;
            let reading = start.elapsed();
            let plan = self.inner.plan_from_normalized_operation(
                &normalized.operation,
                PlannerOverrideContext::default(),
                &cancellation,
            );
            Ok::<_, String>((reading, black_box(plan.map_err(|error| error.to_string())?)))
        }));
        let whole = start.elapsed();
        let (reading, plan) = planned.map_err(|_| "it panicked".to_owned())??;
        let (fetches, depth) = plan.node.as_ref().map_or((0, 0), count);
        Ok(Figures { reading, planning: whole - reading, steps: 0, fetches, depth })
    }
}

/// Requests, and the longest chain of them.
fn count(node: &PlanNode) -> (u64, u64) {
    let in_turn = |nodes: &mut dyn Iterator<Item = &PlanNode>| {
        nodes.map(count).fold((0, 0), |(n, depth), (m, below)| (n + m, depth + below))
    };
    let side_by_side = |nodes: &mut dyn Iterator<Item = &PlanNode>| {
        nodes.map(count).fold((0, 0), |(n, depth), (m, below)| (n + m, depth.max(below)))
    };
    match node {
        PlanNode::Fetch(_) | PlanNode::BatchFetch(_) => (1, 1),
        PlanNode::Sequence(sequence) => in_turn(&mut sequence.nodes.iter()),
        PlanNode::Parallel(parallel) => side_by_side(&mut parallel.nodes.iter()),
        PlanNode::Flatten(flatten) => count(&flatten.node),
        PlanNode::Condition(condition) => {
            let branches = [&condition.if_clause, &condition.else_clause];
            side_by_side(&mut branches.into_iter().flatten().map(|branch| &**branch))
        }
        PlanNode::Subscription(_) => (1, 1),
        PlanNode::Defer(_) => (0, 0),
    }
}
