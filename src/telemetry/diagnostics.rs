//! Takes what the gateway tells about itself: tracing events, as records.
//!
//! **In:** events of `tracing`. **Out:** an [`Event`] each, to whoever writes lines.
//!
//! **Never here:** the form of a line (`log`), requests (they have records of their own), spans: none is
//! made on the way of a request.
//!
//! **Read first:** [`subscriber`].

use std::fmt;

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

use super::record::{Event, Level};

/// A subscriber that hands each event that the filter lets pass to `tell`.
pub fn subscriber(
    filter: Targets,
    tell: impl Fn(&Event) + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    Registry::default().with(Teller(tell).with_filter(filter))
}

struct Teller<F>(F);

impl<S: Subscriber, F: Fn(&Event) + 'static> Layer<S> for Teller<F> {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut told = Event::new(level(event.metadata()));
        event.record(&mut told);
        (self.0)(&told);
    }
}

fn level(metadata: &Metadata<'_>) -> Level {
    match *metadata.level() {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::INFO => Level::Info,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::TRACE => Level::Trace,
    }
}

impl Event {
    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(message)) => self.message = message,
            (name, value) => self.fields.push((name, value)),
        }
    }
}

impl Visit for Event {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}
