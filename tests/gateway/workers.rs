//! Workers: clients are dealt to them evenly, each has connections of its own, and none starves another.
//!
//! **Never here:** how one pool keeps its connections (`pool`).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use graphloom::config::Settings;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::client::{Connection, connect, graphql_request, send};
use crate::house::start;
use crate::stub::{self, Stub};
use crate::wire::{folder, yaml};

async fn ask(connection: &mut Connection) {
    let answer = send(connection, graphql_request("{ a }", json!({}), &[])).await;
    assert_eq!(answer.json(), json!({ "data": { "a": 1 } }));
}

/// A subgraph, and the most requests that it ever had at a time.
async fn counting() -> (Stub, Arc<AtomicUsize>) {
    let n_busy = Arc::new(AtomicUsize::new(0));
    let n_most = Arc::new(AtomicUsize::new(0));
    let most = Arc::clone(&n_most);
    let stub = Stub::start(move |_| {
        let (busy, most) = (Arc::clone(&n_busy), Arc::clone(&most));
        async move {
            most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // Lets the others come.
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            busy.fetch_sub(1, Ordering::SeqCst);
            stub::json(&json!({ "data": { "a": 1 } }))
        }
    })
    .await;
    (stub, n_most)
}

#[tokio::test]
async fn clients_are_dealt_evenly_and_each_worker_keeps_to_its_own_connection() {
    let (stub, _) = counting().await;
    let folder = folder();
    let yaml = yaml(&format!("http://{}", stub.address), "", "workers: 3\n");
    let (gateway, _) = start(folder.path(), &yaml).await;
    let mut clients = Vec::new();
    for _ in 0..6 {
        clients.push(connect(gateway.public_address).await);
    }
    for _ in 0..3 {
        for client in &mut clients {
            ask(client).await;
        }
    }
    // One request at a time: each worker needed one, and none was used by another.
    assert_eq!(stub.n_connections(), 3);
}

#[tokio::test]
async fn one_connection_is_enough_for_many_workers() {
    let (stub, n_most) = counting().await;
    let folder = folder();
    let url = format!("http://{}", stub.address);
    let yaml = yaml(&url, ", max_connections: 1", "workers: 3\n");
    let (gateway, _) = start(folder.path(), &yaml).await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(connect(gateway.public_address).await);
    }
    // What one worker leaves idle, another takes.
    for _ in 0..3 {
        for client in &mut clients {
            ask(client).await;
        }
    }
    assert_eq!(n_most.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_bound_holds_over_all_workers_and_nobody_waits_for_ever() {
    for (n_workers, max) in [(4, 2), (2, 3), (2, 8)] {
        let (stub, n_most) = counting().await;
        let folder = folder();
        let url = format!("http://{}", stub.address);
        let pool = format!(", max_connections: {max}");
        let yaml = yaml(&url, &pool, &format!("workers: {n_workers}\n"));
        let (gateway, _) = start(folder.path(), &yaml).await;
        let mut clients = JoinSet::new();
        for _ in 0..24 {
            let address = gateway.public_address;
            clients.spawn(async move {
                let mut connection = connect(address).await;
                for _ in 0..5 {
                    ask(&mut connection).await;
                }
            });
        }
        while let Some(ended) = clients.join_next().await {
            ended.unwrap();
        }
        let n_most = n_most.load(Ordering::SeqCst);
        assert!((1..=max).contains(&n_most), "{n_workers} workers, at most {max}: {n_most}");
    }
}

#[tokio::test]
async fn what_is_dropped_is_cut_off() {
    let (stub, _) = counting().await;
    let folder = folder();
    let (gateway, _) =
        start(folder.path(), &yaml(&format!("http://{}", stub.address), "", "")).await;
    let mut client = connect(gateway.public_address).await;
    ask(&mut client).await;
    drop(gateway);
    // The connection ends by itself, without another request.
    crate::house::until("the client is cut off", || client.is_closed().then_some(())).await;
}

#[tokio::test]
async fn a_client_that_dawdles_over_its_headers_is_cut_off() {
    let (stub, _) = counting().await;
    let folder = folder();
    let url = format!("http://{}", stub.address);
    let yaml = yaml(&url, "", "limits: { header_timeout: 60ms }\n");
    let (gateway, _) = start(folder.path(), &yaml).await;
    // One never begins, one begins and does not end, one has asked and asks no more.
    let mut silent = TcpStream::connect(gateway.public_address).await.unwrap();
    let mut slow = TcpStream::connect(gateway.public_address).await.unwrap();
    slow.write_all(b"GET /health HTTP/1.1\r\nhost:").await.unwrap();
    let mut quiet = TcpStream::connect(gateway.public_address).await.unwrap();
    quiet.write_all(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut said = Vec::new();
    quiet.read_to_end(&mut said).await.unwrap();
    assert!(said.starts_with(b"HTTP/1.1 200 OK"), "{}", String::from_utf8_lossy(&said));
    slow.read_to_end(&mut said).await.unwrap();
    silent.read_to_end(&mut said).await.unwrap();
}

#[test]
fn a_number_of_workers_that_cannot_serve_is_refused() {
    let read = |n: &str| {
        let text = format!("workers: {n}\nsupergraph: {{ file: s.graphql }}\n");
        Settings::read(Path::new("graphloom.yaml"), &text, &|_| None)
    };
    let refused = read("0").unwrap_err().to_string();
    assert!(refused.contains("0 workers cannot serve"), "{refused}");
    assert!(refused.contains("graphloom.yaml:1:"), "{refused}");
    assert_eq!(read("3").unwrap().workers.get(), 3);
}
