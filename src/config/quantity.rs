//! Durations and sizes as people write them: `30s`, `500ms`, `2MB`.
//!
//! **In:** a text from the file.
//! **Out:** a [`Duration`] or a number of bytes, or a finding that says how to write one.
//!
//! **Never here:** which durations and sizes are sensible (the sections).
//!
//! **Read first:** [`RawDuration`].

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::report::{Key, Problems};

/// A duration as written.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RawDuration(String);

/// A size as written.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RawSize(String);

impl RawDuration {
    pub(super) fn settle(&self, key: &Key, problems: &mut Problems<'_>) -> Option<Duration> {
        let duration = duration(&self.0);
        if duration.is_none() {
            let message = format!("`{}` is not a duration above zero", self.0);
            problems.add(key, message, "write a number and `ms`, `s`, `m`, `h` or `d`: `30s`");
        }
        duration
    }
}

impl RawSize {
    pub(super) fn settle(&self, key: &Key, problems: &mut Problems<'_>) -> Option<usize> {
        let size = split(&self.0).and_then(|(number, unit)| {
            let factor = match unit {
                "" | "B" => 1.0,
                "KB" => 1e3,
                "MB" => 1e6,
                "GB" => 1e9,
                "KiB" => 1024.0,
                "MiB" => 1024.0 * 1024.0,
                "GiB" => 1024.0 * 1024.0 * 1024.0,
                _ => return None,
            };
            let bytes = number * factor;
            // Beyond 2^52 a float no longer counts single bytes.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
            (1.0..=4e15).contains(&bytes).then_some(bytes as usize)
        });
        if size.is_none() {
            let message = format!("`{}` is not a size above zero", self.0);
            problems.add(key, message, "write a number of bytes, or with `KB`, `MB`, `MiB`: `2MB`");
        }
        size
    }
}

/// A duration above zero, as people write it.
pub fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let seconds = match unit {
        "ms" => number / 1e3,
        "s" => number,
        "m" => number * 60.0,
        "h" => number * 3600.0,
        "d" => number * 86400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok().filter(|duration| !duration.is_zero())
}

fn split(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    Some((text[..at].parse().ok()?, text[at..].trim()))
}

impl JsonSchema for RawDuration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^([0-9.]+ *(ms|s|m|h|d)|\$\{.*)$",
            "description": "A number and `ms`, `s`, `m`, `h` or `d`: `30s`."
        })
    }
}

impl JsonSchema for RawSize {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "pattern": r"^([0-9.]+ *(B|KB|MB|GB|KiB|MiB|GiB)?|\$\{.*)$",
            "description": "A number of bytes, or with `KB`, `MB`, `GB`, `KiB`, `MiB`, `GiB`: `2MB`."
        })
    }
}
