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
mod merge;
mod problem;
mod complete;
mod leaf;
mod path;
mod error;
mod store;

use crate::{Answer, Call, CallId, Execution, FetchOutcome, FetchSummary, Inputs, Sink, Summary};
use error::Errors;
use problem::{Explained, Problem, Where};
use query_planner::{FetchId, GroupKind};
use read::Data;
use request::RequestedGroup;
use store::Store;
use supergraph::{Id, IdVec};

/// An execution over a tree of objects.
pub struct SimpleExecution<'a> {
    inputs: Inputs<'a>,
    store: Store,
    fetches: IdVec<FetchId, Progress>,
    calls: IdVec<CallId, FetchId>,
    naive_requests: u64,
}

/// How far a fetch has come.
struct Progress {
    state: State,
    groups: Vec<RequestedGroup>,
    problems: Vec<Problem>,
    /// Its slots are null because it has no data.
    without_data: bool,
    summary: FetchSummary,
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
        Self { inputs, store, fetches, calls: IdVec::new(), naive_requests: 0 }
    }

    /// Whether all that a fetch waits for has ended.
    fn is_ready(&self, fetch: FetchId) -> bool {
        let ended = |&other: &FetchId| self.fetches[other].state == State::Ended;
        self.fetches[fetch].state == State::Waiting
            && self.inputs.plan.fetches[fetch].waits_for.iter().all(ended)
    }

    /// The call of a fetch that is ready; none when there is nothing to ask for.
    fn start(&mut self, id: FetchId) -> Option<Call> {
        let fetch = &self.inputs.plan.fetches[id];
        let progress = &mut self.fetches[id];
        let request = match request::request(&self.inputs, &self.store, fetch) {
            Ok(request) => request,
            Err(unrepresented) => {
                progress.state = State::Ended;
                progress.summary.unrepresented = unrepresented;
                return None;
            }
        };
        let targets = request.groups.iter().map(|group| group.all_targets().count()).sum();
        progress.state = State::UnderWay;
        progress.summary.targets = targets;
        progress.summary.unrepresented = request.unrepresented;
        progress.summary.representations = request.entities.len();
        progress.summary.request_bytes = request.body.len();
        for group in &request.groups {
            self.naive_requests += match self.inputs.plan.groups[group.group].kind {
                GroupKind::Root => 1,
                GroupKind::Entities { .. } => group.all_targets().count() as u64,
            };
        }
        progress.groups = request.groups;
        Some(Call {
            id: self.calls.push(id),
            fetch: id,
            subgraph: fetch.subgraph,
            kind: fetch.kind.into(),
            body: request.body,
            entities: request.entities,
        })
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
        let progress = &mut self.fetches[self.calls[call]];
        if progress.state == State::UnderWay {
            progress.state = State::Ended;
            progress.problems.push(problem);
            progress.without_data = true;
            progress.summary.outcome = outcome;
        }
    }

    fn summary(&self, errors: Errors<'a>, bytes: usize) -> Summary {
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
        let naive_requests = self.naive_requests;
        Summary {
            errors: errors.len(),
            bytes,
            fetches,
            objects,
            naive_requests,
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
        let progress = &mut self.fetches[self.calls[call]];
        if progress.state != State::UnderWay {
            return;
        }
        let reading =
            read::read_response(self.inputs, &mut self.store, &progress.groups, &response);
        progress.state = State::Ended;
        progress.problems = reading.problems;
        progress.without_data = reading.data != Data::Read;
        progress.summary.answer_bytes = response.body.len();
        progress.summary.outcome = match reading.data {
            Data::Read | Data::Null => FetchOutcome::Answered,
            Data::Failed => FetchOutcome::Failed,
        };
    }

    fn finish(mut self, out: &mut dyn Sink) -> Summary {
        self.fail_unanswered();
        let mut explained = Explained::default();
        let mut errors = Errors::new(self.inputs.limits.max_errors);
        for (id, progress) in self.fetches.iter() {
            let (groups, problems) = (&progress.groups, &progress.problems);
            let (inputs, store) = (&self.inputs, &self.store);
            problem::report(inputs, store, id, groups, problems, &mut explained, &mut errors);
            if progress.without_data {
                let groups = groups.iter().map(|group| &group.group);
                problem::excuse_groups(inputs, groups, &mut explained.slots);
            }
        }
        let data = complete::complete(self.inputs, &self.store, &explained, &mut errors);
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
        Self {
            state: State::Waiting,
            groups: Vec::new(),
            problems: Vec::new(),
            without_data: false,
            summary: FetchSummary {
                outcome: FetchOutcome::Skipped,
                targets: 0,
                unrepresented: 0,
                representations: 0,
                request_bytes: 0,
                answer_bytes: 0,
            },
        }
    }
}
