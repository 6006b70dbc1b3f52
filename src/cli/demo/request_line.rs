//! Writes one short line a request: who was asked, in which order, and how long it took.
//!
//! **In:** the records that every gateway logs. **Out:** text for a person who watches a terminal.
//!
//! **Never here:** the log of `serve`, which machines read (`telemetry`).
//!
//! **Read first:** [`request_line`].

use crate::telemetry::{Event, Level, RequestRecord, Sink};

/// A sink that hands each line to `say`.
pub(super) struct ForPeople<S>(pub(super) S);

impl<S: Fn(&str) + Send + Sync> Sink for ForPeople<S> {
    fn request(&self, record: &RequestRecord) {
        // Pages and probes of the gateway itself would hide what matters.
        if record.door != "own" {
            (self.0)(&request_line(record));
        }
    }
}

/// `TopProducts 200 3.1 ms  products → (inventory ∥ reviews) → accounts  4 fetches`
fn request_line(record: &RequestRecord) -> String {
    let name = match (record.door, &record.operation_name, record.operation_type) {
        ("graphql", Some(name), _) => name.to_string(),
        ("graphql", None, Some(kind)) => kind.to_owned(),
        _ => format!("{} {}", record.method, record.path),
    };
    let milliseconds = record.duration.as_secs_f64() * 1e3;
    let mut line = format!("{name} {} {milliseconds:.1} ms", record.status);
    let asked = match &record.plan {
        Some(plan) => plan.to_string(),
        None => {
            let names = record.fetch_records.iter().map(|fetch| &*fetch.subgraph);
            names.collect::<Vec<_>>().join(", ")
        }
    };
    if !asked.is_empty() {
        line.push_str(&format!("  {asked}"));
    }
    match record.fetches {
        0 => {}
        1 => line.push_str("  1 fetch"),
        n => line.push_str(&format!("  {n} fetches")),
    }
    if !record.error_codes.is_empty() {
        line.push_str(&format!("  {}", record.error_codes.join(" ")));
    }
    line
}

/// `graph refused; the old one stays in force  schemas/inventory.graphql:12:3  unknown type`
pub(super) fn event_line(event: &Event) -> String {
    let mut line = match event.level {
        Level::Trace | Level::Debug | Level::Info => String::new(),
        Level::Warn => "warning: ".to_owned(),
        Level::Error => "error: ".to_owned(),
    };
    line.push_str(&event.message);
    for (_, value) in &event.fields {
        let text = match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        line.push_str(&format!("  {text}"));
    }
    line
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;
    use std::time::{Duration, UNIX_EPOCH};

    use super::{event_line, request_line};
    use crate::telemetry::{Event, FetchRecord, Level, RequestRecord};

    fn record(door: &'static str) -> RequestRecord {
        RequestRecord {
            time: UNIX_EPOCH,
            level: Level::Info,
            message: "request",
            request_id: Arc::from("r1"),
            door,
            method: http::Method::GET,
            path: "/orders/o1".to_owned(),
            status: 200,
            duration: Duration::from_micros(3_140),
            operation_name: None,
            operation_type: None,
            route: None,
            fetches: 1,
            merged: 0,
            upstream: Duration::ZERO,
            bytes_in: 0,
            bytes_out: 0,
            client_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            consumer: None,
            error_codes: Vec::new(),
            errors: Vec::new(),
            paid: None,
            refused_by: None,
            cost_estimated: None,
            cost_actual: None,
            beyond: Vec::new(),
            aborted: false,
            fetch_records: Vec::new(),
            plan: None,
        }
    }

    #[test]
    fn an_operation_shows_its_plan() {
        let record = RequestRecord {
            operation_name: Some(Arc::from("TopProducts")),
            plan: Some(Arc::from("products → (inventory ∥ reviews) → accounts")),
            fetches: 4,
            error_codes: vec!["DOWN".to_owned()],
            ..record("graphql")
        };
        let line =
            "TopProducts 200 3.1 ms  products → (inventory ∥ reviews) → accounts  4 fetches  DOWN";
        assert_eq!(request_line(&record), line);
    }

    #[test]
    fn a_route_shows_its_upstream() {
        let fetch = FetchRecord {
            id: 1,
            subgraph: Arc::from("orders"),
            duration: Duration::ZERO,
            status: Some(200),
            entities: 0,
            unique: 0,
            failed: false,
            merged: false,
        };
        let record = RequestRecord { fetch_records: vec![fetch], ..record("route") };
        assert_eq!(request_line(&record), "GET /orders/o1 200 3.1 ms  orders  1 fetch");
    }

    #[test]
    fn an_event_shows_its_particulars() {
        let event = Event {
            message: "graph refused".to_owned(),
            fields: vec![("file", "a.graphql:1:2".into()), ("count", 2.into())],
            ..Event::new(Level::Error)
        };
        assert_eq!(event_line(&event), "error: graph refused  a.graphql:1:2  2");
    }
}
