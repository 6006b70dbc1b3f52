//! The gateway: HTTP in, upstream requests out.
//!
//! A request goes down this list: the modules are declared in the order in which it meets them, and
//! each may use only modules declared below itself. The graph stands above operations because it owns
//! those that were prepared for it: both are dropped as one.
//!
//! **Never here:** planning decisions (`query-planner`), GraphQL grammar (apollo-compiler), merging rules
//! (`composition`), rendering of responses (`execution`).
//!
//! **Read first:** [`server::answer`], then [`pipeline::execute_request`].

pub mod cli; // The commands.
pub mod gateway; // Furnishes the rooms and starts a gateway.
pub mod server; // Listens; HTTP in, HTTP out. GraphQL over HTTP, REST routes, the query page.
pub mod admin; // Health, readiness, status.
pub mod pipeline; // One request's way through the rooms below.
pub mod identity; // Who calls: credentials, and who vouches for them.
pub mod routes; // The REST door.
pub mod graph; // The graph in force: load, watch, warm, swap.
pub mod operation; // Prepared operations: parse, validate, plan, keep.
pub mod authorization; // What a caller may see of an operation.
pub mod admission; // What a request pays before it may go on.
pub mod schedule; // Drives an execution: calls out, answers in.
pub mod sources; // REST sources: calls become HTTP requests, responses become answers.
pub mod together; // Does once what several want at the same moment.
pub mod upstream; // One request to one target: pool, turn, deadline, headers.
pub mod control; // The gateway's own calls to issuers.
pub mod telemetry; // Log lines and metrics, the same for both doors; diagnostics.
pub mod config; // The file as written, and as settled.
pub mod masks; // What stands instead of a value that a caller may not see as it is.
pub mod expressions; // CEL: compiled when the file is read, evaluated for a request.
pub mod consumer; // Who asks.
pub mod connection; // Who connected.
pub mod folders; // Watches folders for whoever follows files.

pub use gateway::{Gateway, Running, StartError};
