//! Shapes: what is selected on the objects of one type, hash-consed.
//!
//! **In:** an operation's selection sets or a field set, and the state of the guards.
//! **Out:** [`Shape`]s. Equal selections have the same [`ShapeId`], wherever they stand, so the
//! solver meets each of them once per state however often a fragment is spread.
//!
//! **Never here:** subgraphs (`solve`).
//!
//! **Holds:** collecting is done per class of runtime types to which the same fragments apply, never
//! by copying a selection for each type. [`Entry::types`] says for which runtime types it counts.
//!
//! **Read first:** [`Shapes::of_operation`].
//!
//! Spec: <https://spec.graphql.org/September2025/#CollectFields()>

pub(crate) mod contexts;
pub(crate) mod denied;

use crate::{
    Guards, PlanErrorKind, Stop,
    few::{FEW, FewMap},
    operation::{
        Asked, AskedField, AskedFields, Condition, Conditions, FieldNode, Node, Operation, SetId,
    },
};
use contexts::{ContextRow, ContextUse};
use indexmap::IndexMap;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::{collections::BTreeSet, rc::Rc, sync::Arc};
use supergraph::{FieldId, FieldSetId, FieldSetItem, Id, Supergraph, TypeId, TypeSet, Value, ids};

ids! {
    /// An interned shape.
    ShapeId,
}

/// A selection on objects of a type.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Shape {
    /// The declared type.
    pub(crate) ty: TypeId,
    /// The runtime types that count.
    pub(crate) types: TypeSet,
    /// The runtime types that the caller may not see, although something is selected on them: their
    /// objects are null.
    pub(crate) denied: TypeSet,
    /// The fields to fetch.
    pub(crate) entries: Vec<Entry>,
    /// The response, by runtime type. Empty for field sets.
    pub(crate) cases: Vec<Case>,
    /// What contextual arguments below read from these objects.
    pub(crate) contexts: Vec<ContextRow>,
}

/// A field to fetch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Entry {
    /// The runtime types for which it is selected.
    pub(crate) types: TypeSet,
    /// The field with its arguments and directives.
    pub(crate) asked: Asked,
    /// The response name, where each one must be executed for itself: root fields of mutations.
    pub(crate) once_as: Option<Arc<str>>,
    /// What is selected below.
    pub(crate) child: Option<ShapeId>,
    /// The lists around the value: types that declare the field with another number of them have
    /// an entry of their own.
    pub(crate) list_depth: usize,
}

impl Entry {
    /// The field's name.
    pub(crate) fn field(&self) -> &str {
        &self.asked.name
    }

    /// Whether it asks for the same, for whatever runtime types.
    fn asks_like(&self, other: &Self) -> bool {
        self.asked == other.asked
            && self.child == other.child
            && self.list_depth == other.list_depth
            && self.once_as == other.once_as
    }
}

/// The response of some runtime types, in order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Case {
    pub(crate) types: TypeSet,
    pub(crate) fields: Vec<(Arc<str>, CaseField)>,
}

/// Where a response field comes from.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum CaseField {
    Typename,
    Introspection,
    /// Index into [`Shape::entries`].
    Entry(usize),
    /// The caller may not see the field of this name.
    Denied(Arc<str>),
}

/// The fields of a field set by name and arguments: each time with its types and what is below.
type FlatFields<'i> = FewMap<(&'i str, &'i [(String, Value)]), SmallVec<[FlatField<'i>; 1]>>;
type FlatField<'i> = (TypeSet, &'i [FieldSetItem]);

/// The fields of a selection by response name, in order.
type Collected<'c> = FewMap<&'c str, FieldNodes<'c>>;
type FieldNodes<'c> = SmallVec<[&'c FieldNode; 1]>;

/// Selection sets that count together.
type Sets = SmallVec<[SetId; 2]>;

/// What a field gives: its named type, and how many lists are around it.
type ResultType = (TypeId, usize);

/// What a collected field is on a runtime type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    /// `__typename` or introspection.
    Meta,
    /// The caller may not see it.
    Denied,
    /// It gives this.
    Result(ResultType),
}

/// All shapes of one planning run.
pub(crate) struct Shapes<'a> {
    supergraph: &'a Supergraph,
    operation: &'a Operation,
    shapes: Vec<Rc<Shape>>,
    interned: FxHashMap<Rc<Shape>, ShapeId>,
    collected: FxHashMap<(Sets, TypeId), ShapeId>,
    interned_sets: FxHashMap<FieldSetId, ShapeId>,
    /// What field sets ask for and the operation doesn't.
    required: AskedFields,
    /// Contextual arguments at or below a shape that an object above it has to fill.
    needs: FxHashMap<ShapeId, BTreeSet<ContextUse>>,
    max_shapes: usize,
    stop: Stop<'a>,
}

impl<'a> Shapes<'a> {
    pub(crate) fn new(
        supergraph: &'a Supergraph,
        operation: &'a Operation,
        max_shapes: usize,
        stop: Stop<'a>,
    ) -> Self {
        Self {
            supergraph,
            operation,
            shapes: Vec::new(),
            interned: FxHashMap::default(),
            collected: FxHashMap::default(),
            interned_sets: FxHashMap::default(),
            required: AskedFields::default(),
            needs: FxHashMap::default(),
            max_shapes,
            stop,
        }
    }

    /// An error once nobody waits for the plan any more.
    pub(crate) fn go_on(&self) -> Result<(), PlanErrorKind> {
        if (self.stop)() { Err(PlanErrorKind::Stopped) } else { Ok(()) }
    }

    pub(crate) fn get(&self, id: ShapeId) -> Rc<Shape> {
        Rc::clone(&self.shapes[id.index()])
    }

    /// How many places a shape has in the response, when every path to it is counted.
    pub(crate) fn positions(&self, id: ShapeId, known: &mut FxHashMap<ShapeId, usize>) -> usize {
        if let Some(count) = known.get(&id) {
            return *count;
        }
        let children = self.shapes[id.index()].entries.iter().filter_map(|entry| entry.child);
        let count = children
            .map(|child| self.positions(child, known))
            .fold(1, |sum: usize, count| sum.saturating_add(count));
        known.insert(id, count);
        count
    }

    /// The shape of a whole operation.
    pub(crate) fn of_operation(
        &mut self,
        operation: &Operation,
        guards: &Guards,
    ) -> Result<ShapeId, PlanErrorKind> {
        let once = operation.kind() != crate::OperationKind::Query;
        let mut collector = Collector { shapes: self, operation, guards, once };
        let root = Sets::from_slice(&[operation.root_set]);
        let shape = collector.shape(root, operation.root_type)?;
        match self.positions(shape, &mut FxHashMap::default()) > self.max_shapes {
            true => Err(PlanErrorKind::TooManyPositions { limit: self.max_shapes }),
            false => Ok(shape),
        }
    }

    /// The shape of a field set's items on `ty`.
    pub(crate) fn of_field_set(&mut self, ty: TypeId, items: &[FieldSetItem]) -> ShapeId {
        let types = self.supergraph.ty(ty).possible.clone();
        let mut fields = FlatFields::default();
        flatten_items(self.supergraph, items, &types, &mut fields);
        let mut entries = Vec::with_capacity(fields.rows().len());
        for ((name, arguments), rows) in fields.into_rows() {
            let (name, arguments) = (name.into(), arguments.to_vec());
            let asked = self.asked(AskedField { name, arguments, directives: Vec::new() });
            for (types, (result, list_depth), below) in self.by_result(ty, &asked.name, &rows) {
                let has_fields = self.supergraph.ty(result).is_composite() && !below.is_empty();
                let child = has_fields.then(|| self.of_field_set(result, &below));
                entries.push(Entry {
                    types,
                    asked: asked.clone(),
                    once_as: None,
                    child,
                    list_depth,
                });
            }
        }
        let (denied, cases, contexts) = (TypeSet::new(), Vec::new(), Vec::new());
        self.intern(Shape { ty, types, denied, entries, cases, contexts })
    }

    fn asked(&mut self, field: AskedField) -> Asked {
        self.operation.asked.find(&field).unwrap_or_else(|| self.required.intern(field))
    }

    /// The shape of an interned field set; remembered.
    pub(crate) fn of_interned(&mut self, set: FieldSetId) -> ShapeId {
        if let Some(shape) = self.interned_sets.get(&set) {
            return *shape;
        }
        let row = self.supergraph.field_set(set);
        let shape = self.of_field_set(row.on, &row.items);
        self.interned_sets.insert(set, shape);
        shape
    }

    /// The runtime types by what they declare `field` to be (its named type and its lists) and by
    /// what is selected below it for them. Types without the field go by the declared type.
    fn by_result(
        &self,
        ty: TypeId,
        field: &str,
        rows: &[(TypeSet, &[FieldSetItem])],
    ) -> Vec<(TypeSet, ResultType, Vec<FieldSetItem>)> {
        let declared = self.supergraph.field_named(ty, field);
        let mut types = TypeSet::new();
        rows.iter().for_each(|row| types.union_with(&row.0));
        let mut classes: Vec<(TypeSet, ResultType, SmallVec<[usize; 2]>)> = Vec::new();
        for member in types.iter() {
            if let Some(field) = self.supergraph.field_named(member, field).or(declared) {
                let counts = (0..rows.len()).filter(|row| rows[*row].0.contains(member));
                let (result, counting) = (self.result_type(field), counts.collect());
                let mut known = classes.iter_mut();
                match known.find(|known| known.1 == result && known.2 == counting) {
                    Some((types, ..)) => {
                        types.insert(member);
                    }
                    None => classes.push((TypeSet::of(member), result, counting)),
                }
            }
        }
        let classes = classes.into_iter().map(|(types, result, counting)| {
            let below = counting.into_iter().flat_map(|row| rows[row].1).cloned();
            (types, result, below.collect())
        });
        classes.collect()
    }

    fn result_type(&self, field: FieldId) -> ResultType {
        let ty = &self.supergraph.field(field).ty;
        (ty.named(), ty.list_depth())
    }

    fn intern(&mut self, shape: Shape) -> ShapeId {
        if let Some(id) = self.interned.get(&shape) {
            return *id;
        }
        let id = ShapeId::from_index(self.shapes.len());
        let shape = Rc::new(shape);
        self.shapes.push(Rc::clone(&shape));
        self.interned.insert(shape, id);
        id
    }
}

struct Collector<'c, 'a> {
    shapes: &'c mut Shapes<'a>,
    operation: &'c Operation,
    guards: &'c Guards,
    /// Whether root fields keep their own execution.
    once: bool,
}

impl<'c> Collector<'c, '_> {
    fn shape(&mut self, sets: Sets, ty: TypeId) -> Result<ShapeId, PlanErrorKind> {
        let key = (sets, ty);
        if let Some(id) = self.shapes.collected.get(&key) {
            return Ok(*id);
        }
        self.shapes.go_on()?;
        let supergraph = self.shapes.supergraph;
        let possible = supergraph.ty(ty).possible.iter();
        let types: TypeSet = possible.filter(|ty| supergraph.ty(*ty).accessible).collect();
        let once = std::mem::take(&mut self.once);
        let (entries, cases, contexts) = (Vec::new(), Vec::new(), Vec::new());
        let mut shape = Shape { ty, types, denied: TypeSet::new(), entries, cases, contexts };
        let mut known: FxHashMap<Entry, usize> = FxHashMap::default();
        for (types, sets) in self.classes(&key.0, &shape.types) {
            let fields = self.collect_fields(&sets);
            let types = self.without_denied(types, &fields, &mut shape);
            for (types, results) in self.by_results(ty, &types, &fields)? {
                let mut case = Case { types, fields: Vec::with_capacity(fields.rows().len()) };
                for ((_, nodes), result) in fields.rows().iter().zip(results) {
                    let field = match result {
                        Found::Meta => meta_field(nodes[0]),
                        Found::Denied => CaseField::Denied(Arc::clone(&nodes[0].asked.name)),
                        Found::Result(result) => {
                            let entry = self.entry(nodes, result, once)?;
                            CaseField::Entry(add_entry(&mut shape, &mut known, entry, &case.types))
                        }
                    };
                    case.fields.push((Arc::clone(&nodes[0].response_name), field));
                }
                shape.cases.push(case);
            }
        }
        merge_cases(&mut shape.cases);
        let needs = self.set_contexts(&mut shape, &mut known, once);
        if self.shapes.shapes.len() >= self.shapes.max_shapes {
            return Err(PlanErrorKind::TooManyPositions { limit: self.shapes.max_shapes });
        }
        let id = self.shapes.intern(shape);
        if !needs.is_empty() {
            self.shapes.needs.insert(id, needs);
        }
        self.shapes.collected.insert(key, id);
        Ok(id)
    }

    /// The classes of runtime types to which the same fragments apply, with the selection sets that
    /// are active for each, in order of appearance and each once.
    fn classes(&self, sets: &[SetId], types: &TypeSet) -> SmallVec<[(TypeSet, Sets); 1]> {
        let mut classes: SmallVec<[(TypeSet, Sets); 1]> = SmallVec::new();
        for ty in types.iter() {
            let mut active = Sets::new();
            for set in sets {
                self.activate(*set, ty, &mut active);
            }
            match classes.iter_mut().find(|(_, known)| *known == active) {
                Some((types, _)) => {
                    types.insert(ty);
                }
                None => classes.push((TypeSet::of(ty), active)),
            }
        }
        classes
    }

    fn activate(&self, set: SetId, ty: TypeId, active: &mut Sets) {
        // 3.d.ii. A fragment already visited adds nothing.
        if active.contains(&set) {
            return;
        }
        active.push(set);
        for node in &self.operation.sets[set] {
            if let Node::Fragment { on, conditions, set, .. } = node {
                let supergraph = self.shapes.supergraph;
                let applies = on.is_none_or(|on| supergraph.ty(on).possible.contains(ty));
                if applies && self.holds(conditions) {
                    self.activate(*set, ty, active);
                }
            }
        }
    }

    /// The collected fields of a class, whose first active set stands first and whose nested
    /// fragments are all active.
    fn collect_fields(&self, active: &[SetId]) -> Collected<'c> {
        let mut fields = Collected::default();
        let mut visited = Sets::new();
        for set in active {
            self.collect_set(*set, active, &mut visited, &mut fields);
        }
        fields
    }

    fn collect_set(
        &self,
        set: SetId,
        active: &[SetId],
        visited: &mut Sets,
        fields: &mut Collected<'c>,
    ) {
        if visited.contains(&set) {
            return;
        }
        visited.push(set);
        for node in &self.operation.sets[set] {
            match node {
                Node::Field(field) if self.holds(&field.conditions) => {
                    fields.entry(&field.response_name).push(field);
                }
                Node::Fragment { conditions, set, .. }
                    if active.contains(set) && self.holds(conditions) =>
                {
                    self.collect_set(*set, active, visited, fields);
                }
                _ => {}
            }
        }
    }

    /// Splits a class by the result types that its runtime types declare for the collected fields.
    fn by_results(
        &self,
        ty: TypeId,
        types: &TypeSet,
        fields: &Collected<'_>,
    ) -> Result<Vec<(TypeSet, Vec<Found>)>, PlanErrorKind> {
        let supergraph = self.shapes.supergraph;
        let mut classes: Vec<(TypeSet, Vec<Found>)> = Vec::new();
        for member in types.iter() {
            let mut results = Vec::with_capacity(fields.rows().len());
            for (_, nodes) in fields.rows() {
                let name = &nodes[0].asked.name;
                if name.starts_with("__") {
                    results.push(Found::Meta);
                    continue;
                }
                let field = supergraph.field_named(member, name).ok_or_else(|| {
                    let coordinate = format!("{}.{name}", supergraph.ty(ty).name);
                    PlanErrorKind::UnknownField { coordinate }
                })?;
                results.push(match self.is_denied(field, &nodes[0].asked) {
                    true => Found::Denied,
                    false => Found::Result(self.shapes.result_type(field)),
                });
            }
            match classes.iter_mut().find(|(_, known)| *known == results) {
                Some((types, _)) => {
                    types.insert(member);
                }
                None => classes.push((TypeSet::of(member), results)),
            }
        }
        Ok(classes)
    }

    fn entry(
        &mut self,
        nodes: &[&FieldNode],
        (result, list_depth): ResultType,
        once: bool,
    ) -> Result<Entry, PlanErrorKind> {
        let first = nodes[0];
        let sets: Sets = nodes.iter().filter_map(|node| node.set).collect();
        let child = match sets.is_empty() {
            true => None,
            false => Some(self.shape(sets, result)?),
        };
        Ok(Entry {
            types: TypeSet::new(),
            asked: first.asked.clone(),
            once_as: once.then(|| first.response_name.clone()),
            child,
            list_depth,
        })
    }

    fn holds(&self, conditions: &Conditions) -> bool {
        let is = |condition: &Option<Condition>, default| match condition {
            None => default,
            Some(Condition::Constant(value)) => *value,
            Some(Condition::Variable(name)) => self.guards.variables.contains(name),
        };
        !is(&conditions.skip, false) && is(&conditions.include, true)
    }
}

fn meta_field(node: &FieldNode) -> CaseField {
    match &*node.asked.name {
        "__typename" => CaseField::Typename,
        _ => CaseField::Introspection,
    }
}

/// Adds an entry without types for some `types`. Few entries are looked through; `known` has them
/// once they are many.
fn add_entry(
    shape: &mut Shape,
    known: &mut FxHashMap<Entry, usize>,
    entry: Entry,
    types: &TypeSet,
) -> usize {
    let len = shape.entries.len();
    if len > FEW && known.is_empty() {
        let untyped = |entry: &Entry| Entry { types: TypeSet::new(), ..entry.clone() };
        known.extend(shape.entries.iter().map(untyped).zip(0..));
    }
    let found = match len <= FEW {
        true => shape.entries.iter().position(|other| other.asks_like(&entry)),
        false => known.get(&entry).copied(),
    };
    let index = found.unwrap_or_else(|| {
        if len > FEW {
            known.insert(entry.clone(), len);
        }
        shape.entries.push(entry);
        len
    });
    shape.entries[index].types.union_with(types);
    index
}

/// Cases with equal fields are one.
fn merge_cases(cases: &mut Vec<Case>) {
    if cases.len() < 2 {
        cases.retain(|case| !case.types.is_empty());
        return;
    }
    let mut merged: IndexMap<Vec<(Arc<str>, CaseField)>, TypeSet> = IndexMap::new();
    for case in cases.drain(..) {
        merged.entry(case.fields).or_default().union_with(&case.types);
    }
    cases.extend(
        merged
            .into_iter()
            .filter(|(_, types)| !types.is_empty())
            .map(|(fields, types)| Case { types, fields }),
    );
}

fn flatten_items<'i>(
    supergraph: &'i Supergraph,
    items: &'i [FieldSetItem],
    types: &TypeSet,
    fields: &mut FlatFields<'i>,
) {
    for item in items {
        match item {
            FieldSetItem::Field { field, arguments, items } => {
                let name = supergraph.field(*field).name.as_str();
                fields.entry((name, arguments)).push((types.clone(), items));
            }
            FieldSetItem::Fragment { on, items } => {
                let narrowed = types.intersection(&supergraph.ty(*on).possible);
                flatten_items(supergraph, items, &narrowed, fields);
            }
        }
    }
}
