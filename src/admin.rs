//! What operators and the query page ask of the gateway itself.
//!
//! **In:** the rooms. **Out:** JSON for `/health`, `/ready`, `/_graphloom/status` and `/keys`; the text of
//! `/metrics`.
//!
//! **Never here:** HTTP (`server`), counting (`telemetry`).
//!
//! **Holds:** a bad change of the graph does not make the gateway unready: the old graph serves.
//!
//! **Read first:** [`status`].

pub mod keys;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::pipeline::Rooms;
use crate::telemetry::rfc3339;

/// What probes need to know besides the rooms.
#[derive(Debug, Clone)]
pub struct Probes {
    stopping: watch::Receiver<bool>,
}

impl Probes {
    /// Probes of a gateway that stops when the value turns true.
    pub fn new(stopping: watch::Receiver<bool>) -> Self {
        Self { stopping }
    }

    /// Whether the gateway takes no more work.
    pub fn is_draining(&self) -> bool {
        *self.stopping.borrow()
    }
}

/// The process runs.
pub fn health() -> Value {
    json!({ "status": "ok" })
}

/// The gateway serves; and whether it serves the newest graph.
pub fn ready(rooms: &Rooms) -> Value {
    let graph = rooms.graph.current();
    let problem = rooms.graph.problem().map(|problem| problem.summary.clone());
    json!({ "status": "ready", "graph": graph.id, "problem": problem })
}

/// The text of `/metrics`.
pub fn metrics(rooms: &Rooms) -> String {
    let metrics = &rooms.telemetry.metrics;
    let n_operations = rooms.graph.current().operations.count();
    let (n_keys, n_evicted) = rooms.admission.remembered();
    metrics.admission.keys.set(i64::try_from(n_keys).unwrap_or(i64::MAX));
    metrics.admission.evicted.set(i64::try_from(n_evicted).unwrap_or(i64::MAX));
    metrics.prepared_operations.set(i64::try_from(n_operations).unwrap_or(i64::MAX));
    metrics.render()
}

/// Which graph is in force, and what is wrong with the newest change.
pub fn status(rooms: &Rooms) -> Value {
    let graph = rooms.graph.current();
    json!({
        "graph": {
            "id": graph.id,
            "loadedAt": rfc3339(graph.loaded_at),
            "subgraphs": graph.subgraph_names(),
        },
        "problem": rooms.graph.problem().as_deref(),
    })
}
