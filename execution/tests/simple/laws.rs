//! Laws that hold whatever subgraphs answer, on plans made by the planner.
//!
//! **In:** operations over `shop.graphql`; answers invented from what the plan selects, with faults.
//! **Out:** nothing when the laws hold.
//!
//! **Never here:** whether the data is right (`oracle` proves that).
//!
//! **Read first:** [`laws_hold`].

use crate::driver::{Order, Outcome, Script, ok, status};
use apollo_compiler::ExecutableDocument;
use execution::Answer;
use proptest::prelude::{ProptestConfig, any, proptest};
use query_planner::{
    Batching, FetchId, GroupKind, Guards, Limits, Operation, QueryPlan, RuntimeType, Selection,
    SlotId,
};
use serde_json::Value;
use std::collections::HashSet;
use std::fmt::Write;
use std::sync::LazyLock;
use supergraph::{Id, Supergraph, TypeId, TypeKind, TypeRef};

pub(crate) static SHOP: LazyLock<Supergraph> =
    LazyLock::new(|| Supergraph::parse(include_str!("shop.graphql")).unwrap());

const OPERATIONS: [&str; 6] = [
    "{ products(first: 3) { id name inStock shipping rating } }",
    "{ p: products { s: size { weight box } alternatives { name shipping alternatives { id } } } }",
    "{ items { __typename id rating ... on Product { inStock price } ... on Service { h: hours } } }",
    "{ latest { body item { id name rating } author { name } } a: latest { item { ... on Product { shipping } } } }",
    "{ viewer { reviews { item { __typename name } } seen { ... on User { name } ... on Review { body } } } }",
    "mutation { rename(id: 1, name: \"n\") { name inStock } review(id: 1) { item { name } } again: rename(id: 1, name: \"m\") { rating } }",
];

pub(crate) static PLANS: LazyLock<Vec<QueryPlan>> =
    LazyLock::new(|| OPERATIONS.iter().map(|op| plan(op)).collect());

fn plan(operation: &str) -> QueryPlan {
    let document =
        ExecutableDocument::parse_and_validate(SHOP.api_schema(), operation, "op.graphql")
            .unwrap_or_else(|errors| panic!("{operation}: {errors}"));
    let operation = Operation::read(&SHOP, &document, None).unwrap();
    let limits = Limits { positions: 1000, steps: 100_000 };
    query_planner::plan(&SHOP, &operation, &Guards::default(), limits, Batching::Fewest).unwrap()
}

/// A source of decisions that are the same for the same seed.
pub(crate) struct Dice(pub(crate) u64);

/// Whether subgraphs make mistakes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subgraphs {
    Sound,
    Faulty,
}

impl Dice {
    /// A number below `n`.
    pub(crate) fn throw(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 40).unwrap() % n
    }
}

/// Invents the answer of one fetch.
pub(crate) struct Inventor<'p> {
    plan: &'p QueryPlan,
    dice: Dice,
    subgraphs: Subgraphs,
    out: String,
}

impl<'p> Inventor<'p> {
    pub(crate) fn new(plan: &'p QueryPlan, seed: u64, subgraphs: Subgraphs) -> Self {
        Self { plan, dice: Dice(seed), subgraphs, out: String::new() }
    }

    fn fault(&mut self) -> bool {
        self.subgraphs == Subgraphs::Faulty && self.dice.throw(12) == 0
    }

    pub(crate) fn answer(mut self, fetch: FetchId, body: &Value) -> Answer {
        if self.fault() {
            return [status(503, "no"), ok("{"), ok(r#"{"errors":[{"message":"m"}]}"#)]
                [self.dice.throw(3)]
            .clone();
        }
        self.out.push_str("{\"data\":{");
        let mut aliases = Vec::new();
        for &id in &self.plan.fetches[fetch].groups {
            let group = &self.plan.groups[id];
            match &group.kind {
                GroupKind::Root => {
                    self.members(&group.selection, self.plan.positions[group.position].ty);
                }
                GroupKind::Entities { alias, variable, .. } => {
                    self.comma();
                    let _ = write!(self.out, "\"{alias}\":[");
                    aliases.push(alias.clone());
                    let representations = body["variables"][variable].as_array().unwrap();
                    let missing = usize::from(self.fault() && !representations.is_empty());
                    for representation in &representations[missing..] {
                        self.comma();
                        let name = representation["__typename"].as_str().unwrap();
                        self.object(&group.selection, SHOP.type_named(name).unwrap());
                    }
                    self.out.push(']');
                }
            }
        }
        self.out.push('}');
        if self.fault() {
            let path =
                aliases.first().map_or("\"latest\"".to_owned(), |alias| format!("\"{alias}\",0"));
            let _ = write!(self.out, ",\"errors\":[{{\"message\":\"e\",\"path\":[{path},\"x\"]}}]");
        }
        self.out.push('}');
        ok(&self.out)
    }

    fn comma(&mut self) {
        if !self.out.ends_with(['{', '[', ':']) {
            self.out.push(',');
        }
    }

    fn object(&mut self, selection: &Selection, declared: TypeId) {
        if self.fault() {
            return self.out.push_str("null");
        }
        let possible: Vec<TypeId> = SHOP.ty(declared).possible.iter().collect();
        let ty = possible[self.dice.throw(possible.len())];
        self.out.push('{');
        if selection.runtime_type == RuntimeType::Asked {
            let name = if self.fault() { "Size" } else { &SHOP.ty(ty).name };
            let _ = write!(self.out, "\"__typename\":\"{name}\"");
        }
        self.members(selection, ty);
        self.out.push('}');
    }

    fn members(&mut self, selection: &Selection, ty: TypeId) {
        for field in &selection.fields {
            if self.fault() || field.types.as_ref().is_some_and(|types| !types.contains(ty)) {
                continue;
            }
            self.comma();
            let _ = write!(self.out, "\"{}\":", field.response_name);
            let declared = self.plan.slots[field.slot].ty.clone();
            self.value(&declared, field.selection.as_ref());
        }
    }

    fn value(&mut self, ty: &TypeRef, selection: Option<&Selection>) {
        if self.fault() {
            let wrong = ["null", "7", "\"x\"", "[]", "{}", "[null]", "{\"id\":null}"];
            return self.out.push_str(wrong[self.dice.throw(wrong.len())]);
        }
        match (ty, selection) {
            (TypeRef::List { item, .. }, _) => {
                self.out.push('[');
                for _ in 0..self.dice.throw(4) {
                    self.comma();
                    self.value(item, selection);
                }
                self.out.push(']');
            }
            (TypeRef::Named { id, .. }, Some(selection)) => self.object(selection, *id),
            (TypeRef::Named { id, .. }, None) => {
                assert_eq!(SHOP.ty(*id).kind, TypeKind::Scalar);
                let n = self.dice.throw(3);
                let text = match SHOP.ty(*id).name.as_str() {
                    "Int" | "Float" => n.to_string(),
                    "Boolean" => "true".to_owned(),
                    _ => format!("\"{n}\""),
                };
                self.out.push_str(&text);
            }
        }
    }
}

fn run(plan: &QueryPlan, seed: u64, subgraphs: Subgraphs, order: Order) -> Outcome {
    let mut script = Script::new(plan, Vec::new());
    script.order = order;
    script.supergraph = &SHOP;
    script.run_with(|fetch, body| {
        let seed = seed ^ (fetch.index() as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Inventor::new(plan, seed, subgraphs).answer(fetch, body)
    })
}

/// Whether two groups answer one slot: then the first to arrive counts, and order matters.
fn has_shared_slots(plan: &QueryPlan) -> bool {
    fn collect(selection: &Selection, slots: &mut HashSet<SlotId>) {
        for field in &selection.fields {
            slots.insert(field.slot);
            field.selection.iter().for_each(|below| collect(below, slots));
        }
    }
    let mut seen = HashSet::new();
    plan.groups.iter().any(|(_, group)| {
        let mut slots = HashSet::new();
        collect(&group.selection, &mut slots);
        slots.into_iter().any(|slot| !seen.insert(slot))
    })
}

#[test]
fn the_plans_need_several_fetches_and_most_share_no_slot() {
    assert!(PLANS.iter().map(|plan| plan.fetches.len()).sum::<usize>() >= 14);
    assert!(PLANS.iter().filter(|plan| !has_shared_slots(plan)).count() >= 3);
}

fn laws_hold(plan: &QueryPlan, seed: u64) {
    let faulty = run(plan, seed, Subgraphs::Faulty, Order::OldestFirst);
    let response: Value = serde_json::from_str(&faulty.response).unwrap();
    assert!(!response["data"].is_null() || faulty.summary.errors > 0, "null data has an error");
    let bound = faulty.summary.fetches.iter().map(|(_, fetch)| fetch.targets as u64).sum();
    assert!(faulty.summary.naive_requests <= bound);
    if !has_shared_slots(plan) {
        let other = run(plan, seed, Subgraphs::Faulty, Order::NewestFirst);
        assert_eq!(faulty.response, other.response, "order of answers");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_breaks_an_execution(seed in any::<u64>()) {
        for plan in PLANS.iter() {
            laws_hold(plan, seed);
        }
    }

    #[test]
    fn sound_subgraphs_cause_no_errors(seed in any::<u64>()) {
        for (plan, operation) in PLANS.iter().zip(OPERATIONS) {
            let outcome = run(plan, seed, Subgraphs::Sound, Order::OldestFirst);
            assert_eq!(outcome.errors(), [] as [&str; 0], "{operation}\n{}", outcome.response);
        }
    }
}
