//! Writes records as lines.
//!
//! **In:** a [`RequestRecord`] or [`Event`]. **Out:** one line each, as JSON or as text.
//!
//! **Never here:** choosing what to tell.
//!
//! **Holds:** no request waits for a slow reader of the log: lines go through a bounded queue to a
//! thread of their own; what does not fit is dropped, and the number of dropped lines is told.
//!
//! **Read first:** [`Sink`], [`lines_to`].

use std::fmt::Write as _;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde_json::{Value, json};

use super::record::{Event, RequestRecord};
use super::timestamp::rfc3339;

/// Takes records.
pub trait Sink: Send + Sync {
    /// One request was answered.
    fn request(&self, record: &RequestRecord);
    /// Something happened.
    fn event(&self, event: &Event);
}

/// One JSON object a line.
pub struct Json<W>(pub W);

/// A line for people: time, level, message, then `key=value`.
pub struct Text<W>(pub W);

/// Takes whole lines without their line break.
pub trait Lines: Send + Sync {
    /// Writes one line.
    fn line(&self, line: String);
}

/// Lines to a thread that writes them.
pub struct Queue {
    sender: SyncSender<String>,
    dropped: Arc<AtomicU64>,
}

/// Keeps lines in memory, for tests.
#[derive(Debug, Clone, Default)]
pub struct Capture(Arc<Mutex<Vec<String>>>);

/// How many lines may wait for the writer.
const QUEUE: usize = 8_192;

/// Lines to a writer such as the standard output, written by a thread of their own.
pub fn lines_to(writer: impl Write + Send + 'static) -> Queue {
    let (sender, receiver) = sync_channel(QUEUE);
    let dropped = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&dropped);
    // Ends with the last sender.
    std::thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || write_lines(&receiver, writer, &counted))
        .expect("a thread can be started");
    Queue { sender, dropped }
}

fn write_lines(receiver: &Receiver<String>, writer: impl Write, dropped: &AtomicU64) {
    let mut writer = std::io::BufWriter::new(writer);
    while let Ok(line) = receiver.recv() {
        let mut next = Some(line);
        while let Some(line) = next {
            // Nobody is left to tell when the log itself cannot be written.
            let _ = writeln!(writer, "{line}");
            next = receiver.try_recv().ok();
        }
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ = writeln!(
                writer,
                "{}",
                json!({"level": "warn", "message": "log lines dropped", "count": lost})
            );
        }
        let _ = writer.flush();
    }
}

impl Lines for Queue {
    fn line(&self, line: String) {
        if self.sender.try_send(line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

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

impl<W: Lines> Sink for Json<W> {
    fn request(&self, record: &RequestRecord) {
        self.0.line(serde_json::to_string(record).expect("a record has only string keys"));
    }

    fn event(&self, event: &Event) {
        let mut line = String::from("{");
        for (i, (key, value)) in head(event).iter().chain(&event.fields).enumerate() {
            let separator = if i == 0 { "" } else { "," };
            let _ = write!(line, "{separator}{}:{value}", Value::from(*key));
        }
        line.push('}');
        self.0.line(line);
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

    fn event(&self, event: &Event) {
        let [time, level, message] = head(event);
        let rest = event.fields.iter().map(|(key, value)| (*key, value));
        self.0.line(as_text([&time, &level, &message].map(|(_, value)| Some(value)), rest));
    }
}

/// What every line begins with.
fn head(event: &Event) -> [(&'static str, Value); 3] {
    [
        ("time", rfc3339(SystemTime::now()).into()),
        ("level", serde_json::to_value(event.level).expect("a level is a word")),
        ("message", event.message.into()),
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
