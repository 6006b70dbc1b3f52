//! Conditions: what a part of the requests has in common.
//!
//! **In:** the text of a condition and its [`Phase`]; later a [`Scope`]. **Out:** whether it holds, or
//! [`Why`] that cannot be decided.
//!
//! **Never here:** reading the text (`compile`), what needs an evaluation (`program`).
//!
//! **Holds:** as in CEL, `&&` and `||` forgive a failing side when the other side decides. A condition
//! that fails as a whole, say because it compares a header that is absent, does not hold. The forms here
//! mean what CEL means by them: a test runs both ways and compares.
//!
//! **Read first:** [`Condition::compile`], [`Condition::decide`].

use std::borrow::Cow;
use std::sync::Arc;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};
use regex::Regex;
use serde_json::Value;

use super::compile::{self, Compiled};
use super::error::Place;
use super::names::{Kind, Name};
use super::program::Program;
use super::term::{Found, Term, text_of};
use super::{ExpressionError, ExpressionErrorKind, Phase, Read, Scope, Why};

/// A compiled condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    text: Arc<str>,
    terms: Arc<[Term]>,
    test: Test,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Constant(bool),
    Has(Term),
    /// A term that is true or false by itself.
    Is(Term),
    In(Vec<Term>, Vec<Vec<Term>>),
    /// Among the scopes or the roles.
    Among(Vec<Term>, Name),
    Compare(Vec<Term>, Relation, Vec<Term>),
    Matches(Vec<Term>, Pattern),
    /// A term of any kind, and a text.
    Equal(Term, Vec<Term>),
    Not(Box<Test>),
    All(Box<Test>, Box<Test>),
    Any(Box<Test>, Box<Test>),
    Program(Arc<Program>),
}

/// A pattern, compiled once.
#[derive(Debug, Clone)]
struct Pattern(Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Equal,
    StartsWith,
    EndsWith,
    Contains,
}

impl Condition {
    /// Reads a condition for a phase.
    ///
    /// # Errors
    /// When the text is not of the language, names what its phase does not have, or gives something
    /// else than true or false.
    pub fn compile(text: &str, phase: Phase) -> Result<Self, ExpressionError> {
        let compiled = compile::compile(text, phase)?;
        if !matches!(compiled.kind(), Kind::Bool | Kind::Unknown) {
            let kind = ExpressionErrorKind::NotACondition { is: compiled.kind().name() };
            return Err(ExpressionError::of(text, Place::START, kind));
        }
        let (terms, text) = (compiled.terms.clone().into(), text.trim().into());
        let test = match test(&compiled.expr, &compiled) {
            Some(test) => test,
            None => Test::Program(Arc::new(Program::of(compiled))),
        };
        Ok(Self { text, terms, test })
    }

    /// Whether it holds. What cannot be decided does not.
    pub fn holds(&self, scope: &Scope<'_>) -> bool {
        self.decide(scope) == Ok(true)
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// When it cannot be decided: it names what is absent, or cannot be evaluated.
    pub fn decide(&self, scope: &Scope<'_>) -> Result<bool, Why> {
        self.test.decide(scope)
    }

    /// As it was written, for the log.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All that it depends on.
    pub fn reads(&self) -> impl Iterator<Item = Read<'_>> {
        self.terms.iter().filter_map(Term::read)
    }

    /// The scopes without which it cannot hold, as far as they are written out.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        let mut tests = vec![&self.test];
        std::iter::from_fn(move || {
            while let Some(test) = tests.pop() {
                match test {
                    Test::All(left, right) => tests.extend([&**right, &**left]),
                    Test::Among(item, Name::Scopes) => {
                        if let [Term::Text(scope)] = item.as_slice() {
                            return Some(scope.as_str());
                        }
                    }
                    _ => {}
                }
            }
            None
        })
    }

    /// The same, by the crate alone.
    #[cfg(test)]
    pub(super) fn evaluated(text: &str, phase: Phase) -> Self {
        let compiled = compile::compile(text, phase).unwrap();
        let terms = compiled.terms.clone().into();
        let test = Test::Program(Arc::new(Program::of(compiled)));
        Self { text: text.into(), terms, test }
    }

    /// Whether no evaluation is needed.
    #[cfg(test)]
    pub(super) fn is_simple(&self) -> bool {
        !matches!(self.test, Test::Program(_))
    }
}

/// The terms of a whole expression, if it is nothing but texts joined by `+`.
pub(super) fn sum(compiled: &Compiled) -> Option<Vec<Term>> {
    match &compiled.expr.expr {
        // One name may be a number or a claim: it has a text all the same.
        Expr::Ident(name) => match compiled.term(name)? {
            reference if reference.has => None,
            reference => match reference.term.kind() {
                Kind::List | Kind::Map => None,
                _ => Some(vec![reference.term.clone()]),
            },
        },
        _ => texts(&compiled.expr, compiled),
    }
}

/// The terms of a sum of texts.
fn texts(expr: &IdedExpr, compiled: &Compiled) -> Option<Vec<Term>> {
    match &expr.expr {
        Expr::Literal(LiteralValue::String(text)) => {
            Some(vec![Term::Text(text.inner().to_owned())])
        }
        Expr::Ident(name) => {
            let found = compiled.term(name)?;
            (!found.has && found.term.kind() == Kind::Text).then(|| vec![found.term.clone()])
        }
        Expr::Call(CallExpr { func_name, target: None, args }) if func_name == operators::ADD => {
            let [left, right] = args.as_slice() else { return None };
            let mut terms = texts(left, compiled)?;
            terms.extend(texts(right, compiled)?);
            Some(terms)
        }
        _ => None,
    }
}

/// A condition in a form that needs no evaluation, if it has one.
fn test(expr: &IdedExpr, compiled: &Compiled) -> Option<Test> {
    let call = match &expr.expr {
        Expr::Literal(LiteralValue::Boolean(value)) => return Some(Test::Constant(*value.inner())),
        Expr::Ident(name) => {
            let found = compiled.term(name)?;
            let term = found.term.clone();
            return match (found.has, term.kind()) {
                (true, _) => Some(Test::Has(term)),
                (false, Kind::Bool) => Some(Test::Is(term)),
                (false, _) => None,
            };
        }
        Expr::Call(call) => call,
        _ => return None,
    };
    let both = |make: fn(Box<Test>, Box<Test>) -> Test| match call.args.as_slice() {
        [left, right] => {
            Some(make(Box::new(test(left, compiled)?), Box::new(test(right, compiled)?)))
        }
        _ => None,
    };
    let asked = |relation| match (&call.target, call.args.as_slice()) {
        (Some(of), [text]) => {
            Some(Test::Compare(texts(of, compiled)?, relation, texts(text, compiled)?))
        }
        _ => None,
    };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_AND, _) => both(Test::All),
        (operators::LOGICAL_OR, _) => both(Test::Any),
        (operators::LOGICAL_NOT, [of]) => Some(Test::Not(Box::new(test(of, compiled)?))),
        (operators::EQUALS, [left, right]) => equal(left, right, compiled),
        (operators::NOT_EQUALS, [left, right]) => {
            Some(Test::Not(Box::new(equal(left, right, compiled)?)))
        }
        (operators::IN, [item, list]) => among(item, list, compiled),
        ("startsWith", _) => asked(Relation::StartsWith),
        ("endsWith", _) => asked(Relation::EndsWith),
        ("contains", _) => asked(Relation::Contains),
        ("matches", [of, pattern]) if call.target.is_none() => matches(of, pattern, compiled),
        ("matches", [pattern]) => matches(call.target.as_ref()?, pattern, compiled),
        _ => None,
    }
}

fn equal(left: &IdedExpr, right: &IdedExpr, compiled: &Compiled) -> Option<Test> {
    match (texts(left, compiled), texts(right, compiled)) {
        (Some(left), Some(right)) => Some(Test::Compare(left, Relation::Equal, right)),
        (Some(text), None) => Some(Test::Equal(entry(right, compiled)?, text)),
        (None, Some(text)) => Some(Test::Equal(entry(left, compiled)?, text)),
        (None, None) => None,
    }
}

fn matches(of: &IdedExpr, pattern: &IdedExpr, compiled: &Compiled) -> Option<Test> {
    let pattern = compile::pattern(compile::text(&pattern.expr)?)?;
    Some(Test::Matches(texts(of, compiled)?, Pattern(pattern)))
}

/// A claim or an argument: its kind is the request's.
fn entry(expr: &IdedExpr, compiled: &Compiled) -> Option<Term> {
    let Expr::Ident(name) = &expr.expr else { return None };
    let found = compiled.term(name)?;
    let is_entry = !found.has && matches!(found.term, Term::Entry(..));
    is_entry.then(|| found.term.clone())
}

fn among(item: &IdedExpr, list: &IdedExpr, compiled: &Compiled) -> Option<Test> {
    let item = texts(item, compiled)?;
    match &list.expr {
        Expr::Ident(name) => match compiled.term(name)?.term {
            Term::Name(name @ (Name::Scopes | Name::Roles)) => Some(Test::Among(item, *name)),
            _ => None,
        },
        Expr::List(list) if list.optional_indices.is_empty() => {
            let items = list.elements.iter().map(|item| texts(item, compiled));
            Some(Test::In(item, items.collect::<Option<_>>()?))
        }
        _ => None,
    }
}

impl Test {
    fn decide(&self, scope: &Scope<'_>) -> Result<bool, Why> {
        match self {
            Self::Constant(value) => Ok(*value),
            Self::Has(term) => Ok(term.find(scope).is_some()),
            Self::Is(term) => match term.find(scope) {
                Some(Found::Bool(value)) => Ok(value),
                _ => Err(absent(term)),
            },
            Self::Among(item, list) => {
                let item = get(item, scope)?;
                let held = match list {
                    Name::Roles => &scope.consumer.roles,
                    _ => &scope.consumer.scopes,
                };
                Ok(held.iter().any(|held| **held == *item))
            }
            Self::In(text, items) => {
                let text = get(text, scope)?;
                let mut found = false;
                for item in items {
                    found |= get(item, scope)? == text;
                }
                Ok(found)
            }
            Self::Compare(left, relation, right) => {
                Ok(relation.holds(&get(left, scope)?, &get(right, scope)?))
            }
            Self::Matches(text, pattern) => Ok(pattern.0.is_match(&get(text, scope)?)),
            Self::Equal(term, text) => {
                let text = get(text, scope)?;
                match term.find(scope) {
                    Some(Found::Json(Value::String(found))) => Ok(*found == *text),
                    Some(_) => Ok(false),
                    None => Err(absent(term)),
                }
            }
            Self::Not(test) => test.decide(scope).map(|value| !value),
            Self::All(left, right) => decided_by(left, right, scope, false),
            Self::Any(left, right) => decided_by(left, right, scope, true),
            Self::Program(program) => program.truth(scope),
        }
    }
}

/// One side with this value decides; without one, a side that fails makes the whole fail.
fn decided_by(left: &Test, right: &Test, scope: &Scope<'_>, decisive: bool) -> Result<bool, Why> {
    let left = left.decide(scope);
    if left == Ok(decisive) {
        return left;
    }
    match right.decide(scope) {
        Ok(found) if found == decisive => Ok(decisive),
        Ok(_) => left,
        Err(why) => Err(left.err().unwrap_or(why)),
    }
}

fn get<'a>(terms: &'a [Term], scope: &Scope<'a>) -> Result<Cow<'a, str>, Why> {
    text_of(terms, scope).ok_or_else(|| {
        let missing = terms.iter().find(|term| term.find(scope).is_none());
        missing.map_or(Why::Failed { reason: "it is no text".to_owned() }, absent)
    })
}

fn absent(term: &Term) -> Why {
    Why::Absent { name: term.to_string() }
}

impl Relation {
    fn holds(self, left: &str, right: &str) -> bool {
        match self {
            Self::Equal => left == right,
            Self::StartsWith => left.starts_with(right),
            Self::EndsWith => left.ends_with(right),
            Self::Contains => left.contains(right),
        }
    }
}
