//! Makes fields of HTTP requests: what `@source` and `@connect` say, and who is asked for what.
//!
//! **In:** subgraphs that link the `connect` specification; supergraphs that have such. **Out:**
//! [`Connectors`]; errors and hints.
//!
//! **Never here:** sending requests (the gateway), the language of selections (`mapping`).
//!
//! **Holds:** each connector stands as a subgraph of its own in the tables, under the name of the
//! subgraph that declares it; nobody but [`Connectors`] knows that there is more than one. The
//! document that people see has the subgraph as it was written.
//!
//! ```text
//! check    each subgraph alone, where its text is at hand: read + coverage
//! record   @source and @connect stay in the merged document
//! expand   the document again: extract, read, rows of each connector; then the tables are made
//! ```
//!
//! **Read first:** [`check`](check::check), then [`expand`](expand::expand).
//!
//! Spec: <https://specs.apollo.dev/connect/v0.4>

mod check; // One subgraph, while its text is at hand.
mod record; // The directives in the supergraph.
mod expand; // A subgraph for each connector.
mod fan_out; // Lists that ask once per item.
mod rows; // What a connector is in the tables.
mod extract; // A subgraph out of the supergraph.
mod coverage; // Whether all is answered.
mod read; // All directives of a subgraph.
mod connection; // One `@connect`.
mod entity; // What it answers, and what it needs for that.
mod source; // One `@source`.
mod headers; // The headers of both.
mod given; // What a selection gives.
mod key; // What a connector reads of its object.
mod texts; // The texts, read and checked.
mod shapes; // The shapes of variables.
mod arguments; // The arguments of a directive.
mod problem; // What is wrong.
mod literal; // Where it is in a string.
mod connector; // What is kept of a directive.

pub use connector::{
    Connector, ConnectorKind, Connectors, ErrorMapping, Header, HeaderValue, Method, Request,
    RootOperation, Source,
};

pub(crate) use check::check;
pub(crate) use expand::{Expanded, expand};
pub(crate) use fan_out::hints as fan_out_hints;
pub(crate) use record::record;

use crate::vocabulary::Known;

/// A scalar for arguments that are read here, with better words than the validator has.
const ANY: &str = "connect__Anything";

/// The definition of that scalar.
pub(crate) const ANY_VALUE: &str = "scalar connect__Anything\n";

/// The definition of `@source` or `@connect` for the validator, under a subgraph's name for it.
pub(crate) fn definition(known: Known, name: &str) -> String {
    let (arguments, locations): (&[&str], &str) = match known {
        Known::Source => (&["name", "http", "errors", "isSuccess"], "SCHEMA"),
        Known::Connect => (&connection::ARGUMENTS, "FIELD_DEFINITION | OBJECT"),
        _ => return String::new(),
    };
    let arguments: Vec<String> = arguments.iter().map(|it| format!("{it}: {ANY}")).collect();
    format!("directive @{name}({}) repeatable on {locations}\n", arguments.join(", "))
}
