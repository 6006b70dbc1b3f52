//! The seam between execution and gateway: what an executor is given, and what its driver may ask.
//!
//! **Never here:** how an executor works (`simple`), or how a call is sent (the gateway).
//!
//! **Holds:** the trait is all a driver knows, so that executors can be exchanged and compared.
//!
//! **Read first:** [`Execution`].

use crate::{Answer, Call, CallId, ErrorPolicy, Limits, Summary};
use bytes::BytesMut;
use query_planner::QueryPlan;
use serde_json::{Map, Value};
use supergraph::Supergraph;

/// One operation in progress, without I/O. Its driver sends the calls and brings the answers.
pub trait Execution {
    /// The calls that are ready now; each is given once. Ask again after each answer.
    fn take_calls(&mut self) -> Vec<Call>;

    /// Brings the answer of a call. A second answer to the same call changes nothing.
    fn answer(&mut self, call: CallId, answer: Answer);

    /// What has arrived so far costs, if there is a bill.
    fn cost(&self) -> u64;

    /// Writes the response. Calls that are still unanswered, and all that would follow, count as
    /// failed.
    fn finish(self, out: &mut dyn Sink) -> Summary;
}

/// What an execution is started with.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The plan to run.
    pub plan: &'a QueryPlan,
    /// The supergraph that it was made for.
    pub supergraph: &'a Supergraph,
    /// The client's variables, coerced against the API schema; one that the client left out and
    /// that has no default is absent.
    pub variables: &'a Map<String, Value>,
    /// The values of `__schema` and `__type` fields, by response name.
    pub introspection: &'a Map<String, Value>,
    /// The bounds to keep.
    pub limits: &'a Limits,
    /// What clients may learn of subgraphs' errors.
    pub errors: &'a ErrorPolicy,
    /// Whether anybody vouches for who asks. It is said where something is denied.
    pub caller: Caller,
}

/// What is known of who asks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Caller {
    /// Nothing.
    Anonymous,
    /// Who it is.
    Known,
}

/// Where the response is written.
pub trait Sink {
    /// Takes the next bytes.
    fn write(&mut self, bytes: &[u8]);

    /// Takes the next bytes, which nobody else needs.
    fn take(&mut self, bytes: Vec<u8>) {
        self.write(&bytes);
    }
}

impl Sink for Vec<u8> {
    fn take(&mut self, bytes: Vec<u8>) {
        match self.is_empty() {
            true => *self = bytes,
            false => self.write(&bytes),
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl Sink for BytesMut {
    fn write(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}
