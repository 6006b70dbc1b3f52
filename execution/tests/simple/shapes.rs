//! Shapes: lists in lists, and values that several subgraphs answer together.
//!
//! **Never here:** leaves (`completion`).

use crate::builder::{Builder, ask, ask_below};
use crate::driver::{Outcome, SUPERGRAPH, Script, failed, ok};
use execution::Answer;
use query_planner::QueryPlan;

/// `{ values { x y inner { x y } } }`: x from a and y from b, at both levels.
fn split_plan() -> QueryPlan {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (values, position) = plan.composite(root, "values");
    let [x, y] = ["x", "y"].map(|name| plan.slot(position, name));
    let (inner, below_inner) = plan.composite(position, "inner");
    let [inner_x, inner_y] = ["x", "y"].map(|name| plan.slot(below_inner, name));
    for (subgraph, field, slot, inner_slot) in [("a", "x", x, inner_x), ("b", "y", y, inner_y)] {
        let below = plan.select(below_inner, vec![ask(field, inner_slot)]);
        let below = plan.select(position, vec![ask(field, slot), ask_below("inner", inner, below)]);
        let selection = plan.select(root, vec![ask_below("values", values, below)]);
        plan.root_fetch(subgraph, selection);
    }
    let fields = vec![plan.show("x", inner_x), plan.show("y", inner_y)];
    let fields =
        vec![plan.show("x", x), plan.show("y", y), plan.show_objects("inner", inner, fields)];
    let shown = plan.show_objects("values", values, fields);
    plan.finish(vec![shown])
}

fn split(first: Answer, second: Answer) -> Outcome {
    Script::new(&split_plan(), vec![first, second]).run()
}

fn values(list: &str) -> Answer {
    ok(&format!(r#"{{"data":{{"values":{list}}}}}"#))
}

#[test]
fn a_value_split_over_subgraphs_merges_slot_by_slot_below_a_list() {
    let outcome = split(
        values(r#"[{"x":1,"inner":{"x":2}},null,{"x":3,"inner":null}]"#),
        values(r#"[{"y":10,"inner":{"y":20}},null,{"y":30,"inner":null}]"#),
    );
    assert_eq!(
        outcome.data(),
        r#"{"values":[{"x":1,"y":10,"inner":{"x":2,"y":20}},null,{"x":3,"y":30,"inner":null}]}"#
    );
    assert_eq!(outcome.errors(), [] as [&str; 0]);
    assert_eq!(outcome.summary.objects.as_slice(), [1, 2, 1]);
}

#[test]
fn lists_of_different_length_keep_the_first_with_one_error() {
    let outcome = split(values(r#"[{"x":1}]"#), values(r#"[{"y":10},{"y":20}]"#));
    assert_eq!(outcome.data(), r#"{"values":[{"x":1,"y":null,"inner":null}]}"#);
    let [error] = &outcome.errors()[..] else { panic!("one error") };
    assert!(error.starts_with(r#"SUBREQUEST_MALFORMED_RESPONSE ["values"] "#), "{error}");
}

#[test]
fn null_against_an_object_keeps_the_first_with_one_error() {
    let outcome = split(values(r#"[null,{"x":1}]"#), values(r#"[{"y":10},null]"#));
    assert_eq!(outcome.data(), r#"{"values":[null,{"x":1,"y":null,"inner":null}]}"#);
    let errors = outcome.errors();
    assert_eq!(errors.len(), 2);
    assert!(errors[0].contains(r#"["values",0]"#) && errors[1].contains(r#"["values",1]"#));
}

#[test]
fn what_one_subgraph_cannot_answer_the_other_still_creates() {
    let outcome = split(failed(), values(r#"[{"y":10,"inner":{"y":20}}]"#));
    assert_eq!(outcome.data(), r#"{"values":[{"x":null,"y":10,"inner":{"x":null,"y":20}}]}"#);
    assert_eq!(outcome.errors(), [r#"SUBREQUEST_HTTP_ERROR ["values"] connection refused"#]);
}

fn grid(value: &str) -> Outcome {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (grid, position) = plan.composite(root, "grid");
    let id = plan.slot(position, "id");
    let below = plan.select(position, vec![ask("id", id)]);
    let selection = plan.select(root, vec![ask_below("grid", grid, below)]);
    plan.root_fetch("a", selection);
    let shown = plan.show_objects("grid", grid, vec![plan.show("id", id)]);
    let plan = plan.finish(vec![shown]);
    Script::new(&plan, vec![ok(&format!(r#"{{"data":{{"grid":{value}}}}}"#))]).run()
}

#[test]
fn lists_in_lists_keep_their_shape_and_their_nulls() {
    let outcome = grid(r#"[[{"id":1},null],null,[],[{"id":2}]]"#);
    assert_eq!(outcome.data(), r#"{"grid":[[{"id":1},null],null,[],[{"id":2}]]}"#);
    assert_eq!(outcome.errors(), [] as [&str; 0]);
}

#[test]
fn another_shape_than_the_type_is_null_with_an_error() {
    for (value, shown, path) in [
        ("{}", "null", r#"["grid"]"#),
        ("1", "null", r#"["grid"]"#),
        (r#"[{"id":1}]"#, "[null]", r#"["grid",0]"#),
        (r#"[[[{"id":1}]]]"#, "[[null]]", r#"["grid",0,0]"#),
        (r#"[["x",{"id":1}]]"#, r#"[[null,{"id":1}]]"#, r#"["grid",0,0]"#),
    ] {
        let outcome = grid(value);
        assert_eq!(outcome.data(), format!(r#"{{"grid":{shown}}}"#), "{value}");
        let [error] = &outcome.errors()[..] else { panic!("{value}") };
        assert!(error.starts_with(&format!("INVALID_VALUE {path} ")), "{error}");
    }
}

#[test]
fn null_in_an_object_below_lists_removes_that_item_alone() {
    let outcome = grid(r#"[[{"id":1},{"id":null}],[{}]]"#);
    assert_eq!(outcome.data(), r#"{"grid":[[{"id":1},null],[null]]}"#);
    assert_eq!(outcome.errors().len(), 2);
}

#[test]
fn of_two_answers_to_one_leaf_the_first_stays() {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (value, position) = plan.composite(root, "value");
    let x = plan.slot(position, "x");
    for subgraph in ["a", "b"] {
        let below = plan.select(position, vec![ask("x", x)]);
        let selection = plan.select(root, vec![ask_below("value", value, below)]);
        plan.root_fetch(subgraph, selection);
    }
    let shown = plan.show_objects("value", value, vec![plan.show("x", x)]);
    let plan = plan.finish(vec![shown]);
    let answers = [1, 2].map(|x| ok(&format!(r#"{{"data":{{"value":{{"x":{x}}}}}}}"#)));
    let outcome = Script::new(&plan, answers.to_vec()).run();
    assert_eq!(outcome.response, r#"{"data":{"value":{"x":1}}}"#);
}
