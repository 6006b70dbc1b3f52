//! Lists what of an operation the caller may not see, and by which rules.
//!
//! **In:** the response of a plan; for the rules also the operation. **Out:** the paths that the client wrote,
//! `@` for the items of a list, each with what denies it.
//!
//! **Never here:** what is denied (`shape::denied`).
//!
//! **Holds:** at most [`MAX_PATHS`] paths, and no step is taken where nothing is denied below.
//!
//! **Read first:** [`denied_paths`], [`denials`].

use crate::Denied;
use crate::operation::{Asked, Node, OccurrenceId, Operation, SetId};
use crate::plan::{
    PositionId, QueryPlan, ResponseCase, ResponseField, ResponseSelection, ResponseSource,
};
use crate::shape::denied::Rules;
use std::collections::HashMap;
use supergraph::{FieldId, RequirementId, Supergraph, TypeId, TypeSet};

/// What of an operation is denied in one place, and by which rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Denial {
    /// The path that the client wrote, `@` for the items of a list.
    pub path: Vec<String>,
    /// The rules, each once, as the runtime types have them.
    pub by: Vec<DeniedBy>,
}

/// A rule that denies, and where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DeniedBy {
    /// A requirement of a field.
    OfField(FieldId, RequirementId),
    /// A requirement of a type: of a root, or of the objects that a field leads to.
    OfType(TypeId, RequirementId),
    /// A condition on the arguments of a field.
    Condition(FieldId, OccurrenceId),
}

/// Of more paths than these none is of use to anybody.
const MAX_PATHS: usize = 64;

/// The paths of all that is denied, each once.
pub(crate) fn denied_paths(response: &ResponseSelection) -> Vec<Vec<String>> {
    Walk::over(response).into_iter().map(|found| found.path).collect()
}

/// What a plan does without because of `denied`, and by which rules: the paths of [`QueryPlan::denied`].
pub fn denials(
    supergraph: &Supergraph,
    operation: &Operation,
    denied: &Denied,
    plan: &QueryPlan,
) -> Vec<Denial> {
    if plan.denied.is_empty() {
        return Vec::new();
    }
    let rules = Rules { supergraph, operation, denied };
    let denial = |found: Found<'_>| {
        let mut by = Vec::new();
        for what in &found.what {
            let of_it = match what {
                What::Types(types) => types.iter().flat_map(|ty| rules.of_type(ty)).collect(),
                What::Field(name, types, position) => {
                    let ty = plan.positions[*position].ty;
                    let types = types.unwrap_or(&supergraph.ty(ty).possible);
                    of_field(&rules, name, types, &found.path)
                }
            };
            by.extend(of_it);
        }
        let mut seen: Vec<DeniedBy> = Vec::new();
        by.retain(|rule| {
            let is_new = !seen.contains(rule);
            seen.push(*rule);
            is_new
        });
        Denial { path: found.path, by }
    };
    Walk::over(&plan.response).into_iter().map(denial).collect()
}

/// By what a field is denied on some runtime types.
fn of_field(rules: &Rules<'_>, name: &str, types: &TypeSet, path: &[String]) -> Vec<DeniedBy> {
    let supergraph = rules.supergraph;
    let asked = asked_at(rules.operation, path);
    let asked = asked.iter().filter(|asked| &*asked.name == name);
    let fields: Vec<FieldId> =
        types.iter().filter_map(|ty| supergraph.field_named(ty, name)).collect();
    asked.flat_map(|asked| fields.iter().flat_map(|field| rules.of_field(*field, asked))).collect()
}

/// All that an operation asks for at a path, whatever fragments it stands in.
fn asked_at<'a>(operation: &'a Operation, path: &[String]) -> Vec<&'a Asked> {
    let mut sets = vec![operation.root_set];
    let mut asked = Vec::new();
    for name in path.iter().filter(|step| *step != "@") {
        asked.clear();
        let mut below: Vec<SetId> = Vec::new();
        let mut at = 0;
        while at < sets.len() {
            for node in &operation.sets[sets[at]] {
                match node {
                    Node::Field(field) if *field.response_name == **name => {
                        asked.push(&field.asked);
                        below.extend(field.set);
                    }
                    Node::Field(_) => {}
                    Node::Fragment { set, .. } if sets.contains(set) => {}
                    Node::Fragment { set, .. } => sets.push(*set),
                }
            }
            at += 1;
        }
        below.sort_unstable();
        below.dedup();
        sets = below;
    }
    asked
}

struct Walk<'a> {
    /// Whether anything is denied at or below a position, which has one selection.
    has_denied: HashMap<PositionId, bool>,
    path: Vec<&'a str>,
    found: Vec<Found<'a>>,
}

/// What is denied at a path.
struct Found<'a> {
    path: Vec<String>,
    what: Vec<What<'a>>,
}

enum What<'a> {
    /// Objects of these runtime types.
    Types(&'a TypeSet),
    /// The field of this name, on these runtime types; if none are named, on all of the position.
    Field(&'a str, Option<&'a TypeSet>, PositionId),
}

impl<'a> Walk<'a> {
    fn over(response: &'a ResponseSelection) -> Vec<Found<'a>> {
        let mut walk = Self { has_denied: HashMap::new(), path: Vec::new(), found: Vec::new() };
        walk.selection(response);
        walk.found
    }

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
            self.find(What::Types(&selection.denied));
        }
        for case in &selection.cases {
            case.fields.iter().for_each(|field| self.field(field, case, selection.position));
        }
    }

    fn field(&mut self, field: &'a ResponseField, case: &'a ResponseCase, of: PositionId) {
        let len = self.path.len();
        self.path.push(&field.response_name);
        match &field.source {
            ResponseSource::Denied { field, .. } => {
                self.find(What::Field(field, case.types.as_ref(), of));
            }
            ResponseSource::Slot { ty, selection: Some(below), .. } => {
                self.path.extend(std::iter::repeat_n("@", ty.list_depth()));
                self.selection(below);
            }
            _ => {}
        }
        self.path.truncate(len);
    }

    fn find(&mut self, what: What<'a>) {
        let known = self.found.iter_mut().find(|found| found.path == self.path);
        if let Some(known) = known {
            known.what.push(what);
        } else if self.found.len() < MAX_PATHS {
            let path = self.path.iter().map(|name| (*name).to_owned()).collect();
            self.found.push(Found { path, what: vec![what] });
        }
    }
}
