//! Completion: classes of leaves, null and how it rises, abstract types.
//!
//! **Never here:** entities (`entities`), errors of subgraphs (`errors`).

use crate::builder::{Builder, all_types, ask, ask_below, only, show_typename};
use crate::driver::{Outcome, SUPERGRAPH, Script, ok};
use query_planner::{QueryPlan, ResponseCase, ResponseSelection, RuntimeType};
use serde_json::json;

/// `{ leaves { FIELD } }`
fn leaf_plan(field: &str) -> QueryPlan {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (leaves, position) = plan.composite(root, "leaves");
    let leaf = plan.slot(position, field);
    let below = plan.select(position, vec![ask("f", leaf)]);
    let selection = plan.select(root, vec![ask_below("leaves", leaves, below)]);
    plan.root_fetch("a", selection);
    let shown = plan.show_objects("leaves", leaves, vec![plan.show("f", leaf)]);
    plan.finish(vec![shown])
}

fn leaf(field: &str, value: &str) -> Outcome {
    let plan = leaf_plan(field);
    Script::new(&plan, vec![ok(&format!(r#"{{"data":{{"leaves":{{"f":{value}}}}}}}"#))]).run()
}

#[test]
fn leaves_of_their_class_are_copied_as_they_came() {
    for (field, value) in [
        ("int", "-2147483648"),
        ("float", "1e2"),
        ("float", "1.0"),
        ("float", "3"),
        ("id", "12345678901234567890"),
        ("id", "\"a\""),
        ("string", r#""\u00e9\n é""#),
        ("boolean", "false"),
        ("color", "\"RED\""),
        ("color", r#""\u0052ED""#),
        ("any", r#"{"b": [1.50, null], "a":{}}"#),
        ("ints", "[1,null]"),
        ("ints", "[]"),
        ("int", "null"),
    ] {
        let outcome = leaf(field, value);
        assert_eq!(outcome.data(), format!(r#"{{"leaves":{{"f":{value}}}}}"#), "{field}");
        assert_eq!(outcome.errors(), [] as [&str; 0]);
    }
}

#[test]
fn leaves_of_another_class_are_null_with_an_error() {
    for (field, value) in [
        ("int", "2147483648"),
        ("int", "1.0"),
        ("int", "1e2"),
        ("int", "\"1\""),
        ("int", "[1]"),
        ("float", "\"1\""),
        ("id", "1.5"),
        ("id", "true"),
        ("string", "1"),
        ("string", "{}"),
        ("boolean", "\"true\""),
        ("color", "\"SECRET\""),
        ("color", "\"BLUE\""),
        ("ints", "1"),
    ] {
        let outcome = leaf(field, value);
        assert_eq!(outcome.data(), r#"{"leaves":{"f":null}}"#, "{field} {value}");
        let [error] = &outcome.errors()[..] else { panic!("{field} {value}") };
        assert!(error.starts_with(r#"INVALID_VALUE ["leaves","f"] "#), "{error}");
    }
}

#[test]
fn null_rises_through_lists_to_the_nearest_nullable_ancestor() {
    let outcome = leaf("strictInts", "[1,null,2]");
    assert_eq!(outcome.data(), r#"{"leaves":{"f":null}}"#);
    assert_eq!(
        outcome.errors(),
        [
            r#"NULL_IN_NON_NULL_POSITION ["leaves","f",1] null in the non-null position `Leaves.strictInts`"#
        ]
    );
    let outcome = leaf("strictInts", "[1,\"x\"]");
    assert_eq!(outcome.data(), r#"{"leaves":{"f":null}}"#);
    assert_eq!(outcome.errors().len(), 1, "one error, at the value that is wrong");
    let outcome = leaf("mustInt", "null");
    assert_eq!(outcome.data(), r#"{"leaves":null}"#);
    assert_eq!(outcome.errors().len(), 1);
}

#[test]
fn null_at_the_root_is_null_data_with_an_error() {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (slot, position) = plan.composite(root, "leaf");
    let int = plan.slot(position, "mustInt");
    let below = plan.select(position, vec![ask("mustInt", int)]);
    let selection = plan.select(root, vec![ask_below("leaf", slot, below)]);
    plan.root_fetch("a", selection);
    let shown = plan.show_objects("x", slot, vec![plan.show("y", int)]);
    let plan = plan.finish(vec![shown]);
    for body in [r#"{"data":{"leaf":{}}}"#, r#"{"data":{"leaf":{"mustInt":null}}}"#] {
        let outcome = Script::new(&plan, vec![ok(body)]).run();
        assert_eq!(outcome.data(), "null");
        assert!(outcome.errors()[0].starts_with(r#"NULL_IN_NON_NULL_POSITION ["x","y"]"#));
    }
}

/// `{ media { __typename title ... on Book { pages } } }`
fn media_plan() -> QueryPlan {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let book = plan.ty("Book");
    let (media, position) = plan.composite(root, "media");
    let title = plan.slot(position, "title");
    let pages = plan.slot(position, "score");
    let mut on_book = ask("pages", pages);
    on_book.types = only(book);
    let mut below = plan.select(position, vec![ask("title", title), on_book]);
    below.runtime_type = RuntimeType::Asked;
    let selection = plan.select(root, vec![ask_below("media", media, below)]);
    plan.root_fetch("a", selection);
    let for_books =
        vec![show_typename("__typename"), plan.show("title", title), plan.show("pages", pages)];
    let for_others = vec![show_typename("t"), plan.show("title", title)];
    let cases = vec![
        ResponseCase { types: only(book), fields: for_books },
        ResponseCase { types: None, fields: for_others },
    ];
    let denied = supergraph::TypeSet::new();
    let selection = ResponseSelection { position, cases, denied };
    let shown = plan.show_below("media", media, Some(selection));
    plan.finish(vec![shown])
}

#[test]
fn fields_follow_the_runtime_type() {
    let plan = media_plan();
    let body = r#"{"data":{"media":[
        {"pages":3,"title":"t","__typename":"Book"}, {"__typename":"Film","title":"f","pages":9}, null]}}"#;
    let outcome = Script::new(&plan, vec![ok(body)]).run();
    assert_eq!(
        outcome.data(),
        r#"{"media":[{"__typename":"Book","title":"t","pages":3},{"t":"Film","title":"f"},null]}"#
    );
    assert_eq!(outcome.errors(), [] as [&str; 0]);
}

#[test]
fn an_object_of_an_impossible_or_hidden_type_is_null_with_an_error() {
    let plan = media_plan();
    for object in [
        r#"{"__typename":"Draft","title":"t"}"#,
        r#"{"__typename":"Product","title":"t"}"#,
        r#"{"__typename":"Nothing","title":"t"}"#,
        r#"{"__typename":"Media","title":"t"}"#,
        r#"{"title":"t"}"#,
    ] {
        let outcome =
            Script::new(&plan, vec![ok(&format!(r#"{{"data":{{"media":[{object}]}}}}"#))]).run();
        assert_eq!(outcome.data(), r#"{"media":[null]}"#, "{object}");
        let [error] = &outcome.errors()[..] else { panic!("{object}") };
        assert!(error.starts_with(r#"INVALID_VALUE ["media",0] "#), "{error}");
        assert!(!error.contains("Draft"), "what is inaccessible has no name: {error}");
    }
}

#[test]
fn a_type_without_fields_renders_as_an_empty_object() {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (media, position) = plan.composite(root, "media");
    let mut below = plan.select(position, Vec::new());
    below.runtime_type = RuntimeType::Asked;
    let selection = plan.select(root, vec![ask_below("media", media, below)]);
    plan.root_fetch("a", selection);
    let case = ResponseCase { types: only(plan.ty("Book")), fields: vec![show_typename("t")] };
    let denied = supergraph::TypeSet::new();
    let selection = ResponseSelection { position, cases: vec![case], denied };
    let shown = plan.show_below("media", media, Some(selection));
    let plan = plan.finish(vec![shown]);
    let body = r#"{"data":{"media":[{"__typename":"Film"},{"__typename":"Book"}]}}"#;
    let outcome = Script::new(&plan, vec![ok(body)]).run();
    assert_eq!(outcome.data(), r#"{"media":[{},{"t":"Book"}]}"#);
}

#[test]
fn introspection_and_root_typename_need_no_fetch() {
    let plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let schema = query_planner::ResponseField {
        response_name: "s".to_owned(),
        source: query_planner::ResponseSource::Introspection,
    };
    let mut plan = plan.finish(Vec::new());
    plan.response = all_types(root, vec![show_typename("t"), schema]).into();
    let mut script = Script::new(&plan, Vec::new());
    script.introspection.insert("s".to_owned(), json!({"types": []}));
    let outcome = script.run();
    assert_eq!(outcome.response, r#"{"data":{"t":"Query","s":{"types":[]}}}"#);
    assert!(outcome.calls.is_empty());
}

#[test]
fn a_response_beyond_its_limit_is_refused_whole() {
    let plan = leaf_plan("any");
    let body = format!(r#"{{"data":{{"leaves":{{"f":"{}"}}}}}}"#, "x".repeat(500));
    let mut script = Script::new(&plan, vec![ok(&body)]);
    script.limits.max_response_bytes = 400;
    let outcome = script.run();
    assert_eq!(outcome.data(), "null");
    assert!(outcome.errors()[0].starts_with("RESPONSE_TOO_LARGE - "), "{:?}", outcome.errors());
}

#[test]
fn what_nulls_cut_away_counts_towards_the_limit() {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (products, position) = plan.composite(root, "products");
    let [name, weight] = ["name", "weight"].map(|name| plan.slot(position, name));
    let below = plan.select(position, vec![ask("name", name), ask("weight", weight)]);
    let selection = plan.select(root, vec![ask_below("products", products, below)]);
    plan.root_fetch("a", selection);
    let fields = vec![plan.show("name", name), plan.show("weight", weight)];
    let shown = plan.show_objects("products", products, fields);
    let plan = plan.finish(vec![shown]);
    let product = format!(r#"{{"name":"{}"}}"#, "x".repeat(100));
    let run = |n: usize| {
        let list = vec![product.as_str(); n].join(",");
        let mut script =
            Script::new(&plan, vec![ok(&format!(r#"{{"data":{{"products":[{list}]}}}}"#))]);
        script.limits.max_response_bytes = 400;
        script.run()
    };
    assert_eq!(run(2).data(), r#"{"products":[null,null]}"#);
    assert_eq!(run(10).data(), "null");
}
