//! Operations and bodies beyond the limits are refused before anything is fetched.
//!
//! **Never here:** limits of routes (`routes`).

use subgraphs::Options;

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
