//! Reads values: literals, arrays, objects, chains, and paths among them.
//!
//! **In:** the text inside `$(…)`, arguments, and from v0.4 on anywhere. **Out:** an
//! [`Expression`].
//!
//! **Never here:** the items of a selection (`syntax::list`).
//!
//! **Holds:** up to v0.3 a string here is a string; from v0.4 on a string, `true`, `false` or `null`
//! in front of `{` is the name of a property.
//!
//! **Read first:** [`Parser::expression`].

use super::error::{ParseError, ParseErrorKind};
use super::parse::Parser;
use super::{Expression, ExpressionKind, Head, Item, Items, Operator, Output, Path};
use crate::version::Version;

impl Parser<'_> {
    /// One operand, or a chain of them.
    pub(super) fn expression(&mut self) -> Result<Expression, ParseError> {
        let start = self.scanner.at();
        let first = self.operand()?;
        let Some(operator) = self.operator_here() else { return Ok(first) };
        if !self.version.has_optional_chaining() {
            let at = self.scanner.at();
            self.scanner.take(operator.text());
            return Err(self.needs_version(at, "a chain of `??` or `?!`", Version::V0_3));
        }
        let mut operands = vec![first];
        while let Some(next) = self.operator_here() {
            let at = self.scanner.at();
            self.scanner.take(next.text());
            if next != operator {
                let fix = "put one of the chains into `$(…)`".to_owned();
                let kind = ParseErrorKind::MixedChain;
                return Err(self.scanner.error_from(at, kind, Some(fix)));
            }
            operands.push(self.operand()?);
        }
        let kind = ExpressionKind::Chain(operator, operands);
        Ok(Expression { kind, span: self.scanner.span_from(start) })
    }

    pub(super) fn operator_here(&self) -> Option<Operator> {
        [Operator::NotNull, Operator::NotMissing]
            .into_iter()
            .find(|operator| self.scanner.sees(operator.text()))
    }

    fn operand(&mut self) -> Result<Expression, ParseError> {
        let start = self.scanner.at();
        let kind = match self.literal()? {
            Some(literal) if self.version.is_unified() => self.with_tail(start, literal)?,
            Some(literal) => literal,
            None => ExpressionKind::Path(self.path()?),
        };
        Ok(Expression { kind, span: self.scanner.span_from(start) })
    }

    fn path(&mut self) -> Result<Path, ParseError> {
        if let Some(path) = self.path_from_sign()? {
            return Ok(path);
        }
        let start = self.scanner.at();
        let Some(path) = self.path_from_key()? else {
            return Err(self.unexpected("a value"));
        };
        if path.steps.is_empty() && !self.version.has_optional_chaining() {
            let name = path.lone_key().unwrap_or_default();
            let fix = format!("write `$.{name}`, or `\"{name}\"` for the text");
            return Err(self.scanner.error_from(start, ParseErrorKind::LoneKey, Some(fix)));
        }
        Ok(path)
    }

    /// A literal, unless it turns out to be a key. `None`: no literal stands here.
    fn literal(&mut self) -> Result<Option<ExpressionKind>, ParseError> {
        if self.scanner.sees_quote() || self.word_here().is_some() {
            let before = self.scanner.clone();
            let kind = match self.word_here() {
                Some(word) => {
                    self.scanner.name();
                    word
                }
                None => ExpressionKind::String(self.scanner.string()?),
            };
            if self.version.is_unified() && self.scanner.sees("{") {
                self.scanner = before;
                return Ok(None);
            }
            return Ok(Some(kind));
        }
        if self.scanner.sees_number() {
            return self.scanner.number().map(|number| Some(ExpressionKind::Number(number)));
        }
        if self.scanner.take("[") {
            let elements = self.comma_separated("]", "`,` or `]`", Self::expression)?;
            return Ok(Some(ExpressionKind::Array(elements)));
        }
        if self.scanner.sees("{") {
            let items =
                if self.version.is_unified() { self.braces()? } else { self.object_of_pairs()? };
            return Ok(Some(ExpressionKind::Object(items)));
        }
        Ok(None)
    }

    /// `true`, `false` or `null`; they end where a name ends.
    pub(super) fn word_here(&self) -> Option<ExpressionKind> {
        match self.scanner.name_here()? {
            "true" => Some(ExpressionKind::Boolean(true)),
            "false" => Some(ExpressionKind::Boolean(false)),
            "null" => Some(ExpressionKind::Null),
            _ => None,
        }
    }

    /// The object literal up to v0.3: every member has a name and a value.
    fn object_of_pairs(&mut self) -> Result<Items, ParseError> {
        let start = self.scanner.at();
        self.scanner.take("{");
        let items = self.comma_separated("}", "`,` or `}`", |this| {
            let at = this.scanner.at();
            let Some(name) = this.key()? else { return Err(this.unexpected("a name or `}`")) };
            let output = Output::Alias(name, this.scanner.span_from(at));
            this.expect(":", "`:`")?;
            Ok(Item { output, value: this.expression()? })
        })?;
        Ok(Items { items, span: self.scanner.span_from(start) })
    }

    /// The steps behind a literal, from v0.4 on.
    fn with_tail(
        &mut self,
        start: usize,
        literal: ExpressionKind,
    ) -> Result<ExpressionKind, ParseError> {
        let span = self.scanner.span_from(start);
        let what = match literal {
            ExpressionKind::Number(_) => "a number",
            ExpressionKind::Array(_) => "an array",
            ExpressionKind::Object(_) => "an object",
            _ => "a literal with steps",
        };
        let steps = self.steps()?;
        if self.scanner.sees("{") {
            let fix = Some("put it into `$(…)`, braces may follow that".to_owned());
            let kind = ParseErrorKind::BracesAfter { what };
            return Err(ParseError { span: self.scanner.span_here(), kind, fix });
        }
        if steps.is_empty() {
            return Ok(literal);
        }
        let head = Head::Literal(Box::new(Expression { kind: literal, span }));
        Ok(ExpressionKind::Path(Path { head, head_span: span, steps, braces: None }))
    }
}
