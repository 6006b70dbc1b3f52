//! One case: a graph, an operation, and whether planner and executor find the truth.
//!
//! **In:** composed subgraphs with data, an operation, label states, faults. **Out:** a [`Verdict`].
//!
//! **Never here:** chance (`generate`, `operations`), what an answer owes to the truth (`judge`).
//!
//! **Holds:** the truth comes from [`Whole`] alone.
//!
//! **Read first:** [`Bench::run`].

use crate::document;
use crate::execute::Prepared;
use crate::fast::Both;
use crate::fault::Fault;
use crate::introspection::introspection;
use crate::judge::{self, Calls, Excuses, Facts};
use crate::operations::GeneratedOperation;
use crate::overrides::Override;
use crate::requested::Internals;
use crate::rules::{self, Caller, Denials, Rule};
use crate::subgraph_schema::SubgraphSchema;
use crate::{Data, Ordered, Request, StrictSubgraph, Whole};
use apollo_compiler::ExecutableDocument;
use composition::SubgraphSource;
use execution::{
    AllowedExtensions, Answer, CallKind, ErrorPolicy, Execution, Exposure, FetchFailure, Inputs,
    Limits, Program, ResponseParts,
};
use query_planner::{
    Batching, Denied, Guards, Occurrence, OccurrenceSet, Operation, PlanError, QueryPlan,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use supergraph::Supergraph;

/// A composed graph with strict subgraphs behind it.
pub struct Bench {
    /// The composed schema.
    pub supergraph: Supergraph,
    pub(crate) overrides: Vec<Override>,
    /// Subgraphs in the words of Federation 1.
    pub(crate) first_edition: BTreeSet<String>,
    facts: Facts,
    subgraphs: Vec<StrictSubgraph>,
    whole: Whole,
    labels: BTreeSet<String>,
    /// Who may see what.
    pub(crate) rules: Vec<Rule>,
    internals: Internals,
    /// The texts among the values, as JSON writes them.
    texts: BTreeSet<String>,
    /// A mistake on purpose: the first requirement that is not met is taken as met.
    pub(crate) forgets_rules: bool,
}

/// An operation under circumstances.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is asked.
    pub operation: GeneratedOperation,
    /// What goes wrong, by subgraph.
    pub faults: BTreeMap<String, Vec<Fault>>,
    /// Who asks.
    pub caller: Caller,
}

/// An operation as planner and truth see it.
struct Asked {
    operation: Operation,
    truth: Prepared,
}

/// What came of a case.
#[derive(Debug)]
pub enum Verdict {
    /// Planner and executor found the truth, by this plan.
    Equal(Box<QueryPlan>),
    /// No plan exists, says the planner.
    Unplannable(String),
    /// The operation is not valid: the generator is at fault.
    Invalid(String),
    /// The answer is not the truth.
    Mismatch {
        /// What is wrong.
        why: String,
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
    max_error_paths: 1000,
    max_errors: 10_000,
    max_answer_depth: 128,
    max_calls_per_fetch: 100,
    max_list_length: 100_000,
    max_objects: 1_000_000,
    max_response_bytes: 64 << 20,
};

const ERRORS: ErrorPolicy = ErrorPolicy {
    messages: Exposure::Shown,
    subgraph_names: Exposure::Shown,
    extensions: AllowedExtensions::All,
};

/// Composes subgraphs: name and SDL.
///
/// # Errors
/// When they don't compose, or the result cannot be loaded.
pub fn compose(subgraphs: &[(String, String)]) -> Result<Supergraph, String> {
    compose_with(subgraphs, &[])
}

/// The same, with access rules in the supergraph.
///
/// # Errors
/// As [`compose`].
pub(crate) fn compose_with(
    subgraphs: &[(String, String)],
    rules: &[Rule],
) -> Result<Supergraph, String> {
    let sdl = composed_sdl(subgraphs, rules, &|_| None)?;
    Supergraph::parse(&sdl).map_err(|error| format!("{:?}", error.kind))
}

/// The document of a supergraph, with access rules; `url` says where a subgraph answers.
///
/// # Errors
/// When the subgraphs don't compose.
pub(crate) fn composed_sdl(
    subgraphs: &[(String, String)],
    rules: &[Rule],
    url: &dyn Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let sources: Vec<SubgraphSource> = subgraphs
        .iter()
        .map(|(name, sdl)| SubgraphSource {
            name: name.clone(),
            url: url(name),
            sdl: sdl.clone(),
            file: None,
        })
        .collect();
    let composed = composition::compose(&sources).map_err(|failure| failure.to_string())?;
    rules::written(&composed.supergraph_sdl, rules)
}

impl Bench {
    /// Puts data behind composed subgraphs, and decides the labels of progressive overrides.
    ///
    /// # Errors
    /// When the data doesn't fit.
    pub fn new(
        subgraphs: &[(String, String)],
        supergraph: Supergraph,
        data: &Value,
        labels: BTreeSet<String>,
    ) -> Result<Self, String> {
        let mut texts = BTreeSet::new();
        collect_texts(data, &mut texts);
        let mut data = Data::from_json(data).map_err(|error| error.to_string())?;
        let views: Result<Vec<_>, _> =
            subgraphs.iter().map(|(_, sdl)| SubgraphSchema::parse(sdl)).collect();
        let views = views.map_err(|error| error.to_string())?;
        views.iter().for_each(|view| data.learn_view(view));
        let open = open_schema(subgraphs, &supergraph)?;
        data.settle(&open).map_err(|error| error.to_string())?;
        let data = Arc::new(data);
        let overrides = Override::all(subgraphs);
        let mut strict = Vec::new();
        for ((name, sdl), view) in subgraphs.iter().zip(views) {
            let lost = overrides.iter().filter(|o| o.loser(&labels) == name);
            let lost: Vec<(&str, &str)> =
                lost.map(|o| (o.type_name.as_str(), o.field.as_str())).collect();
            let subgraph = StrictSubgraph::with_view(name, sdl, view, Arc::clone(&data));
            strict.push(subgraph.with_overridden(&lost));
        }
        let api = supergraph.api_schema().to_string();
        let whole = Whole::new(&api, data).and_then(|whole| whole.with_open_schema(&open));
        let whole = whole.map_err(|error| error.to_string())?;
        let first = subgraphs.iter().filter(|(_, sdl)| !sdl.contains("@link"));
        let first_edition = first.map(|(name, _)| name.clone()).collect();
        let facts = Facts::of(&supergraph);
        let (internals, rules) = (Internals::of(&supergraph), Vec::new());
        Ok(Self {
            supergraph,
            overrides,
            first_edition,
            facts,
            subgraphs: strict,
            whole,
            labels,
            rules,
            internals,
            texts,
            forgets_rules: false,
        })
    }

    /// Says which rules stand in the supergraph.
    pub(crate) fn under(self, rules: Vec<Rule>) -> Self {
        Self { rules, ..self }
    }

    /// The subgraphs, without what would be compared with them.
    pub fn into_subgraphs(self) -> Vec<StrictSubgraph> {
        self.subgraphs
    }

    /// Judges what another executor answered to a case, and gives the plan that it should have had.
    pub fn judge(&self, case: &Case, answer: &str) -> Verdict {
        let asked = match self.ask(case) {
            Ok(asked) => asked,
            Err(verdict) => return verdict,
        };
        let plan = match self.plan(&asked, &case.caller) {
            Ok(plan) => plan,
            Err(error) => return Verdict::Unplannable(error.kind.to_string()),
        };
        let denials = Denials::of(&self.supergraph, &self.rules, &case.caller);
        let truth = self.whole.execute_prepared(&asked.truth, &denials).to_ordered();
        match self.judge_by(case, &plan, answer, &truth) {
            Ok(()) => Verdict::Equal(Box::new(plan)),
            Err(why) => {
                let plan = plan.to_text(&self.supergraph);
                mismatch(&why, answer.to_owned(), truth.to_string(), plan)
            }
        }
    }

    fn judge_by(
        &self,
        case: &Case,
        plan: &QueryPlan,
        answer: &str,
        truth: &Ordered,
    ) -> Result<(), String> {
        let ours =
            Ordered::parse(answer).map_err(|error| format!("the answer is not JSON: {error}"))?;
        if case.faults.values().any(|faults| !faults.is_empty()) {
            let excuses = Excuses::of(&self.supergraph, &self.facts, plan, &case.faults);
            judge::judge_faulty(&ours, truth, &excuses)?;
        } else {
            judge::judge(&ours, truth, plan)?;
        }
        judge::judge_denials(&ours, truth, &case.caller)?;
        judge::judge_secrets(&ours, truth, &self.texts)
    }

    /// The labels that the subgraphs mention.
    pub fn labels_of(subgraphs: &[(String, String)]) -> BTreeSet<String> {
        Override::all(subgraphs).into_iter().filter_map(|moved| moved.label).collect()
    }

    /// The labels that are on.
    pub fn labels(&self) -> &BTreeSet<String> {
        &self.labels
    }

    /// Runs one operation both ways.
    pub fn run(&mut self, case: &Case) -> Verdict {
        self.run_with(case, |plan| plan)
    }

    /// Runs one operation both ways, with another plan than the planner's.
    pub fn run_with(
        &mut self,
        case: &Case,
        change: impl FnOnce(QueryPlan) -> QueryPlan,
    ) -> Verdict {
        let asked = match self.ask(case) {
            Ok(asked) => asked,
            Err(verdict) => return verdict,
        };
        let planned = catch_unwind(AssertUnwindSafe(|| self.plan(&asked, &case.caller)));
        let plan = match planned {
            Ok(Ok(plan)) => change(plan),
            Ok(Err(error)) => return Verdict::Unplannable(error.kind.to_string()),
            Err(_) => {
                return mismatch("the planner panics", String::new(), String::new(), String::new());
            }
        };
        let denials = Denials::of(&self.supergraph, &self.rules, &case.caller);
        let truth = self.whole.execute_prepared(&asked.truth, &denials).to_ordered();
        for subgraph in &mut self.subgraphs {
            let faults = case.faults.get(subgraph.name()).cloned().unwrap_or_default();
            subgraph.set_faults(faults);
        }
        let mut calls = Calls::default();
        let ran = catch_unwind(AssertUnwindSafe(|| {
            self.execute(&plan, &asked, &case.caller, &mut calls)
        }));
        let ours = ran.unwrap_or_else(|_| "the executor panics".to_owned());
        let faulty = case.faults.values().any(|faults| !faults.is_empty());
        let judge = |truth: &Ordered| self.judge_by(case, &plan, &ours, truth);
        // For a denied field nobody asks what the object is, if nothing else needs it.
        let verdict = judge(&truth).or_else(|why| {
            let loose = denials.unless_types_are_known(&self.supergraph).ok_or(&why);
            let truth = loose.map(|loose| self.whole.execute_prepared(&asked.truth, &loose));
            truth
                .and_then(|truth| judge(&truth.to_ordered()).map_err(|_| &why))
                .map_err(String::clone)
        });
        let Prepared { document, variables, .. } = &asked.truth;
        let is_denied = |field: &document::Field| {
            let mutation = ("Mutation", field.name.as_str());
            let arguments = self.whole.arguments(mutation, &field.arguments, variables);
            denials.field(mutation.0, mutation.1)
                || arguments.is_ok_and(|given| denials.arguments(mutation.0, mutation.1, &given))
        };
        let judge_calls = |()| judge::judge_calls(&calls, document, variables, faulty, &is_denied);
        let verdict = verdict.and_then(judge_calls);
        let verdict = verdict.and_then(|()| self.judge_requests(&calls, &denials));
        match verdict {
            Ok(()) => Verdict::Equal(Box::new(plan)),
            Err(why) => {
                let text =
                    format!("{}\n{}", plan.to_text(&self.supergraph), calls.refusals.join("\n"));
                mismatch(&why, ours, truth.to_string(), text)
            }
        }
    }

    /// Judges whether subgraphs were asked what the caller may not see.
    fn judge_requests(&self, calls: &Calls, denials: &Denials) -> Result<(), String> {
        calls.requests.iter().try_for_each(|(subgraph, query)| {
            self.internals.forbidden(&self.supergraph, denials, subgraph, query)
        })
    }

    /// Reads the operation twice: for the planner, and for the truth.
    fn ask(&self, case: &Case) -> Result<Asked, Verdict> {
        let text = case.operation.text.as_str();
        let schema = self.supergraph.api_schema();
        let document = ExecutableDocument::parse_and_validate(schema, text, "operation.graphql")
            .map_err(|error| Verdict::Invalid(error.errors.to_string()))?;
        let operation = Operation::read(&self.supergraph, &document, None)
            .map_err(|error| Verdict::Invalid(error.to_string()))?;
        let request = Request { variables: case.operation.variables.clone(), ..Request::new(text) };
        let truth = self.whole.prepare(&request);
        let mut truth = truth.map_err(|problems| Verdict::Invalid(problems.join("\n")))?;
        truth.introspection = introspection(schema, &document, &truth.variables);
        Ok(Asked { operation, truth })
    }

    /// The planner's plan, and the best of all assignments; none when there is no plan.
    pub fn plan_twice(&self, case: &Case) -> Option<(QueryPlan, QueryPlan)> {
        let asked = self.ask(case).ok()?;
        let (guards, operation) = (self.guards(&asked, &case.caller), &asked.operation);
        let best = query_planner::plan_exhaustively(
            &self.supergraph,
            operation,
            &guards,
            PLAN_LIMITS,
            Batching::Fewest,
        );
        Some((self.plan(&asked, &case.caller).ok()?, best.ok()?))
    }

    /// The fields with arguments for which a condition does not hold.
    fn refused(&self, asked: &Asked) -> OccurrenceSet {
        let supergraph = &self.supergraph;
        let holds = |occurrence: &Occurrence| {
            let field = supergraph.field(occurrence.field);
            let coordinate = (supergraph.ty(field.parent).name.as_str(), field.name.as_str());
            let written = document::written_arguments(occurrence.arguments());
            let variables = &asked.truth.variables;
            let arguments = self.whole.arguments(coordinate, &written, variables);
            // What cannot be coerced is an error whoever asks.
            let condition = &supergraph.conditions()[occurrence.condition];
            arguments.is_ok_and(|arguments| rules::holds(condition, &arguments))
        };
        let occurrences = asked.operation.occurrences().iter();
        occurrences.filter(|(_, occurrence)| !holds(occurrence)).map(|(id, _)| id).collect()
    }

    fn guards(&self, asked: &Asked, caller: &Caller) -> Guards {
        let Asked { operation, truth } = asked;
        let is_true = |name: &&str| truth.variables.get(*name) == Some(&Value::Bool(true));
        let on = operation.guard_variables().into_iter().filter(is_true);
        let mut denied = caller.unmet(&self.supergraph, operation.requirements());
        let forgotten = denied.iter().next().filter(|_| self.forgets_rules);
        forgotten.into_iter().for_each(|first| denied.remove(first));
        Guards {
            variables: on.map(str::to_owned).collect(),
            labels: self.labels.clone(),
            denied: Denied { requirements: denied, occurrences: self.refused(asked) },
        }
    }

    fn plan(&self, asked: &Asked, caller: &Caller) -> Result<QueryPlan, PlanError> {
        let (guards, operation) = (self.guards(asked, caller), &asked.operation);
        query_planner::plan(&self.supergraph, operation, &guards, PLAN_LIMITS, Batching::Fewest)
    }

    /// The response through plan and executor.
    fn execute(
        &self,
        plan: &QueryPlan,
        asked: &Asked,
        caller: &Caller,
        calls: &mut Calls,
    ) -> String {
        let program = Program::compile(plan, &self.supergraph);
        let inputs = Inputs {
            plan,
            supergraph: &self.supergraph,
            variables: &asked.truth.variables,
            introspection: &asked.truth.introspection,
            limits: &LIMITS,
            errors: &ERRORS,
            caller: match caller.is_known {
                true => execution::Caller::Known,
                false => execution::Caller::Anonymous,
            },
        };
        let mut execution = Both::new(inputs, &program);
        loop {
            let ready = execution.take_calls();
            if ready.is_empty() {
                break;
            }
            if ready.iter().any(|call| call.kind == CallKind::Mutation) && ready.len() > 1 {
                calls.refusals.push("a mutation was sent beside other requests".to_owned());
            }
            for call in ready.into_iter().rev() {
                let name = &self.supergraph.subgraph(call.subgraph).name;
                let body = call.body.to_bytes();
                let answer = self.send(name, &body, call.kind == CallKind::Mutation, calls);
                execution.answer(call.id, answer);
            }
        }
        let mut out = Vec::new();
        execution.finish(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    fn send(&self, name: &str, body: &[u8], mutation: bool, calls: &mut Calls) -> Answer {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let query = request["query"].as_str().unwrap_or_default();
        calls.requests.push((name.to_owned(), query.to_owned()));
        if mutation {
            calls.mutations.push(query.to_owned());
        }
        let request = Request::new(query).with_variables(request["variables"].clone());
        let subgraph = self.subgraphs.iter().find(|subgraph| subgraph.name() == name);
        let response = subgraph.map(|subgraph| subgraph.respond(&request));
        let Some(Ok(response)) = response else {
            let message = format!("`{name}` does not answer");
            return Answer::Failed(FetchFailure { code: "DEAD".to_owned(), message, detail: None });
        };
        if response.data.is_none() {
            let variables = Value::Object(request.variables.clone());
            calls
                .refusals
                .push(format!("{name} refused {query} {variables}: {}", response.messages()));
        }
        let body = response.to_ordered().to_string();
        Answer::Response(ResponseParts { status: 200, body: body.into() })
    }
}

/// The texts of values that are long enough to be told apart.
fn collect_texts(value: &Value, texts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.len() > 3 => {
            let written = value.to_string();
            texts.insert(written[1..written.len() - 1].to_owned());
        }
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        Value::Object(members) => {
            let is_value = |name: &String| !name.starts_with('@') && name != "__typename";
            let values = members.iter().filter(|(name, _)| is_value(name));
            values.for_each(|(_, value)| collect_texts(value, texts));
        }
        _ => {}
    }
}

fn mismatch(why: &str, ours: String, truth: String, plan: String) -> Verdict {
    Verdict::Mismatch { why: why.to_owned(), ours, truth, plan }
}

/// The unsplit schema with nothing hidden: what computed fields may look at.
fn open_schema(subgraphs: &[(String, String)], supergraph: &Supergraph) -> Result<String, String> {
    const HIDDEN: &str = " @inaccessible";
    let hides = supergraph.types().iter().any(|(_, ty)| {
        !ty.accessible || ty.fields.values().any(|field| !supergraph.field(*field).accessible)
    });
    if !hides {
        return Ok(supergraph.api_schema().to_string());
    }
    let open: Vec<(String, String)> =
        subgraphs.iter().map(|(name, sdl)| (name.clone(), sdl.replace(HIDDEN, ""))).collect();
    Ok(compose(&open)?.api_schema().to_string())
}
