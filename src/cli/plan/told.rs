//! What became of an operation, in words for a terminal.
//!
//! **In:** an operation that ran. **Out:** the text: request by request what was asked and what came, then the
//! response.
//!
//! **Never here:** finding anything out, the plan (`query_planner`).
//!
//! **Holds:** what a subgraph says of an operation with masked or sensitive values is not repeated.
//!
//! **Read first:** [`of`].

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;
use supergraph::Id;

use crate::pipeline::Executed;
use crate::telemetry::FetchRecord;

/// The text.
pub(super) fn of(executed: &Executed) -> String {
    let mut text = String::new();
    let plan = executed.variant.plan.to_json(&executed.graph.supergraph);
    let problems = problems(executed);
    for fetch in list(&plan["fetches"]) {
        let id = fetch["id"].as_u64();
        let calls = executed.outcome.calls.iter().filter(|call| call["fetch"].as_u64() == id);
        let calls: Vec<&Value> = calls.collect();
        let records = executed.outcome.fetches.iter();
        let records: Vec<&FetchRecord> =
            records.filter(|it| Some(u64::from(it.id)) == id).collect();
        let name = format!("request {} to {}", id.unwrap_or_default(), word(&fetch["subgraph"]));
        match (calls.as_slice(), records.as_slice()) {
            ([], []) => {
                line(&mut text, 0, &format!("{name}: not sent, there was nothing to ask for"))
            }
            ([], [record]) => line(&mut text, 0, &format!("{name}: {}", exchange(record))),
            ([], records) => {
                line(&mut text, 0, &name);
                records.iter().for_each(|record| line(&mut text, 1, &exchange(record)));
            }
            (calls, _) => {
                line(&mut text, 0, &name);
                calls.iter().for_each(|call| self::call(&mut text, call));
            }
        }
        let own = problems.iter().filter(|problem| problem.fetch.map(u64::from) == id);
        own.for_each(|problem| line(&mut text, 1, &problem.text()));
    }
    let other: Vec<&Told> = problems.iter().filter(|problem| problem.fetch.is_none()).collect();
    if !other.is_empty() {
        line(&mut text, 0, "the response");
        other.iter().for_each(|problem| line(&mut text, 1, &problem.text()));
    }
    let _ = write!(text, "\n{}\n", laid_out(&String::from_utf8_lossy(&executed.outcome.body)));
    text
}

/// JSON, one member a line, in the order in which it came.
fn laid_out(json: &str) -> String {
    let (mut text, mut depth) = (String::new(), 0);
    let (mut in_string, mut escaped) = (false, false);
    let mut rest = json.chars().peekable();
    while let Some(next) = rest.next() {
        if in_string {
            in_string = escaped || next != '"';
            escaped = !escaped && next == '\\';
            text.push(next);
            continue;
        }
        let goes_on = rest.peek().is_some_and(|next| !matches!(next, '}' | ']'));
        match next {
            '{' | '[' if goes_on => {
                depth += 1;
                text.push(next);
                line_end(&mut text, depth);
            }
            '}' | ']' if !text.ends_with(['{', '[']) => {
                depth = depth.saturating_sub(1);
                line_end(&mut text, depth);
                text.push(next);
            }
            ',' => {
                text.push(next);
                line_end(&mut text, depth);
            }
            ':' => text.push_str(": "),
            next => {
                in_string = next == '"';
                text.push(next);
            }
        }
    }
    text
}

fn line_end(text: &mut String, depth: usize) {
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
}

/// The response, as its caller gets it.
pub(super) fn response(executed: &Executed) -> Value {
    serde_json::from_slice(&executed.outcome.body).unwrap_or_default()
}

/// Something that went wrong, as the log would have it.
#[derive(Serialize)]
pub(super) struct Told {
    fetch: Option<u32>,
    code: String,
    message: String,
    path: Option<String>,
    places: usize,
}

/// All that went wrong.
pub(super) fn problems(executed: &Executed) -> Vec<Told> {
    let is_withheld = executed.is_withheld();
    let log = executed.outcome.summary.log.iter().map(|error| Told {
        fetch: error.fetch.map(|fetch| u32::try_from(fetch.index() + 1).unwrap_or(u32::MAX)),
        code: error.code.clone(),
        message: match is_withheld && error.is_quoted {
            true => "its words are withheld, for they may quote sensitive values".to_owned(),
            false => error.message.clone(),
        },
        path: error.path.clone(),
        places: error.places,
    });
    log.collect()
}

impl Told {
    fn text(&self) -> String {
        let Self { code, message, path, places, .. } = self;
        let at = path.as_ref().map_or(String::new(), |path| format!(" at {path}"));
        let more = if *places > 1 { format!(", one of {places} places") } else { String::new() };
        format!("error {code}{at}{more}: {message}")
    }
}

/// What a request came to.
fn exchange(record: &FetchRecord) -> String {
    let FetchRecord { duration, status, entities, unique, failed, merged, .. } = record;
    let status = status.map_or("no answer".to_owned(), |status| status.to_string());
    let mut text = format!("{status}, {:.1} ms", duration.as_secs_f64() * 1e3);
    match (entities, unique) {
        (0, _) => {}
        (entities, unique) if entities == unique => {
            let _ = write!(text, ", {}", several(*entities as u64, "entity", "entities"));
        }
        (entities, unique) => {
            let _ = write!(text, ", {unique} different of {entities} entities");
        }
    }
    if *failed {
        text.push_str(", failed");
    }
    if *merged {
        text.push_str(", another request had asked the same");
    }
    text
}

/// One request to a REST source, and what the mapping made of its response.
fn call(text: &mut String, call: &Value) {
    let (request, response) = (&call["request"], &call["response"]);
    let what = match request.is_object() {
        true => format!("{} {}", word(&request["method"]), word(&request["url"])),
        false if call["withheld"] == true => "what was asked is withheld".to_owned(),
        false => "nothing was asked".to_owned(),
    };
    line(text, 1, &format!("{}: {what}", word(&call["connector"])));
    let mut came = match response["status"].as_u64() {
        Some(status) => format!("{status}, {} bytes", response["bytes"]),
        None if call["error"].is_string() => "no answer".to_owned(),
        None => "no request".to_owned(),
    };
    let _ = write!(came, ", {:.1} ms", call["durationMs"].as_f64().unwrap_or_default());
    if let Some(n @ 1..) = call["entities"].as_u64() {
        let _ = write!(came, ", {}", several(n, "entity", "entities"));
    }
    if call["reused"] == true {
        came.push_str(", sent once for all that ask it");
    }
    line(text, 2, &came);
    if let Some(error) = call["error"].as_str() {
        line(text, 2, &format!("error: {error}"));
    }
    if call["withheld"] == true {
        line(text, 2, "values are withheld, for some of the operation's are masked or sensitive");
    }
    for problem in list(&call["problems"]) {
        let times = match problem["count"].as_u64() {
            Some(count @ 2..) => format!(" ({count} times)"),
            _ => String::new(),
        };
        let (path, message) = (word(&problem["path"]), word(&problem["message"]));
        line(text, 2, &format!("problem at {path}: {message}{times}"));
    }
    for it in list(&call["mismatched"]) {
        let (path, expected) = (word(&it["path"]), word(&it["expected"]));
        line(text, 2, &format!("{path} should be {expected} and is {}", word(&it["found"])));
    }
    let dropped: Vec<&str> = list(&call["dropped"]).iter().map(word).collect();
    if !dropped.is_empty() {
        line(text, 2, &format!("nobody reads {}", dropped.join(", ")));
    }
}

fn several(n: u64, one: &str, more: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { more })
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn line(text: &mut String, depth: usize, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}{line}", "    ".repeat(depth));
}

#[cfg(test)]
mod tests {
    use super::laid_out;

    #[test]
    fn json_is_laid_out_in_its_own_order() {
        let json = r#"{"b":[{"x":"a,{\"\\"},{}],"a":[],"c":{"d":null}}"#;
        let expected = "{\n  \"b\": [\n    {\n      \"x\": \"a,{\\\"\\\\\"\n    },\n    {}\n  ],\n  \"a\": [],\n  \"c\": {\n    \"d\": null\n  }\n}";
        assert_eq!(laid_out(json), expected);
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&laid_out(json)), value(json));
    }
}
