//! Drives an execution with scripted subgraphs.
//!
//! **In:** a plan and the answers of its fetches. **Out:** the response, and every call's body.
//!
//! **Never here:** what should come out (the cases).
//!
//! **Read first:** [`Script`].

use crate::masks::Told;
use execution::{
    AllowedExtensions, Answer, Call, CompiledExecution, ErrorPolicy, Execution, Exposure,
    FetchFailure, Inputs, Limits, MaskedFields, Program, Refusal, ResponseParts, SimpleExecution,
    Summary,
};
use query_planner::{FetchId, QueryPlan};
use serde_json::{Map, Value};
use std::sync::LazyLock;
use supergraph::{Id, Supergraph};

/// The supergraph of all cases.
pub(crate) static SUPERGRAPH: LazyLock<Supergraph> =
    LazyLock::new(|| Supergraph::parse(include_str!("supergraph.graphql")).unwrap());

/// Which of the calls under way is answered next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// The oldest.
    OldestFirst,
    /// The newest.
    NewestFirst,
}

/// Answers by fetch, and what else an execution needs.
pub(crate) struct Script<'p> {
    pub(crate) plan: &'p QueryPlan,
    pub(crate) supergraph: &'p Supergraph,
    pub(crate) answers: Vec<Answer>,
    pub(crate) order: Order,
    pub(crate) limits: Limits,
    pub(crate) policy: ErrorPolicy,
    pub(crate) variables: Map<String, Value>,
    pub(crate) introspection: Map<String, Value>,
    pub(crate) masked: MaskedFields,
}

/// What came out.
pub(crate) struct Outcome {
    pub(crate) response: String,
    pub(crate) summary: Summary,
    /// The body that each fetch sent.
    pub(crate) bodies: Vec<Option<Value>>,
    pub(crate) calls: Vec<Call>,
}

/// A subgraph's GraphQL response.
pub(crate) fn ok(body: &str) -> Answer {
    status(200, body)
}

/// A subgraph's response of any status.
pub(crate) fn status(status: u16, body: &str) -> Answer {
    Answer::Response(ResponseParts { status, body: body.to_owned().into() })
}

/// No response.
pub(crate) fn failed() -> Answer {
    let (code, message) = ("SUBREQUEST_HTTP_ERROR".to_owned(), "connection refused".to_owned());
    Answer::Failed(FetchFailure { code, message, detail: Some("10.0.0.1:1".to_owned()) })
}

/// No request.
pub(crate) fn refused() -> Answer {
    let (code, message) = ("REQUEST_RATE_LIMITED".to_owned(), "the circuit is open".to_owned());
    Answer::Refused(Refusal { code, message })
}

impl<'p> Script<'p> {
    pub(crate) fn new(plan: &'p QueryPlan, answers: Vec<Answer>) -> Self {
        Self {
            plan,
            supergraph: &SUPERGRAPH,
            answers,
            order: Order::OldestFirst,
            limits: Limits {
                max_error_paths: 64,
                max_errors: 1000,
                max_answer_depth: 32,
                max_calls_per_fetch: 100,
                max_list_length: 1000,
                max_objects: 10_000,
                max_response_bytes: 1_000_000,
            },
            policy: ErrorPolicy {
                messages: Exposure::Shown,
                subgraph_names: Exposure::Masked,
                extensions: AllowedExtensions::Only(vec!["code".to_owned()]),
            },
            variables: Map::new(),
            introspection: Map::new(),
            masked: MaskedFields::default(),
        }
    }

    pub(crate) fn execution(&self) -> SimpleExecution<'_> {
        SimpleExecution::new(self.inputs()).masked(&self.masked, &Told)
    }

    pub(crate) fn inputs(&self) -> Inputs<'_> {
        Inputs {
            plan: self.plan,
            supergraph: self.supergraph,
            variables: &self.variables,
            introspection: &self.introspection,
            limits: &self.limits,
            errors: &self.policy,
            caller: execution::Caller::Known,
        }
    }

    /// Runs to the end; every fetch is answered as the script says.
    pub(crate) fn run(&self) -> Outcome {
        self.run_with(|fetch, _| self.answers[fetch.index()].clone())
    }

    /// Runs to the end; every fetch is answered by its id and body. Both executors must do the same.
    pub(crate) fn run_with(&self, answer: impl Fn(FetchId, &Value) -> Answer) -> Outcome {
        let plain = self.drive(self.execution(), &answer);
        let program = Program::compile_masked(self.plan, self.supergraph, &self.masked);
        let fast = CompiledExecution::new(self.inputs(), &program).masked(&Told);
        let fast = self.drive(fast, &answer);
        assert_eq!(plain.response, fast.response);
        assert_eq!(format!("{:#?}", plain.summary), format!("{:#?}", fast.summary));
        assert_eq!(plain.calls.len(), fast.calls.len());
        for (plain, fast) in plain.calls.iter().zip(&fast.calls) {
            let about = |call: &Call| {
                (call.id, call.fetch, call.subgraph, call.kind, call.entities.clone())
            };
            assert_eq!(about(plain), about(fast));
            assert_eq!(plain.body.to_bytes(), fast.body.to_bytes());
        }
        plain
    }

    fn drive(
        &self,
        mut execution: impl Execution,
        answer: &impl Fn(FetchId, &Value) -> Answer,
    ) -> Outcome {
        let mut bodies = vec![None; self.plan.fetches.len()];
        let mut calls = Vec::new();
        let mut under_way = Vec::new();
        loop {
            let ready = execution.take_calls();
            calls.extend(ready.iter().cloned());
            under_way.extend(ready);
            if under_way.is_empty() {
                break;
            }
            let at = match self.order {
                Order::OldestFirst => 0,
                Order::NewestFirst => under_way.len() - 1,
            };
            let call: Call = under_way.remove(at);
            let fetch = call.fetch.index();
            let body = serde_json::from_slice(&call.body.to_bytes()).unwrap();
            execution.answer(call.id, answer(call.fetch, &body));
            bodies[fetch] = Some(body);
        }
        let mut response = Vec::new();
        let summary = execution.finish(&mut response);
        assert_eq!(summary.bytes, response.len());
        let response = String::from_utf8(response).unwrap();
        serde_json::from_str::<Value>(&response).expect("a response is JSON");
        Outcome { response, summary, bodies, calls }
    }
}

impl Outcome {
    /// The response's data as text.
    pub(crate) fn data(&self) -> &str {
        let rest = self.response.strip_prefix("{\"data\":").unwrap();
        let end = rest.find(",\"errors\":").unwrap_or(rest.len() - 1);
        &rest[..end]
    }

    /// The errors, one a line: `code path message`.
    pub(crate) fn errors(&self) -> Vec<String> {
        let response: Value = serde_json::from_str(&self.response).unwrap();
        let errors = response["errors"].as_array().cloned().unwrap_or_default();
        assert_eq!(self.summary.errors, errors.len());
        errors
            .iter()
            .map(|error| {
                let path = error.get("path").map_or("-".to_owned(), Value::to_string);
                let code = error["extensions"]["code"].as_str().unwrap();
                format!("{code} {path} {}", error["message"].as_str().unwrap())
            })
            .collect()
    }
}
