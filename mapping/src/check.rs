//! Checks a mapping before there are data: what it reads, what it gives, what cannot work.
//!
//! **In:** a [`Root`], and what is [`Given`]: its place and the shapes of the variables.
//! **Out:** [`Checked`].
//!
//! **Never here:** whether the result fits a type of the schema (composition); values.
//!
//! **Holds:** what is unknown is never wrong. Of a value that may be several things one that works is
//! enough. After a finding the value is unknown, so that one mistake is found once.
//!
//! **Read first:** [`check`], then [`Checker::path`].

mod finding;
mod reads;
mod items;
mod properties;
mod methods;

pub use finding::{Finding, FindingKind};
pub use reads::{Key, Read, Source};

use crate::shape::{ListShape, Shape};
use crate::syntax::{Expression, ExpressionKind, Head, Operator, Path, Root, Span, StepKind};
use crate::variables::{Place, Variable};
use crate::wanted::Wanted;
use reads::Origin;
use std::rc::Rc;

/// Expressions that are looked at, some of them more than once, before the rest is taken as unknown.
const MAX_STEPS: u32 = 200_000;

/// What is known before a mapping is checked.
#[derive(Clone, Debug)]
pub struct Given {
    /// Where the mapping stands.
    pub place: Place,
    /// `$`: the body of the response.
    pub body: Shape,
    variables: [Shape; Variable::ALL.len()],
}

impl Given {
    /// What is known anywhere: headers are lists of strings, the status is a whole number, the
    /// environment holds strings.
    pub fn at(place: Place) -> Self {
        let headers = || Shape::dictionary(Shape::list(Shape::String(None)));
        let given = Self { place, body: Shape::Unknown, variables: Default::default() };
        given
            .with(Variable::Request, Shape::object([("headers", headers())]))
            .with(Variable::Response, Shape::object([("headers", headers())]))
            .with(Variable::Status, Shape::Integer(None))
            .with(Variable::Env, Shape::dictionary(Shape::String(None)))
    }

    /// The same with the shape of a variable.
    #[must_use]
    pub fn with(mut self, variable: Variable, shape: Shape) -> Self {
        self.variables[variable as usize] = shape;
        self
    }
}

/// What a mapping reads and gives, and what cannot work in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// What it gives. The members of its objects know their places in the text.
    pub output: Shape,
    /// What it reads, each place in the text once.
    pub reads: Vec<Read>,
    /// What cannot work, in the order of the text.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// What is read within a part of the text, as that of a member's value.
    pub fn reads_within(&self, span: Span) -> impl Iterator<Item = &Read> {
        self.reads.iter().filter(move |read| span.contains(read.span))
    }

    /// The part of the response that is read.
    pub(crate) fn body_read(&self) -> Wanted {
        let of_body = self.reads.iter().filter(|read| read.source == Source::Body);
        reads::together(&of_body.map(|read| read.path.as_slice()).collect::<Vec<_>>())
    }
}

/// Checks a whole mapping.
pub(crate) fn check(root: &Root, given: &Given, wanted: &Wanted) -> Checked {
    let mut checker = Checker { given, reads: Vec::new(), findings: Vec::new(), steps: MAX_STEPS };
    let body = Known {
        shape: given.body.clone(),
        origin: Some(Rc::new(Origin { source: Source::Body, keys: Vec::new() })),
    };
    let scope = Scope { dollar: &body, at: &body, locals: Vec::new(), wanted };
    let output = match root {
        Root::List(items) => checker.braces(items, &body, &scope),
        Root::Value(Expression { kind: ExpressionKind::Object(items), .. }) => {
            checker.braces(items, &body, &scope)
        }
        Root::Value(value) => {
            let known = checker.expression(value, &scope);
            checker.consume(known, value.span)
        }
    };
    let Checker { mut reads, mut findings, .. } = checker;
    reads.sort_by_key(|read| (read.span.start, read.span.end));
    reads.dedup();
    findings.sort_by_key(|finding| (finding.span.start, finding.span.end));
    findings.dedup();
    Checked { output, reads, findings }
}

/// What is known of a value, and where it comes from if that is one place of the inputs.
#[derive(Clone)]
struct Known {
    shape: Shape,
    origin: Option<Rc<Origin>>,
}

impl Known {
    fn of(shape: Shape) -> Self {
        Self { shape, origin: None }
    }
}

/// What the signs and local variables mean.
#[derive(Clone)]
struct Scope<'s, 'm> {
    dollar: &'s Known,
    at: &'s Known,
    locals: Vec<(&'m str, Known)>,
    /// What of the result anyone will read.
    wanted: &'s Wanted,
}

impl Scope<'_, '_> {
    /// The same where all of the result is wanted.
    fn whole(&self) -> Self {
        Self { wanted: &Wanted::All, ..self.clone() }
    }
}

/// A mapping while it is checked.
struct Checker<'g> {
    given: &'g Given,
    reads: Vec<Read>,
    findings: Vec<Finding>,
    /// What is left of [`MAX_STEPS`].
    steps: u32,
}

impl<'g> Checker<'g> {
    fn expression<'m>(&mut self, value: &'m Expression, scope: &Scope<'_, 'm>) -> Known {
        self.steps = self.steps.saturating_sub(1);
        if self.steps == 0 {
            return Known::of(Shape::Unknown);
        }
        let shape = match &value.kind {
            ExpressionKind::Null => Shape::Null,
            ExpressionKind::Boolean(value) => Shape::Boolean(Some(*value)),
            ExpressionKind::Number(number) => match number.as_i64() {
                Some(whole) => Shape::Integer(Some(whole)),
                None if number.is_u64() => Shape::Integer(None),
                None => Shape::Float,
            },
            ExpressionKind::String(text) => Shape::String(Some(text.clone())),
            ExpressionKind::Array(elements) => {
                let prefix = elements.iter().map(|it| {
                    let known = self.expression(it, scope);
                    null_for_missing(self.consume(known, it.span))
                });
                let prefix = prefix.collect();
                Shape::Array(Box::new(ListShape { prefix, rest: Shape::Missing }))
            }
            ExpressionKind::Object(items) => self.object(items, scope),
            ExpressionKind::Chain(operator, operands) => self.chain(*operator, operands, scope),
            ExpressionKind::Path(path) => return self.path(path, scope),
        };
        Known::of(shape.bounded())
    }

    fn chain<'m>(
        &mut self,
        operator: Operator,
        operands: &'m [Expression],
        scope: &Scope<'_, 'm>,
    ) -> Shape {
        let n_operands = operands.len();
        let mut branches = Vec::new();
        for (i, operand) in operands.iter().enumerate() {
            let known = self.expression(operand, scope);
            let shape = self.consume(known, operand.span);
            let is_last = i + 1 == n_operands;
            branches.extend(
                shape
                    .branches()
                    .iter()
                    .filter(|branch| match branch {
                        Shape::Missing => is_last,
                        Shape::Null => is_last || operator == Operator::NotMissing,
                        _ => true,
                    })
                    .cloned(),
            );
        }
        Shape::one_of(branches)
    }

    fn path<'m>(&mut self, path: &'m Path, scope: &Scope<'_, 'm>) -> Known {
        let mut scope = scope.clone();
        let mut value = self.head(path, &scope);
        let mut span = path.head_span;
        for (i, step) in path.steps.iter().enumerate() {
            span.end = step.span.end;
            value = match &step.kind {
                StepKind::Question => Known {
                    shape: Shape::one_of(value.shape.branches().iter().map(|branch| {
                        if *branch == Shape::Null { Shape::Missing } else { branch.clone() }
                    })),
                    origin: value.origin,
                },
                StepKind::Key(key) => self.property(&value, key, step.span),
                StepKind::Call(call) => {
                    let is_last = i + 1 == path.steps.len() && path.braces.is_none();
                    let inner = if is_last { scope.clone() } else { scope.whole() };
                    let (result, bound) = self.call(call, value, &inner, step.span, span);
                    scope.locals.extend(bound);
                    result
                }
            };
        }
        match &path.braces {
            Some(items) => {
                let n_reads = self.reads.len();
                let made = self.braces(items, &value, &scope).bounded();
                // Whether it is there matters, even if nothing is taken from it.
                self.consume_unless_read(&value, n_reads, span);
                Known::of(made)
            }
            None => value,
        }
    }

    fn head<'m>(&mut self, path: &'m Path, scope: &Scope<'_, 'm>) -> Known {
        match &path.head {
            Head::Dollar => scope.dollar.clone(),
            Head::At => scope.at.clone(),
            Head::Key(key) => self.property(scope.dollar, key, path.head_span),
            Head::Variable(name) => self.variable(name, path.head_span, scope),
            Head::Parentheses(inner) | Head::Literal(inner) => {
                self.expression(inner, &scope.whole())
            }
        }
    }

    fn variable(&mut self, name: &str, span: Span, scope: &Scope<'_, '_>) -> Known {
        if let Some((_, known)) = scope.locals.iter().rev().find(|(local, _)| *local == name) {
            return known.clone();
        }
        let Some(variable) = Variable::of_name(name) else {
            self.find(span, FindingKind::UnknownVariable { name: name.into() });
            return Known::of(Shape::Unknown);
        };
        if !self.given.place.allows(variable) {
            self.find(span, FindingKind::VariableOutOfPlace { variable, place: self.given.place });
        }
        let shape = self.given.variables[variable as usize].clone();
        let source = Source::Variable(variable);
        Known { shape, origin: Some(Rc::new(Origin { source, keys: Vec::new() })) }
    }

    fn find(&mut self, span: Span, kind: FindingKind) {
        self.findings.push(Finding { span, kind });
    }
}

/// In a list, what is missing becomes null.
fn null_for_missing(shape: Shape) -> Shape {
    let null = |branch: &Shape| match branch {
        Shape::Missing => Shape::Null,
        other => other.clone(),
    };
    Shape::one_of(shape.branches().iter().map(null))
}
