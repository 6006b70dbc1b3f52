//! The fast executor: plans compiled to programs, answers read straight into slots.
//!
//! **In:** [`Inputs`] and the [`Program`] of their plan, then answers. **Out:** calls, the response, a
//! [`Summary`].
//!
//! **Never here:** a tree of JSON values. The plain executor has one, and is what this one is compared
//! with: both answer with the same bytes, but for whitespace inside leaves.
//!
//! **Holds:** a fetch starts the moment the last it waits for has ended, however it ended; without
//! targets it ends unsent. Errors stand in the order of the plan's fetches, not of their arrival. Each
//! byte of an answer is looked at once, each byte of the response written once.
//!
//! ```text
//! compile:  plan ─► Program                                    once for a prepared operation
//! request:  targets ─► context ─► represent ─► body            once for each fetch
//! parse:    body ─► scan, leaves ─► scratches and objects ─► apply: onto their targets
//! render:   slots ─► response                                  once
//! places:   slots ─► paths                                     only when there are errors
//! ```
//!
//! **Read first:** [`CompiledExecution`].

mod compile;
mod program;
mod request;
mod context;
mod represent;
mod parse;
mod late;
mod apply;
mod render;
mod lists;
mod repeated;
mod places;
mod leaf;
mod leaves;
mod scan;
mod store;

pub use program::Program;

use crate::{
    Answer, Call, CallId, Execution, FetchOutcome, FetchSummary, Inputs, ResponseParts, Sink,
    Summary, bill,
    error::Errors,
    json::Json,
    masks::{AllHide, Masks},
    problem::{self, Explained, HTTP_ERROR, Problem, Where, excuse_groups},
    reported::{self, other_length, read_errors, reader_limits, too_many_objects},
    tree::RuntimeTypeState,
};
use apply::Dispute;
use bytes::Bytes;
use parse::{Data, Found, Parsed};
use places::Places;
use query_planner::{Bill, FetchId, GroupId, PositionId};
use request::{AskedGroup, AskedGroups, Request};
use std::{cmp::Reverse, collections::BinaryHeap, ops::Range};
use store::{NONE, Object, Parent, Store};
use supergraph::{Id, IdVec};

/// An execution over slots.
pub struct CompiledExecution<'a> {
    inputs: Inputs<'a>,
    /// Answers to introspection that are bytes already.
    introspected: &'a [(String, Bytes)],
    masks: &'a dyn Masks,
    bill: Option<Bill<'a>>,
    program: &'a Program,
    store: Store,
    fetches: Vec<Progress>,
    /// Fetches that wait for nothing, in the order of the plan.
    ready: BinaryHeap<Reverse<usize>>,
    calls: Vec<CallProgress>,
    /// The groups of all calls.
    asked: Vec<AskedGroup>,
    naive_requests: u64,
}

/// How far a fetch has come.
struct Progress {
    n_waits_for: u32,
    n_unanswered: usize,
    calls: Range<usize>,
    summary: FetchSummary,
}

/// A call, and what became of it.
struct CallProgress {
    fetch: usize,
    asked: Range<usize>,
    is_answered: bool,
    troubles: Vec<Trouble>,
    /// Its slots are null because it has no data.
    without_data: bool,
}

/// What went wrong with a call.
enum Trouble {
    Problem(Problem),
    /// Answers that contradict what was there before this group's.
    Disputes {
        asked: usize,
        disputes: Vec<Dispute>,
    },
}

/// What became of an answer.
struct Reading {
    troubles: Vec<Trouble>,
    without_data: bool,
    outcome: FetchOutcome,
}

impl<'a> CompiledExecution<'a> {
    /// An execution that has not sent anything yet. The program must be that of the plan.
    pub fn new(inputs: Inputs<'a>, program: &'a Program) -> Self {
        let plan = inputs.plan;
        let mut store = Store { brought: 1, ..Store::default() };
        store.lists.resize(program.n_lists, Vec::new());
        let base = store.region(program.n_slots[0]);
        store.objects.push(Object {
            base,
            position: 0,
            ty: RuntimeTypeState::Known(plan.positions[plan.root()].ty),
            parent: Parent::Nothing,
            index: NONE,
            weight: 1,
        });
        let fetches: Vec<Progress> = program.fetches.iter().map(Progress::new).collect();
        let waiting = fetches.iter().enumerate();
        let ready = waiting.filter(|(_, fetch)| fetch.n_waits_for == 0).map(|row| Reverse(row.0));
        Self {
            inputs,
            introspected: &[],
            masks: &AllHide,
            bill: None,
            program,
            store,
            ready: ready.collect(),
            fetches,
            calls: Vec::new(),
            asked: Vec::new(),
            naive_requests: 0,
        }
    }

    /// Takes answers to introspection by response name, each one JSON text: they are copied as they are, and
    /// go before the values among the inputs.
    #[must_use]
    pub fn introspected(mut self, answers: &'a [(String, Bytes)]) -> Self {
        self.introspected = answers;
        self
    }

    /// Takes the masks of this response. Without them every mask of the program hides.
    #[must_use]
    pub fn masked(mut self, masks: &'a dyn Masks) -> Self {
        self.masks = masks;
        self
    }

    /// Takes a bill, to put on it what the execution brings.
    #[must_use]
    pub fn billed(mut self, bill: Option<Bill<'a>>) -> Self {
        self.bill = bill;
        self
    }

    /// Adds the calls of a fetch that is ready; none when there is nothing to ask for.
    fn start(&mut self, id: usize, calls: &mut Vec<Call>) {
        let (requests, unrepresented) =
            request::requests(&self.inputs, self.program, &self.store, id);
        let n_requests = requests.len();
        let first = self.calls.len();
        let fetch = &mut self.fetches[id];
        fetch.summary.unrepresented = unrepresented;
        if n_requests > self.inputs.limits.max_calls_per_fetch {
            return self.refuse(id, requests);
        }
        fetch.calls = first..first + n_requests;
        fetch.n_unanswered = n_requests;
        if n_requests == 0 {
            return self.end_fetch(id);
        }
        let plan_fetch = &self.inputs.plan.fetches[FetchId::from_index(id)];
        for request in requests {
            for group in &request.groups {
                let targets = group.all_weights();
                fetch.summary.targets += targets;
                self.naive_requests += match self.program.groups[group.group].alias {
                    None => 1,
                    Some(_) => targets as u64,
                };
            }
            fetch.summary.representations += request.entities.len();
            fetch.summary.request_bytes += request.body.len();
            calls.push(Call {
                id: CallId::from_index(self.calls.len()),
                fetch: FetchId::from_index(id),
                subgraph: plan_fetch.subgraph,
                kind: plan_fetch.kind.into(),
                body: request.body,
                entities: request.entities,
            });
            let asked = self.asked.len();
            self.asked.extend(request.groups);
            self.calls.push(CallProgress::new(id, asked..self.asked.len()));
        }
    }

    /// Ends a fetch that would take more calls than it may.
    fn refuse(&mut self, id: usize, requests: Vec<Request>) {
        let problem = problem::too_many_calls(requests.len(), self.inputs.limits);
        let asked = self.asked.len();
        self.asked.extend(requests.into_iter().flat_map(|request| request.groups));
        let call = self.calls.len();
        self.calls.push(CallProgress::new(id, asked..self.asked.len()));
        self.fetches[id].calls = call..call + 1;
        self.fetches[id].n_unanswered = 1;
        self.end(call, Reading::failed(problem, FetchOutcome::Refused));
    }

    /// Ends a call, and with the last of them its fetch.
    fn end(&mut self, call: usize, reading: Reading) {
        let progress = &mut self.calls[call];
        if progress.is_answered {
            return;
        }
        progress.is_answered = true;
        progress.troubles = reading.troubles;
        progress.without_data = reading.without_data;
        let id = progress.fetch;
        let fetch = &mut self.fetches[id];
        fetch.summary.outcome = fetch.summary.outcome.and(reading.outcome);
        fetch.n_unanswered -= 1;
        if fetch.n_unanswered == 0 {
            self.end_fetch(id);
        }
    }

    /// Lets start what waited for this fetch alone.
    fn end_fetch(&mut self, id: usize) {
        for &dependent in &self.program.fetches[id].dependents {
            let fetch = &mut self.fetches[dependent as usize];
            fetch.n_waits_for -= 1;
            if fetch.n_waits_for == 0 {
                self.ready.push(Reverse(dependent as usize));
            }
        }
    }

    fn read(&mut self, call: usize, response: &ResponseParts) -> Reading {
        let mark = self.store.mark();
        let range = self.calls[call].asked.clone();
        self.store.buffers.push(response.body.clone());
        let limits = reader_limits(&self.inputs);
        let asked = &self.asked[range.clone()];
        let parsed = parse::parse(self.program, &mut self.store, asked, range.start, limits);
        let Ok(parsed) = parsed else {
            self.forget(mark, range);
            // Once more, to tell what is wrong. A body that the strict reader accepts was one too many.
            let error = Json::read(&response.body, limits).err();
            return Reading::failed(
                match error {
                    Some(error) => reported::broken(response, &error),
                    None => reported::beyond_limits("too many answers".to_owned()),
                },
                FetchOutcome::Failed,
            );
        };
        let mut troubles = self.reported(&range, &parsed, &response.body);
        if parsed.data == Data::Null {
            self.forget(mark, range);
            if troubles.is_empty() {
                return Reading::failed(reported::empty(response), FetchOutcome::Failed);
            }
            return Reading { troubles, without_data: true, outcome: FetchOutcome::Answered };
        }
        let brought = self.store.brought.saturating_add(parsed.brought);
        let limit = self.inputs.limits.max_objects;
        if brought > limit {
            self.forget(mark, range);
            return Reading::failed(too_many_objects(limit), FetchOutcome::Failed);
        }
        self.store.brought = brought;
        self.apply(range, &parsed, &mut troubles);
        Reading { troubles, without_data: false, outcome: FetchOutcome::Answered }
    }

    /// Cuts off what an answer has put into the arenas.
    fn forget(&mut self, mark: store::Mark, asked: Range<usize>) {
        self.store.cut(mark);
        for asked in &self.asked[asked] {
            self.store.cut_lists(&self.program.groups[asked.group].fills);
        }
    }

    /// The errors that the subgraph reports.
    fn reported(&self, range: &Range<usize>, parsed: &Parsed, body: &Bytes) -> Vec<Trouble> {
        let Some(errors) = &parsed.errors else { return Vec::new() };
        let errors = Json::read(&body.slice(errors.clone()), reader_limits(&self.inputs));
        let asked = AskedGroups(&self.asked[range.clone()]);
        let problems = errors.map(|errors| read_errors(&self.inputs, &asked, &errors));
        problems.unwrap_or_default().into_iter().map(Trouble::Problem).collect()
    }

    fn apply(&mut self, range: Range<usize>, parsed: &Parsed, troubles: &mut Vec<Trouble>) {
        for (at, (number, found)) in range.zip(&parsed.found).enumerate() {
            match found {
                Found::Unasked => {}
                Found::Entities { start } => {
                    let (store, asked) = (&mut self.store, &self.asked[number]);
                    let disputes = apply::apply(self.program, store, asked, *start);
                    if !disputes.is_empty() {
                        troubles.push(Trouble::Disputes { asked: number, disputes });
                    }
                }
                // The subgraph says itself why the list is null.
                Found::Nothing if !troubles.is_empty() => {}
                Found::Nothing | Found::OtherLength => {
                    troubles.push(Trouble::Problem(other_length(at)));
                }
            }
        }
    }

    fn fail_unanswered(&mut self) {
        loop {
            for call in 0..self.calls.len() {
                let message = "the execution ended before a subgraph answered";
                let problem = Problem::ours(HTTP_ERROR, message, Where::Unanswered);
                self.end(call, Reading::failed(problem, FetchOutcome::Failed));
            }
            if self.take_calls().is_empty() {
                return;
            }
        }
    }

    /// The errors of all fetches, and what they explain.
    fn report(&self, errors: &mut Errors<'a>) -> Explained<'a> {
        let mut explained = Explained::default();
        let plan = self.inputs.plan;
        let places = Places::new(plan, self.program, &self.store, &self.asked);
        let calls = self.fetches.iter().flat_map(|fetch| fetch.calls.clone());
        for call in calls.map(|call| &self.calls[call]) {
            if !call.troubles.is_empty() {
                let groups: Vec<_> =
                    call.asked.clone().map(|asked| places.requested(asked)).collect();
                let problems: Vec<Problem> = call
                    .troubles
                    .iter()
                    .flat_map(|trouble| match trouble {
                        Trouble::Problem(problem) => vec![problem.clone()],
                        Trouble::Disputes { asked, disputes } => places.problems(*asked, disputes),
                    })
                    .collect();
                let id = FetchId::from_index(call.fetch);
                let (inputs, explained) = (&self.inputs, &mut explained);
                problem::report(inputs, &places, id, &groups, &problems, explained, errors);
            }
            if call.without_data {
                let groups: Vec<GroupId> = self.asked[call.asked.clone()]
                    .iter()
                    .map(|asked| GroupId::from_index(asked.group))
                    .collect();
                excuse_groups(&self.inputs, groups.iter(), &mut explained.slots);
            }
        }
        explained
    }

    /// At how many places objects of each position stand.
    fn counts(&self) -> IdVec<PositionId, usize> {
        let mut counts = vec![0; self.program.n_slots.len()];
        for object in &self.store.objects {
            counts[object.position as usize] += object.weight as usize;
        }
        let mut objects = IdVec::new();
        counts.into_iter().for_each(|count| {
            objects.push(count);
        });
        objects
    }

    fn billed_cost(
        &self,
        objects: &IdVec<PositionId, usize>,
        fetches: &IdVec<FetchId, FetchSummary>,
    ) -> u64 {
        let Some(bill) = self.bill.clone() else { return 0 };
        let each = self.store.objects.iter().map(|object| {
            let position = PositionId::from_index(object.position as usize);
            (position, object.ty, object.weight as usize)
        });
        bill::cost(bill, objects, fetches, each)
    }

    fn summary(mut self, errors: Errors<'a>, bytes: usize) -> Summary {
        let objects = self.counts();
        let mut fetches = IdVec::new();
        std::mem::take(&mut self.fetches).into_iter().for_each(|fetch| {
            fetches.push(fetch.summary);
        });
        let cost = self.billed_cost(&objects, &fetches);
        Summary {
            errors: errors.len(),
            bytes,
            fetches,
            objects,
            naive_requests: self.naive_requests,
            cost,
            log: errors.into_log(),
        }
    }
}

impl Execution for CompiledExecution<'_> {
    fn take_calls(&mut self) -> Vec<Call> {
        let mut calls = Vec::new();
        while let Some(Reverse(id)) = self.ready.pop() {
            self.start(id, &mut calls);
        }
        calls
    }

    fn answer(&mut self, call: CallId, answer: Answer) {
        let call = call.index();
        if self.calls.get(call).is_none_or(|call| call.is_answered) {
            return;
        }
        let reading = match answer {
            Answer::Response(response) => {
                let fetch = &mut self.fetches[self.calls[call].fetch];
                fetch.summary.answer_bytes += response.body.len();
                self.read(call, &response)
            }
            Answer::Failed(failure) => {
                let mut problem = Problem::ours(&failure.code, failure.message, Where::Unanswered);
                problem.detail = failure.detail;
                Reading::failed(problem, FetchOutcome::Failed)
            }
            Answer::Refused(refusal) => {
                let problem = Problem::ours(&refusal.code, refusal.message, Where::Unanswered);
                Reading::failed(problem, FetchOutcome::Refused)
            }
        };
        self.end(call, reading);
    }

    fn cost(&self) -> u64 {
        if self.bill.is_none() {
            return 0;
        }
        let mut fetches = IdVec::new();
        self.fetches.iter().for_each(|fetch| {
            fetches.push(fetch.summary.clone());
        });
        self.billed_cost(&self.counts(), &fetches)
    }

    fn finish(mut self, out: &mut dyn Sink) -> Summary {
        self.fail_unanswered();
        let mut errors = Errors::new(self.inputs.limits.max_errors);
        let explained = self.report(&mut errors);
        // Most of what came is shown, between names that the client chose.
        let introspected: usize = self.introspected.iter().map(|(_, text)| text.len()).sum();
        let buffers = self.store.buffers.iter().map(Bytes::len);
        let answered: usize = buffers.sum();
        let mut response = Vec::with_capacity(answered + answered / 2 + introspected + 256);
        response.extend_from_slice(b"{\"data\":");
        let inputs = (self.inputs, self.introspected, self.masks);
        let (program, store) = (self.program, &self.store);
        let data = render::render(inputs, program, store, &explained, &mut errors, &mut response);
        if data.is_none() {
            response.extend_from_slice(b"null");
        }
        if errors.len() > 0 {
            let mut text = String::from(",\"errors\":");
            errors.write(&mut text);
            response.extend_from_slice(text.as_bytes());
        }
        response.push(b'}');
        let bytes = response.len();
        out.take(response);
        self.summary(errors, bytes)
    }
}

impl Progress {
    fn new(program: &program::FetchProgram) -> Self {
        Self {
            n_waits_for: program.n_waits_for,
            n_unanswered: 0,
            calls: 0..0,
            summary: FetchSummary::skipped(),
        }
    }
}

impl CallProgress {
    fn new(fetch: usize, asked: Range<usize>) -> Self {
        Self { fetch, asked, is_answered: false, troubles: Vec::new(), without_data: false }
    }
}

impl Reading {
    fn failed(problem: Problem, outcome: FetchOutcome) -> Self {
        Self { troubles: vec![Trouble::Problem(problem)], without_data: true, outcome }
    }
}
