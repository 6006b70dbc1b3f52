//! Writes records as lines.
//!
//! **In:** a [`RequestRecord`] or an [`Event`]. **Out:** one line each, as JSON or as text.
//!
//! **Never here:** choosing what to tell; writing lines out (`queue`).
//!
//! **Read first:** [`Sink`].

use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde_json::Value;

use super::record::{Event, RequestRecord};
use super::timestamp::rfc3339;
use crate::config::LogFormat;

/// Takes records of requests.
pub trait Sink: Send + Sync {
    /// One request was answered.
    fn request(&self, record: &RequestRecord);
}

/// One JSON object a line.
pub struct Json<W>(pub W);

/// A line for people: time, level, message, then `key=value`.
pub struct Text<W>(pub W);

/// Takes whole lines without their line break.
pub trait Lines: Send + Sync {
    /// Writes one line.
    fn line(&self, line: String);

    /// Writes one line that the caller keeps.
    fn copy_of(&self, line: &str) {
        self.line(line.to_owned());
    }
}

/// Keeps lines in memory, for tests.
#[derive(Debug, Clone, Default)]
pub struct Capture(Arc<Mutex<Vec<String>>>);

impl Capture {
    /// The lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Lines for Capture {
    fn line(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

thread_local! {
    /// The line being made: its memory is used again.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl<W: Lines> Sink for Json<W> {
    fn request(&self, record: &RequestRecord) {
        LINE.with_borrow_mut(|line| {
            line.clear();
            serde_json::to_writer(&mut *line, record).expect("a record has only string keys");
            self.0.copy_of(std::str::from_utf8(line).expect("JSON is UTF-8"));
        });
    }
}

impl<W: Lines> Sink for Text<W> {
    fn request(&self, record: &RequestRecord) {
        let value = serde_json::to_value(record).expect("a record has only string keys");
        let Value::Object(fields) = value else { return };
        let (head, rest): (Vec<_>, Vec<_>) = fields
            .iter()
            .map(|(key, value)| (key.as_str(), value))
            .partition(|(key, _)| matches!(*key, "time" | "level" | "message"));
        let word = |key| head.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
        self.0.line(as_text([word("time"), word("level"), word("message")], rest));
    }
}

impl Event {
    /// The event as one line.
    pub fn line(&self, format: LogFormat) -> String {
        match format {
            LogFormat::Json => {
                let mut line = String::from("{");
                for (i, (key, value)) in head(self).iter().chain(&self.fields).enumerate() {
                    let separator = if i == 0 { "" } else { "," };
                    let _ = write!(line, "{separator}{}:{value}", Value::from(*key));
                }
                line.push('}');
                line
            }
            LogFormat::Text => {
                let [time, level, message] = head(self);
                let rest = self.fields.iter().map(|(key, value)| (*key, value));
                as_text([&time, &level, &message].map(|(_, value)| Some(value)), rest)
            }
        }
    }
}

/// What every line begins with.
fn head(event: &Event) -> [(&'static str, Value); 3] {
    [
        ("time", rfc3339(SystemTime::now()).into()),
        ("level", serde_json::to_value(event.level).expect("a level is a word")),
        ("message", event.message.as_str().into()),
    ]
}

fn as_text<'a>(
    head: [Option<&Value>; 3],
    fields: impl IntoIterator<Item = (&'a str, &'a Value)>,
) -> String {
    let [time, level, message] =
        head.map(|value| value.and_then(Value::as_str).unwrap_or_default());
    let mut line = format!("{time} {level:5} {message}");
    for (key, value) in fields {
        let _ = match value {
            Value::String(text) if !text.contains([' ', '"', '=', '\n']) => {
                write!(line, " {key}={text}")
            }
            value => write!(line, " {key}={value}"),
        };
    }
    line
}
