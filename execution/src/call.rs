//! A call: one request to one subgraph, ready to be sent.
//!
//! **Never here:** addresses and headers (the driver's).
//!
//! **Read first:** [`Call`].

use bytes::Bytes;
use query_planner::{FetchId, OperationKind};
use std::ops::Range;
use supergraph::{SubgraphId, ids};

ids! {
    /// A call of one execution.
    CallId,
}

/// One request to send.
#[derive(Clone, Debug)]
pub struct Call {
    /// Names the call when its answer is brought.
    pub id: CallId,
    /// The fetch of the plan that it belongs to.
    pub fetch: FetchId,
    /// Whom to ask.
    pub subgraph: SubgraphId,
    /// What may be done with it: only queries may be retried, merged in flight or hedged.
    pub kind: CallKind,
    /// The body of the request, a JSON object with `query` and perhaps `variables`.
    pub body: BodyParts,
    /// Where in the body the representations stand, one range for each.
    pub entities: Vec<Range<usize>>,
}

/// The kind of operation that a call carries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CallKind {
    /// A query, also when it asks for entities under a mutation.
    Query,
    /// A mutation: sent exactly once.
    Mutation,
    /// The root of a subscription: each event is the answer to an execution's first call.
    Subscription,
}

impl From<OperationKind> for CallKind {
    fn from(kind: OperationKind) -> Self {
        match kind {
            OperationKind::Query => Self::Query,
            OperationKind::Mutation => Self::Mutation,
            OperationKind::Subscription => Self::Subscription,
        }
    }
}

/// A request body in pieces that follow one another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BodyParts {
    parts: Vec<Bytes>,
}

impl BodyParts {
    /// The body made of these pieces.
    pub fn new(parts: Vec<Bytes>) -> Self {
        Self { parts }
    }

    /// The pieces in order.
    pub fn parts(&self) -> &[Bytes] {
        &self.parts
    }

    /// The pieces in order, given away.
    pub fn into_parts(self) -> Vec<Bytes> {
        self.parts
    }

    /// How many bytes there are in all.
    pub fn len(&self) -> usize {
        self.parts.iter().map(Bytes::len).sum()
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(Bytes::is_empty)
    }

    /// The body in one piece, given away.
    pub fn into_bytes(mut self) -> Bytes {
        match self.parts.len() {
            1 => self.parts.swap_remove(0),
            _ => self.to_bytes(),
        }
    }

    /// The body in one piece.
    pub fn to_bytes(&self) -> Bytes {
        match self.parts.as_slice() {
            [whole] => whole.clone(),
            parts => parts.concat().into(),
        }
    }
}
