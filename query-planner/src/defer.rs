//! Finds what `@defer` lets a plan send later.
//!
//! **In:** an operation and its plan. **Out:** a [`DeferGroup`] for each deferred fragment of each
//! position: the fields that come with it, and the fetches that nothing sent before it needs.
//!
//! **Never here:** choosing fetches: `@defer` costs no request. A field that rides in a request
//! which the first part needs anyway is there with it. Sending parts is for whoever runs the plan.
//!
//! **Holds:** a field that is also selected outside of every deferred fragment is not deferred. A
//! fragment whose fields all come earlier has no group.
//!
//! ```text
//! walk the response from the root, with the selection sets that count at each position, each with
//! the group that it stands in (none: the first part):
//!   a fragment with @defer opens a group at its position, below the group that it stands in
//!   a field is deferred when every set that selects it stands in a group
//! fetches of a group = those that fill its fields, with what they wait for
//!                      less those of the first part and of the groups above
//! ```
//!
//! **Read first:** [`find_groups`].
//!
//! Spec: <https://github.com/graphql/graphql-spec/pull/1110>

use crate::{
    Guards, QueryPlan,
    operation::{Condition, Conditions, Node, Operation, SetId},
    plan::{
        DeferGroup, DeferId, DeferredField, FetchId, PositionId, ResponseCase, ResponseSelection,
        ResponseSource, Selection, SlotId,
    },
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use supergraph::{IdVec, Supergraph, TypeSet};

/// The deferred parts of a plan, outer ones first.
pub(crate) fn find_groups(
    supergraph: &Supergraph,
    operation: &Operation,
    guards: &Guards,
    plan: &QueryPlan,
) -> IdVec<DeferId, DeferGroup> {
    if !operation.has_defer() {
        return IdVec::new();
    }
    let mut finder = Finder {
        supergraph,
        operation,
        guards,
        plan,
        groups: IdVec::new(),
        known: HashMap::new(),
        parts: HashMap::new(),
    };
    let root = Active { set: operation.root_set, group: None };
    finder.walk(&plan.response, &[root], &BTreeSet::new());
    finder.finish()
}

/// A selection set that counts at a position.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Active {
    set: SetId,
    /// The group that it stands in.
    group: Option<DeferId>,
}

/// Who selects a response field at a position.
#[derive(Default)]
struct Selected {
    groups: BTreeSet<Option<DeferId>>,
    below: Vec<Active>,
}

struct Finder<'a> {
    supergraph: &'a Supergraph,
    operation: &'a Operation,
    guards: &'a Guards,
    plan: &'a QueryPlan,
    groups: IdVec<DeferId, DeferGroup>,
    /// Groups by fragment, position and the group they stand in.
    known: HashMap<(usize, PositionId, Option<DeferId>), DeferId>,
    /// The slots that each part shows.
    parts: HashMap<Option<DeferId>, BTreeSet<SlotId>>,
}

impl Finder<'_> {
    /// `above` are the groups of the field that holds these objects; none for the first part.
    fn walk(
        &mut self,
        response: &ResponseSelection,
        active: &[Active],
        above: &BTreeSet<DeferId>,
    ) {
        for case in &response.cases {
            let mut selected: BTreeMap<&str, Selected> = BTreeMap::new();
            let mut visited = Vec::new();
            for row in active {
                self.collect(*row, response.position, case, &mut visited, &mut selected);
            }
            for field in &case.fields {
                let Some(by) = selected.get(field.response_name.as_str()) else { continue };
                let groups = self.groups_of(by);
                self.show(response.position, &field.response_name, &groups, above);
                if let ResponseSource::Slot { slot, selection, .. } = &field.source {
                    let parts: Vec<Option<DeferId>> = match groups.is_empty() {
                        true => vec![None],
                        false => groups.iter().copied().map(Some).collect(),
                    };
                    for part in parts {
                        self.parts.entry(part).or_default().insert(*slot);
                    }
                    if let Some(below) = selection {
                        self.walk(below, &by.below, &groups);
                    }
                }
            }
        }
    }

    fn collect<'o>(
        &mut self,
        active: Active,
        at: PositionId,
        case: &ResponseCase,
        visited: &mut Vec<Active>,
        selected: &mut BTreeMap<&'o str, Selected>,
    ) where
        Self: 'o,
    {
        if visited.contains(&active) {
            return;
        }
        visited.push(active);
        let operation = self.operation;
        for node in &operation.sets[active.set] {
            match node {
                Node::Field(field) if holds(&field.conditions, self.guards) => {
                    let _ = field;
                }
                _ => {}
            }
        }
        let _ = (at, case, selected);
    }
}
