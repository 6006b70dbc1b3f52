//! What can go wrong between us and an upstream.
//!
//! **In:** failures of connecting and exchanging. **Out:** [`UpstreamError`], for the log and for choosing a status.
//!
//! **Never here:** sentences for clients: addresses and causes stay with the operator.

use std::io;
use std::sync::Arc;

use thiserror::Error;

/// A request that got no usable answer.
#[derive(Debug, Error)]
#[error("upstream `{upstream}`: {kind}")]
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
    /// The target took too long to accept the connection.
    #[error("`{target}` did not accept a connection in time")]
    ConnectTimeout {
        /// Host and port.
        target: Arc<str>,
    },
    /// TLS cannot be spoken.
    #[error("no TLS to `{target}`: {reason}")]
    Tls {
        /// Host and port.
        target: Arc<str>,
        /// Why.
        reason: String,
    },
    /// The whole took too long.
    #[error("no answer in time")]
    Timeout,
    /// The exchange broke.
    #[error("the exchange broke: {}", chain(.0))]
    Exchange(hyper::Error),
    /// The answer is larger than allowed.
    #[error("the answer is larger than {limit} bytes")]
    ResponseTooLarge {
        /// The bound.
        limit: usize,
    },
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

    /// Whether a deadline passed.
    pub fn is_timeout(&self) -> bool {
        matches!(self.kind, UpstreamErrorKind::Timeout | UpstreamErrorKind::ConnectTimeout { .. })
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
