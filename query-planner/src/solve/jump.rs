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
    choice::{Candidate, Demand, Entrance, Jump},
    combine::{Fields, combine, weight},
    requests::Requests,
};
use crate::shape::{Entry, Shape, ShapeId};
use smallvec::SmallVec;
use std::{borrow::Cow, rc::Rc};
use supergraph::{FieldSetId, Id, SubgraphId, SubgraphSet, TypeId, TypeKind};

/// The ways to one goal, cheapest first.
type Ways<K> = (K, SmallVec<[Rc<Jump>; 2]>);

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
        let mut reach = Rc::clone(&table.reach);
        let doors = self.doors(ty);
        let rounds = doors.entrances.len() + doors.requirements.len() + 1;
        let mut settled = Settled::new(&doors);
        for _ in 0..rounds {
            let Some(grown) = self.grow(ty, standing, &doors, &mut settled, &reach) else {
                break;
            };
            self.grew = true;
            reach = Rc::new(grown);
            let table = self.tables.get_mut(&key).expect("it was made above");
            table.reach = Rc::clone(&reach);
        }
        let table = self.tables.get_mut(&key).expect("it was made above");
        table.progress = Progress::Whole;
        reach
    }

    /// One round of forward chaining: what can be reached then, unless nothing was added.
    fn grow(
        &mut self,
        ty: TypeId,
        at: StandingId,
        doors: &Doors,
        settled: &mut Settled,
        before: &Reach,
    ) -> Option<Reach> {
        let mut reach = Cow::Borrowed(before);
        let mut grew = false;
        for (index, (subgraph, entrance)) in doors.entrances.iter().enumerate() {
            let known = settled.keys[index].take();
            let is_new = known.is_none();
            let keys = known.unwrap_or_else(|| self.keys(ty, at, *entrance, before));
            if is_new && !self.stands(at, *subgraph) {
                for key in keys.ways() {
                    let jump = self.jump(at, (*subgraph, *entrance), key, (false, None));
                    if !is_beaten(&reach.jumps, *subgraph, &jump) {
                        grew |= self.add(&mut reach.to_mut().jumps, *subgraph, jump);
                    }
                }
            }
            let required = doors.requirements.iter().enumerate();
            let required = required.filter(|(_, (target, _))| target == subgraph);
            for (row, (_, needs)) in required.filter(|_| !keys.is_empty()) {
                if settled.requirements.contains(&(index, row)) {
                    continue;
                }
                let requirements = self.requirements(*needs, ty, at, before);
                let goal = (*subgraph, *needs);
                for requirement in requirements.ways() {
                    for key in keys.ways() {
                        let more = (needs.contextual, requirement);
                        let jump = self.jump(at, (*subgraph, *entrance), key, more);
                        if !is_beaten(&reach.ready, goal, &jump) {
                            grew |= self.add(&mut reach.to_mut().ready, goal, jump);
                        }
                    }
                }
                if keys.is_settled() && requirements.is_settled() {
                    settled.requirements.push((index, row));
                }
            }
            settled.keys[index] = keys.is_settled().then_some(keys);
        }
        grew.then(|| reach.into_owned())
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
            for key in self.keys(interface, at, *entrance, &reach).ways() {
                let more = (false, None);
                jumps.push(Rc::new(self.jump(at, (*subgraph, *entrance), key, more)));
            }
        }
        jumps
    }

    /// The ways to have the key of an entrance.
    fn keys(&mut self, ty: TypeId, at: StandingId, entrance: Entrance, reach: &Reach) -> Supply {
        match entrance {
            // Below the root only a query is asked anew: a value of the mutations' type is a value.
            Entrance::Root
                if ty != self.supergraph().query_type()
                    && !self.standings[at.index()].carriers.is_empty() =>
            {
                Supply::Never
            }
            Entrance::Root => Supply::Free,
            Entrance::Entity { key, .. } => {
                let shape = self.field_set_shape(key);
                Supply::Of(shape, self.obtain(shape, ty, at, reach))
            }
        }
    }

    /// The ways to have what a field requires of the same object.
    fn requirements(&mut self, needs: Needs, ty: TypeId, at: StandingId, reach: &Reach) -> Supply {
        let Some(set) = needs.requires else { return Supply::Free };
        let shape = self.field_set_shape(set);
        Supply::Of(shape, self.obtain(shape, ty, at, reach))
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
        let mut fields = Fields::with_capacity(shape.entries.len());
        for (index, entry) in shape.entries.iter().enumerate() {
            if !self.applies(&shape, entry, ty) {
                continue;
            }
            self.options_within(entry, ty, at, reach, fields.options());
            if !fields.add(index, ty) {
                return Vec::new();
            }
        }
        let width = self.width();
        let mut candidates = combine(fields, width, &mut self.steps);
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
        key: Option<Way<'_>>,
        (contextual, requires): (bool, Option<Way<'_>>),
    ) -> Jump {
        let carriers = &self.standings[at.index()].carriers;
        let typed = carriers.iter().filter(|carrier| carrier.interface_object.is_none());
        // The objects, and their types, are there when the first of these has arrived.
        let here = typed.map(|carrier| carrier.level).min().unwrap_or_default();
        let (mut requests, mut ready, mut fields) = (Requests::default(), here, 0_u32);
        for (_, demand) in [key, requires].into_iter().flatten() {
            requests.unite(&demand.requests);
            ready = ready.max(demand.ready);
            fields = fields.saturating_add(demand.fields);
        }
        let level = ready + 1;
        requests.unite(&match entrance {
            // A root fetch below the root shares its request with nobody.
            Entrance::Root if !carriers.is_empty() => Requests::alone(subgraph, level, at),
            _ => Requests::of(subgraph, level),
        });
        let demand = |(shape, way): Way<'_>| Demand { shape, choices: Rc::clone(&way.choices) };
        Jump {
            subgraph,
            entrance,
            key: key.map(demand),
            requires: requires.map(demand),
            contextual,
            requests,
            level,
            fields,
        }
    }

    /// Adds a way in; says whether it is one of the best.
    fn add<K: PartialEq + Copy>(&self, rows: &mut Vec<Ways<K>>, key: K, jump: Jump) -> bool {
        let position = rows.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            rows.push((key, SmallVec::new()));
            rows.len() - 1
        });
        let ways = &mut rows[position].1;
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

/// Whether a way is no better than a known one.
fn is_beaten<K: PartialEq>(rows: &[Ways<K>], key: K, jump: &Jump) -> bool {
    let mut known = rows.iter().filter(|(known, _)| *known == key).flat_map(|(_, ways)| ways);
    known.any(|known| {
        known.level <= jump.level
            && known.fields <= jump.fields
            && known.requests.is_subset(&jump.requests)
    })
}

/// What further rounds cannot make cheaper: it is at hand where the carriers stand.
struct Settled {
    /// The ways to have the key of each entrance.
    keys: Vec<Option<Supply>>,
    /// Entrance and requirement.
    requirements: Vec<(usize, usize)>,
}

impl Settled {
    fn new(doors: &Doors) -> Self {
        let keys = doors.entrances.iter().map(|_| None).collect();
        Self { keys, requirements: Vec::new() }
    }
}

/// One way to have a field set.
type Way<'c> = (ShapeId, &'c Candidate);

/// The ways to have a key or a requirement.
enum Supply {
    /// There is none.
    Never,
    /// Nothing is needed.
    Free,
    /// A field set, to be had by one of these.
    Of(ShapeId, Vec<Candidate>),
}

impl Supply {
    /// Each way; one empty way if nothing is needed.
    fn ways(&self) -> impl Iterator<Item = Option<Way<'_>>> {
        let (free, found) = match self {
            Self::Never => (0, None),
            Self::Free => (1, None),
            Self::Of(shape, candidates) => (0, Some((*shape, candidates))),
        };
        let found = found.into_iter();
        let found = found.flat_map(|(shape, all)| all.iter().map(move |way| Some((shape, way))));
        std::iter::repeat_n(None, free).chain(found)
    }

    fn is_empty(&self) -> bool {
        self.ways().next().is_none()
    }

    fn is_settled(&self) -> bool {
        let is_at_hand = |way: &Candidate| way.requests.is_empty() && way.ready == 0;
        self.ways().next().is_some_and(|way| way.is_none_or(|(_, way)| is_at_hand(way)))
    }
}
