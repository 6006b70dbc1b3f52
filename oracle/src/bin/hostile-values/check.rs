//! One seed: an operation, answers, and whether the response is what it must be.
//!
//! **In:** a seed, or a finding's file. **Out:** nothing, or a [`Finding`].
//!
//! **Never here:** values (`world`), what is right (`model`), how answers are written (`answers`).
//!
//! **Read first:** [`Target::throw`].

use crate::answers::Writer;
use crate::model::Asked;
use crate::world::{SUBGRAPHS, World};
use apollo_compiler::ExecutableDocument;
use execution::{
    AllowedExtensions, Answer, Call, CompiledExecution, ErrorPolicy, Execution, Exposure, Inputs,
    Limits, Program, ResponseParts, SimpleExecution,
};
use oracle::Chance;
use query_planner::{Batching, Guards, Operation, QueryPlan};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::fmt;
use supergraph::Supergraph;

const PLAN_LIMITS: query_planner::Limits =
    query_planner::Limits { positions: 50_000, steps: 2_000_000 };

const LIMITS: Limits = Limits {
    max_error_paths: 64,
    max_errors: 10_000,
    max_answer_depth: 200,
    max_list_length: 100_000,
    max_calls_per_fetch: 20,
    max_objects: 1_000_000,
    max_response_bytes: 64 << 20,
};

const ERRORS: ErrorPolicy = ErrorPolicy {
    messages: Exposure::Shown,
    subgraph_names: Exposure::Shown,
    extensions: AllowedExtensions::All,
};

/// The graph that everything is thrown at.
pub(crate) struct Target {
    supergraph: Supergraph,
}

/// What went wrong, and everything that led there.
#[derive(Serialize, Deserialize)]
pub(crate) struct Finding {
    pub(crate) seed: u64,
    why: String,
    operation: String,
    /// The bodies of all answers, in the order of their calls.
    bodies: Vec<String>,
    /// What the model says.
    data: String,
    has_problem: bool,
    response: String,
}

/// As much of a response as is looked at.
#[derive(Deserialize)]
struct Response {
    errors: Option<Vec<IgnoredAny>>,
    #[serde(rename = "data")]
    _data: IgnoredAny,
}

impl Target {
    pub(crate) fn new() -> Self {
        let subgraphs = SUBGRAPHS.map(|(name, sdl)| (name.to_owned(), sdl.to_owned()));
        let supergraph = oracle::compose(&subgraphs).expect("the graph is valid");
        Self { supergraph }
    }

    /// How many bytes the answers of a seed have.
    ///
    /// # Errors
    /// When the response is not what it must be.
    pub(crate) fn throw(&self, seed: u64) -> Result<usize, Box<Finding>> {
        let mut finding = self.finding(seed, "");
        match check(&finding.data, finding.has_problem, &finding.response) {
            Ok(()) => Ok(finding.bodies.iter().map(String::len).sum()),
            Err(why) => {
                finding.why = why;
                Err(Box::new(finding))
            }
        }
    }

    /// All there is to know of a seed.
    pub(crate) fn finding(&self, seed: u64, why: &str) -> Finding {
        let mut chance = Chance::new(seed);
        let wrong = *chance.pick(&[0, 0, 3, 10]);
        let strange = *chance.pick(&[0, 5, 30]);
        let world = World { seed, wrong };
        let asked = Asked::random(&mut chance);
        let operation = asked.text();
        let (data, has_problem) = asked.data(world);
        let mut bodies = Vec::new();
        let response = self.run(&operation, &mut |plan, call| {
            let supergraph = &self.supergraph;
            let chance = &mut chance;
            let body = Writer { supergraph, plan, world, chance, strange }.body(call);
            bodies.push(body.clone());
            body
        });
        let response = response.unwrap_or_else(|why| why);
        Finding { seed, why: why.to_owned(), operation, bodies, data, has_problem, response }
    }

    /// # Errors
    /// When what a file tells is still so.
    pub(crate) fn replay(&self, file: &str) -> Result<(), String> {
        let finding: Finding = serde_json::from_str(file).map_err(|error| error.to_string())?;
        let mut bodies = VecDeque::from(finding.bodies);
        let response =
            self.run(&finding.operation, &mut |_, _| bodies.pop_front().unwrap_or_default())?;
        check(&finding.data, finding.has_problem, &response)
    }

    /// The response, when both executors give the same.
    fn run(
        &self,
        operation: &str,
        answer: &mut dyn FnMut(&QueryPlan, &Call) -> String,
    ) -> Result<String, String> {
        let schema = self.supergraph.api_schema();
        let document =
            ExecutableDocument::parse_and_validate(schema, operation, "operation.graphql")
                .map_err(|error| error.errors.to_string())?;
        let read = Operation::read(&self.supergraph, &document, None);
        let read = read.map_err(|error| error.to_string())?;
        let guards = Guards::default();
        let plan =
            query_planner::plan(&self.supergraph, &read, &guards, PLAN_LIMITS, Batching::Fewest)
                .map_err(|error| error.kind.to_string())?;
        let program = Program::compile(&plan, &self.supergraph);
        let none = Map::<String, Value>::new();
        let inputs = Inputs {
            plan: &plan,
            supergraph: &self.supergraph,
            variables: &none,
            introspection: &none,
            limits: &LIMITS,
            errors: &ERRORS,
            caller: execution::Caller::Known,
        };
        let mut plain = SimpleExecution::new(inputs);
        let mut fast = CompiledExecution::new(inputs, &program);
        loop {
            let (calls, others) = (plain.take_calls(), fast.take_calls());
            if calls.len() != others.len() {
                return Err("the executors send other requests".to_owned());
            }
            if calls.is_empty() {
                break;
            }
            for (call, other) in calls.iter().zip(&others) {
                let (one, two) = (call.body.to_bytes(), other.body.to_bytes());
                if one != two {
                    return Err(format!("the requests differ:\n{one:?}\n{two:?}"));
                }
                let parts = ResponseParts { status: 200, body: answer(&plan, call).into() };
                let answer = Answer::Response(parts);
                plain.answer(call.id, answer.clone());
                fast.answer(other.id, answer);
            }
        }
        let (mut one, mut two) = (Vec::new(), Vec::new());
        plain.finish(&mut one);
        fast.finish(&mut two);
        let (one, two) = (text(one)?, text(two)?);
        if one == two { Ok(two) } else { Err(format!("the executors differ:\n{one}\n{two}")) }
    }
}

fn check(data: &str, has_problem: bool, response: &str) -> Result<(), String> {
    let parsed: Response = serde_json::from_str(response)
        .map_err(|error| format!("the response is no JSON of ours: {error}"))?;
    if !response.ends_with(&format!("\"data\":{data}}}"))
        && !response.starts_with(&format!("{{\"data\":{data}"))
    {
        return Err("the data are not what the model says".to_owned());
    }
    match parsed.errors {
        Some(errors) if errors.is_empty() => Err("`errors` is empty".to_owned()),
        Some(_) if !has_problem => Err("there is an error without a reason".to_owned()),
        None if has_problem => Err("there is no error".to_owned()),
        _ => Ok(()),
    }
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "the response is not UTF-8".to_owned())
}

impl Finding {
    pub(crate) fn to_file(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, why, operation, data, response, .. } = self;
        write!(f, "seed {seed}: {why}\n{operation}\nthe model: {data}\nthe response: {response}")
    }
}
