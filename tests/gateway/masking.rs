//! What clients learn of subgraphs' errors: by default little; the log has it all.
//!
//! **Never here:** errors of transport (`killed_subgraph`).

use serde_json::json;
use subgraphs::Options;

use crate::house::House;

const BAD_REVIEW: &str =
    "mutation { added: addReview(input: { upc: \"p1\", author: \"u1\", rating: 9 }) { id } }";

#[tokio::test]
async fn a_message_of_a_subgraph_is_kept_for_the_log() {
    let house = House::open().await;
    let masked = house.query(BAD_REVIEW).await.json();
    let error = &masked["errors"][0];
    assert_eq!(error["path"], json!(["added"]), "{masked}");
    assert!(!error["message"].as_str().unwrap().contains("rating"), "{masked}");
    let line = house.request_lines(1).await.remove(0);
    assert!(line["errors"][0].as_str().unwrap().contains("rating"), "{line}");

    let open = House::open_with("graphql: { errors: { mask: false } }\n", Options::default()).await;
    let shown = open.query(BAD_REVIEW).await.json();
    assert!(shown["errors"][0]["message"].as_str().unwrap().contains("rating"), "{shown}");
}
