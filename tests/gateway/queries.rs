//! A query over all four subgraphs: right data, in the number of requests that its plan says.
//!
//! **Never here:** other shapes of plans (`fixtures/plans`).

use serde_json::json;
use subgraphs::{Options, Service};

use crate::house::House;

const OVER_ALL_FOUR: &str = "query TopProducts($n: Int!) {
  topProducts(first: $n) { upc name inStock reviews { body author { name } } }
}";

#[tokio::test]
async fn a_query_over_four_subgraphs_is_answered_in_four_requests() {
    let house = House::open().await;
    let answer = house.query_with(OVER_ALL_FOUR, json!({ "n": 3 }), &[]).await;
    let body = answer.json();
    assert_eq!(body["errors"], json!(null), "{body}");
    let products = body["data"]["topProducts"].as_array().unwrap();
    assert_eq!(products.len(), 3);
    for product in products {
        assert!(product["inStock"].is_boolean(), "{product}");
        let reviews = product["reviews"].as_array().unwrap();
        assert_eq!(reviews.len(), 4);
        assert!(reviews.iter().all(|review| review["author"]["name"].is_string()));
    }
    assert_eq!(
        house.requests(),
        json!({ "accounts": 1, "products": 1, "inventory": 1, "reviews": 1 })
    );
}

#[tokio::test]
async fn a_list_of_any_length_causes_the_same_number_of_requests() {
    let options = Options { products: 200, ..Options::default() };
    let house = House::open_with("", options).await;
    for n in [1, 20, 200] {
        house.forget_requests();
        let answer = house.query_with(OVER_ALL_FOUR, json!({ "n": n }), &[]).await;
        let body = answer.json();
        assert_eq!(body["data"]["topProducts"].as_array().map(Vec::len), Some(n));
        assert_eq!(
            house.requests(),
            json!({ "accounts": 1, "products": 1, "inventory": 1, "reviews": 1 })
        );
        // Nor do the servers behind ask their tables once an item.
        assert!(house.servers.server(Service::Reviews).lookups() <= 4);
    }
}

#[tokio::test]
async fn a_mutation_is_sent_once_and_its_entities_follow() {
    let house = House::open().await;
    let answer = house
        .query_with(
            "mutation Add($input: AddReviewInput!) { addReview(input: $input) { rating author { name } } }",
            json!({ "input": { "upc": "p1", "author": "u1", "rating": 5 } }),
            &[],
        )
        .await;
    let body = answer.json();
    assert_eq!(body["errors"], json!(null), "{body}");
    assert_eq!(body["data"]["addReview"]["rating"], 5);
    assert!(body["data"]["addReview"]["author"]["name"].is_string());
    assert_eq!(
        house.requests(),
        json!({ "accounts": 1, "products": 0, "inventory": 0, "reviews": 1 })
    );
}

#[tokio::test]
async fn typename_alone_fetches_nothing() {
    let house = House::open().await;
    let answer = house.query("{ __typename kind: __typename }").await;
    assert_eq!(answer.json(), json!({ "data": { "__typename": "Query", "kind": "Query" } }));
    assert_eq!(
        house.requests(),
        json!({ "accounts": 0, "products": 0, "inventory": 0, "reviews": 0 })
    );
}

#[tokio::test]
async fn guards_are_planned_away() {
    let house = House::open().await;
    let document =
        "query($with: Boolean!) { topProducts(first: 1) { name inStock @include(if: $with) } }";
    let answer = house.query_with(document, json!({ "with": false }), &[]).await;
    assert_eq!(answer.json()["data"]["topProducts"][0]["inStock"], json!(null));
    assert_eq!(house.requests()["inventory"], 0);
    let answer = house.query_with(document, json!({ "with": true }), &[]).await;
    assert!(answer.json()["data"]["topProducts"][0]["inStock"].is_boolean());
    assert_eq!(house.requests()["inventory"], 1);
}
