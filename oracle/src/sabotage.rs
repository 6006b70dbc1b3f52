//! Mistakes that a planner might make, made on purpose: does the oracle find them?
//!
//! **In:** a plan. **Out:** the same plan with one mistake, when it has a place for it.
//!
//! **Never here:** finding the mistake (`case`).
//!
//! **Holds:** the first place is taken, so that a seed gives the same mistake again.
//!
//! **Read first:** [`Sabotage`].

use crate::case::Verdict;
use crate::rules::Access;
use crate::stand::Stand;
use apollo_compiler::ast::{Definition, Document, Selection as Written};
use query_planner::{
    FetchId, Group, GroupId, GroupKind, QueryPlan, Representation, RepresentationField,
    ResponseSelection, ResponseSource, SelectedField, Selection, SlotId,
};
use std::fmt;
use std::sync::Arc;
use supergraph::{Id, TypeSet};

/// A mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sabotage {
    /// A required field is left out of a representation.
    DropRequirement,
    /// A key is filled with another value of its object.
    WrongKey,
    /// Objects of one runtime type are represented as those of another.
    WrongRepresentation,
    /// A fragment's type condition is left out of a request.
    SkipTypeCondition,
    /// A request does not wait for one that it needs.
    DropDependency,
    /// Two values of an answer are taken for one another.
    SwapSlots,
    /// A field is not asked for.
    ForgetField,
    /// An argument is not sent.
    ForgetArgument,
    /// A requirement that the caller does not meet is taken as met.
    ForgetRule,
    /// Objects of a type that the caller may not see are shown.
    ShowDeniedObjects,
}

impl Sabotage {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::DropRequirement,
        Self::WrongKey,
        Self::WrongRepresentation,
        Self::SkipTypeCondition,
        Self::DropDependency,
        Self::SwapSlots,
        Self::ForgetField,
        Self::ForgetArgument,
        Self::ForgetRule,
        Self::ShowDeniedObjects,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::DropRequirement => "drop-requirement",
            Self::WrongKey => "wrong-key",
            Self::WrongRepresentation => "wrong-representation",
            Self::SkipTypeCondition => "skip-type-condition",
            Self::DropDependency => "drop-dependency",
            Self::SwapSlots => "swap-slots",
            Self::ForgetField => "forget-field",
            Self::ForgetArgument => "forget-argument",
            Self::ForgetRule => "forget-rule",
            Self::ShowDeniedObjects => "show-denied-objects",
        }
    }

    /// Makes the mistake in the plans of case after case, and says in which it is found, and what
    /// is found. None if that takes more than so many cases.
    pub fn found_after(self, first_seed: u64, cases: usize) -> Option<(usize, String)> {
        let mut run = 0;
        let access = match self {
            Self::ForgetRule | Self::ShowDeniedObjects => Access::Ruled,
            _ => Access::Open,
        };
        for mut stand in (first_seed..).filter_map(|seed| Stand::with(seed, access).ok()) {
            stand.bench.forgets_rules = self == Self::ForgetRule;
            while let Some(case) = stand.next_case() {
                if run == cases {
                    return None;
                }
                run += 1;
                let verdict = stand.bench.run_with(&case, |plan| self.applied(plan));
                if let Verdict::Mismatch { why, .. } = verdict {
                    return Some((run, why));
                }
            }
        }
        None
    }

    /// The plan with the mistake; as it was, when it has no place for it.
    #[must_use]
    pub fn applied(self, mut plan: QueryPlan) -> QueryPlan {
        // Whether there was a place does not matter: a right plan is not found wrong.
        let _ = match self {
            Self::DropRequirement => any_representation(&mut plan, |representation, _| {
                let required = representation.fields.iter().position(|field| !field.is_key);
                required.map(|at| representation.fields.remove(at)).is_some()
            }),
            Self::WrongKey => any_representation(&mut plan, wrong_key),
            Self::WrongRepresentation => wrong_representation(&mut plan),
            Self::SkipTypeCondition => any_text(&mut plan, |set| skip_type_condition(set)),
            Self::DropDependency => drop_dependency(&mut plan),
            Self::SwapSlots => any_group(&mut plan, |group| swap_slots(&mut group.selection)),
            Self::ForgetField => any_text(&mut plan, forget_field),
            Self::ForgetArgument => any_text(&mut plan, |set| forget_argument(set)),
            // Before the plan is made: see `Bench::forgets_rules`.
            Self::ForgetRule => true,
            Self::ShowDeniedObjects => show_denied_objects(&mut plan.response),
        };
        plan
    }
}

impl fmt::Display for Sabotage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Slots that hold an `ID` or a `String`, by the object that has them.
type Texts = Vec<(query_planner::PositionId, SlotId)>;

/// Each selection is shared by all that lead to it, so all of them are made anew.
fn show_denied_objects(selection: &mut Arc<ResponseSelection>) -> bool {
    let selection = Arc::make_mut(selection);
    let mut shown = !selection.denied.is_empty();
    selection.denied = TypeSet::new();
    for field in selection.cases.iter_mut().flat_map(|case| &mut case.fields) {
        if let ResponseSource::Slot { selection: Some(below), .. } = &mut field.source {
            shown |= show_denied_objects(below);
        }
    }
    shown
}

fn any_group(plan: &mut QueryPlan, mut change: impl FnMut(&mut Group) -> bool) -> bool {
    let ids: Vec<GroupId> = plan.groups.ids().collect();
    ids.into_iter().any(|id| change(&mut plan.groups[id]))
}

fn any_representation(
    plan: &mut QueryPlan,
    mut change: impl FnMut(&mut Representation, &mut Texts) -> bool,
) -> bool {
    let slots = plan.slots.iter().filter(|(_, slot)| slot.child.is_none());
    let mut texts: Texts = slots.map(|(id, slot)| (slot.position, id)).collect();
    any_group(plan, |group| {
        let GroupKind::Entities { representations, .. } = &mut group.kind else { return false };
        texts.sort_by_key(|(position, _)| *position != group.position);
        representations.iter_mut().any(|representation| change(representation, &mut texts))
    })
}

fn wrong_key(representation: &mut Representation, texts: &mut Texts) -> bool {
    let key =
        representation.fields.iter_mut().find(|field| field.is_key && field.fields.is_empty());
    let Some(key) = key else { return false };
    let Some(position) = texts.iter().find(|(_, slot)| *slot == key.slot).map(|(p, _)| *p) else {
        return false;
    };
    let other = texts.iter().find(|(p, slot)| *p == position && *slot != key.slot);
    other.map(|(_, slot)| key.slot = *slot).is_some()
}

fn wrong_representation(plan: &mut QueryPlan) -> bool {
    any_group(plan, |group| {
        let GroupKind::Entities { representations, .. } = &mut group.kind else { return false };
        match representations.as_mut_slice() {
            [first, second, ..] => {
                std::mem::swap(&mut first.types, &mut second.types);
                true
            }
            _ => false,
        }
    })
}

fn drop_dependency(plan: &mut QueryPlan) -> bool {
    let found = plan.fetches.iter().find_map(|(id, fetch)| {
        let needed = fetch.waits_for.iter().position(|other| feeds(plan, *other, id));
        Some((id, needed?))
    });
    let Some((id, at)) = found else { return false };
    plan.fetches[id].waits_for.remove(at);
    true
}

/// Whether a fetch brings a value that another one sends.
fn feeds(plan: &QueryPlan, from: FetchId, to: FetchId) -> bool {
    fn slots(fields: &[RepresentationField], sent: &mut Vec<SlotId>) {
        for field in fields {
            sent.push(field.slot);
            slots(&field.fields, sent);
        }
    }
    fn brings(selection: &Selection, sent: &[SlotId]) -> bool {
        selection.fields.iter().any(|field| {
            sent.contains(&field.slot)
                || field.selection.as_ref().is_some_and(|below| brings(below, sent))
        })
    }
    let mut sent = Vec::new();
    for group in &plan.fetches[to].groups {
        if let GroupKind::Entities { representations, .. } = &plan.groups[*group].kind {
            representations.iter().for_each(|one| slots(&one.fields, &mut sent));
        }
    }
    let mut groups = plan.fetches[from].groups.iter();
    groups.any(|group| brings(&plan.groups[*group].selection, &sent))
}

fn swap_slots(selection: &mut Selection) -> bool {
    let leaf = |field: &&mut SelectedField| field.types.is_none() && field.selection.is_none();
    let mut leaves = selection.fields.iter_mut().filter(leaf);
    if let (Some(first), Some(second)) = (leaves.next(), leaves.next())
        && first.slot.index() != second.slot.index()
    {
        std::mem::swap(&mut first.slot, &mut second.slot);
        return true;
    }
    selection.fields.iter_mut().filter_map(|field| field.selection.as_mut()).any(swap_slots)
}

fn any_text(plan: &mut QueryPlan, change: impl Fn(&mut Vec<Written>) -> bool) -> bool {
    let ids: Vec<FetchId> = plan.fetches.ids().collect();
    ids.into_iter().any(|id| {
        let fetch = &mut plan.fetches[id];
        let Ok(mut document) = Document::parse(fetch.text.as_str(), "fetch.graphql") else {
            return false;
        };
        let changed = document.definitions.iter_mut().any(|definition| match definition {
            Definition::OperationDefinition(operation) => {
                change(&mut operation.make_mut().selection_set)
            }
            _ => false,
        });
        if changed {
            fetch.text = document.to_string();
        }
        changed
    })
}

/// The selection sets below.
fn below(set: &mut [Written], change: impl Fn(&mut Vec<Written>) -> bool) -> bool {
    set.iter_mut().any(|selection| match selection {
        Written::Field(field) => change(&mut field.make_mut().selection_set),
        Written::InlineFragment(inline) => change(&mut inline.make_mut().selection_set),
        Written::FragmentSpread(_) => false,
    })
}

/// Not below `_entities`, where nothing can be asked without one.
fn skip_type_condition(set: &mut [Written]) -> bool {
    let entities =
        |selection: &Written| selection.as_field().is_some_and(|field| field.name == "_entities");
    let change = |set: &mut Vec<Written>| {
        let fragments = set.iter_mut().filter_map(|selection| match selection {
            Written::InlineFragment(inline) => Some(inline),
            _ => None,
        });
        let mut conditions = fragments.filter(|inline| inline.type_condition.is_some());
        match conditions.next() {
            Some(inline) => {
                inline.make_mut().type_condition = None;
                true
            }
            None => skip_type_condition(set),
        }
    };
    match set.first().is_some_and(entities) {
        true => below(set, |fragments| below(fragments, |set| below(set, change))),
        false => below(set, change),
    }
}

fn forget_field(set: &mut Vec<Written>) -> bool {
    let leaf = |selection: &Written| {
        let leaf = |field: &apollo_compiler::ast::Field| field.selection_set.is_empty();
        selection.as_field().is_some_and(|field| leaf(field) && field.name != "__typename")
    };
    match set.iter().position(leaf).filter(|_| set.len() > 1) {
        Some(at) => {
            set.remove(at);
            true
        }
        None => below(set, forget_field),
    }
}

fn forget_argument(set: &mut [Written]) -> bool {
    for selection in set.iter_mut() {
        let Written::Field(field) = selection else { continue };
        if field.name != "_entities" && !field.arguments.is_empty() {
            field.make_mut().arguments.pop();
            return true;
        }
    }
    below(set, |set| forget_argument(set))
}
