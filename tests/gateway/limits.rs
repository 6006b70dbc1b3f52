//! Operations and bodies beyond the limits are refused before anything is fetched.
//!
//! **Never here:** limits of routes (`routes`).

use http::Method;
use serde_json::json;
use subgraphs::Options;

use crate::client;
use crate::house::House;

const STRICT: &str = "policies: { strict: { limits: { depth: 4, tokens: 60, body: 600 } } }\napply: { graphql: [strict] }\n";

async fn code(house: &House, document: &str) -> String {
    let body = house.query(document).await.json();
    body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn depth_tokens_and_size_are_bounded() {
    let house = House::open_with(STRICT, Options::default()).await;
    assert_eq!(code(&house, "{ me { reviews { product { upc } } } }").await, "");
    let deep = "{ me { reviews { product { ...P } } } } fragment P on Product { brand { name } }";
    assert_eq!(code(&house, deep).await, "MAX_DEPTH_LIMIT");
    let long = format!("{{ {} }}", "a: __typename ".repeat(30));
    assert_eq!(code(&house, &long).await, "MAX_TOKENS_LIMIT");
    let large = format!("{{ __typename }} # {}", "x".repeat(600));
    assert_eq!(code(&house, &large).await, "REQUEST_TOO_LARGE");
}

#[tokio::test]
async fn a_recursion_bomb_is_refused() {
    let house = House::open().await;
    let bomb = format!("{}{}", "{ me ".repeat(2_000), "}".repeat(2_000));
    assert_eq!(code(&house, &bomb).await, "MAX_RECURSION_LIMIT");
    let cycle = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }";
    assert_eq!(code(&house, cycle).await, "GRAPHQL_VALIDATION_FAILED");
}

async fn batch(house: &House, body: &str) -> client::Answer {
    let headers = [("content-type", "application/json")];
    client::call(house.address(), Method::POST, "/graphql", &headers, body.to_owned()).await
}

const BATCHED: &str = "policies: { many: { limits: { batch: 3, aliases: 1 } } }\napply: { graphql: [many] }\n\
    graphql: { cost: { extensions: [estimated] } }\n";

#[tokio::test]
async fn a_batch_is_answered_in_its_order() {
    let house = House::open_with(BATCHED, Options::default()).await;
    let answer = batch(
        &house,
        r#" [{ "query": "query A { me { id } }" }, { "query": "{ a: me { id } b: me { id } }" },
        { "query": "query C($n: Int) { topProducts(first: $n) { upc } }", "variables": { "n": 1 } }]"#,
    )
    .await;
    assert_eq!(answer.status, 200);
    let body = answer.json();
    let expected =
        json!({ "data": { "me": { "id": "u1" } }, "extensions": { "cost": { "estimated": 1 } } });
    assert_eq!(body[0], expected);
    assert_eq!(body[1]["errors"][0]["extensions"]["code"], "MAX_ALIASES_LIMIT");
    assert_eq!(body[2]["data"]["topProducts"].as_array().unwrap().len(), 1);
    assert_eq!(body.as_array().unwrap().len(), 3);
    // One request, one line.
    let line = &house.request_lines(1).await[0];
    assert_eq!((&line["fetches"], &line["cost_estimated"]), (&json!(2), &json!(11)));
    assert_eq!(line["error_codes"], json!(["MAX_ALIASES_LIMIT"]));
}

#[tokio::test]
async fn a_batch_beyond_the_limit_is_refused_whole() {
    let house = House::open_with(BATCHED, Options::default()).await;
    let one = r#"{ "query": "{ me { id } }" }"#;
    let error = async |house: &House, body: &str| {
        let answer = batch(house, body).await;
        assert_eq!(answer.status, 400);
        answer.json()["errors"][0].clone()
    };
    let refused = error(&house, &format!("[{one}, {one}, {one}, {one}]")).await;
    assert_eq!(refused["message"], "the list has more than 3 requests");
    assert_eq!(refused["extensions"]["code"], "MAX_BATCH_LIMIT");
    for (body, message) in [
        ("[]", "the list has no request"),
        (r#"[{ "query": "{ me { id } }" }, {}]"#, "request 2 of the list has no `query`"),
        (r#"[{ "query": "{ me { id } }" }"#, "the body is not a list of requests: EOF"),
        ("[1]", "the body is not a list of requests: invalid type"),
        ("[] []", "the body is not a list of requests: trailing"),
    ] {
        let refused = error(&house, body).await["message"].as_str().unwrap().to_owned();
        assert!(refused.starts_with(message), "{body}: {refused}");
    }
    assert_eq!(house.requests()["accounts"], 0);
    let plain = House::open().await;
    let refused = error(&plain, &format!("[{one}]")).await;
    assert_eq!(refused["message"], "lists of requests are not taken here");
    let line = &plain.request_lines(1).await[0];
    assert_eq!(
        line["errors"][0],
        "lists of requests are not taken here: `policies.*.limits.batch`"
    );
}
