//! What can be entered at a position, from where, at which price.
//!
//! **In:** a runtime type and a standing. **Out:** [`Reach`]: for each subgraph, and for each
//! requirement of a field there, the cheapest ways in.
//!
//! **Never here:** which of them a plan takes (`combine`).
//!
//! **Holds:** a least fixpoint by forward chaining: a way in is added only when its key (and
//! requirement) can be had from who stands here or from ways added before. So a chain of keys
//! `A -k1-> B -k2-> C` is found, a circle of requirements stays out, and every [`Jump`] is a finite
//! tree. Self re-entry is an ordinary way in, for the fields with requirements.
//!
//! **Read first:** [`Solver::reach`].

use super::{
    Solver, StandingId,
    carrier::Needs,
    choice::{Candidate, Choices, Demand, Entrance, Jump},
    combine::{Item, add_item, combine, weight},
    requests::Requests,
};
use crate::shape::{Entry, Shape, ShapeId};
use std::rc::Rc;
use supergraph::{FieldSetId, Id, SubgraphId, SubgraphSet, TypeId, TypeKind};

/// The ways to one goal, cheapest first.
type Ways<K> = (K, Vec<Rc<Jump>>);

/// The ways into subgraphs, in the order in which they were found.
#[derive(Clone, Default)]
pub(super) struct Reach {
    pub(super) jumps: Vec<Ways<SubgraphId>>,
    /// The same for fields with `@requires` or contextual arguments, by what they need.
    pub(super) ready: Vec<Ways<(SubgraphId, Needs)>>,
}

/// A [`Reach`] and whether it is whole.
#[derive(Default)]
pub(super) struct Table {
    reach: Rc<Reach>,
    progress: Progress,
}

#[derive(Default, PartialEq, Eq)]
enum Progress {
    #[default]
    Open,
    Growing,
    Whole,
}

impl Table {
    pub(super) fn reopen(&mut self) {
        self.progress = Progress::Open;
    }
}

/// Where a type can be entered, whoever stands there.
pub(super) struct Doors {
    entrances: Vec<(SubgraphId, Entrance)>,
    /// Entrances by an interface whose subgraph knows the runtime types.
    resolvers: Vec<(SubgraphId, Entrance)>,
    requirements: Vec<(SubgraphId, Needs)>,
    /// The subgraphs of `entrances`.
    pub(super) subgraphs: SubgraphSet,
}

impl Solver<'_> {
    /// What can be entered from `standing` on objects of type `ty`.
    pub(super) fn reach(&mut self, ty: TypeId, standing: StandingId) -> Rc<Reach> {
        let key = (ty, standing);
        let table = self.tables.entry(key).or_default();
        match table.progress {
            Progress::Whole => return Rc::clone(&table.reach),
            Progress::Growing => {
                self.incomplete = true;
                return Rc::clone(&table.reach);
            }
            Progress::Open => table.progress = Progress::Growing,
        }
        let mut reach = Reach::clone(&table.reach);
        let doors = self.doors(ty);
        let rounds = doors.entrances.len() + doors.requirements.len() + 1;
        let mut settled = Settled::new(&doors);
        for _ in 0..rounds {
            if !self.grow(ty, standing, &doors, &mut settled, &mut reach) {
                break;
            }
            self.grew = true;
            let table = self.tables.get_mut(&key).expect("it was made above");
            table.reach = Rc::new(reach.clone());
        }
        let table = self.tables.get_mut(&key).expect("it was made above");
        table.progress = Progress::Whole;
        Rc::clone(&table.reach)
    }

    /// One round of forward chaining; says whether anything was added.
    fn grow(
        &mut self,
        ty: TypeId,
        at: StandingId,
        doors: &Doors,
        settled: &mut Settled,
        reach: &mut Reach,
    ) -> bool {
        let before = reach.clone();
        let mut grew = false;
        for (index, (subgraph, entrance)) in doors.entrances.iter().enumerate() {
            let known = settled.keys[index].take();
            let is_new = known.is_none();
            let keys = known.unwrap_or_else(|| self.keys(ty, at, *entrance, &before));
            if is_new && !self.stands(at, *subgraph) {
                for key in &keys {
                    let jump = self.jump(at, (*subgraph, *entrance), key, (false, None));
                    grew |= self.add(&mut reach.jumps, *subgraph, jump);
                }
            }
            let required = doors.requirements.iter().enumerate();
            let required = required.filter(|(_, (target, _))| target == subgraph);
            for (row, (_, needs)) in required.filter(|_| !keys.is_empty()) {
                if settled.requirements.contains(&(index, row)) {
                    continue;
                }
                let requirements = self.requirements(*needs, ty, at, &before);
                for requirement in &requirements {
                    for key in &keys {
                        let more = (needs.contextual, requirement.as_ref());
                        let jump = self.jump(at, (*subgraph, *entrance), key, more);
                        grew |= self.add(&mut reach.ready, (*subgraph, *needs), jump);
                    }
                }
                let is_at_hand = |found: &Option<(ShapeId, Candidate)>| {
                    found.as_ref().is_none_or(|(_, found)| is_at_hand(found))
                };
                if is_settled(&keys) && requirements.first().is_some_and(is_at_hand) {
                    settled.requirements.push((index, row));
                }
            }
            settled.keys[index] = is_settled(&keys).then_some(keys);
        }
        grew
    }

    /// Whether a subgraph stands there already, knowing the runtime types.
    fn stands(&self, at: StandingId, subgraph: SubgraphId) -> bool {
        let mut carriers = self.standings[at.index()].carriers.iter();
        carriers.any(|row| row.subgraph == subgraph && row.interface_object.is_none())
    }

    /// The ways into subgraphs that know the runtime types behind `interface`.
    pub(super) fn resolving_jumps(&mut self, interface: TypeId, at: StandingId) -> Vec<Rc<Jump>> {
        let doors = self.doors(interface);
        let reach = self.reach(interface, at);
        let mut jumps = Vec::new();
        for (subgraph, entrance) in &doors.resolvers {
            for key in self.keys(interface, at, *entrance, &reach) {
                let more = (false, None);
                jumps.push(Rc::new(self.jump(at, (*subgraph, *entrance), &key, more)));
            }
        }
        jumps
    }

    /// The ways to have the key of an entrance.
    fn keys(&mut self, ty: TypeId, at: StandingId, entrance: Entrance, reach: &Reach) -> Vec<Key> {
        match entrance {
            // Below the root only a query is asked anew: a value of the mutations' type is a value.
            Entrance::Root
                if ty != self.supergraph().query_type()
                    && !self.standings[at.index()].carriers.is_empty() =>
            {
                Vec::new()
            }
            Entrance::Root => vec![Key { shape: None, candidate: nothing() }],
            Entrance::Entity { key, .. } => {
                let shape = self.field_set_shape(key);
                let candidates = self.obtain(shape, ty, at, reach).into_iter();
                candidates.map(|candidate| Key { shape: Some(shape), candidate }).collect()
            }
        }
    }

    /// The ways to have what a field requires of the same object; one empty way if that is nothing.
    fn requirements(
        &mut self,
        needs: Needs,
        ty: TypeId,
        at: StandingId,
        reach: &Reach,
    ) -> Vec<Option<(ShapeId, Candidate)>> {
        let Some(set) = needs.requires else { return vec![None] };
        let shape = self.field_set_shape(set);
        let candidates = self.obtain(shape, ty, at, reach).into_iter();
        candidates.map(|candidate| Some((shape, candidate))).collect()
    }

    fn field_set_shape(&mut self, set: FieldSetId) -> ShapeId {
        self.shapes.of_interned(set)
    }

    /// The ways to have a field set on objects of type `ty` with what `reach` offers so far.
    fn obtain(
        &mut self,
        shape: ShapeId,
        ty: TypeId,
        at: StandingId,
        reach: &Reach,
    ) -> Vec<Candidate> {
        let shape = self.shapes.get(shape);
        let mut items: Vec<Item> = Vec::new();
        for (index, entry) in shape.entries.iter().enumerate() {
            if !self.applies(&shape, entry, ty) {
                continue;
            }
            let options = self.options_within(entry, ty, at, reach);
            if options.is_empty() {
                return Vec::new();
            }
            add_item(&mut items, index, ty, Rc::new(options));
        }
        let width = self.width();
        let mut candidates = combine(items, width, &mut self.steps);
        candidates.truncate(width.jumps);
        candidates
    }

    fn applies(&self, shape: &Shape, entry: &Entry, ty: TypeId) -> bool {
        match self.supergraph().ty(ty).is_abstract() {
            true => shape.types.is_subset(&entry.types),
            false => entry.types.contains(ty),
        }
    }

    fn jump(
        &self,
        at: StandingId,
        (subgraph, entrance): (SubgraphId, Entrance),
        key: &Key,
        (contextual, requires): (bool, Option<&(ShapeId, Candidate)>),
    ) -> Jump {
        let carriers = &self.standings[at.index()].carriers;
        let typed = carriers.iter().filter(|carrier| carrier.interface_object.is_none());
        // The objects, and their types, are there when the first of these has arrived.
        let here = typed.map(|carrier| carrier.level).min().unwrap_or_default();
        let mut requests = key.candidate.requests.clone();
        let mut ready = key.candidate.ready.max(here);
        let mut fields = key.candidate.fields;
        if let Some((_, requirement)) = requires {
            requests.unite(&requirement.requests);
            ready = ready.max(requirement.ready);
            fields = requirement.fields.saturating_add(fields);
        }
        let level = ready + 1;
        requests.unite(&match entrance {
            // A root fetch below the root shares its request with nobody.
            Entrance::Root if !carriers.is_empty() => Requests::alone(subgraph, level, at),
            _ => Requests::of(subgraph, level),
        });
        let demand =
            |shape, candidate: &Candidate| Demand { shape, choices: Rc::clone(&candidate.choices) };
        Jump {
            subgraph,
            entrance,
            key: key.shape.map(|shape| demand(shape, &key.candidate)),
            requires: requires.map(|(shape, candidate)| demand(*shape, candidate)),
            contextual,
            requests,
            level,
            fields,
        }
    }

    /// Adds a way in unless it is no better than a known one.
    fn add<K: PartialEq + Copy>(&self, rows: &mut Vec<Ways<K>>, key: K, jump: Jump) -> bool {
        let position = rows.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            rows.push((key, Vec::new()));
            rows.len() - 1
        });
        let ways = &mut rows[position].1;
        let beaten = ways.iter().any(|known| {
            known.level <= jump.level
                && known.fields <= jump.fields
                && known.requests.is_subset(&jump.requests)
        });
        if beaten {
            return false;
        }
        let jump = Rc::new(jump);
        ways.push(Rc::clone(&jump));
        ways.sort_by_key(|jump| weight(&jump.requests, jump.level, jump.fields));
        ways.truncate(self.width().jumps);
        ways.iter().any(|kept| Rc::ptr_eq(kept, &jump))
    }

    /// The doors of a type; remembered.
    pub(super) fn doors(&mut self, ty: TypeId) -> Rc<Doors> {
        if let Some(doors) = self.doors.get(&ty) {
            return Rc::clone(doors);
        }
        let doors = Rc::new(self.find_doors(ty));
        self.doors.insert(ty, Rc::clone(&doors));
        doors
    }

    fn find_doors(&self, ty: TypeId) -> Doors {
        let supergraph = self.supergraph();
        let row = supergraph.ty(ty);
        let mut doors = Doors {
            entrances: Vec::new(),
            resolvers: Vec::new(),
            requirements: Vec::new(),
            subgraphs: SubgraphSet::new(),
        };
        let roots = [
            Some(supergraph.query_type()),
            supergraph.mutation_type(),
            supergraph.subscription_type(),
        ];
        if roots.contains(&Some(ty)) {
            let subgraphs = row.in_subgraphs.iter().map(|row| row.subgraph);
            doors.entrances.extend(subgraphs.map(|subgraph| (subgraph, Entrance::Root)));
        }
        let own = std::iter::once(ty);
        let declaring = match row.kind {
            TypeKind::Object => own.chain(row.interfaces.iter().copied()).collect(),
            _ => own.collect::<Vec<_>>(),
        };
        for on in declaring {
            for row in &supergraph.ty(on).in_subgraphs {
                for key in row.keys.iter().filter(|key| key.resolvable) {
                    let interface_object = row.interface_object;
                    let entrance = Entrance::Entity { on, key: key.fields, interface_object };
                    if interface_object || (on == ty && supergraph.ty(on).kind == TypeKind::Object)
                    {
                        doors.entrances.push((row.subgraph, entrance));
                    } else if on == ty {
                        doors.resolvers.push((row.subgraph, entrance));
                    }
                }
            }
            self.find_requirements(on, on == ty, &mut doors.requirements);
        }
        doors.requirements.sort_by_key(|(subgraph, _)| *subgraph);
        doors.entrances.sort_by_key(|(subgraph, _)| *subgraph);
        doors.subgraphs = doors.entrances.iter().map(|(subgraph, _)| *subgraph).collect();
        doors
    }

    /// What fields of `on` require: in every subgraph, or in those where it is an interface object.
    fn find_requirements(
        &self,
        on: TypeId,
        everywhere: bool,
        requirements: &mut Vec<(SubgraphId, Needs)>,
    ) {
        let supergraph = self.supergraph();
        let row = supergraph.ty(on);
        for field in row.demanding_fields() {
            for capability in &supergraph.field(*field).capabilities {
                let needs = Needs::of(capability);
                if needs.is_nothing() {
                    continue;
                }
                let counts = everywhere
                    || row.in_subgraph(capability.subgraph).is_some_and(|row| row.interface_object);
                let known = requirements.contains(&(capability.subgraph, needs));
                if counts && !known && self.capabilities.is_active(capability) {
                    requirements.push((capability.subgraph, needs));
                }
            }
        }
    }
}

/// What further rounds cannot make cheaper: it is at hand where the carriers stand.
struct Settled {
    /// The ways to have the key of each entrance.
    keys: Vec<Option<Vec<Key>>>,
    /// Entrance and requirement.
    requirements: Vec<(usize, usize)>,
}

impl Settled {
    fn new(doors: &Doors) -> Self {
        let keys = doors.entrances.iter().map(|_| None).collect();
        Self { keys, requirements: Vec::new() }
    }
}

fn is_settled(keys: &[Key]) -> bool {
    keys.first().is_some_and(|key| is_at_hand(&key.candidate))
}

fn is_at_hand(candidate: &Candidate) -> bool {
    candidate.requests.is_empty() && candidate.ready == 0
}

/// A way to have a key.
struct Key {
    shape: Option<ShapeId>,
    candidate: Candidate,
}

fn nothing() -> Candidate {
    Candidate {
        requests: Requests::default(),
        ready: 0,
        fields: 0,
        choices: Rc::new(Choices::Fields(Vec::new())),
    }
}
