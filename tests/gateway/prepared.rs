//! Prepared operations: kept, warmed, and bounded.
//!
//! **Never here:** the bounds of planning (`planning`), when a graph is replaced (`reload`).

use futures_util::future::join_all;
use serde_json::{Value, json};
use subgraphs::Options;

use crate::client::{connect, get, graphql_request, send};
use crate::house::{House, until};

const MISSES: &str = "graphloom_prepared_operation_lookups_total{result=\"miss\"}";
const PLANS: &str = "graphloom_planning_duration_seconds_count{outcome=\"ok\"}";
const KEPT: &str = "graphloom_prepared_operations";

async fn open(yaml: &str) -> House {
    House::open_with(yaml, Options::default()).await
}

/// The values of counters; zero for those that nothing was counted in.
async fn counted<const N: usize>(house: &House, counters: [&str; N]) -> [u64; N] {
    let metrics = get(house.gateway.admin_address, "/metrics").await.text();
    counters.map(|counter| {
        let value = |line: &str| line.strip_prefix(counter)?.trim().parse().ok();
        metrics.lines().find_map(value).unwrap_or(0)
    })
}

const GUARDED: &str = "query Hot($more: Boolean!, $name: Boolean!) { topProducts(first: 1) { upc \
                       name @include(if: $name) reviews @skip(if: $more) { body } } }";

async fn ask_the_hot_ones(house: &House) {
    for (more, name) in [(true, true), (true, false), (false, true), (true, true)] {
        let answer = house.query_with(GUARDED, json!({ "more": more, "name": name }), &[]).await;
        assert_eq!(answer.json()["errors"], json!(null));
    }
    for document in ["{ topProducts(first: 1) { name } }", "{ me { name } }"] {
        assert_eq!(house.query(document).await.json()["errors"], json!(null));
    }
}

async fn replace_the_graph(house: &House) {
    let old = house.gateway.graph.current().id.clone();
    let text = house.folder.read("products.graphql");
    let text = text.replacen("topProducts(first: Int = 5)", "topProducts(first: Int = 6)", 1);
    house.folder.write("products.graphql", &text);
    let is_new = || (house.gateway.graph.current().id != old).then_some(());
    until("the new graph is in force", is_new).await;
}

#[tokio::test]
async fn after_a_reload_no_hot_operation_is_prepared_or_planned_for_a_request() {
    let house = open("").await;
    ask_the_hot_ones(&house).await;
    let before = counted(&house, [MISSES, PLANS]).await;
    assert_eq!(before, [3, 5]);
    replace_the_graph(&house).await;
    // Each plan that was in use was made anew, those for other states of the guards were not.
    let warmed = counted(&house, [MISSES, PLANS]).await;
    assert_eq!(warmed, [3, 10]);
    ask_the_hot_ones(&house).await;
    assert_eq!(counted(&house, [MISSES, PLANS]).await, warmed);
}

#[tokio::test]
async fn no_more_is_warmed_than_the_configuration_says() {
    let house = open("graphql: { warm: { operations: 1 } }\n").await;
    ask_the_hot_ones(&house).await;
    replace_the_graph(&house).await;
    // The guarded one was asked most.
    assert_eq!(counted(&house, [MISSES, PLANS, KEPT]).await, [3, 8, 1]);
    ask_the_hot_ones(&house).await;
    assert_eq!(counted(&house, [MISSES, PLANS, KEPT]).await, [5, 10, 3]);
}

/// A document that takes long to plan: the same field under many aliases.
fn dear() -> String {
    let aliased = (0..120).map(|i| {
        format!("f{i}: topProducts(first: 1) {{ x{i}: __typename b: name reviews {{ id }} }}")
    });
    format!("query Dear {{ {} }}", aliased.collect::<Vec<_>>().join(" "))
}

/// Asks a thousand operations, each often enough to be worth more than one that was asked once.
async fn flood(house: &House) {
    let clients = (0..4).map(|client| async move {
        let mut connection = connect(house.address()).await;
        for i in 0..250 {
            for _ in 0..4 {
                let document = format!("{{ flood{client}x{i}: __typename }}");
                let request = graphql_request(&document, json!({}), &[]);
                assert_eq!(send(&mut connection, request).await.status, 200);
            }
        }
    });
    join_all(clients).await;
}

#[tokio::test]
async fn a_flood_of_cheap_operations_does_not_push_out_a_plan_that_was_dear() {
    let dear = dear();
    for (slow, n_plans) in [("10ms", 0), ("1h", 1)] {
        let house = open(&format!(
            "limits: {{ prepared_operations: 4MB }}\n\
             graphql: {{ planning: {{ slow: {slow} }} }}\n\
             policies: {{ wide: {{ limits: {{ tokens: 100000 }} }} }}\napply: {{ graphql: [wide] }}\n"
        ))
        .await;
        house.query(&dear).await;
        flood(&house).await;
        let [kept, plans] = counted(&house, [KEPT, PLANS]).await;
        assert!(kept < 700, "the store is bounded, not {kept} operations");
        house.query(&dear).await;
        assert_eq!(counted(&house, [PLANS]).await, [plans + n_plans], "{slow}");
    }
}

#[tokio::test]
async fn introspection_is_the_same_from_kept_bytes_and_follows_the_schema() {
    let house = open("graphql: { introspection: true }\n").await;
    let document = "query($name: String! = \"Query\") { __schema { types { name fields { name } } } \
                    __type(name: $name) { fields { name args { defaultValue } } } }";
    let first = house.query(document).await;
    assert_eq!(first.json()["data"]["__type"]["fields"][0]["name"], "me", "{}", first.text());
    assert_eq!(house.query(document).await.body, first.body);
    // More states of the variables than are kept, each asked twice.
    let types = first.json()["data"]["__schema"]["types"].clone();
    let types: Vec<&Value> = types.as_array().unwrap().iter().take(12).collect();
    for ty in types.iter().chain(&types) {
        let answer = house.query_with(document, json!({ "name": ty["name"] }), &[]).await.json();
        let names = |fields: &Value| -> Vec<Value> {
            fields.as_array().into_iter().flatten().map(|field| field["name"].clone()).collect()
        };
        assert_eq!(names(&answer["data"]["__type"]["fields"]), names(&ty["fields"]), "{ty}");
    }
    replace_the_graph(&house).await;
    let after = house.query(document).await.text();
    let expected = first.text().replacen("\"defaultValue\":\"5\"", "\"defaultValue\":\"6\"", 1);
    assert_ne!(after, first.text());
    assert_eq!(after, expected);
}
