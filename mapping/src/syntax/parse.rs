//! Reads a text as a mapping: the mapping as a whole, and paths.
//!
//! **In:** a text and the [`Version`] its schema links. **Out:** a [`Root`], or the first
//! [`ParseError`].
//!
//! **Never here:** values (`syntax::value`), the items between braces (`syntax::list`), tokens
//! (`syntax::scan`).
//!
//! **Holds:** time is linear in the text, the stack is bounded by [`MAX_DEPTH`]. Only the mapping as
//! a whole is tried twice: as one value, then as a list.
//!
//! **Read first:** [`parse`], then [`Parser::path_from`].

use super::error::{ParseError, ParseErrorKind};
use super::scan::Scanner;
use super::{Call, Expression, ExpressionKind, Head, Items, Path, Root, Step, StepKind};
use crate::methods::Method;
use crate::version::Version;

/// Braces, brackets and parentheses inside each other.
pub(crate) const MAX_DEPTH: usize = 64;

/// Steps of one path.
pub(crate) const MAX_STEPS: usize = 256;

/// Bytes of one text.
pub(crate) const MAX_BYTES: usize = 256 * 1024;

/// Reads a whole text.
pub(crate) fn parse(text: &str, version: Version) -> Result<Root, ParseError> {
    if text.len() > MAX_BYTES {
        let kind = ParseErrorKind::TooLong { limit: MAX_BYTES };
        return Err(ParseError { span: super::Span::default(), kind, fix: None });
    }
    let as_list = || {
        let mut parser = Parser::new(text, version);
        let items = parser.items(true)?;
        if parser.scanner.is_at_end() { Ok(items) } else { Err(parser.unexpected("a field")) }
    };
    if !version.is_unified() {
        return as_list().map(root_of_items);
    }
    let mut parser = Parser::new(text, version);
    let as_value = parser.expression();
    match as_value {
        // The operators of a chain are never misread as a list.
        Ok(value) if parser.scanner.is_at_end() && !is_lone_key(&value) => Ok(Root::Value(value)),
        Ok(_) => as_list().map(root_of_items),
        Err(error) => match as_list() {
            Ok(items) => Ok(root_of_items(items)),
            Err(other) if other.span.start > error.span.start => Err(other),
            Err(_) => Err(error),
        },
    }
}

/// A path that stands alone is the result itself.
fn root_of_items(mut items: Items) -> Root {
    let is_value = items.items.len() == 1
        && matches!(items.items[0].output, super::Output::Merge | super::Output::Whole);
    match items.items.pop() {
        Some(item) if is_value => Root::Value(item.value),
        popped => {
            items.items.extend(popped);
            Root::List(items)
        }
    }
}

fn is_lone_key(value: &Expression) -> bool {
    matches!(&value.kind, ExpressionKind::Path(path) if path.lone_key().is_some())
}

/// A text while it is read.
pub(super) struct Parser<'t> {
    pub(super) scanner: Scanner<'t>,
    pub(super) version: Version,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, version: Version) -> Self {
        Self { scanner: Scanner::new(text), version, depth: 0 }
    }

    /// `$`, `@`, a variable or `$(…)`, and what follows. `None`: none of these stands here.
    pub(super) fn path_from_sign(&mut self) -> Result<Option<Path>, ParseError> {
        let start = self.scanner.at();
        let head = if self.scanner.take("@") {
            Head::At
        } else if self.scanner.sees("$(") {
            self.scanner.take("$(");
            let inner = self.nested(Self::expression)?;
            self.expect(")", "`)`")?;
            Head::Parentheses(Box::new(inner))
        } else if let Some(name) = self.scanner.variable() {
            Head::Variable(name.into())
        } else if self.scanner.take("$") {
            Head::Dollar
        } else {
            return Ok(None);
        };
        self.path_from(start, head).map(Some)
    }

    /// A name or a string that is a property of `$`, and what follows.
    pub(super) fn path_from_key(&mut self) -> Result<Option<Path>, ParseError> {
        let start = self.scanner.at();
        match self.key()? {
            Some(key) => self.path_from(start, Head::Key(key)).map(Some),
            None => Ok(None),
        }
    }

    fn path_from(&mut self, start: usize, head: Head) -> Result<Path, ParseError> {
        let head_span = self.scanner.span_from(start);
        let steps = self.steps()?;
        let braces = if self.scanner.sees("{") { Some(self.braces()?) } else { None };
        Ok(Path { head, head_span, steps, braces })
    }

    /// The steps behind a head.
    pub(super) fn steps(&mut self) -> Result<Vec<Step>, ParseError> {
        let mut steps: Vec<Step> = Vec::new();
        loop {
            let start = self.scanner.at();
            let kind = if self.sees_dot() {
                self.scanner.take(".");
                match self.key()? {
                    Some(key) => StepKind::Key(key),
                    None => return Err(self.unexpected("the name of a property")),
                }
            } else if self.scanner.take("->") {
                self.call()?
            } else if self.sees_question() {
                self.question(steps.last())?
            } else {
                return Ok(steps);
            };
            steps.push(Step { kind, span: self.scanner.span_from(start) });
            if steps.len() > MAX_STEPS {
                let kind = ParseErrorKind::TooManySteps { limit: MAX_STEPS };
                return Err(self.scanner.error_from(start, kind, None));
            }
        }
    }

    fn sees_dot(&self) -> bool {
        self.scanner.sees(".") && !self.scanner.sees("...")
    }

    fn sees_question(&self) -> bool {
        self.scanner.sees("?") && !self.scanner.sees("??") && !self.scanner.sees("?!")
    }

    fn question(&mut self, before: Option<&Step>) -> Result<StepKind, ParseError> {
        let start = self.scanner.at();
        self.scanner.take("?");
        if !self.version.has_optional_chaining() {
            return Err(self.needs_version(start, "`?`", Version::V0_3));
        }
        if before.is_some_and(|step| step.kind.is_question()) {
            let fix = Some("write one `?`, or `??` for another value in its place".to_owned());
            return Err(self.scanner.error_from(start, ParseErrorKind::DoubledQuestion, fix));
        }
        Ok(StepKind::Question)
    }

    fn call(&mut self) -> Result<StepKind, ParseError> {
        let Some(name) = self.scanner.name() else {
            return Err(self.unexpected("the name of a method"));
        };
        let arguments = if self.scanner.take("(") {
            Some(self.comma_separated(")", "`,` or `)`", Self::expression)?)
        } else {
            None
        };
        Ok(StepKind::Call(Call { name: name.into(), method: Method::of_name(name), arguments }))
    }

    /// What stands between an opening sign, already taken, and its closing one.
    pub(super) fn comma_separated<T>(
        &mut self,
        close: &str,
        expected: &'static str,
        mut one: impl FnMut(&mut Self) -> Result<T, ParseError>,
    ) -> Result<Vec<T>, ParseError> {
        self.nested(|this| {
            let mut all = Vec::new();
            while !this.scanner.take(close) {
                all.push(one(this)?);
                if this.scanner.take(close) {
                    break;
                }
                this.expect(",", expected)?;
            }
            Ok(all)
        })
    }

    /// `{ … }` behind a path or an alias.
    pub(super) fn braces(&mut self) -> Result<Items, ParseError> {
        let start = self.scanner.at();
        self.expect("{", "`{`")?;
        let mut items = self.nested(|this| this.items(false))?;
        self.expect("}", "a field or `}`")?;
        items.span = self.scanner.span_from(start);
        Ok(items)
    }

    /// A name, or a string.
    pub(super) fn key(&mut self) -> Result<Option<Box<str>>, ParseError> {
        if self.scanner.sees_quote() {
            return self.scanner.string().map(Some);
        }
        Ok(self.scanner.name().map(Into::into))
    }

    pub(super) fn nested<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        if self.depth == MAX_DEPTH {
            let kind = ParseErrorKind::TooDeep { limit: MAX_DEPTH };
            return Err(ParseError { span: self.scanner.span_here(), kind, fix: None });
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    pub(super) fn expect(&mut self, signs: &str, expected: &'static str) -> Result<(), ParseError> {
        if self.scanner.take(signs) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    /// What stands here should be something else.
    pub(super) fn unexpected(&self, expected: &'static str) -> ParseError {
        let found = self.scanner.found();
        let fix = self.fix_of_sign(expected);
        let kind = ParseErrorKind::Unexpected { expected, found };
        ParseError { span: self.scanner.span_here(), kind, fix }
    }

    /// What people write who come from other languages.
    fn fix_of_sign(&self, expected: &str) -> Option<String> {
        let fix = if self.scanner.is_at_end() {
            if !expected.contains('`') {
                return None;
            }
            "close what was opened"
        } else if self.scanner.sees("[") {
            "for one element write `->get(0)` or `->first`, for a list of values `name: $([…])`"
        } else if self.scanner.sees("=") {
            "compare with `->eq(…)`"
        } else if self.scanner.sees("&&") || self.scanner.sees("||") {
            "join conditions with `->and(…)` and `->or(…)`"
        } else if self.scanner.sees("//") || self.scanner.sees("/*") {
            "a comment begins with `#`"
        } else if self.scanner.sees("+") || self.scanner.sees("*") || self.scanner.sees("/") {
            "calculate with `->add(…)`, `->sub(…)`, `->mul(…)`, `->div(…)`"
        } else if self.scanner.sees("`") {
            "strings stand in `'…'` or `\"…\"`"
        } else if self.scanner.sees_letter() {
            "a name with other characters than letters, digits and `_` stands in quotes"
        } else if self.scanner.sees_odd_blank() {
            "only spaces, tabs and line breaks separate names"
        } else {
            return None;
        };
        Some(fix.to_owned())
    }

    pub(super) fn needs_version(
        &self,
        start: usize,
        what: &'static str,
        since: Version,
    ) -> ParseError {
        let kind = ParseErrorKind::NeedsVersion { what, since, version: self.version };
        let fix = format!("link `https://specs.apollo.dev/connect/{since}`");
        self.scanner.error_from(start, kind, Some(fix))
    }
}
