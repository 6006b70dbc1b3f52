//! Terms: texts and names, and what they stand for in a request.
//!
//! **In:** a [`Term`] and a [`Scope`]. **Out:** what is [`Found`]; a text of it.
//!
//! **Never here:** which names a phase has (`names`), values of CEL (`program`).
//!
//! **Holds:** what a request lacks is absent, never empty: two absent things are not equal. So an
//! anonymous caller has no `consumer.id` that could equal an empty argument. The values of a repeated
//! header are joined by `, ` and those of a repeated parameter of a query by `,`: a rule sees all of
//! them, whichever of them an upstream believes.
//!
//! **Read first:** [`Term::find`].

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use serde_json::{Map, Value};

use super::names::{Kind, NAMES, Name};
use super::{Read, Scope};

/// A part of an expression that needs no evaluation but looking up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    Text(String),
    Name(Name),
    Header(HeaderName),
    ResponseHeader(HeaderName),
    /// One entry of a map.
    Entry(Name, String),
}

/// What a term stands for in a request.
#[derive(Debug, Clone)]
pub(super) enum Found<'a> {
    Text(Cow<'a, str>),
    Bool(bool),
    Number(i64),
    Texts(&'a [Arc<str>]),
    Json(&'a Value),
    Object(&'a Map<String, Value>),
    Headers(&'a HeaderMap),
    Query(&'a str),
    Params(&'a [(String, String)]),
}

/// The texts of all terms, joined; none if one of them is absent or no text.
pub(super) fn text_of<'a>(terms: &'a [Term], scope: &Scope<'a>) -> Option<Cow<'a, str>> {
    if let [term] = terms {
        return term.find(scope)?.into_text();
    }
    let mut out = String::new();
    for term in terms {
        out.push_str(&term.find(scope)?.into_text()?);
    }
    Some(Cow::Owned(out))
}

impl Term {
    /// What it stands for; none if it is absent.
    pub(super) fn find<'a>(&'a self, scope: &Scope<'a>) -> Option<Found<'a>> {
        Some(match self {
            Self::Text(text) => Found::Text(Cow::Borrowed(text)),
            Self::Name(name) => return name.find(scope),
            Self::Header(name) => Found::Text(joined(scope.headers, name)?),
            Self::ResponseHeader(name) => Found::Text(joined(scope.response?.1, name)?),
            Self::Entry(Name::PathParams, key) => {
                let found = scope.path_params.iter().find(|(param, _)| param == key)?;
                Found::Text(Cow::Borrowed(&found.1))
            }
            Self::Entry(Name::Query, key) => {
                let mut values = pairs(scope.query).filter(|(name, _)| name == key);
                let first = values.next()?.1;
                Found::Text(
                    values.fold(first, |all, (_, value)| Cow::Owned(format!("{all},{value}"))),
                )
            }
            Self::Entry(Name::Args, key) => Found::Json(scope.args?.get(key)?),
            Self::Entry(_, key) => Found::Json(scope.consumer.claims.get(key)?),
        })
    }

    /// What it always is.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Text(_) | Self::Header(_) | Self::ResponseHeader(_) => Kind::Text,
            Self::Entry(Name::PathParams | Name::Query, _) => Kind::Text,
            Self::Entry(..) => Kind::Unknown,
            Self::Name(name) => name.kind(),
        }
    }

    /// What of a request it depends on.
    pub(super) fn read(&self) -> Option<Read<'_>> {
        Some(match self {
            Self::Text(_) => return None,
            Self::Header(name) => Read::Header(name),
            Self::ResponseHeader(_) => Read::Response,
            Self::Name(name) | Self::Entry(name, _) => match name {
                Name::RequestId => Read::RequestId,
                Name::Method => Read::Method,
                Name::Path | Name::PathParams => Read::Path,
                Name::Query => Read::Query,
                Name::Headers => Read::Headers,
                Name::ClientIp => Read::ClientIp,
                Name::Route => Read::Route,
                Name::Operation | Name::OperationType => Read::Operation,
                Name::Cost => Read::Cost,
                Name::Args => Read::Args,
                Name::Status | Name::ResponseHeaders => Read::Response,
                Name::ConsumerId
                | Name::Consumer
                | Name::Scopes
                | Name::Roles
                | Name::Claims
                | Name::Plan
                | Name::IsAnonymous => Read::Consumer,
            },
        })
    }
}

/// As it is written.
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Name(name) => write!(f, "{name}"),
            Self::Header(name) => write!(f, "{}[{:?}]", Name::Headers, name.as_str()),
            Self::ResponseHeader(name) => {
                write!(f, "{}[{:?}]", Name::ResponseHeaders, name.as_str())
            }
            Self::Entry(name, key) => write!(f, "{name}[{key:?}]"),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = NAMES.iter().find(|(_, _, name, _)| name == self);
        let (group, member) = found.map_or(("", ""), |(group, member, ..)| (group, member));
        let dot = if member.is_empty() { "" } else { "." };
        write!(f, "{group}{dot}{member}")
    }
}

impl Name {
    pub(super) fn kind(self) -> Kind {
        let found = NAMES.iter().find(|(_, _, name, _)| *name == self);
        found.map_or(Kind::Unknown, |(.., kind)| *kind)
    }

    fn find<'a>(self, scope: &Scope<'a>) -> Option<Found<'a>> {
        let consumer = scope.consumer;
        let text = |text: &'a str| Found::Text(Cow::Borrowed(text));
        Some(match self {
            Self::RequestId => text(scope.id),
            Self::Method => text(scope.method.as_str()),
            Self::Path => text(scope.path),
            Self::PathParams => Found::Params(scope.path_params),
            Self::Query => Found::Query(scope.query),
            Self::Headers => Found::Headers(scope.headers),
            Self::ClientIp => Found::Text(Cow::Owned(scope.client_ip.to_string())),
            Self::ConsumerId | Self::Consumer if consumer.is_anonymous() => return None,
            Self::ConsumerId => text(&consumer.id),
            Self::Consumer => text(&consumer.name),
            Self::Scopes => Found::Texts(&consumer.scopes),
            Self::Roles => Found::Texts(&consumer.roles),
            Self::Claims => Found::Object(&consumer.claims),
            Self::Plan => text(consumer.plan.as_deref()?),
            Self::IsAnonymous => Found::Bool(consumer.is_anonymous()),
            Self::Route => text(scope.route),
            Self::Operation => text(scope.operation?.name?),
            Self::OperationType => text(scope.operation?.kind),
            Self::Cost => Found::Number(i64::try_from(scope.operation?.cost?).unwrap_or(i64::MAX)),
            Self::Args => Found::Object(scope.args?),
            Self::Status => Found::Number(scope.response?.0.as_u16().into()),
            Self::ResponseHeaders => Found::Headers(scope.response?.1),
        })
    }
}

impl<'a> Found<'a> {
    /// As a text, if it is one by itself or a number, true or false.
    pub(super) fn into_text(self) -> Option<Cow<'a, str>> {
        Some(match self {
            Self::Text(text) => text,
            Self::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Json(Value::String(text)) => Cow::Borrowed(text),
            Self::Json(Value::Number(number)) => Cow::Owned(number.to_string()),
            Self::Json(Value::Bool(value)) => Cow::Borrowed(if *value { "true" } else { "false" }),
            Self::Json(_)
            | Self::Texts(_)
            | Self::Object(_)
            | Self::Headers(_)
            | Self::Query(_)
            | Self::Params(_) => return None,
        })
    }
}

/// All values of a header that are text.
pub(super) fn joined<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, str>> {
    let mut values = headers.get_all(name).iter();
    let first = Cow::Borrowed(values.next()?.to_str().ok()?);
    values.try_fold(first, |all, value| Some(all + ", " + value.to_str().ok()?))
}

/// The parameters of a query, decoded, in order.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    url::form_urlencoded::parse(query.as_bytes())
}
