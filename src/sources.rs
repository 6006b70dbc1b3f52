//! REST sources: answers the fetches of connectors' subgraphs with HTTP requests.
//!
//! **In:** a call of an execution to a subgraph that a connector stands for.
//! **Out:** a GraphQL response made of what the REST API answers; a record of each request.
//!
//! **Never here:** when a call is made (`schedule`), the mapping language (`mapping`), connections (`upstream`).
//!
//! **Holds:** a mutation's requests are sent in order and once. Within an operation the same `GET` is sent once,
//! and the number of requests to a source is bounded.
//!
//! **Read first:** [`ask()`].
//!
//! Spec: <https://www.apollographql.com/docs/graphos/connectors>

mod ask; // What a fetch asks, call by call.
mod batch; // Many entities at once.
mod errand; // One call.
mod request; // What is sent.
mod response; // What came back.
mod session; // What an operation has asked so far.
mod seen; // What people see of calls.
mod source; // Who answers.
mod failure; // What clients are told.
mod program; // What a fetch asks, read once.
mod arguments; // `$args`
mod form; // What is written of a value.

use query_planner::QueryPlan;
use supergraph::Supergraph;

use crate::expressions::Scope;

pub use ask::{RestAnswer, ask};
pub use errand::Sent;
pub use program::Programs;
pub use seen::Seen;
pub use session::{Exchange, Session};
pub use source::{RestSource, RestTerms, Values};

/// What calls of one operation share.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The plan that is executed.
    pub plan: &'a QueryPlan,
    /// What it asks of connectors.
    pub programs: &'a Programs,
    /// The schema.
    pub supergraph: &'a Supergraph,
    /// What was asked so far.
    pub session: &'a Session,
    /// What is known of the request.
    pub scope: &'a Scope<'a>,
    /// How large an answer may be.
    pub max_answer: usize,
    /// Who wants to see the calls.
    pub seen: Option<&'a Seen>,
}
