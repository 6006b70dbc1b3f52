//! What an execution tells about itself when it is over: counts, sizes, and errors for the log.
//!
//! **Never here:** times (the driver's) and spans.
//!
//! **Read first:** [`Summary`].

use query_planner::{FetchId, PositionId};
use supergraph::{IdVec, SubgraphId};

/// Counts and sizes of a finished execution.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Errors in the response.
    pub errors: usize,
    /// Bytes of the response.
    pub bytes: usize,
    /// What became of every fetch.
    pub fetches: IdVec<FetchId, FetchSummary>,
    /// How many objects every position has.
    pub objects: IdVec<PositionId, usize>,
    /// Requests that a gateway without batching would have sent: one for each root fetch, one for
    /// each entity of each group.
    pub naive_requests: u64,
    /// What it cost, by the bill that it was given; 0 without one.
    pub cost: u64,
    /// What went wrong, unmasked: one entry for each error of a subgraph, however many places of the
    /// response it has, and one for each error of completion.
    pub log: Vec<LoggedError>,
}

/// What became of a fetch.
#[derive(Clone, Debug)]
pub struct FetchSummary {
    /// How it ended.
    pub outcome: FetchOutcome,
    /// The entities that were asked for, before equal ones were joined; for a root fetch the objects
    /// that its answer completes.
    pub targets: usize,
    /// Objects that could not be represented.
    pub unrepresented: usize,
    /// Representations sent.
    pub representations: usize,
    /// Bytes of the request's body.
    pub request_bytes: usize,
    /// Bytes of the answer's body.
    pub answer_bytes: usize,
}

/// How a fetch ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FetchOutcome {
    /// There was nothing to ask for.
    Skipped,
    /// It was answered, perhaps with errors.
    Answered,
    /// It failed as a whole.
    Failed,
    /// It was not sent, by its driver's decision.
    Refused,
}

/// An error as the log should have it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoggedError {
    /// The fetch that it came from; none for errors of completion.
    pub fetch: Option<FetchId>,
    /// The subgraph that it came from.
    pub subgraph: Option<SubgraphId>,
    /// Whether the words are the subgraph's: they may quote values.
    pub is_quoted: bool,
    /// Its code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// The first of its places in the response, as a JSON list.
    pub path: Option<String>,
    /// How many places it has.
    pub places: usize,
}

impl FetchOutcome {
    /// How a fetch ended one of whose calls ended like this, and another like that: the worse.
    pub(crate) fn and(self, other: Self) -> Self {
        let badness = |outcome| match outcome {
            Self::Skipped => 0,
            Self::Answered => 1,
            Self::Refused => 2,
            Self::Failed => 3,
        };
        if badness(other) > badness(self) { other } else { self }
    }
}

impl FetchSummary {
    /// A fetch of which nothing is known yet: it had nothing to ask for.
    pub(crate) fn skipped() -> Self {
        Self {
            outcome: FetchOutcome::Skipped,
            targets: 0,
            unrepresented: 0,
            representations: 0,
            request_bytes: 0,
            answer_bytes: 0,
        }
    }
}

impl Summary {
    /// Requests that were sent.
    pub fn requests(&self) -> usize {
        let sent = |outcome| matches!(outcome, FetchOutcome::Answered | FetchOutcome::Failed);
        self.fetches.iter().filter(|(_, fetch)| sent(fetch.outcome)).count()
    }
}
