//! The errors of what the caller may not see.
//!
//! **In:** each place where something is denied. **Out:** one error for each path that the client
//! wrote, `@` for the items of a list, however many places it has.
//!
//! **Never here:** what is denied (the plan says), how null rises (`complete` and `render`).
//!
//! **Holds:** an error says no more than the path, and that for a place that is shown as null.
//!
//! **Read first:** [`Denied::at`].

use crate::{
    Caller,
    error::Errors,
    path::{Path, Segment},
};
use std::collections::HashSet;

/// The paths at which something was denied so far.
#[derive(Default)]
pub(crate) struct Denied<'a> {
    told: HashSet<Path<'a>>,
    /// Reused, so that a path that is known costs nothing.
    path: Path<'a>,
}

impl<'a> Denied<'a> {
    /// Tells that something is denied, unless that was told; `upwards` leads from it to the root.
    pub(crate) fn at(
        &mut self,
        upwards: impl Iterator<Item = Segment<'a>>,
        caller: Caller,
        errors: &mut Errors<'a>,
    ) {
        self.path.clear();
        self.path.extend(upwards.map(|segment| match segment {
            Segment::Index(_) => Segment::Item,
            segment => segment,
        }));
        self.path.reverse();
        // What is beyond the bound of errors is not remembered either.
        if self.told.contains(&self.path) || self.told.len() >= errors.max() {
            return;
        }
        self.told.insert(self.path.clone());
        let (code, message) = match caller {
            Caller::Anonymous => ("UNAUTHENTICATED", "this is not shown to unknown callers"),
            Caller::Known => ("UNAUTHORIZED_FIELD_OR_TYPE", "this is not shown to the caller"),
        };
        errors.push_own(code, message.to_owned(), Some(self.path.clone()));
    }
}
