//! Entities: representations, joining of equal ones, positions, order of fetches.
//!
//! **Never here:** errors that subgraphs report (`errors`).

use crate::builder::{Builder, ask, ask_below, only, show_typename};
use crate::driver::{Order, SUPERGRAPH, Script, failed, ok};
use execution::{CallKind, FetchOutcome};
use query_planner::{
    GroupKind, OperationKind, QueryPlan, Representation, RepresentationField, RuntimeType, SlotId,
};
use serde_json::{Value, json};
use supergraph::{Id, TypeRef};

/// `{ products { id name price weight estimate } }`: name and price from a, weight from b, and
/// estimate from c, which requires price and weight.
fn estimate_plan(price_in_c: fn(&Builder<'_>, SlotId) -> TypeRef) -> QueryPlan {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (products, position) = plan.composite(root, "products");
    let [id, price, weight, estimate] =
        ["id", "price", "weight", "estimate"].map(|name| plan.slot(position, name));
    let below = plan.select(position, vec![ask("id", id), ask("price", price)]);
    let selection = plan.select(root, vec![ask_below("products", products, below)]);
    let (first, created) = plan.root_fetch("a", selection);
    let second = plan.fetch("b", "b", &[first]);
    let selection = plan.select(position, vec![ask("weight", weight)]);
    let representation = plan.represent("Product", vec![plan.key("id", id)]);
    plan.entities(second, selection, &[created], representation);
    let third = plan.fetch("c", "c", &[first, second]);
    let selection = plan.select(position, vec![ask("estimate", estimate)]);
    let required =
        |name: &str, slot, ty| RepresentationField { ty, is_key: false, ..plan.key(name, slot) };
    let fields = vec![
        plan.key("id", id),
        required("price", price, price_in_c(&plan, price)),
        required("weight", weight, plan.named_type(weight)),
    ];
    let representation = plan.represent("Product", fields);
    plan.entities(third, selection, &[created], representation);
    let fields = vec![plan.show("id", id), plan.show("weight", weight), plan.show("e", estimate)];
    let shown = plan.show_objects("products", products, fields);
    plan.finish(vec![shown])
}

fn nullable(plan: &Builder<'_>, slot: SlotId) -> TypeRef {
    plan.named_type(slot)
}

fn non_null(plan: &Builder<'_>, slot: SlotId) -> TypeRef {
    TypeRef::Named { id: plan.named_type(slot).named(), non_null: true }
}

#[test]
fn equal_representations_are_sent_once_and_answered_at_every_place() {
    let plan = estimate_plan(nullable);
    let script = Script::new(
        &plan,
        vec![
            ok(
                r#"{"data":{"products":[{"id":1,"price":5},{"id":2,"price":null},{"id":1,"price":5}]}}"#,
            ),
            ok(r#"{"data":{"_e0":[{"weight":10},{"weight":20}]}}"#),
            ok(r#"{"data":{"_e0":[{"estimate":7},{"estimate":8}]}}"#),
        ],
    );
    let outcome = script.run();
    assert_eq!(
        outcome.data(),
        r#"{"products":[{"id":1,"weight":10,"e":7},{"id":2,"weight":20,"e":8},{"id":1,"weight":10,"e":7}]}"#
    );
    assert_eq!(outcome.errors(), [] as [&str; 0]);
    assert_eq!(outcome.bodies[0], Some(json!({"query": "{ root }"})));
    assert_eq!(
        outcome.bodies[1],
        Some(json!({"query": "b", "variables": {"r0": [
            {"__typename": "Product", "id": 1}, {"__typename": "Product", "id": 2}]}}))
    );
    // A requirement that is null is sent where the asked subgraph allows null.
    assert_eq!(
        outcome.bodies[2].as_ref().unwrap()["variables"]["r0"],
        json!([
            {"__typename": "Product", "id": 1, "price": 5, "weight": 10},
            {"__typename": "Product", "id": 2, "price": null, "weight": 20}
        ])
    );
    let summary = &outcome.summary;
    assert_eq!(summary.naive_requests, 1 + 3 + 3);
    assert_eq!(summary.requests(), 3);
    assert_eq!(summary.objects.as_slice(), [1, 3]);
    let [_, weight, _] = summary.fetches.as_slice() else { panic!() };
    assert_eq!((weight.targets, weight.representations, weight.unrepresented), (3, 2, 0));
}

#[test]
fn entity_ranges_name_one_representation_each() {
    let plan = estimate_plan(nullable);
    let script = Script::new(
        &plan,
        vec![
            ok(r#"{"data":{"products":[{"id":"é"},{"id":"2"}]}}"#),
            ok(r#"{"data":{"_e0":[{"weight":1},{"weight":2}]}}"#),
            ok(r#"{"data":{"_e0":[null,null]}}"#),
        ],
    );
    let outcome = script.run();
    let body = outcome.calls[1].body.to_bytes();
    let texts: Vec<&str> = outcome.calls[1]
        .entities
        .iter()
        .map(|range| std::str::from_utf8(&body[range.clone()]).unwrap())
        .collect();
    assert_eq!(
        texts,
        [r#"{"__typename":"Product","id":"é"}"#, r#"{"__typename":"Product","id":"2"}"#]
    );
}

#[test]
fn a_required_null_that_the_subgraph_refuses_sends_no_representation() {
    let plan = estimate_plan(non_null);
    let script = Script::new(
        &plan,
        vec![
            ok(r#"{"data":{"products":[{"id":1,"price":5},{"id":2,"price":null},{"id":3}]}}"#),
            ok(r#"{"data":{"_e0":[{"weight":10},{"weight":20},{"weight":30}]}}"#),
            ok(r#"{"data":{"_e0":[{"estimate":7}]}}"#),
        ],
    );
    let outcome = script.run();
    assert_eq!(
        outcome.data(),
        r#"{"products":[{"id":1,"weight":10,"e":7},{"id":2,"weight":20,"e":null},{"id":3,"weight":30,"e":null}]}"#
    );
    assert_eq!(outcome.errors(), [] as [&str; 0]);
    assert_eq!(outcome.summary.fetches.as_slice()[2].unrepresented, 2);
}

#[test]
fn a_failed_requirement_explains_its_dependents() {
    let plan = estimate_plan(nullable);
    let script = Script::new(
        &plan,
        vec![ok(r#"{"data":{"products":[{"id":1},{"id":2}]}}"#), failed(), ok("unused")],
    );
    let outcome = script.run();
    assert_eq!(outcome.data(), r#"{"products":[null,null]}"#);
    assert_eq!(outcome.errors(), [r#"SUBREQUEST_HTTP_ERROR ["products"] connection refused"#]);
    assert_eq!(outcome.bodies[2], None, "nothing can be represented, so nothing is sent");
    assert_eq!(outcome.summary.fetches.as_slice()[2].outcome, FetchOutcome::Skipped);
    assert_eq!(outcome.summary.log[0].message, "connection refused: 10.0.0.1:1");
}

/// `{ product { name } }` with a key of these fields, all from a; name from b.
fn key_plan(key: fn(&mut Builder<'_>, [SlotId; 3]) -> Vec<RepresentationField>) -> QueryPlan {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (product, position) = plan.composite(root, "product");
    let [id, price, estimate, name] =
        ["id", "price", "estimate", "name"].map(|name| plan.slot(position, name));
    let below =
        plan.select(position, vec![ask("id", id), ask("p", price), ask("estimate", estimate)]);
    let selection = plan.select(root, vec![ask_below("product", product, below)]);
    let (first, created) = plan.root_fetch("a", selection);
    let second = plan.fetch("b", "b", &[first]);
    let fields = key(&mut plan, [id, price, estimate]);
    let representation = plan.represent("Product", fields);
    let selection = plan.select(position, vec![ask("name", name)]);
    plan.entities(second, selection, &[created], representation);
    let shown = plan.show_objects("product", product, vec![plan.show("name", name)]);
    plan.finish(vec![shown])
}

fn representation_for(plan: &QueryPlan, product: &str) -> Option<Value> {
    let answers = vec![
        ok(&format!(r#"{{"data":{{"product":{product}}}}}"#)),
        ok(r#"{"data":{"_e0":[{"name":"n"}]}}"#),
    ];
    let outcome = Script::new(plan, answers).run();
    assert_eq!(outcome.errors(), [] as [&str; 0], "a null key is no error of its own");
    Some(outcome.bodies[1].as_ref()?["variables"]["r0"][0].clone())
}

#[test]
fn a_null_key_sends_no_representation() {
    let plan = key_plan(|plan, [id, ..]| vec![plan.key("id", id)]);
    for product in [r#"{"id":null}"#, "{}", "null"] {
        assert_eq!(representation_for(&plan, product), None, "{product}");
    }
}

#[test]
fn a_composite_key_may_be_null_in_part_but_not_whole() {
    let plan = key_plan(|plan, [_, price, estimate]| {
        vec![plan.key("price", price), plan.key("estimate", estimate)]
    });
    assert_eq!(
        representation_for(&plan, r#"{"p":1}"#),
        Some(json!({"__typename": "Product", "price": 1, "estimate": null}))
    );
    assert_eq!(representation_for(&plan, r#"{"p":null,"estimate":null}"#), None);
}

#[test]
fn numbers_keep_their_text_in_representations() {
    let plan = key_plan(|plan, [id, ..]| vec![plan.key("id", id)]);
    let answers = vec![
        ok(r#"{"data":{"product":{"id":12345678901234567890123}}}"#),
        ok(r#"{"data":{"_e0":[{"name":"n"}]}}"#),
    ];
    let script = Script::new(&plan, answers);
    let mut execution = script.execution();
    use execution::Execution;
    let call = execution.take_calls().remove(0);
    execution.answer(call.id, script.answers[0].clone());
    let call = execution.take_calls().remove(0);
    let body = String::from_utf8(call.body.to_bytes().to_vec()).unwrap();
    assert!(body.contains(r#""id":12345678901234567890123}"#), "{body}");
}

#[test]
fn a_null_entity_leaves_null_and_a_wrong_count_discards_the_answer() {
    let plan = key_plan(|plan, [id, ..]| vec![plan.key("id", id)]);
    let run = |answer: &str| {
        let answers = vec![ok(r#"{"data":{"product":{"id":1}}}"#), ok(answer)];
        let outcome = Script::new(&plan, answers).run();
        assert_eq!(outcome.data(), r#"{"product":{"name":null}}"#);
        outcome.errors()
    };
    assert_eq!(run(r#"{"data":{"_e0":[null]}}"#), [] as [&str; 0]);
    for answer in [
        r#"{"data":{"_e0":[]}}"#,
        r#"{"data":{"_e0":[{"name":"x"},{"name":"y"}]}}"#,
        r#"{"data":{"_e0":null}}"#,
        r#"{"data":{}}"#,
        r#"{"data":{"_e0":{"name":"x"}}}"#,
    ] {
        let errors = run(answer);
        assert_eq!(errors.len(), 1, "{answer}");
        assert!(errors[0].starts_with(r#"SUBREQUEST_MALFORMED_RESPONSE ["product"] "#), "{answer}");
    }
}

#[test]
fn one_request_can_carry_groups_without_representations() {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (product, one) = plan.composite(root, "product");
    let (products, many) = plan.composite(root, "products");
    let (id_one, id_many) = (plan.slot(one, "id"), plan.slot(many, "id"));
    let (name_one, name_many) = (plan.slot(one, "name"), plan.slot(many, "name"));
    let below_one = plan.select(one, vec![ask("id", id_one)]);
    let below_many = plan.select(many, vec![ask("id", id_many)]);
    let selection = plan.select(
        root,
        vec![ask_below("product", product, below_one), ask_below("products", products, below_many)],
    );
    let (first, created) = plan.root_fetch("a", selection);
    let second = plan.fetch("b", "b", &[first]);
    let (key_one, key_many) = (plan.key("id", id_one), plan.key("id", id_many));
    let selection = plan.select(one, vec![ask("name", name_one)]);
    plan.entities(second, selection, &[created], plan.represent("Product", vec![key_one]));
    let selection = plan.select(many, vec![ask("name", name_many)]);
    plan.entities(second, selection, &[created], plan.represent("Product", vec![key_many]));
    let shown = vec![
        plan.show_objects("product", product, vec![plan.show("name", name_one)]),
        plan.show_objects("products", products, vec![plan.show("name", name_many)]),
    ];
    let plan = plan.finish(shown);
    let answers = vec![
        ok(r#"{"data":{"product":null,"products":[{"id":1}]}}"#),
        ok(r#"{"data":{"_e0":[],"_e1":[{"name":"n"}]}}"#),
    ];
    let outcome = Script::new(&plan, answers).run();
    assert_eq!(
        outcome.bodies[1].as_ref().unwrap()["variables"],
        json!({"r0": [], "r1": [{"__typename": "Product", "id": 1}]})
    );
    assert_eq!(outcome.data(), r#"{"product":null,"products":[{"name":"n"}]}"#);
    let nothing = vec![ok(r#"{"data":{"product":null,"products":[]}}"#), ok("unused")];
    let outcome = Script::new(&plan, nothing).run();
    assert_eq!(outcome.response, r#"{"data":{"product":null,"products":[]}}"#);
    assert_eq!(outcome.bodies[1], None);
}

#[test]
fn groups_that_share_a_variable_are_answered_for_all_its_representations() {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (products, position) = plan.composite(root, "products");
    let [id, name, price] = ["id", "name", "price"].map(|name| plan.slot(position, name));
    let below = plan.select(position, vec![ask("id", id)]);
    let selection = plan.select(root, vec![ask_below("products", products, below)]);
    let (first, created) = plan.root_fetch("a", selection);
    let second = plan.fetch("b", "b", &[first]);
    for (alias, field, slot) in [("x", "name", name), ("y", "price", price)] {
        let kind = GroupKind::Entities {
            contexts: Vec::new(),
            alias: alias.to_owned(),
            variable: "shared".to_owned(),
            representations: vec![plan.represent("Product", vec![plan.key("id", id)])],
        };
        let selection = plan.select(position, vec![ask(field, slot)]);
        plan.group(second, selection, vec![created], kind);
    }
    let fields = vec![plan.show("name", name), plan.show("price", price)];
    let shown = plan.show_objects("products", products, fields);
    let plan = plan.finish(vec![shown]);
    let answers = vec![
        ok(r#"{"data":{"products":[{"id":1},{"id":2}]}}"#),
        ok(r#"{"data":{"x":[{"name":"a"},{"name":"b"}],"y":[{"price":1},{"price":2}]}}"#),
    ];
    let outcome = Script::new(&plan, answers).run();
    assert_eq!(outcome.data(), r#"{"products":[{"name":"a","price":1},{"name":"b","price":2}]}"#);
    assert_eq!(outcome.calls[1].entities.len(), 2);
}

#[test]
fn a_shared_variable_can_have_more_representations_than_a_group_has_targets() {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (product, one) = plan.composite(root, "product");
    let (products, many) = plan.composite(root, "products");
    let [(id_one, name_one), (id_many, name_many)] =
        [one, many].map(|position| (plan.slot(position, "id"), plan.slot(position, "name")));
    let below_one = plan.select(one, vec![ask("id", id_one)]);
    let below_many = plan.select(many, vec![ask("id", id_many)]);
    let selection = plan.select(
        root,
        vec![ask_below("product", product, below_one), ask_below("products", products, below_many)],
    );
    let (first, created) = plan.root_fetch("a", selection);
    let second = plan.fetch("b", "b", &[first]);
    for (alias, position, id, name) in
        [("x", one, id_one, name_one), ("y", many, id_many, name_many)]
    {
        let kind = GroupKind::Entities {
            contexts: Vec::new(),
            alias: alias.to_owned(),
            variable: "shared".to_owned(),
            representations: vec![plan.represent("Product", vec![plan.key("id", id)])],
        };
        let selection = plan.select(position, vec![ask("name", name)]);
        plan.group(second, selection, vec![created], kind);
    }
    let shown = vec![
        plan.show_objects("product", product, vec![plan.show("name", name_one)]),
        plan.show_objects("products", products, vec![plan.show("name", name_many)]),
    ];
    let plan = plan.finish(shown);
    let answers = vec![
        ok(r#"{"data":{"product":{"id":1},"products":[{"id":2},{"id":1}]}}"#),
        ok(r#"{"data":{"x":[{"name":"a"},{"name":"b"}],"y":[{"name":"a"},{"name":"b"}]}}"#),
    ];
    let outcome = Script::new(&plan, answers).run();
    assert_eq!(
        outcome.response,
        r#"{"data":{"product":{"name":"a"},"products":[{"name":"b"},{"name":"a"}]}}"#
    );
}

#[test]
fn one_entity_at_many_places_with_a_later_fetch_below_it() {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (products, position) = plan.composite(root, "products");
    let id = plan.slot(position, "id");
    let (reviews, review) = plan.composite(position, "reviews");
    let [review_id, author] = ["id", "author"].map(|name| plan.slot(review, name));
    let below = plan.select(position, vec![ask("id", id)]);
    let selection = plan.select(root, vec![ask_below("products", products, below)]);
    let (first, created) = plan.root_fetch("a", selection);
    let second = plan.fetch("b", "b", &[first]);
    let below = plan.select(review, vec![ask("id", review_id)]);
    let selection = plan.select(position, vec![ask_below("reviews", reviews, below)]);
    let representation = plan.represent("Product", vec![plan.key("id", id)]);
    let in_reviews = plan.entities(second, selection, &[created], representation);
    let third = plan.fetch("c", "c", &[second]);
    let selection = plan.select(review, vec![ask("author", author)]);
    let representation = plan.represent("Review", vec![plan.key("id", review_id)]);
    plan.entities(third, selection, &[in_reviews], representation);
    let fields = vec![plan.show("author", author)];
    let fields = vec![plan.show_objects("reviews", reviews, fields)];
    let shown = plan.show_objects("products", products, fields);
    let plan = plan.finish(vec![shown]);
    let answers = vec![
        ok(r#"{"data":{"products":[{"id":1},{"id":1},{"id":2}]}}"#),
        ok(r#"{"data":{"_e0":[{"reviews":[{"id":"r"},{"id":"s"}]},{"reviews":[{"id":"r"}]}]}}"#),
        ok(r#"{"data":{"_e0":[{"author":"ann"},{"author":"bob"}]}}"#),
    ];
    let outcome = Script::new(&plan, answers).run();
    let of_one = r#"{"reviews":[{"author":"ann"},{"author":"bob"}]}"#;
    let of_two = r#"{"reviews":[{"author":"ann"}]}"#;
    assert_eq!(outcome.data(), format!(r#"{{"products":[{of_one},{of_one},{of_two}]}}"#));
    assert_eq!(outcome.summary.fetches.as_slice()[2].targets, 5);
    assert_eq!(outcome.summary.fetches.as_slice()[2].representations, 2);
}

#[test]
fn an_interface_object_learns_its_runtime_type_from_another_subgraph() {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let book = plan.ty("Book");
    let (media, position) = plan.composite(root, "media");
    let [id, score, title] = ["id", "score", "title"].map(|name| plan.slot(position, name));
    let mut below = plan.select(position, vec![ask("id", id), ask("score", score)]);
    below.runtime_type = RuntimeType::Unknown;
    let selection = plan.select(root, vec![ask_below("media", media, below)]);
    let (first, created) = plan.root_fetch("b", selection);
    let second = plan.fetch("a", "a", &[first]);
    let mut on_book = ask("title", title);
    on_book.types = only(book);
    let mut selection = plan.select(position, vec![on_book]);
    selection.runtime_type = RuntimeType::Asked;
    let representation = plan.represent("Media", vec![plan.key("id", id)]);
    plan.entities(second, selection, &[created], representation);
    let fields = vec![show_typename("t"), plan.show("score", score), plan.show("title", title)];
    let shown = plan.show_objects("media", media, fields);
    let plan = plan.finish(vec![shown]);
    let first = ok(r#"{"data":{"media":[{"id":1,"score":5},{"id":2,"score":6}]}}"#);
    let answer = ok(
        r#"{"data":{"_e0":[{"__typename":"Book","title":"x"},{"__typename":"Film","title":"y"}]}}"#,
    );
    let outcome = Script::new(&plan, vec![first.clone(), answer]).run();
    assert_eq!(
        outcome.data(),
        r#"{"media":[{"t":"Book","score":5,"title":"x"},{"t":"Film","score":6,"title":null}]}"#
    );
    assert_eq!(
        outcome.bodies[1].as_ref().unwrap()["variables"]["r0"][0]["__typename"],
        json!("Media")
    );
    let outcome = Script::new(&plan, vec![first, failed()]).run();
    assert_eq!(outcome.data(), r#"{"media":[null,null]}"#, "`__typename` is non-null");
    assert_eq!(outcome.errors(), [r#"SUBREQUEST_HTTP_ERROR ["media"] connection refused"#]);
}

#[test]
fn an_entity_of_another_type_than_it_has_is_left_out_with_an_error() {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (media, position) = plan.composite(root, "media");
    let [id, title] = ["id", "title"].map(|name| plan.slot(position, name));
    let mut below = plan.select(position, vec![ask("id", id)]);
    below.runtime_type = RuntimeType::Asked;
    let selection = plan.select(root, vec![ask_below("media", media, below)]);
    let (first, created) = plan.root_fetch("a", selection);
    let second = plan.fetch("b", "b", &[first]);
    let mut selection = plan.select(position, vec![ask("title", title)]);
    selection.runtime_type = RuntimeType::Asked;
    let types = only(plan.ty("Book"));
    let representation =
        Representation { types, ..plan.represent("Book", vec![plan.key("id", id)]) };
    plan.entities(second, selection, &[created], representation);
    let shown = plan.show_objects("media", media, vec![plan.show("title", title)]);
    let plan = plan.finish(vec![shown]);
    let answers = vec![
        ok(r#"{"data":{"media":[{"__typename":"Film","id":1},{"__typename":"Book","id":2}]}}"#),
        ok(r#"{"data":{"_e0":[{"__typename":"Film","title":"x"}]}}"#),
    ];
    let outcome = Script::new(&plan, answers).run();
    assert_eq!(outcome.data(), r#"{"media":[{"title":null},{"title":null}]}"#);
    assert_eq!(outcome.summary.fetches.as_slice()[1].targets, 1, "no representation fits a film");
    let [error] = &outcome.errors()[..] else { panic!("one error") };
    assert!(error.starts_with(r#"SUBREQUEST_MALFORMED_RESPONSE ["media",1] "#), "{error}");
}

#[test]
fn nobody_asks_for_more_of_an_object_of_an_impossible_type() {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (media, position) = plan.composite(root, "media");
    let [id, title] = ["id", "title"].map(|name| plan.slot(position, name));
    let mut below = plan.select(position, vec![ask("id", id)]);
    below.runtime_type = RuntimeType::Asked;
    let selection = plan.select(root, vec![ask_below("media", media, below)]);
    let (first, created) = plan.root_fetch("a", selection);
    let second = plan.fetch("b", "b", &[first]);
    let selection = plan.select(position, vec![ask("title", title)]);
    let representation = plan.represent("Media", vec![plan.key("id", id)]);
    plan.entities(second, selection, &[created], representation);
    let shown = plan.show_objects("media", media, vec![plan.show("title", title)]);
    let plan = plan.finish(vec![shown]);
    let answers = vec![ok(r#"{"data":{"media":[{"__typename":"Nothing","id":1}]}}"#), ok("unused")];
    let outcome = Script::new(&plan, answers).run();
    assert_eq!(outcome.data(), r#"{"media":[null]}"#);
    assert_eq!(outcome.bodies[1], None);
}

#[test]
fn a_nested_query_is_fetched_once_for_all_its_places() {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (nested, position) = plan.composite(root, "nested");
    let (value, below_value) = plan.composite(position, "value");
    let x = plan.slot(below_value, "x");
    let below = plan.select(position, Vec::new());
    let selection = plan.select(root, vec![ask_below("nested", nested, below)]);
    let (first, created) = plan.root_fetch("a", selection);
    let second = plan.fetch("b", "{ value { x } }", &[first]);
    let below = plan.select(below_value, vec![ask("x", x)]);
    let selection = plan.select(position, vec![ask_below("value", value, below)]);
    plan.group(second, selection, vec![created], GroupKind::Root);
    let fields = vec![plan.show_objects("v", value, vec![plan.show("x", x)])];
    let shown = plan.show_objects("nested", nested, fields);
    let plan = plan.finish(vec![shown]);
    let answers = vec![
        ok(r#"{"data":{"nested":{"__typename":"Query"}}}"#),
        ok(r#"{"data":{"value":{"x":1}}}"#),
    ];
    let outcome = Script::new(&plan, answers).run();
    assert_eq!(outcome.data(), r#"{"nested":{"v":{"x":1}}}"#);
    let answers = vec![ok(r#"{"data":{"nested":null}}"#), ok("unused")];
    let outcome = Script::new(&plan, answers).run();
    assert_eq!(outcome.response, r#"{"data":{"nested":null}}"#);
    let broken = r#"{"data":{"value":null},"errors":[{"message":"m","path":["value","x"]}]}"#;
    let answers = vec![ok(r#"{"data":{"nested":{}}}"#), ok(broken)];
    let outcome = Script::new(&plan, answers).run();
    assert_eq!(outcome.errors(), [r#"DOWNSTREAM_SERVICE_ERROR ["nested","v","x"] m"#]);
}

#[test]
fn the_order_of_independent_answers_does_not_matter() {
    let plan = {
        let mut plan = Builder::new(&SUPERGRAPH);
        let root = plan.root();
        let (products, position) = plan.composite(root, "products");
        let [id, name, price] = ["id", "name", "price"].map(|name| plan.slot(position, name));
        let below = plan.select(position, vec![ask("id", id)]);
        let selection = plan.select(root, vec![ask_below("products", products, below)]);
        let (first, created) = plan.root_fetch("a", selection);
        for (subgraph, field, slot) in [("b", "name", name), ("c", "price", price)] {
            let fetch = plan.fetch(subgraph, subgraph, &[first]);
            let selection = plan.select(position, vec![ask(field, slot)]);
            let representation = plan.represent("Product", vec![plan.key("id", id)]);
            plan.entities(fetch, selection, &[created], representation);
        }
        let fields = vec![plan.show("name", name), plan.show("price", price)];
        let shown = plan.show_objects("products", products, fields);
        plan.finish(vec![shown])
    };
    let answers = vec![
        ok(r#"{"data":{"products":[{"id":1}]}}"#),
        ok(r#"{"data":{"_e0":[null]},"errors":[{"message":"one","path":["_e0",0]}]}"#),
        failed(),
    ];
    let mut script = Script::new(&plan, answers);
    let oldest_first = script.run();
    script.order = Order::NewestFirst;
    let newest_first = script.run();
    assert_eq!(oldest_first.response, newest_first.response);
    assert_eq!(oldest_first.errors().len(), 2);
}

#[test]
fn variables_that_the_client_left_out_stay_absent() {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (value, position) = plan.composite(root, "value");
    let x = plan.slot(position, "x");
    let below = plan.select(position, vec![ask("x", x)]);
    let selection = plan.select(root, vec![ask_below("value", value, below)]);
    let (fetch, _) = plan.root_fetch("a", selection);
    plan.fetch_mut(fetch).variables = ["a", "b", "c"].map(str::to_owned).to_vec();
    plan.fetch_mut(fetch).kind = OperationKind::Mutation;
    let shown = plan.show_objects("value", value, vec![plan.show("x", x)]);
    let plan = plan.finish(vec![shown]);
    let mut script = Script::new(&plan, vec![ok(r#"{"data":{"value":{"x":1}}}"#)]);
    script.variables.insert("b".to_owned(), Value::Null);
    script.variables.insert("c".to_owned(), json!({"deep": [1]}));
    script.variables.insert("unused".to_owned(), json!(1));
    let outcome = script.run();
    assert_eq!(
        outcome.bodies[0].as_ref().unwrap()["variables"],
        json!({"b": null, "c": {"deep": [1]}})
    );
    assert_eq!(outcome.calls[0].kind, CallKind::Mutation);
    assert_eq!(outcome.calls[0].fetch.index(), 0);
}
