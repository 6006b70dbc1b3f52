//! Chooses who answers each field: feasibility first, then cost.
//!
//! **In:** the operation's shape, the capability tables. **Out:** a few [`Candidate`]s, best first,
//! for `build` to turn into plans whose true cost decides.
//!
//! **Never here:** fetches and their texts (`build`).
//!
//! **Holds:** a state is (shape, standing): what is selected, and who stands at the position. Its
//! candidates depend on nothing else, so each state is solved once. What can be *entered* at a
//! position is a least fixpoint (`jump`): a key or requirement that needs itself never becomes
//! available, and nothing is decided by what happens to be on the stack. When a table had to be
//! read before it was whole (keys that lead through one another), the pass is repeated with what is
//! known until nothing changes.
//!
//! ```text
//! solve(shape, standing):
//!   runtime type unknown (only interface objects stand here):
//!     without type conditions: answer from them; else enter a subgraph that knows the types
//!   else for each entry, for each runtime type that can appear:
//!     options = carriers that resolve it | subgraphs that can be entered and resolve it,
//!               each with the candidates of the selection below
//!     no option, and the value is an object: several subgraphs at once, each a part of it
//!   combine: one option per entry so that the united requests weigh least
//! ```
//!
//! **Read first:** [`Solver::candidates`].

pub(crate) mod carrier;
pub(crate) mod choice;
mod combine;
mod jump;
mod options;
mod requests;

use crate::{
    Guards, Limits, OperationKind, PlanErrorKind, Stop,
    operation::Operation,
    shape::{CaseField, Shape, ShapeId, Shapes},
    why::Forced,
};
use carrier::Capabilities;
use choice::{Candidate, Carrier, Choices, FieldChoice};
use combine::{Fields, combine, weight};
use jump::Table;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::rc::Rc;
use supergraph::{Id, SubgraphSet, Supergraph, TypeId, ids};

ids! {
    /// An interned [`Standing`].
    StandingId,
}

/// Who stands at a position.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Standing {
    /// The subgraphs that answered the way here; none at the operation's root.
    pub(crate) carriers: SmallVec<[Carrier; 1]>,
    /// Every subgraph that could have answered the way here, taken or not.
    pub(crate) paths: SubgraphSet,
}

/// How far the search looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Width {
    /// Partial choices kept while combining.
    pub(crate) beam: usize,
    /// Candidates kept for each state.
    pub(crate) candidates: usize,
    /// Ways kept to enter a subgraph.
    pub(crate) jumps: usize,
    /// Keep what looks worse, too.
    pub(crate) exhaustive: bool,
}

impl Width {
    pub(crate) const NORMAL: Self = Self { beam: 64, candidates: 8, jumps: 3, exhaustive: false };
    const SPENT: Self = Self { beam: 1, candidates: 1, jumps: 1, exhaustive: false };
    pub(crate) const EXHAUSTIVE: Self =
        Self { beam: 4096, candidates: 4096, jumps: 16, exhaustive: true };
}

/// The candidates of a state.
pub(crate) struct Solved {
    /// Numbers the state.
    pub(crate) state: usize,
    pub(crate) candidates: Vec<Candidate>,
}

/// One search.
pub(crate) struct Solver<'a> {
    pub(crate) shapes: Shapes<'a>,
    capabilities: Capabilities<'a>,
    standings: Vec<Rc<Standing>>,
    standing_ids: FxHashMap<Rc<Standing>, StandingId>,
    solved: FxHashMap<(ShapeId, StandingId), Rc<Solved>>,
    tables: FxHashMap<(TypeId, StandingId), Table>,
    doors: FxHashMap<TypeId, Rc<jump::Doors>>,
    width: Width,
    max_steps: u64,
    steps: u64,
    /// A table was read before it was whole.
    incomplete: bool,
    /// A table grew in this pass.
    grew: bool,
    failure: Option<PlanErrorKind>,
    /// A field that only one subgraph may answer.
    pub(crate) forced: Option<Forced>,
}

/// Passes over keys that lead through one another; each pass can only add ways.
const MAX_PASSES: usize = 8;

impl<'a> Solver<'a> {
    pub(crate) fn new(
        supergraph: &'a Supergraph,
        operation: &'a Operation,
        guards: &Guards,
        limits: Limits,
        width: Width,
        stop: Stop<'a>,
    ) -> Self {
        Self {
            shapes: Shapes::new(supergraph, operation, limits.positions, stop),
            capabilities: Capabilities::new(supergraph, guards),
            standings: Vec::new(),
            standing_ids: FxHashMap::default(),
            solved: FxHashMap::default(),
            tables: FxHashMap::default(),
            doors: FxHashMap::default(),
            width,
            max_steps: limits.steps,
            steps: 0,
            incomplete: false,
            grew: false,
            failure: None,
            forced: None,
        }
    }

    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.steps > self.max_steps
    }

    /// The ways to answer an operation, best first; at least one.
    pub(crate) fn candidates(
        &mut self,
        operation: &Operation,
        guards: &Guards,
    ) -> Result<(ShapeId, Vec<Candidate>), PlanErrorKind> {
        let shape = self.shapes.of_operation(operation, guards)?;
        let root = self.standing(Standing {
            carriers: SmallVec::new(),
            paths: self.supergraph().subgraphs().ids().collect(),
        });
        for pass in 1..=MAX_PASSES {
            self.incomplete = false;
            self.grew = false;
            self.failure = None;
            let candidates = match operation.kind() {
                OperationKind::Query => self.solve(shape, root).candidates.clone(),
                _ => self.solve_serial(shape, root).into_iter().collect(),
            };
            self.shapes.go_on()?;
            // Ways that are known lead where they say; a further pass could only add better ones.
            if self.incomplete && self.grew && pass < MAX_PASSES {
                self.forget_pass();
                continue;
            }
            if candidates.is_empty() {
                break;
            }
            return Ok((shape, candidates));
        }
        Err(self.failure.take().unwrap_or(PlanErrorKind::Unreachable {
            coordinate: self.supergraph().ty(operation.root_type).name.clone(),
            reason: "its parts exclude one another".to_owned(),
        }))
    }

    /// Keeps the tables as seeds and forgets everything that was concluded from them.
    fn forget_pass(&mut self) {
        self.solved.clear();
        self.tables.values_mut().for_each(Table::reopen);
    }

    fn supergraph(&self) -> &'a Supergraph {
        self.capabilities.supergraph
    }

    fn width(&self) -> Width {
        if self.is_spent() { Width::SPENT } else { self.width }
    }

    fn standing(&mut self, standing: Standing) -> StandingId {
        if let Some(id) = self.standing_ids.get(&standing) {
            return *id;
        }
        let id = StandingId::from_index(self.standings.len());
        let standing = Rc::new(standing);
        self.standings.push(Rc::clone(&standing));
        self.standing_ids.insert(standing, id);
        id
    }

    /// The ways to answer `shape` where `standing` stands.
    fn solve(&mut self, shape: ShapeId, standing: StandingId) -> Rc<Solved> {
        if let Some(solved) = self.solved.get(&(shape, standing)) {
            return Rc::clone(solved);
        }
        let carriers = &self.standings[standing.index()].carriers;
        let unknown = match carriers.first().and_then(|carrier| carrier.interface_object) {
            Some(interface) if carriers.iter().all(|c| c.interface_object.is_some()) => {
                Some(interface)
            }
            _ => None,
        };
        let mut candidates = match unknown {
            Some(interface) => self.solve_unknown(shape, interface, standing),
            None => self.solve_known(shape, standing),
        };
        candidates.sort_by_key(|c| weight(&c.requests, c.ready, c.fields));
        candidates.truncate(self.width().candidates);
        let solved = Rc::new(Solved { state: self.solved.len(), candidates });
        self.solved.insert((shape, standing), Rc::clone(&solved));
        solved
    }

    /// The runtime type of every object is known.
    fn solve_known(&mut self, id: ShapeId, standing: StandingId) -> Vec<Candidate> {
        let shape = self.shapes.get(id);
        let carriers = &self.standings[standing.index()].carriers;
        let mut types = shape.types.clone();
        if !carriers.is_empty() {
            let mut possible = supergraph::TypeSet::new();
            carriers.iter().for_each(|carrier| possible.union_with(&carrier.types));
            types = types.intersection(&possible);
        }
        let mut fields = Fields::with_capacity(shape.entries.len());
        for (index, entry) in shape.entries.iter().enumerate() {
            for ty in entry.types.intersection(&types).iter() {
                self.options(id, index, ty, standing, fields.options());
                if !fields.add(index, ty) {
                    return Vec::new();
                }
            }
        }
        let width = self.width();
        combine(fields, width, &mut self.steps)
    }

    /// Only interface objects stand here: nobody knows the runtime types.
    fn solve_unknown(
        &mut self,
        id: ShapeId,
        interface: TypeId,
        standing: StandingId,
    ) -> Vec<Candidate> {
        let shape = self.shapes.get(id);
        let mut candidates = Vec::new();
        if !needs_runtime_type(&shape) {
            candidates = self.solve_untyped(id, &shape, interface, standing);
            if candidates.iter().any(|candidate| candidate.requests.is_empty()) {
                return candidates;
            }
        }
        for jump in self.resolving_jumps(interface, standing) {
            let mut resolved = Standing::clone(&self.standings[standing.index()]);
            resolved.carriers.push(self.arrived(&jump, interface));
            let standing = self.standing(resolved);
            let solved = self.solve(id, standing);
            for then in &solved.candidates {
                let mut requests = then.requests.clone();
                requests.unite(&jump.requests);
                candidates.push(Candidate {
                    requests,
                    ready: then.ready.max(jump.level),
                    fields: then.fields.saturating_add(jump.fields),
                    choices: Rc::new(Choices::Resolve {
                        jump: Rc::clone(&jump),
                        interface,
                        then: Rc::clone(&then.choices),
                    }),
                });
            }
        }
        candidates
    }

    /// Answers a shape without type conditions while the runtime types stay unknown.
    fn solve_untyped(
        &mut self,
        id: ShapeId,
        shape: &Shape,
        interface: TypeId,
        standing: StandingId,
    ) -> Vec<Candidate> {
        let mut fields = Fields::with_capacity(shape.entries.len());
        for index in 0..shape.entries.len() {
            self.options(id, index, interface, standing, fields.options());
            if !fields.add(index, interface) {
                return Vec::new();
            }
        }
        let width = self.width();
        combine(fields, width, &mut self.steps)
    }

    /// The root fields of a mutation (or the one of a subscription): each to one subgraph, in order.
    fn solve_serial(&mut self, id: ShapeId, root: StandingId) -> Option<Candidate> {
        let shape = self.shapes.get(id);
        let mut requests = requests::Requests::default();
        let (mut ready, mut fields, mut choices) = (0, 0, Vec::new());
        let mut last = None;
        for index in 0..shape.entries.len() {
            let mut options = Vec::new();
            self.options(id, index, shape.ty, root, &mut options);
            // Among equals, the neighbor's subgraph: then both share a request.
            let option = options.iter().min_by_key(|option| {
                let same = option.sources.first().map(|source| source.subgraph) == last;
                (weight(&option.requests, option.ready, option.fields), !same)
            })?;
            requests.unite(&option.requests.later_by(ready));
            ready += option.ready;
            fields = option.fields.saturating_add(fields);
            last = option.sources.first().map(|source| source.subgraph);
            choices.push(FieldChoice {
                entry: index,
                ty: shape.ty,
                sources: option.sources.clone(),
                child: option.child.clone(),
            });
        }
        Some(Candidate { requests, ready, fields, choices: Rc::new(Choices::Serial(choices)) })
    }
}

/// Whether a shape means different things for different runtime types, or shows them.
fn needs_runtime_type(shape: &Shape) -> bool {
    let shows_type = |case: &crate::shape::Case| {
        case.fields.iter().any(|(_, field)| matches!(field, CaseField::Typename))
    };
    // A field set's nested objects are sent with their `__typename`.
    shape.cases.is_empty()
        || !shape.denied.is_empty()
        || shape.cases.len() > 1
        || shape.cases.iter().any(shows_type)
        || shape.entries.iter().any(|entry| !shape.types.is_subset(&entry.types))
}
