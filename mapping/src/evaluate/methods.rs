//! Calls a method: checks its arguments, then does what its name says.
//!
//! **In:** a value and a [`Call`]. **Out:** a value, or nothing and a problem.
//!
//! **Never here:** which methods there are and what they take (`methods` at the top), what their
//! results look like (`shape`).
//!
//! **Holds:** a method does not run on what is missing; it runs on null. Arguments are evaluated only
//! when they are needed; one that is missing makes the result missing, without another problem.
//!
//! **Read first:** [`Evaluator::call`].

mod lists;
mod logic;
mod numbers;
mod texts;
mod keys;
mod reports;

pub(crate) use logic::pair_of;

use super::log::Segment;
use super::scope::{Local, Scope};
use super::{Evaluator, Outcome};
use crate::limits::Exceeded;
use crate::methods::Method;
use crate::problem::ProblemKind;
use crate::syntax::{Call, Expression, ExpressionKind, Head, Span};
use crate::value::{Kind, Numbers, Value};
use crate::wanted::Wanted;

/// One call: of what, with which arguments, where.
#[derive(Clone, Copy)]
struct Site<'s, 'a> {
    method: Method,
    arguments: &'a [Expression],
    span: Span,
    /// Its `@` is the value that flows in.
    scope: &'s Scope<'s, 'a>,
    /// What of the result is wanted.
    wanted: &'s Wanted,
}

impl<'a> Evaluator<'a> {
    /// The result of a method, and the variable it binds for the rest of the path.
    pub(super) fn call(
        &mut self,
        call: &'a Call,
        input: &Value<'a>,
        scope: &Scope<'_, 'a>,
        span: Span,
        wanted: &Wanted,
    ) -> Result<(Option<Value<'a>>, Option<Local<'a>>), Exceeded> {
        self.charge(1)?;
        let Some(method) = call.method else {
            self.problem(ProblemKind::UnknownMethod { name: call.name.clone() }, span);
            return Ok((None, None));
        };
        let arguments = call.arguments();
        if !method.arity().allows(call.arguments.as_ref().map(Vec::len)) {
            let kind = ProblemKind::Arguments { method, found: arguments.len() };
            self.problem(kind, span);
            return Ok((None, None));
        }
        let site = Site { method, arguments, span, scope, wanted };
        if method == Method::As {
            return self.bind(site, input);
        }
        Ok((self.run(site, input)?, None))
    }

    fn run(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        match site.method {
            // Bound in `call`, where the variable can leave.
            Method::As => Ok(Some(input.clone())),
            Method::Echo => self.argument(site, 0),
            Method::Map => self.map(site, input),
            Method::Filter => self.filter(site, input),
            Method::Find => self.find(site, input),
            Method::First | Method::Last => self.first_or_last(site, input),
            Method::Slice => self.slice(site, input),
            Method::Get => self.get(site, input),
            Method::Size => self.size(site, input),
            Method::Entries => self.entries(site, input),
            Method::In | Method::Contains => self.in_list(site, input),
            Method::Match => self.match_cases(site, input),
            Method::Eq | Method::Ne => self.equal(site, input),
            Method::Gt | Method::Gte | Method::Lt | Method::Lte => self.ordered(site, input),
            Method::And | Method::Or => self.junction(site, input),
            Method::Not => self.not(site, input),
            Method::Add | Method::Sub | Method::Mul | Method::Div | Method::Mod => {
                self.calculate(site, input)
            }
            Method::ParseInt => self.parse_int(site, input),
            Method::ToString => self.text_of_scalar(site, input),
            Method::JoinNotNull => self.join_not_null(site, input),
            Method::JsonParse => self.json_parse(site, input),
            Method::JsonStringify => self.json_stringify(input),
            Method::Split => self.split(site, input),
            Method::Trim | Method::TrimStart | Method::TrimEnd => self.trim(site, input),
            Method::KeysToCamelCase | Method::KeysToCamelCaseDeep => self.camel_case(site, input),
            Method::WithError | Method::WithWarning => self.report(site, input),
        }
    }

    /// `->as($x)`: the value itself, under a name.
    fn bind(
        &mut self,
        site: Site<'_, 'a>,
        input: &Value<'a>,
    ) -> Result<(Option<Value<'a>>, Option<Local<'a>>), Exceeded> {
        let Some(name) = plain_variable(&site.arguments[0]) else {
            let found = input.kind();
            let (method, expected) = (site.method, "a variable: `$name`");
            self.problem(ProblemKind::Argument { method, index: 1, expected, found }, site.span);
            return Ok((None, None));
        };
        let value = match site.arguments.len() {
            1 => Some(input.clone()),
            _ => self.argument(site, 1)?,
        };
        Ok((Some(input.clone()), Some(Local { name, value })))
    }

    /// The value of an argument.
    fn argument(&mut self, site: Site<'_, 'a>, index: usize) -> Outcome<'a> {
        let wanted = if site.method == Method::Echo { site.wanted } else { &Wanted::All };
        let Some(argument) = site.arguments.get(index) else { return Ok(None) };
        self.expression(argument, site.scope, wanted)
    }

    /// The value of the first argument for one element.
    fn argument_for(
        &mut self,
        site: Site<'_, 'a>,
        element: &Value<'a>,
        wanted: &Wanted,
    ) -> Outcome<'a> {
        self.charge(1)?;
        self.trail.extend([Segment::Back(site.scope.at_trail), Segment::Element]);
        let length = self.trail.len();
        let scope = site.scope.with_at(element, length);
        let result = self.expression(&site.arguments[0], &scope, wanted)?;
        self.trail.truncate(length - 2);
        Ok(result)
    }

    /// The input is none that the method takes.
    fn wrong_input(
        &mut self,
        site: Site<'_, 'a>,
        input: &Value<'a>,
        expected: &'static str,
    ) -> Outcome<'a> {
        let kind = ProblemKind::Input { method: site.method, expected, found: input.kind() };
        self.problem(kind, site.span);
        Ok(None)
    }

    /// An argument is none that the method takes.
    fn wrong_argument(
        &mut self,
        site: Site<'_, 'a>,
        index: usize,
        argument: &Value<'a>,
        expected: &'static str,
    ) -> Outcome<'a> {
        let (method, found, index) = (site.method, argument.kind(), index + 1);
        let kind = match found {
            Kind::Number if expected != "a number" && expected.contains("number") => {
                ProblemKind::Range { method, index, expected }
            }
            _ => ProblemKind::Argument { method, index, expected, found },
        };
        self.problem(kind, site.span);
        Ok(None)
    }

    /// What stands in the way is the data, not their types.
    fn refuse(&mut self, site: Site<'_, 'a>, kind: ProblemKind) -> Outcome<'a> {
        self.problem(kind, site.span);
        Ok(None)
    }

    fn are_equal(
        &mut self,
        left: &Value<'a>,
        right: &Value<'a>,
        numbers: Numbers,
    ) -> Result<bool, Exceeded> {
        let limit = self.limits.steps;
        left.equals(right, numbers, &mut self.steps).ok_or(Exceeded::Steps { limit })
    }
}

fn plain_variable(argument: &Expression) -> Option<&str> {
    match &argument.kind {
        ExpressionKind::Path(path) if path.steps.is_empty() && path.braces.is_none() => {
            match &path.head {
                Head::Variable(name) => Some(name),
                _ => None,
            }
        }
        _ => None,
    }
}
