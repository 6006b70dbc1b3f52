//! Schema files and the configuration change while clients query.
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

fn edit(house: &House, from: &str, to: &str) {
    edit_file(house, "products.graphql", from, to);
}

fn configure(house: &House, from: &str, to: &str) {
    edit_file(house, "graphloom.yaml", from, to);
}

fn edit_file(house: &House, file: &str, from: &str, to: &str) {
    let text = house.folder.read(file);
    assert!(text.contains(from));
    house.folder.write(file, &text.replacen(from, to, 1));
}

/// Clients that query without a pause, and expect every answer to be whole.
struct Clients {
    stop: Arc<AtomicBool>,
    n_answers: Arc<AtomicUsize>,
    tasks: JoinSet<()>,
}

impl Clients {
    fn start(house: &House, n: usize) -> Self {
        let (stop, n_answers) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let mut tasks = JoinSet::new();
        for _ in 0..n {
            let (stop, n_answers) = (Arc::clone(&stop), Arc::clone(&n_answers));
            let address = house.address();
            tasks.spawn(async move {
                let mut connection = connect(address).await;
                while !stop.load(Ordering::Relaxed) {
                    let request =
                        graphql_request("{ topProducts(first: 2) { name } }", json!({}), &[]);
                    let answer = send(&mut connection, request).await;
                    assert_eq!(answer.status, 200);
                    assert_eq!(answer.json()["errors"], json!(null));
                    n_answers.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Self { stop, n_answers, tasks }
    }

    /// Waits until they have had a hundred more answers.
    async fn go_on(&self) {
        let seen = self.n_answers.load(Ordering::Relaxed);
        let is_more = || (self.n_answers.load(Ordering::Relaxed) > seen + 100).then_some(());
        until("clients go on", is_more).await;
    }

    async fn end(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }
}

#[tokio::test]
async fn fifty_connections_notice_nothing_but_the_new_field() {
    let house = open().await;
    let clients = Clients::start(&house, 50);
    clients.go_on().await;
    let old = house.gateway.graph.current().id.clone();
    edit(&house, "topProducts(first: Int = 5)", "topProducts(first: Int = 5, brandNew: Int)");
    until("the new graph is in force", || (house.gateway.graph.current().id != old).then_some(()))
        .await;
    clients.go_on().await;
    clients.end().await;
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
    let refused = lines(&house.diagnostics.lines, "graph refused; the old one stays in force");
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

#[tokio::test]
async fn a_changed_configuration_is_put_in_force_and_no_request_is_dropped() {
    let house = open().await;
    let clients = Clients::start(&house, 10);
    let introspection = || graphql_request("{ __schema { queryType { name } } }", json!({}), &[]);
    let mut connection = connect(house.address()).await;
    let refused = send(&mut connection, introspection()).await.json();
    assert_eq!(refused["errors"][0]["extensions"]["code"], "INTROSPECTION_DISABLED");
    assert_eq!(get(house.address(), "/orders/o1").await.status, 404);
    clients.go_on().await;
    configure(
        &house,
        "ide: true }",
        "introspection: true }\nroutes: [{ match: { path: \"/orders/{id}\" }, upstream: orders }]",
    );
    let replaced = || lines(&house.diagnostics.lines, "configuration replaced").pop();
    until("the new configuration is in force", replaced).await;
    clients.go_on().await;
    clients.end().await;
    // A connection that was open before sees the new settings too.
    let allowed = send(&mut connection, introspection()).await.json();
    assert_eq!(allowed["data"]["__schema"]["queryType"]["name"], "Query");
    assert_eq!(get(house.address(), "/orders/o1").await.status, 200);
    assert_eq!(get(house.address(), "/_graphloom/status").await.status, 404);
}

#[tokio::test]
async fn a_subgraph_that_the_configuration_adds_is_served() {
    let house = open().await;
    house.folder.write("greeter.graphql", "type Query { hello: String }");
    configure(
        &house,
        "  subgraphs:\n",
        "  subgraphs:\n    greeter: { schema: greeter.graphql, url: http://127.0.0.1:9/ }\n",
    );
    let replaced = || lines(&house.diagnostics.lines, "configuration replaced").pop();
    until("the new configuration is in force", replaced).await;
    let answer = house.query("{ hello topProducts(first: 1) { upc } }").await.json();
    assert_eq!(answer["errors"][0]["path"], json!(["hello"]), "{answer}");
    assert!(answer["data"]["topProducts"][0]["upc"].is_string(), "{answer}");
    // Its schema is watched from now on.
    let old = house.gateway.graph.current().id.clone();
    house.folder.write("greeter.graphql", "type Query { hello: String bye: String }");
    until("the new graph is in force", || (house.gateway.graph.current().id != old).then_some(()))
        .await;
}

#[tokio::test]
async fn a_wrong_configuration_leaves_the_old_one_and_says_where_until_it_is_mended() {
    let house = open().await;
    configure(&house, "ide: true", "ide: perhaps");
    let problem = until("the problem is known", || house.gateway.graph.problem()).await;
    let text = house.folder.read("graphloom.yaml");
    let line = 1 + text.lines().position(|line| line.contains("perhaps")).unwrap();
    let place = format!("graphloom.yaml:{line}:");
    let ready = get(house.address(), "/ready").await;
    assert_eq!(ready.status, 200);
    assert!(ready.json()["problem"].as_str().unwrap().contains(&place), "{}", ready.text());
    let status = get(house.address(), "/_graphloom/status").await.json();
    assert_eq!(status["problem"]["errors"][0]["line"], line, "{problem:?}");
    let refused = "configuration refused; the old one stays in force";
    let refused = lines(&house.diagnostics.lines, refused);
    assert!(refused[0]["file"].as_str().unwrap().contains(&place), "{refused:?}");
    let answer = house.query("{ topProducts(first: 1) { name } }").await.json();
    assert_eq!(answer["errors"], json!(null));
    configure(&house, "ide: perhaps", "ide: true");
    until("it is mended", || house.gateway.graph.problem().is_none().then_some(())).await;
}

#[tokio::test]
async fn an_address_that_changes_needs_a_restart_and_the_log_says_so() {
    let house = open().await;
    configure(&house, "listen: 127.0.0.1:0", "listen: 127.0.0.1:9");
    let told = || lines(&house.diagnostics.lines, "the change of this key needs a restart").pop();
    let line = until("it is told", told).await;
    assert_eq!((&line["level"], &line["key"]), (&json!("warn"), &json!("listen")));
    assert_eq!(get(house.address(), "/health").await.status, 200);
}

#[tokio::test]
async fn a_file_that_is_never_quiet_does_not_put_off_a_change() {
    let house = open().await;
    let old = house.gateway.graph.current().id.clone();
    let stop = Arc::new(AtomicBool::new(false));
    let (log, stopped) = (house.folder.path().join("busy.log"), Arc::clone(&stop));
    let busy = std::thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            std::fs::write(&log, "a line").unwrap();
        }
    });
    edit(&house, "topProducts(first: Int = 5)", "topProducts(first: Int = 5, brandNew: Int)");
    let is_new = || (house.gateway.graph.current().id != old).then_some(());
    until("the new graph is in force", is_new).await;
    stop.store(true, Ordering::Relaxed);
    busy.join().unwrap();
}
