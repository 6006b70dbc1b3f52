//! Walks down from the root types, breadth first.
//!
//! **In:** the tables and limits. **Out:** [`Satisfiability`].
//!
//! **Never here:** who can be entered (`closure`), why nobody could help (`explain`).
//!
//! **Holds:** a state is looked at only if no seen state of its type had fewer ways out of it with
//! fewer labels decided: more subgraphs can only answer more.
//!
//! **Read first:** [`walk`].

use super::{
    PathStep, ReachLimits, RuntimeTypes, Satisfiability, Unsatisfied,
    closure::{Closure, Closures},
    explain,
    sources::{Carrier, Source},
};
use crate::{FieldId, FieldSetId, Supergraph, TypeId, TypeKind, TypeSet};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    rc::Rc,
};

/// Carriers that answer parts of the same objects.
type Way = Vec<Carrier>;
/// The labels of a path.
type Labels = Rc<[Option<bool>]>;

/// Labels that a path decides both ways; further ones count as off.
const MAX_LABELS: usize = 8;

/// A position that the walk has reached.
#[derive(Clone)]
struct Position {
    /// The declared type.
    ty: TypeId,
    ways: Vec<Way>,
    labels: Labels,
    path: Option<Rc<Link>>,
    root: TypeId,
}

/// A path, last step first.
struct Link {
    step: PathStep,
    before: Option<Rc<Link>>,
}

/// What a state knew, for comparison with others of its type.
#[derive(Clone)]
struct Seen {
    labels: Labels,
    ways: Vec<Known>,
}

/// The members of a way's closure, and the requirements it can meet; both in order.
#[derive(Clone)]
struct Known {
    members: Vec<Source>,
    ready: Vec<(Source, FieldSetId)>,
}

/// One search.
struct Walk<'s, 'a> {
    closures: &'s mut Closures<'a>,
    limits: ReachLimits,
    queue: VecDeque<Position>,
    seen: HashMap<TypeId, Vec<Seen>>,
    exact: HashSet<(TypeId, Vec<Vec<Source>>, Labels)>,
    found: Vec<Unsatisfied>,
    failed: HashSet<(TypeId, Option<FieldId>)>,
    /// Shared fields whose runtime types were compared, and where they differ.
    compared: HashSet<FieldId>,
    differing: Vec<RuntimeTypes>,
}

/// Searches from all root types.
pub(super) fn walk(supergraph: &Supergraph, limits: ReachLimits) -> Satisfiability {
    let mut closures = Closures::new(supergraph);
    let mut walk = Walk::new(&mut closures, limits);
    let undecided: Labels = vec![None; supergraph.labels().len()].into();
    let roots =
        [Some(supergraph.query_type()), supergraph.subscription_type(), supergraph.mutation_type()];
    for root in roots.into_iter().flatten() {
        walk.queue.push_back(Position {
            ty: root,
            ways: vec![Vec::new()],
            labels: Rc::clone(&undecided),
            path: None,
            root,
        });
    }
    walk.run();
    let (mut found, differing) = (walk.found, walk.differing);
    found.sort_by_key(|unsatisfied| unsatisfied.path.len());
    let complete = closures.steps < limits.steps && !closures.cut_short;
    Satisfiability { unsatisfied: found, differing, complete }
}

impl<'s, 'a> Walk<'s, 'a> {
    fn new(closures: &'s mut Closures<'a>, limits: ReachLimits) -> Self {
        Self {
            closures,
            limits,
            queue: VecDeque::new(),
            seen: HashMap::new(),
            exact: HashSet::new(),
            found: Vec::new(),
            failed: HashSet::new(),
            compared: HashSet::new(),
            differing: Vec::new(),
        }
    }

    fn run(&mut self) {
        while let Some(position) = self.queue.pop_front() {
            if self.is_spent() {
                return;
            }
            self.visit(&position);
        }
    }

    fn is_spent(&self) -> bool {
        self.closures.steps >= self.limits.steps || self.found.len() >= self.limits.findings
    }

    /// Looks at each runtime type that can stand at a position.
    fn visit(&mut self, position: &Position) {
        self.closures.decide(&position.labels);
        let supergraph = self.closures.supergraph();
        if supergraph.ty(position.ty).kind == TypeKind::Object {
            let ways = position.ways.iter().map(|way| sources(way, None)).collect();
            return self.visit_objects(position, position.ty, ways);
        }
        let ways = self.typed_ways(position);
        if ways.is_empty() {
            return self.fail(position, position.ty, None, &[]);
        }
        let mut types = TypeSet::new();
        let carriers = ways.iter().flatten();
        carriers.for_each(|carrier| types.union_with(&carrier.types));
        for ty in types.iter().filter(|ty| supergraph.ty(*ty).accessible) {
            let able = ways.iter().filter(|way| way.iter().any(|c| c.types.contains(ty)));
            let ways = able.map(|way| sources(way, Some(ty))).collect();
            self.visit_objects(position, ty, ways);
        }
    }

    /// The ways at an abstract position, with the runtime types found out.
    fn typed_ways(&mut self, position: &Position) -> Vec<Way> {
        let mut ways = Vec::new();
        for way in &position.ways {
            let unknown = way.first().and_then(|carrier| carrier.source.interface_object);
            match unknown.filter(|_| way.iter().all(|c| c.source.interface_object.is_some())) {
                None => ways.push(way.clone()),
                Some(interface) => {
                    for resolver in self.closures.resolvers(interface, way[0].source) {
                        ways.push(way.iter().cloned().chain([resolver]).collect());
                    }
                }
            }
        }
        ways
    }

    /// Looks at each field of the objects of one type.
    fn visit_objects(&mut self, position: &Position, ty: TypeId, mut ways: Vec<Vec<Source>>) {
        ways.sort_unstable();
        ways.dedup();
        if !self.exact.insert((ty, ways.clone(), Rc::clone(&position.labels))) {
            return;
        }
        // A label that only some of the fields depend on is decided by those below.
        let closures: Vec<Rc<Closure>> =
            ways.iter().map(|way| self.closures.closure(ty, way)).collect();
        self.closures.resolver.needed.set(None);
        if self.is_covered(ty, &closures, &position.labels) {
            return;
        }
        let supergraph = self.closures.supergraph();
        for field in supergraph.ty(ty).fields.values() {
            if supergraph.field(*field).accessible && !self.is_spent() {
                self.visit_field(position, ty, *field, &ways);
            }
        }
    }

    /// Whether a state of this type was seen that knew no more than this one; notes this one if not.
    fn is_covered(&mut self, ty: TypeId, closures: &[Rc<Closure>], labels: &Labels) -> bool {
        let describe = |closure: &Rc<Closure>| {
            let mut ready = closure.ready.clone();
            ready.sort_unstable();
            Known { members: closure.members(), ready }
        };
        let state =
            Seen { labels: Rc::clone(labels), ways: closures.iter().map(describe).collect() };
        let seen = self.seen.entry(ty).or_default();
        if seen.iter().any(|seen| seen.covers(&state)) {
            return true;
        }
        seen.push(state);
        false
    }

    /// Looks for who answers a field, for each state of the labels that it depends on.
    fn visit_field(
        &mut self,
        position: &Position,
        ty: TypeId,
        field: FieldId,
        ways: &[Vec<Source>],
    ) {
        let mut assignments = vec![Rc::clone(&position.labels)];
        while let Some(labels) = assignments.pop() {
            self.closures.steps += 1;
            self.closures.decide(&labels);
            self.closures.resolver.needed.set(None);
            let below = self.ways_below(ty, field, ways);
            if let Some(label) = self.closures.resolver.needed.take() {
                // Each further label doubles the states of a path.
                let is_full = labels.iter().flatten().count() >= MAX_LABELS;
                self.closures.cut_short |= is_full;
                for on in [false, true].into_iter().filter(|on| !(*on && is_full)) {
                    let mut decided = labels.to_vec();
                    decided[label] = Some(on);
                    assignments.push(decided.into());
                }
                continue;
            }
            let at = Position { labels, ..position.clone() };
            if below.is_empty() {
                self.fail(&at, ty, Some(field), ways);
                continue;
            }
            self.compare_runtime_types(field, &below);
            self.descend(&at, ty, field, below);
        }
        self.closures.decide(&position.labels);
    }

    /// The ways to stand below a field; none when nobody answers it.
    fn ways_below(&mut self, ty: TypeId, field: FieldId, ways: &[Vec<Source>]) -> Vec<Way> {
        let supergraph = self.closures.supergraph();
        let def = supergraph.field(field);
        let joins = supergraph.ty(def.ty.named()).kind == TypeKind::Object;
        let mut below: Vec<Way> = Vec::new();
        for way in ways {
            let closure = self.closures.closure(ty, way);
            let mut carriers: Way = Vec::new();
            for (source, resolution) in self.closures.answerers(ty, &def.name, &closure) {
                let carrier =
                    self.closures.resolver.below(source, resolution, (ty, def.name.as_str()));
                if !carriers.contains(&carrier) {
                    carriers.push(carrier);
                }
            }
            carriers.sort_by_key(|carrier| carrier.source);
            let alternatives: Vec<Way> = match joins {
                true if carriers.is_empty() => Vec::new(),
                true => vec![carriers],
                false => carriers.into_iter().map(|carrier| vec![carrier]).collect(),
            };
            for way in alternatives {
                if !below.contains(&way) {
                    below.push(way);
                }
            }
        }
        below
    }

    /// Several subgraphs that answer one abstract field should be able to answer the same types.
    fn compare_runtime_types(&mut self, field: FieldId, below: &[Way]) {
        let supergraph = self.closures.supergraph();
        let def = supergraph.field(field);
        let shared = def.capabilities.iter().filter(|row| !row.external).count() > 1;
        if !shared || !supergraph.ty(def.ty.named()).is_abstract() {
            return;
        }
        let abstracts = below.iter().flatten().filter(|carrier| {
            carrier.source.interface_object.is_none() && supergraph.ty(carrier.local).is_abstract()
        });
        let mut types: Vec<(crate::SubgraphId, TypeSet)> =
            abstracts.map(|carrier| (carrier.source.subgraph, carrier.types.clone())).collect();
        types.sort_by_key(|(subgraph, _)| *subgraph);
        types.dedup_by_key(|(subgraph, _)| *subgraph);
        let Some((_, first)) = types.first() else { return };
        if types.iter().all(|(_, other)| other == first) || !self.compared.insert(field) {
            return;
        }
        let common =
            types.iter().fold(first.clone(), |common, (_, other)| common.intersection(other));
        self.differing.push(RuntimeTypes { field, types, common });
    }

    fn descend(&mut self, position: &Position, ty: TypeId, field: FieldId, below: Vec<Way>) {
        let supergraph = self.closures.supergraph();
        let result = supergraph.field(field).ty.named();
        let row = supergraph.ty(result);
        if !row.is_composite() || !row.accessible {
            return;
        }
        let link = Link { step: PathStep { on: ty, field }, before: position.path.clone() };
        let next = Position {
            ty: result,
            ways: below,
            labels: Rc::clone(&position.labels),
            path: Some(Rc::new(link)),
            root: position.root,
        };
        let carriers: usize = next.ways.iter().map(Vec::len).sum();
        if Some(ty) == supergraph.mutation_type() && position.path.is_none() && carriers > 1 {
            self.split(next);
        } else {
            self.queue.push_back(next);
        }
    }

    /// A mutation's field runs once, in one subgraph: one of them must satisfy everything below.
    fn split(&mut self, position: Position) {
        let mut fewest: Option<Vec<Unsatisfied>> = None;
        for carrier in position.ways.iter().flatten() {
            let mut alone = Walk::new(self.closures, self.limits);
            alone
                .queue
                .push_back(Position { ways: vec![vec![carrier.clone()]], ..position.clone() });
            alone.run();
            let found = alone.found;
            if found.is_empty() {
                return;
            }
            if fewest.as_ref().is_none_or(|fewest| found.len() < fewest.len()) {
                fewest = Some(found);
            }
        }
        for found in fewest.into_iter().flatten() {
            if self.failed.insert((found.on, found.field)) {
                self.found.push(found);
            }
        }
    }

    fn fail(
        &mut self,
        position: &Position,
        ty: TypeId,
        field: Option<FieldId>,
        ways: &[Vec<Source>],
    ) {
        if !self.failed.insert((ty, field)) {
            return;
        }
        let mut path = Vec::new();
        let mut link = position.path.as_ref();
        while let Some(Link { step, before }) = link.map(AsRef::as_ref) {
            path.push(*step);
            link = before.as_ref();
        }
        path.reverse();
        let supergraph = self.closures.supergraph();
        let decided = position.labels.iter().enumerate();
        let labels = decided
            .filter_map(|(index, on)| Some((supergraph.labels()[index].clone(), (*on)?)))
            .collect();
        let standing: crate::SubgraphSet = match field {
            Some(_) => ways.iter().flatten().map(|source| source.subgraph).collect(),
            None => position.ways.iter().flatten().map(|c| c.source.subgraph).collect(),
        };
        let obstacles = match field {
            Some(field) => explain::field_obstacles(self.closures, ty, field, ways),
            None => explain::type_obstacles(ty, &standing),
        };
        self.found.push(Unsatisfied {
            root: position.root,
            path,
            on: ty,
            field,
            labels,
            standing: standing.iter().collect(),
            obstacles,
        });
    }
}

impl Seen {
    /// Whether what held here also holds in `state`.
    fn covers(&self, state: &Self) -> bool {
        let mut decided = self.labels.iter().zip(state.labels.iter());
        decided.all(|(mine, theirs)| mine.is_none() || mine == theirs)
            && self.ways.iter().all(|mine| {
                state.ways.iter().any(|theirs| {
                    is_sorted_subset(&mine.members, &theirs.members)
                        && is_sorted_subset(&mine.ready, &theirs.ready)
                })
            })
    }
}

/// Who stands on objects of type `ty`.
fn sources(way: &[Carrier], ty: Option<TypeId>) -> Vec<Source> {
    let able = way.iter().filter(|carrier| {
        carrier.source.interface_object.is_some() || ty.is_none_or(|ty| carrier.types.contains(ty))
    });
    let mut sources: Vec<Source> = able.map(|carrier| carrier.source).collect();
    sources.sort_unstable();
    sources.dedup();
    sources
}

fn is_sorted_subset<T: Ord>(small: &[T], large: &[T]) -> bool {
    let mut rest = large.iter();
    small.iter().all(|item| rest.any(|other| other == item))
}
