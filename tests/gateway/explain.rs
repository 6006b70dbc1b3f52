//! What the query page asks for: plans, counts, itself. Only where `graphql.ide` is on.
//!
//! **Never here:** what the page does with it (`tests/browser`).

use http::Method;
use serde_json::json;
use subgraphs::Options;

use crate::client::{call, get};
use crate::house::House;

const DOCUMENT: &str = "{ topProducts(first: 2) { name inStock } }";
const ASKED: [(&str, &str); 1] = [("graphloom-explain", "1")];

async fn plan_of(house: &House, document: &str) -> crate::client::Answer {
    let headers = [("content-type", "application/json")];
    let body = json!({ "query": document }).to_string();
    call(house.address(), Method::POST, "/_graphloom/plan", &headers, body).await
}

#[tokio::test]
async fn a_request_is_explained_when_it_asks_and_may() {
    let ide = "graphql: { ide: true, server_timing: true }\n";
    let house = House::open_with(ide, Options::default()).await;
    let answer = house.query_with(DOCUMENT, json!({}), &ASKED).await;
    let report = &answer.json()["extensions"]["graphloom"];
    assert_eq!((&report["requests"], &report["naiveRequests"]), (&2.into(), &3.into()));
    let fetch = &report["fetches"][1];
    assert_eq!((&fetch["subgraph"], &fetch["entities"]), (&"inventory".into(), &2.into()));
    assert_eq!(report["plan"]["fetches"][1]["waitsFor"], json!([1]));
    let timing = answer.header("server-timing").unwrap();
    assert!(timing.starts_with("fetch1;desc=\"products\";dur="), "{timing}");

    assert_eq!(house.query(DOCUMENT).await.json().get("extensions"), None);
    let plan = plan_of(&house, DOCUMENT).await.json();
    assert_eq!(plan["plan"], report["plan"]);
    assert_eq!(plan["plan"]["warnings"], json!([]));
    let nested = "{ topProducts { reviews { author { reviews { product { inStock } } } } } }";
    let warned = plan_of(&house, nested).await.json();
    assert_eq!(warned["plan"]["warnings"][0]["kind"], "listInList", "{warned}");
    assert!(plan["text"].as_str().unwrap().contains("waits for 1"), "{plan}");
    let wrong = plan_of(&house, "{ nobody }").await.json();
    assert!(wrong["errors"][0]["message"].as_str().unwrap().contains("nobody"), "{wrong}");
    assert_eq!(house.requests()["products"], 2);
}

#[tokio::test]
async fn without_the_query_page_nothing_of_it_answers() {
    let house = House::open().await;
    let answer = house.query_with(DOCUMENT, json!({}), &ASKED).await;
    assert_eq!(answer.json().get("extensions"), None);
    assert_eq!(plan_of(&house, DOCUMENT).await.status, 404);
    for path in ["/", "/_graphloom/status"] {
        assert_eq!(get(house.address(), path).await.status, 404);
    }
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn the_page_knows_the_path_of_the_door() {
    let ide = "graphql: { ide: true, path: /api/graphql }\n";
    let house = House::open_with(ide, Options::default()).await;
    let page = get(house.address(), "/").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("/api/graphql") && !page.text().contains("__GRAPHQL_PATH__"));
}
