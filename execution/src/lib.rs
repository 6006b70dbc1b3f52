//! A query plan and the answers of its fetches to the bytes of a response. No I/O.
//!
//! **In:** [`Inputs`]: a [`query_planner::QueryPlan`], its [`supergraph::Supergraph`], coerced
//! variables, answers to introspection, [`Limits`] and an [`ErrorPolicy`]; then [`Answer`]s.
//! **Out:** [`Call`]s to send, and at the end the response and a [`Summary`].
//!
//! **Never here:** sending anything, headers, deadlines, retries, caches (the driver has them);
//! planning (`query-planner`); parsing and validating operations (the gateway).
//!
//! **Holds:** a response's bytes do not depend on the order in which independent answers arrive, as
//! long as subgraphs agree on what they share; no answer, however wrong, makes an execution panic.
//!
//! **Read first:** [`Execution`], which a driver uses like this:
//!
//! ```
//! # use execution::{Answer, Call, Execution, Summary};
//! # fn send(_: Call) -> Answer { unreachable!() }
//! fn run(mut execution: impl Execution, response: &mut Vec<u8>) -> Summary {
//!     loop {
//!         let calls = execution.take_calls();
//!         if calls.is_empty() {
//!             return execution.finish(response);
//!         }
//!         for call in calls {
//!             let id = call.id;
//!             execution.answer(id, send(call));
//!         }
//!     }
//! }
//! ```
//!
//! (A real driver sends them concurrently, asks for more calls after each answer, and finishes when
//! none is under way and none is ready.) [`SimpleExecution`] is the plain executor over trees.
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Execution>

mod seam;
mod call;
mod answer;
mod limits;
mod summary;
mod compiled;
mod simple;
mod reported;
mod problem;
mod denied;
mod bill;
mod masks;
mod path;
mod error;
mod tree;
mod json;

pub use answer::{Answer, FetchFailure, Refusal, ResponseParts};
pub use call::{BodyParts, Call, CallId, CallKind};
pub use compiled::{CompiledExecution, Program};
pub use limits::{AllowedExtensions, ErrorPolicy, Exposure, Limits};
pub use masks::{MaskedBy, MaskedFields, Masks};
pub use seam::{Caller, Execution, Inputs, Sink};
pub use simple::SimpleExecution;
pub use summary::{FetchOutcome, FetchSummary, LoggedError, Summary};
