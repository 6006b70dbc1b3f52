//! Masks the values of a stream of JSON, as it comes.
//!
//! **In:** the bytes of one JSON text, piece by piece, and the masks that hide. **Out:** the same text with
//! something else in place of what they hide, without whitespace between tokens.
//!
//! **Never here:** which masks hide (`Mask`), bodies and headers (`server`).
//!
//! **Holds:** nothing is given out that was not read as JSON: at the first byte that cannot be, the stream
//! ends with an error. Memory does not grow with the text, but with its depth. A selected object or list
//! is removed or replaced whole; other masks work on every leaf in it, and null stays null. Where several
//! masks select one value, one that removes or replaces goes first, then the earlier.
//!
//! **Read first:** [`JsonFilter::push`].

use std::sync::Arc;

use thiserror::Error;

use super::lexer::{Lexer, Token};
use super::path::{JsonPath, Progress};
use super::{Action, PathMask};

/// More than any text of people or programs has.
const MAX_DEPTH: usize = 512;

/// Why a stream cannot be filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// What came is not JSON.
    #[error("it is not one JSON text")]
    NotJson,
    /// It ended before its end.
    #[error("it ends too early")]
    CutOff,
    /// Deeper than any text may be.
    #[error("it is nested more than 512 deep")]
    TooDeep,
    /// A name, a number or a masked string is longer than any may be.
    #[error("a name, a number or a masked text is longer than 1 MiB")]
    TokenTooLong,
}

/// Masks the values of one JSON text.
#[derive(Debug)]
pub struct JsonFilter {
    lexer: Lexer,
    writer: Writer,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    Name,
    NameOrEnd,
    Colon,
    CommaOrEnd,
    Nothing,
}

/// An open object or list.
#[derive(Debug)]
struct Frame {
    is_object: bool,
    /// Whether nothing of it was written yet.
    is_empty: bool,
    /// What works on every leaf in it.
    on_leaves: Option<usize>,
}

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    /// A mask works on its leaves.
    OnLeaves(usize),
    Replaced(usize),
    Removed,
}

#[derive(Debug)]
struct Writer {
    masks: Arc<[PathMask]>,
    expect: Expect,
    frames: Vec<Frame>,
    /// The progress of each mask at each open object or list, the innermost last.
    progress: Vec<Progress>,
    /// The same for the value to come.
    next: Vec<Progress>,
    fate: Fate,
    /// The depth of a value of which nothing is written.
    silent: Option<usize>,
    /// A string at work is a member's name.
    is_name: bool,
    out: Vec<u8>,
}

impl JsonFilter {
    /// A filter for one text.
    pub fn new(masks: Arc<[PathMask]>) -> Self {
        let next = vec![JsonPath::START; masks.len()];
        let writer = Writer {
            masks,
            expect: Expect::Value,
            frames: Vec::new(),
            progress: Vec::new(),
            next,
            fate: Fate::Kept,
            silent: None,
            is_name: false,
            out: Vec::new(),
        };
        Self { lexer: Lexer::new(), writer }
    }

    /// Takes the next bytes; what can be written now.
    ///
    /// # Errors
    /// When they cannot be of a JSON text. Nothing more is to be given out then.
    pub fn push(&mut self, mut piece: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let writer = &mut self.writer;
        while !piece.is_empty() {
            piece = self.lexer.next(piece, &mut |lexer, token| writer.take(lexer, token))?;
        }
        Ok(std::mem::take(&mut writer.out))
    }

    /// The text is over; the rest of it.
    ///
    /// # Errors
    /// When it is not whole.
    pub fn finish(&mut self) -> Result<Vec<u8>, Unreadable> {
        let writer = &mut self.writer;
        self.lexer.end(&mut |lexer, token| writer.take(lexer, token))?;
        match writer.expect {
            Expect::Nothing => Ok(std::mem::take(&mut writer.out)),
            _ => Err(Unreadable::CutOff),
        }
    }
}

impl Writer {
    fn take(&mut self, lexer: &mut Lexer, token: Token<'_>) -> Result<(), Unreadable> {
        match token {
            Token::Mark(mark) => self.mark(mark),
            Token::StringStart => {
                self.is_name = matches!(self.expect, Expect::Name | Expect::NameOrEnd);
                if !self.is_name {
                    self.begin_value()?;
                }
                lexer.want_string(self.is_name || matches!(self.fate, Fate::OnLeaves(_)));
                Ok(())
            }
            Token::Part(part) => {
                self.write(part);
                Ok(())
            }
            Token::StringEnd(text) if self.is_name => self.name(text),
            Token::StringEnd(text) => self.leaf(text),
            Token::Scalar(text) => {
                self.begin_value()?;
                self.leaf(text)
            }
        }
    }

    fn mark(&mut self, mark: u8) -> Result<(), Unreadable> {
        match (mark, self.expect) {
            (b'{' | b'[', _) => {
                self.begin_value()?;
                self.open(mark)
            }
            (b'}', Expect::NameOrEnd | Expect::CommaOrEnd) if self.is_in_object(true) => {
                self.close(mark);
                Ok(())
            }
            (b']', Expect::ValueOrEnd | Expect::CommaOrEnd) if self.is_in_object(false) => {
                self.close(mark);
                Ok(())
            }
            (b',', Expect::CommaOrEnd) => {
                let is_object = self.is_in_object(true);
                self.expect = if is_object { Expect::Name } else { Expect::Value };
                Ok(())
            }
            (b':', Expect::Colon) => {
                self.expect = Expect::Value;
                Ok(())
            }
            _ => Err(Unreadable::NotJson),
        }
    }

    fn is_in_object(&self, is_object: bool) -> bool {
        self.frames.last().is_some_and(|frame| frame.is_object == is_object)
    }

    /// The name of a member: now it is known what becomes of its value.
    fn name(&mut self, text: &[u8]) -> Result<(), Unreadable> {
        let name: String = serde_json::from_slice(text).map_err(|_| Unreadable::NotJson)?;
        self.descend(Some(&name));
        if self.fate != Fate::Removed {
            self.separate();
            self.write(text);
            self.write(b":");
        }
        self.expect = Expect::Colon;
        Ok(())
    }

    fn begin_value(&mut self) -> Result<(), Unreadable> {
        match self.expect {
            Expect::Value | Expect::ValueOrEnd => {}
            _ => return Err(Unreadable::NotJson),
        }
        match self.frames.last() {
            Some(frame) if frame.is_object => {}
            Some(_) => {
                self.descend(None);
                if self.fate != Fate::Removed {
                    self.separate();
                }
            }
            None => self.decide(None),
        }
        match self.fate {
            Fate::Removed => self.be_silent(),
            Fate::Replaced(mask) => {
                let masks = Arc::clone(&self.masks);
                if let Action::Replace(text) = &masks[mask].mask.action {
                    self.write(text.as_bytes());
                }
                self.be_silent();
            }
            Fate::Kept | Fate::OnLeaves(_) => {}
        }
        Ok(())
    }

    fn be_silent(&mut self) {
        self.silent = self.silent.or(Some(self.frames.len()));
    }

    /// The progress of all masks at the next member or item.
    fn descend(&mut self, name: Option<&str>) {
        let above = self.progress.len() - self.masks.len();
        for (i, mask) in self.masks.iter().enumerate() {
            self.next[i] = mask.path.below(self.progress[above + i], name);
        }
        let inherited = self.frames.last().and_then(|frame| frame.on_leaves);
        self.decide(inherited);
    }

    /// What becomes of the next value, by what selects it and what works on all leaves around it.
    fn decide(&mut self, inherited: Option<usize>) {
        let selecting = self.masks.iter().zip(&self.next).enumerate();
        let selecting = selecting.filter(|(_, (mask, next))| mask.path.selects(**next));
        let mut on_leaves = inherited;
        let mut replaced = None;
        for (i, (mask, _)) in selecting {
            match mask.mask.action {
                Action::Remove => {
                    self.fate = Fate::Removed;
                    return;
                }
                Action::Replace(_) => replaced = replaced.or(Some(i)),
                Action::KeepLast(_) | Action::Hash(_) => on_leaves = on_leaves.or(Some(i)),
            }
        }
        self.fate = match (replaced, on_leaves) {
            (Some(mask), _) => Fate::Replaced(mask),
            (None, Some(mask)) => Fate::OnLeaves(mask),
            (None, None) => Fate::Kept,
        };
    }

    fn open(&mut self, mark: u8) -> Result<(), Unreadable> {
        if self.frames.len() == MAX_DEPTH {
            return Err(Unreadable::TooDeep);
        }
        self.write(&[mark]);
        let is_object = mark == b'{';
        let on_leaves = match self.fate {
            Fate::OnLeaves(mask) => Some(mask),
            _ => None,
        };
        self.frames.push(Frame { is_object, is_empty: true, on_leaves });
        self.progress.extend_from_slice(&self.next);
        self.expect = if is_object { Expect::NameOrEnd } else { Expect::ValueOrEnd };
        Ok(())
    }

    fn close(&mut self, mark: u8) {
        self.frames.pop();
        self.progress.truncate(self.progress.len() - self.masks.len());
        self.write(&[mark]);
        self.end_value();
    }

    /// The end of a string, or a scalar.
    fn leaf(&mut self, text: &[u8]) -> Result<(), Unreadable> {
        match self.fate {
            Fate::OnLeaves(mask) if text != b"null" => {
                let text = std::str::from_utf8(text).map_err(|_| Unreadable::NotJson)?;
                let instead = self.masks[mask].mask.action.instead_of(text);
                self.write(instead.as_bytes());
            }
            _ => self.write(text),
        }
        self.end_value();
        Ok(())
    }

    fn end_value(&mut self) {
        if self.silent == Some(self.frames.len()) {
            self.silent = None;
        }
        self.expect = if self.frames.is_empty() { Expect::Nothing } else { Expect::CommaOrEnd };
    }

    /// A comma, unless the value is the first that is written.
    fn separate(&mut self) {
        let Some(frame) = self.frames.last_mut() else { return };
        let is_first = std::mem::replace(&mut frame.is_empty, false);
        if !is_first {
            self.write(b",");
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.silent.is_none() {
            self.out.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests;
