//! Says how long each phase of a request may take, and which one took too long.
//!
//! **In:** the timeouts of an upstream, the moment a request began. **Out:** the moment to give up at in
//! each phase; when it has come, the [`Phase`] and its bound.
//!
//! **Never here:** waiting.
//!
//! **Holds:** no phase outlasts the request as a whole; of two bounds the earlier one is named.
//!
//! **Read first:** [`Deadlines::until`].

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::error::UpstreamErrorKind;
use crate::config::TimeoutSettings;

/// What a request was doing when its time was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Opening a connection, TLS included.
    Connect,
    /// Waiting for the head of the answer.
    FirstByte,
    /// Waiting for more of the answer.
    Idle,
    /// All of it together.
    Total,
}

/// The bounds of one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    /// When it began.
    pub(super) began: Instant,
    timeout: TimeoutSettings,
}

/// When a phase is over, and what that will mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    /// When to give up.
    pub(super) at: Instant,
    phase: Phase,
    /// How long that was.
    pub(super) after: Duration,
}

impl Deadlines {
    /// Those of a request that begins now; `total` goes before the upstream's own.
    pub(super) fn start(timeout: TimeoutSettings, total: Option<Duration>) -> Self {
        let total = total.unwrap_or(timeout.total);
        Self { began: Instant::now(), timeout: TimeoutSettings { total, ..timeout } }
    }

    /// The end of the request as a whole.
    pub(super) fn whole(&self) -> Deadline {
        let after = self.timeout.total;
        Deadline { at: self.began + after, phase: Phase::Total, after }
    }

    /// The end of a phase that begins now.
    pub(super) fn until(&self, phase: Phase) -> Deadline {
        let whole = self.whole();
        let bound = match phase {
            Phase::Connect => Some(self.timeout.connect),
            Phase::FirstByte => self.timeout.first_byte,
            Phase::Idle => self.timeout.idle,
            Phase::Total => None,
        };
        match bound.map(|after| Deadline { at: Instant::now() + after, phase, after }) {
            Some(own) if own.at < whole.at => own,
            _ => whole,
        }
    }

    /// Whether waiting for more of the answer has a bound of its own.
    pub(super) fn has_idle(&self) -> bool {
        self.timeout.idle.is_some()
    }
}

impl Deadline {
    /// The moment has come.
    pub(super) fn passed(self) -> UpstreamErrorKind {
        UpstreamErrorKind::Timeout { phase: self.phase, after: self.after }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "no connection",
            Self::FirstByte => "no answer began",
            Self::Idle => "no more of the answer came",
            Self::Total => "no whole answer",
        })
    }
}
