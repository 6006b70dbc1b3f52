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
    choice::{Candidate, Child, Choices, FieldChoice, Sources},
    requests::{Mask, Numbering, Requests},
};
use smallvec::SmallVec;
use std::{ops::Range, rc::Rc};
use supergraph::TypeId;

/// One way to answer one field.
#[derive(Clone, Debug)]
pub(crate) struct FieldOption {
    pub(crate) requests: Requests,
    pub(crate) ready: u32,
    pub(crate) fields: u32,
    pub(crate) sources: Sources,
    pub(crate) child: Option<Child>,
}

/// The fields of a shape with their options. All options stand in one list, field by field: most
/// fields have one, and a list for each would cost more than what is in it.
#[derive(Default)]
pub(crate) struct Fields {
    options: Vec<FieldOption>,
    fields: Vec<Field>,
    items: Vec<Item>,
}

struct Field {
    entry: usize,
    ty: TypeId,
    options: Range<usize>,
    /// The next field of the same item.
    next: Option<usize>,
}

/// Fields with the same options in the same order: a chain of them.
#[derive(Clone, Copy)]
struct Item {
    first: usize,
    last: usize,
    /// How many options each has.
    len: usize,
}

impl FieldOption {
    /// Whether it opens the same requests of the same subgraphs.
    fn asks_like(&self, other: &Self) -> bool {
        self.requests == other.requests
            && self.ready == other.ready
            && self.sources.len() == other.sources.len()
            && self.sources.iter().zip(&*other.sources).all(|(a, b)| a.subgraph == b.subgraph)
    }
}

impl Fields {
    pub(crate) fn with_capacity(fields: usize) -> Self {
        Self {
            options: Vec::with_capacity(fields),
            fields: Vec::with_capacity(fields),
            items: Vec::with_capacity(fields),
        }
    }

    /// The list behind whose end the options of the next field go.
    pub(crate) fn options(&mut self) -> &mut Vec<FieldOption> {
        &mut self.options
    }

    /// Adds a field: the options are its own that no field before it has. Says whether it has any.
    pub(crate) fn add(&mut self, entry: usize, ty: TypeId) -> bool {
        let start = self.fields.last().map_or(0, |field| field.options.end);
        let options = start..self.options.len();
        let own = &self.options[options.clone()];
        let is_equal = |item: &&mut Item| {
            let theirs = &self.options[self.fields[item.first].options.clone()];
            theirs.len() == own.len() && theirs.iter().zip(own).all(|(a, b)| a.asks_like(b))
        };
        let number = self.fields.len();
        match self.items.iter_mut().find(is_equal) {
            Some(item) => {
                self.fields[item.last].next = Some(number);
                item.last = number;
            }
            None => self.items.push(Item { first: number, last: number, len: own.len() }),
        }
        self.fields.push(Field { entry, ty, options, next: None });
        start < self.options.len()
    }

    fn members(&self, item: Item) -> impl Iterator<Item = &Field> {
        let first = &self.fields[item.first];
        std::iter::successors(Some(first), |field| field.next.map(|next| &self.fields[next]))
    }

    /// The options of an item's first field: those of the others open the same requests.
    fn options_of(&self, item: Item) -> &[FieldOption] {
        &self.options[self.fields[item.first].options.clone()]
    }

    /// The fields that an option asks for: those of an entry count once for all its runtime types,
    /// which follow one another.
    fn fields(&self, item: Item, pick: usize) -> u32 {
        let (mut sum, mut most, mut entry) = (0_u32, 0, None);
        for field in self.members(item) {
            if entry != Some(field.entry) {
                sum = sum.saturating_add(most);
                (most, entry) = (0, Some(field.entry));
            }
            most = most.max(self.options[field.options.start + pick].fields);
        }
        sum.saturating_add(most)
    }
}

/// A choice of options for the first items.
struct Partial {
    requests: Mask,
    ready: u32,
    fields: u32,
    /// One for each item that has a choice.
    picks: SmallVec<[u32; 8]>,
}

/// The number that options are compared by.
pub(crate) fn weight(requests: &Requests, ready: u32, fields: u32) -> u64 {
    1000 * requests.len() as u64 + 100 * u64::from(ready) + u64::from(fields)
}

/// The best candidates over all items, best first; steps are counted into `steps`.
pub(crate) fn combine(mut fields: Fields, width: Width, steps: &mut u64) -> Vec<Candidate> {
    let mut items = std::mem::take(&mut fields.items);
    // Decided fields first: what they open is free for the others.
    items.sort_by_key(|item| item.len);
    let decided = items.partition_point(|item| item.len == 1);
    let mut requests = Requests::default();
    let (mut ready, mut n_fields) = (0, 0_u32);
    for item in &items[..decided] {
        *steps += 1;
        let option = &fields.options_of(*item)[0];
        requests.unite(&option.requests);
        ready = ready.max(option.ready);
        n_fields = n_fields.saturating_add(fields.fields(*item, 0));
    }
    if decided == items.len() {
        let choices = settle(&fields, &items, &[]);
        return vec![Candidate { requests, ready, fields: n_fields, choices }];
    }
    let open = &items[decided..];
    let options = open.iter().flat_map(|item| fields.options_of(*item));
    let sets = options.map(|option| &option.requests).chain([&requests]);
    let numbering = Numbering::of(sets);
    let requests = numbering.mask(&requests);
    let mut beam = vec![Partial { requests, ready, fields: n_fields, picks: SmallVec::new() }];
    for item in open {
        beam = extend(&beam, &fields, *item, &numbering, width, steps);
    }
    beam.truncate(width.candidates);
    let candidates = beam.into_iter().map(|partial| Candidate {
        requests: numbering.requests(&partial.requests),
        ready: partial.ready,
        fields: partial.fields,
        choices: settle(&fields, &items, &partial.picks),
    });
    candidates.collect()
}

fn extend(
    beam: &[Partial],
    all: &Fields,
    item: Item,
    numbering: &Numbering,
    width: Width,
    steps: &mut u64,
) -> Vec<Partial> {
    struct Choice {
        requests: Mask,
        ready: u32,
        fields: u32,
    }
    let choices = all.options_of(item).iter().enumerate().map(|(pick, option)| Choice {
        requests: numbering.mask(&option.requests),
        ready: option.ready,
        fields: all.fields(item, pick),
    });
    let choices: SmallVec<[Choice; 8]> = choices.collect();
    // Most of what is tried is dropped: only what is kept gets sets of its own.
    let mut tried: Vec<(u64, u32, u32)> = Vec::with_capacity(beam.len() * choices.len());
    for (from, partial) in (0_u32..).zip(beam) {
        for (pick, choice) in (0_u32..).zip(&choices) {
            let weight = 1000 * u64::from(partial.requests.united_len(&choice.requests))
                + 100 * u64::from(partial.ready.max(choice.ready))
                + u64::from(partial.fields.saturating_add(choice.fields));
            tried.push((weight, from, pick));
        }
    }
    *steps += tried.len() as u64;
    // Equal ones stay in their order, which the numbers give.
    tried.sort_unstable();
    let mut kept: Vec<Partial> = Vec::with_capacity(width.beam.min(tried.len()));
    for (_, from, pick) in tried {
        if kept.len() == width.beam {
            break;
        }
        let (partial, choice) = (&beam[from as usize], &choices[pick as usize]);
        let ready = partial.ready.max(choice.ready);
        let fields = partial.fields.saturating_add(choice.fields);
        let requests = partial.requests.united(&choice.requests);
        let dominated = !width.exhaustive
            && kept.iter().any(|better| {
                better.ready <= ready
                    && better.fields <= fields
                    && better.requests.is_subset(&requests)
            });
        if !dominated {
            let mut picks = partial.picks.clone();
            picks.push(pick);
            kept.push(Partial { requests, ready, fields, picks });
        }
    }
    kept
}

/// The choices of all fields, with the options picked for the last items; the others have one.
fn settle(all: &Fields, items: &[Item], picks: &[u32]) -> Rc<Choices> {
    let mut choices: Vec<FieldChoice> = Vec::with_capacity(all.fields.len());
    let picks = std::iter::repeat_n(&0, items.len() - picks.len()).chain(picks);
    for (item, pick) in items.iter().zip(picks) {
        choices.extend(all.members(*item).map(|field| {
            let option = &all.options[field.options.start + *pick as usize];
            FieldChoice {
                entry: field.entry,
                ty: field.ty,
                sources: option.sources.clone(),
                child: option.child.clone(),
            }
        }));
    }
    choices.sort_by_key(|choice| (choice.entry, choice.ty));
    Rc::new(Choices::Fields(choices))
}
