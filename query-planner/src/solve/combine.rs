//! Picks one option for each field so that the united requests cost least.
//!
//! **In:** the options of all fields of a shape. **Out:** a few candidates, best first.
//!
//! **Never here:** where options come from (`options`).
//!
//! **Holds:** fields with equal options decide together, so the number of decisions is the number of
//! *different* option lists; a beam of united request sets is exact while it is wide enough (64 for
//! fields without sub-selections over six subgraphs) and never exponential beyond.

use super::{
    Width,
    choice::{Candidate, Child, Choices, FieldChoice, Source},
    requests::Requests,
};
use smallvec::SmallVec;
use std::{collections::BTreeMap, rc::Rc};
use supergraph::TypeId;

/// One way to answer one field.
#[derive(Clone, Debug)]
pub(crate) struct FieldOption {
    pub(crate) requests: Requests,
    pub(crate) ready: u32,
    pub(crate) fields: u32,
    pub(crate) sources: Rc<[Source]>,
    pub(crate) child: Option<Child>,
}

/// Fields with the same options.
pub(crate) struct Item {
    /// The fields: entry, runtime type and the options, all in the same order.
    members: Vec<(usize, TypeId, Rc<Vec<FieldOption>>)>,
}

impl Item {
    /// The fields that an option asks for: those of an entry count once for all its runtime types.
    fn fields(&self, pick: usize) -> u32 {
        let mut by_entry: BTreeMap<usize, u32> = BTreeMap::new();
        for (entry, _, options) in &self.members {
            let most = by_entry.entry(*entry).or_default();
            *most = options[pick].fields.max(*most);
        }
        by_entry.values().fold(0, |sum, fields| sum.saturating_add(*fields))
    }
}

/// A choice of options for the first items.
struct Partial {
    requests: Requests,
    ready: u32,
    fields: u32,
    picks: SmallVec<[u32; 8]>,
}

/// The number that options are compared by.
pub(crate) fn weight(requests: &Requests, ready: u32, fields: u32) -> u64 {
    1000 * requests.len() as u64 + 100 * u64::from(ready) + u64::from(fields)
}

/// Adds a field's options, together with fields that have the same.
pub(crate) fn add_item(
    items: &mut Vec<Item>,
    entry: usize,
    ty: TypeId,
    options: Rc<Vec<FieldOption>>,
) {
    let equal = |item: &&mut Item| {
        let theirs = &item.members[0].2;
        Rc::ptr_eq(theirs, &options)
            || theirs.len() == options.len()
                && theirs.iter().zip(options.iter()).all(|(a, b)| {
                    a.requests == b.requests
                        && a.ready == b.ready
                        && a.sources.len() == b.sources.len()
                        && a.sources.iter().zip(&*b.sources).all(|(a, b)| a.subgraph == b.subgraph)
                })
    };
    match items.iter_mut().find(equal) {
        Some(item) => item.members.push((entry, ty, options)),
        None => items.push(Item { members: vec![(entry, ty, options)] }),
    }
}

/// The best candidates over all items, best first; steps are counted into `steps`.
pub(crate) fn combine(mut items: Vec<Item>, width: Width, steps: &mut u64) -> Vec<Candidate> {
    // Decided fields first: what they open is free for the others.
    items.sort_by_key(|item| item.members[0].2.len());
    let mut beam = vec![Partial {
        requests: Requests::default(),
        ready: 0,
        fields: 0,
        picks: SmallVec::new(),
    }];
    for item in &items {
        beam = extend(beam, item, width, steps);
    }
    beam.truncate(width.candidates);
    beam.into_iter().map(|partial| settle(&items, partial)).collect()
}

fn extend(beam: Vec<Partial>, item: &Item, width: Width, steps: &mut u64) -> Vec<Partial> {
    let options = &item.members[0].2;
    let fields: Vec<u32> = (0..options.len()).map(|pick| item.fields(pick)).collect();
    // Most of what is tried is dropped: only what is kept gets sets of its own.
    let mut tried: Vec<(u64, u32, u32)> = Vec::with_capacity(beam.len() * options.len());
    for (from, partial) in (0_u32..).zip(&beam) {
        for (pick, option) in (0_u32..).zip(options.iter()) {
            *steps += 1;
            let weight = 1000 * partial.requests.united_len(&option.requests) as u64
                + 100 * u64::from(partial.ready.max(option.ready))
                + u64::from(partial.fields.saturating_add(fields[pick as usize]));
            tried.push((weight, from, pick));
        }
    }
    // Equal ones stay in their order, which the numbers give.
    tried.sort_unstable();
    let mut kept: Vec<Partial> = Vec::with_capacity(width.beam.min(tried.len()));
    let mut requests = Requests::default();
    for (_, from, pick) in tried {
        if kept.len() == width.beam {
            break;
        }
        let (partial, number, pick) = (&beam[from as usize], pick, pick as usize);
        let option = &options[pick];
        let ready = partial.ready.max(option.ready);
        let fields = partial.fields.saturating_add(fields[pick]);
        requests.set_union(&partial.requests, &option.requests);
        let dominated = !width.exhaustive
            && kept.iter().any(|better| {
                better.ready <= ready
                    && better.fields <= fields
                    && better.requests.is_subset(&requests)
            });
        if !dominated {
            let mut picks = partial.picks.clone();
            picks.push(number);
            kept.push(Partial { requests: requests.clone(), ready, fields, picks });
        }
    }
    kept
}

fn settle(items: &[Item], partial: Partial) -> Candidate {
    let mut choices: Vec<FieldChoice> = Vec::new();
    for (item, pick) in items.iter().zip(&partial.picks) {
        for (entry, ty, options) in &item.members {
            let option = &options[*pick as usize];
            choices.push(FieldChoice {
                entry: *entry,
                ty: *ty,
                sources: option.sources.clone(),
                child: option.child.clone(),
            });
        }
    }
    choices.sort_by_key(|choice| (choice.entry, choice.ty));
    Candidate {
        requests: partial.requests,
        ready: partial.ready,
        fields: partial.fields,
        choices: Rc::new(Choices::Fields(choices)),
    }
}
