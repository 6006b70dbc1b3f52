//! What people see of calls: request, response, what the mapping did, for the query page and the command line.
//!
//! **In:** calls, as they end. **Out:** JSON.
//!
//! **Never here:** who may see it (`server`: only with `graphql.ide` and `connectors.debug`).
//!
//! **Holds:** no credential and no value of `$config` or `$env` is in it. Of operations with masked or sensitive
//! values it tells no value at all. Texts and lists are cut to a bound.
//!
//! **Read first:** [`Seen`].

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use mapping::{Json, Problem, Wanted};
use serde_json::{Value, json};

use super::request::Prepared;
use super::session::Exchange;
use super::source::RestSource;

/// The calls of one operation that somebody wants to see.
#[derive(Debug, Default)]
pub struct Seen {
    calls: Mutex<Vec<Value>>,
    withholds: bool,
}

/// What is noted of one call on its way.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Whether anybody wants to see it.
    pub(super) is_wanted: bool,
    pub(super) problems: Vec<Problem>,
    /// What the mapping gave.
    pub(super) result: Option<String>,
    /// What the response has and nobody reads.
    pub(super) dropped: Vec<String>,
    /// What is of another kind than the schema says.
    pub(super) mismatched: Vec<Mismatch>,
    /// What was sent.
    pub(super) sent: Option<Value>,
}

/// A value of another kind than the schema says.
#[derive(Debug)]
pub(super) struct Mismatch {
    pub(super) path: String,
    pub(super) expected: String,
    pub(super) found: String,
}

/// A call that has ended.
pub(super) struct Ended<'e> {
    pub(super) source: &'e RestSource,
    pub(super) fetch: u32,
    pub(super) n_entities: usize,
    pub(super) exchange: Option<&'e Exchange>,
    pub(super) is_reused: bool,
    pub(super) failure: Option<String>,
    pub(super) duration: Duration,
}

/// Bytes of a text that are shown.
const SHOWN: usize = 2_048;
/// Items of a list that are shown.
pub(super) const ITEMS: usize = 20;
/// Calls that are shown.
const CALLS: usize = 200;
/// What stands instead of a credential.
const HIDDEN: &str = "•••";

impl Seen {
    /// Nothing seen so far; `withholds` values, for the operation has some that not everyone may see.
    #[must_use]
    pub fn new(withholds: bool) -> Self {
        Self { withholds, ..Self::default() }
    }

    /// The calls, in the order in which they ended.
    #[must_use]
    pub fn into_calls(self) -> Vec<Value> {
        self.calls.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, ended: &Ended<'_>, notes: Notes) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() >= CALLS {
            return;
        }
        let Ended { source, fetch, n_entities, exchange, is_reused, failure, duration } = ended;
        let (response, error) = match exchange.map(|exchange| &**exchange) {
            None => (None, failure.clone()),
            Some(Err(error)) => (None, Some(error.to_string())),
            Some(Ok(collected)) => {
                let secrets = source.secrets();
                let body = String::from_utf8_lossy(&collected.body);
                let body = (!self.withholds).then(|| cut(&without(&body, &secrets)));
                let response = json!({
                    "status": collected.status.as_u16(),
                    "headers": headers(&collected.headers, &secrets),
                    "body": body,
                    "bytes": collected.body.len(),
                });
                (Some(response), failure.clone())
            }
        };
        let shows = !self.withholds;
        let problems = notes.problems.iter().take(ITEMS);
        let mismatched = notes.mismatched.iter().take(ITEMS);
        calls.push(json!({
            "fetch": fetch,
            "subgraph": &*source.terms.name,
            "connector": &*source.coordinate,
            "source": source.connector.source.as_ref().map(|source| &source.name),
            "request": notes.sent.filter(|_| shows),
            "response": response,
            "error": error,
            "reused": is_reused,
            "durationMs": (duration.as_secs_f64() * 1e6).round() / 1e3,
            "entities": n_entities,
            "selection": source.connector.selection.text(),
            "result": notes.result.filter(|_| shows),
            "problems": problems.map(|it| json!({
                "message": it.kind.to_string(), "path": it.path, "count": it.count,
            })).collect::<Vec<_>>(),
            "dropped": notes.dropped,
            "mismatched": mismatched.map(|it| json!({
                "path": it.path, "expected": it.expected, "found": it.found,
            })).collect::<Vec<_>>(),
            "withheld": self.withholds,
        }));
    }
}

impl Notes {
    /// Notes what is about to be sent.
    pub(super) fn request(&mut self, source: &RestSource, prepared: &mut Prepared) {
        if !self.is_wanted {
            return;
        }
        self.problems.append(&mut prepared.problems);
        let secrets = source.secrets();
        let body = String::from_utf8_lossy(&prepared.body);
        let url = format!("{}{}", source.terms.origin, prepared.path);
        self.sent = Some(json!({
            "method": prepared.method.as_str(),
            "url": cut(&without(&url, &secrets)),
            "headers": headers(&prepared.headers, &secrets),
            "body": (!body.is_empty()).then(|| cut(&without(&body, &secrets))),
        }));
    }

    /// Notes what of a body nobody reads.
    pub(super) fn body(&mut self, source: &RestSource, body: &Json<'_>) {
        if self.is_wanted {
            let read = source.connector.selection.body_read(&Wanted::All);
            drop_from(body, &read, &mut String::new(), &mut self.dropped);
        }
    }

    /// Notes what the mapping gave.
    pub(super) fn result(&mut self, source: &RestSource, value: Option<&mapping::Value<'_>>) {
        if self.is_wanted {
            self.result = value.map(|value| cut(&without(&value.to_json(), &source.secrets())));
        }
    }
}

fn drop_from(json: &Json<'_>, read: &Wanted, path: &mut String, dropped: &mut Vec<String>) {
    let Wanted::Members(read) = read else { return };
    let length = path.len();
    match json {
        Json::Object(members) => {
            for (name, value) in members {
                let dot = if path.is_empty() { "" } else { "." };
                let _ = write!(path, "{dot}{name}");
                match read.get(&**name) {
                    Some(below) => drop_from(value, below, path, dropped),
                    None if dropped.len() < ITEMS && !dropped.contains(path) => {
                        dropped.push(path.clone());
                    }
                    None => {}
                }
                path.truncate(length);
            }
        }
        Json::Array(elements) => {
            path.push_str(if path.is_empty() { "@" } else { ".@" });
            for element in elements.iter().take(ITEMS) {
                drop_from(element, &Wanted::Members(read.clone()), path, dropped);
            }
            path.truncate(length);
        }
        _ => {}
    }
}

/// Headers as they may be shown.
fn headers(headers: &HeaderMap, secrets: &[String]) -> Vec<Value> {
    let shown = headers.iter().map(|(name, value)| {
        let value = match is_credential(name.as_str()) {
            true => HIDDEN.to_owned(),
            false => without(&String::from_utf8_lossy(value.as_bytes()), secrets),
        };
        json!([name.as_str(), cut(&value)])
    });
    shown.collect()
}

/// Whether a header of this name carries who somebody is.
fn is_credential(name: &str) -> bool {
    let parts = ["auth", "cookie", "token", "secret", "key", "session", "credential", "password"];
    parts.iter().any(|part| name.contains(part))
}

/// A text without what nobody may see.
fn without(text: &str, secrets: &[String]) -> String {
    let all = secrets.iter();
    all.fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), HIDDEN))
}

fn cut(text: &str) -> String {
    match text.char_indices().find(|(at, _)| *at >= SHOWN) {
        Some((at, _)) => format!("{}… ({} bytes)", &text[..at], text.len()),
        None => text.to_owned(),
    }
}
