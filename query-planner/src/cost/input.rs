//! What arguments weigh: their own weights, and those of the values inside them.
//!
//! **In:** arguments as written, with their definitions. **Out:** a [`Weighed`] sum; its value for variables.
//!
//! **Never here:** list sizes (`size`).
//!
//! **Holds:** an argument counts when it has a value other than null, be it by default; so does an input
//! field. The value of a variable is weighed once, however often it is used.
//!
//! **Read first:** [`Weighing::arguments`].

use serde_json::{Map, Value as Json};
use supergraph::{Costs, FieldCost, FieldDef, TypeId, TypeRef, Value};

/// Defaults of input fields may hold such fields again; nobody nests them like that.
const MAX_NESTING: u32 = 64;

/// A weight with those of arguments, which may make it smaller but not negative.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Weighed {
    pub(super) base: i64,
    pub(super) parts: Vec<Part>,
}

/// What a variable counts at one place.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Part {
    pub(super) variable: String,
    /// Where it has a value, whatever that is.
    pub(super) weight: i64,
    /// The number of its value among the inputs of the formula, if the value counts besides.
    pub(super) input: Option<usize>,
    /// Where it is absent.
    pub(super) absent: i64,
}

/// Weighs arguments for one formula.
pub(super) struct Weighing<'a> {
    pub(super) costs: &'a Costs,
    /// The variables whose values count.
    pub(super) inputs: &'a mut Vec<(String, TypeId)>,
}

/// The weights of the values of variables.
pub(super) struct Inputs(Vec<i64>);

impl Weighing<'_> {
    /// Adds what a field's arguments weigh.
    pub(super) fn arguments(
        &mut self,
        field: &FieldDef,
        cost: Option<&FieldCost>,
        arguments: &[(String, Value)],
        sum: &mut Weighed,
    ) {
        for definition in &field.arguments {
            let own = cost.into_iter().flat_map(|cost| &cost.arguments);
            let own = own.filter(|(name, _)| *name == definition.name).map(|(_, weight)| *weight);
            let weight = own.sum();
            if weight == 0 && !self.costs.weighs_input(definition.ty.named()) {
                continue;
            }
            let given = arguments.iter().find(|(name, _)| *name == definition.name);
            let given = given.map(|(_, value)| value);
            self.place(weight, &definition.ty, given, definition.default.as_ref(), sum, 0);
        }
    }

    /// An argument or an input field.
    fn place(
        &mut self,
        weight: i64,
        ty: &TypeRef,
        given: Option<&Value>,
        default: Option<&Value>,
        sum: &mut Weighed,
        depth: u32,
    ) {
        match given.or(default) {
            None | Some(Value::Null) => {}
            Some(Value::Variable(variable)) => {
                let mut absent = Weighed::default();
                if let Some(default) = default {
                    self.place(weight, ty, Some(default), None, &mut absent, depth + 1);
                }
                let input = self.input(variable, ty.named());
                let (variable, absent) = (variable.clone(), absent.base);
                sum.parts.push(Part { variable, weight, input, absent });
            }
            Some(value) => {
                sum.base = sum.base.saturating_add(weight);
                self.value(ty, value, sum, depth + 1);
            }
        }
    }

    fn value(&mut self, ty: &TypeRef, value: &Value, sum: &mut Weighed, depth: u32) {
        let named = ty.named();
        if depth > MAX_NESTING || !self.costs.weighs_input(named) {
            return;
        }
        match value {
            Value::Null => {}
            Value::Variable(_) => self.place(0, ty, Some(value), None, sum, depth),
            Value::List(items) => {
                let item_type = if let TypeRef::List { item, .. } = ty { item } else { ty };
                items.iter().for_each(|item| self.value(item_type, item, sum, depth + 1));
            }
            Value::Object(fields) => {
                let costs = self.costs;
                for (name, row) in costs.inputs_of(named).into_iter().flatten() {
                    let given = fields.iter().find(|(given, _)| given == name);
                    let given = given.map(|(_, value)| value);
                    self.place(row.weight, &row.ty, given, row.default.as_ref(), sum, depth + 1);
                }
            }
            _ => {
                let weight = self.costs.of_type(named).unwrap_or(0);
                sum.base = sum.base.saturating_add(weight);
            }
        }
    }

    fn input(&mut self, variable: &str, ty: TypeId) -> Option<usize> {
        if !self.costs.weighs_input(ty) {
            return None;
        }
        let is_it = |(name, known): &(String, TypeId)| name == variable && *known == ty;
        Some(self.inputs.iter().position(is_it).unwrap_or_else(|| {
            self.inputs.push((variable.to_owned(), ty));
            self.inputs.len() - 1
        }))
    }
}

impl Weighed {
    pub(super) fn value(&self, variables: &Map<String, Json>, inputs: &Inputs) -> u64 {
        let parts = self.parts.iter().map(|part| match variables.get(&part.variable) {
            None => part.absent,
            Some(Json::Null) => 0,
            Some(_) => part.weight.saturating_add(part.input.map_or(0, |input| inputs.0[input])),
        });
        u64::try_from(parts.fold(self.base, i64::saturating_add)).unwrap_or(0)
    }
}

impl Inputs {
    pub(super) fn weigh(
        costs: &Costs,
        inputs: &[(String, TypeId)],
        variables: &Map<String, Json>,
    ) -> Self {
        let weigh = |(name, ty): &(String, TypeId)| {
            variables.get(name).map_or(0, |value| weight(costs, *ty, value))
        };
        Self(inputs.iter().map(weigh).collect())
    }
}

/// What a coerced value weighs: defaults of input fields are in it.
fn weight(costs: &Costs, ty: TypeId, value: &Json) -> i64 {
    match (value, costs.inputs_of(ty)) {
        (Json::Null, _) => 0,
        (Json::Array(items), _) => {
            items.iter().map(|item| weight(costs, ty, item)).fold(0, i64::saturating_add)
        }
        (Json::Object(fields), Some(rows)) => {
            let weights =
                fields.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
                    let Some(row) = rows.get(name) else { return 0 };
                    match costs.weighs_input(row.ty.named()) {
                        true => row.weight.saturating_add(weight(costs, row.ty.named(), value)),
                        false => row.weight,
                    }
                });
            weights.fold(0, i64::saturating_add)
        }
        _ => costs.of_type(ty).unwrap_or(0),
    }
}
