//! Makes the formula of a plan.
//!
//! **In:** a plan's response, and who answers each of its values. **Out:** a [`CostFormula`].
//!
//! **Never here:** what arguments weigh (`input`), how long lists are (`size`).
//!
//! **Holds:** a position is looked at once for the whole and once for each subgraph, however many aliases lead
//! to it. Types of which the schema says nothing special are looked at as one.
//!
//! **Read first:** `Builder::finish`, then `Builder::selection`.

use super::{
    CostFormula, CostRates, Node, Operand, Price,
    calls::Calls,
    input::{Weighed, Weighing},
    size::Size,
};
use crate::plan::{
    OperationKind, PositionId, QueryPlan, ResponseCase, ResponseField, ResponseSelection,
    ResponseSource, Selection, SlotId,
};
use std::{collections::HashMap, rc::Rc};
use supergraph::{FieldId, Id, SubgraphId, Supergraph, TypeId, TypeSet};

/// For whom a formula is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// For requests: what no variable changes is one number.
    Short,
    /// For people: what is multiplied stays apart.
    Readable,
}

pub(super) struct Builder<'a> {
    plan: &'a QueryPlan,
    supergraph: &'a Supergraph,
    rates: &'a CostRates,
    calls: Calls,
    form: Form,
    formula: CostFormula,
    nodes: HashMap<Node, u32>,
    /// Who answers a slot: the first that is asked for it.
    answered_by: Vec<Option<SubgraphId>>,
    /// The subgraph whose share is added up; none for the whole.
    share: Option<SubgraphId>,
    selections: HashMap<(PositionId, Option<FieldId>), Operand>,
    /// The positions that the client sees, inner ones first.
    seen: Vec<&'a ResponseSelection>,
}

/// What a field says about the objects that it returns.
#[derive(Clone)]
struct Standing {
    answered_by: Option<SubgraphId>,
    /// The field, if it says how long lists of these objects are.
    sizing: Option<(FieldId, Rc<Size>)>,
}

/// Types that cost the same at one position.
struct Alike {
    types: TypeSet,
    first: TypeId,
    /// What the schema says of them there.
    said: Said,
}

/// The weight of a type, and the fields of it that have weights or sizes; nothing for most types.
type Said = (Option<i64>, Vec<Option<FieldId>>);

impl<'a> Builder<'a> {
    pub(super) fn new(
        plan: &'a QueryPlan,
        supergraph: &'a Supergraph,
        rates: &'a CostRates,
        form: Form,
    ) -> Self {
        let mut answered_by = vec![None; plan.slots.len()];
        for (_, fetch) in plan.fetches.iter() {
            for group in &fetch.groups {
                note(&plan.groups[*group].selection, fetch.subgraph, &mut answered_by);
            }
        }
        let calls = Calls::of(plan, supergraph, rates);
        let formula = CostFormula {
            costs: supergraph.costs().clone(),
            nodes: Vec::new(),
            inputs: Vec::new(),
            total: Operand::Number(0),
            subgraphs: Vec::new(),
            prices: vec![None; plan.positions.len()],
            fetches: plan.fetches.iter().map(|(id, _)| calls.once(id)).collect(),
            unsliced: None,
        };
        let (nodes, selections) = (HashMap::new(), HashMap::new());
        let (share, seen) = (None, Vec::new());
        Self {
            plan,
            supergraph,
            rates,
            calls,
            form,
            formula,
            nodes,
            answered_by,
            share,
            selections,
            seen,
        }
    }

    pub(super) fn finish(mut self) -> CostFormula {
        self.formula.total = self.whole();
        self.count_places();
        let asked: Vec<SubgraphId> = self.plan.fetches.iter().map(|(_, it)| it.subgraph).collect();
        for subgraph in asked {
            if self.formula.subgraphs.iter().all(|(known, _)| *known != subgraph) {
                self.share = Some(subgraph);
                self.selections.clear();
                let share = self.whole();
                self.formula.subgraphs.push((subgraph, share));
            }
        }
        self.formula
    }

    fn whole(&mut self) -> Operand {
        let standing = Standing { answered_by: None, sizing: None };
        let root = self.selection(&self.plan.response, &standing);
        let fetches = self.plan.fetches.iter().zip(&self.formula.fetches);
        let fetches = fetches
            .filter(|((_, fetch), _)| self.share.is_none_or(|share| share == fetch.subgraph));
        let fetches = fetches.fold(0, |sum: u64, (_, rate)| sum.saturating_add(*rate));
        self.sum(fetches, [root])
    }

    /// What one object of a position costs, with all that is below it.
    fn selection(&mut self, selection: &'a ResponseSelection, standing: &Standing) -> Operand {
        let sizing = standing.sizing.as_ref().map(|(field, _)| *field);
        let key = (selection.position, sizing);
        if let Some(known) = self.selections.get(&key) {
            return *known;
        }
        let counts = self.counts(standing.answered_by);
        let mut wholes = Vec::new();
        let mut groups = Vec::new();
        let possible = &self.supergraph.ty(self.plan.positions[selection.position].ty).possible;
        // An object that clients may not see is null.
        let hidden = possible.iter().filter(|ty| !self.supergraph.ty(*ty).accessible);
        let unseen: TypeSet = hidden.chain(selection.denied.iter()).collect();
        let mut rest = possible.difference(&unseen);
        for case in &selection.cases {
            let types = match &case.types {
                Some(types) => rest.intersection(types),
                None => rest.clone(),
            };
            rest = rest.difference(&types);
            for alike in self.alike(case, &types) {
                let of_type = if counts { self.type_weight(alike.first) } else { 0 };
                let calls = self.calls.per_object(selection.position, self.share);
                let mut whole = vec![Operand::Number(of_type.saturating_add(calls))];
                let mut own = whole.clone();
                for field in &case.fields {
                    self.field(field, alike.first, standing, (&mut whole, &mut own));
                }
                wholes.push(self.sum(0, whole));
                let own = self.sum(0, own);
                groups.push((alike.types, own));
            }
        }
        let dearest = self.max(wholes);
        if self.share.is_none() && self.formula.prices[selection.position.index()].is_none() {
            let otherwise = self.max(groups.iter().map(|(_, own)| *own).collect());
            let is_typed = groups.len() > 1 || !unseen.is_empty();
            let price = Price { places: 0, is_typed, groups, otherwise };
            self.formula.prices[selection.position.index()] = Some(price);
            self.seen.push(selection);
        }
        self.selections.insert(key, dearest);
        dearest
    }

    /// Adds a field to the cost of its object, and without what it returns to the object's own.
    fn field(
        &mut self,
        field: &'a ResponseField,
        parent: TypeId,
        standing: &Standing,
        (whole, own): (&mut Vec<Operand>, &mut Vec<Operand>),
    ) {
        let ResponseSource::Slot { slot, ty, selection } = &field.source else { return };
        // What no subgraph can answer here was asked for all the same; it is nobody's share.
        let answered_by = self.answered_by[slot.index()];
        let declared = self.declared(*slot, parent);
        let weight = match self.counts(answered_by) {
            true => self.weight(*slot, declared),
            false => Operand::Number(0),
        };
        whole.push(weight);
        own.push(weight);
        let (size, sizing) = self.sizes(*slot, declared, standing, whole);
        let value = match selection {
            Some(below) => {
                let standing = Standing { answered_by, sizing };
                self.selection(below, &standing)
            }
            None if self.counts(answered_by) => Operand::Number(self.type_weight(ty.named())),
            None => Operand::Number(0),
        };
        let values = match ty.list_depth() {
            0 => value,
            depth => {
                // Lists inside lists have no size of their own.
                let inner = Size::Fixed(self.list_size(answered_by));
                let items = (1..depth).fold(value, |items, _| self.times(&inner, items));
                self.times(&size, items)
            }
        };
        whole.push(values);
        if selection.is_none() {
            own.push(values);
        }
    }

    /// The size of a field's list, and what it says about lists below it. Its slicing arguments are looked at
    /// though nothing has their size: one of them may have to be given.
    fn sizes(
        &mut self,
        slot: SlotId,
        declared: Option<FieldId>,
        above: &Standing,
        whole: &mut Vec<Operand>,
    ) -> (Size, Option<(FieldId, Rc<Size>)>) {
        let row = &self.plan.slots[slot];
        let default = self.list_size(self.answered_by[slot.index()]);
        let costs = self.supergraph.costs();
        let said = declared.and_then(|id| Some((id, costs.of_field(id)?.list_size.as_ref()?)));
        let said = said.map(|(id, list_size)| {
            let field = (id, self.supergraph.field(id));
            let (size, lacks) = Size::of(costs, list_size, field, &row.arguments, default);
            if lacks {
                self.formula.unsliced.get_or_insert(id);
            }
            (id, list_size, size)
        });
        let sized_from_above = above.sizing.as_ref().filter(|(field, _)| {
            let list_size = costs.of_field(*field).and_then(|cost| cost.list_size.as_ref());
            list_size.is_some_and(|it| it.sized_fields.contains(&row.field))
        });
        let own = sized_from_above.map(|(_, size)| Size::clone(size));
        let (said, for_below) = match said {
            Some((id, list_size, size)) if !list_size.sized_fields.is_empty() => {
                whole.push(self.times(&size, Operand::Number(0)));
                (None, Some((id, Rc::new(size))))
            }
            Some((_, _, size)) if own.is_some() => {
                whole.push(self.times(&size, Operand::Number(0)));
                (None, None)
            }
            Some((_, _, size)) => (Some(size), None),
            None => (None, None),
        };
        (own.or(said).unwrap_or(Size::Fixed(default)), for_below)
    }

    /// The weight of a field with its arguments.
    fn weight(&mut self, slot: SlotId, declared: Option<FieldId>) -> Operand {
        let supergraph = self.supergraph;
        let costs = supergraph.costs();
        let row = &self.plan.slots[slot];
        let is_change =
            self.plan.operation == OperationKind::Mutation && row.position == self.plan.root();
        let default = if is_change { self.rates.mutation } else { 0 };
        let cost = declared.and_then(|field| costs.of_field(field));
        let own = cost.and_then(|cost| cost.weight);
        let base = own.unwrap_or_else(|| i64::try_from(default).unwrap_or(i64::MAX));
        let mut weighed = Weighed { base, parts: Vec::new() };
        if let Some(field) = declared {
            let mut weighing = Weighing { costs, inputs: &mut self.formula.inputs };
            weighing.arguments(supergraph.field(field), cost, &row.arguments, &mut weighed);
        }
        match weighed.parts.is_empty() {
            true => Operand::Number(u64::try_from(weighed.base).unwrap_or(0)),
            false => self.node(Node::Weight(weighed)),
        }
    }

    /// The field as the runtime type declares it.
    fn declared(&self, slot: SlotId, parent: TypeId) -> Option<FieldId> {
        let row = &self.plan.slots[slot];
        let at = self.plan.positions[row.position].ty;
        let on_parent = self.supergraph.field_named(parent, &row.field);
        on_parent.or_else(|| self.supergraph.field_named(at, &row.field))
    }

    /// The types of a case, those together that cost the same.
    fn alike(&self, case: &ResponseCase, types: &TypeSet) -> Vec<Alike> {
        let mut groups: Vec<Alike> = Vec::new();
        for ty in types.iter() {
            let said = self.said(case, ty);
            match groups.iter_mut().find(|group| group.said == said) {
                Some(group) => {
                    group.types.insert(ty);
                }
                None => groups.push(Alike { types: TypeSet::of(ty), first: ty, said }),
            }
        }
        groups
    }

    fn said(&self, case: &ResponseCase, ty: TypeId) -> Said {
        let costs = self.supergraph.costs();
        if !costs.told_apart().contains(ty) {
            return (None, Vec::new());
        }
        let fields = case.fields.iter().map(|field| {
            let ResponseSource::Slot { slot, .. } = &field.source else { return None };
            self.declared(*slot, ty).filter(|field| costs.of_field(*field).is_some())
        });
        let fields: Vec<_> = fields.collect();
        let says_nothing = fields.iter().all(Option::is_none);
        (costs.of_type(ty), if says_nothing { Vec::new() } else { fields })
    }

    fn type_weight(&self, ty: TypeId) -> u64 {
        let row = self.supergraph.ty(ty);
        let is_root = self.plan.positions[self.plan.root()].ty == ty;
        let default = match row.is_composite() {
            // Nobody pays for having asked.
            true if is_root => 0,
            true => self.rates.object,
            false => self.rates.leaf,
        };
        let said = self.supergraph.costs().of_type(ty);
        said.map_or(default, |weight| u64::try_from(weight).unwrap_or(0))
    }

    fn list_size(&self, subgraph: Option<SubgraphId>) -> u64 {
        let own = subgraph.and_then(|subgraph| self.rates.subgraphs.get(&subgraph)?.list_size);
        own.unwrap_or(self.rates.list_size)
    }

    fn counts(&self, answered_by: Option<SubgraphId>) -> bool {
        self.share.is_none() || self.share == answered_by
    }

    /// At how many places of the response the objects of a position stand, by the case that shows most.
    fn count_places(&mut self) {
        let root = self.plan.root().index();
        if let Some(price) = &mut self.formula.prices[root] {
            price.places = 1;
        }
        for selection in std::mem::take(&mut self.seen).into_iter().rev() {
            let here = self.formula.prices[selection.position.index()].as_ref();
            let here = here.map_or(0, |price| price.places);
            let mut most: HashMap<PositionId, u64> = HashMap::new();
            for case in &selection.cases {
                let mut shown: HashMap<PositionId, u64> = HashMap::new();
                for field in &case.fields {
                    if let ResponseSource::Slot { selection: Some(below), .. } = &field.source {
                        *shown.entry(below.position).or_default() += 1;
                    }
                }
                for (position, n) in shown {
                    let most = most.entry(position).or_default();
                    *most = n.max(*most);
                }
            }
            for (position, n) in most {
                if let Some(price) = &mut self.formula.prices[position.index()] {
                    price.places = price.places.saturating_add(here.saturating_mul(n));
                }
            }
        }
    }

    fn sum(&mut self, constant: u64, of: impl IntoIterator<Item = Operand>) -> Operand {
        let (constant, nodes) = split(constant, of, u64::saturating_add);
        match nodes.as_slice() {
            [] => Operand::Number(constant),
            [only] if constant == 0 => Operand::Node(*only),
            _ => self.node(Node::Sum { constant, of: nodes }),
        }
    }

    fn max(&mut self, of: Vec<Operand>) -> Operand {
        let (least, mut nodes) = split(0, of, u64::max);
        nodes.sort_unstable();
        nodes.dedup();
        match nodes.as_slice() {
            [] => Operand::Number(least),
            [only] if least == 0 => Operand::Node(*only),
            _ => self.node(Node::Max { least, of: nodes }),
        }
    }

    fn times(&mut self, size: &Size, of: Operand) -> Operand {
        match (size, of) {
            (_, Operand::Number(0)) if self.form == Form::Readable => of,
            (Size::Fixed(size), Operand::Number(number)) if self.form == Form::Short => {
                Operand::Number(size.saturating_mul(number))
            }
            // Whether a slicing argument is there is asked although its list costs nothing.
            _ => self.node(Node::Times { size: size.clone(), of }),
        }
    }

    fn node(&mut self, node: Node) -> Operand {
        if let Some(known) = self.nodes.get(&node) {
            return Operand::Node(*known);
        }
        let id = u32::try_from(self.formula.nodes.len()).expect("a plan has fewer positions");
        self.formula.nodes.push(node.clone());
        self.nodes.insert(node, id);
        Operand::Node(id)
    }
}

fn split(
    start: u64,
    of: impl IntoIterator<Item = Operand>,
    with: impl Fn(u64, u64) -> u64,
) -> (u64, Vec<u32>) {
    let mut nodes = Vec::new();
    let constant = of.into_iter().fold(start, |constant, operand| match operand {
        Operand::Number(number) => with(constant, number),
        Operand::Node(node) => {
            nodes.push(node);
            constant
        }
    });
    (constant, nodes)
}

fn note(selection: &Selection, subgraph: SubgraphId, answered_by: &mut [Option<SubgraphId>]) {
    for field in &selection.fields {
        answered_by[field.slot.index()].get_or_insert(subgraph);
        if let Some(below) = &field.selection {
            note(below, subgraph, answered_by);
        }
    }
}
