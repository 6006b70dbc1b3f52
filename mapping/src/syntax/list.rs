//! Reads the items of a selection: fields, named values, merged objects.
//!
//! **In:** the text between braces, or of a whole mapping. **Out:** [`Items`].
//!
//! **Never here:** values (`syntax::value`), paths (`syntax::parse`).
//!
//! **Holds:** up to v0.3 what follows an alias is a path, so strings and words are names of
//! properties there; from v0.4 on it is a value.
//!
//! **Read first:** [`Parser::items`].

use super::error::{ParseError, ParseErrorKind};
use super::parse::Parser;
use super::{Expression, ExpressionKind, Item, Items, Output, Path};
use crate::version::Version;

/// How the items of a list are separated, as far as it is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Separator {
    Unknown,
    Comma,
    Blank,
}

impl Parser<'_> {
    /// Items up to a closing brace or the end, which stay where they are.
    pub(super) fn items(&mut self, at_top: bool) -> Result<Items, ParseError> {
        let start = self.scanner.at();
        let mut items = Vec::new();
        let mut separator = Separator::Unknown;
        while !self.scanner.is_at_end() && !self.scanner.sees("}") {
            items.push(self.item()?);
            let ends = self.scanner.is_at_end() || self.scanner.sees("}");
            if !ends {
                self.separator(&mut separator)?;
            }
        }
        let items = Items { items, span: self.scanner.span_from(start) };
        self.check_whole(&items, at_top)?;
        Ok(items)
    }

    /// Takes a comma if one stands here, and holds the list to one kind of separator.
    fn separator(&mut self, separator: &mut Separator) -> Result<(), ParseError> {
        let at = self.scanner.at();
        let found = if self.scanner.take(",") { Separator::Comma } else { Separator::Blank };
        if found == Separator::Comma && !self.version.is_unified() {
            return Err(self.needs_version(at, "a comma between items", Version::V0_4));
        }
        // A trailing comma behind a single item is a comma; nothing else follows.
        if *separator != Separator::Unknown && *separator != found {
            let kind = ParseErrorKind::MixedSeparators;
            let fix = Some("use commas everywhere in this list, or nowhere".to_owned());
            let span = super::Span::new(at, at + usize::from(found == Separator::Comma));
            return Err(ParseError { span, kind, fix });
        }
        *separator = found;
        Ok(())
    }

    fn item(&mut self) -> Result<Item, ParseError> {
        let start = self.scanner.at();
        if self.scanner.take("...") {
            if !self.version.is_unified() {
                return Err(self.needs_version(start, "`...`", Version::V0_4));
            }
            return Ok(Item { output: Output::Spread, value: self.expression()? });
        }
        if let Some(output) = self.alias()? {
            let value = match self.version.is_unified() {
                true => self.expression()?,
                false => self.aliased()?,
            };
            return Ok(Item { output, value });
        }
        let path = match self.path_from_sign()? {
            Some(path) => path,
            None => self.path_from_key()?.ok_or_else(|| self.no_item())?,
        };
        let output = match (path.lone_key(), &path.braces) {
            (Some(name), _) => Output::Own(name.into(), path.head_span),
            (None, Some(_)) => Output::Merge,
            (None, None) => Output::Whole,
        };
        let value = self.path_expression(start, path);
        self.no_chain(start)?;
        Ok(Item { output, value })
    }

    /// `name:`
    fn alias(&mut self) -> Result<Option<Output>, ParseError> {
        let before = self.scanner.clone();
        let start = self.scanner.at();
        // An unclosed string is told of where it is read as a value.
        if let Ok(Some(name)) = self.key() {
            let span = self.scanner.span_from(start);
            if self.scanner.take(":") {
                return Ok(Some(Output::Alias(name, span)));
            }
        }
        self.scanner = before;
        Ok(None)
    }

    /// What follows an alias up to v0.3.
    fn aliased(&mut self) -> Result<Expression, ParseError> {
        let start = self.scanner.at();
        if self.scanner.sees("{") {
            let kind = ExpressionKind::Object(self.braces()?);
            return Ok(Expression { kind, span: self.scanner.span_from(start) });
        }
        let path = match self.path_from_sign()? {
            Some(path) => path,
            None => match self.path_from_key()? {
                Some(path) => path,
                None => return Err(self.not_yet_a_value()),
            },
        };
        let value = self.path_expression(start, path);
        self.no_chain(start)?;
        Ok(value)
    }

    fn path_expression(&self, start: usize, path: Path) -> Expression {
        Expression { kind: ExpressionKind::Path(path), span: self.scanner.span_from(start) }
    }

    /// Chains stand in a selection only behind an alias or `...`, and that from v0.4 on.
    fn no_chain(&self, start: usize) -> Result<(), ParseError> {
        let Some(operator) = self.operator_here() else { return Ok(()) };
        let span = self.scanner.span_from(start);
        let what = "a chain of `??` or `?!`";
        let (kind, fix) = if self.version.is_unified() {
            let expected = "the next field";
            let found = format!("`{}`", operator.text());
            (ParseErrorKind::Unexpected { expected, found }, "name the value: `name: a ?? b`")
        } else if self.version.has_optional_chaining() {
            (ParseErrorKind::NeedsParentheses { what }, "write `name: $(a ?? b)`")
        } else {
            let version = self.version;
            let kind = ParseErrorKind::NeedsVersion { what, since: Version::V0_3, version };
            (kind, "link `https://specs.apollo.dev/connect/v0.3` and write `name: $(a ?? b)`")
        };
        Err(ParseError { span, kind, fix: Some(fix.to_owned()) })
    }

    /// A number or an array behind an alias, before that was allowed.
    fn not_yet_a_value(&self) -> ParseError {
        let (what, fix) = if self.scanner.sees_number() {
            ("a number", "write `$(…)` around it")
        } else if self.scanner.sees("[") {
            ("an array", "write `$([…])`")
        } else {
            return self.unexpected("a path or `{`");
        };
        let kind = ParseErrorKind::NeedsParentheses { what };
        ParseError { span: self.scanner.span_here(), kind, fix: Some(fix.to_owned()) }
    }

    fn no_item(&self) -> ParseError {
        let mut error = self.unexpected("a field");
        if self.scanner.sees_number() || self.scanner.sees("{") {
            error.fix = Some("name the value: `name: $(…)`".to_owned());
        }
        error
    }

    /// A path without a name and braces may only stand alone.
    fn check_whole(&self, items: &Items, at_top: bool) -> Result<(), ParseError> {
        let is_whole = |item: &&Item| matches!(item.output, Output::Whole);
        let Some(whole) = items.items.iter().find(is_whole) else { return Ok(()) };
        let span = whole.value.span;
        if items.items.len() > 1 {
            let mut fix = "give it a name: `name: …`".to_owned();
            if self.version.is_unified() {
                fix += ", or merge its object in: `... path`";
            }
            return Err(ParseError { span, kind: ParseErrorKind::PathAmongItems, fix: Some(fix) });
        }
        if !at_top && !self.version.has_optional_chaining() {
            let fix = Some("give it a name: `name: …`".to_owned());
            return Err(ParseError { span, kind: ParseErrorKind::PathInBraces, fix });
        }
        Ok(())
    }
}
