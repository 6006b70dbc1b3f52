//! The gateway from outside: real servers behind it, real connections before it. One file a behavior.
//!
//! **Never here:** knowledge of private modules; planner cases (`fixtures/`).
//!
//! **Holds:** every test has a gateway, servers and ports of its own; none waits for a fixed time.
//!
//! **Read first:** [`house`], the gateway with the example servers that most tests begin with.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod house;
mod client;
mod stub;
mod folder;
mod pem;
mod issuer;
mod shop;
mod redis;

mod queries;
mod graphql_over_http;
mod killed_subgraph;
mod reload;
mod reload_under_load;
mod supergraph_forms;
mod routes;
mod headers;
mod expressions;
mod authorize;
mod masks;
mod route_masks;
mod sensitive;
mod log_and_metrics;
mod masking;
mod limits;
mod rate_limits;
mod quotas;
mod shared_limits;
mod drain;
mod bombs;
mod cancellation;
mod pool;
mod wire;
mod workers;
mod idle_http2;
mod tls_listener;
mod client_address;
mod cors;
mod cost;
mod introspection;
mod http2;
mod tls;
mod phases;
mod compressed;
mod explain;
mod explain_command;
mod explained;
mod api_view;
mod planning;
mod prepared;
mod merging;
mod override_labels;
mod authorization;
mod plan_command;
mod plan_run;
mod connectors;
mod example_orders;
mod credentials;
mod identity;
mod identity_attacks;
mod identity_keys;
mod identity_oidc;
mod identity_opaque;
mod process;
mod wrong_inputs;
