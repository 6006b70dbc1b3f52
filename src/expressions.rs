//! Expressions of the configuration: compiled when the file is read, evaluated for a request.
//!
//! **In:** the text of an expression and the [`Phase`] in which it will be evaluated; later a [`Scope`].
//! **Out:** a text, or nothing when a header it names is absent; of a [`Condition`], whether it holds.
//!
//! **Never here:** applying the result (`upstream::headers` does).
//!
//! **Holds:** the language is a part of CEL: texts, the names listed below, `[...]` with a text,
//! `+` between texts, and the comparisons of `condition`. Everything it accepts means the same in CEL. A name that is not there in its
//! phase is refused when the file is read.
//!
//! **Read first:** [`Expression::compile`], [`Expression::evaluate`].
//!
//! Spec: <https://github.com/google/cel-spec/blob/master/doc/langdef.md>

mod condition;
mod parse;

use std::borrow::Cow;
use std::net::IpAddr;

use http::{HeaderMap, HeaderName, Method};
use thiserror::Error;

use crate::consumer::Consumer;

pub use condition::Condition;

/// When an expression is evaluated; it decides which names there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// For any request: `request`.
    Request,
    /// For a request that a route took: also `route` and `request.path_params`.
    Route,
}

/// A compiled expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    terms: Vec<Term>,
}

/// What an expression can see.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// `request.id`.
    pub id: &'a str,
    /// `request.method`.
    pub method: &'a Method,
    /// `request.path`.
    pub path: &'a str,
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
}

/// Why a text is not an expression.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{expression}` is not an expression: {kind}")]
pub struct ExpressionError {
    expression: String,
    kind: ExpressionErrorKind,
}

/// What is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExpressionErrorKind {
    /// A name that is not there.
    #[error("there is no `{name}` here")]
    UnknownName {
        /// The name.
        name: String,
    },
    /// Something else than a text, a name or `+`.
    #[error("found `{found}` where {expected} was expected")]
    Unexpected {
        /// What stands there.
        found: String,
        /// What could stand there.
        expected: &'static str,
    },
    /// A text without its end.
    #[error("a text is not closed")]
    OpenText,
    /// Not the name of a header.
    #[error("`{name}` is not the name of a header")]
    HeaderName {
        /// The name.
        name: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Text(String),
    RequestId,
    Method,
    Path,
    ClientIp,
    Header(HeaderName),
    PathParam(String),
    RouteName,
}

/// What of a request an expression depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read<'a> {
    /// One header.
    Header(&'a HeaderName),
    /// The id.
    RequestId,
    /// The method.
    Method,
    /// The path, or a part of it.
    Path,
    /// The client's address.
    ClientIp,
    /// The route that took it.
    Route,
}

impl Expression {
    /// All that it depends on.
    pub fn reads(&self) -> impl Iterator<Item = Read<'_>> {
        self.terms.iter().filter_map(|term| match term {
            Term::Text(_) => None,
            Term::RequestId => Some(Read::RequestId),
            Term::Method => Some(Read::Method),
            Term::Path | Term::PathParam(_) => Some(Read::Path),
            Term::ClientIp => Some(Read::ClientIp),
            Term::Header(name) => Some(Read::Header(name)),
            Term::RouteName => Some(Read::Route),
        })
    }

    /// Reads an expression for a phase.
    ///
    /// # Errors
    /// When the text is not of the language, or names what its phase does not have.
    pub fn compile(text: &str, phase: Phase) -> Result<Self, ExpressionError> {
        match parse::parse(text, phase) {
            Ok(terms) => Ok(Self { terms }),
            Err(kind) => Err(ExpressionError { expression: text.to_owned(), kind }),
        }
    }

    /// The text it stands for; none if it names a header or parameter that the request lacks.
    pub fn evaluate<'a>(&'a self, scope: &Scope<'a>) -> Option<Cow<'a, str>> {
        if let [term] = self.terms.as_slice() {
            return term.evaluate(scope);
        }
        let mut out = String::new();
        for term in &self.terms {
            out.push_str(&term.evaluate(scope)?);
        }
        Some(Cow::Owned(out))
    }
}

impl ExpressionError {
    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        "use a quoted text (`\"'text'\"`), `request.id`, `request.method`, `request.path`, \
         `request.client_ip`, `request.headers[\"name\"]`, on a route also `route.name` and \
         `request.path_params[\"name\"]`, joined with `+`"
    }
}

impl Term {
    fn evaluate<'a>(&'a self, scope: &Scope<'a>) -> Option<Cow<'a, str>> {
        Some(match self {
            Self::Text(text) => Cow::Borrowed(text.as_str()),
            Self::RequestId => Cow::Borrowed(scope.id),
            Self::Method => Cow::Borrowed(scope.method.as_str()),
            Self::Path => Cow::Borrowed(scope.path),
            Self::ClientIp => Cow::Owned(scope.client_ip.to_string()),
            Self::Header(name) => Cow::Borrowed(scope.headers.get(name)?.to_str().ok()?),
            Self::PathParam(name) => {
                let found = scope.path_params.iter().find(|(param, _)| param == name)?;
                Cow::Borrowed(found.1.as_str())
            }
            Self::RouteName => Cow::Borrowed(scope.route),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Expression, Phase, Scope};
    use crate::consumer::Consumer;
    use http::{HeaderMap, HeaderValue, Method};
    use std::net::{IpAddr, Ipv4Addr};

    fn evaluated(text: &str) -> Option<String> {
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static("x-tenant"),
            HeaderValue::from_static("blue"),
        )]);
        let scope = Scope {
            id: "r1",
            method: &Method::GET,
            path: "/orders/7",
            headers: &headers,
            client_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            consumer: &Consumer::anonymous(),
            path_params: &[("id".to_owned(), "7".to_owned())],
            route: "/orders/{id}",
        };
        let expression = Expression::compile(text, Phase::Route).unwrap();
        expression.evaluate(&scope).map(std::borrow::Cow::into_owned)
    }

    #[test]
    fn texts_names_and_sums_evaluate() {
        assert_eq!(evaluated("'a\\'b'").unwrap(), "a'b");
        assert_eq!(evaluated("request.id + \"-\" + request.path_params['id']").unwrap(), "r1-7");
        assert_eq!(evaluated("request.headers[\"X-Tenant\"]").unwrap(), "blue");
        assert_eq!(evaluated("request.path_params.id + route.name").unwrap(), "7/orders/{id}");
        assert_eq!(evaluated("request.headers['absent'] + 'x'"), None);
    }

    #[test]
    fn what_is_not_there_is_refused_when_the_file_is_read() {
        let refused = |text| Expression::compile(text, Phase::Request).unwrap_err().to_string();
        assert!(refused("consumer.id").contains("there is no `consumer.id` here"));
        assert!(refused("route.name").contains("there is no `route.name` here"));
        assert!(refused("'open").contains("not closed"));
        assert!(refused("request.id request.id").contains("found `request.id`"));
        assert!(refused("").contains("found ``"));
    }
}
