//! Splits a stream of JSON into tokens, however its bytes are cut into pieces.
//!
//! **In:** bytes, piece by piece. **Out:** [`Token`]s, with the raw text of those that are wanted.
//!
//! **Never here:** which token may follow which (`filter`).
//!
//! **Holds:** only the text of the token at work is kept, and that within [`MAX_TOKEN`]; a string that
//! nobody wants to look at is handed on in pieces. What is no token of JSON is an error at its first byte.
//!
//! **Read first:** [`Lexer::next`].
//!
//! Spec: <https://www.rfc-editor.org/rfc/rfc8259>

use super::filter::Unreadable;

/// The longest name of a member, number, or string that a mask looks at.
pub(super) const MAX_TOKEN: usize = 1 << 20;

/// A token, or a part of a string.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// One of `{}[],:`.
    Mark(u8),
    /// A string begins; say whether its text is wanted whole.
    StringStart,
    /// A part of a string that is not wanted whole, its quotes included.
    Part(&'t [u8]),
    /// The end of a string: its raw text with quotes if it was wanted whole, else the last part.
    StringEnd(&'t [u8]),
    /// A number, `true`, `false` or `null`.
    Scalar(&'t [u8]),
}

/// Where the lexer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Between,
    /// Before a string's first byte, which is its quote.
    Quote,
    String,
    /// Behind a backslash.
    Escape,
    /// So many hexadecimal digits are to come.
    Hex(u8),
    Scalar,
}

#[derive(Debug)]
pub(super) struct Lexer {
    state: State,
    is_wanted: bool,
    /// The text of the token at work, as far as it stands in earlier pieces.
    text: Vec<u8>,
}

impl Lexer {
    pub(super) fn new() -> Self {
        Self { state: State::Between, is_wanted: false, text: Vec::new() }
    }

    /// From here on the string at work is kept, to be had whole at its end; else it comes in parts.
    pub(super) fn want_string(&mut self, is_wanted: bool) {
        self.is_wanted = is_wanted;
    }

    /// Hands the next token to `take`, and what is left of the piece back; nothing is left when the piece
    /// has no whole token more.
    pub(super) fn next<'p>(
        &mut self,
        piece: &'p [u8],
        take: &mut dyn FnMut(&mut Self, Token<'_>) -> Result<(), Unreadable>,
    ) -> Result<&'p [u8], Unreadable> {
        match self.state {
            State::Between => {
                let Some(at) = piece.iter().position(|byte| !b" \t\r\n".contains(byte)) else {
                    return Ok(&[]);
                };
                match piece[at] {
                    mark @ (b'{' | b'}' | b'[' | b']' | b',' | b':') => {
                        take(self, Token::Mark(mark))?;
                        return Ok(&piece[at + 1..]);
                    }
                    b'"' => {
                        self.is_wanted = false;
                        self.state = State::Quote;
                        take(self, Token::StringStart)?;
                    }
                    b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => self.state = State::Scalar,
                    _ => return Err(Unreadable::NotJson),
                }
                Ok(&piece[at..])
            }
            State::Scalar => self.scalar(piece, take),
            _ => self.string(piece, take),
        }
    }

    /// The stream is over. A number at its very end ends with it.
    pub(super) fn end(
        &mut self,
        take: &mut dyn FnMut(&mut Self, Token<'_>) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        match self.state {
            State::Between => Ok(()),
            // A byte of whitespace after it changes nothing.
            State::Scalar => self.scalar(b" ", take).map(drop),
            _ => Err(Unreadable::CutOff),
        }
    }

    fn scalar<'p>(
        &mut self,
        piece: &'p [u8],
        take: &mut dyn FnMut(&mut Self, Token<'_>) -> Result<(), Unreadable>,
    ) -> Result<&'p [u8], Unreadable> {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let end = piece.iter().position(|byte| !is_part(byte));
        self.keep(&piece[..end.unwrap_or(piece.len())])?;
        let Some(end) = end else { return Ok(&[]) };
        let text = std::mem::take(&mut self.text);
        if !is_scalar(&text) {
            return Err(Unreadable::NotJson);
        }
        self.state = State::Between;
        take(self, Token::Scalar(&text))?;
        self.reuse(text);
        Ok(&piece[end..])
    }

    fn string<'p>(
        &mut self,
        piece: &'p [u8],
        take: &mut dyn FnMut(&mut Self, Token<'_>) -> Result<(), Unreadable>,
    ) -> Result<&'p [u8], Unreadable> {
        let mut at = 0;
        let mut end = None;
        while let (Some(&byte), None) = (piece.get(at), end) {
            self.state = match (self.state, byte) {
                (State::Quote, _) => State::String,
                (State::String, b'"') => {
                    end = Some(at + 1);
                    State::Between
                }
                (State::String, b'\\') => State::Escape,
                (State::String, 0x20..) => State::String,
                (State::Escape, b'u') => State::Hex(4),
                (State::Escape, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                    State::String
                }
                (State::Hex(1), byte) if byte.is_ascii_hexdigit() => State::String,
                (State::Hex(n), byte) if byte.is_ascii_hexdigit() => State::Hex(n - 1),
                _ => return Err(Unreadable::NotJson),
            };
            at += 1;
        }
        let (part, rest) = piece.split_at(at);
        match (end, self.is_wanted) {
            (None, true) => self.keep(part)?,
            (None, false) => take(self, Token::Part(part))?,
            (Some(_), false) => take(self, Token::StringEnd(part))?,
            (Some(_), true) => {
                self.keep(part)?;
                let text = std::mem::take(&mut self.text);
                take(self, Token::StringEnd(&text))?;
                self.reuse(text);
            }
        }
        Ok(rest)
    }

    fn keep(&mut self, part: &[u8]) -> Result<(), Unreadable> {
        if self.text.len() + part.len() > MAX_TOKEN {
            return Err(Unreadable::TokenTooLong);
        }
        self.text.extend_from_slice(part);
        Ok(())
    }

    fn reuse(&mut self, mut text: Vec<u8>) {
        text.clear();
        self.text = text;
    }
}

fn is_scalar(text: &[u8]) -> bool {
    matches!(text, b"true" | b"false" | b"null") || is_number(text)
}

/// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text[0] == b'0') {
        return false;
    }
    let mut rest = &text[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let n = digits(fraction);
        if n == 0 {
            return false;
        }
        rest = &fraction[n..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let sign = usize::from(matches!(exponent, [b'+' | b'-', ..]));
        let n = digits(&exponent[sign..]);
        return n > 0 && sign + n == exponent.len();
    }
    rest.is_empty()
}
