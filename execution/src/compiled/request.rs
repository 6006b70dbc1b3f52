//! Writes the requests of a fetch: who its targets are, and the bodies.
//!
//! **In:** a fetch that is ready, and the store. **Out:** [`Request`]s, none when there is nothing to
//! ask for.
//!
//! **Never here:** one object's representation (`represent`), contexts (`context`).
//!
//! **Holds:** equal representations of one variable are sent once: a keyed hash finds the candidates,
//! the bytes decide. Of the body only variables are written; what stands before them was compiled.
//!
//! **Read first:** [`requests`].

use super::{
    context::{Part, parts_of},
    program::{FetchProgram, GroupProgram, Program},
    represent::Representer,
    store::{NONE, Store, index},
};
use crate::{BodyParts, Inputs, tree::RuntimeTypeState};
use bytes::Bytes;
use hashbrown::{DefaultHashBuilder, HashTable};
use query_planner::GroupKind;
use std::{hash::BuildHasher, ops::Range};
use supergraph::Id;

/// A request, and what its answer will belong to.
pub(super) struct Request {
    pub(super) body: BodyParts,
    pub(super) entities: Vec<Range<usize>>,
    pub(super) groups: Vec<AskedGroup>,
}

/// A group of a request, and whom its answer completes.
#[derive(Debug)]
pub(super) struct AskedGroup {
    pub(super) group: usize,
    pub(super) targets: Vec<AskedTarget>,
    /// One for each representation of its variable; a root group has one for all.
    entities: Vec<Entity>,
}

/// An object that an answer completes.
#[derive(Clone, Copy, Debug)]
pub(super) struct AskedTarget {
    pub(super) object: u32,
    /// The runtime type that its representation had.
    pub(super) represented: RuntimeTypeState,
    /// The next target of the same entity.
    next: u32,
}

#[derive(Clone, Copy, Debug)]
struct Entity {
    first: u32,
    last: u32,
    /// How many places its targets have.
    weight: u32,
}

impl AskedGroup {
    pub(super) fn n_entities(&self) -> usize {
        self.entities.len()
    }

    pub(super) fn is_asked(&self, entity: usize) -> bool {
        self.entities.get(entity).is_some_and(|entity| entity.first != NONE)
    }

    pub(super) fn weight(&self, entity: usize) -> u32 {
        self.entities[entity].weight
    }

    /// How many places all targets have.
    pub(super) fn all_weights(&self) -> usize {
        self.entities.iter().map(|entity| entity.weight as usize).sum()
    }

    /// Whether an entity has more than one target.
    pub(super) fn is_shared(&self, entity: u32) -> bool {
        let Entity { first, last, .. } = self.entities[entity as usize];
        first != last
    }

    pub(super) fn first_target(&self, entity: u32) -> AskedTarget {
        self.targets[self.entities[entity as usize].first as usize]
    }

    pub(super) fn targets_of(&self, entity: u32) -> impl Iterator<Item = &AskedTarget> {
        let mut next = self.entities[entity as usize].first;
        std::iter::from_fn(move || {
            let target = self.targets.get(next as usize)?;
            next = target.next;
            Some(target)
        })
    }

    fn new(group: usize) -> Self {
        Self { group, targets: Vec::new(), entities: Vec::new() }
    }

    fn add(&mut self, store: &Store, entity: usize, object: u32, represented: RuntimeTypeState) {
        self.expect(entity + 1);
        let at = index(self.targets.len());
        let entity = &mut self.entities[entity];
        match entity.first {
            NONE => entity.first = at,
            _ => self.targets[entity.last as usize].next = at,
        }
        entity.last = at;
        entity.weight = entity.weight.saturating_add(store.object(object).weight);
        self.targets.push(AskedTarget { object, represented, next: NONE });
    }

    /// Makes room for this many entities.
    fn expect(&mut self, n_entities: usize) {
        if self.entities.len() < n_entities {
            self.entities.resize(n_entities, Entity { first: NONE, last: NONE, weight: 0 });
        }
    }
}

/// The requests of a fetch: one, or one for each different value of its contexts. Counts the objects
/// that could not be represented.
pub(super) fn requests(
    inputs: &Inputs<'_>,
    program: &Program,
    store: &Store,
    fetch: usize,
) -> (Vec<Request>, usize) {
    let fetch_program = &program.fetches[fetch];
    let contexts = fetch_program.groups.first().map(|&group| {
        match &inputs.plan.groups[Id::from_index(group)].kind {
            GroupKind::Entities { contexts, .. } => &contexts[..],
            GroupKind::Root => &[],
        }
    });
    let mut writer = Writer { inputs, program, store, fetch: fetch_program, unrepresented: 0 };
    let contexts = contexts.unwrap_or_default();
    if contexts.is_empty() {
        let request = writer.request(None);
        return (request.into_iter().collect(), writer.unrepresented);
    }
    let objects = targets_of(store, &program.groups[fetch_program.groups[0]]);
    let parts = parts_of(inputs, program, store, contexts, &objects);
    let n_left_out = objects.len() - parts.iter().map(|part| part.objects.len()).sum::<usize>();
    let requests = parts.iter().filter_map(|part| writer.request(Some(part))).collect();
    (requests, writer.unrepresented + n_left_out)
}

/// The objects that a group completes.
fn targets_of(store: &Store, group: &GroupProgram) -> Vec<u32> {
    match &group.from {
        None => vec![0],
        Some(lists) => {
            lists.iter().flat_map(|&list| &store.lists[list as usize]).copied().collect()
        }
    }
}

struct Writer<'w, 'a> {
    inputs: &'w Inputs<'a>,
    program: &'w Program,
    store: &'w Store,
    fetch: &'w FetchProgram,
    unrepresented: usize,
}

impl Writer<'_, '_> {
    /// The request for a part of the objects, or for all; none when nothing is left to ask for.
    fn request(&mut self, part: Option<&Part>) -> Option<Request> {
        let mut groups: Vec<AskedGroup> =
            self.fetch.groups.iter().map(|&group| AskedGroup::new(group)).collect();
        let head = self.fetch.head();
        let mut entities = Vec::new();
        // It grows as it is written: with room for 10,000 representations made beforehand, here and in
        // the table of those known, writing and hashing them took longer.
        let mut body = Vec::new();
        if !self.fetch.is_fixed() {
            body.reserve(head.len() + 2);
            body.extend_from_slice(head);
            self.write_variables(&mut body, part);
        }
        for (name, members) in &self.fetch.representations {
            self.open_variable(&mut body, name);
            self.write_representations(&mut body, &mut entities, members, &mut groups, part);
            body.push(b']');
        }
        for asked in &mut groups {
            let group = &self.program.groups[asked.group];
            if group.alias.is_none() {
                asked.expect(1);
                for object in targets_of(self.store, group) {
                    asked.add(self.store, 0, object, RuntimeTypeState::Unknown);
                }
            }
        }
        if groups.iter().all(|group| group.targets.is_empty()) {
            return None;
        }
        let body = match body.len() {
            0 => self.fetch.body.clone(),
            n_bytes => {
                body.extend_from_slice(if n_bytes == head.len() { b"}" } else { b"}}" });
                Bytes::from(body)
            }
        };
        let body = BodyParts::new(vec![body]);
        Some(Request { body, entities, groups })
    }

    fn write_variables(&self, body: &mut Vec<u8>, part: Option<&Part>) {
        for (name, key) in &self.fetch.variables {
            if let Some(value) = self.inputs.variables.get(name) {
                self.open_variable(body, key);
                // Writing to memory cannot fail.
                let _ = serde_json::to_writer(&mut *body, value);
            }
        }
        for (key, value) in part.iter().flat_map(|part| &part.values) {
            self.open_variable(body, key);
            body.extend_from_slice(value);
        }
    }

    fn open_variable(&self, body: &mut Vec<u8>, key: &[u8]) {
        let is_first = body.len() == self.fetch.head().len();
        body.extend_from_slice(if is_first { b",\"variables\":{" } else { b"," });
        body.extend_from_slice(key);
    }

    /// The representations of one variable.
    fn write_representations(
        &mut self,
        body: &mut Vec<u8>,
        entities: &mut Vec<Range<usize>>,
        members: &[usize],
        groups: &mut [AskedGroup],
        part: Option<&Part>,
    ) {
        let first = entities.len();
        let mut known = Known::default();
        for &at in members {
            let group = &self.program.groups[groups[at].group];
            let objects = match part {
                Some(part) => part.objects.clone(),
                None => targets_of(self.store, group),
            };
            groups[at].targets.reserve(objects.len());
            for object in objects {
                let start = body.len();
                if entities.len() > first {
                    body.push(b',');
                }
                let text = body.len();
                let represented = self.represent(group, object, body);
                let Some(represented) = represented else {
                    body.truncate(start);
                    self.unrepresented += self.store.object(object).weight as usize;
                    continue;
                };
                let entity = known.find_or_add(&body[text..], |entity| {
                    &body[Range::clone(&entities[first + entity])]
                });
                match entity {
                    Ok(known) => {
                        body.truncate(start);
                        groups[at].add(self.store, known, object, represented);
                    }
                    Err(new) => {
                        entities.push(text..body.len());
                        groups[at].add(self.store, new, object, represented);
                    }
                }
            }
        }
        for &at in members {
            groups[at].expect(entities.len() - first);
        }
    }

    /// Writes an object's representation; gives the runtime type that it has there.
    fn represent(
        &self,
        group: &GroupProgram,
        object: u32,
        out: &mut Vec<u8>,
    ) -> Option<RuntimeTypeState> {
        let ty = self.store.object(object).ty;
        let mut fitting = group.representations.iter();
        let fitting = fitting.find(|candidate| ty.fits(candidate.types.as_ref()))?;
        Representer::new(self.inputs.supergraph, self.store, out).represent(object, fitting)?;
        let named = || fitting.named.map_or(RuntimeTypeState::Unknown, RuntimeTypeState::Known);
        Some(ty.known().map_or_else(named, RuntimeTypeState::Known))
    }
}

/// The representations that were written, by their bytes.
#[derive(Default)]
struct Known {
    hasher: DefaultHashBuilder,
    table: HashTable<(u64, u32)>,
}

impl Known {
    /// The number of an equal representation, or as an error that of this new one.
    fn find_or_add<'t>(
        &mut self,
        text: &[u8],
        text_of: impl Fn(usize) -> &'t [u8],
    ) -> Result<usize, usize> {
        let hash = self.hasher.hash_one(text);
        let is_it = |row: &(u64, u32)| row.0 == hash && text_of(row.1 as usize) == text;
        if let Some(row) = self.table.find(hash, is_it) {
            return Ok(row.1 as usize);
        }
        let new = self.table.len();
        self.table.insert_unique(hash, (hash, index(new)), |row| row.0);
        Err(new)
    }
}

/// What was asked of a fetch's groups, as errors see it.
pub(super) struct AskedGroups<'a>(pub(super) &'a [AskedGroup]);

impl crate::reported::Asked for AskedGroups<'_> {
    fn groups(&self) -> impl Iterator<Item = query_planner::GroupId> {
        self.0.iter().map(|asked| Id::from_index(asked.group))
    }

    fn is_asked(&self, group: usize, representation: usize) -> bool {
        self.0[group].is_asked(representation)
    }
}
