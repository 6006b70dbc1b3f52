//! Writes records as lines.
//!
//! **In:** a [`RequestRecord`] or an [`Event`]. **Out:** one line each, as JSON or as text.
//!
//! **Never here:** choosing what to tell; writing lines out (`queue`).
//!
//! **Read first:** [`Sink`].

use std::cell::RefCell;
use std::fmt;
use std::io::Write as _;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::record::{Event, RequestRecord, Value};
use super::timestamp::{rfc3339, with_rfc3339};
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
        with_line(|line| {
            record.tell(|key, value| {
                line.extend_from_slice(if line.is_empty() { b"{\"" } else { b",\"" });
                line.extend_from_slice(key.as_bytes());
                line.extend_from_slice(b"\":");
                write_json(line, value);
            });
            line.push(b'}');
            self.0.copy_of(std::str::from_utf8(line).expect("JSON is UTF-8"));
        });
    }
}

impl<W: Lines> Sink for Text<W> {
    fn request(&self, record: &RequestRecord) {
        with_line(|line| {
            record.tell(|key, value| match (key, value) {
                ("time", value) => write_plain(line, value),
                ("level", Value::Word(level)) => {
                    let _ = write!(line, " {level:5}");
                }
                ("message", value) => {
                    line.push(b' ');
                    write_plain(line, value);
                }
                (key, value) => {
                    line.push(b' ');
                    line.extend_from_slice(key.as_bytes());
                    line.push(b'=');
                    write_plain(line, value);
                }
            });
            self.0.copy_of(std::str::from_utf8(line).expect("texts are UTF-8"));
        });
    }
}

/// Makes a line in memory that is used again.
fn with_line(make: impl FnOnce(&mut Vec<u8>)) {
    LINE.with_borrow_mut(|line| {
        line.clear();
        make(line);
    });
}

fn write_json(line: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Time(_) | Value::Word(_) | Value::Address(_) => {
            line.push(b'"');
            write_bare(line, value);
            line.push(b'"');
        }
        Value::Text(text) if text.bytes().all(|byte| byte >= b' ' && !b"\"\\".contains(&byte)) => {
            write_json(line, Value::Word(text));
        }
        Value::Text(text) => write_escaped(line, &text),
        Value::Texts(texts) => write_escaped(line, &texts),
        Value::Number(_) | Value::Milliseconds(_) | Value::True => write_bare(line, value),
    }
}

/// For people: quoted only if it could be taken for something else.
fn write_plain(line: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Text(text) if !is_bare(text) => write_escaped(line, &text),
        Value::Texts(_) => write_json(line, value),
        _ => write_bare(line, value),
    }
}

fn write_bare(line: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Time(time) => {
            with_rfc3339(time, |text| line.extend_from_slice(text.as_bytes()));
        }
        Value::Word(text) | Value::Text(text) => line.extend_from_slice(text.as_bytes()),
        Value::Number(number) => write_number(line, number),
        Value::Milliseconds(duration) => write_milliseconds(line, duration),
        Value::Address(IpAddr::V4(address)) => {
            for (i, octet) in address.octets().into_iter().enumerate() {
                if i > 0 {
                    line.push(b'.');
                }
                write_number(line, octet.into());
            }
        }
        Value::Address(address) => {
            let _ = write!(line, "{address}");
        }
        Value::True => line.extend_from_slice(b"true"),
        Value::Texts(texts) => write_escaped(line, &texts),
    }
}

fn write_escaped(line: &mut Vec<u8>, value: &impl serde::Serialize) {
    serde_json::to_writer(line, value).expect("texts are JSON");
}

fn write_milliseconds(line: &mut Vec<u8>, duration: Duration) {
    let microseconds =
        u64::from(duration.subsec_nanos() + 500) / 1_000 + duration.as_secs() * 1_000_000;
    write_number(line, microseconds / 1_000);
    let fraction = microseconds % 1_000;
    if fraction > 0 {
        let digits = [fraction / 100, fraction / 10 % 10, fraction % 10];
        let n_digits = 3 - digits.iter().rev().take_while(|digit| **digit == 0).count();
        line.push(b'.');
        line.extend(digits[..n_digits].iter().map(|digit| b'0' + *digit as u8));
    }
}

fn write_number(line: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    line.extend_from_slice(&digits[at..]);
}

fn is_bare(text: &str) -> bool {
    !text.contains([' ', '"', '=', '\n'])
}

impl Event {
    /// The event as one line.
    pub fn line(&self, format: LogFormat) -> String {
        let time = rfc3339(SystemTime::now());
        let level = self.level.as_str();
        match format {
            LogFormat::Json => {
                let head = [("time", &*time), ("level", level), ("message", &self.message)];
                let head = head.map(|(key, text)| (key, text.into()));
                let mut line = String::from("{");
                for (i, (key, value)) in head.iter().chain(&self.fields).enumerate() {
                    let separator = if i == 0 { "" } else { "," };
                    let _ = fmt::Write::write_fmt(
                        &mut line,
                        format_args!("{separator}\"{key}\":{value}"),
                    );
                }
                line.push('}');
                line
            }
            LogFormat::Text => {
                let mut line = format!("{time} {level:5} {}", self.message);
                for (key, value) in &self.fields {
                    let written = match value {
                        serde_json::Value::String(text) if is_bare(text) => text.clone(),
                        value => value.to_string(),
                    };
                    line.extend([" ", key, "=", &written]);
                }
                line
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv6Addr};
    use std::time::{Duration, UNIX_EPOCH};

    use http::Method;
    use serde_json::json;

    use super::{Capture, Json, Sink, Text};
    use crate::telemetry::{Level, RequestRecord};

    fn record() -> RequestRecord {
        RequestRecord {
            time: UNIX_EPOCH,
            level: Level::Warn,
            message: "request",
            request_id: "r1".into(),
            door: "graphql",
            method: Method::POST,
            path: "/a\"b\\c d".to_owned(),
            status: 200,
            duration: Duration::from_nanos(1_234_567_501),
            operation_name: None,
            operation_type: Some("query"),
            route: Some("/graphql".into()),
            fetches: 0,
            merged: 0,
            upstream: Duration::from_millis(20),
            bytes_in: 18_446_744_073_709_551_615,
            bytes_out: 100,
            client_ip: IpAddr::V6(Ipv6Addr::LOCALHOST),
            consumer: None,
            error_codes: vec!["A".to_owned()],
            errors: vec!["at \"x\":\n\u{1} é".to_owned()],
            paid: Some(37),
            refused_by: Some("fair".into()),
            cost_estimated: None,
            cost_actual: None,
            beyond: Vec::new(),
            aborted: true,
            fetch_records: Vec::new(),
            plan: None,
        }
    }

    #[test]
    fn a_json_line_is_one_object_with_every_field() {
        let lines = Capture::default();
        Json(lines.clone()).request(&record());
        let line = lines.lines().remove(0);
        assert!(!line.contains('\n'));
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        let expected = json!({
            "time": "1970-01-01T00:00:00.000Z", "level": "warn", "message": "request", "request_id": "r1",
            "door": "graphql", "method": "POST", "path": "/a\"b\\c d", "status": 200, "duration_ms": 1234.568,
            "operation_type": "query", "route": "/graphql", "fetches": 0, "upstream_ms": 20,
            "bytes_in": 18_446_744_073_709_551_615_u64, "bytes_out": 100, "client_ip": "::1", "paid": 37, "refused_by": "fair",
            "error_codes": ["A"], "errors": ["at \"x\":\n\u{1} é"], "aborted": true,
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn a_text_line_quotes_what_could_be_taken_for_something_else() {
        let lines = Capture::default();
        let record = RequestRecord { duration: Duration::from_micros(50), ..record() };
        Text(lines.clone()).request(&record);
        let expected = "1970-01-01T00:00:00.000Z warn  request request_id=r1 door=graphql method=POST \
            path=\"/a\\\"b\\\\c d\" status=200 duration_ms=0.05 operation_type=query route=/graphql fetches=0 \
            upstream_ms=20 bytes_in=18446744073709551615 bytes_out=100 client_ip=::1 paid=37 refused_by=fair error_codes=[\"A\"] \
            errors=[\"at \\\"x\\\":\\n\\u0001 é\"] aborted=true";
        assert_eq!(lines.lines(), [expected]);
    }
}
