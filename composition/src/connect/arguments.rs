//! Reads the arguments of a directive by their types.
//!
//! **In:** an application in a subgraph, or its `args` in a supergraph. **Out:** texts, objects,
//! numbers; `GRAPH_QL_ERROR` where something else was written.
//!
//! **Never here:** what the texts say (`source`, `request`).
//!
//! **Holds:** `null` is as good as nothing.

use apollo_compiler::ast::{Directive, Value};
use apollo_compiler::{Name, Node};

use super::problem::{Place, Problem};
use crate::codes::ErrorCode;
use crate::source::Span;
use crate::words;

/// A directive, or an object inside one.
#[derive(Clone, Debug)]
pub(super) struct Arguments<'a> {
    entries: Vec<(&'a Name, &'a Node<Value>)>,
    pub(super) span: Span,
    /// For messages: `` `http` of `@connect` on `Query.reviews` ``.
    pub(super) what: String,
    coordinate: &'a str,
}

/// A string, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    pub(super) text: &'a str,
    pub(super) node: &'a Node<Value>,
}

impl<'a> Arguments<'a> {
    pub(super) fn of_directive(
        directive: &'a Node<Directive>,
        what: String,
        coordinate: &'a str,
    ) -> Self {
        let entries = directive.arguments.iter().map(|it| (&it.name, &it.value)).collect();
        Self { entries, span: directive.location(), what, coordinate }
    }

    pub(super) fn of_object(
        value: &'a Node<Value>,
        what: String,
        coordinate: &'a str,
    ) -> Option<Self> {
        let fields = value.as_object()?;
        let entries = fields.iter().map(|(name, value)| (name, value)).collect();
        Some(Self { entries, span: value.location(), what, coordinate })
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Node<Value>> {
        let (_, value) = self.entries.iter().find(|(own, _)| *own == name)?;
        (!value.is_null()).then_some(*value)
    }

    pub(super) fn place(&self) -> Place {
        Place::of(self.span)
    }

    pub(super) fn problem(&self, code: ErrorCode, place: Place, message: String) -> Problem {
        Problem::new(code, self.coordinate, place, message)
    }

    /// An item of a list of objects.
    pub(super) fn nested(
        &self,
        value: &'a Node<Value>,
        what: String,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let object = Self::of_object(value, what, self.coordinate);
        if object.is_none() {
            let message = format!("an item in {} is not an object", self.what);
            let code = ErrorCode::GraphQlError;
            problems.push(self.problem(code, Place::node(value), message).fix("write `{ … }`"));
        }
        object
    }

    fn wrong(&self, name: &str, value: &Node<Value>, is: &str, write: &str) -> Problem {
        let message = format!("`{name}` in {} is not {is}", self.what);
        Problem::new(ErrorCode::GraphQlError, self.coordinate, Place::node(value), message)
            .fix(format!("write {write}"))
    }

    pub(super) fn text(&self, name: &str, problems: &mut Vec<Problem>) -> Option<Text<'a>> {
        let value = self.get(name)?;
        match value.as_str() {
            Some(text) => Some(Text { text, node: value }),
            None => {
                problems.push(self.wrong(name, value, "a string", "it between quotes"));
                None
            }
        }
    }

    pub(super) fn object(&self, name: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let value = self.get(name)?;
        let what = format!("`{name}` of {}", self.what);
        let object = Self::of_object(value, what, self.coordinate);
        if object.is_none() {
            problems.push(self.wrong(name, value, "an object", "`{ … }`"));
        }
        object
    }

    pub(super) fn list(&self, name: &str, problems: &mut Vec<Problem>) -> &'a [Node<Value>] {
        match self.get(name) {
            None => &[],
            Some(value) => match value.as_ref() {
                Value::List(items) => items,
                // One item stands for a list of it.
                Value::Object(_) => std::slice::from_ref(value),
                _ => {
                    problems.push(self.wrong(name, value, "a list", "`[{ … }]`"));
                    &[]
                }
            },
        }
    }

    pub(super) fn flag(&self, name: &str, problems: &mut Vec<Problem>) -> Option<bool> {
        let value = self.get(name)?;
        if value.to_bool().is_none() {
            problems.push(self.wrong(name, value, "`true` or `false`", "one of these"));
        }
        value.to_bool()
    }

    pub(super) fn whole_number(&self, name: &str, problems: &mut Vec<Problem>) -> Option<usize> {
        let value = self.get(name)?;
        let number = value.to_i32().and_then(|number| usize::try_from(number).ok());
        if number.is_none_or(|number| number == 0) {
            problems.push(self.wrong(name, value, "a positive number", "1 or more"));
            return None;
        }
        number
    }

    /// Reports every name that is none of these.
    pub(super) fn only(&self, names: &[&str], problems: &mut Vec<Problem>) {
        for (name, value) in self.entries.iter().filter(|(name, _)| !names.contains(&name.as_str()))
        {
            let fix = match words::nearest(name, names.iter().copied()) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("it may have {}", words::list(names)),
            };
            let message = format!("{} has no `{name}`", self.what);
            let place = Place::of(name.location().or(value.location()));
            let problem = Problem::new(ErrorCode::GraphQlError, self.coordinate, place, message);
            problems.push(problem.fix(fix));
        }
    }
}
