//! What a driver brings back for a call.
//!
//! **Never here:** what an answer means for the response (`simple`).
//!
//! **Read first:** [`Answer`].

use bytes::Bytes;

/// The end of a call.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The subgraph answered, whatever it says.
    Response(ResponseParts),
    /// The request was sent, or tried, and brought no answer.
    Failed(FetchFailure),
    /// The request was not sent: a budget is spent or a circuit is open.
    Refused(Refusal),
}

/// A subgraph's HTTP response.
#[derive(Clone, Debug)]
pub struct ResponseParts {
    /// The HTTP status. A body that is GraphQL is read under any status.
    pub status: u16,
    /// The body, whole.
    pub body: Bytes,
}

/// Why a request brought no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FetchFailure {
    /// The error's code, such as `SUBREQUEST_HTTP_ERROR` or `GATEWAY_TIMEOUT`.
    pub code: String,
    /// One sentence that is safe to show to a stranger.
    pub message: String,
    /// What only the log may say.
    pub detail: Option<String>,
}

/// Why a request was not sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The error's code, such as `REQUEST_RATE_LIMITED`.
    pub code: String,
    /// One sentence that is safe to show to a stranger.
    pub message: String,
}
