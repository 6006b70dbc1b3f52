//! What an operation costs: a formula that is made with its plan, and its value for the variables of a request.
//!
//! **In:** a plan, what `@cost` and `@listSize` say, [`CostRates`] for what they leave open.
//! **Out:** a [`CostFormula`]; for a request an [`Estimate`], and after its run a [`Bill`].
//!
//! **Never here:** limits, who pays (the gateway), counting the objects of answers (`execution`).
//!
//! **Holds:** costs are whole numbers and never wrap; equal plans, rates and variables give equal costs. A
//! field counts at each response name that it has, whether or not one request answers several. What the
//! caller may not see costs nothing, and neither does what only keys and requirements need. The formula is
//! no larger than the response of the plan, and its value takes one pass over its parts.
//!
//! ```text
//! object(type)  = weight(type) + sum of its fields
//! field         = never less than 0 (weight(field) + weights of its arguments) + size * one of its values
//! one value     = a leaf's weight, or of all types that an object can have the dearest
//! operation     = the root object + what each request to a subgraph costs; a REST source that is asked once
//!                 for each object adds its requests to these objects
//! ```
//!
//! **Read first:** [`CostFormula::estimate`], then `build`.
//!
//! Spec: <https://ibm.github.io/graphql-specs/cost-spec.html>

mod build;
mod calls;
mod input;
mod print;
mod size;

use crate::plan::{FetchId, PositionId, QueryPlan};
use build::Builder;
use input::{Inputs, Weighed};
use serde_json::{Map, Value};
use size::Size;
use std::{collections::HashMap, sync::Arc};
use supergraph::{Costs, FieldId, Id, SubgraphId, Supergraph, TypeId, TypeSet};

/// What counts where the schema says nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CostRates {
    /// An object.
    pub object: u64,
    /// A value without fields: a scalar or an enum.
    pub leaf: u64,
    /// The length of a list.
    pub list_size: u64,
    /// A root field of a mutation, besides what it returns.
    pub mutation: u64,
    /// A request to a subgraph, besides what it brings.
    pub fetch: u64,
    /// Where a subgraph has rates of its own.
    pub subgraphs: HashMap<SubgraphId, SubgraphRates>,
}

/// What counts for one subgraph; where it is silent, what counts for all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SubgraphRates {
    /// A request to it.
    pub fetch: Option<u64>,
    /// The length of a list that it answers.
    pub list_size: Option<u64>,
}

impl Default for CostRates {
    /// As other gateways count: objects, not their leaves; ten to a list; a change is dearer than a look.
    fn default() -> Self {
        Self {
            object: 1,
            leaf: 0,
            list_size: 10,
            mutation: 10,
            fetch: 0,
            subgraphs: HashMap::new(),
        }
    }
}

/// The cost of an operation, open in its variables.
#[derive(Clone, Debug)]
pub struct CostFormula {
    costs: Arc<Costs>,
    /// Each uses only those before it.
    nodes: Vec<Node>,
    /// The variables whose values count, each with the type that it has.
    inputs: Vec<(String, TypeId)>,
    total: Operand,
    subgraphs: Vec<(SubgraphId, Operand)>,
    /// By position; none for one that the client does not see.
    prices: Vec<Option<Price>>,
    fetches: Vec<u64>,
    /// A field that lacks its slicing argument whatever the variables are.
    unsliced: Option<FieldId>,
}

/// A part of a formula.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Node {
    Sum { constant: u64, of: Vec<u32> },
    Times { size: Size, of: Operand },
    Max { least: u64, of: Vec<u32> },
    Weight(Weighed),
}

/// A number, or the value of a part.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Operand {
    Number(u64),
    Node(u32),
}

/// What each object of a position costs by itself, without those below it.
#[derive(Clone, Debug)]
struct Price {
    /// At how many places of the response each stands.
    places: u64,
    /// Whether the runtime type matters.
    is_typed: bool,
    /// By runtime type.
    groups: Vec<(TypeSet, Operand)>,
    /// Of an object whose type nobody told.
    otherwise: Operand,
}

/// What an operation costs for the variables of a request, as far as that is known before it runs.
#[derive(Clone, Debug, Default)]
pub struct Estimate {
    /// The whole cost.
    pub total: u64,
    /// A field that needs exactly one of its slicing arguments and has another number of them: the length
    /// of its list is a guess.
    pub unsliced: Option<FieldId>,
    values: Box<[u64]>,
}

/// Adds up what an operation cost.
#[derive(Clone, Debug)]
pub struct Bill<'a> {
    formula: &'a CostFormula,
    estimate: &'a Estimate,
    total: u64,
}

impl CostFormula {
    /// The formula of a plan.
    pub fn of(plan: &QueryPlan, supergraph: &Supergraph, rates: &CostRates) -> Self {
        Builder::new(plan, supergraph, rates, build::Form::Short).finish()
    }

    /// The formula of a plan as text: what a person would write. Parts that no variable changes stay apart.
    pub fn text(plan: &QueryPlan, supergraph: &Supergraph, rates: &CostRates) -> String {
        Builder::new(plan, supergraph, rates, build::Form::Readable).finish().to_string()
    }

    /// The cost for coerced variables.
    pub fn estimate(&self, variables: &Map<String, Value>) -> Estimate {
        let inputs = Inputs::weigh(&self.costs, &self.inputs, variables);
        let mut unsliced = self.unsliced;
        let mut values: Vec<u64> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let value = |node: &u32| values[*node as usize];
            let next = match node {
                Node::Sum { constant, of } => {
                    of.iter().map(value).fold(*constant, u64::saturating_add)
                }
                Node::Max { least, of } => of.iter().map(value).fold(*least, u64::max),
                Node::Times { size, of } => {
                    size.value(variables, &mut unsliced).saturating_mul(of.value(&values))
                }
                Node::Weight(weighed) => weighed.value(variables, &inputs),
            };
            values.push(next);
        }
        Estimate { total: self.total.value(&values), unsliced, values: values.into() }
    }

    /// The share of each subgraph that the plan asks, in the order of the plan. Where an object may have several
    /// types the dearest counts for each subgraph, so that shares may add up to more than the whole.
    pub fn subgraphs<'a>(
        &'a self,
        estimate: &'a Estimate,
    ) -> impl Iterator<Item = (SubgraphId, u64)> + 'a {
        self.subgraphs.iter().map(|(id, share)| (*id, share.value(&estimate.values)))
    }

    /// About how many bytes it takes.
    pub fn n_bytes(&self) -> usize {
        let n_groups: usize = self.prices.iter().flatten().map(|price| price.groups.len()).sum();
        (self.nodes.len() + n_groups) * 96 + self.prices.len() * size_of::<Option<Price>>() + 256
    }
}

impl<'a> Bill<'a> {
    /// A bill of nothing, by the prices of an estimate.
    pub fn new(formula: &'a CostFormula, estimate: &'a Estimate) -> Self {
        Self { formula, estimate, total: 0 }
    }

    /// Adds objects of a position; tells whether it could, which it can where their types do not matter.
    pub fn add_objects(&mut self, position: PositionId, n: usize) -> bool {
        match self.formula.prices.get(position.index()) {
            Some(Some(price)) if price.is_typed => return false,
            Some(Some(price)) => self.add(price.otherwise, price.places, n),
            _ => {}
        }
        true
    }

    /// Adds objects of one type.
    pub fn add_objects_of(&mut self, position: PositionId, ty: Option<TypeId>, n: usize) {
        let Some(Some(price)) = self.formula.prices.get(position.index()) else { return };
        let group = ty.and_then(|ty| price.groups.iter().find(|(types, _)| types.contains(ty)));
        let one = match (ty, group) {
            (_, Some((_, one))) => *one,
            (None, None) => price.otherwise,
            // The client does not see it.
            (Some(_), None) => return,
        };
        self.add(one, price.places, n);
    }

    /// Adds a request that was sent.
    pub fn add_fetch(&mut self, fetch: FetchId) {
        let rate = self.formula.fetches.get(fetch.index()).copied().unwrap_or(0);
        self.total = self.total.saturating_add(rate);
    }

    /// What it comes to.
    pub fn total(&self) -> u64 {
        self.total
    }

    fn add(&mut self, one: Operand, places: u64, n: usize) {
        let n = places.saturating_mul(n as u64);
        self.total = self.total.saturating_add(one.value(&self.estimate.values).saturating_mul(n));
    }
}

impl Operand {
    fn value(self, values: &[u64]) -> u64 {
        match self {
            Self::Number(number) => number,
            Self::Node(node) => values[node as usize],
        }
    }
}
