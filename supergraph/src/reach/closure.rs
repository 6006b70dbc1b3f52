//! Who can be entered from where, as a least fixpoint.
//!
//! **In:** a type and who stands on its objects. **Out:** [`Closure`]: those, everyone who can be
//! entered from there, and the requirements that can be met.
//!
//! **Never here:** walking down the graph (`walk`).
//!
//! **Holds:** a closure only grows. Closures that read one another while they grow are computed
//! again with what is known until nothing changes, and count as final only then.
//!
//! **Read first:** [`Closures::closure`].

use super::sources::{Carrier, Resolution, Resolver, Source, ViewId};
use crate::{FieldSetId, FieldSetItem, Supergraph, TypeId, TypeKind};
use std::{collections::HashMap, rc::Rc};

/// Who can answer at a position, on objects of one type.
#[derive(Clone, Debug, Default)]
pub(super) struct Closure {
    /// Who stands there.
    pub(super) standing: Vec<Source>,
    /// Who can be entered.
    pub(super) entered: Vec<Source>,
    /// Who can be entered with what a field requires.
    pub(super) ready: Vec<(Source, FieldSetId)>,
    /// Which of the type's entrances are open, by their index.
    open: Vec<bool>,
}

/// Where a type can be entered, whoever stands there.
pub(super) struct Doors {
    /// The key is absent at a root.
    pub(super) entrances: Vec<(Source, Option<FieldSetId>)>,
    /// Entrances by an interface whose subgraph knows the runtime types.
    resolvers: Vec<(Source, FieldSetId)>,
    requirements: Vec<(Source, FieldSetId)>,
}

/// A closure in the making.
#[derive(Default)]
struct Table {
    closure: Rc<Closure>,
    progress: Progress,
    /// An undecided label that it depends on.
    needed: Option<usize>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Progress {
    #[default]
    Open,
    Growing,
    Whole,
}

type TableKey = (TypeId, Vec<Source>);

/// Types that one key may lead through, each asking others in turn.
const MAX_DEPTH: usize = 100;

/// All closures under one assignment of labels.
pub(super) struct Closures<'a> {
    pub(super) resolver: Resolver<'a>,
    /// Tables by the labels that were decided when they were made.
    tables: HashMap<Vec<Option<bool>>, HashMap<TableKey, Table>>,
    current: HashMap<TableKey, Table>,
    doors: HashMap<TypeId, Rc<Doors>>,
    /// Tables made since the outermost call.
    touched: Vec<TableKey>,
    depth: usize,
    /// A bound other than the steps left something out.
    pub(super) cut_short: bool,
    incomplete: bool,
    grew: bool,
    pub(super) steps: u64,
}

impl Closure {
    /// Everyone in it, in order and each once; a source with a view counts without it, too.
    pub(super) fn members(&self) -> Vec<Source> {
        let mut members: Vec<Source> = self.standing.iter().chain(&self.entered).copied().collect();
        let plain: Vec<Source> =
            members.iter().map(|source| Source { view: ViewId::NONE, ..*source }).collect();
        members.extend(plain);
        members.sort_unstable();
        members.dedup();
        members
    }
}

impl<'a> Closures<'a> {
    pub(super) fn new(supergraph: &'a Supergraph) -> Self {
        Self {
            resolver: Resolver::new(supergraph),
            tables: HashMap::new(),
            current: HashMap::new(),
            doors: HashMap::new(),
            touched: Vec::new(),
            depth: 0,
            cut_short: false,
            incomplete: false,
            grew: false,
            steps: 0,
        }
    }

    pub(super) fn supergraph(&self) -> &'a Supergraph {
        self.resolver.supergraph
    }

    /// Decides labels; closures made under others are kept for later.
    pub(super) fn decide(&mut self, labels: &[Option<bool>]) {
        if self.resolver.labels == labels {
            return;
        }
        let previous = std::mem::replace(&mut self.resolver.labels, labels.to_vec());
        let next = self.tables.remove(labels).unwrap_or_default();
        let current = std::mem::replace(&mut self.current, next);
        self.tables.insert(previous, current);
    }

    /// Who can answer on objects of type `ty` where `standing` stands.
    pub(super) fn closure(&mut self, ty: TypeId, standing: &[Source]) -> Rc<Closure> {
        if self.depth > 0 {
            return self.pass(ty, standing);
        }
        loop {
            (self.incomplete, self.grew) = (false, false);
            self.touched.clear();
            let closure = self.pass(ty, standing);
            if !(self.incomplete && self.grew) {
                return closure;
            }
            for key in std::mem::take(&mut self.touched) {
                if let Some(table) = self.current.get_mut(&key) {
                    table.progress = Progress::Open;
                }
            }
        }
    }

    fn pass(&mut self, ty: TypeId, standing: &[Source]) -> Rc<Closure> {
        if self.depth > MAX_DEPTH {
            self.cut_short = true;
            return Rc::new(Closure { standing: standing.to_vec(), ..Closure::default() });
        }
        let key = (ty, standing.to_vec());
        let table = self.current.entry(key.clone()).or_default();
        match table.progress {
            Progress::Open => table.progress = Progress::Growing,
            Progress::Growing => {
                self.incomplete = true;
                return Rc::clone(&table.closure);
            }
            Progress::Whole => {
                if table.needed.is_some() {
                    self.resolver.needed.set(table.needed);
                }
                return Rc::clone(&table.closure);
            }
        }
        let mut closure = Closure::clone(&table.closure);
        let asked = self.resolver.needed.take();
        let doors = self.doors(ty);
        closure.standing = standing.to_vec();
        closure.open.resize(doors.entrances.len(), false);
        self.depth += 1;
        self.touched.push(key.clone());
        while self.grow(ty, &doors, &mut closure) {
            self.grew = true;
            if let Some(table) = self.current.get_mut(&key) {
                table.closure = Rc::new(closure.clone());
            }
        }
        self.depth -= 1;
        let closure = Rc::new(closure);
        let needed = self.resolver.needed.get();
        let table = Table { closure: Rc::clone(&closure), progress: Progress::Whole, needed };
        self.current.insert(key, table);
        self.resolver.needed.set(needed.or(asked));
        closure
    }

    /// One round of forward chaining; says whether anything was added.
    fn grow(&mut self, ty: TypeId, doors: &Doors, closure: &mut Closure) -> bool {
        let mut grew = false;
        for (index, (source, key)) in doors.entrances.iter().enumerate() {
            if !closure.open[index] {
                self.steps += 1;
                if !key.is_none_or(|key| self.has_field_set(ty, key, closure)) {
                    continue;
                }
                closure.open[index] = true;
                grew = true;
                let stands = closure.standing.iter().any(|standing| {
                    standing.subgraph == source.subgraph && standing.interface_object.is_none()
                });
                if !stands && !closure.entered.contains(source) {
                    closure.entered.push(*source);
                }
            }
        }
        for (source, set) in &doors.requirements {
            let enters = |(index, (entrance, _)): (usize, &(Source, _))| {
                entrance == source && closure.open[index]
            };
            if closure.ready.contains(&(*source, *set))
                || !doors.entrances.iter().enumerate().any(enters)
            {
                continue;
            }
            self.steps += 1;
            if self.has_field_set(ty, *set, closure) {
                closure.ready.push((*source, *set));
                grew = true;
            }
        }
        grew
    }

    /// Whether a field set can be had on objects of type `ty`.
    pub(super) fn has_field_set(&mut self, ty: TypeId, set: FieldSetId, at: &Closure) -> bool {
        let supergraph = self.supergraph();
        self.has_items(ty, &supergraph.field_set(set).items, at)
    }

    fn has_items(&mut self, ty: TypeId, items: &'a [FieldSetItem], at: &Closure) -> bool {
        items.iter().all(|item| self.has_item(ty, item, at))
    }

    /// Whether one item of a field set can be had on objects of type `ty`.
    pub(super) fn has_item(&mut self, ty: TypeId, item: &'a FieldSetItem, at: &Closure) -> bool {
        match item {
            FieldSetItem::Field { field, items, .. } => {
                let name = self.supergraph().field(*field).name.as_str();
                let answerers = self.answerers(ty, name, at);
                answerers.into_iter().any(|(source, resolution)| {
                    items.is_empty() || self.has_below(source, resolution, (ty, name), items)
                })
            }
            FieldSetItem::Fragment { on, items } => {
                !self.resolver.applies(*on, ty) || self.has_items(ty, items, at)
            }
        }
    }

    /// Everyone in the closure who resolves a field, each once.
    pub(super) fn answerers(
        &self,
        ty: TypeId,
        name: &str,
        at: &Closure,
    ) -> Vec<(Source, Resolution)> {
        let mut answerers: Vec<(Source, Resolution)> = Vec::new();
        for source in at.standing.iter().chain(&at.entered) {
            let resolution = self.resolver.resolve(*source, ty, name);
            if let Some(resolution) = resolution.filter(|found| found.requires.is_none()) {
                answerers.push((*source, resolution));
            }
        }
        for (source, set) in &at.ready {
            let resolution = self.resolver.resolve(*source, ty, name);
            let resolution = resolution.filter(|found| found.requires.is_none_or(|r| r == *set));
            if let Some(resolution) = resolution
                && !answerers.iter().any(|(known, _)| known == source)
            {
                answerers.push((*source, resolution));
            }
        }
        answerers
    }

    /// Whether the items below a field can be had from the one who resolves it.
    fn has_below(
        &mut self,
        source: Source,
        resolution: Resolution,
        field: (TypeId, &str),
        items: &'a [FieldSetItem],
    ) -> bool {
        let carrier = self.resolver.below(source, resolution, field);
        let Some(interface) = carrier.source.interface_object else {
            let standing = [carrier.source];
            return carrier.types.iter().all(|ty| self.has_items_from(ty, items, &standing));
        };
        let resolvers = self.resolvers(interface, carrier.source);
        resolvers.into_iter().any(|resolver| {
            let standing = [carrier.source, resolver.source];
            resolver.types.iter().all(|ty| self.has_items_from(ty, items, &standing))
        })
    }

    fn has_items_from(
        &mut self,
        ty: TypeId,
        items: &'a [FieldSetItem],
        standing: &[Source],
    ) -> bool {
        let local = Closure { standing: standing.to_vec(), ..Closure::default() };
        if self.has_items(ty, items, &local) {
            return true;
        }
        let closure = self.closure(ty, standing);
        self.has_items(ty, items, &closure)
    }

    /// Who can be entered to learn the runtime types behind an interface object.
    pub(super) fn resolvers(&mut self, interface: TypeId, source: Source) -> Vec<Carrier> {
        let doors = self.doors(interface);
        let closure = self.closure(interface, &[source]);
        let supergraph = self.supergraph();
        let mut carriers: Vec<Carrier> = Vec::new();
        for (resolver, key) in &doors.resolvers {
            if carriers.iter().any(|known| known.source == *resolver)
                || !self.has_field_set(interface, *key, &closure)
            {
                continue;
            }
            let row = supergraph.ty(interface).in_subgraph(resolver.subgraph);
            let types = row.map(|row| row.possible.clone()).unwrap_or_default();
            carriers.push(Carrier { source: *resolver, local: interface, types });
        }
        carriers
    }

    /// The doors of a type; remembered.
    pub(super) fn doors(&mut self, ty: TypeId) -> Rc<Doors> {
        if let Some(doors) = self.doors.get(&ty) {
            return Rc::clone(doors);
        }
        let doors = Rc::new(find_doors(self.supergraph(), ty));
        self.doors.insert(ty, Rc::clone(&doors));
        doors
    }
}

fn find_doors(supergraph: &Supergraph, ty: TypeId) -> Doors {
    let row = supergraph.ty(ty);
    let mut doors =
        Doors { entrances: Vec::new(), resolvers: Vec::new(), requirements: Vec::new() };
    let roots =
        [Some(supergraph.query_type()), supergraph.mutation_type(), supergraph.subscription_type()];
    if roots.contains(&Some(ty)) {
        let graphs = row.in_subgraphs.iter().map(|row| (Source::typed(row.subgraph), None));
        doors.entrances.extend(graphs);
    }
    let is_object = row.kind == TypeKind::Object;
    let interfaces = row.interfaces.iter().copied().filter(|_| is_object);
    for on in std::iter::once(ty).chain(interfaces) {
        for row in &supergraph.ty(on).in_subgraphs {
            if on != ty && !row.interface_object {
                continue;
            }
            let interface_object = row.interface_object.then_some(on);
            let source = Source { interface_object, ..Source::typed(row.subgraph) };
            for key in row.keys.iter().filter(|key| key.resolvable) {
                if row.interface_object || is_object {
                    doors.entrances.push((source, Some(key.fields)));
                } else {
                    doors.resolvers.push((source, key.fields));
                }
            }
        }
        find_requirements(supergraph, on, on == ty, &mut doors.requirements);
    }
    doors
}

/// What fields of `on` require, by who resolves them: all, or only interface objects.
fn find_requirements(
    supergraph: &Supergraph,
    on: TypeId,
    all: bool,
    requirements: &mut Vec<(Source, FieldSetId)>,
) {
    let row = supergraph.ty(on);
    for field in row.fields.values() {
        for capability in supergraph.field(*field).capabilities.iter().filter(|row| !row.external) {
            let Some(set) = capability.requires else { continue };
            let in_subgraph = row.in_subgraph(capability.subgraph);
            let interface_object = in_subgraph.is_some_and(|row| row.interface_object);
            let source = Source {
                interface_object: interface_object.then_some(on),
                ..Source::typed(capability.subgraph)
            };
            if (all || interface_object) && !requirements.contains(&(source, set)) {
                requirements.push((source, set));
            }
        }
    }
}
