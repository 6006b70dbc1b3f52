//! Connections to upstreams: kept, bounded, and replaced when the other side closed them.
//!
//! **Never here:** header rules.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::BodyExt;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::client::{connect, graphql_request, send};
use crate::folder::Folder;
use crate::house::start;
use crate::stub::{self, Stub};

const SCHEMA: &str = "type Query { a: Int } type Mutation { b: Int }";

fn yaml(address: std::net::SocketAddr, more: &str) -> String {
    format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
         supergraph: {{ subgraphs: {{ only: {{ schema: only.graphql, upstream: pool, merge: false }} }} }}\n\
         upstreams: {{ pool: {{ targets: [{{ url: \"http://{address}/\" }}]{more} }} }}\n"
    )
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("only.graphql", SCHEMA);
    folder
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let stub = Stub::start(|request| async move {
        assert_eq!(request.uri().path(), "/graphql");
        request.into_body().collect().await.unwrap();
        stub::json(&json!({ "data": { "a": 1 } }))
    })
    .await;
    let folder = folder();
    let (gateway, _) = start(folder.path(), &yaml(stub.address, "")).await;
    let mut connection = connect(gateway.public_address).await;
    for _ in 0..20 {
        let answer = send(&mut connection, graphql_request("{ a }", json!({}), &[])).await;
        assert_eq!(answer.json(), json!({ "data": { "a": 1 } }));
    }
    assert_eq!(stub.n_connections(), 1);
}

#[tokio::test]
async fn connections_to_a_target_are_bounded() {
    let n_busy = Arc::new(AtomicUsize::new(0));
    let n_most = Arc::new(AtomicUsize::new(0));
    let (busy, most) = (Arc::clone(&n_busy), Arc::clone(&n_most));
    let stub = Stub::start(move |_| {
        let (busy, most) = (Arc::clone(&busy), Arc::clone(&most));
        async move {
            most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            busy.fetch_sub(1, Ordering::SeqCst);
            stub::json(&json!({ "data": { "a": 1 } }))
        }
    })
    .await;
    let folder = folder();
    // Workers that hand connections to each other close one and open one.
    // Identical queries would be sent once.
    let yaml = yaml(stub.address, ", max_connections: 3")
        + "workers: 1\ngraphql: { merge: { subgraph_queries: false } }\n";
    let (gateway, _) = start(folder.path(), &yaml).await;
    let mut clients = JoinSet::new();
    for _ in 0..20 {
        let address = gateway.public_address;
        clients.spawn(async move {
            let mut connection = connect(address).await;
            send(&mut connection, graphql_request("{ a }", json!({}), &[])).await.json()
        });
    }
    while let Some(answer) = clients.join_next().await {
        assert_eq!(answer.unwrap(), json!({ "data": { "a": 1 } }));
    }
    assert_eq!(n_most.load(Ordering::SeqCst), 3);
    assert_eq!(stub.n_connections(), 3);
}

/// Answers the first request of each connection; closes when a second one was read, without an answer.
async fn closes_on_the_second_request() -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let n_requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&n_requests);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut buffer = vec![0; 65_536];
                for n in 0..2 {
                    if stream.read(&mut buffer).await.unwrap_or(0) == 0 {
                        return;
                    }
                    counted.fetch_add(1, Ordering::SeqCst);
                    if n == 0 {
                        let body = "{\"data\":{\"a\":1,\"b\":1}}";
                        let head =
                            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                        stream.write_all((head + body).as_bytes()).await.unwrap();
                    }
                }
            });
        }
    });
    (address, n_requests)
}

#[tokio::test]
async fn a_query_survives_a_kept_connection_that_closes_under_it() {
    let (address, n_requests) = closes_on_the_second_request().await;
    let folder = folder();
    let (gateway, _) = start(folder.path(), &yaml(address, "")).await;
    let mut connection = connect(gateway.public_address).await;
    for _ in 0..2 {
        let answer = send(&mut connection, graphql_request("{ a }", json!({}), &[])).await;
        assert_eq!(answer.json(), json!({ "data": { "a": 1 } }));
    }
    assert_eq!(n_requests.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_mutation_that_may_have_arrived_is_never_sent_again() {
    let (address, n_requests) = closes_on_the_second_request().await;
    let folder = folder();
    let (gateway, _) = start(folder.path(), &yaml(address, "")).await;
    let mut connection = connect(gateway.public_address).await;
    send(&mut connection, graphql_request("mutation { b }", json!({}), &[])).await;
    let answer = send(&mut connection, graphql_request("mutation { b }", json!({}), &[])).await;
    assert_eq!(answer.json()["data"], json!({ "b": null }));
    assert_eq!(n_requests.load(Ordering::SeqCst), 2);
}
