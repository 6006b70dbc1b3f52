//! The ways to answer one field: by who stands here, by who can be entered, by several at once.
//!
//! **In:** an entry, a runtime type, a standing. **Out:** [`FieldOption`]s, cheapest first.
//!
//! **Never here:** choosing among them (`combine`).
//!
//! **Holds:** an option that opens no request ends the search for others. A value is taken from
//! several subgraphs only when it is an object (never abstract) that no mutation answers, and none
//! alone can answer it (or it is a single object at the root, and none can without more
//! requests).

use super::{
    FieldOption, Solver, Standing, StandingId,
    carrier::{Capabilities, Resolution, ViewId},
    choice::{Carrier, Child, Entrance, From, Jump, Source},
    combine::weight,
    jump::Reach,
    requests::Requests,
};
use crate::{
    PlanErrorKind,
    shape::{Entry, ShapeId},
};
use std::rc::Rc;
use supergraph::{Id, SubgraphSet, TypeId, TypeKind, TypeSet};

/// A subgraph that resolves the field, before looking below.
#[derive(Clone)]
struct Answerer {
    from: From,
    carrier: Carrier,
    resolution: Resolution,
    requests: Requests,
    level: u32,
}

/// The largest number of subgraphs that one value is put together from, before trying all at once.
const MAX_PARTS: usize = 3;

impl Solver<'_> {
    /// The ways to answer an entry for objects of type `ty`; remembered.
    pub(super) fn options(
        &mut self,
        shape: ShapeId,
        index: usize,
        ty: TypeId,
        standing: StandingId,
    ) -> Rc<Vec<FieldOption>> {
        let key = (shape, index, ty, standing);
        if let Some(options) = self.options.get(&key) {
            return Rc::clone(options);
        }
        if self.shapes.go_on().is_err() {
            // Without options everything above ends, and `candidates` says why.
            return Rc::default();
        }
        let entry = &self.shapes.get(shape).entries[index];
        let mut options = self.options_here(entry, ty, standing);
        self.keep_forced(shape, index, &mut options);
        if !options.iter().any(|option| option.requests.is_empty()) {
            let reach = self.reach(ty, standing);
            options.extend(self.options_by_jumps(entry, ty, standing, &reach));
            if options.is_empty() {
                options = self.options_in_parts(entry, ty, standing, &reach);
            } else if self.may_share_root(entry, ty, standing, &options) {
                options.extend(self.options_in_parts(entry, ty, standing, &reach));
            }
        }
        self.keep_forced(shape, index, &mut options);
        self.prune(&mut options);
        if options.is_empty() && self.failure.is_none() {
            self.failure = Some(self.why_not(entry, ty));
        }
        let options = Rc::new(options);
        self.options.insert(key, Rc::clone(&options));
        options
    }

    /// Where a field is forced to one subgraph, to see what that would cost, its other options go.
    fn keep_forced(&self, shape: ShapeId, entry: usize, options: &mut Vec<FieldOption>) {
        let Some(forced) = &self.forced else { return };
        if (forced.shape, forced.entry) == (shape, entry) {
            let is_meant = |source: &Source| source.subgraph == forced.subgraph;
            options.retain(|option| option.sources.iter().all(is_meant));
        }
    }

    /// The ways to answer an entry of a key or requirement while `reach` is still growing.
    pub(super) fn options_within(
        &mut self,
        entry: &Entry,
        ty: TypeId,
        standing: StandingId,
        reach: &Reach,
    ) -> Vec<FieldOption> {
        let mut options = self.options_here(entry, ty, standing);
        if !options.iter().any(|option| option.requests.is_empty()) {
            options.extend(self.options_by_jumps(entry, ty, standing, reach));
        }
        // Objects above are only asked for what the operation's own fields read.
        options.retain(|option| !option.sources.iter().any(Source::is_contextual));
        self.prune(&mut options);
        options
    }

    fn options_here(&mut self, entry: &Entry, ty: TypeId, at: StandingId) -> Vec<FieldOption> {
        let answerers = self.answerers_here(entry, ty, at);
        answerers
            .into_iter()
            .flat_map(|answerer| self.options_below(entry, ty, at, answerer))
            .collect()
    }

    fn options_by_jumps(
        &mut self,
        entry: &Entry,
        ty: TypeId,
        at: StandingId,
        reach: &Reach,
    ) -> Vec<FieldOption> {
        let answerers = self.answerers_by_jumps(entry, ty, reach);
        answerers
            .into_iter()
            .flat_map(|answerer| self.options_below(entry, ty, at, answerer))
            .collect()
    }

    fn answerers_here(&self, entry: &Entry, ty: TypeId, at: StandingId) -> Vec<Answerer> {
        let carriers = &self.standings[at.index()].carriers;
        let resolved = carriers.iter().enumerate().filter_map(|(index, carrier)| {
            let resolution = self.capabilities.resolve(carrier, ty, entry.field())?;
            resolution.needs.is_nothing().then(|| Answerer {
                from: From::Carrier(index),
                carrier: carrier.clone(),
                resolution,
                requests: Requests::default(),
                level: carrier.level,
            })
        });
        resolved.collect()
    }

    fn answerers_by_jumps(&self, entry: &Entry, ty: TypeId, reach: &Reach) -> Vec<Answerer> {
        let supergraph = self.supergraph();
        let field = supergraph.field_named(ty, entry.field()).map(|field| supergraph.field(field));
        let by_jump = |jump: &Rc<Jump>| {
            // Most subgraphs know nothing of most fields: look before preparing to stand there.
            if !jump.enters_interface_object() {
                field?.capability(jump.subgraph)?;
            }
            let carrier = self.arrived(jump, ty);
            let resolution = match carrier.interface_object {
                Some(_) => self.capabilities.resolve(&carrier, ty, entry.field()),
                None => self.capabilities.resolve_on(jump.subgraph, ty, entry.field()),
            }?;
            Some(Answerer {
                from: From::Jump(Rc::clone(jump)),
                carrier,
                resolution,
                requests: jump.requests.clone(),
                level: jump.level,
            })
        };
        let mut found = Vec::new();
        for jump in reach.jumps.iter().flat_map(|(_, jumps)| jumps) {
            found.extend(by_jump(jump).filter(|a| a.resolution.needs.is_nothing()));
        }
        for ((subgraph, needs), jumps) in &reach.ready {
            for jump in jumps {
                found.extend(by_jump(jump).filter(|a| a.resolution.needs == *needs));
                if needs.contextual {
                    // Its request is shared with nobody.
                    continue;
                }
                // A field without requirement may wait for the request of one that has it.
                let plain = reach.jumps.iter().filter(|(target, _)| target == subgraph);
                for plain in plain.flat_map(|(_, jumps)| jumps) {
                    let late = plain.delayed_to(jump.level).map(Rc::new);
                    found.extend(
                        late.as_ref()
                            .and_then(by_jump)
                            .filter(|answerer| answerer.resolution.needs.is_nothing()),
                    );
                }
            }
        }
        found
    }

    /// How a subgraph stands where a jump has led it, on objects of type `ty`.
    pub(super) fn arrived(&self, jump: &Jump, ty: TypeId) -> Carrier {
        let interface_object = match jump.entrance {
            Entrance::Entity { on, interface_object: true, .. } => Some(on),
            _ => None,
        };
        let row = self.supergraph().ty(ty).in_subgraph(jump.subgraph);
        Carrier {
            subgraph: jump.subgraph,
            interface_object,
            types: match interface_object {
                Some(_) => TypeSet::new(),
                None => row.map(|row| row.possible.clone()).unwrap_or_default(),
            },
            view: Capabilities::no_view(),
            level: jump.level,
            once: jump.entrance == Entrance::Root && ty != self.supergraph().query_type(),
        }
    }

    /// The answerer's options: one for each candidate of the selection below.
    fn options_below(
        &mut self,
        entry: &Entry,
        ty: TypeId,
        at: StandingId,
        answerer: Answerer,
    ) -> Vec<FieldOption> {
        self.steps += 1;
        let Some(child) = entry.child else {
            return vec![FieldOption {
                sources: Rc::new([source(&answerer, Capabilities::no_view())]),
                requests: answerer.requests,
                ready: answerer.level,
                fields: 1,
                child: None,
            }];
        };
        let below = self.standing_below(entry, ty, at, child, std::slice::from_ref(&answerer));
        let sources: Rc<[Source]> = Rc::new([source(&answerer, below.carriers[0].view)]);
        let below = self.standing(below);
        let solved = self.solve(child, below);
        let mut options = Vec::with_capacity(solved.candidates.len());
        for candidate in &solved.candidates {
            let mut requests = candidate.requests.later_by(answerer.level);
            requests.unite(&answerer.requests);
            options.push(FieldOption {
                requests,
                ready: answerer.level + candidate.ready,
                fields: candidate.fields.saturating_add(1),
                sources: Rc::clone(&sources),
                child: Some(Child {
                    shape: child,
                    state: solved.state,
                    choices: Rc::clone(&candidate.choices),
                }),
            });
        }
        options
    }

    /// Who stands below `entry` when `answerers` resolve it.
    fn standing_below(
        &mut self,
        entry: &Entry,
        ty: TypeId,
        at: StandingId,
        child: ShapeId,
        answerers: &[Answerer],
    ) -> Standing {
        let mut paths = self.paths_below(entry, ty, at);
        paths.extend_with(answerers.iter().map(|answerer| answerer.carrier.subgraph));
        let result = self.shapes.get(child).ty;
        let members = (self.supergraph().ty(result).kind == TypeKind::Union)
            .then(|| self.common_members(entry, ty, &paths));
        let several = answerers.len() > 1;
        let carriers = answerers.iter().map(|answerer| {
            let mut carrier = self.capabilities.carrier_below(
                answerer.carrier.subgraph,
                &answerer.resolution,
                answerer.carrier.view,
                (ty, entry.field()),
                members.as_ref(),
            );
            // Alone, the position's clock starts with its arrival; among several each keeps its own.
            carrier.level = if several { answerer.level } else { 0 };
            carrier.once = self.is_once(answerer, ty);
            carrier
        });
        let carriers = carriers.collect();
        Standing { carriers, paths }
    }

    /// The subgraphs that could answer the way to `entry`'s value.
    fn paths_below(&mut self, entry: &Entry, ty: TypeId, at: StandingId) -> SubgraphSet {
        let doors = self.doors(ty);
        let mut here = self.standings[at.index()].paths.clone();
        here.union_with(&doors.subgraphs);
        let supergraph = self.supergraph();
        let mut paths = SubgraphSet::new();
        let interfaces = supergraph.ty(ty).interfaces.iter().copied();
        for on in std::iter::once(ty).chain(interfaces) {
            let row = supergraph.ty(on);
            let Some(field) = supergraph.field_named(on, entry.field()) else { continue };
            for capability in &supergraph.field(field).capabilities {
                let subgraph = capability.subgraph;
                let declares =
                    on == ty || row.in_subgraph(subgraph).is_some_and(|row| row.interface_object);
                if declares && here.contains(subgraph) && self.capabilities.is_active(capability) {
                    paths.insert(subgraph);
                }
            }
        }
        paths
    }

    /// The members of a union that every subgraph on `paths` knows: an object of another member
    /// could not have come from just any of them, so nothing is asked of it.
    fn common_members(&self, entry: &Entry, ty: TypeId, paths: &SubgraphSet) -> TypeSet {
        let supergraph = self.supergraph();
        let mut common: Option<TypeSet> = None;
        for subgraph in paths.iter() {
            let Some(resolution) = self.capabilities.resolve_on(subgraph, ty, entry.field()) else {
                continue;
            };
            let local = supergraph.ty(resolution.local);
            let Some(row) = local.in_subgraph(subgraph) else { continue };
            common = Some(match common {
                None => row.possible.clone(),
                Some(common) => common.intersection(&row.possible),
            });
        }
        common.unwrap_or_else(|| {
            let field = supergraph.field_named(ty, entry.field());
            field
                .map(|field| supergraph.ty(supergraph.field(field).ty.named()).possible.clone())
                .unwrap_or_default()
        })
    }

    /// Whether a root query field is worth asking of several subgraphs although one would do: each
    /// alone needs more requests, and its value is one object, so that parts cannot be mismatched.
    fn may_share_root(
        &self,
        entry: &Entry,
        ty: TypeId,
        at: StandingId,
        options: &[FieldOption],
    ) -> bool {
        let supergraph = self.supergraph();
        // The request that enters the root counts for any option.
        let at_least = usize::from(self.standings[at.index()].carriers.is_empty());
        ty == supergraph.query_type()
            && options.iter().all(|option| option.requests.len() > at_least)
            && supergraph
                .field_named(ty, entry.field())
                .is_some_and(|field| !supergraph.field(field).ty.is_list())
    }

    /// A value type split over subgraphs that share no key: its field is asked of several, and each
    /// answers its part of the same objects.
    fn options_in_parts(
        &mut self,
        entry: &Entry,
        ty: TypeId,
        at: StandingId,
        reach: &Reach,
    ) -> Vec<FieldOption> {
        let Some(child) = entry.child else { return Vec::new() };
        let result = self.shapes.get(child).ty;
        if self.supergraph().ty(result).kind != TypeKind::Object {
            return Vec::new();
        }
        let mut answerers: Vec<Answerer> = Vec::new();
        let all = self.answerers_here(entry, ty, at).into_iter();
        for answerer in all.chain(self.answerers_by_jumps(entry, ty, reach)) {
            let subgraph = answerer.carrier.subgraph;
            if answerer.resolution.needs.is_nothing()
                && !self.is_once(&answerer, ty)
                && !answerers.iter().any(|known| known.carrier.subgraph == subgraph)
            {
                answerers.push(answerer);
            }
        }
        for parts in 2..=answerers.len() {
            let parts = if parts > MAX_PARTS { answerers.len() } else { parts };
            let mut options = Vec::new();
            for combination in combinations(answerers.len(), parts) {
                let chosen: Vec<_> = combination.iter().map(|i| answerers[*i].clone()).collect();
                options.extend(self.options_of_parts(entry, ty, at, child, &chosen));
            }
            if !options.is_empty() || parts == answerers.len() {
                return options;
            }
        }
        Vec::new()
    }

    /// Whether what the answerer says of an object of type `ty` belongs to a mutation. What a mutation
    /// answers of the type `Query` is a query, which others may be asked, too.
    fn is_once(&self, answerer: &Answerer, ty: TypeId) -> bool {
        answerer.carrier.once && ty != self.supergraph().query_type()
    }

    fn options_of_parts(
        &mut self,
        entry: &Entry,
        ty: TypeId,
        at: StandingId,
        child: ShapeId,
        chosen: &[Answerer],
    ) -> Vec<FieldOption> {
        let below = self.standing_below(entry, ty, at, child, chosen);
        let views = below.carriers.iter().map(|carrier| carrier.view);
        let sources: Rc<[Source]> =
            chosen.iter().zip(views).map(|(a, view)| source(a, view)).collect();
        let below = self.standing(below);
        let solved = self.solve(child, below);
        let level = chosen.iter().map(|answerer| answerer.level).max().unwrap_or_default();
        let options = solved.candidates.iter().map(|candidate| {
            let mut requests = candidate.requests.clone();
            chosen.iter().for_each(|answerer| requests.unite(&answerer.requests));
            FieldOption {
                requests,
                ready: level.max(candidate.ready),
                fields: candidate.fields.saturating_add(1),
                sources: Rc::clone(&sources),
                child: Some(Child {
                    shape: child,
                    state: solved.state,
                    choices: Rc::clone(&candidate.choices),
                }),
            }
        });
        options.collect()
    }

    /// Cheapest first; without those that another beats in every respect.
    fn prune(&self, options: &mut Vec<FieldOption>) {
        options.sort_by_key(|option| weight(&option.requests, option.ready, option.fields));
        if self.width.exhaustive && !self.is_spent() {
            return;
        }
        let mut kept: Vec<FieldOption> = Vec::with_capacity(options.len());
        for option in options.drain(..) {
            let beaten = kept.iter().any(|better| {
                better.ready <= option.ready
                    && better.fields <= option.fields
                    && better.requests.is_subset(&option.requests)
            });
            if !beaten {
                kept.push(option);
            }
        }
        *options = kept;
        if self.is_spent() {
            options.truncate(1);
        }
    }

    fn why_not(&self, entry: &Entry, ty: TypeId) -> PlanErrorKind {
        let supergraph = self.supergraph();
        let row = supergraph.ty(ty);
        let field = supergraph.field_named(ty, entry.field()).map(|field| supergraph.field(field));
        let declared =
            field.iter().flat_map(|field| &field.capabilities).filter(|row| !row.external);
        let names: Vec<String> =
            declared.map(|row| format!("`{}`", supergraph.subgraph(row.subgraph).name)).collect();
        let reason = match (names.is_empty(), entry.child.is_some()) {
            (true, _) => "no subgraph declares it".to_owned(),
            (false, false) => format!(
                "it is resolved by {}, and no resolvable `@key` leads there from where the path stands",
                names.join(", ")
            ),
            (false, true) => format!(
                "it is resolved by {}, which cannot be reached here or cannot answer everything selected below",
                names.join(", ")
            ),
        };
        PlanErrorKind::Unreachable { coordinate: format!("{}.{}", row.name, entry.field()), reason }
    }
}

fn source(answerer: &Answerer, view: ViewId) -> Source {
    Source {
        from: answerer.from.clone(),
        subgraph: answerer.carrier.subgraph,
        on: answerer.resolution.on,
        local: answerer.resolution.local,
        view,
    }
}

/// All ways to choose `k` of `n`, in order.
fn combinations(n: usize, k: usize) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    let mut current = Vec::new();
    choose(0, n, k, &mut current, &mut all);
    all
}

fn choose(from: usize, n: usize, k: usize, current: &mut Vec<usize>, all: &mut Vec<Vec<usize>>) {
    if current.len() == k {
        all.push(current.clone());
        return;
    }
    for next in from..n {
        current.push(next);
        choose(next + 1, n, k, current, all);
        current.pop();
    }
}
