//! One case: a graph, an operation, and whether planner and executor find the truth.
//!
//! **In:** composed subgraphs with data, an operation. **Out:** a [`Verdict`].
//!
//! **Never here:** chance (`generate`, `operations`).
//!
//! **Holds:** the truth comes from [`Whole`] alone.
//!
//! **Read first:** [`Bench::run`].

use crate::{Data, Ordered, Request, StrictSubgraph, Whole};
use apollo_compiler::ExecutableDocument;
use composition::SubgraphSource;
use execution::{
    AllowedExtensions, Answer, ErrorPolicy, Execution, Exposure, FetchFailure, Inputs, Limits,
    ResponseParts, SimpleExecution,
};
use query_planner::{Batching, Guards, Operation, QueryPlan};
use serde_json::{Map, Value};
use std::sync::Arc;
use supergraph::Supergraph;

/// A composed graph with strict subgraphs behind it.
pub struct Bench {
    /// The composed schema.
    pub supergraph: Supergraph,
    subgraphs: Vec<StrictSubgraph>,
    whole: Whole,
}

/// What came of a case.
#[derive(Debug)]
pub enum Verdict {
    /// Planner and executor found the truth; so many requests were sent.
    Equal(usize),
    /// No plan exists, says the planner.
    Unplannable(String),
    /// The operation is not valid: the generator is at fault.
    Invalid(String),
    /// The answer is not the truth.
    Mismatch {
        /// What we answered.
        ours: String,
        /// What is true.
        truth: String,
        /// The plan, with what each subgraph refused.
        plan: String,
    },
}

const PLAN_LIMITS: query_planner::Limits =
    query_planner::Limits { positions: 50_000, steps: 2_000_000 };

const LIMITS: Limits = Limits {
    max_error_paths: 64,
    max_errors: 1000,
    max_answer_depth: 128,
    max_list_length: 100_000,
    max_objects: 1_000_000,
    max_response_bytes: 64 << 20,
};

const ERRORS: ErrorPolicy = ErrorPolicy {
    messages: Exposure::Shown,
    subgraph_names: Exposure::Shown,
    extensions: AllowedExtensions::All,
};

impl Bench {
    /// Composes subgraphs (name and SDL) and puts data behind them.
    ///
    /// # Errors
    /// When they don't compose, or the data doesn't fit.
    pub fn new(subgraphs: &[(String, String)], data: &Value) -> Result<Self, String> {
        let sources: Vec<SubgraphSource> = subgraphs
            .iter()
            .map(|(name, sdl)| SubgraphSource {
                name: name.clone(),
                url: None,
                sdl: sdl.clone(),
                file: None,
            })
            .collect();
        let composed = composition::compose(&sources).map_err(|failure| failure.to_string())?;
        let supergraph = Supergraph::parse(&composed.supergraph_sdl)
            .map_err(|error| format!("{:?}", error.kind))?;
        let api = supergraph.api_schema().to_string();
        let mut data = Data::from_json(data).map_err(|error| error.to_string())?;
        for (_, sdl) in subgraphs {
            data.learn(sdl).map_err(|error| error.to_string())?;
        }
        data.settle(&api).map_err(|error| error.to_string())?;
        let data = Arc::new(data);
        let strict = subgraphs
            .iter()
            .map(|(name, sdl)| StrictSubgraph::new(name, sdl, Arc::clone(&data)))
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())?;
        let whole = Whole::new(&api, data).map_err(|error| error.to_string())?;
        Ok(Self { supergraph, subgraphs: strict, whole })
    }

    /// Runs one operation both ways.
    pub fn run(&self, text: &str) -> Verdict {
        let schema = self.supergraph.api_schema();
        let document =
            match ExecutableDocument::parse_and_validate(schema, text, "operation.graphql") {
                Ok(document) => document,
                Err(error) => return Verdict::Invalid(error.errors.to_string()),
            };
        let operation = match Operation::read(&self.supergraph, &document, None) {
            Ok(operation) => operation,
            Err(error) => return Verdict::Invalid(error.to_string()),
        };
        let guards = Guards::default();
        let plan = query_planner::plan(
            &self.supergraph,
            &operation,
            &guards,
            PLAN_LIMITS,
            Batching::Fewest,
        );
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => return Verdict::Unplannable(error.kind.to_string()),
        };
        let (ours, refusals) = self.execute(&plan);
        let truth = self.whole.execute(&Request::new(text)).to_ordered();
        let equal = match Ordered::parse(&ours) {
            Ok(ours) => ours == truth,
            Err(_) => false,
        };
        if equal && refusals.is_empty() {
            return Verdict::Equal(plan.fetches.len());
        }
        let plan = format!("{}\n{}", plan.to_text(&self.supergraph), refusals.join("\n"));
        Verdict::Mismatch { ours, truth: truth.to_string(), plan }
    }

    /// The response through plan and executor, and what subgraphs refused.
    pub fn execute(&self, plan: &QueryPlan) -> (String, Vec<String>) {
        let (variables, introspection) = (Map::new(), Map::new());
        let mut execution = SimpleExecution::new(Inputs {
            plan,
            supergraph: &self.supergraph,
            variables: &variables,
            introspection: &introspection,
            limits: &LIMITS,
            errors: &ERRORS,
        });
        let mut refusals = Vec::new();
        loop {
            let calls = execution.take_calls();
            if calls.is_empty() {
                break;
            }
            for call in calls {
                let name = &self.supergraph.subgraph(call.subgraph).name;
                let answer = self.ask(name, &call.body.to_bytes(), &mut refusals);
                execution.answer(call.id, answer);
            }
        }
        let mut out = Vec::new();
        execution.finish(&mut out);
        (String::from_utf8_lossy(&out).into_owned(), refusals)
    }

    fn ask(&self, name: &str, body: &[u8], refusals: &mut Vec<String>) -> Answer {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let query = request["query"].as_str().unwrap_or_default();
        let request = Request::new(query).with_variables(request["variables"].clone());
        let subgraph = self.subgraphs.iter().find(|subgraph| subgraph.name() == name);
        let response = subgraph.map(|subgraph| subgraph.respond(&request));
        let Some(Ok(response)) = response else {
            let message = format!("`{name}` does not answer");
            return Answer::Failed(FetchFailure { code: "DEAD".to_owned(), message, detail: None });
        };
        if response.data.is_none() {
            refusals.push(format!("{name} refused {query}: {}", response.messages()));
        }
        let body = response.to_ordered().to_string();
        Answer::Response(ResponseParts { status: 200, body: body.into() })
    }
}
