//! Evaluates a mapping over its inputs.
//!
//! **In:** a [`Root`], [`Inputs`], what of the result is [`Wanted`], [`Limits`]. **Out:**
//! [`Evaluated`]: a value or nothing, problems, reports; or the limit that was [`Exceeded`].
//!
//! **Never here:** what a method does (`evaluate::methods`), types of a schema.
//!
//! **Holds:** evaluation never fails for what the data are: a value is there or missing, and why is
//! a problem. The stack is bounded by the depth of the text and of the inputs. What is not wanted is
//! not evaluated, unless null there would make the whole null.
//!
//! A braced selection over something that is no object gives what its items give without it
//! (variables, literals); only when that is nothing, the value itself stays. So `id: $args.id` works
//! over an empty response.
//!
//! **Read first:** [`evaluate`], then [`Evaluator::path`].

mod log;
mod scope;
mod items;
mod methods;

pub use log::{Level, Report};
pub(crate) use methods::pair_of;

use crate::inputs::Inputs;
use crate::json::Json;
use crate::limits::{Exceeded, Limits};
use crate::problem::{Problem, ProblemKind};
use crate::syntax::{Expression, ExpressionKind, Head, Operator, Path, Root, Span, Step, StepKind};
use crate::value::{Value, View};
use crate::variables::Variable;
use crate::wanted::Wanted;
use log::{Log, Segment};
use scope::{Local, Locals, Scope};

/// What evaluating a mapping gave.
#[derive(Clone, Debug)]
pub struct Evaluated<'a> {
    /// The result; `None`: it is missing.
    pub value: Option<Value<'a>>,
    /// What did not go as the mapping expected.
    pub problems: Vec<Problem>,
    /// Problems beyond the limit.
    pub n_more_problems: u64,
    /// What `->withError` and `->withWarning` said.
    pub reports: Vec<Report<'a>>,
    /// Reports beyond the limit.
    pub n_more_reports: u64,
}

/// `$` where there is no response.
static NOTHING: Json<'static> = Json::Object(Vec::new());

/// A value, or nothing.
type Outcome<'a> = Result<Option<Value<'a>>, Exceeded>;

/// Evaluates a whole mapping.
pub(crate) fn evaluate<'a>(
    root: &'a Root,
    inputs: &Inputs<'a>,
    wanted: &Wanted,
    limits: Limits,
) -> Result<Evaluated<'a>, Exceeded> {
    let mut evaluator = Evaluator {
        inputs: *inputs,
        limits,
        steps: limits.steps,
        text: limits.size,
        log: Log::new(limits.problems),
        trail: Vec::new(),
    };
    let body = Value::of(inputs.body.unwrap_or(&NOTHING));
    let scope = Scope::at_top(&body);
    let value = match root {
        Root::List(items) => evaluator.braces(items, &body, &scope, wanted)?,
        Root::Value(Expression { kind: ExpressionKind::Object(items), .. }) => {
            evaluator.braces(items, &body, &scope, wanted)?
        }
        Root::Value(value) => evaluator.expression(value, &scope, wanted)?,
    };
    if value.as_ref().is_some_and(|value| value.measure(limits.size).is_none()) {
        return Err(Exceeded::Size { limit: limits.size });
    }
    let Log { problems, n_more_problems, reports, n_more_reports, .. } = evaluator.log;
    Ok(Evaluated { value, problems, n_more_problems, reports, n_more_reports })
}

/// A mapping while it is evaluated.
struct Evaluator<'a> {
    inputs: Inputs<'a>,
    limits: Limits,
    /// Steps that are left.
    steps: u64,
    /// Bytes of texts that may still be made.
    text: u64,
    log: Log<'a>,
    /// The way from the inputs to where we are.
    trail: Vec<Segment<'a>>,
}

impl<'a> Evaluator<'a> {
    fn expression(
        &mut self,
        value: &'a Expression,
        scope: &Scope<'_, 'a>,
        wanted: &Wanted,
    ) -> Outcome<'a> {
        self.charge(1)?;
        Ok(Some(match &value.kind {
            ExpressionKind::Null => Value::NULL,
            ExpressionKind::Boolean(value) => Value::boolean(*value),
            ExpressionKind::Number(number) => Value::number(number.clone()),
            ExpressionKind::String(text) => Value::string(&**text),
            ExpressionKind::Array(elements) => {
                let mut list = Vec::with_capacity(elements.len());
                for element in elements {
                    list.push(self.expression(element, scope, wanted)?.unwrap_or(Value::NULL));
                }
                self.array(list)?
            }
            ExpressionKind::Object(items) => return self.object_of(items, scope, wanted),
            ExpressionKind::Chain(operator, operands) => {
                return self.chain(*operator, operands, scope, wanted);
            }
            ExpressionKind::Path(path) => {
                let start = self.trail.len();
                let result = self.path(path, scope, wanted)?;
                self.trail.truncate(start);
                return Ok(result);
            }
        }))
    }

    /// The first operand that counts. Problems of operands before it are nobody's concern.
    fn chain(
        &mut self,
        operator: Operator,
        operands: &'a [Expression],
        scope: &Scope<'_, 'a>,
        wanted: &Wanted,
    ) -> Outcome<'a> {
        let mut last = None;
        let mut skipped: Vec<Vec<Problem>> = Vec::new();
        for operand in operands {
            let before = std::mem::take(&mut self.log.problems);
            last = self.expression(operand, scope, wanted)?;
            let own = std::mem::replace(&mut self.log.problems, before);
            let counts = match operator {
                Operator::NotNull => last.as_ref().is_some_and(|value| !value.is_null()),
                Operator::NotMissing => last.is_some(),
            };
            if counts {
                skipped.clear();
            }
            if !own.is_empty() {
                skipped.push(own);
            }
            if counts {
                break;
            }
        }
        for problem in skipped.into_iter().flatten() {
            self.log.add(problem);
        }
        Ok(last)
    }

    /// Walks a path. What it pushes on the trail stays there for the caller to cut.
    fn path(&mut self, path: &'a Path, scope: &Scope<'_, 'a>, wanted: &Wanted) -> Outcome<'a> {
        let is_silent = path.steps.first().is_some_and(|step| step.kind.is_question());
        let Some(mut value) = self.head(path, scope, is_silent)? else { return Ok(None) };
        // Most paths end here: a key, maybe with braces.
        if path.steps.is_empty() {
            return match &path.braces {
                Some(items) => self.braces(items, &value, scope, wanted),
                None => Ok(Some(value)),
            };
        }
        let mut scope = scope.clone();
        for (i, Step { kind, span }) in path.steps.iter().enumerate() {
            let behind = path.steps.get(i + 1).map(|step| &step.kind);
            let next = match kind {
                StepKind::Question => (!value.is_null()).then_some(value),
                StepKind::Key(key) => {
                    let is_silent = behind.is_some_and(StepKind::is_question);
                    self.property(&value, key, *span, is_silent)?
                }
                StepKind::Call(call) => {
                    let is_last = behind.is_none() && path.braces.is_none();
                    let wanted = if is_last { wanted } else { &Wanted::All };
                    let (result, bound) = {
                        let inner = scope.with_at(&value, self.trail.len());
                        self.call(call, &value, &inner, *span, wanted)?
                    };
                    self.trail.push(Segment::Method(&call.name));
                    if let Some(local) = bound {
                        self.charge(1 + scope.locals.len() as u64)?;
                        scope.locals = scope.locals.with(local);
                    }
                    result
                }
            };
            match next {
                Some(next) => value = next,
                None => return Ok(None),
            }
        }
        match &path.braces {
            Some(items) => self.braces(items, &value, &scope, wanted),
            None => Ok(Some(value)),
        }
    }

    fn head(&mut self, path: &'a Path, scope: &Scope<'_, 'a>, is_silent: bool) -> Outcome<'a> {
        Ok(match &path.head {
            Head::Dollar => {
                self.trail.push(Segment::Back(scope.dollar_trail));
                Some(scope.dollar.clone())
            }
            Head::At => {
                self.trail.push(Segment::Back(scope.at_trail));
                Some(scope.at.clone())
            }
            Head::Key(key) => {
                self.trail.push(Segment::Back(scope.dollar_trail));
                return self.property(scope.dollar, key, path.head_span, is_silent);
            }
            Head::Variable(name) => {
                self.trail.extend([Segment::Back(0), Segment::Variable(name)]);
                return Ok(self.variable(name, path.head_span, &scope.locals));
            }
            Head::Parentheses(inner) | Head::Literal(inner) => {
                let value = self.expression(inner, scope, &Wanted::All)?;
                self.trail.extend([Segment::Back(0), Segment::Expression]);
                value
            }
        })
    }

    fn variable(&mut self, name: &'a str, span: Span, locals: &Locals<'a>) -> Option<Value<'a>> {
        if let Some(Local { value, .. }) = locals.get(name) {
            return value.clone();
        }
        let Some(variable) = Variable::of_name(name) else {
            self.problem(ProblemKind::UnknownVariable { name: name.into() }, span);
            return None;
        };
        let value = self.inputs.get(variable).map(Value::of);
        if value.is_none() {
            self.problem(ProblemKind::UnavailableVariable { name: name.into() }, span);
        }
        value
    }

    /// A member of an object, or of each element of a list.
    fn property(
        &mut self,
        value: &Value<'a>,
        key: &'a str,
        span: Span,
        is_silent: bool,
    ) -> Outcome<'a> {
        let before = self.trail.len();
        let found = self.property_of(value, key, span, is_silent)?;
        self.trail.truncate(before);
        self.trail.push(Segment::Key(key));
        Ok(found)
    }

    fn property_of(
        &mut self,
        value: &Value<'a>,
        key: &'a str,
        span: Span,
        is_silent: bool,
    ) -> Outcome<'a> {
        self.charge(1)?;
        let why = match value.view() {
            View::Object(fields) => {
                self.charge(fields.len() as u64 / 16)?;
                match fields.get(key) {
                    Some(found) => return Ok(Some(found)),
                    None if is_silent => return Ok(None),
                    None => ProblemKind::NoProperty { key: key.into() },
                }
            }
            View::Array(elements) => {
                let mut list = Vec::with_capacity(elements.len());
                self.trail.push(Segment::Element);
                for element in elements.iter() {
                    let found = self.property_of(&element, key, span, is_silent)?;
                    list.push(found.unwrap_or(Value::NULL));
                }
                self.trail.pop();
                return self.array(list).map(Some);
            }
            _ => ProblemKind::NoObject { key: key.into(), found: value.kind() },
        };
        self.trail.push(Segment::Key(key));
        self.problem(why, span);
        self.trail.pop();
        Ok(None)
    }

    fn problem(&mut self, kind: ProblemKind, span: Span) {
        self.log.problem(kind, span, &self.trail);
    }

    fn charge(&mut self, n_steps: u64) -> Result<(), Exceeded> {
        let limit = self.limits.steps;
        self.steps = self.steps.checked_sub(n_steps).ok_or(Exceeded::Steps { limit })?;
        Ok(())
    }

    /// Pays for a text that is about to be made.
    fn charge_text(&mut self, n_bytes: usize) -> Result<(), Exceeded> {
        let limit = self.limits.size;
        self.text = self.text.checked_sub(n_bytes as u64).ok_or(Exceeded::Size { limit })?;
        Ok(())
    }

    fn array(&mut self, list: Vec<Value<'a>>) -> Result<Value<'a>, Exceeded> {
        self.charge(list.len() as u64)?;
        Value::array(list).ok_or(Exceeded::Depth)
    }
}
