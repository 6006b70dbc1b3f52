//! Reads the template of a URL, and fills it in.
//!
//! **In:** `baseURL` of a source, or the URL of a connector. **Out:** [`UrlTemplate`]; origin, path
//! and query of one request.
//!
//! **Never here:** how the parts of several templates are joined (`request::address`).
//!
//! **Holds:** in a connector's URL no expression stands in scheme or host. In a base it may, as only
//! the operator's `$config` and `$env` exist there; in front of the path its value is taken as it is
//! written, so that it can be a host, a port or a whole URL.
//!
//! **Read first:** [`UrlTemplate::parse`].

use super::address::AddressErrorKind;
use super::encode::{push_value, push_written};
use super::template::{self, Gathered, Part, TemplateError, TemplateErrorKind, error};
use crate::mapping::Mapping;
use crate::syntax::Span;
use crate::version::Version;
use std::fmt;

/// Whose URL it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UrlKind {
    /// `baseURL` of a `@source`.
    Base,
    /// The URL behind a method in `@connect`.
    Connect,
}

/// A URL with expressions in braces.
#[derive(Clone, Debug)]
pub struct UrlTemplate {
    parts: Vec<Part>,
    is_absolute: bool,
}

/// As it was written, with its expressions in one form.
impl fmt::Display for UrlTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text { text, .. } => f.write_str(text),
            Part::Expression(expression) => write!(f, "{{{}}}", expression.mapping.text()),
        })
    }
}

/// A URL that was filled in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct FilledUrl {
    /// `https://host:port`; empty for a relative URL.
    pub(super) origin: String,
    pub(super) path: String,
    pub(super) query: String,
}

impl UrlTemplate {
    /// Reads the text of a URL.
    ///
    /// # Errors
    /// When an expression does not parse or stands where none may, and for a base that is no
    /// absolute URL of `http` or `https`.
    pub fn parse(text: &str, kind: UrlKind, version: Version) -> Result<Self, TemplateError> {
        let mut parts = template::read(text, version)?;
        for part in &mut parts {
            if let Part::Text { text, span } = part {
                check_fragment(text, *span)?;
                text.retain(|c| !matches!(c, '\t' | '\r' | '\n' | '\x0c'));
            }
        }
        let head = match parts.first() {
            Some(Part::Text { text, .. }) => text.trim_start(),
            _ => "",
        };
        let is_absolute = scheme_of(head).is_some();
        let starts_with_expression = matches!(parts.first(), Some(Part::Expression(_)));
        if is_absolute {
            check_origin(&parts, kind)?;
        } else if kind == UrlKind::Base && !starts_with_expression {
            let fix = Some("write the whole URL, with its scheme".to_owned());
            return Err(error(0, text.len(), TemplateErrorKind::NoScheme, fix));
        }
        Ok(Self { parts, is_absolute })
    }

    /// Whether it names a scheme and a host itself.
    pub fn is_absolute(&self) -> bool {
        self.is_absolute
    }

    /// Its expressions, each with its place in the text.
    pub fn expressions(&self) -> impl Iterator<Item = (&Mapping, Span)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Expression(expression) => Some((&expression.mapping, expression.span)),
            Part::Text { .. } => None,
        })
    }

    /// Fills in what the expressions give.
    pub(super) fn fill<'a>(
        &'a self,
        kind: UrlKind,
        gathered: &mut Gathered<'_, 'a>,
    ) -> Result<FilledUrl, AddressErrorKind> {
        let mut filled = Filling::default();
        for part in &self.parts {
            match part {
                Part::Text { text, .. } => filled.push_text(text)?,
                Part::Expression(expression) => {
                    let value = gathered.scalar(expression)?;
                    let span = expression.span;
                    let value =
                        value.map_err(|found| AddressErrorKind::NotScalar { span, found })?;
                    filled.push_expression(&value, kind, span)?;
                }
            }
        }
        filled.end_segment()?;
        let Filling { text, .. } = filled;
        if kind == UrlKind::Connect && !self.is_absolute {
            let (path, query) = text.split_once('?').unwrap_or((&text, ""));
            return Ok(FilledUrl {
                origin: String::new(),
                path: path.to_owned(),
                query: query.to_owned(),
            });
        }
        split(&text)
    }
}

/// A URL while it is filled in.
#[derive(Default)]
struct Filling {
    text: String,
    /// Where the segment of the path begins that is being written.
    segment: usize,
    /// The expression in that segment, if there is one.
    from: Option<Span>,
    is_query: bool,
}

impl Filling {
    fn push_text(&mut self, text: &str) -> Result<(), AddressErrorKind> {
        for piece in text.split_inclusive(['/', '?']) {
            push_written(&mut self.text, piece);
            if piece.ends_with(['/', '?']) && !self.is_query {
                let sign = self.text.pop();
                self.end_segment()?;
                self.text.extend(sign);
                self.segment = self.text.len();
                self.is_query = sign == Some('?');
            }
        }
        Ok(())
    }

    fn push_expression(
        &mut self,
        value: &str,
        kind: UrlKind,
        span: Span,
    ) -> Result<(), AddressErrorKind> {
        if kind == UrlKind::Base && origin_length(&self.text).is_none() {
            return self.push_text(value);
        }
        push_value(&mut self.text, value);
        self.from = Some(span);
        Ok(())
    }

    /// `.` and `..` would lead out of the place that the author gave the expression.
    fn end_segment(&mut self) -> Result<(), AddressErrorKind> {
        let Some(span) = self.from.take() else { return Ok(()) };
        let is_dots = !self.is_query && is_dot_segment(&self.text[self.segment..]);
        if is_dots { Err(AddressErrorKind::DotSegment { span: Some(span) }) } else { Ok(()) }
    }
}

/// Whether a segment of a path would be resolved instead of sent.
pub(super) fn is_dot_segment(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

/// The length of scheme and host, once they are complete.
fn origin_length(text: &str) -> Option<usize> {
    let start = scheme_of(text)?.len() + "://".len();
    text[start..].find(['/', '?']).map(|found| start + found)
}

fn split(text: &str) -> Result<FilledUrl, AddressErrorKind> {
    // What the operator's values are is never told.
    let bad = |why: TemplateErrorKind| AddressErrorKind::BadBase {
        why: match why {
            TemplateErrorKind::Scheme { .. } => "its scheme is neither `http` nor `https`",
            TemplateErrorKind::NoScheme => "it does not begin with `http://` or `https://`",
            TemplateErrorKind::NoHost => "it has no host",
            _ => "its host has a character that may not stand there",
        },
    };
    let scheme = scheme_of(text).ok_or_else(|| bad(TemplateErrorKind::NoScheme))?;
    check_scheme(scheme).map_err(bad)?;
    let end = origin_length(text).unwrap_or(text.len());
    check_host(&text[scheme.len() + "://".len()..end]).map_err(bad)?;
    let (path, query) = text[end..].split_once('?').unwrap_or((&text[end..], ""));
    let origin = text[..end].to_owned();
    Ok(FilledUrl { origin, path: path.to_owned(), query: query.to_owned() })
}

/// What stands in front of `://`.
fn scheme_of(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    is_scheme.then_some(scheme)
}

fn check_scheme(scheme: &str) -> Result<(), TemplateErrorKind> {
    if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
        return Ok(());
    }
    Err(TemplateErrorKind::Scheme { scheme: scheme.to_owned() })
}

fn check_host(host: &str) -> Result<(), TemplateErrorKind> {
    if host.is_empty() || host.starts_with(':') {
        return Err(TemplateErrorKind::NoHost);
    }
    // Names in other scripts are the business of who looks them up.
    let is_right = |c: char| c.is_ascii_alphanumeric() || "-._~:[]%".contains(c) || !c.is_ascii();
    match host.chars().find(|c| !is_right(*c)) {
        Some(found) => Err(TemplateErrorKind::BadHost { found }),
        None => Ok(()),
    }
}

/// Scheme and host as far as they stand in the text itself.
fn check_origin(parts: &[Part], kind: UrlKind) -> Result<(), TemplateError> {
    let Some(Part::Text { text, span }) = parts.first() else { return Ok(()) };
    let text = text.trim_start();
    let wrong = |why: TemplateErrorKind, fix: &str| TemplateError {
        span: *span,
        kind: why,
        fix: Some(fix.to_owned()),
    };
    let scheme = scheme_of(text).unwrap_or_default();
    check_scheme(scheme).map_err(|why| wrong(why, "begin the URL with `https://`"))?;
    let rest = &text[scheme.len() + "://".len()..];
    match (rest.find(['/', '?']), parts.get(1)) {
        (None, Some(Part::Expression(expression))) => {
            if kind == UrlKind::Connect {
                let fix = "name the host, or put the expression into `baseURL` of a `@source`";
                let span = expression.span;
                let kind = TemplateErrorKind::ExpressionInAuthority;
                return Err(TemplateError { span, kind, fix: Some(fix.to_owned()) });
            }
            Ok(())
        }
        (end, _) => {
            let host = &rest[..end.unwrap_or(rest.len())];
            check_host(host).map_err(|why| wrong(why, "write `https://host/path`"))
        }
    }
}

fn check_fragment(text: &str, span: Span) -> Result<(), TemplateError> {
    let Some(found) = text.find('#') else { return Ok(()) };
    let at = span.start as usize + found;
    let fix = Some("take it out, or write `%23` for the sign itself".to_owned());
    Err(error(at, at + 1, TemplateErrorKind::Fragment, fix))
}
