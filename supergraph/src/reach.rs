//! Which fields a client can select that no subgraphs together could answer.
//!
//! **In:** a [`Supergraph`]. **Out:** [`Satisfiability`]: the unanswerable selections with the
//! shortest path to each, and what kept every subgraph from helping.
//!
//! **Never here:** plans and their costs (`query-planner` searches with the same rules over one
//! operation), sentences for people (`composition`).
//!
//! **Holds:** what can be entered is a least fixpoint: a key or requirement that needs itself never
//! becomes available. The search is bounded by [`ReachLimits`] and says when that ended it.
//!
//! ```text
//! state: an object type, and the ways to stand on its objects. A way is a set of subgraphs that
//!   answer parts of one object together; several ways exclude one another (an abstract value comes
//!   from one subgraph). With it, the override labels that the path has already decided.
//! closure(type, way): who stands there + who can be entered by a key that the closure answers
//!   + which requirements it answers
//! walk, breadth first, from each root type:
//!   for each runtime type that a way can return, unless a seen state knew no more than this one:
//!     for each field: who in the closure resolves it?
//!       nobody: unsatisfied      an object: one way, all of them      abstract: one way for each
//!   below a mutation's root field that several subgraphs resolve, one of them must satisfy all
//! ```
//!
//! **Read first:** [`Supergraph::satisfiability`].

mod walk; // The search, breadth first.
mod explain; // Why nobody could help.
mod operation; // The path as an operation.
mod closure; // Who stands at a position, and who can be entered.
mod sources; // Who resolves what.

use crate::{FieldId, SubgraphId, Supergraph, TypeId, TypeSet};
use closure::Closures;
use sources::Source;

/// How far the search may go.
#[derive(Clone, Copy, Debug)]
pub struct ReachLimits {
    /// Steps of the search: fields looked at in some state, or keys tried.
    pub steps: u64,
    /// Unsatisfied selections to collect.
    pub findings: usize,
}

/// What the search found.
#[derive(Clone, Debug)]
pub struct Satisfiability {
    /// Selections that cannot be answered, shortest path first.
    pub unsatisfied: Vec<Unsatisfied>,
    /// Shared fields of an abstract type whose subgraphs know different runtime types.
    pub differing: Vec<RuntimeTypes>,
    /// Whether everything was looked at; `false` when a limit ended the search.
    pub complete: bool,
}

/// A field that several subgraphs answer with different sets of runtime types.
#[derive(Clone, Debug)]
pub struct RuntimeTypes {
    /// The field.
    pub field: FieldId,
    /// What each subgraph can answer.
    pub types: Vec<(SubgraphId, TypeSet)>,
    /// What all of them can answer.
    pub common: TypeSet,
}

/// A selection that no subgraphs together can answer.
#[derive(Clone, Debug)]
pub struct Unsatisfied {
    /// The root type it starts at.
    pub root: TypeId,
    /// The fields down to it, the last one itself not included.
    pub path: Vec<PathStep>,
    /// The runtime type of the objects there.
    pub on: TypeId,
    /// The field that cannot be answered; none when the runtime type itself cannot be found out.
    pub field: Option<FieldId>,
    /// Override labels that the failure depends on, and whether they are on.
    pub labels: Vec<(String, bool)>,
    /// The subgraphs that answer the way there.
    pub standing: Vec<SubgraphId>,
    /// For each subgraph that could be expected to help, why it cannot.
    pub obstacles: Vec<(SubgraphId, Obstacle)>,
}

/// A field on the way to a selection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PathStep {
    /// The runtime type of the objects it is selected on.
    pub on: TypeId,
    /// The field.
    pub field: FieldId,
}

/// Why a subgraph cannot answer a field.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Obstacle {
    /// It stands there, but doesn't define the field.
    LacksField,
    /// It declares the field as external: others resolve it.
    External,
    /// Its progressive override is in the other state.
    OverrideLabel {
        /// The label.
        label: String,
    },
    /// It has no key by which objects of the type could be entered.
    NoKey {
        /// The type as it names it: the object type, or its `@interfaceObject`.
        on: TypeId,
        /// Keys that it declares as not resolvable.
        unresolvable: Vec<String>,
    },
    /// Nobody on the way can give any of its keys.
    KeysOutOfReach {
        /// Each key, and the fields of it that cannot be had.
        keys: Vec<(String, Vec<String>)>,
    },
    /// It can be entered, but nobody can give what the field requires.
    RequirementOutOfReach {
        /// The requirement.
        requires: String,
        /// The fields of it that cannot be had.
        missing: Vec<String>,
    },
    /// It resolves the field on an `@interfaceObject` and doesn't know the runtime types, and no
    /// subgraph that knows them can be entered.
    UnknownRuntimeType {
        /// The interface.
        interface: TypeId,
    },
}

impl Supergraph {
    /// Looks for selections that no subgraphs together can answer.
    #[must_use]
    pub fn satisfiability(&self, limits: ReachLimits) -> Satisfiability {
        walk::walk(self, limits)
    }

    /// What keeps subgraphs from answering `field` on objects of type `ty` where `standing` answer the
    /// way, under the override labels that are on: for each of those, and each that declares it. A
    /// subgraph that could answer has an obstacle without missing fields.
    #[must_use]
    pub fn obstacles(
        &self,
        ty: TypeId,
        field: FieldId,
        standing: &[SubgraphId],
        is_on: &dyn Fn(&str) -> bool,
    ) -> Vec<(SubgraphId, Obstacle)> {
        let mut closures = Closures::new(self);
        closures.resolver.labels = self.labels().iter().map(|label| Some(is_on(label))).collect();
        let way = standing.iter().copied().map(Source::typed).collect();
        explain::field_obstacles(&mut closures, ty, field, &[way])
    }
}

#[cfg(test)]
mod tests;
