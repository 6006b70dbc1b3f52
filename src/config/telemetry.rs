//! What the gateway tells about itself, and in which form.
//!
//! **In:** `telemetry`, and `RUST_LOG` of the environment. **Out:** [`TelemetrySettings`].
//!
//! **Never here:** writing lines or counting (`telemetry` the room).

use schemars::JsonSchema;
use serde::Deserialize;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

use super::interpolate::Environment;
use super::report::{Key, Problems};

/// `telemetry` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Telemetry")]
pub(super) struct RawTelemetry {
    /// One line a request, on standard output.
    pub access_log: Option<RawAccessLog>,
    /// What the gateway tells about itself, on standard error, in the form of the access log.
    pub log: Option<RawLog>,
}

/// `telemetry.access_log` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AccessLog")]
pub(super) struct RawAccessLog {
    /// `json` for machines, `text` for people. Default: `json`.
    pub format: Option<LogFormat>,
}

/// `telemetry.log` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Log")]
pub(super) struct RawLog {
    /// From which level on. The variable `RUST_LOG` goes before it. Default: `info`.
    pub level: Option<LogLevel>,
}

/// How much the gateway tells about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LogLevel {
    /// What failed.
    Error,
    /// Also what is not as it should be.
    Warn,
    /// Also ordinary work: start, changes, stop.
    #[default]
    Info,
    /// Also what explains it.
    Debug,
    /// Also every step, of the libraries too.
    Trace,
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
#[derive(Debug, Clone, PartialEq)]
pub struct TelemetrySettings {
    /// The form of log lines.
    pub log_format: LogFormat,
    /// Which diagnostics are written.
    pub log_filter: Targets,
}

/// Goes before `telemetry.log.level`: a level, or levels by target (`graphloom::graph=debug,warn`).
const OVERRIDE: &str = "RUST_LOG";

impl RawTelemetry {
    pub(super) fn settle(
        self,
        environment: Environment<'_>,
        problems: &mut Problems<'_>,
    ) -> TelemetrySettings {
        let level = self.log.and_then(|log| log.level).unwrap_or_default();
        let written = environment(OVERRIDE).filter(|text| !text.trim().is_empty());
        let log_filter = match written.map(|text| text.parse::<Targets>()) {
            None => level.filter(),
            Some(Ok(filter)) => filter,
            Some(Err(error)) => {
                let fix = "write a level such as `debug`, or `TARGET=LEVEL` with commas between";
                let message = format!("the variable `{OVERRIDE}` is no filter: {error}");
                problems.add(&Key::default(), message, fix);
                level.filter()
            }
        };
        let format = self.access_log.and_then(|log| log.format);
        TelemetrySettings { log_format: format.unwrap_or_default(), log_filter }
    }
}

impl LogLevel {
    /// Of the libraries only what is wrong, unless everything is asked for.
    fn filter(self) -> Targets {
        let (ours, theirs) = match self {
            Self::Error => (LevelFilter::ERROR, LevelFilter::ERROR),
            Self::Warn => (LevelFilter::WARN, LevelFilter::WARN),
            Self::Info => (LevelFilter::INFO, LevelFilter::WARN),
            Self::Debug => (LevelFilter::DEBUG, LevelFilter::WARN),
            Self::Trace => (LevelFilter::TRACE, LevelFilter::TRACE),
        };
        Targets::new().with_target("graphloom", ours).with_default(theirs)
    }
}
