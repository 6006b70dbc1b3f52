//! Prints the plan of an operation: `cargo run -p query-planner --example plan SUPERGRAPH OPERATION`.
use apollo_compiler::ExecutableDocument;
use query_planner::{Batching, Guards, Limits, Operation};

#[expect(clippy::print_stdout, reason = "it is what it is for")]
fn main() {
    let mut args = std::env::args().skip(1);
    let mut text = || std::fs::read_to_string(args.next().expect("a path")).expect("readable");
    let supergraph = supergraph::Supergraph::parse(&text()).expect("a supergraph");
    let document = ExecutableDocument::parse_and_validate(
        supergraph.api_schema(),
        text(),
        "operation.graphql",
    )
    .expect("valid");
    let operation = Operation::read(&supergraph, &document, None).expect("one operation");
    let limits = Limits { positions: 50_000, steps: 2_000_000 };
    for which in [query_planner::plan, query_planner::plan_exhaustively] {
        match which(&supergraph, &operation, &Guards::default(), limits, Batching::Fewest) {
            Ok(plan) => println!("{}\n{:?}", plan.to_text(&supergraph), plan.effort),
            Err(error) => println!("{}", error.kind),
        }
    }
}
