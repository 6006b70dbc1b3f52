//! What the gateway tells about itself, and in which form.
//!
//! **In:** `telemetry`. **Out:** [`TelemetrySettings`].
//!
//! **Never here:** writing lines or counting (`telemetry` the room).

use schemars::JsonSchema;
use serde::Deserialize;

/// `telemetry` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Telemetry")]
pub(super) struct RawTelemetry {
    /// The log: one line a request, and one for each event of the gateway itself.
    pub access_log: Option<RawAccessLog>,
}

/// `telemetry.access_log` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AccessLog")]
pub(super) struct RawAccessLog {
    /// `json` for machines, `text` for people. Default: `json`.
    pub format: Option<LogFormat>,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// `key=value` pairs behind the time and the level.
    Text,
}

/// What the gateway tells about itself.
#[derive(Debug, Clone, Copy)]
pub struct TelemetrySettings {
    /// The form of log lines.
    pub log_format: LogFormat,
}

impl RawTelemetry {
    pub(super) fn settle(self) -> TelemetrySettings {
        let format = self.access_log.and_then(|log| log.format);
        TelemetrySettings { log_format: format.unwrap_or_default() }
    }
}
