//! Expressions of the configuration: CEL, compiled when the file is read, evaluated for a request.
//!
//! **In:** the text of an expression and the [`Phase`] in which it will be evaluated; later a [`Scope`].
//! **Out:** a text, or nothing when something it names is absent; of a [`Condition`], whether it holds.
//!
//! **Never here:** applying the result (`upstream::headers`, `routes`, `operation` do).
//!
//! **Holds:** a name that is not there in its phase, an unknown member and an unknown function are refused
//! when the file is read, with their place. What cannot be evaluated fails, and a condition that fails
//! does not hold. Evaluation ends within a bounded number of steps. What all expressions are made of
//! (names, texts, `+`, comparisons) runs by terms of our own; the rest runs by the crate `cel`.
//!
//! **Read first:** [`Expression::compile`], [`Expression::evaluate`], [`Condition::decide`].
//!
//! Spec: <https://github.com/google/cel-spec/blob/master/doc/langdef.md>

mod condition;
mod compile;
mod program;
mod error;
mod names;
mod term;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, Method, StatusCode};
use serde_json::{Map, Value};

use crate::consumer::Consumer;
use error::Place;
use names::Kind;
use program::Program;
use term::Term;

pub use condition::Condition;
pub use error::{ExpressionError, ExpressionErrorKind, Why};

/// When an expression is evaluated; it decides which names there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// For any request: `request`, `consumer`.
    Request,
    /// For a request that a route took: also `route` and `request.path_params`.
    Route,
    /// For an operation of the GraphQL door: also `operation`.
    Operation,
    /// For an operation that is about to run: also `operation.cost`.
    Planned,
    /// For a field of an operation: also `args`, the field's arguments.
    Field,
    /// For the answer of any upstream: also `response`.
    Response,
    /// For the answer of a route's upstream: also `response`.
    RouteResponse,
}

/// A compiled expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    form: Form,
}

/// What an expression can see: `Facts::scope` builds one, to which is added what its phase has besides.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// `request.id`.
    pub id: &'a str,
    /// `request.method`.
    pub method: &'a Method,
    /// `request.path`.
    pub path: &'a str,
    /// `request.query`, as it came.
    pub query: &'a str,
    /// `request.headers`.
    pub headers: &'a HeaderMap,
    /// `request.client_ip`.
    pub client_ip: IpAddr,
    /// `consumer`.
    pub consumer: &'a Consumer,
    /// `request.path_params`.
    pub path_params: &'a [(String, String)],
    /// `route.name`.
    pub route: &'a str,
    /// `operation`.
    pub operation: Option<Operation<'a>>,
    /// `args`.
    pub args: Option<&'a Map<String, Value>>,
    /// `response`.
    pub response: Option<(StatusCode, &'a HeaderMap)>,
}

/// What expressions see as `operation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation<'a> {
    /// `operation.name`; without one it is absent.
    pub name: Option<&'a str>,
    /// `operation.type`: `query`, `mutation` or `subscription`.
    pub kind: &'static str,
    /// `operation.cost`: as it was estimated, once it is.
    pub cost: Option<u64>,
}

/// What of a request an expression depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Read<'a> {
    /// One header.
    Header(&'a HeaderName),
    /// All headers.
    Headers,
    /// The id.
    RequestId,
    /// The method.
    Method,
    /// The path, or a part of it.
    Path,
    /// The query, or a part of it.
    Query,
    /// The client's address.
    ClientIp,
    /// The route that took it.
    Route,
    /// Who asks, or something about them.
    Consumer,
    /// The operation.
    Operation,
    /// What the operation will cost.
    Cost,
    /// The arguments of a field.
    Args,
    /// The answer.
    Response,
}

#[derive(Debug, Clone, PartialEq)]
enum Form {
    /// Texts and names joined by `+`.
    Sum(Vec<Term>),
    Program(Arc<Program>),
}

impl Expression {
    /// Reads an expression for a phase.
    ///
    /// # Errors
    /// When the text is not of the language, names what its phase does not have, or cannot give a text.
    pub fn compile(text: &str, phase: Phase) -> Result<Self, ExpressionError> {
        let compiled = compile::compile(text, phase)?;
        if let Some(terms) = condition::sum(&compiled) {
            return Ok(Self { form: Form::Sum(terms) });
        }
        if matches!(compiled.kind(), Kind::List | Kind::Map) {
            let kind = ExpressionErrorKind::NotText { is: compiled.kind().name() };
            return Err(ExpressionError::of(text, Place::START, kind));
        }
        Ok(Self { form: Form::Program(Arc::new(Program::of(compiled))) })
    }

    /// All that it depends on.
    pub fn reads(&self) -> impl Iterator<Item = Read<'_>> {
        let terms = match &self.form {
            Form::Sum(terms) => terms,
            Form::Program(program) => program.terms(),
        };
        terms.iter().filter_map(Term::read)
    }

    /// The text it stands for; none if something it names is absent, or it cannot be evaluated.
    pub fn evaluate<'a>(&'a self, scope: &Scope<'a>) -> Option<Cow<'a, str>> {
        match &self.form {
            Form::Sum(terms) => term::text_of(terms, scope),
            Form::Program(program) => program.text(scope).ok().flatten().map(Cow::Owned),
        }
    }
}

#[cfg(test)]
mod tests;
