//! Gathers the errors and hints of one composition.
//!
//! **In:** errors and hints from the rules and the merge. **Out:** both, in the order found.
//!
//! **Never here:** how they read (`failure`).

use crate::failure::{CompositionError, Hint};

#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) errors: Vec<CompositionError>,
    pub(crate) hints: Vec<Hint>,
}

impl Report {
    pub(crate) fn error(&mut self, error: CompositionError) {
        self.errors.push(error);
    }

    pub(crate) fn hint(&mut self, hint: Hint) {
        self.hints.push(hint);
    }
}
