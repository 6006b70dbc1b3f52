//! Tests that mutations change what is read afterwards, and refuse what makes no sense.
//!
//! **In:** mutations.
//! **Out:** the changed data; errors.
//!
//! **Never here:** `POST` of the REST service (`orders`).

use serde_json::json;
use subgraphs::Service;

use crate::client::{data, post, start_only};

#[tokio::test]
async fn a_renamed_user_stays_renamed_over_a_restart() {
    let running = start_only(Service::Accounts).await;
    let server = running.server(Service::Accounts);
    let mutation = "mutation { a: rename(id: \"u1\", name: \"Eve\") { name } b: rename(id: \"u0\", name: \"\") { id } }";
    let renamed = data(server, mutation, json!({})).await;
    assert_eq!(renamed, json!({ "a": { "name": "Eve" }, "b": null }));
    server.stop().await;
    server.restart().await.unwrap();
    let me = data(server, "{ me { name } }", json!({})).await;
    assert_eq!(me, json!({ "me": { "name": "Eve" } }));
}

#[tokio::test]
async fn an_added_review_is_found_from_all_sides() {
    let running = start_only(Service::Reviews).await;
    let server = running.server(Service::Reviews);
    let mutation = "mutation($input: AddReviewInput!) {
        addReview(input: $input) { id body product { reviews { id } } author { reviews { id } } }
    }";
    let input = json!({ "upc": "p3", "author": "u4", "rating": 5 });
    let added = data(server, mutation, json!({ "input": input })).await["addReview"].clone();
    assert_eq!(added["body"], "");
    for side in ["product", "author"] {
        let reviews = added[side]["reviews"].as_array().unwrap();
        assert_eq!(reviews.last().map(|review| &review["id"]), Some(&added["id"]), "{side}");
    }
    let newest = data(server, "{ recentReviews(first: 1) { id } }", json!({})).await;
    assert_eq!(newest["recentReviews"][0]["id"], added["id"]);

    for wrong in [
        json!({ "upc": "p0", "author": "u4", "rating": 5 }),
        json!({ "upc": "p3", "author": "u0", "rating": 5 }),
        json!({ "upc": "p3", "author": "u4", "rating": 6 }),
    ] {
        let (_, response) = post(server, mutation, json!({ "input": wrong })).await;
        assert_eq!(response["errors"][0]["path"], json!(["addReview"]), "{response}");
    }
}
