//! One plan, and rounds of answers that are thrown at both executors.
//!
//! **In:** an operation and chance. **Out:** nothing, or what is wrong.
//!
//! **Never here:** what the answers look like (`invent`, `mutate`).

use crate::{invent::Inventor, mutate};
use apollo_compiler::ExecutableDocument;
use execution::{
    AllowedExtensions, Answer, Call, CompiledExecution, ErrorPolicy, Execution, Exposure,
    FetchOutcome, Inputs, Limits, MaskedBy, MaskedFields, Masks, Program, ResponseParts,
    SimpleExecution, Summary,
};
use oracle::{Chance, GeneratedOperation};
use query_planner::{Batching, FetchId, Guards, Operation, QueryPlan};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fmt::Write;
use supergraph::{Supergraph, TypeKind};

/// What was thrown so far.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) rounds: u64,
    pub(crate) bodies: u64,
    pub(crate) valid: u64,
    pub(crate) bytes: usize,
    pub(crate) findings: u64,
}

/// A plan to throw at.
pub(crate) struct Target<'s> {
    supergraph: &'s Supergraph,
    plan: QueryPlan,
    program: Program,
    masked: MaskedFields,
    variables: Map<String, Value>,
}

/// The masks that hide in one round, a bit for each.
struct Hiding(u32);

/// How many masks there are.
const MASKS: u32 = 5;

impl Masks for Hiding {
    fn hides(&self, mask: u32) -> bool {
        self.0 >> mask & 1 == 1
    }

    fn instead_of(&self, mask: u32, leaf: &str) -> String {
        serde_json::json!([mask, leaf]).to_string()
    }
}

/// Masks for some of the leaves of a supergraph; some take the value away.
fn masked(supergraph: &Supergraph) -> MaskedFields {
    let mut masked = MaskedFields::default();
    let objects = supergraph.types().iter().filter(|(_, ty)| ty.kind == TypeKind::Object);
    let fields = objects.flat_map(|(id, ty)| ty.fields.values().map(move |field| (id, *field)));
    for (turn, (ty, field)) in (0..).zip(fields) {
        let field = supergraph.field(field);
        let is_leaf = !supergraph.ty(field.ty.named()).is_composite();
        // Every third, and every ninth by two masks.
        let masks = [turn % 3 == 0, turn % 9 == 0].into_iter().filter(|is_masked| *is_masked);
        for (second, _) in (0..).zip(masks.filter(|_| is_leaf)) {
            let removes = !field.ty.is_non_null() && (turn + second) % 2 == 0;
            masked.add(ty, &field.name, MaskedBy { mask: (turn + second) % MASKS, removes });
        }
    }
    masked
}

const PLAN_LIMITS: query_planner::Limits =
    query_planner::Limits { positions: 50_000, steps: 2_000_000 };

const ERRORS: ErrorPolicy = ErrorPolicy {
    messages: Exposure::Shown,
    subgraph_names: Exposure::Shown,
    extensions: AllowedExtensions::All,
};

impl<'s> Target<'s> {
    /// The plan of an operation, if there is one.
    pub(crate) fn new(supergraph: &'s Supergraph, operation: &GeneratedOperation) -> Option<Self> {
        let schema = supergraph.api_schema();
        let text = operation.text.as_str();
        let document = ExecutableDocument::parse_and_validate(schema, text, "operation.graphql");
        let read = Operation::read(supergraph, &document.ok()?, None).ok()?;
        let is_true = |name: &&str| operation.variables.get(*name) == Some(&Value::Bool(true));
        let on = read.guard_variables().into_iter().filter(is_true);
        let guards = Guards { variables: on.map(str::to_owned).collect(), ..Guards::default() };
        let plan =
            query_planner::plan(supergraph, &read, &guards, PLAN_LIMITS, Batching::Fewest).ok()?;
        let masked = masked(supergraph);
        let program = Program::compile_masked(&plan, supergraph, &masked);
        Some(Self { supergraph, plan, program, masked, variables: operation.variables.clone() })
    }

    /// One round: both executors get the same bodies.
    ///
    /// # Errors
    /// When they differ, or take for JSON what is none, or the other way round.
    pub(crate) fn throw(&self, chance: &mut Chance, counts: &mut Counts) -> Result<(), String> {
        counts.rounds += 1;
        let limits = limits(chance);
        let inputs = Inputs {
            plan: &self.plan,
            supergraph: self.supergraph,
            variables: &self.variables,
            introspection: &self.variables,
            limits: &limits,
            errors: &ERRORS,
            caller: execution::Caller::Known,
        };
        // In every other round nothing is hidden, as for most callers.
        let hiding = if chance.percent(50) { chance.below(1 << MASKS) } else { 0 };
        let hiding = Hiding(u32::try_from(hiding).unwrap_or(0));
        let mut plain = SimpleExecution::new(inputs).masked(&self.masked, &hiding);
        let mut fast = CompiledExecution::new(inputs, &self.program).masked(&hiding);
        let mut bodies: Vec<(FetchId, Vec<u8>)> = Vec::new();
        loop {
            let calls = plain.take_calls();
            let others = fast.take_calls();
            if describe(&calls) != describe(&others) {
                return Err(report(
                    "the requests differ",
                    &bodies,
                    &describe(&calls),
                    &describe(&others),
                ));
            }
            if calls.is_empty() {
                break;
            }
            for call in calls {
                let body = self.body(&call, chance);
                counts.bodies += 1;
                counts.bytes += body.len();
                bodies.push((call.fetch, body.clone()));
                let answer = Answer::Response(ResponseParts { status: 200, body: body.into() });
                plain.answer(call.id, answer.clone());
                fast.answer(call.id, answer);
            }
        }
        let (mut response, mut other) = (Vec::new(), Vec::new());
        let (summary, other_summary) = (plain.finish(&mut response), fast.finish(&mut other));
        if response != other {
            return Err(report("the responses differ", &bodies, &text(&response), &text(&other)));
        }
        let (counted, other) = (format!("{summary:#?}"), format!("{other_summary:#?}"));
        if counted != other {
            return Err(report("the summaries differ", &bodies, &counted, &other));
        }
        if serde_json::from_slice::<IgnoredAny>(&response).is_err() {
            return Err(report("the response is no JSON", &bodies, &text(&response), ""));
        }
        self.judge(&bodies, &summary, counts)
    }

    fn body(&self, call: &Call, chance: &mut Chance) -> Vec<u8> {
        let body = Inventor::answer(self.supergraph, &self.plan, call, chance);
        mutate::mutate(body.into_bytes(), chance)
    }

    /// Whether exactly those fetches were told to have no JSON whose body is none.
    fn judge(
        &self,
        bodies: &[(FetchId, Vec<u8>)],
        summary: &Summary,
        counts: &mut Counts,
    ) -> Result<(), String> {
        let mut n_calls: HashMap<FetchId, usize> = HashMap::new();
        for (fetch, _) in bodies {
            *n_calls.entry(*fetch).or_default() += 1;
        }
        for (fetch, body) in bodies {
            let Some(valid) = is_json(body) else { continue };
            counts.valid += u64::from(valid);
            let is_broken =
                |message: &str| message.contains("is not JSON") || message.contains("is not UTF-8");
            let refused = summary
                .log
                .iter()
                .any(|error| error.fetch == Some(*fetch) && is_broken(&error.message));
            let failed = summary.fetches[*fetch].outcome == FetchOutcome::Failed;
            if n_calls[fetch] == 1 && (valid && refused || !valid && !failed) {
                let what = if valid { "JSON was refused" } else { "no JSON was taken" };
                return Err(report(what, &[(*fetch, body.clone())], "", ""));
            }
        }
        Ok(())
    }
}

/// Narrow limits now and then.
fn limits(chance: &mut Chance) -> Limits {
    let narrow = chance.percent(10);
    Limits {
        max_error_paths: if narrow { 2 } else { 64 },
        max_errors: if narrow { 3 } else { 10_000 },
        max_answer_depth: if narrow { chance.between(2, 9) } else { 100 },
        max_list_length: if narrow { 3 } else { 100_000 },
        max_calls_per_fetch: 20,
        max_objects: if narrow { chance.between(1, 30) } else { 1_000_000 },
        max_response_bytes: if narrow { chance.between(10, 3_000) } else { 64 << 20 },
    }
}

/// Whether `serde_json` takes a body for JSON without lone surrogates; none when it cannot tell.
fn is_json(body: &[u8]) -> Option<bool> {
    if std::str::from_utf8(body).is_err() {
        return Some(false);
    }
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(body) {
        return (!error.to_string().contains("recursion limit")).then_some(false);
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(_) => Some(true),
        // A number that is too large for it is a number all the same; what follows is not looked at.
        Err(error) if error.to_string().contains("out of range") => None,
        Err(_) => Some(false),
    }
}

fn describe(calls: &[Call]) -> String {
    let mut out = String::new();
    for call in calls {
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{:?} {:?} {:?} {}",
            call.id,
            call.fetch,
            call.entities,
            text(&call.body.to_bytes())
        );
    }
    out
}

fn report(what: &str, bodies: &[(FetchId, Vec<u8>)], plain: &str, fast: &str) -> String {
    let mut out = format!("{what}\n");
    for (fetch, body) in bodies {
        let _ = writeln!(out, "{fetch:?}: {:?}", text(body));
    }
    let _ = write!(out, "one:\n{plain}\nthe fast one:\n{fast}");
    out
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
