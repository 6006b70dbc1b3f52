//! One operation with its answers, and what executing it takes.
//!
//! **In:** a supergraph, an operation, the length of its outer lists. **Out:** times, or runs to be counted.
//!
//! **Never here:** tables (`executing`), counting instructions (`instructions`).
//!
//! **Holds:** the phases are functions of their own whose names nothing below them has, so that a profiler
//! can tell them apart.

use apollo_compiler::ExecutableDocument;
use execution::{
    AllowedExtensions, Answer, Call, CompiledExecution, ErrorPolicy, Execution, Exposure, Inputs,
    Program, ResponseParts, SimpleExecution, Summary,
};
use query_planner::{
    Batching, FetchId, GroupKind, Guards, Operation, QueryPlan, RuntimeType, Selection,
};
use serde_json::{Map, Value};
use std::{collections::HashMap, error::Error, fmt::Write, time::Duration};
use supergraph::{Supergraph, TypeId, TypeRef};
use tokio::time::Instant;

const LIMITS: execution::Limits = execution::Limits {
    max_error_paths: 64,
    max_errors: 1_000,
    max_answer_depth: 200,
    max_list_length: 1_000_000,
    max_calls_per_fetch: 10,
    max_objects: 10_000_000,
    max_response_bytes: 1 << 30,
};

const ERRORS: ErrorPolicy = ErrorPolicy {
    messages: Exposure::Shown,
    subgraph_names: Exposure::Shown,
    extensions: AllowedExtensions::All,
};

/// An operation with its answers.
pub(crate) struct Case<'s> {
    supergraph: &'s Supergraph,
    plan: QueryPlan,
    program: Program,
    variables: Map<String, Value>,
    answers: HashMap<FetchId, Answer>,
}

/// The times of one execution.
#[derive(Clone, Copy, Default)]
pub(crate) struct Times {
    request: Duration,
    read: Duration,
    respond: Duration,
}

impl Times {
    pub(crate) fn all(self) -> Duration {
        self.request + self.read + self.respond
    }
}

impl<'s> Case<'s> {
    pub(crate) fn new(
        supergraph: &'s Supergraph,
        text: &str,
        n: usize,
    ) -> Result<Self, Box<dyn Error>> {
        let schema = supergraph.api_schema();
        let document = ExecutableDocument::parse_and_validate(schema, text, "operation.graphql")
            .map_err(|error| error.errors.to_string())?;
        let operation = Operation::read(supergraph, &document, None)?;
        let limits = query_planner::Limits { positions: 50_000, steps: 2_000_000 };
        let guards = Guards::default();
        let plan = query_planner::plan(supergraph, &operation, &guards, limits, Batching::Fewest)?;
        let program = Program::compile(&plan, supergraph);
        let (variables, answers) = (Map::new(), HashMap::new());
        let mut case = Self { supergraph, plan, program, variables, answers };
        let mut execution = SimpleExecution::new(case.inputs());
        let mut answers = HashMap::new();
        loop {
            let calls = execution.take_calls();
            if calls.is_empty() {
                break;
            }
            for call in calls {
                let answer =
                    Inventor { case: &case, n, made: 0, out: String::new() }.answer(&call)?;
                answers.insert(call.fetch, answer.clone());
                execution.answer(call.id, answer);
            }
        }
        drop(execution);
        case.answers = answers;
        Ok(case)
    }

    fn inputs(&self) -> Inputs<'_> {
        Inputs {
            plan: &self.plan,
            supergraph: self.supergraph,
            variables: &self.variables,
            introspection: &self.variables,
            limits: &LIMITS,
            errors: &ERRORS,
            caller: execution::Caller::Known,
        }
    }

    fn run(&self, fast: bool) -> Result<(Times, Vec<u8>), Box<dyn Error>> {
        let start = Instant::now();
        if fast {
            let execution = CompiledExecution::new(self.inputs(), &self.program);
            return self.drive(execution, start);
        }
        self.drive(SimpleExecution::new(self.inputs()), start)
    }

    fn drive(
        &self,
        mut execution: impl Execution,
        start: Instant,
    ) -> Result<(Times, Vec<u8>), Box<dyn Error>> {
        let mut times = Times { request: start.elapsed(), ..Times::default() };
        loop {
            let start = Instant::now();
            let calls = phase_represent(&mut execution);
            times.request += start.elapsed();
            if calls.is_empty() {
                break;
            }
            for call in calls {
                let answer = self.answers.get(&call.fetch).cloned();
                let answer = answer.ok_or("a request that was not there before")?;
                let start = Instant::now();
                phase_parse(&mut execution, &call, answer);
                times.read += start.elapsed();
            }
        }
        let start = Instant::now();
        let mut response = Vec::new();
        let summary = phase_render(execution, &mut response);
        times.respond = start.elapsed();
        if summary.errors > 0 {
            return Err(String::from_utf8_lossy(&response).into());
        }
        Ok((times, response))
    }

    /// Runs it some times; a function of its own for the profiler.
    #[inline(never)]
    pub(crate) fn phase_repeat(&self, fast: bool, times: usize) -> Result<(), Box<dyn Error>> {
        for _ in 0..times {
            std::hint::black_box(self.run(fast)?);
        }
        Ok(())
    }

    /// The best of many runs.
    pub(crate) fn measure(&self, fast: bool) -> Result<Times, Box<dyn Error>> {
        let begin = Instant::now();
        let mut best: Option<Times> = None;
        while begin.elapsed() < Duration::from_millis(400) {
            let (times, _) = self.run(fast)?;
            best = Some(best.filter(|best| best.all() <= times.all()).unwrap_or(times));
        }
        Ok(best.unwrap_or_default())
    }

    pub(crate) fn print(&self, name: &str) -> Result<(), Box<dyn Error>> {
        let ((_, plain), (_, fast)) = (self.run(false)?, self.run(true)?);
        if plain != fast {
            return Err(format!("the executors disagree about `{name}`").into());
        }
        let answers: usize = self
            .answers
            .values()
            .map(|answer| match answer {
                Answer::Response(response) => response.body.len(),
                _ => 0,
            })
            .sum();
        let (plain_times, fast_times) = (self.measure(false)?, self.measure(true)?);
        for (executor, times) in [("plain", plain_times), ("fast", fast_times)] {
            let ratio = times.all().as_secs_f64() / plain_times.all().as_secs_f64();
            println!(
                "{name:10} {answers:>8} {:>9} {:>10.1?} {:>10.1?} {:>10.1?} {:>10.1?} {ratio:>7.3} {executor}",
                plain.len(),
                times.request,
                times.read,
                times.respond,
                times.all()
            );
        }
        Ok(())
    }
}

/// Writes the requests that can be sent.
#[inline(never)]
fn phase_represent(execution: &mut impl Execution) -> Vec<Call> {
    execution.take_calls()
}

/// Reads an answer.
#[inline(never)]
fn phase_parse(execution: &mut impl Execution, call: &Call, answer: Answer) {
    execution.answer(call.id, answer);
}

/// Writes the response.
#[inline(never)]
fn phase_render(execution: impl Execution, response: &mut Vec<u8>) -> Summary {
    execution.finish(response)
}

/// Makes the answer to a call: lists of `n` items outside, of three inside.
struct Inventor<'c, 's> {
    case: &'c Case<'s>,
    n: usize,
    made: usize,
    out: String,
}

impl Inventor<'_, '_> {
    fn answer(mut self, call: &Call) -> Result<Answer, Box<dyn Error>> {
        let body: Value = serde_json::from_slice(&call.body.to_bytes())?;
        let plan = &self.case.plan;
        self.out.push_str("{\"data\":{");
        for (i, &group) in plan.fetches[call.fetch].groups.iter().enumerate() {
            let group = &plan.groups[group];
            let GroupKind::Entities { alias, variable, .. } = &group.kind else {
                self.members(&group.selection, plan.positions[group.position].ty, 0, "");
                continue;
            };
            let _ = write!(self.out, "{}\"{alias}\":[", if i > 0 { "," } else { "" });
            let representations = body["variables"][variable].as_array().into_iter().flatten();
            for (i, representation) in representations.enumerate() {
                self.out.push_str(if i > 0 { ",{" } else { "{" });
                let name = representation["__typename"].as_str().unwrap_or_default();
                let ty = self.case.supergraph.type_named(name).ok_or("an unknown type")?;
                self.object(&group.selection, ty, 1);
            }
            self.out.push(']');
        }
        self.out.push_str("}}");
        let body = std::mem::take(&mut self.out).into();
        Ok(Answer::Response(ResponseParts { status: 200, body }))
    }

    /// Behind the brace.
    fn object(&mut self, selection: &Selection, ty: TypeId, depth: usize) {
        self.made += 1;
        let mut comma = "";
        if selection.runtime_type == RuntimeType::Asked {
            let _ = write!(self.out, "\"__typename\":\"{}\"", self.case.supergraph.ty(ty).name);
            comma = ",";
        }
        self.members(selection, ty, depth, comma);
        self.out.push('}');
    }

    fn members(&mut self, selection: &Selection, ty: TypeId, depth: usize, mut comma: &str) {
        for field in &selection.fields {
            if field.types.as_ref().is_some_and(|types| !types.contains(ty)) {
                continue;
            }
            let _ = write!(self.out, "{comma}\"{}\":", field.response_name);
            comma = ",";
            let slot = &self.case.plan.slots[field.slot];
            self.value(&slot.ty, field.selection.as_ref(), &slot.field, depth);
        }
    }

    fn value(&mut self, ty: &TypeRef, below: Option<&Selection>, field: &str, depth: usize) {
        match (ty, below) {
            (TypeRef::List { item, .. }, _) => {
                self.out.push('[');
                for i in 0..if depth == 0 { self.n } else { 3 } {
                    self.out.push_str(if i > 0 { "," } else { "" });
                    self.value(item, below, field, depth + 1);
                }
                self.out.push(']');
            }
            (TypeRef::Named { id, .. }, Some(selection)) => {
                self.out.push('{');
                let possible = self.case.supergraph.ty(*id).possible.iter().next();
                self.object(selection, possible.unwrap_or(*id), depth + 1);
            }
            (TypeRef::Named { id, .. }, None) => {
                let n = self.made;
                let _ = match (self.case.supergraph.ty(*id).name.as_str(), field) {
                    // Products and users inside reviews are few.
                    ("ID", "upc" | "id") if depth > 2 => write!(self.out, "\"{}\"", n % 20),
                    ("ID", _) => write!(self.out, "\"{n}\""),
                    ("Int", _) => write!(self.out, "{}", 100 + n % 1900),
                    ("Float", _) => write!(self.out, "{}.5", n % 100),
                    ("Boolean", _) => write!(self.out, "{}", n.is_multiple_of(2)),
                    (_, "description") => write!(self.out, "\"{}\"", "All about it. ".repeat(150)),
                    _ => write!(self.out, "\"{field} number {n}\""),
                };
            }
        }
    }
}
