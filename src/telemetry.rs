//! What the gateway tells about itself: log lines and metrics.
//!
//! **In:** records of requests and events. **Out:** lines to a [`Sink`]; the text of `/metrics`.
//!
//! **Never here:** what is worth telling (the rooms decide), where `/metrics` is served (`server`).
//!
//! **Holds:** both doors use one record and one metric family, so a query that counts requests counts
//! them all.
//!
//! **Read first:** [`RequestRecord`], [`Metrics`].

mod log;
mod metrics;
mod record;
mod timestamp;

use std::sync::Arc;

pub use log::{Capture, Json, Sink, Text, lines_to};
pub use metrics::{DoorMetrics, FetchMetrics, Metrics, MetricsKey};
pub use record::{Event, FetchRecord, Level, RequestRecord};
pub use timestamp::rfc3339;

/// Where all rooms tell.
#[derive(Clone)]
pub struct Telemetry {
    /// Lines.
    pub log: Arc<dyn Sink>,
    /// Numbers.
    pub metrics: Arc<Metrics>,
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Telemetry")
    }
}
