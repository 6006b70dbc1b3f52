//! What composing and planning cost: `cargo bench --bench planning [-- FOLDER...]`; beside a rival:
//! `benches/plan`.
//!
//! **In:** the example graph, and each FOLDER with a `supergraph.graphql` and an `operations.json`
//! (a list under `operations`, each with `name` and `operation`).
//! **Out:** a table: steps of the search, requests, and the best time of several runs: of planning
//! (cold), and of finding the kept plan by the operation's text, as a request does (kept). Steps are the
//! figure to compare between machines; times only within one run.
//!
//! **Never here:** rivals (`benches/rivals`), end-to-end load.
//!
//! **Holds:** cold is from nothing: no cache is in the way.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use apollo_compiler::ExecutableDocument;
use composition::SubgraphSource;
use graphloom::{
    config::PlanningSettings,
    operation::{Decided, PreparedOperations},
    telemetry::Metrics,
};
use query_planner::{Batching, Denied, Guards, Limits, Operation, plan};
use std::{error::Error, path::Path, sync::Arc, time::Duration};
use subgraphs::Service;
use supergraph::Supergraph;
use tokio::time::Instant;

const LIMITS: Limits = Limits { positions: 50_000, steps: 2_000_000 };
const RUNS: usize = 5;
/// A look-up is too short to be measured alone.
const LOOK_UPS: u32 = 1000;
const KEPT_BYTES: usize = 100_000_000;

const EXAMPLES: [(&str, &str); 3] = [
    ("one subgraph", "{ me { id name } }"),
    (
        "four subgraphs",
        "{ topProducts { name inStock shippingEstimate reviews { body author { name reviews { rating } } } } }",
    ),
    (
        "abstract types",
        "{ search(text: \"a\") { __typename ... on Product { name inStock } ... on Brand { name products { name reviews { rating } } } } }",
    ),
];

fn main() -> Result<(), Box<dyn Error>> {
    let sources: Vec<SubgraphSource> = Service::SUBGRAPHS
        .iter()
        .map(|service| SubgraphSource {
            name: service.name().to_owned(),
            url: None,
            sdl: service.schema().to_owned(),
            file: None,
        })
        .collect();
    let (composed, time) = best(|| composition::compose(&sources));
    let composed = composed.map_err(|failure| failure.to_string())?;
    println!("compose the example graph: {time:.1?}");
    let supergraph = Arc::new(Supergraph::parse(&composed.supergraph_sdl)?);
    for (name, text) in EXAMPLES {
        measure(&supergraph, name, text)?;
    }
    for folder in std::env::args().skip(1).filter(|argument| !argument.starts_with("--")) {
        let folder = Path::new(&folder);
        let sdl = std::fs::read_to_string(folder.join("supergraph.graphql"))?;
        let (supergraph, time) = best(|| Supergraph::parse(&sdl));
        println!("load {}: {time:.1?}", folder.display());
        let operations = std::fs::read_to_string(folder.join("operations.json"))?;
        let operations: serde_json::Value = serde_json::from_str(&operations)?;
        let supergraph = Arc::new(supergraph?);
        for row in operations["operations"].as_array().into_iter().flatten() {
            let name = row["name"].as_str().unwrap_or_default();
            measure(&supergraph, name, row["operation"].as_str().unwrap_or_default())?;
        }
    }
    Ok(())
}

fn measure(supergraph: &Arc<Supergraph>, name: &str, text: &str) -> Result<(), Box<dyn Error>> {
    let schema = supergraph.api_schema();
    let document = ExecutableDocument::parse_and_validate(schema, text, "operation.graphql")
        .map_err(|error| error.errors.to_string())?;
    let operation = Operation::read(supergraph, &document, None)?;
    let guards = Guards::default();
    let (planned, time) = best(|| plan(supergraph, &operation, &guards, LIMITS, Batching::Fewest));
    let planned = planned?;
    // Values for required variables are not at hand.
    let kept = match operation.variables().iter().all(|variable| !variable.ty.ends_with('!')) {
        true => format!("{:>10.1?}", look_up(supergraph, text)?),
        false => format!("{:>10}", "-"),
    };
    println!(
        "  {name:20} {:>8} steps {:>4} requests {:>3} deep {time:>12.1?} cold {kept} kept",
        planned.effort.steps, planned.cost.requests, planned.cost.depth
    );
    Ok(())
}

/// What it takes to find the plan of an operation that was asked before.
fn look_up(supergraph: &Arc<Supergraph>, text: &str) -> Result<Duration, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let settings = PlanningSettings { limits: LIMITS, ..PlanningSettings::default() };
    let metrics = Arc::new(Metrics::new());
    let operations = PreparedOperations::new(Arc::clone(supergraph), KEPT_BYTES, settings, metrics);
    let limits = graphloom::config::Limits::of_nobody(u32::MAX);
    let ask = async || -> Result<(), Box<dyn Error>> {
        let (prepared, _) = operations.prepare(text, None, limits).await?;
        let variables = prepared.coerce_variable_values(supergraph, Default::default())?;
        let denied = &Denied::default();
        prepared.variant(Decided { variables: &variables, labels: &[], denied }).await?;
        Ok(())
    };
    runtime.block_on(async {
        ask().await?;
        let start = Instant::now();
        for _ in 0..LOOK_UPS {
            ask().await?;
        }
        Ok(start.elapsed() / LOOK_UPS)
    })
}

/// The last result and the shortest time of several runs.
fn best<T>(mut run: impl FnMut() -> T) -> (T, Duration) {
    let start = Instant::now();
    let mut result = run();
    let mut best = start.elapsed();
    for _ in 1..RUNS {
        let start = Instant::now();
        result = run();
        best = best.min(start.elapsed());
    }
    (result, best)
}
