//! Holds a mapping as a tree: what its text says, with the place of each part.
//!
//! **Out:** [`Root`] and what hangs below it; `syntax::parse` makes it, `syntax::print` writes it.
//!
//! **Never here:** what a tree evaluates to (`evaluate`), whether it fits a schema (`shape`).
//!
//! **Holds:** one tree for all versions. Where versions read a text differently the trees differ,
//! so that nothing behind this room asks for the version again.
//!
//! **Read first:** [`Expression`], then [`Item`].

pub(crate) mod parse;
mod value;
mod list;
mod scan;
mod error;
mod print;

pub use error::{ParseError, ParseErrorKind};
pub(crate) use print::print;

use crate::methods::Method;
use serde_json::Number;

/// A range of bytes inside the text of a mapping.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte behind the last one.
    pub end: u32,
}

impl Span {
    /// A range of bytes.
    ///
    /// Offsets beyond 4 GiB become 4 GiB; no text that parses is that long.
    pub fn new(start: usize, end: usize) -> Self {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: narrow(start), end: narrow(end) }
    }

    /// Whether another range lies inside.
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The range as indices.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A whole mapping.
#[derive(Clone, Debug)]
pub(crate) enum Root {
    /// Its value is the result.
    Value(Expression),
    /// The object of its items is the result.
    List(Items),
}

/// What has a value.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    pub(crate) kind: ExpressionKind,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) enum ExpressionKind {
    Null,
    Boolean(bool),
    Number(Number),
    String(Box<str>),
    Array(Vec<Expression>),
    Object(Items),
    Chain(Operator, Vec<Expression>),
    Path(Path),
}

/// What joins the operands of a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operator {
    /// `??`: the first that is neither null nor missing.
    NotNull,
    /// `?!`: the first that is not missing.
    NotMissing,
}

impl Operator {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::NotNull => "??",
            Self::NotMissing => "?!",
        }
    }
}

/// A head, steps from there, and what to take from the value they lead to.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) head: Head,
    pub(crate) head_span: Span,
    pub(crate) steps: Vec<Step>,
    pub(crate) braces: Option<Items>,
}

impl Path {
    /// The key that is all of this path but `?` and braces.
    pub(crate) fn lone_key(&self) -> Option<&str> {
        match &self.head {
            Head::Key(name) if self.steps.iter().all(|step| step.kind.is_question()) => Some(name),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Head {
    /// `$`
    Dollar,
    /// `@`
    At,
    /// `$name`, without the `$`.
    Variable(Box<str>),
    /// A property of `$`.
    Key(Box<str>),
    /// `$(…)`
    Parentheses(Box<Expression>),
    /// A literal with steps, from v0.4 on.
    Literal(Box<Expression>),
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) kind: StepKind,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) enum StepKind {
    /// `.key`
    Key(Box<str>),
    /// `?`
    Question,
    /// `->name(…)`
    Call(Call),
}

impl StepKind {
    pub(crate) fn is_question(&self) -> bool {
        matches!(self, Self::Question)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: Box<str>,
    /// `None`: no method has this name.
    pub(crate) method: Option<Method>,
    /// `None`: no parentheses.
    pub(crate) arguments: Option<Vec<Expression>>,
}

impl Call {
    pub(crate) fn arguments(&self) -> &[Expression] {
        self.arguments.as_deref().unwrap_or_default()
    }
}

/// What stands between braces, or is a mapping as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Items {
    pub(crate) items: Vec<Item>,
    pub(crate) span: Span,
}

impl Items {
    /// The path that stands alone, so that its value is what the braces give.
    pub(crate) fn whole(&self) -> Option<&Expression> {
        match self.items.as_slice() {
            [Item { output: Output::Whole, value, .. }] => Some(value),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) output: Output,
    pub(crate) value: Expression,
}

/// What becomes of the value of an item.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    /// `name: value`
    Alias(Box<str>, Span),
    /// A key under its own name.
    Own(Box<str>, Span),
    /// A path with braces: its object is merged in.
    Merge,
    /// `... value`: its object is merged in.
    Spread,
    /// A path without braces that stands alone.
    Whole,
}

impl Output {
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Alias(name, _) | Self::Own(name, _) => Some(name),
            Self::Merge | Self::Spread | Self::Whole => None,
        }
    }
}
