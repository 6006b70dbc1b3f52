//! What a body must be read as: cut into its members by hand, each then read by `serde_json` alone.
//!
//! **In:** a body. **Out:** the parts of the request, or that it is refused.
//!
//! **Never here:** the reader that is tested.
//!
//! **Holds:** a body is UTF-8, one JSON object, and each of the four parts stands once at most.

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// The parts of a request.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Parts {
    pub(crate) query: Option<String>,
    pub(crate) operation_name: Option<String>,
    pub(crate) variables: Option<Map<String, Value>>,
    pub(crate) extensions: Option<Map<String, Value>>,
}

/// The parts of a body; none when it has to be refused.
pub(crate) fn read(body: &[u8]) -> Option<Parts> {
    let text = std::str::from_utf8(body).ok()?;
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    let inside = text.strip_prefix('{')?.strip_suffix('}')?;
    let (mut parts, mut seen) = (Parts::default(), Vec::new());
    for (name, value) in members(inside) {
        let name: String = serde_json::from_str(name).ok()?;
        match name.as_str() {
            "query" => parts.query = part(value)?,
            "operationName" => parts.operation_name = part(value)?,
            "variables" => parts.variables = part(value)?,
            "extensions" => parts.extensions = part(value)?,
            _ => continue,
        }
        if seen.contains(&name) {
            return None;
        }
        seen.push(name);
    }
    Some(parts)
}

/// A part, read inside a list: as deep as it stands in the body.
fn part<T: serde::de::DeserializeOwned>(value: &str) -> Option<Option<T>> {
    let [part] = serde_json::from_str::<[Option<T>; 1]>(&format!("[{value}]")).ok()?;
    Some(part)
}

/// Names and values, as they are written. The text is known to be JSON.
fn members(inside: &str) -> Vec<(&str, &str)> {
    let mut members = Vec::new();
    let (mut start, mut name) = (0, "");
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in inside.bytes().enumerate() {
        if in_string {
            in_string = byte != b'"' || escaped;
            escaped = byte == b'\\' && !escaped;
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b':' if depth == 0 => {
                name = &inside[start..at];
                start = at + 1;
            }
            b',' if depth == 0 => {
                members.push((name, &inside[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    if !inside.trim().is_empty() {
        members.push((name, &inside[start..]));
    }
    members
}
