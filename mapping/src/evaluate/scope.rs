//! Knows what `$`, `@` and the variables of `->as` mean at one place of a mapping.
//!
//! **Out:** [`Scope`].
//!
//! **Never here:** the variables that the gateway fills (`inputs`).

use crate::value::Value;
use std::rc::Rc;

/// What the signs and local variables mean.
#[derive(Clone)]
pub(super) struct Scope<'s, 'a> {
    /// `$`: the input of the braces around.
    pub(super) dollar: &'s Value<'a>,
    /// How long the trail to `$` is.
    pub(super) dollar_trail: usize,
    /// `@`: what flows into the method around, at the top the same as `$`.
    pub(super) at: &'s Value<'a>,
    /// How long the trail to `@` is.
    pub(super) at_trail: usize,
    pub(super) locals: Locals<'a>,
}

/// The variables that `->as` bound.
#[derive(Clone, Default)]
pub(super) struct Locals<'a>(Option<Rc<Vec<Local<'a>>>>);

/// A variable and its value; it may be missing.
#[derive(Clone)]
pub(super) struct Local<'a> {
    pub(super) name: &'a str,
    pub(super) value: Option<Value<'a>>,
}

impl<'s, 'a> Scope<'s, 'a> {
    pub(super) fn at_top(body: &'s Value<'a>) -> Self {
        let locals = Locals::default();
        Self { dollar: body, dollar_trail: 0, at: body, at_trail: 0, locals }
    }

    /// The scope inside the arguments of a method.
    pub(super) fn with_at<'n>(&self, at: &'n Value<'a>, at_trail: usize) -> Scope<'n, 'a>
    where
        's: 'n,
    {
        Scope { at, at_trail, ..self.clone() }
    }

    /// The scope inside braces.
    pub(super) fn inside<'n>(&self, value: &'n Value<'a>, trail: usize) -> Scope<'n, 'a> {
        let locals = self.locals.clone();
        Scope { dollar: value, dollar_trail: trail, at: value, at_trail: trail, locals }
    }
}

impl<'a> Locals<'a> {
    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |list| list.len())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Local<'a>> {
        self.0.as_ref()?.iter().rev().find(|local| local.name == name)
    }

    pub(super) fn with(&self, local: Local<'a>) -> Self {
        let mut list = self.0.as_ref().map_or_else(Vec::new, |list| list.to_vec());
        list.push(local);
        Self(Some(Rc::new(list)))
    }
}
