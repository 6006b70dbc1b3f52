//! Gathers problems and reports, each with the way to where it arose.
//!
//! **In:** [`Segment`]s of the way. **Out:** [`Problem`]s and [`Report`]s, bounded.
//!
//! **Never here:** what is a problem (the evaluator).
//!
//! **Holds:** of equal problems at one place of the text one is kept, with its count.

use crate::problem::{Problem, ProblemKind};
use crate::syntax::Span;
use crate::value::Value;
use std::fmt::Write;

/// How bad a report is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// `->withWarning`: a line in the log.
    Warning,
    /// `->withError`: an entry in the extensions of the response.
    Error,
}

/// What `->withError` or `->withWarning` said.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// How bad it is.
    pub level: Level,
    /// Its message, of the mapping's author.
    pub message: String,
    /// Its extensions, if the author gave any: an object.
    pub extensions: Option<Value<'a>>,
    /// Where in the data, as a mapping would write it; `@` stands for an element of a list.
    pub path: String,
    /// Where in the text of the mapping.
    pub span: Span,
}

/// One step of the way from the inputs to a value.
#[derive(Clone, Copy)]
pub(super) enum Segment<'a> {
    /// The way goes on from where it was with so many segments.
    Back(usize),
    Key(&'a str),
    Element,
    Method(&'a str),
    Variable(&'a str),
    /// `$(…)`
    Expression,
}

/// Problems and reports so far.
pub(super) struct Log<'a> {
    pub(super) problems: Vec<Problem>,
    pub(super) n_more_problems: u64,
    pub(super) reports: Vec<Report<'a>>,
    pub(super) n_more_reports: u64,
    limit: usize,
}

impl<'a> Log<'a> {
    pub(super) fn new(limit: usize) -> Self {
        let (problems, reports) = (Vec::new(), Vec::new());
        Self { problems, n_more_problems: 0, reports, n_more_reports: 0, limit }
    }

    pub(super) fn problem(&mut self, kind: ProblemKind, span: Span, trail: &[Segment<'_>]) {
        let is_full = self.problems.len() >= self.limit;
        match self.problems.iter_mut().find(|it| it.span == span && it.kind == kind) {
            Some(known) => known.count += 1,
            None if is_full => self.n_more_problems += 1,
            None => {
                let path = path_of(trail);
                self.problems.push(Problem { kind, path, span, count: 1 });
            }
        }
    }

    /// Adds a problem that was found apart.
    pub(super) fn add(&mut self, problem: Problem) {
        let is_same = |it: &&mut Problem| it.span == problem.span && it.kind == problem.kind;
        let is_full = self.problems.len() >= self.limit;
        match self.problems.iter_mut().find(is_same) {
            Some(known) => known.count += problem.count,
            None if is_full => self.n_more_problems += problem.count,
            None => self.problems.push(problem),
        }
    }

    pub(super) fn report(&mut self, report: Report<'a>) {
        if self.reports.len() < self.limit {
            self.reports.push(report);
        } else {
            self.n_more_reports += 1;
        }
    }
}

/// The way as a mapping would write it.
pub(super) fn path_of(trail: &[Segment<'_>]) -> String {
    let mut parts: Vec<&[Segment<'_>]> = Vec::new();
    let mut rest = trail;
    loop {
        let back = rest.iter().rposition(|segment| matches!(segment, Segment::Back(_)));
        let Some(back) = back else {
            parts.push(rest);
            break;
        };
        parts.push(&rest[back + 1..]);
        // A way goes back to where it was before, so this ends.
        let Segment::Back(length) = rest[back] else { break };
        rest = &rest[..length.min(back)];
    }
    let mut path = String::new();
    for segment in parts.into_iter().rev().flatten() {
        let dot = if path.is_empty() { "" } else { "." };
        // Writing to a `String` cannot fail.
        let _ = match segment {
            Segment::Back(_) => Ok(()),
            Segment::Key(key) => write!(path, "{dot}{key}"),
            Segment::Element => write!(path, "{dot}@"),
            Segment::Method(name) => write!(path, "->{name}"),
            Segment::Variable(name) => write!(path, "{dot}${name}"),
            Segment::Expression => write!(path, "{dot}$(…)"),
        };
    }
    path
}
