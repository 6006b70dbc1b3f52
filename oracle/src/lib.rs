//! The proofs: strict subgraphs in memory. Development only.
//!
//! **In:** subgraph SDL, one set of data for all of them, and requests.
//! **Out:** [`StrictSubgraph::answer`]: what a subgraph that follows the specification to the
//! letter would answer; and [`execute_whole`]: what the same operation gives on the unsplit schema.
//!
//! **Never here:** code of `execution`. The truth must not share its bugs.
//!
//! **Holds:** no clock, no chance, no network: the same request gives the same answer.
//!
//! **Read first:** [`StrictSubgraph`], then `execute`.
//!
//! A request goes down this list, and each module uses only modules declared below itself.

mod long_run; // How long a command goes on.
mod sabotage; // Mistakes on purpose.
mod optimum; // How far from the best plan.
mod stand; // A graph with data, and its cases.
mod tally; // Counts.
mod cost; // What an operation costs.
mod shrink; // A failing case, made small; as a page.
mod coverage; // Which semantics a plan used.
mod case; // One operation both ways: through planner and executor, and the truth.
mod introspection; // What the schema says of itself.
mod judge; // What an answer owes to the truth.
mod fast; // Both executors at once.
mod overrides; // Which fields moved from one subgraph to another.
mod operations; // Random operations.
mod objects; // Random data.
mod requested; // What was asked of subgraphs that a rule should have prevented.
mod misfortune; // Random faults.
mod generate; // Random graphs.
mod strict; // One subgraph: refuses or answers.
mod whole; // The unsplit schema: the truth.
mod selection; // What of an operation a subgraph may be asked: `@external`, `@requires`.
mod representation; // What of a representation a subgraph may be sent.
mod rules; // Who may see what.
mod chance; // Chance from a seed.
mod truth; // Resolves fields from the data.
mod computed; // Values made of other values.
mod execute; // Section 6 of the specification.
mod coerce; // Input coercion.
mod document; // Operations, by a second parser.
mod subgraph_schema; // SDL to schema and federation facts.
mod link; // Local names of the federation's directives.
mod fault; // What goes wrong on purpose.
mod data; // The objects.
mod request; // Request and response.
mod ordered; // JSON with an order.

pub use case::{Bench, Case, Verdict, compose};
pub use chance::Chance;
pub use cost::{Cost, Priced, PricedTwice};
pub use coverage::Coverage;
pub use data::{Data, DataError};
pub use fault::{Fault, Unreachable};
pub use generate::Graph;
pub use long_run::LongRun;
pub use misfortune::misfortune;
pub use objects::objects;
pub use operations::{GeneratedOperation, operation};
pub use ordered::Ordered;

pub use optimum::Optimum;
pub use request::{Request, Response, ResponseError};
pub use rules::{Access, Caller, Rule};
pub use sabotage::Sabotage;
pub use shrink::Failure;
pub use stand::{CASES_PER_GRAPH, Stand};
pub use strict::StrictSubgraph;
pub use subgraph_schema::SchemaError;
pub use tally::Tally;
pub use whole::{Whole, execute_whole};
