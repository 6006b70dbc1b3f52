//! Takes the tour that `graphloom demo` prints: types every command of its ten stops, and looks at
//! what it promises.
//!
//! **In:** the program, started in an empty folder on free ports. **Out:** one test a stop.
//!
//! **Never here:** the example servers' own behavior (`subgraphs` tests it).
//!
//! **Holds:** nothing waits for time to pass: the tests wait for lines that the demo prints.
//!
//! **Read first:** [`one_query_over_all_four_subgraphs`].

#![cfg(feature = "demo")]

#[cfg(feature = "ui")]
#[path = "tour/browser.rs"]
mod browser;
#[path = "tour/guide.rs"]
mod guide;

use guide::{Guide, body_of};
use serde_json::Value;

#[test]
fn one_query_over_all_four_subgraphs() {
    let Some(mut guide) = Guide::start(1) else { return };
    let [answer] = guide.type_all();
    expect_whole(&answer, 3);
    guide.expect_line("products → (inventory ∥ reviews) → accounts  4 fetches");
}

#[test]
fn fifty_products_cost_as_many_requests_as_three() {
    let Some(mut guide) = Guide::start(2) else { return };
    let [answer] = guide.type_all();
    expect_whole(&answer, 50);
    guide.expect_line("products → (inventory ∥ reviews) → accounts  4 fetches");
}

#[test]
fn the_query_page_is_served() {
    let Some(mut guide) = Guide::start(3) else { return };
    let [page] = guide.type_all();
    assert!(page.contains("<title>Graphloom</title>"), "{page}");
    assert!(guide.commands()[0].ends_with(guide.url()), "{:?}", guide.commands());
}

#[test]
fn the_rest_door_answers_with_a_request_id() {
    let Some(mut guide) = Guide::start(4) else { return };
    let [answer] = guide.type_all();
    assert!(answer.contains("x-request-id: "), "{answer}");
    assert_eq!(body_of(&answer)["id"], "o1");
    guide.expect_line("GET /orders/o1 200");
}

#[test]
fn a_killed_subgraph_leaves_the_rest_and_comes_back() {
    let Some(mut guide) = Guide::start(5) else { return };
    let [stopped, without, started, again] = guide.type_all();
    assert_eq!(stopped, "reviews is stopped\n");
    let without: Value = serde_json::from_str(&without).expect("the answer is JSON");
    let products = without["data"]["topProducts"].as_array().expect("products are there");
    assert!(products.iter().all(|product| product["name"].is_string()), "{without}");
    assert!(products.iter().all(|product| product["reviews"].is_null()), "{without}");
    assert_eq!(without["errors"][0]["path"][0], "topProducts", "{without}");
    assert_eq!(started, "reviews runs\n");
    expect_whole(&again, 3);
}

#[test]
fn a_broken_schema_leaves_the_old_graph_in_force() {
    let Some(mut guide) = Guide::start(6) else { return };
    guide.type_next();
    guide.expect_line("inventory.graphql:");
    expect_whole(&guide.type_next(), 3);
    let ready: Value = serde_json::from_str(&guide.type_next()).expect("`/ready` is JSON");
    assert_eq!(ready["status"], "ready");
    assert!(ready["problem"].is_string(), "{ready}");
    guide.type_next();
    guide.expect_line("graph mended");
}

#[test]
fn only_the_slow_subgraph_is_slow() {
    let Some(mut guide) = Guide::start(7) else { return };
    let [slowed, answer, undone] = guide.type_all();
    assert_eq!(slowed, "reviews waits 300ms before each answer\n");
    assert_eq!(undone, "reviews answers at once\n");
    let milliseconds = |subgraph: &str| -> f64 {
        let (_, rest) = answer.split_once(&format!("desc=\"{subgraph}\";dur=")).expect(subgraph);
        let end = rest.find([',', '\r', ';']).expect("the header ends");
        rest[..end].parse().expect("a duration is a number")
    };
    assert!(milliseconds("reviews") >= 300.0, "{answer}");
    assert!(milliseconds("inventory") < milliseconds("reviews"), "{answer}");
}

#[test]
fn the_plan_fixture_is_written_and_holds() {
    let Some(mut guide) = Guide::start(8) else { return };
    let [written, held] = guide.type_all();
    assert!(written.contains("rewritten: graphloom-demo/top-products.md"), "{written}");
    assert!(held.contains("1 pages: 0 do not hold"), "{held}");
    let page = guide.read("graphloom-demo/top-products.md");
    assert!(page.contains("\n4 requests, depth 3\n"), "{page}");
}

#[test]
fn three_callers_see_as_much_as_each_of_them_may() {
    let Some(mut guide) = Guide::start(9) else { return };
    let [anonymous, reader, admin, explained] = guide.type_all();
    let first = |answer: &str| -> (Value, Value) {
        let answer = body_of(answer);
        let review = &answer["data"]["topProducts"][0]["reviews"][0];
        (review["author"]["email"].clone(), answer["errors"][0]["extensions"]["code"].clone())
    };
    assert_eq!(first(&anonymous), (Value::Null, "UNAUTHENTICATED".into()));
    assert_eq!(first(&reader), ("****@example.com".into(), Value::Null));
    let left = |answer: &str, policy: &str| -> u64 {
        let field = format!("ratelimit: \"{policy}\";r=");
        let (_, rest) = answer.split_once(&field).expect("the answer says what is left");
        let end = rest.find(';').expect("the field goes on");
        rest[..end].parse().expect("what is left is a number")
    };
    assert!(left(&anonymous, "visitors") < 10_000 && left(&reader, "visitors") < 10_000);
    assert!((10_000..50_000).contains(&left(&admin, "staff")));
    let (address, errors) = first(&admin);
    let address = address.as_str().expect("an address is shown");
    assert!(address.ends_with("@example.com") && !address.starts_with('*'), "{address}");
    assert_eq!(errors, Value::Null);
    assert!(explained.contains("the caller lacks the scope `people`"), "{explained}");
    assert!(explained.contains("topProducts.@.reviews.@.author.email"), "{explained}");
}

#[test]
fn orders_of_the_rest_api_join_users_and_products() {
    let Some(mut guide) = Guide::start(10) else { return };
    let [answer] = guide.type_all();
    let answer: Value = serde_json::from_str(&answer).expect("the answer is JSON");
    let orders = answer["data"]["me"]["orders"].as_array().expect("there are orders");
    assert_eq!(orders.len(), 3, "{answer}");
    for order in orders {
        assert!(order["shipment"]["carrier"].is_string(), "{answer}");
        assert!(order["items"][0]["product"]["name"].is_string(), "{answer}");
    }
    assert_eq!(answer["errors"], Value::Null);
    guide.expect_line("orders");
}

#[test]
fn in_a_checkout_the_schemas_are_those_of_the_checkout() {
    let Some(guide) = Guide::start_in_checkout(6) else { return };
    assert!(guide.commands()[0].ends_with(" schemas/inventory.graphql"), "{:?}", guide.commands());
}

/// All products, each with what the four subgraphs know of it, and no error.
fn expect_whole(answer: &str, n_products: usize) {
    let answer: Value = serde_json::from_str(answer).expect("the answer is JSON");
    assert_eq!(answer.get("errors"), None);
    let products = answer["data"]["topProducts"].as_array().expect("products are there");
    assert_eq!(products.len(), n_products);
    for product in products {
        assert!(product["name"].is_string() && product["inStock"].is_boolean(), "{product}");
        let reviews = product["reviews"].as_array().expect("reviews are there");
        assert!(reviews.iter().all(|review| review["author"]["name"].is_string()), "{product}");
    }
}
