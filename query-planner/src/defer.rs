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
    operation::{Condition, Conditions, Defer, Node, Operation, SetId},
    plan::{
        DeferGroup, DeferId, DeferredField, FetchId, PositionId, ResponseCase, ResponseSelection,
        ResponseSource, Selection, SlotId,
    },
};
use std::collections::{BTreeSet, HashMap, HashSet};
use supergraph::{IdVec, Supergraph, TypeId};

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
        walked: HashSet::new(),
    };
    let root = Active { set: operation.root_set, group: None };
    finder.walk(&plan.response, vec![root], &BTreeSet::new());
    if finder.walked.len() < MAX_WALKS { finder.finish() } else { IdVec::new() }
}

/// A selection set that counts at a position.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Active {
    set: SetId,
    /// The group that it stands in.
    group: Option<DeferId>,
}

/// The response fields of a position, for some runtime types.
#[derive(Default)]
struct Fields<'a> {
    visited: Vec<Active>,
    selected: HashMap<&'a str, Selected>,
}

/// Who selects a response field.
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
    walked: HashSet<Walk>,
}

/// A position with the sets that count there and the groups of the field that holds its objects.
type Walk = (PositionId, Vec<Active>, BTreeSet<DeferId>);

/// Of a larger response nothing is deferred.
const MAX_WALKS: usize = 100_000;

impl<'a> Finder<'a> {
    /// `above` are the groups of the field that holds these objects; none for the first part.
    fn walk(
        &mut self,
        response: &ResponseSelection,
        active: Vec<Active>,
        above: &BTreeSet<DeferId>,
    ) {
        let at = response.position;
        let is_known = !self.walked.insert((at, active.clone(), above.clone()));
        if is_known || self.walked.len() >= MAX_WALKS {
            return;
        }
        for case in &response.cases {
            let mut fields = Fields::default();
            for row in &active {
                self.collect(*row, at, case, &mut fields);
            }
            for field in &case.fields {
                let Some(by) = fields.selected.get(field.response_name.as_str()) else { continue };
                let groups = self.groups_of(by);
                if groups != *above {
                    self.announce(at, &field.response_name, &groups);
                }
                let ResponseSource::Slot { slot, selection, .. } = &field.source else { continue };
                if groups.is_empty() {
                    self.parts.entry(None).or_default().insert(*slot);
                }
                for group in &groups {
                    self.parts.entry(Some(*group)).or_default().insert(*slot);
                }
                if let Some(below) = selection {
                    self.walk(below, by.below.clone(), &groups);
                }
            }
        }
    }

    fn collect(
        &mut self,
        active: Active,
        at: PositionId,
        case: &ResponseCase,
        fields: &mut Fields<'a>,
    ) {
        if fields.visited.contains(&active) {
            return;
        }
        fields.visited.push(active);
        let operation = self.operation;
        for node in &operation.sets[active.set] {
            match node {
                Node::Field(field) if self.hold(&field.conditions) => {
                    let selected = fields.selected.entry(&field.response_name).or_default();
                    selected.groups.insert(active.group);
                    selected.below.extend(field.set.map(|set| Active { set, ..active }));
                }
                Node::Fragment { on, conditions, defer, set }
                    if self.applies(*on, at, case) && self.hold(conditions) =>
                {
                    let group = match defer {
                        Some(defer) if self.is_on(defer.condition.as_ref(), true) => {
                            Some(self.group(defer, at, active.group))
                        }
                        _ => active.group,
                    };
                    self.collect(Active { set: *set, group }, at, case, fields);
                }
                _ => {}
            }
        }
    }

    fn group(&mut self, defer: &Defer, at: PositionId, parent: Option<DeferId>) -> DeferId {
        let groups = &mut self.groups;
        *self.known.entry((defer.id, at, parent)).or_insert_with(|| {
            groups.push(DeferGroup {
                label: defer.label.clone(),
                position: at,
                parent,
                fields: Vec::new(),
                fetches: Vec::new(),
            })
        })
    }

    /// The groups that a field comes with; none when it comes with the first part. One that stands
    /// in another comes after it.
    fn groups_of(&self, by: &Selected) -> BTreeSet<DeferId> {
        if by.groups.contains(&None) {
            return BTreeSet::new();
        }
        let all: BTreeSet<DeferId> = by.groups.iter().flatten().copied().collect();
        let comes_first = |group: &DeferId| !self.above(*group).any(|above| all.contains(&above));
        all.iter().copied().filter(comes_first).collect()
    }

    /// The groups that a group stands in.
    fn above(&self, group: DeferId) -> impl Iterator<Item = DeferId> {
        std::iter::successors(self.groups[group].parent, |above| self.groups[*above].parent)
    }

    fn announce(&mut self, position: PositionId, name: &str, groups: &BTreeSet<DeferId>) {
        for group in groups {
            let field = DeferredField { position, response_name: name.to_owned() };
            let fields = &mut self.groups[*group].fields;
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
    }

    fn applies(&self, on: Option<TypeId>, at: PositionId, case: &ResponseCase) -> bool {
        let Some(on) = on else { return true };
        let declared = &self.supergraph.ty(self.plan.positions[at].ty).possible;
        let types = case.types.as_ref().unwrap_or(declared);
        !self.supergraph.ty(on).possible.intersection(types).is_empty()
    }

    fn hold(&self, conditions: &Conditions) -> bool {
        !self.is_on(conditions.skip.as_ref(), false)
            && self.is_on(conditions.include.as_ref(), true)
    }

    fn is_on(&self, condition: Option<&Condition>, default: bool) -> bool {
        match condition {
            None => default,
            Some(Condition::Constant(value)) => *value,
            Some(Condition::Variable(name)) => self.guards.variables.contains(name),
        }
    }

    /// The groups with fields of their own, and their fetches.
    fn finish(self) -> IdVec<DeferId, DeferGroup> {
        let filled = filled(self.plan);
        let needed = |part: Option<DeferId>| {
            let slots = self.parts.get(&part).into_iter().flatten();
            with_waits(self.plan, slots.filter_map(|slot| filled.get(slot)).flatten())
        };
        let first = needed(None);
        let mut own: Vec<Vec<FetchId>> = Vec::new();
        for (id, _) in self.groups.iter() {
            let mut fetches = needed(Some(id));
            fetches.retain(|fetch| !first.contains(fetch));
            for above in self.above(id) {
                let earlier = needed(Some(above));
                fetches.retain(|fetch| !earlier.contains(fetch));
            }
            own.push(fetches.into_iter().collect());
        }
        let mut kept: IdVec<DeferId, DeferGroup> = IdVec::new();
        let mut renumbered: HashMap<DeferId, Option<DeferId>> = HashMap::new();
        for ((id, group), fetches) in self.groups.iter().zip(own) {
            let parent = group.parent.and_then(|parent| renumbered[&parent]);
            let number = match group.fields.is_empty() {
                true => parent,
                false => Some(kept.push(DeferGroup { parent, fetches, ..group.clone() })),
            };
            renumbered.insert(id, number);
        }
        kept
    }
}

/// Which fetches fill each slot.
fn filled(plan: &QueryPlan) -> HashMap<SlotId, BTreeSet<FetchId>> {
    fn add(selection: &Selection, fetch: FetchId, filled: &mut HashMap<SlotId, BTreeSet<FetchId>>) {
        for field in &selection.fields {
            filled.entry(field.slot).or_default().insert(fetch);
            if let Some(below) = &field.selection {
                add(below, fetch, filled);
            }
        }
    }
    let mut filled = HashMap::new();
    for (_, group) in plan.groups.iter() {
        add(&group.selection, group.fetch, &mut filled);
    }
    filled
}

/// Fetches with all that they wait for.
fn with_waits<'p>(
    plan: &QueryPlan,
    fetches: impl Iterator<Item = &'p FetchId>,
) -> BTreeSet<FetchId> {
    let mut open: Vec<FetchId> = fetches.copied().collect();
    let mut all = BTreeSet::new();
    while let Some(fetch) = open.pop() {
        if all.insert(fetch) {
            open.extend(&plan.fetches[fetch].waits_for);
        }
    }
    all
}
