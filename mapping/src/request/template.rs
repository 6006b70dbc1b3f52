//! Reads a text with expressions in braces.
//!
//! **In:** the text of a URL or a header's value. **Out:** its [`Part`]s, in order.
//!
//! **Never here:** how the values are encoded (`request::url`, `request::header`).
//!
//! **Holds:** braces are counted, also inside strings; there is no way to write a literal brace.
//!
//! **Read first:** [`read`].

use crate::evaluate::Evaluated;
use crate::inputs::Inputs;
use crate::limits::{Exceeded, Limits};
use crate::mapping::Mapping;
use crate::problem::Problem;
use crate::syntax::{ParseErrorKind, Span};
use crate::value::{Kind, View};
use crate::version::Version;
use crate::wanted::Wanted;
use thiserror::Error;

/// A piece of a template.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Text { text: String, span: Span },
    Expression(Box<Expression>),
}

/// What stands between braces.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) mapping: Mapping,
    /// Its place in the template, braces not counted.
    pub(super) span: Span,
}

/// A text that is no template.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{kind}")]
pub struct TemplateError {
    /// Where, in bytes of the template.
    pub span: Span,
    /// Why.
    pub kind: TemplateErrorKind,
    /// What to write instead.
    pub fix: Option<String>,
}

/// Why a text is no template.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum TemplateErrorKind {
    /// `{$args.id`
    #[error("the expression is never closed")]
    Unclosed,
    /// `/a}`
    #[error("`}}` closes nothing")]
    Unopened,
    /// `{}`
    #[error("the expression is empty")]
    Empty,
    /// What stands between the braces is no mapping.
    #[error("{0}")]
    Expression(ParseErrorKind),
    /// `https://{$args.host}/`
    #[error("an expression may not stand in the scheme or host of this URL")]
    ExpressionInAuthority,
    /// `ftp://…`
    #[error("the scheme `{scheme}` is neither `http` nor `https`")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// `api.example.com` as a base.
    #[error("the URL does not begin with `http://` or `https://`")]
    NoScheme,
    /// `https:///path`
    #[error("the URL has no host")]
    NoHost,
    /// `https://a b/`
    #[error("`{found}` may not stand in a host")]
    BadHost {
        /// The character.
        found: char,
    },
    /// `/a#b`
    #[error("the part behind `#` is never sent")]
    Fragment,
}

/// Reads the parts of a template.
pub(super) fn read(text: &str, version: Version) -> Result<Vec<Part>, TemplateError> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let next = text[at..].find(['{', '}']).map_or(text.len(), |found| at + found);
        if next > at {
            let span = Span::new(at, next);
            parts.push(Part::Text { text: text[at..next].to_owned(), span });
        }
        if next == text.len() {
            break;
        }
        if text[next..].starts_with('}') {
            let fix = "take it out, or write `%7D` in a URL".to_owned();
            return Err(error(next, next + 1, TemplateErrorKind::Unopened, Some(fix)));
        }
        let Some(length) = length_of_expression(&text[next + 1..]) else {
            let fix = "close it with `}`".to_owned();
            return Err(error(next, text.len(), TemplateErrorKind::Unclosed, Some(fix)));
        };
        let end = next + 1 + length;
        parts.push(expression(text, Span::new(next + 1, end), version)?);
        at = end + 1;
    }
    Ok(parts)
}

/// Up to the brace that closes what was opened before.
fn length_of_expression(text: &str) -> Option<usize> {
    let mut depth = 1_usize;
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(i);
        }
    }
    None
}

fn expression(text: &str, span: Span, version: Version) -> Result<Part, TemplateError> {
    let mapping = Mapping::parse(&text[span.range()], version).map_err(|wrong| {
        let moved = moved(wrong.span, span);
        TemplateError {
            span: moved,
            kind: TemplateErrorKind::Expression(wrong.kind),
            fix: wrong.fix,
        }
    })?;
    if mapping.is_empty() {
        let (start, end) = (span.start as usize, span.end as usize);
        let fix = "write a path like `{$args.id}`".to_owned();
        return Err(error(start - 1, end + 1, TemplateErrorKind::Empty, Some(fix)));
    }
    Ok(Part::Expression(Box::new(Expression { mapping, span })))
}

pub(super) fn error(
    start: usize,
    end: usize,
    kind: TemplateErrorKind,
    fix: Option<String>,
) -> TemplateError {
    TemplateError { span: Span::new(start, end), kind, fix }
}

/// The place of something inside an expression, in the template.
pub(super) fn moved(inner: Span, expression: Span) -> Span {
    Span {
        start: inner.start.saturating_add(expression.start),
        end: inner.end.saturating_add(expression.start),
    }
}

/// What expressions gave besides their values.
#[derive(Debug)]
pub(super) struct Gathered<'i, 'a> {
    pub(super) inputs: &'i Inputs<'a>,
    pub(super) limits: Limits,
    pub(super) problems: Vec<Problem>,
}

/// The text of a scalar, or what the value is instead.
pub(super) type ScalarText = Result<String, Kind>;

impl<'a> Gathered<'_, 'a> {
    pub(super) fn evaluate(&mut self, mapping: &'a Mapping) -> Result<Evaluated<'a>, Exceeded> {
        let mut evaluated = mapping.evaluate(self.inputs, &Wanted::All, self.limits)?;
        self.problems.append(&mut evaluated.problems);
        self.problems.truncate(self.limits.problems);
        Ok(evaluated)
    }

    /// The text of what an expression gives; null and missing have an empty one.
    pub(super) fn scalar(&mut self, expression: &'a Expression) -> Result<ScalarText, Exceeded> {
        let before = self.problems.len();
        let evaluated = self.evaluate(&expression.mapping)?;
        for problem in self.problems.iter_mut().skip(before) {
            problem.span = moved(problem.span, expression.span);
        }
        Ok(match &evaluated.value {
            Some(value) => text_of(value.view()).ok_or(value.kind()),
            None => Ok(String::new()),
        })
    }
}

/// The text of a scalar; null has an empty one.
pub(super) fn text_of(view: View<'_, '_>) -> Option<String> {
    match view {
        View::Null => Some(String::new()),
        View::Boolean(value) => Some(value.to_string()),
        View::Number(number) => Some(number.to_string()),
        View::String(text) => Some(text.to_owned()),
        View::Array(_) | View::Object(_) => None,
    }
}
