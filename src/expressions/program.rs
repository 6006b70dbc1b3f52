//! Expressions that need an evaluation: run by the crate `cel`.
//!
//! **In:** a compiled tree and a [`Scope`]. **Out:** a text or a truth value, or [`Why`] there is none.
//!
//! **Never here:** the forms that need no evaluation (`condition`, `term`).
//!
//! **Holds:** a name's value is made when the evaluation comes to it, and borrows from the request. Each
//! round of a comprehension, and each value by its size, costs steps; when they are used up, the
//! evaluation fails, whatever it would have given. A panic of the crate is a failure.
//!
//! **Read first:** [`Program::truth`].

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt,
};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::{Context, ExecutionError, Value as CelValue};
use serde_json::{Map, Value};

use super::compile::{Compiled, ENVIRONMENT, reference};
use super::term::{Found, Term, joined, pairs};
use super::{Scope, Why};

/// What one evaluation may cost: rounds of comprehensions, and values of requests by size.
const MAX_STEPS: usize = 100_000;
/// Bytes of a text that count as one step.
const BYTES_A_STEP: usize = 64;
/// What comprehensions ask before each round.
const STEP: &str = "@step";

/// A compiled tree with its terms.
#[derive(Debug, PartialEq)]
pub(super) struct Program {
    expr: IdedExpr,
    terms: Vec<Term>,
}

impl Program {
    pub(super) fn of(compiled: Compiled) -> Self {
        Self { expr: compiled.expr, terms: compiled.terms }
    }

    /// The names that it uses.
    pub(super) fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Whether it is true.
    pub(super) fn truth(&self, scope: &Scope<'_>) -> Result<bool, Why> {
        self.run(scope, |value| match value.downcast_ref::<CelBool>() {
            Some(truth) => Ok(*truth.inner()),
            None => Err(Why::NotACondition { is: value.get_type().name().to_owned() }),
        })
    }

    /// As a text; none for a list, a map and null.
    pub(super) fn text(&self, scope: &Scope<'_>) -> Result<Option<String>, Why> {
        self.run(scope, |value| {
            Ok(if let Some(text) = value.downcast_ref::<CelString<'_>>() {
                Some(text.inner().to_owned())
            } else if let Some(number) = value.downcast_ref::<CelInt>() {
                Some(number.inner().to_string())
            } else if let Some(number) = value.downcast_ref::<CelUInt>() {
                Some(number.inner().to_string())
            } else if let Some(number) = value.downcast_ref::<CelDouble>() {
                Some(number.inner().to_string())
            } else {
                value.downcast_ref::<CelBool>().map(|truth| truth.inner().to_string())
            })
        })
    }

    fn run<T>(
        &self,
        scope: &Scope<'_>,
        read: impl FnOnce(&dyn Val) -> Result<T, Why>,
    ) -> Result<T, Why> {
        let names = Names {
            scope,
            terms: &self.terms,
            steps: AtomicUsize::new(0),
            absent: AtomicUsize::new(usize::MAX),
        };
        let evaluated = catch_unwind(AssertUnwindSafe(|| {
            let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
            context.set_variable_resolver(&names);
            let value = CelValue::resolve_val(&self.expr, &context);
            value.map(|value| read(value.as_ref()))
        }));
        // An answer that came about because the steps ran out is none.
        if names.steps.load(Relaxed) > MAX_STEPS {
            return Err(Why::TooManySteps { limit: MAX_STEPS });
        }
        match evaluated {
            Ok(Ok(value)) => value,
            Ok(Err(error)) => Err(self.why(&error, names.absent.load(Relaxed))),
            Err(_) => Err(Why::Failed { reason: "a bug in the evaluation".to_owned() }),
        }
    }

    /// Without the values: they are the request's, and this may be logged.
    fn why(&self, error: &ExecutionError, absent: usize) -> Why {
        if let (ExecutionError::UndeclaredReference(_), Some(term)) =
            (error, self.terms.get(absent))
        {
            return Why::Absent { name: term.to_string() };
        }
        let reason = match error {
            ExecutionError::NoSuchOverload(overload) => overload.to_string(),
            ExecutionError::NoSuchKey(_) => "a key is not there".to_owned(),
            ExecutionError::IndexOutOfBounds(_) => "an index is out of bounds".to_owned(),
            ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
                "a division by zero".to_owned()
            }
            ExecutionError::Overflow(..) => "a number is too large".to_owned(),
            ExecutionError::UnexpectedType { got, want } => format!("{got} in place of {want}"),
            ExecutionError::FunctionError { function, .. } => format!("`{function}` fails"),
            ExecutionError::ValuesNotComparable(..) => {
                "values of two kinds are compared".to_owned()
            }
            ExecutionError::InvalidArgumentCount { expected, actual } => {
                format!("a function takes {expected} arguments, not {actual}")
            }
            _ => "values do not fit its operators".to_owned(),
        };
        Why::Failed { reason }
    }
}

/// Lets a comprehension ask for a step before each round.
pub(super) fn meter(comprehension: &mut ComprehensionExpr) {
    // Where the condition of the loop is a constant, the crate appends in place as long as it stays one.
    if !matches!(comprehension.loop_cond.expr, Expr::Literal(_)) {
        return also_asking(&mut comprehension.loop_cond);
    }
    let Expr::Call(step) = &mut comprehension.loop_step.expr else {
        return also_asking(&mut comprehension.loop_cond);
    };
    match (step.func_name.as_str(), step.args.as_mut_slice()) {
        // `filter`, `exists_one`: the test of an item.
        (operators::CONDITIONAL, [test, ..]) => also_asking(test),
        // `map`: what becomes of an item.
        (operators::ADD, [_, IdedExpr { expr: Expr::List(items), .. }]) => {
            for item in &mut items.elements {
                let taken = std::mem::take(item);
                let null = IdedExpr { id: taken.id, expr: Expr::Literal(LiteralValue::Null) };
                *item = call(operators::CONDITIONAL, taken.id, |step| vec![step, taken, null]);
            }
        }
        _ => also_asking(&mut comprehension.loop_cond),
    }
}

fn also_asking(condition: &mut IdedExpr) {
    let taken = std::mem::take(condition);
    *condition = call(operators::LOGICAL_AND, taken.id, |step| vec![step, taken]);
}

fn call(operator: &str, id: u64, args: impl FnOnce(IdedExpr) -> Vec<IdedExpr>) -> IdedExpr {
    let step = IdedExpr { id, expr: Expr::Ident(STEP.to_owned()) };
    let call = CallExpr { func_name: operator.to_owned(), target: None, args: args(step) };
    IdedExpr { id, expr: Expr::Call(call) }
}

/// Answers the evaluation's questions for names.
struct Names<'a> {
    scope: &'a Scope<'a>,
    terms: &'a [Term],
    steps: AtomicUsize,
    /// The term that was asked for last and is absent.
    absent: AtomicUsize,
}

impl Names<'_> {
    /// Whether there are as many steps left.
    fn spend(&self, steps: usize) -> bool {
        self.steps.fetch_add(steps, Relaxed).saturating_add(steps) <= MAX_STEPS
    }
}

impl VariableResolver for Names<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        if variable == STEP {
            return Some(CowVal::owned(CelBool::from(self.spend(1))));
        }
        let (index, has) = reference(variable)?;
        let found = self.terms.get(index)?.find(self.scope);
        if has {
            return Some(CowVal::owned(CelBool::from(found.is_some())));
        }
        let Some(found) = found else {
            self.absent.store(index, Relaxed);
            return None;
        };
        let mut steps = 1;
        let value = value_of(found, &mut steps);
        self.spend(steps).then_some(CowVal::Owned(value))
    }
}

/// A value of a request as one of CEL, and how many steps it costs.
fn value_of<'v>(found: Found<'v>, steps: &mut usize) -> Box<dyn Val + 'v> {
    let mut text = |text: std::borrow::Cow<'v, str>| -> Box<dyn Val + 'v> {
        *steps += 1 + text.len() / BYTES_A_STEP;
        Box::new(CelString::from(text))
    };
    match found {
        Found::Text(found) => text(found),
        Found::Bool(value) => Box::new(CelBool::from(value)),
        Found::Number(number) => Box::new(CelInt::from(number)),
        Found::Texts(texts) => {
            let texts = texts.iter().map(|item| text((&**item).into())).collect::<Vec<_>>();
            Box::new(CelList::from(texts))
        }
        Found::Json(value) => json(value, steps),
        Found::Object(object) => json_object(object, steps),
        Found::Headers(headers) => {
            let values = headers.keys().filter_map(|name| {
                Some((CelMapKey::from(name.as_str()), text(joined(headers, name)?)))
            });
            Box::new(CelMap::from(values.collect::<HashMap<_, _>>()))
        }
        Found::Params(params) => {
            let entry = |(name, value): &'v (String, String)| {
                (CelMapKey::from(name.as_str()), text(value.as_str().into()))
            };
            Box::new(CelMap::from(params.iter().map(entry).collect::<HashMap<_, _>>()))
        }
        Found::Query(query) => {
            let mut values: HashMap<String, String> = HashMap::new();
            for (name, value) in pairs(query) {
                match values.get_mut(&*name) {
                    Some(known) => known.extend([",", &value]),
                    None => drop(values.insert(name.into_owned(), value.into_owned())),
                }
            }
            let entry =
                |(name, value): (String, String)| (CelMapKey::from(name), text(value.into()));
            Box::new(CelMap::from(values.into_iter().map(entry).collect::<HashMap<_, _>>()))
        }
    }
}

fn json<'v>(value: &'v Value, steps: &mut usize) -> Box<dyn Val + 'v> {
    *steps += 1;
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(value) => Box::new(CelBool::from(*value)),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Box::new(CelInt::from(number)),
            (None, Some(number)) => Box::new(CelUInt::from(number)),
            (None, None) => Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        },
        Value::String(text) => {
            *steps += text.len() / BYTES_A_STEP;
            Box::new(CelString::from(text.as_str()))
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| json(item, steps)).collect::<Vec<_>>();
            Box::new(CelList::from(items))
        }
        Value::Object(object) => json_object(object, steps),
    }
}

fn json_object<'v>(object: &'v Map<String, Value>, steps: &mut usize) -> Box<dyn Val + 'v> {
    let entries = object.iter();
    let entries = entries.map(|(name, value)| (CelMapKey::from(name.as_str()), json(value, steps)));
    Box::new(CelMap::from(entries.collect::<HashMap<_, _>>()))
}
