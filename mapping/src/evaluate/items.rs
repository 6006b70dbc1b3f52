//! Evaluates the items between braces, and merges what has one name.
//!
//! **In:** [`Items`] and the value they select from. **Out:** an object, one for each element, null,
//! or the value itself.
//!
//! **Never here:** paths and values (`evaluate`).
//!
//! **Holds:** members stand in the order written; a merged null makes the whole object null.
//!
//! **Read first:** [`Evaluator::braces`].

use super::log::Segment;
use super::{Evaluator, Outcome, Scope};
use crate::limits::Exceeded;
use crate::members::Members;
use crate::problem::ProblemKind;
use crate::syntax::{Item, Items, Output, Span};
use crate::value::{Member, Text, Value, View};
use crate::wanted::Wanted;

/// What the items of an object gave.
enum Gathered<'a> {
    Members(Members<Text<'a>, Value<'a>>),
    /// A merged null.
    Null,
    /// The path that stood alone.
    Whole(Option<Value<'a>>),
}

impl<'a> Evaluator<'a> {
    /// Selects from a value, or from each element of a list.
    pub(super) fn braces(
        &mut self,
        items: &'a Items,
        value: &Value<'a>,
        scope: &Scope<'_, 'a>,
        wanted: &Wanted,
    ) -> Outcome<'a> {
        self.charge(1)?;
        let is_object = match value.view() {
            View::Array(elements) => {
                let mut list = Vec::with_capacity(elements.len());
                let before = self.trail.len();
                self.trail.push(Segment::Element);
                for element in elements.iter() {
                    let selected = self.braces(items, &element, scope, wanted)?;
                    list.push(selected.unwrap_or(Value::NULL));
                }
                self.trail.truncate(before);
                return self.array(list).map(Some);
            }
            View::Object(_) => true,
            _ => false,
        };
        let inner = scope.inside(value, self.trail.len());
        // Whether anything comes out of a value that is no object must not depend on what is wanted.
        let wanted = if is_object { wanted } else { &Wanted::All };
        match self.gather(items, &inner, wanted)? {
            Gathered::Members(members) if members.is_empty() && !is_object => {
                Ok(Some(value.clone()))
            }
            gathered => self.value_of(gathered),
        }
    }

    /// A new object over the same `$`.
    pub(super) fn object_of(
        &mut self,
        items: &'a Items,
        scope: &Scope<'_, 'a>,
        wanted: &Wanted,
    ) -> Outcome<'a> {
        let gathered = self.gather(items, scope, wanted)?;
        self.value_of(gathered)
    }

    fn value_of(&mut self, gathered: Gathered<'a>) -> Outcome<'a> {
        match gathered {
            Gathered::Members(members) => self.object(members.into_list()).map(Some),
            Gathered::Null => Ok(Some(Value::NULL)),
            Gathered::Whole(value) => Ok(value),
        }
    }

    pub(super) fn object(&mut self, members: Vec<Member<'a>>) -> Result<Value<'a>, Exceeded> {
        self.charge(members.len() as u64)?;
        Value::object(members).ok_or(Exceeded::Depth)
    }

    fn gather(
        &mut self,
        items: &'a Items,
        scope: &Scope<'_, 'a>,
        wanted: &Wanted,
    ) -> Result<Gathered<'a>, Exceeded> {
        if let Some(value) = items.whole() {
            return Ok(Gathered::Whole(self.expression(value, scope, wanted)?));
        }
        let mut members = Members::with_capacity(match wanted {
            Wanted::All => items.items.len(),
            Wanted::Members(names) => names.len(),
        });
        for Item { output, value } in &items.items {
            match output {
                Output::Alias(name, span) | Output::Own(name, span) => {
                    let Some(wanted) = wanted.of(name) else { continue };
                    if let Some(value) = self.expression(value, scope, wanted)? {
                        self.put(&mut members, Text::Borrowed(name), value, *span)?;
                    }
                }
                Output::Merge | Output::Spread | Output::Whole => {
                    let merged = self.expression(value, scope, wanted)?;
                    match merged.as_ref().map(Value::view) {
                        Some(View::Null) => return Ok(Gathered::Null),
                        Some(View::Object(fields)) => {
                            for (name, member) in fields.members() {
                                self.put(&mut members, name, member, value.span)?;
                            }
                        }
                        _ => {
                            let found = merged.as_ref().map(Value::kind);
                            self.problem(ProblemKind::NotMerged { found }, value.span);
                        }
                    }
                }
            }
        }
        Ok(Gathered::Members(members))
    }

    /// Adds a member, merged with one of the same name.
    fn put(
        &mut self,
        members: &mut Members<Text<'a>, Value<'a>>,
        name: Text<'a>,
        value: Value<'a>,
        span: Span,
    ) -> Result<(), Exceeded> {
        self.charge(1)?;
        match members.get_mut(name.as_str()) {
            Some(earlier) => *earlier = self.merge(earlier, value, span)?,
            None => members.push(name, value),
        }
        Ok(())
    }

    fn merge(
        &mut self,
        earlier: &Value<'a>,
        later: Value<'a>,
        span: Span,
    ) -> Result<Value<'a>, Exceeded> {
        self.charge(1)?;
        match (earlier.view(), later.view()) {
            (View::Null, _) | (_, View::Null) => Ok(Value::NULL),
            (View::Object(left), View::Object(right)) => {
                let mut members = Members::default();
                for (name, value) in left.members().chain(right.members()) {
                    self.put(&mut members, name, value, span)?;
                }
                self.object(members.into_list())
            }
            (View::Array(left), View::Array(right)) => {
                let mut list = Vec::with_capacity(left.len().max(right.len()));
                for index in 0..left.len().max(right.len()) {
                    list.push(match (left.get(index), right.get(index)) {
                        (Some(left), Some(right)) => self.merge(&left, right, span)?,
                        (Some(one), None) | (None, Some(one)) => one,
                        (None, None) => Value::NULL,
                    });
                }
                self.array(list)
            }
            _ => {
                let (earlier, later_kind) = (earlier.kind(), later.kind());
                if earlier != later_kind {
                    let kind = ProblemKind::TypesDiffer { earlier, later: later_kind };
                    self.problem(kind, span);
                }
                Ok(later)
            }
        }
    }
}
