//! Reads names, strings, numbers and signs, and skips what lies between them.
//!
//! **In:** the text of a mapping. **Out:** one token at a time, as the parser asks for it.
//!
//! **Never here:** what may follow what (`syntax::parse` and its neighbors).
//!
//! **Holds:** offsets stand on borders of characters; every byte is looked at a bounded number of
//! times.
//!
//! **Read first:** [`Scanner::skip_blanks`].

use super::Span;
use super::error::{ParseError, ParseErrorKind};
use serde_json::Number;

/// A text and a place in it.
#[derive(Clone)]
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
    /// The end of the last token.
    last_end: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut this = Self { text, at: 0, last_end: 0 };
        this.skip_blanks();
        this
    }

    /// Where the next token begins.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// From a place to the end of the last token.
    pub(super) fn span_from(&self, start: usize) -> Span {
        Span::new(start, self.last_end.max(start))
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Whether the text goes on with these signs.
    pub(super) fn sees(&self, signs: &str) -> bool {
        self.rest().starts_with(signs)
    }

    /// Takes these signs, and the blanks behind them.
    pub(super) fn take(&mut self, signs: &str) -> bool {
        if !self.sees(signs) {
            return false;
        }
        self.advance(signs.len());
        true
    }

    fn advance(&mut self, n_bytes: usize) {
        self.at += n_bytes;
        self.last_end = self.at;
        self.skip_blanks();
    }

    /// White space, and `#` to the end of the line.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            let blank = self.rest().bytes().take_while(|byte| b" \t\r\n".contains(byte)).count();
            self.at += blank;
            if !self.sees("#") {
                return;
            }
            let rest = self.rest();
            self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
        }
    }

    pub(super) fn sees_quote(&self) -> bool {
        self.rest().starts_with(['"', '\''])
    }

    pub(super) fn sees_number(&self) -> bool {
        let rest = self.rest();
        let unsigned = rest.strip_prefix('-').unwrap_or(rest);
        let digits = unsigned.strip_prefix('.').unwrap_or(unsigned);
        digits.starts_with(|c: char| c.is_ascii_digit())
    }

    /// A letter of another alphabet, or a hyphen behind a name.
    pub(super) fn sees_letter(&self) -> bool {
        let is_behind_name = self.text[..self.at].ends_with(|c: char| c.is_ascii_alphanumeric());
        let mut chars = self.rest().chars();
        chars.next().is_some_and(|c| c.is_alphabetic() || (c == '-' && is_behind_name))
            && !self.sees("->")
    }

    /// White space that is none of ours.
    pub(super) fn sees_odd_blank(&self) -> bool {
        self.rest().starts_with(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}')
    }

    /// The name that stands here, without taking it.
    pub(super) fn name_here(&self) -> Option<&'t str> {
        name_at(self.rest())
    }

    /// A name.
    pub(super) fn name(&mut self) -> Option<&'t str> {
        let name = self.name_here()?;
        self.advance(name.len());
        Some(name)
    }

    /// `$name`, both without a blank between. Gives the name.
    pub(super) fn variable(&mut self) -> Option<&'t str> {
        let name = name_at(self.rest().strip_prefix('$')?)?;
        self.advance(1 + name.len());
        Some(name)
    }

    /// A string in either kind of quotes.
    pub(super) fn string(&mut self) -> Result<Box<str>, ParseError> {
        let start = self.at;
        let mut chars = self.rest().char_indices();
        let quote = chars.next().map(|(_, quote)| quote);
        let mut value = String::new();
        while let Some((_, c)) = chars.next() {
            if Some(c) == quote {
                self.advance(chars.offset());
                return Ok(value.into());
            }
            match c {
                '\\' => match chars.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, escaped)) => value.push(escaped),
                    None => break,
                },
                c => value.push(c),
            }
        }
        let span = Span::new(start, self.text.len());
        let fix = format!("close it with `{}`", quote.unwrap_or('"'));
        Err(ParseError { span, kind: ParseErrorKind::UnterminatedString, fix: Some(fix) })
    }

    /// A number. Zeros in front are dropped; there is no exponent.
    pub(super) fn number(&mut self) -> Result<Number, ParseError> {
        let start = self.at;
        let rest = self.rest();
        let sign = usize::from(rest.starts_with('-'));
        let whole = count_digits(&rest[sign..]);
        let has_point = rest[sign + whole..].starts_with('.');
        let fraction = if has_point { count_digits(&rest[sign + whole + 1..]) } else { 0 };
        let length = sign + whole + usize::from(has_point) + fraction;
        self.advance(length);
        if self.text[start + length..].starts_with(is_name_start) {
            let fix = Some("put a blank or a comma between them".to_owned());
            return Err(self.error_from(start, ParseErrorKind::NumberRunsOn, fix));
        }
        let too_large = |this: &Self| this.error_from(start, ParseErrorKind::NumberTooLarge, None);
        let text = &rest[..length];
        if !has_point {
            if let Ok(number) = text.parse::<i64>() {
                return Ok(number.into());
            }
            if let Ok(number) = text.parse::<u64>() {
                return Ok(number.into());
            }
        }
        let float: f64 = text.parse().map_err(|_| too_large(self))?;
        Number::from_f64(float).ok_or_else(|| too_large(self))
    }

    /// What stands here, for messages.
    pub(super) fn found(&self) -> String {
        match (self.name_here(), self.rest().chars().next()) {
            (Some(name), _) => format!("`{name}`"),
            (None, None) => "the end".to_owned(),
            (None, Some(c)) if c.is_whitespace() || c.is_control() => {
                format!("the character U+{:04X}", u32::from(c))
            }
            (None, Some(_)) => {
                let sign = ["...", "->", "??", "?!"].into_iter().find(|sign| self.sees(sign));
                let one = || self.rest().chars().take(1).collect();
                format!("`{}`", sign.map_or_else(one, str::to_owned))
            }
        }
    }

    /// The place of what stands here.
    pub(super) fn span_here(&self) -> Span {
        let rest = self.rest();
        let length = match self.name_here() {
            Some(name) => name.len(),
            None => rest.chars().next().map_or(0, char::len_utf8),
        };
        Span::new(self.at, self.at + length)
    }

    pub(super) fn error_from(
        &self,
        start: usize,
        kind: ParseErrorKind,
        fix: Option<String>,
    ) -> ParseError {
        ParseError { span: self.span_from(start), kind, fix }
    }
}

fn name_at(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !is_name_start(c) && !c.is_ascii_digit()).unwrap_or(text.len());
    text.starts_with(is_name_start).then(|| &text[..end])
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn count_digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Whether a text is a name, so that it needs no quotes as a key.
pub(super) fn is_name(text: &str) -> bool {
    name_at(text).is_some_and(|name| name.len() == text.len())
}
