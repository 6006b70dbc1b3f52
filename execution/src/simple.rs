//! The plain executor: a tree of objects, filled by whole answers and read when all have come.
//!
//! **In:** [`Inputs`], then answers. **Out:** calls, the response, a [`Summary`].
//!
//! **Never here:** speed for its own sake. Every faster executor is compared with this one, so it
//! stays as simple as the rules allow: an entity is copied to each of its places, and every name
//! is looked up.
//!
//! **Holds:** a fetch starts the moment the last it waits for has ended, however it ended; without
//! targets it ends unsent. Errors stand in the order of the plan's fetches, not of their arrival.
//!
//! **Read first:** [`SimpleExecution`].

mod request;
mod representation;
mod read;
mod count;
mod merge;
mod complete;
mod context;
mod leaf;
mod store;

use crate::{
    Answer, Call, CallId, Execution, FetchOutcome, FetchSummary, Inputs, MaskedFields, Masks, Sink,
    Summary, bill,
    error::Errors,
    problem::{self, Explained, Problem, Where},
    tree::RequestedGroup,
};
use query_planner::{Bill, FetchId, GroupKind, PositionId};
use read::Data;
use request::Request;
use store::Store;
use supergraph::{Id, IdVec};

/// An execution over a tree of objects.
pub struct SimpleExecution<'a> {
    inputs: Inputs<'a>,
    masked: Option<(&'a MaskedFields, &'a dyn Masks)>,
    bill: Option<Bill<'a>>,
    store: Store,
    fetches: IdVec<FetchId, Progress>,
    calls: IdVec<CallId, Asked>,
    naive_requests: u64,
}

/// How far a fetch has come.
struct Progress {
    state: State,
    calls: Vec<CallId>,
    summary: FetchSummary,
}

/// A call, and what became of it.
struct Asked {
    fetch: FetchId,
    groups: Vec<RequestedGroup>,
    is_answered: bool,
    problems: Vec<Problem>,
    /// Its slots are null because it has no data.
    without_data: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Waiting,
    UnderWay,
    Ended,
}

impl<'a> SimpleExecution<'a> {
    /// An execution that has not sent anything yet.
    pub fn new(inputs: Inputs<'a>) -> Self {
        let root = inputs.plan.root();
        let store = Store::new(root, inputs.plan.positions[root].ty);
        let mut fetches = IdVec::new();
        for _ in inputs.plan.fetches.ids() {
            fetches.push(Progress::new());
        }
        let calls = IdVec::new();
        Self { inputs, masked: None, bill: None, store, fetches, calls, naive_requests: 0 }
    }

    /// Takes the fields to mask, and the masks of this response.
    #[must_use]
    pub fn masked(mut self, fields: &'a MaskedFields, masks: &'a dyn Masks) -> Self {
        self.masked = Some((fields, masks));
        self
    }

    /// Takes a bill, to put on it what the execution brings.
    #[must_use]
    pub fn billed(mut self, bill: Option<Bill<'a>>) -> Self {
        self.bill = bill;
        self
    }

    /// Whether all that a fetch waits for has ended.
    fn is_ready(&self, fetch: FetchId) -> bool {
        let ended = |&other: &FetchId| self.fetches[other].state == State::Ended;
        self.fetches[fetch].state == State::Waiting
            && self.inputs.plan.fetches[fetch].waits_for.iter().all(ended)
    }

    /// The calls of a fetch that is ready; none when there is nothing to ask for.
    fn start(&mut self, id: FetchId) -> Vec<Call> {
        let fetch = &self.inputs.plan.fetches[id];
        let (requests, unrepresented) = request::requests(&self.inputs, &self.store, fetch);
        let progress = &mut self.fetches[id];
        progress.summary.unrepresented = unrepresented;
        progress.state = if requests.is_empty() { State::Ended } else { State::UnderWay };
        if requests.len() > self.inputs.limits.max_calls_per_fetch {
            self.refuse(id, requests);
            return Vec::new();
        }
        let mut calls = Vec::with_capacity(requests.len());
        for request in requests {
            for group in &request.groups {
                let targets = group.all_targets().count();
                self.fetches[id].summary.targets += targets;
                self.naive_requests += match self.inputs.plan.groups[group.group].kind {
                    GroupKind::Root => 1,
                    GroupKind::Entities { .. } => targets as u64,
                };
            }
            let progress = &mut self.fetches[id];
            progress.summary.representations += request.entities.len();
            progress.summary.request_bytes += request.body.len();
            let call = self.calls.push(Asked::new(id, request.groups));
            progress.calls.push(call);
            calls.push(Call {
                id: call,
                fetch: id,
                subgraph: fetch.subgraph,
                kind: fetch.kind.into(),
                body: request.body,
                entities: request.entities,
            });
        }
        calls
    }

    /// Ends a fetch that would take more calls than it may.
    fn refuse(&mut self, id: FetchId, requests: Vec<Request>) {
        let problem = problem::too_many_calls(requests.len(), self.inputs.limits);
        let groups = requests.into_iter().flat_map(|request| request.groups).collect();
        let call = self.calls.push(Asked::new(id, groups));
        self.fetches[id].calls.push(call);
        self.fail(call, problem, FetchOutcome::Refused);
    }

    /// Ends a call, and with the last of them its fetch.
    fn end(
        &mut self,
        call: CallId,
        problems: Vec<Problem>,
        without_data: bool,
        outcome: FetchOutcome,
    ) {
        let asked = &mut self.calls[call];
        asked.is_answered = true;
        asked.problems = problems;
        asked.without_data = without_data;
        let progress = &mut self.fetches[asked.fetch];
        progress.summary.outcome = progress.summary.outcome.and(outcome);
        if progress.calls.iter().all(|call| self.calls[*call].is_answered) {
            progress.state = State::Ended;
        }
    }

    fn fail_unanswered(&mut self) {
        loop {
            for id in self.calls.ids() {
                let message = "the execution ended before a subgraph answered";
                let problem = Problem::ours(problem::HTTP_ERROR, message, Where::Unanswered);
                self.fail(id, problem, FetchOutcome::Failed);
            }
            if self.take_calls().is_empty() {
                return;
            }
        }
    }

    fn fail(&mut self, call: CallId, problem: Problem, outcome: FetchOutcome) {
        if !self.calls[call].is_answered {
            self.end(call, vec![problem], true, outcome);
        }
    }

    fn counts(&self) -> (IdVec<PositionId, usize>, IdVec<FetchId, FetchSummary>) {
        let mut objects = IdVec::new();
        for _ in self.inputs.plan.positions.ids() {
            objects.push(0);
        }
        for object in self.store.objects() {
            objects[object.position] += 1;
        }
        let mut fetches = IdVec::new();
        for (_, progress) in self.fetches.iter() {
            fetches.push(progress.summary.clone());
        }
        (objects, fetches)
    }

    fn summary(&self, errors: Errors<'a>, bytes: usize) -> Summary {
        let (objects, fetches) = self.counts();
        let naive_requests = self.naive_requests;
        let cost = self.cost();
        Summary {
            errors: errors.len(),
            bytes,
            fetches,
            objects,
            naive_requests,
            cost,
            log: errors.into_log(),
        }
    }
}

impl Execution for SimpleExecution<'_> {
    fn take_calls(&mut self) -> Vec<Call> {
        let mut calls = Vec::new();
        // In topological order one pass sees also what becomes ready because a fetch ends unsent.
        for id in self.inputs.plan.fetches.ids() {
            if self.is_ready(id) {
                calls.extend(self.start(id));
            }
        }
        calls
    }

    fn answer(&mut self, call: CallId, answer: Answer) {
        if call.index() >= self.calls.len() {
            return;
        }
        let response = match answer {
            Answer::Response(response) => response,
            Answer::Failed(failure) => {
                let mut problem = Problem::ours(&failure.code, failure.message, Where::Unanswered);
                problem.detail = failure.detail;
                return self.fail(call, problem, FetchOutcome::Failed);
            }
            Answer::Refused(refusal) => {
                let problem = Problem::ours(&refusal.code, refusal.message, Where::Unanswered);
                return self.fail(call, problem, FetchOutcome::Refused);
            }
        };
        let asked = &self.calls[call];
        if asked.is_answered {
            return;
        }
        let reading = read::read_response(self.inputs, &mut self.store, &asked.groups, &response);
        self.fetches[asked.fetch].summary.answer_bytes += response.body.len();
        let outcome = match reading.data {
            Data::Read | Data::Null => FetchOutcome::Answered,
            Data::Failed => FetchOutcome::Failed,
        };
        self.end(call, reading.problems, reading.data != Data::Read, outcome);
    }

    fn cost(&self) -> u64 {
        let Some(bill) = self.bill.clone() else { return 0 };
        let (objects, fetches) = self.counts();
        let each = self.store.objects().map(|object| (object.position, object.ty, 1));
        bill::cost(bill, &objects, &fetches, each)
    }

    fn finish(mut self, out: &mut dyn Sink) -> Summary {
        self.fail_unanswered();
        let mut explained = Explained::default();
        let mut errors = Errors::new(self.inputs.limits.max_errors);
        let calls = self.fetches.iter().flat_map(|(_, progress)| &progress.calls);
        for asked in calls.map(|call| &self.calls[*call]) {
            let (id, groups, problems) = (asked.fetch, &asked.groups, &asked.problems);
            let (inputs, store) = (&self.inputs, &self.store);
            problem::report(inputs, store, id, groups, problems, &mut explained, &mut errors);
            if asked.without_data {
                let groups = groups.iter().map(|group| &group.group);
                problem::excuse_groups(inputs, groups, &mut explained.slots);
            }
        }
        let inputs = (self.inputs, self.masked);
        let data = complete::complete(inputs, &self.store, &explained, &mut errors);
        let mut response = String::from("{\"data\":");
        response.push_str(data.as_deref().unwrap_or("null"));
        if errors.len() > 0 {
            response.push_str(",\"errors\":");
            errors.write(&mut response);
        }
        response.push('}');
        out.write(response.as_bytes());
        self.summary(errors, response.len())
    }
}

impl Progress {
    fn new() -> Self {
        Self { state: State::Waiting, calls: Vec::new(), summary: FetchSummary::skipped() }
    }
}

impl Asked {
    fn new(fetch: FetchId, groups: Vec<RequestedGroup>) -> Self {
        Self { fetch, groups, is_answered: false, problems: Vec::new(), without_data: false }
    }
}
