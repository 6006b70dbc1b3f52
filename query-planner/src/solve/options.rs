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
    Solver, Standing, StandingId,
    carrier::{Capabilities, Resolution, ViewId},
    choice::{Carrier, Child, Entrance, From, Jump, Source, Sources},
    combine::{FieldOption, weight},
    jump::Reach,
    requests::Requests,
};
use crate::{
    PlanErrorKind,
    shape::{Entry, ShapeId},
};
use smallvec::SmallVec;
use std::rc::Rc;
use supergraph::{Id, SubgraphId, SubgraphSet, TypeId, TypeKind, TypeSet};

/// A subgraph that resolves the field, before looking below.
#[derive(Clone)]
struct Answerer {
    from: From,
    subgraph: SubgraphId,
    /// What `@provides` adds to what it can answer.
    view: ViewId,
    /// It answers a mutation (or subscription).
    once: bool,
    resolution: Resolution,
    requests: Requests,
    level: u32,
}

/// The largest number of subgraphs that one value is put together from, before trying all at once.
const MAX_PARTS: usize = 3;

impl Solver<'_> {
    /// Adds the ways to answer an entry for objects of type `ty` to `all`.
    pub(super) fn options(
        &mut self,
        shape: ShapeId,
        index: usize,
        ty: TypeId,
        standing: StandingId,
        all: &mut Vec<FieldOption>,
    ) {
        if self.shapes.go_on().is_err() {
            // Without options everything above ends, and `candidates` says why.
            return;
        }
        let start = all.len();
        let entry = &self.shapes.get(shape).entries[index];
        self.options_here(entry, ty, standing, all);
        self.keep_forced(shape, index, all, start);
        if !opens_nothing(&all[start..]) {
            let reach = self.reach(ty, standing);
            self.options_by_jumps(entry, ty, standing, &reach, all);
            if all.len() == start || self.may_share_root(entry, ty, standing, &all[start..]) {
                all.extend(self.options_in_parts(entry, ty, standing, &reach));
            }
        }
        self.keep_forced(shape, index, all, start);
        self.prune(all, start);
        if all.len() == start && self.failure.is_none() {
            self.failure = Some(self.why_not(entry, ty));
        }
    }

    /// Where a field is forced to one subgraph, to see what that would cost, its other options go.
    fn keep_forced(
        &self,
        shape: ShapeId,
        entry: usize,
        options: &mut Vec<FieldOption>,
        start: usize,
    ) {
        let Some(forced) = &self.forced else { return };
        if (forced.shape, forced.entry) == (shape, entry) {
            let is_meant = |source: &Source| source.subgraph == forced.subgraph;
            retain_from(options, start, |option| option.sources.iter().all(is_meant));
        }
    }

    /// Adds the ways to answer an entry of a key or requirement while `reach` is still growing.
    pub(super) fn options_within(
        &mut self,
        entry: &Entry,
        ty: TypeId,
        standing: StandingId,
        reach: &Reach,
        all: &mut Vec<FieldOption>,
    ) {
        let start = all.len();
        self.options_here(entry, ty, standing, all);
        if !opens_nothing(&all[start..]) {
            self.options_by_jumps(entry, ty, standing, reach, all);
        }
        // Objects above are only asked for what the operation's own fields read.
        retain_from(all, start, |option| !option.sources.iter().any(Source::is_contextual));
        self.prune(all, start);
    }

    fn options_here(
        &mut self,
        entry: &Entry,
        ty: TypeId,
        at: StandingId,
        all: &mut Vec<FieldOption>,
    ) {
        for answerer in self.answerers_here(entry, ty, at) {
            self.options_below(entry, ty, at, answerer, all);
        }
    }

    fn options_by_jumps(
        &mut self,
        entry: &Entry,
        ty: TypeId,
        at: StandingId,
        reach: &Reach,
        all: &mut Vec<FieldOption>,
    ) {
        for answerer in self.answerers_by_jumps(entry, ty, reach) {
            self.options_below(entry, ty, at, answerer, all);
        }
    }

    fn answerers_here(&self, entry: &Entry, ty: TypeId, at: StandingId) -> SmallVec<[Answerer; 1]> {
        let carriers = &self.standings[at.index()].carriers;
        let resolved = carriers.iter().enumerate().filter_map(|(index, carrier)| {
            let resolution = self.capabilities.resolve(carrier, ty, entry.field())?;
            resolution.needs.is_nothing().then(|| Answerer {
                from: From::Carrier(index),
                subgraph: carrier.subgraph,
                view: carrier.view,
                once: carrier.once,
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
            if jump.interface_object().is_none() {
                field?.capability(jump.subgraph)?;
            }
            let on = jump.interface_object().unwrap_or(ty);
            let resolution = self.capabilities.resolve_on(jump.subgraph, on, entry.field())?;
            Some(Answerer {
                from: From::Jump(Rc::clone(jump)),
                subgraph: jump.subgraph,
                view: Capabilities::no_view(),
                once: self.arrives_once(jump, ty),
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
                    let answerer = by_jump(plain).filter(|a| a.resolution.needs.is_nothing());
                    found.extend(answerer.and_then(|answerer| {
                        let late = plain.delayed_to(jump.level)?;
                        let (requests, level) = (late.requests.clone(), late.level);
                        Some(Answerer {
                            from: From::Jump(Rc::new(late)),
                            requests,
                            level,
                            ..answerer
                        })
                    }));
                }
            }
        }
        found
    }

    /// How a subgraph stands where a jump has led it, on objects of type `ty`.
    pub(super) fn arrived(&self, jump: &Jump, ty: TypeId) -> Carrier {
        let interface_object = jump.interface_object();
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
            once: self.arrives_once(jump, ty),
        }
    }

    fn arrives_once(&self, jump: &Jump, ty: TypeId) -> bool {
        jump.entrance == Entrance::Root && ty != self.supergraph().query_type()
    }

    /// Adds the answerer's options: one for each candidate of the selection below.
    fn options_below(
        &mut self,
        entry: &Entry,
        ty: TypeId,
        at: StandingId,
        answerer: Answerer,
        all: &mut Vec<FieldOption>,
    ) {
        self.steps += 1;
        let Some(child) = entry.child else {
            all.push(FieldOption {
                sources: Sources::One(source(&answerer, Capabilities::no_view())),
                requests: answerer.requests,
                ready: answerer.level,
                fields: 1,
                child: None,
            });
            return;
        };
        let below = self.standing_below(entry, ty, at, child, std::slice::from_ref(&answerer));
        let sources = Sources::One(source(&answerer, below.carriers[0].view));
        let below = self.standing(below);
        let solved = self.solve(child, below);
        for candidate in &solved.candidates {
            let mut requests = candidate.requests.later_by(answerer.level);
            requests.unite(&answerer.requests);
            all.push(FieldOption {
                requests,
                ready: answerer.level + candidate.ready,
                fields: candidate.fields.saturating_add(1),
                sources: sources.clone(),
                child: Some(Child {
                    shape: child,
                    state: solved.state,
                    choices: Rc::clone(&candidate.choices),
                }),
            });
        }
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
        paths.extend_with(answerers.iter().map(|answerer| answerer.subgraph));
        let result = self.shapes.get(child).ty;
        let members = (self.supergraph().ty(result).kind == TypeKind::Union)
            .then(|| self.common_members(entry, ty, &paths));
        let several = answerers.len() > 1;
        let carriers = answerers.iter().map(|answerer| {
            let mut carrier = self.capabilities.carrier_below(
                answerer.subgraph,
                &answerer.resolution,
                answerer.view,
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
            let subgraph = answerer.subgraph;
            if answerer.resolution.needs.is_nothing()
                && !self.is_once(&answerer, ty)
                && !answerers.iter().any(|known| known.subgraph == subgraph)
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
        answerer.once && ty != self.supergraph().query_type()
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
        let sources = chosen.iter().zip(views).map(|(a, view)| source(a, view));
        let sources = Sources::Several(sources.collect());
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
                sources: sources.clone(),
                child: Some(Child {
                    shape: child,
                    state: solved.state,
                    choices: Rc::clone(&candidate.choices),
                }),
            }
        });
        options.collect()
    }

    /// Of the options from `start` on: cheapest first, without those that another beats in every
    /// respect.
    fn prune(&self, all: &mut Vec<FieldOption>, start: usize) {
        all[start..].sort_by_key(|option| weight(&option.requests, option.ready, option.fields));
        if self.width.exhaustive && !self.is_spent() {
            return;
        }
        let mut end = start;
        for next in start..all.len() {
            let option = &all[next];
            let beaten = all[start..end].iter().any(|better| {
                better.ready <= option.ready
                    && better.fields <= option.fields
                    && better.requests.is_subset(&option.requests)
            });
            if !beaten {
                all.swap(end, next);
                end += 1;
            }
        }
        all.truncate(if self.is_spent() { end.min(start + 1) } else { end });
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

/// Whether an option opens no request: then no other is looked for.
fn opens_nothing(options: &[FieldOption]) -> bool {
    options.iter().any(|option| option.requests.is_empty())
}

/// Keeps those from `start` on that are meant, in their order.
fn retain_from(
    options: &mut Vec<FieldOption>,
    start: usize,
    is_meant: impl Fn(&FieldOption) -> bool,
) {
    if options[start..].iter().all(&is_meant) {
        return;
    }
    let mut at = 0;
    options.retain(|option| {
        at += 1;
        at <= start || is_meant(option)
    });
}

fn source(answerer: &Answerer, view: ViewId) -> Source {
    Source {
        from: answerer.from.clone(),
        subgraph: answerer.subgraph,
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
