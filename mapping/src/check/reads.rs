//! Notes which parts of the inputs a mapping reads.
//!
//! **Out:** [`Read`]s: `$this.sku`, `$args.input.id`, `$.items.name`.
//!
//! **Never here:** what is made of them: keys, requirements, arguments (composition).
//!
//! **Holds:** a read goes as deep as keys lead without leaving the value: through braces, lists and
//! methods that hand on their input or its elements.

use super::{Checker, FindingKind, Known};
use crate::shape::Shape;
use crate::syntax::Span;
use crate::variables::Variable;
use crate::wanted::Wanted;
use std::collections::BTreeMap;

/// Where a read begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Source {
    /// `$`, the body of the response.
    Body,
    /// A variable.
    Variable(Variable),
}

/// A part of the inputs that a mapping reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Read {
    /// Where it begins.
    pub source: Source,
    /// The way from there; empty: all of it is read.
    pub path: Vec<Key>,
    /// The part of the text that reads it.
    pub span: Span,
}

/// A key on the way of a read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// Its name.
    pub name: Box<str>,
    /// Where it stands in the text.
    pub span: Span,
}

/// The part of the inputs that a value is.
pub(super) struct Origin {
    pub(super) source: Source,
    pub(super) keys: Vec<Key>,
}

impl Origin {
    /// Whether something else is this part, or something in it.
    fn leads_to(&self, source: Source, path: &[Key]) -> bool {
        let pairs = path.iter().zip(&self.keys);
        source == self.source
            && path.len() >= self.keys.len()
            && pairs.into_iter().all(|(left, right)| left.name == right.name)
    }
}

impl Known {
    /// Whether this is a value, or something in it, so that reading this reads of the value.
    pub(super) fn is_part_of(&self, value: &Self) -> bool {
        match (&self.origin, &value.origin) {
            (Some(own), Some(other)) => other.leads_to(own.source, &own.keys),
            (_, None) => true,
            (None, Some(_)) => false,
        }
    }
}

/// All that some reads lead to.
pub(super) fn together(paths: &[&[Key]]) -> Wanted {
    if paths.iter().any(|path| path.is_empty()) {
        return Wanted::All;
    }
    let mut below: BTreeMap<&str, Vec<&[Key]>> = BTreeMap::new();
    for path in paths {
        if let [first, rest @ ..] = path {
            below.entry(&first.name).or_default().push(rest);
        }
    }
    Wanted::members(below.into_iter().map(|(name, paths)| (name, together(&paths))))
}

impl Checker<'_> {
    /// Somebody takes the value as it is: it is read.
    pub(super) fn consume(&mut self, known: Known, span: Span) -> Shape {
        if let Some(origin) = &known.origin {
            self.read(origin, span);
        }
        known.shape
    }

    fn read(&mut self, origin: &Origin, span: Span) {
        if origin.source == Source::Body && !self.given.place.allows_body() {
            self.find(span, FindingKind::NoBody { place: self.given.place });
        }
        let path = origin.keys.clone();
        self.reads.push(Read { source: origin.source, path, span });
    }

    /// The value was handed to arguments: unless these read something of it, all of it is read.
    pub(super) fn consume_unless_read(&mut self, known: &Known, n_reads_before: usize, span: Span) {
        let Some(origin) = &known.origin else { return };
        let is_read = self
            .reads
            .iter()
            .skip(n_reads_before)
            .any(|read| origin.leads_to(read.source, &read.path));
        if !is_read {
            self.read(origin, span);
        }
    }
}
