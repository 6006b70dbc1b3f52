//! What can go wrong between us and an upstream.
//!
//! **In:** failures of connecting and exchanging. **Out:** [`UpstreamError`], for the log and for choosing a status.
//!
//! **Never here:** sentences for clients: addresses and causes stay with the operator.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::deadlines::Phase;

/// A request that got no usable answer.
#[derive(Debug)]
pub struct UpstreamError {
    pub(super) upstream: Arc<str>,
    pub(super) kind: UpstreamErrorKind,
}

/// Why there is no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UpstreamErrorKind {
    /// The upstream has no targets.
    #[error("there is no target")]
    NoTarget,
    /// The target could not be reached.
    #[error("cannot connect to `{target}`: {source}")]
    Connect {
        /// Host and port.
        target: Arc<str>,
        /// Why.
        source: io::Error,
    },
    /// The target took too long to accept the connection, TLS included.
    #[error("no connection to `{target}` within {after:?}")]
    ConnectTimeout {
        /// Host and port.
        target: Arc<str>,
        /// The bound.
        after: Duration,
    },
    /// All connections that may be open were in use for too long.
    #[error("no connection to `{target}` came free within {after:?}; see `max_connections`")]
    NoConnectionFree {
        /// Host and port.
        target: Arc<str>,
        /// The bound.
        after: Duration,
    },
    /// TLS cannot be spoken.
    #[error("no TLS to `{target}`: {reason}")]
    Tls {
        /// Host and port.
        target: Arc<str>,
        /// Why.
        reason: String,
    },
    /// An answer, or a part of it, took too long.
    #[error("{phase} within {after:?}")]
    Timeout {
        /// What was waited for.
        phase: Phase,
        /// The bound.
        after: Duration,
    },
    /// The exchange broke.
    #[error("the exchange broke: {}", chain(.0))]
    Exchange(hyper::Error),
    /// The answer is larger than allowed.
    #[error("the answer is larger than {limit} bytes")]
    ResponseTooLarge {
        /// The bound.
        limit: usize,
    },
    /// The head of the answer is larger than allowed, or has more headers than we read.
    #[error("the headers of the answer are too large or too many; see `max_response_headers`")]
    ResponseHeadersTooLarge,
    /// The answer is packed in a way that we cannot unpack.
    #[error("the answer cannot be unpacked as `{encoding}`: {reason}")]
    Encoding {
        /// What it says it is.
        encoding: String,
        /// Why not.
        reason: String,
    },
    /// The upstream wants a token, and the issuer gives none.
    #[error("there is no token to ask it with; the log says why")]
    NoToken,
    /// Path and target make no URI.
    #[error("the path cannot be asked for")]
    Path,
}

impl UpstreamError {
    /// Whose failure it is.
    pub fn upstream(&self) -> &str {
        &self.upstream
    }

    /// Why.
    pub fn kind(&self) -> &UpstreamErrorKind {
        &self.kind
    }

    /// A stable code, for logs and for whoever counts failures.
    pub fn code(&self) -> &'static str {
        match &self.kind {
            UpstreamErrorKind::NoTarget => "NO_TARGET",
            UpstreamErrorKind::NoToken => "NO_TOKEN",
            UpstreamErrorKind::Connect { .. } => "CONNECT_FAILED",
            UpstreamErrorKind::ConnectTimeout { .. } => "CONNECT_TIMEOUT",
            UpstreamErrorKind::NoConnectionFree { .. } => "POOL_TIMEOUT",
            UpstreamErrorKind::Tls { .. } => "TLS_FAILED",
            UpstreamErrorKind::Timeout { phase, .. } => match phase {
                Phase::FirstByte => "FIRST_BYTE_TIMEOUT",
                Phase::Idle => "IDLE_TIMEOUT",
                Phase::Connect | Phase::Total => "TOTAL_TIMEOUT",
            },
            UpstreamErrorKind::Exchange(_) => "EXCHANGE_BROKEN",
            UpstreamErrorKind::ResponseTooLarge { .. } => "RESPONSE_TOO_LARGE",
            UpstreamErrorKind::ResponseHeadersTooLarge => "RESPONSE_HEADERS_TOO_LARGE",
            UpstreamErrorKind::Encoding { .. } => "RESPONSE_ENCODING",
            UpstreamErrorKind::Path => "PATH",
        }
    }

    /// Whether a deadline passed.
    pub fn is_timeout(&self) -> bool {
        self.code().ends_with("_TIMEOUT")
    }

    /// Whether the client's own body broke the bound while it was passed on.
    pub fn is_request_too_large(&self) -> bool {
        let UpstreamErrorKind::Exchange(error) = &self.kind else { return false };
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            if cause.is::<http_body_util::LengthLimitError>() {
                return true;
            }
            source = cause.source();
        }
        false
    }
}

impl fmt::Display for UpstreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "upstream `{}`: {} ({})", self.upstream, self.kind, self.code())
    }
}

impl std::error::Error for UpstreamError {}

impl UpstreamErrorKind {
    pub(super) fn exchange(error: hyper::Error) -> Self {
        match error.is_parse_too_large() {
            true => Self::ResponseHeadersTooLarge,
            false => Self::Exchange(error),
        }
    }
}

/// An error and its causes: hyper's own sentence seldom says the reason.
fn chain(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
