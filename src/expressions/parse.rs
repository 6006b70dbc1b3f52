//! Reads the text of an expression.
//!
//! **In:** text and phase. **Out:** terms to be joined, or the first thing that is wrong.
//!
//! **Never here:** evaluation.
//!
//! **Read first:** [`parse`].

use http::HeaderName;

use super::{ExpressionErrorKind, Phase, Term};

/// A sum, and nothing besides.
pub(super) fn parse(text: &str, phase: Phase) -> Result<Vec<Term>, ExpressionErrorKind> {
    let mut reader = Reader::new(text);
    let terms = reader.sum(phase)?;
    if reader.is_at_end() { Ok(terms) } else { Err(reader.unexpected("`+` or the end")) }
}

/// What is left of a text.
pub(super) struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text.trim() }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn starts_with(&self, token: &str) -> bool {
        self.rest.starts_with(token)
    }

    /// `term ("+" term)*`
    pub(super) fn sum(&mut self, phase: Phase) -> Result<Vec<Term>, ExpressionErrorKind> {
        let mut terms = vec![self.term(phase)?];
        while self.take("+") {
            terms.push(self.term(phase)?);
        }
        Ok(terms)
    }

    fn term(&mut self, phase: Phase) -> Result<Term, ExpressionErrorKind> {
        if self.rest.starts_with(['\'', '"']) {
            return self.text().map(Term::Text);
        }
        let name = self.name();
        if name.is_empty() {
            return Err(self.unexpected("a text or a name"));
        }
        match (name, phase) {
            ("request.id", _) => Ok(Term::RequestId),
            ("request.method", _) => Ok(Term::Method),
            ("request.path", _) => Ok(Term::Path),
            ("request.client_ip", _) => Ok(Term::ClientIp),
            ("route.name", Phase::Route) => Ok(Term::RouteName),
            ("request.headers", _) => {
                let name = self.index()?;
                let header = HeaderName::from_bytes(name.as_bytes());
                header.map(Term::Header).map_err(|_| ExpressionErrorKind::HeaderName { name })
            }
            ("request.path_params", Phase::Route) => self.index().map(Term::PathParam),
            (name, phase) => match name.strip_prefix("request.path_params.") {
                Some(param) if phase == Phase::Route => Ok(Term::PathParam(param.to_owned())),
                _ => Err(ExpressionErrorKind::UnknownName { name: name.to_owned() }),
            },
        }
    }

    fn index(&mut self) -> Result<String, ExpressionErrorKind> {
        if !self.take("[") || !self.rest.starts_with(['\'', '"']) {
            return Err(self.unexpected("`[` and a text"));
        }
        let text = self.text()?;
        if self.take("]") { Ok(text) } else { Err(self.unexpected("`]`")) }
    }

    fn text(&mut self) -> Result<String, ExpressionErrorKind> {
        let mut chars = self.rest.char_indices();
        let quote = chars.next().map(|(_, quote)| quote);
        let mut out = String::new();
        while let Some((at, char)) = chars.next() {
            if Some(char) == quote {
                self.rest = self.rest[at + char.len_utf8()..].trim_start();
                return Ok(out);
            }
            match char {
                '\\' => match chars.next().map(|(_, escaped)| escaped) {
                    Some('n') => out.push('\n'),
                    Some('t') => out.push('\t'),
                    Some(escaped @ ('\\' | '\'' | '"')) => out.push(escaped),
                    other => {
                        let found = format!("\\{}", other.map(String::from).unwrap_or_default());
                        let expected = "`\\\\`, `\\'`, `\\\"`, `\\n` or `\\t`";
                        return Err(ExpressionErrorKind::Unexpected { found, expected });
                    }
                },
                _ => out.push(char),
            }
        }
        Err(ExpressionErrorKind::OpenText)
    }

    fn name(&mut self) -> &'a str {
        let end = self.name_end();
        // A last part before a parenthesis is not of the name: it is what is asked of the text.
        let end = match self.rest[end..].trim_start().starts_with('(') {
            true => self.rest[..end].rfind('.').unwrap_or(end),
            false => end,
        };
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        name
    }

    fn name_end(&self) -> usize {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len())
    }

    /// Takes a whole name.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        self.rest[..self.name_end()] == *word && self.take(word)
    }

    pub(super) fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    pub(super) fn unexpected(&self, expected: &'static str) -> ExpressionErrorKind {
        let end = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
        ExpressionErrorKind::Unexpected { found: self.rest[..end].to_owned(), expected }
    }
}
