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
    draft::{Draft, DraftId, DraftKind},
    emit::{Emitted, Text},
};
use crate::{
    Batching, OperationKind,
    plan::{Fetch, FetchId, Group, GroupId, GroupKind, PlanCost, Representation},
};
use std::collections::{BTreeMap, BTreeSet};
use supergraph::{Id, IdVec, TypeSet};

/// A request to be: the drafts that share it, and the requests that it waits for.
pub(super) struct Bundle {
    pub(super) depth: u32,
    drafts: Vec<DraftId>,
    waits_for: BTreeSet<usize>,
}

type Requests = (IdVec<FetchId, Fetch>, IdVec<GroupId, Group>, PlanCost);

impl Builder<'_> {
    pub(super) fn requests(&self, bundles: &[Bundle]) -> Requests {
        let mut group_ids = BTreeMap::new();
        for (next, draft) in bundles.iter().flat_map(|bundle| &bundle.drafts).enumerate() {
            group_ids.insert(*draft, GroupId::from_index(next));
        }
        let mut fetches: IdVec<FetchId, Fetch> = IdVec::new();
        let mut groups: IdVec<GroupId, Group> = IdVec::new();
        let mut cost = PlanCost::default();
        for bundle in bundles {
            let mut text = Text::default();
            let emitted: Vec<_> =
                bundle.drafts.iter().map(|draft| self.emit_group(*draft, &mut text)).collect();
            let first = &self.drafts[bundle.drafts[0]];
            let texts: Vec<&str> = emitted.iter().map(|emitted| emitted.text.as_str()).collect();
            let (kind, operation, names) = self.operation_text(first, &texts, &text);
            let fetch = FetchId::from_index(fetches.len());
            let mut ids = Vec::with_capacity(bundle.drafts.len());
            for (index, (draft, emitted)) in bundle.drafts.iter().zip(emitted).enumerate() {
                let draft = &self.drafts[*draft];
                let group = self.group(draft, fetch, emitted, names.get(index));
                let from = draft.creators.iter().map(|creator| group_ids[creator]);
                ids.push(groups.push(Group { from: from.collect(), ..group }));
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
                waits_for: bundle.waits_for.iter().map(|i| FetchId::from_index(*i)).collect(),
                depth: bundle.depth,
            });
        }
        (fetches, groups, cost)
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
            let deepest = bundles[index].waits_for.iter().map(|other| bundles[*other].depth).max();
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
                early.drafts.iter().for_each(|draft| delayed[*draft] = late.depth);
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
        for (draft, not_before) in self.drafts.iter().zip(not_before) {
            // A draft only waits for drafts made before it.
            let deepest = draft.waits_for.iter().map(|id| depths[*id]).max();
            depths.push((deepest.unwrap_or_default() + 1).max(*not_before));
        }
        depths
    }

    fn bundles_at(&self, batching: Batching, depths: &[u32]) -> Vec<Bundle> {
        let mut order: Vec<DraftId> = (0..self.drafts.len()).collect();
        order.sort_by_key(|id| (depths[*id], *id));
        let mut bundles: Vec<Bundle> = Vec::new();
        let mut bundle_of: BTreeMap<DraftId, usize> = BTreeMap::new();
        for id in order {
            let draft = &self.drafts[id];
            let waits_for: BTreeSet<usize> =
                draft.waits_for.iter().map(|other| bundle_of[other]).collect();
            let shared = bundles.iter().position(|bundle| {
                let first = &self.drafts[bundle.drafts[0]];
                bundle.depth == depths[id]
                    && first.subgraph == draft.subgraph
                    && first.may_share_request()
                    && draft.may_share_request()
                    && (batching == Batching::Fewest || bundle.waits_for == waits_for)
            });
            match shared {
                Some(index) => {
                    bundles[index].drafts.push(id);
                    bundles[index].waits_for.extend(waits_for);
                    bundle_of.insert(id, index);
                }
                None => {
                    bundle_of.insert(id, bundles.len());
                    bundles.push(Bundle { depth: depths[id], drafts: vec![id], waits_for });
                }
            }
        }
        bundles
    }

    /// The operation around the selections, and the alias and variable of each `_entities` field.
    fn operation_text(
        &self,
        first: &Draft,
        selections: &[&str],
        text: &Text,
    ) -> (OperationKind, String, Vec<(String, String)>) {
        let mut declared = Vec::new();
        let mut names = Vec::new();
        let (kind, body) = match &first.kind {
            DraftKind::Root(kind) => (*kind, selections[0].to_owned()),
            DraftKind::Entities { .. } => {
                let mut fields = Vec::with_capacity(selections.len());
                let contexts = first.contexts.iter().flatten();
                declared.extend(contexts.map(|row| format!("${}: {}", row.variable, row.ty)));
                for (index, selection) in selections.iter().enumerate() {
                    let alone = selections.len() == 1;
                    let name = if alone { String::new() } else { index.to_string() };
                    let variable = self.operation.free_variable(format!("representations{name}"));
                    let (alias, prefix) = match alone {
                        true => ("_entities".to_owned(), String::new()),
                        false => (format!("_e{index}"), format!("_e{index}: ")),
                    };
                    declared.push(format!("${variable}: [_Any!]!"));
                    fields.push(format!(
                        "{prefix}_entities(representations: ${variable}) {selection}"
                    ));
                    names.push((alias, variable));
                }
                (OperationKind::Query, format!("{{ {} }}", fields.join(" ")))
            }
        };
        for name in &text.variables {
            let variables = self.operation.variables();
            if let Some(variable) = variables.iter().find(|variable| variable.name == *name) {
                let default = variable.default.as_ref();
                let default = default.map(|value| format!(" = {value}")).unwrap_or_default();
                declared.push(format!("${name}: {}{default}", variable.ty));
            }
        }
        let head = match (declared.is_empty(), kind) {
            (true, OperationKind::Query) => String::new(),
            (true, kind) => format!("{} ", kind.as_str()),
            (false, kind) => format!("{}({}) ", kind.as_str(), declared.join(", ")),
        };
        (kind, format!("{head}{body}{}", text.fragment_definitions()), names)
    }

    fn group(
        &self,
        draft: &Draft,
        fetch: FetchId,
        emitted: Emitted,
        names: Option<&(String, String)>,
    ) -> Group {
        let kind = match (&draft.kind, names) {
            (DraftKind::Entities { representations, .. }, Some((alias, variable))) => {
                let representations = representations.iter().map(|row| Representation {
                    types: (!self.supergraph.ty(row.ty).is_abstract()).then(|| TypeSet::of(row.ty)),
                    typename: self.supergraph.ty(row.on).name.clone(),
                    fields: row.fields.clone(),
                });
                GroupKind::Entities {
                    alias: alias.clone(),
                    variable: variable.clone(),
                    representations: merge_representations(representations.collect()),
                    contexts: draft.contexts.clone().unwrap_or_default(),
                }
            }
            _ => GroupKind::Root,
        };
        let Emitted { text, selection } = emitted;
        Group { fetch, position: draft.position, from: Vec::new(), kind, selection, text }
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
