//! What the gateway tells about itself: log lines and metrics.
//!
//! **In:** records of requests; events of `tracing`. **Out:** lines; the text of `/metrics`.
//!
//! **Never here:** what is worth telling (the rooms decide), where `/metrics` is served (`server`).
//!
//! **Holds:** both doors use one record and one metric family, so a query that counts requests counts
//! them all.
//!
//! **Read first:** [`RequestRecord`], [`Metrics`].

mod admission;
mod cost;
mod diagnostics;
mod log;
mod metrics;
mod queue;
mod record;
mod timestamp;

use std::sync::Arc;

pub use admission::{AdmissionMetrics, LimitMetrics};
pub use diagnostics::subscriber;
pub use log::{Capture, Json, Lines, Sink, Text};
pub use metrics::{
    DoorMetrics, FetchMetrics, HandshakeOutcome, Metrics, MetricsKey, PlanningOutcome,
};
pub use queue::{Queue, lines_to};
pub use record::{Event, FetchRecord, Level, RequestRecord};
pub use timestamp::rfc3339;

/// Where all rooms tell.
#[derive(Clone)]
pub struct Telemetry {
    /// A line for each request.
    pub log: Arc<dyn Sink>,
    /// Numbers.
    pub metrics: Arc<Metrics>,
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Telemetry")
    }
}
