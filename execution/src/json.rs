//! Reads JSON strictly into a tree that keeps every value's text.
//!
//! **In:** the body of an answer. **Out:** a [`Json`].
//!
//! **Never here:** what the values mean (`simple`).
//!
//! **Holds:** accepts what RFC 8259 accepts, and nothing else, within [`ReaderLimits`]; lone
//! surrogates in escapes are refused, because no text could be made of them. Of equal names in one
//! object the first wins. A value's text is a slice of the body, byte for byte.
//!
//! **Read first:** [`Json::read`].
//!
//! Spec: <https://www.rfc-editor.org/rfc/rfc8259>

use bytes::Bytes;
use std::{borrow::Cow, collections::HashSet};
use thiserror::Error;

/// A JSON value and its text.
#[derive(Clone, Debug)]
pub(crate) struct Json {
    text: Bytes,
    kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number: its text says which.
    Number,
    /// A string: its text has the quotes and escapes.
    String,
    /// A list.
    Array(Vec<Json>),
    /// An object. Names have their escapes resolved and are unique.
    Object(Vec<(String, Json)>),
}

/// The bounds of reading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReaderLimits {
    /// Levels of lists and objects.
    pub(crate) max_depth: usize,
    /// Items of one list.
    pub(crate) max_list_length: usize,
}

/// Why a text is not read.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub(crate) enum JsonError {
    #[error("the body is not UTF-8")]
    NotUtf8,
    #[error("the body is not JSON at byte {offset}")]
    Syntax { offset: usize },
    #[error("the body is nested deeper than {limit} levels")]
    TooDeep { limit: usize },
    #[error("the body has a list of more than {limit} items")]
    ListTooLong { limit: usize },
}

impl Json {
    /// Reads a text that is one value.
    pub(crate) fn read(body: &Bytes, limits: ReaderLimits) -> Result<Self, JsonError> {
        std::str::from_utf8(body).map_err(|_| JsonError::NotUtf8)?;
        let mut reader = Reader { body, at: 0, depth: 0, limits };
        reader.skip_whitespace();
        let value = reader.read_value()?;
        reader.skip_whitespace();
        if reader.at == body.len() { Ok(value) } else { Err(reader.syntax()) }
    }

    /// Its text in the body.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.text).expect("the body was checked, and values end at ASCII")
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.kind
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// The characters of a string, escapes resolved.
    pub(crate) fn as_str(&self) -> Option<Cow<'_, str>> {
        let text = self.text();
        matches!(self.kind, Kind::String).then(|| unescape(&text[1..text.len() - 1]))
    }

    pub(crate) fn as_array(&self) -> Option<&[Json]> {
        match &self.kind {
            Kind::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&[(String, Json)]> {
        match &self.kind {
            Kind::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The value of that name in an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        self.as_object()?.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

struct Reader<'a> {
    body: &'a Bytes,
    at: usize,
    depth: usize,
    limits: ReaderLimits,
}

impl Reader<'_> {
    fn read_value(&mut self) -> Result<Json, JsonError> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.nested(Self::read_object)?,
            Some(b'[') => self.nested(Self::read_array)?,
            Some(b'"') => self.read_string().map(|()| Kind::String)?,
            Some(b'-' | b'0'..=b'9') => self.read_number().map(|()| Kind::Number)?,
            Some(b't') => self.read_word("true").map(|()| Kind::Boolean)?,
            Some(b'f') => self.read_word("false").map(|()| Kind::Boolean)?,
            Some(b'n') => self.read_word("null").map(|()| Kind::Null)?,
            _ => return Err(self.syntax()),
        };
        Ok(Json { text: self.body.slice(start..self.at), kind })
    }

    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Kind, JsonError>,
    ) -> Result<Kind, JsonError> {
        if self.depth == self.limits.max_depth {
            return Err(JsonError::TooDeep { limit: self.limits.max_depth });
        }
        self.depth += 1;
        self.at += 1;
        self.skip_whitespace();
        let kind = read(self)?;
        self.depth -= 1;
        Ok(kind)
    }

    fn read_array(&mut self) -> Result<Kind, JsonError> {
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Kind::Array(items));
        }
        loop {
            if items.len() == self.limits.max_list_length {
                return Err(JsonError::ListTooLong { limit: self.limits.max_list_length });
            }
            items.push(self.read_value()?);
            self.skip_whitespace();
            if self.take(b']') {
                return Ok(Kind::Array(items));
            }
            self.expect(b',')?;
            self.skip_whitespace();
        }
    }

    fn read_object(&mut self) -> Result<Kind, JsonError> {
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut many = HashSet::new();
        if self.take(b'}') {
            return Ok(Kind::Object(members));
        }
        loop {
            let start = self.at;
            self.read_string()?;
            let name = unescape(self.str(start + 1, self.at - 1)).into_owned();
            self.skip_whitespace();
            self.expect(b':')?;
            self.skip_whitespace();
            let value = self.read_value()?;
            if is_first(&members, &mut many, &name) {
                members.push((name, value));
            }
            self.skip_whitespace();
            if self.take(b'}') {
                return Ok(Kind::Object(members));
            }
            self.expect(b',')?;
            self.skip_whitespace();
        }
    }

    fn read_string(&mut self) -> Result<(), JsonError> {
        self.expect(b'"')?;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.read_escape()?,
                Some(0x20..) => self.at += 1,
                _ => return Err(self.syntax()),
            }
        }
    }

    fn read_escape(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                let unit = self.read_unit()?;
                if (0xd800..0xdc00).contains(&unit) {
                    self.expect(b'\\')?;
                    if !(0xdc00..0xe000).contains(&self.read_unit()?) {
                        return Err(self.syntax());
                    }
                } else if (0xdc00..0xe000).contains(&unit) {
                    return Err(self.syntax());
                }
            }
            _ => return Err(self.syntax()),
        }
        Ok(())
    }

    /// `u` and four hexadecimal digits.
    fn read_unit(&mut self) -> Result<u32, JsonError> {
        self.expect(b'u')?;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit * 16 + digit.ok_or_else(|| self.syntax())?;
            self.at += 1;
        }
        Ok(unit)
    }

    fn read_number(&mut self) -> Result<(), JsonError> {
        self.take(b'-');
        if !self.take(b'0') {
            self.read_digits()?;
        }
        if self.take(b'.') {
            self.read_digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _signed = self.take(b'+') || self.take(b'-');
            self.read_digits()?;
        }
        Ok(())
    }

    fn read_digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.syntax()) } else { Ok(()) }
    }

    fn read_word(&mut self, word: &str) -> Result<(), JsonError> {
        if !self.body[self.at..].starts_with(word.as_bytes()) {
            return Err(self.syntax());
        }
        self.at += word.len();
        Ok(())
    }

    fn skip_whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.take(byte) { Ok(()) } else { Err(self.syntax()) }
    }

    fn str(&self, start: usize, end: usize) -> &str {
        std::str::from_utf8(&self.body[start..end]).expect("the body was checked, quotes are ASCII")
    }

    fn syntax(&self) -> JsonError {
        JsonError::Syntax { offset: self.at }
    }
}

/// Whether no earlier member has the name. Large objects keep a set, so that a body full of names
/// takes no quadratic time.
fn is_first(members: &[(String, Json)], many: &mut HashSet<String>, name: &str) -> bool {
    const FEW: usize = 32;
    if members.len() < FEW {
        return members.iter().all(|(key, _)| key != name);
    }
    if many.is_empty() {
        many.extend(members.iter().map(|(key, _)| key.clone()));
    }
    many.insert(name.to_owned())
}

/// A JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The characters of a checked string without its quotes.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('\\') else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len());
    let (plain, mut rest) = text.split_at(first);
    out.push_str(plain);
    while let Some(escaped) = rest.strip_prefix('\\') {
        let (character, after) = read_escaped(escaped);
        out.push(character);
        let next = after.find('\\').unwrap_or(after.len());
        out.push_str(&after[..next]);
        rest = &after[next..];
    }
    Cow::Owned(out)
}

/// The character that an escape means, and the text behind it.
fn read_escaped(escaped: &str) -> (char, &str) {
    let character = match escaped.as_bytes()[0] {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let high = unit(&escaped[1..5]);
            return match char::from_u32(high) {
                Some(character) => (character, &escaped[5..]),
                None => {
                    let low = unit(&escaped[7..11]);
                    let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                    (char::from_u32(code).unwrap_or('\u{fffd}'), &escaped[11..])
                }
            };
        }
        other => char::from(other),
    };
    (character, &escaped[1..])
}

fn unit(digits: &str) -> u32 {
    u32::from_str_radix(digits, 16).expect("the reader checked the digits")
}

#[cfg(test)]
mod tests;
