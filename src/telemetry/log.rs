//! Writes records as lines.
//!
//! **In:** a [`RequestRecord`] or an [`Event`]. **Out:** one line each, as JSON or as text.
//!
//! **Never here:** choosing what to tell.
//!
//! **Holds:** no request waits for a slow reader of the log: lines go through a bounded queue to a
//! thread of their own; what does not fit is dropped, and the number of dropped lines is a diagnostic.
//!
//! **Read first:** [`Sink`], [`lines_to`].

use std::fmt::Write as _;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

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
}

/// Lines to a thread that writes them.
#[derive(Clone)]
pub struct Queue {
    sender: SyncSender<Order>,
    dropped: Arc<AtomicU64>,
}

/// What the thread is told to do.
enum Order {
    Write(String),
    /// Answer when all that came before is written.
    Report(SyncSender<()>),
}

/// Keeps lines in memory, for tests.
#[derive(Debug, Clone, Default)]
pub struct Capture(Arc<Mutex<Vec<String>>>);

/// How many lines may wait for the writer.
const QUEUE: usize = 8_192;

/// How long a process that ends waits for its last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

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

fn write_lines(receiver: &Receiver<Order>, writer: impl Write, dropped: &AtomicU64) {
    let mut writer = std::io::BufWriter::new(writer);
    while let Ok(order) = receiver.recv() {
        let mut next = Some(order);
        let mut waiting = Vec::new();
        while let Some(order) = next {
            match order {
                // Nobody is left to tell when the log itself cannot be written.
                Order::Write(line) => drop(writeln!(writer, "{line}")),
                Order::Report(written) => waiting.push(written),
            }
            next = receiver.try_recv().ok();
        }
        let _ = writer.flush();
        for written in waiting {
            let _ = written.try_send(());
        }
        let count = dropped.swap(0, Ordering::Relaxed);
        if count > 0 {
            tracing::warn!(count, "log lines dropped; their reader is too slow");
        }
    }
}

impl Queue {
    /// Waits until all lines so far are written, but not for a reader that has stopped.
    pub fn flush(&self) {
        let (written, is_written) = sync_channel(1);
        if self.sender.try_send(Order::Report(written)).is_ok() {
            let _ = is_written.recv_timeout(LAST_LINES);
        }
    }
}

impl Lines for Queue {
    fn line(&self, line: String) {
        if self.sender.try_send(Order::Write(line)).is_err() {
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
