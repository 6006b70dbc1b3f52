//! Lists what of an operation the caller may not see.
//!
//! **In:** the response of a plan. **Out:** the paths that the client wrote, `@` for the items of a list.
//!
//! **Never here:** what is denied (`shape::denied`).
//!
//! **Holds:** at most [`MAX_PATHS`] paths, and no step is taken where nothing is denied below.
//!
//! **Read first:** [`denied_paths`].

use crate::plan::{PositionId, ResponseField, ResponseSelection, ResponseSource};
use std::collections::HashMap;

/// Of more paths than these none is of use to anybody.
const MAX_PATHS: usize = 64;

/// The paths of all that is denied, each once.
pub(crate) fn denied_paths(response: &ResponseSelection) -> Vec<Vec<String>> {
    let mut walk = Walk { has_denied: HashMap::new(), path: Vec::new(), found: Vec::new() };
    walk.selection(response);
    walk.found
}

struct Walk<'a> {
    /// Whether anything is denied at or below a position, which has one selection.
    has_denied: HashMap<PositionId, bool>,
    path: Vec<&'a str>,
    found: Vec<Vec<String>>,
}

impl<'a> Walk<'a> {
    fn has_denied(&mut self, selection: &'a ResponseSelection) -> bool {
        if let Some(known) = self.has_denied.get(&selection.position) {
            return *known;
        }
        let mut found = !selection.denied.is_empty();
        for field in selection.cases.iter().flat_map(|case| &case.fields) {
            found = found
                || match &field.source {
                    ResponseSource::Denied { .. } => true,
                    ResponseSource::Slot { selection: Some(below), .. } => self.has_denied(below),
                    _ => false,
                };
        }
        self.has_denied.insert(selection.position, found);
        found
    }

    fn selection(&mut self, selection: &'a ResponseSelection) {
        if self.found.len() >= MAX_PATHS || !self.has_denied(selection) {
            return;
        }
        if !selection.denied.is_empty() {
            self.find();
        }
        let fields = selection.cases.iter().flat_map(|case| &case.fields);
        fields.for_each(|field| self.field(field));
    }

    fn field(&mut self, field: &'a ResponseField) {
        let len = self.path.len();
        self.path.push(&field.response_name);
        match &field.source {
            ResponseSource::Denied { .. } => self.find(),
            ResponseSource::Slot { ty, selection: Some(below), .. } => {
                self.path.extend(std::iter::repeat_n("@", ty.list_depth()));
                self.selection(below);
            }
            _ => {}
        }
        self.path.truncate(len);
    }

    fn find(&mut self) {
        let path: Vec<String> = self.path.iter().map(|name| (*name).to_owned()).collect();
        if self.found.len() < MAX_PATHS && !self.found.contains(&path) {
            self.found.push(path);
        }
    }
}
