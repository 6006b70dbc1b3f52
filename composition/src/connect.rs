//! Makes fields of HTTP requests: what `@source` and `@connect` say, and who is asked for what.
//!
//! **In:** subgraphs that link the `connect` specification. **Out:** [`Connectors`].
//!
//! **Never here:** sending requests (the gateway), the language of selections (`mapping`).
//!
//! **Holds:** each connector stands as a subgraph of its own in the tables, under the name of the
//! subgraph that declares it; nobody but [`Connectors`] knows that there is more than one.
//!
//! **Read first:** [`Connectors`].
//!
//! Spec: <https://specs.apollo.dev/connect/v0.4>

mod connector; // What is kept of a directive: the parsed texts.

pub use connector::{
    Connector, ConnectorKind, Connectors, EntityArguments, ErrorMapping, Header, HeaderValue,
    Method, Request, RootOperation, Source,
};
