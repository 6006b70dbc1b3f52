//! Groups to requests: who shares one, who waits for whom, and the texts.
//!
//! **In:** drafts. **Out:** fetches in topological order, groups, and the plan's true cost.
//!
//! **Never here:** what a group selects (`emit`).
//!
//! **Holds:** two entity groups share a request when they ask one subgraph at equal depth: then
//! neither waits for the other. A request is moved to a greater depth only to join another, and only
//! when the plan weighs less then. Root groups, and those with contextual arguments, share with
//! nobody.

use super::{
    Builder,
    draft::{Draft, DraftId, DraftKind, Drafts},
    emit::Text,
};
use crate::{
    Batching, OperationKind,
    plan::{Fetch, FetchId, Group, GroupId, GroupKind, PlanCost, Representation, Selection},
};
use std::{fmt::Write, ops::Range};
use supergraph::{Id, IdSet, IdVec, TypeSet};

/// A request to be: the drafts that share it, and the requests that it waits for. Its number is that
/// of its fetch.
pub(super) struct Bundle {
    pub(super) depth: u32,
    drafts: Drafts,
    waits_for: IdSet<FetchId>,
}

type Requests = (IdVec<FetchId, Fetch>, IdVec<GroupId, Group>, PlanCost);

/// What a group asks for, and where its text stands among the selections of its request.
struct Emitted {
    text: Range<usize>,
    selection: Selection,
    /// The alias and the variable of an `_entities` field.
    names: Option<(String, String)>,
}

impl Builder<'_> {
    pub(super) fn requests(&self, bundles: &[Bundle]) -> Requests {
        let mut group_ids = vec![GroupId::from_index(0); self.drafts.len()];
        for (next, draft) in bundles.iter().flat_map(|bundle| &bundle.drafts).enumerate() {
            group_ids[draft.index()] = GroupId::from_index(next);
        }
        let mut fetches: IdVec<FetchId, Fetch> = IdVec::new();
        let mut groups: IdVec<GroupId, Group> = IdVec::new();
        let mut cost = PlanCost::default();
        for bundle in bundles {
            let mut text = Text::default();
            let first = &self.drafts[bundle.drafts[0]];
            let (selections, emitted) = self.selections(bundle, &mut text);
            let (kind, operation) = self.operation_text(first, &selections, &emitted, &text);
            let fetch = FetchId::from_index(fetches.len());
            let mut ids = Vec::with_capacity(bundle.drafts.len());
            for (draft, emitted) in bundle.drafts.iter().zip(emitted) {
                let draft = &self.drafts[*draft];
                let from = draft.creators.iter().map(|creator| group_ids[creator.index()]);
                ids.push(groups.push(Group {
                    fetch,
                    position: draft.position,
                    from: from.collect(),
                    kind: self.group_kind(draft, emitted.names),
                    selection: emitted.selection,
                    text: selections[emitted.text].to_owned(),
                }));
            }
            cost.requests += 1;
            cost.depth = cost.depth.max(bundle.depth);
            cost.fields += text.n_fields;
            fetches.push(Fetch {
                subgraph: first.subgraph,
                text: operation,
                kind,
                variables: text.variables,
                groups: ids,
                waits_for: bundle.waits_for.iter().collect(),
                depth: bundle.depth,
            });
        }
        (fetches, groups, cost)
    }

    /// The selections of a request, each behind its `_entities` field if it has one.
    fn selections(&self, bundle: &Bundle, text: &mut Text) -> (String, Vec<Emitted>) {
        let mut out = String::with_capacity(256);
        let is_alone = bundle.drafts.len() == 1;
        let emitted = bundle.drafts.iter().enumerate().map(|(index, draft)| {
            let is_root = matches!(self.drafts[*draft].kind, DraftKind::Root(_));
            let names = (!is_root).then(|| {
                let number = if is_alone { String::new() } else { index.to_string() };
                let variable = self.operation.free_variable(format!("representations{number}"));
                let alias = if is_alone { "_entities".to_owned() } else { format!("_e{index}") };
                // Writing to a string cannot fail.
                let _ = match is_alone {
                    true => write!(out, "_entities(representations: ${variable}) "),
                    false => write!(out, " {alias}: _entities(representations: ${variable}) "),
                };
                (alias, variable)
            });
            let start = out.len();
            let selection = self.emit_group(*draft, &mut out, text);
            Emitted { text: start..out.len(), selection, names }
        });
        let emitted = emitted.collect();
        (out, emitted)
    }

    /// The drafts in requests, sorted by depth and then by order of appearance.
    pub(super) fn bundles(&self, batching: Batching) -> Vec<Bundle> {
        let mut not_before = vec![1; self.drafts.len()];
        let mut bundles = self.bundles_at(batching, &self.depths(&not_before));
        if batching == Batching::Earliest {
            return bundles;
        }
        // A request may also start later than it could, to join one that its subgraph gets anyway,
        // when that makes the whole plan cheaper.
        while let Some((later, fewer)) = self.join_later(&not_before, &bundles) {
            not_before = later;
            bundles = fewer;
        }
        // A delay may have outlived its reason: what a request joined has moved on since.
        for index in 0..bundles.len() {
            let waits_for = bundles[index].waits_for.iter();
            let deepest = waits_for.map(|other| bundles[other.index()].depth).max();
            bundles[index].depth = deepest.unwrap_or_default() + 1;
        }
        bundles
    }

    /// Delays one request to join a deeper one, if the plan weighs less then.
    fn join_later(
        &self,
        not_before: &[u32],
        bundles: &[Bundle],
    ) -> Option<(Vec<u32>, Vec<Bundle>)> {
        let weight = |bundles: &[Bundle]| {
            let depth = bundles.iter().map(|bundle| bundle.depth).max().unwrap_or_default();
            let requests = u32::try_from(bundles.len()).unwrap_or(u32::MAX);
            PlanCost { requests, depth, fields: 0 }.weight()
        };
        let now = weight(bundles);
        for (index, early) in bundles.iter().enumerate() {
            let subgraph = self.drafts[early.drafts[0]].subgraph;
            for late in &bundles[index + 1..] {
                let joins = self.is_entity_bundle(early)
                    && self.is_entity_bundle(late)
                    && late.depth > early.depth
                    && self.drafts[late.drafts[0]].subgraph == subgraph;
                if !joins {
                    continue;
                }
                let mut delayed = not_before.to_vec();
                early.drafts.iter().for_each(|draft| delayed[draft.index()] = late.depth);
                let fewer = self.bundles_at(Batching::Fewest, &self.depths(&delayed));
                if weight(&fewer) < now {
                    return Some((delayed, fewer));
                }
            }
        }
        None
    }

    fn is_entity_bundle(&self, bundle: &Bundle) -> bool {
        self.drafts[bundle.drafts[0]].may_share_request()
    }

    /// The depth of each draft when none starts before its time.
    fn depths(&self, not_before: &[u32]) -> Vec<u32> {
        let mut depths: Vec<u32> = Vec::with_capacity(self.drafts.len());
        for ((_, draft), not_before) in self.drafts.iter().zip(not_before) {
            // A draft only waits for drafts made before it.
            let deepest = draft.waits_for.iter().map(|id| depths[id.index()]).max();
            depths.push((deepest.unwrap_or_default() + 1).max(*not_before));
        }
        depths
    }

    fn bundles_at(&self, batching: Batching, depths: &[u32]) -> Vec<Bundle> {
        let mut order: Vec<DraftId> = self.drafts.ids().collect();
        order.sort_by_key(|id| (depths[id.index()], *id));
        let mut bundles: Vec<Bundle> = Vec::new();
        let mut bundle_of = vec![FetchId::from_index(0); self.drafts.len()];
        for id in order {
            let draft = &self.drafts[id];
            let depth = depths[id.index()];
            let waits_for: IdSet<FetchId> =
                draft.waits_for.iter().map(|other| bundle_of[other.index()]).collect();
            let shared = bundles.iter().position(|bundle| {
                let first = &self.drafts[bundle.drafts[0]];
                bundle.depth == depth
                    && first.subgraph == draft.subgraph
                    && first.may_share_request()
                    && draft.may_share_request()
                    && (batching == Batching::Fewest || bundle.waits_for == waits_for)
            });
            let index = shared.unwrap_or_else(|| {
                let (drafts, waits_for) = (Drafts::new(), IdSet::new());
                bundles.push(Bundle { depth, drafts, waits_for });
                bundles.len() - 1
            });
            bundles[index].drafts.push(id);
            bundles[index].waits_for.union_with(&waits_for);
            bundle_of[id.index()] = FetchId::from_index(index);
        }
        bundles
    }

    /// The operation around the selections.
    fn operation_text(
        &self,
        first: &Draft,
        selections: &str,
        emitted: &[Emitted],
        text: &Text,
    ) -> (OperationKind, String) {
        let kind = match &first.kind {
            DraftKind::Root(kind) => *kind,
            DraftKind::Entities { .. } => OperationKind::Query,
        };
        let mut out = String::with_capacity(selections.len() + 64);
        let mut gap = "(";
        let mut declare = |out: &mut String, name: &str, ty: &str| {
            let head = if gap == "(" { kind.as_str() } else { "" };
            // Writing to a string cannot fail.
            let _ = write!(out, "{head}{gap}${name}: {ty}");
            gap = ", ";
        };
        for row in first.contexts.iter().flatten() {
            declare(&mut out, &row.variable, &row.ty);
        }
        for (_, variable) in emitted.iter().filter_map(|emitted| emitted.names.as_ref()) {
            declare(&mut out, variable, "[_Any!]!");
        }
        for name in &text.variables {
            let variables = self.operation.variables();
            if let Some(variable) = variables.iter().find(|variable| variable.name == *name) {
                declare(&mut out, name, &variable.ty);
                if let Some(default) = &variable.default {
                    let _ = write!(out, " = {default}");
                }
            }
        }
        match (out.is_empty(), kind) {
            (true, OperationKind::Query) => {}
            (true, kind) => out.extend([kind.as_str(), " "]),
            (false, _) => out.push_str(") "),
        }
        match first.kind {
            DraftKind::Root(_) => out.push_str(selections),
            DraftKind::Entities { .. } => out.extend(["{ ", selections.trim_start(), " }"]),
        }
        text.write_fragments(&mut out);
        (kind, out)
    }

    fn group_kind(&self, draft: &Draft, names: Option<(String, String)>) -> GroupKind {
        let (DraftKind::Entities { representations, .. }, Some((alias, variable))) =
            (&draft.kind, names)
        else {
            return GroupKind::Root;
        };
        let representations = representations.iter().map(|row| Representation {
            types: (!self.supergraph.ty(row.ty).is_abstract()).then(|| TypeSet::of(row.ty)),
            typename: self.supergraph.ty(row.on).name.clone(),
            fields: row.fields.clone(),
        });
        GroupKind::Entities {
            alias,
            variable,
            representations: merge_representations(representations.collect()),
            contexts: draft.contexts.clone().unwrap_or_default(),
        }
    }
}

/// Runtime types that are represented alike share a row: all types of an `@interfaceObject`.
fn merge_representations(rows: Vec<Representation>) -> Vec<Representation> {
    let mut merged: Vec<Representation> = Vec::with_capacity(rows.len());
    for row in rows {
        let alike = merged
            .iter_mut()
            .find(|known| known.typename == row.typename && known.fields == row.fields);
        match alike {
            Some(known) => {
                known.types = match (known.types.take(), row.types) {
                    (Some(mut a), Some(b)) => {
                        a.union_with(&b);
                        Some(a)
                    }
                    _ => None,
                };
            }
            None => merged.push(row),
        }
    }
    merged
}
