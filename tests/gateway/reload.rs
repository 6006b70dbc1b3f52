//! Schema files change while clients query.
//!
//! **Never here:** composition rules.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;
use tokio::task::JoinSet;

use crate::client::{connect, get, graphql_request, send};
use crate::house::{House, lines, until};

const IDE: &str = "graphql: { ide: true }\n";

async fn open() -> House {
    House::open_with(IDE, subgraphs::Options::default()).await
}

/// A folder of the same name in the checkout cannot be reloaded; the copy of the test can.
fn edit(house: &House, from: &str, to: &str) {
    let text = house.folder.read("products.graphql");
    assert!(text.contains(from));
    house.folder.write("products.graphql", &text.replacen(from, to, 1));
}

#[tokio::test]
async fn fifty_connections_notice_nothing_but_the_new_field() {
    let house = open().await;
    let stop = Arc::new(AtomicBool::new(false));
    let n_answers = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..50 {
        let (stop, n_answers) = (Arc::clone(&stop), Arc::clone(&n_answers));
        let address = house.address();
        clients.spawn(async move {
            let mut connection = connect(address).await;
            while !stop.load(Ordering::Relaxed) {
                let request = graphql_request("{ topProducts(first: 2) { name } }", json!({}), &[]);
                let answer = send(&mut connection, request).await;
                assert_eq!(answer.status, 200);
                assert_eq!(answer.json()["errors"], json!(null));
                n_answers.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    until("clients query", || (n_answers.load(Ordering::Relaxed) > 100).then_some(())).await;
    let old = house.gateway.graph.current().id.clone();
    edit(&house, "topProducts(first: Int = 5)", "topProducts(first: Int = 5, brandNew: Int)");
    until("the new graph is in force", || (house.gateway.graph.current().id != old).then_some(()))
        .await;
    let seen = n_answers.load(Ordering::Relaxed);
    until("clients go on", || (n_answers.load(Ordering::Relaxed) > seen + 100).then_some(())).await;
    stop.store(true, Ordering::Relaxed);
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    let answer = house.query("query($n: Int) { topProducts(brandNew: $n) { name } }").await;
    assert!(!answer.text().contains("VALIDATION"), "{}", answer.text());
}

#[tokio::test]
async fn a_broken_edit_leaves_the_old_graph_and_says_where_and_why_until_it_is_mended() {
    let house = open().await;
    let graph = house.gateway.graph.current().id.clone();
    edit(&house, "brand: Brand\n", "brand: Brandy\n");
    let problem = until("the problem is known", || house.gateway.graph.problem()).await;
    assert!(problem.errors[0].message.contains("Brandy"), "{problem:?}");

    let status = get(house.address(), "/_graphloom/status").await.json();
    assert_eq!(status["graph"]["id"], graph);
    let error = &status["problem"]["errors"][0];
    assert!(error["file"].as_str().unwrap().ends_with("products.graphql"), "{status}");
    assert!(error["line"].is_u64() && error["column"].is_u64(), "{status}");
    assert!(error["sourceLine"].as_str().unwrap().contains("Brandy"));
    let ready = get(house.address(), "/ready").await;
    assert_eq!(ready.status, 200);
    assert!(ready.json()["problem"].is_string());
    let refused = lines(&house.log, "graph refused; the old one stays in force");
    assert!(refused[0]["file"].as_str().unwrap().contains("products.graphql:"), "{refused:?}");
    assert_eq!(
        house.query("{ topProducts(first: 1) { name } }").await.json()["errors"],
        json!(null)
    );

    edit(&house, "brand: Brandy\n", "brand: Brand\n");
    until("it is mended", || house.gateway.graph.problem().is_none().then_some(())).await;
    assert_eq!(house.gateway.graph.current().id, graph);
    assert_eq!(get(house.address(), "/_graphloom/status").await.json()["problem"], json!(null));
}

#[tokio::test]
async fn a_replaced_graph_is_dropped_with_everything_prepared_for_it() {
    let house = open().await;
    house.query("{ topProducts(first: 1) { name } }").await;
    let old = Arc::downgrade(&house.gateway.graph.current());
    edit(&house, "topProducts(first: Int = 5)", "topProducts(first: Int = 6)");
    until("the old graph is gone", || (old.strong_count() == 0).then_some(())).await;
    // What was used on the old graph is prepared on the new one before anybody asks.
    let metrics = get(house.gateway.admin_address, "/metrics").await.text();
    assert!(metrics.contains("graphloom_prepared_operations 1"), "{metrics}");
}
