//! Scans JSON: strings, numbers, words, whitespace, and whole values that nobody asked for.
//!
//! **In:** the bytes of an answer. **Out:** where values end, and of which kind leaves are.
//!
//! **Never here:** what the values mean (`parse`); why a text is no JSON: who needs that reads it again
//! with the strict reader of `json`.
//!
//! **Holds:** accepts exactly what `json` accepts, within the same limits, but for UTF-8: bytes above
//! 127 stand in strings only, and [`Scanner::is_ascii`] tells whether there were any.
//!
//! **Read first:** [`Scanner`].

use super::store::kind;
use crate::json::ReaderLimits;

/// The text is not JSON, or beyond the limits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Broken;

pub(super) type Scanned<T> = Result<T, Broken>;

/// A place in a text.
#[derive(Clone)]
pub(super) struct Scanner<'b> {
    pub(super) body: &'b [u8],
    pub(super) at: usize,
    depth: usize,
    limits: ReaderLimits,
    /// All words of all strings, or-ed: the high bits tell of bytes above 127.
    seen: u64,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
/// Beyond this many bytes a string is scanned in blocks.
const SHORT: usize = 32;
const BLOCK: usize = 32;

impl<'b> Scanner<'b> {
    pub(super) fn new(body: &'b [u8], limits: ReaderLimits) -> Self {
        Self { body, at: 0, depth: 0, limits, seen: 0 }
    }

    /// Whether no byte above 127 was in a string so far.
    pub(super) fn is_ascii(&self) -> bool {
        self.seen & HIGHS == 0
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    #[inline]
    pub(super) fn skip_whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The first byte of the next value, not taken.
    #[inline]
    pub(super) fn value_start(&mut self) -> Scanned<u8> {
        match self.peek() {
            Some(byte) if byte > b' ' => Ok(byte),
            _ => {
                self.skip_whitespace();
                self.peek().ok_or(Broken)
            }
        }
    }

    /// Goes into a list or object, whose opening is the next byte.
    #[inline]
    pub(super) fn enter(&mut self) -> Scanned<()> {
        if self.depth == self.limits.max_depth {
            return Err(Broken);
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    #[inline]
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Whether a member or item follows the opening that was just taken.
    #[inline]
    pub(super) fn has_first(&mut self, close: u8) -> bool {
        self.skip_whitespace();
        !self.take(close)
    }

    /// Whether another member or item follows a value; takes the comma or the end.
    #[inline]
    pub(super) fn has_next(&mut self, close: u8) -> Scanned<bool> {
        if self.peek() == Some(b',') {
            self.at += 1;
            return Ok(true);
        }
        self.skip_whitespace();
        if self.take(b',') {
            return Ok(true);
        }
        if self.take(close) { Ok(false) } else { Err(Broken) }
    }

    /// Counts the items of a list that may be no longer.
    #[inline]
    pub(super) fn count(&self, n_items: &mut usize) -> Scanned<()> {
        if *n_items == self.limits.max_list_length {
            return Err(Broken);
        }
        *n_items += 1;
        Ok(())
    }

    /// Takes a string, quotes included; says whether it has escapes.
    #[inline]
    pub(super) fn string(&mut self) -> Scanned<bool> {
        if !self.take(b'"') {
            return Err(Broken);
        }
        let mut escaped = false;
        loop {
            self.plain_text();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return Err(Broken),
            }
        }
    }

    /// Goes to the next quote, backslash or control character, or to the end.
    #[inline]
    fn plain_text(&mut self) {
        let start = self.at;
        while let Some(word) = self.word() {
            let special = special_bytes(word);
            if special != 0 {
                let n_plain = special.trailing_zeros() / 8;
                // Only the bytes before it belong to the string.
                self.seen |= word & !(u64::MAX << (8 * n_plain));
                self.at += n_plain as usize;
                return;
            }
            self.seen |= word;
            self.at += 8;
            if self.at - start >= SHORT {
                self.plain_blocks();
            }
        }
        while let Some(byte) = self.peek().filter(|byte| !is_special(*byte)) {
            self.seen |= u64::from(byte);
            self.at += 1;
        }
    }

    #[inline]
    fn word(&self) -> Option<u64> {
        let bytes = self.body.get(self.at..self.at + 8)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    }

    /// Goes on by blocks without anything special. The compiler makes vector instructions of this: about
    /// 1.4 instructions a byte.
    fn plain_blocks(&mut self) {
        while let Some(block) = self.body[self.at..].first_chunk::<BLOCK>() {
            let (mut special, mut all) = (0, 0);
            for &byte in block {
                special |= u8::from(is_special(byte));
                all |= byte;
            }
            if special != 0 {
                return;
            }
            self.seen |= u64::from(all);
            self.at += BLOCK;
        }
    }

    fn escape(&mut self) -> Scanned<()> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                let unit = self.unit()?;
                let is_pair = (0xd800..0xdc00).contains(&unit)
                    && self.take(b'\\')
                    && (0xdc00..0xe000).contains(&self.unit()?);
                if (0xd800..0xe000).contains(&unit) && !is_pair {
                    return Err(Broken);
                }
            }
            _ => return Err(Broken),
        }
        Ok(())
    }

    /// `u` and four hexadecimal digits.
    fn unit(&mut self) -> Scanned<u32> {
        if !self.take(b'u') {
            return Err(Broken);
        }
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit * 16 + digit.ok_or(Broken)?;
            self.at += 1;
        }
        Ok(unit)
    }

    /// Takes a number; says of which kind it is.
    #[inline]
    pub(super) fn number(&mut self) -> Scanned<u8> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        let mut kind = kind::INT;
        if self.take(b'.') {
            self.digits()?;
            kind = kind::FLOAT;
        }
        if self.take(b'e') || self.take(b'E') {
            let _signed = self.take(b'+') || self.take(b'-');
            self.digits()?;
            kind = kind::FLOAT;
        }
        // Nine digits always fit.
        if kind == kind::INT && self.at - start > 9 && !self.fits_int(start) {
            kind = kind::BIG;
        }
        Ok(kind)
    }

    fn fits_int(&self, start: usize) -> bool {
        let text = std::str::from_utf8(&self.body[start..self.at]);
        text.is_ok_and(|text| text.parse::<i32>().is_ok())
    }

    #[inline]
    fn digits(&mut self) -> Scanned<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(Broken) } else { Ok(()) }
    }

    #[inline]
    pub(super) fn literal(&mut self, word: &[u8]) -> Scanned<()> {
        if !self.body[self.at..].starts_with(word) {
            return Err(Broken);
        }
        self.at += word.len();
        Ok(())
    }

    /// Takes any value.
    pub(super) fn skip_value(&mut self) -> Scanned<()> {
        match self.value_start()? {
            b'{' => {
                self.enter()?;
                let mut more = self.has_first(b'}');
                while more {
                    self.skip_key()?;
                    self.skip_value()?;
                    more = self.has_next(b'}')?;
                }
                self.leave();
            }
            b'[' => {
                self.enter()?;
                let (mut more, mut n_items) = (self.has_first(b']'), 0);
                while more {
                    self.count(&mut n_items)?;
                    self.skip_value()?;
                    more = self.has_next(b']')?;
                }
                self.leave();
            }
            b'"' => {
                self.string()?;
            }
            b'-' | b'0'..=b'9' => {
                self.number()?;
            }
            b't' => self.literal(b"true")?,
            b'f' => self.literal(b"false")?,
            b'n' => self.literal(b"null")?,
            _ => return Err(Broken),
        }
        Ok(())
    }

    fn skip_key(&mut self) -> Scanned<()> {
        self.key().map(|_| ())
    }

    /// Takes a name and the colon; gives the text between its quotes, and whether it has escapes.
    #[inline]
    pub(super) fn key(&mut self) -> Scanned<(&'b [u8], bool)> {
        self.skip_whitespace();
        let start = self.at + 1;
        let escaped = self.string()?;
        let name = &self.body[start..self.at - 1];
        if !self.take(b':') {
            self.skip_whitespace();
            if !self.take(b':') {
                return Err(Broken);
            }
        }
        Ok((name, escaped))
    }
}

/// Without branches, so that blocks of bytes are compared at once.
#[inline]
fn is_special(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < 0x20)
}

/// The high bits of bytes that end plain text; those above the lowest may be wrong.
#[inline]
fn special_bytes(word: u64) -> u64 {
    let is_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let quote = is_zero(word ^ (ONES * u64::from(b'"')));
    let backslash = is_zero(word ^ (ONES * u64::from(b'\\')));
    let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
    quote | backslash | control
}

#[cfg(test)]
mod tests;
