//! A subgraph that dawdles or talks too much: the log names the phase and the bound.
//!
//! **Never here:** deadlines of subgraphs and of whole operations (`cancellation`).

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::client::{connect, graphql_request, send};
use crate::house::start;
use crate::stub::Stub;
use crate::wire::{error_of, folder, yaml};

/// Reads one request a connection, says these bytes, and then keeps the connection.
async fn saying(bytes: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let bytes = bytes.clone();
            tokio::spawn(async move {
                let mut buffer = vec![0; 65_536];
                while stream.read(&mut buffer).await.unwrap_or(0) > 0 {
                    let _ = stream.write_all(&bytes).await;
                }
            });
        }
    });
    address
}

/// What the log says of `{ a }` when the subgraph says these bytes.
async fn failure(scheme: &str, bytes: impl Into<Vec<u8>>, pool: &str) -> String {
    let address = saying(bytes.into()).await;
    let folder = folder();
    let yaml = yaml(&format!("{scheme}://{address}"), pool, "");
    let (gateway, log) = start(folder.path(), &yaml).await;
    let mut connection = connect(gateway.public_address).await;
    let answer = send(&mut connection, graphql_request("{ a }", json!({}), &[])).await;
    assert_eq!(answer.json()["data"], json!({ "a": null }));
    error_of(&log).await
}

const HALF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n{\"data\":";

#[tokio::test]
async fn each_phase_has_its_bound_and_its_name() {
    // It accepts the connection, but never speaks TLS.
    let connect = failure("https", "", ", timeout: { connect: 50ms }").await;
    assert!(connect.contains("within 50ms (CONNECT_TIMEOUT)"), "{connect}");
    let first = failure("http", "", ", timeout: { first_byte: 50ms }").await;
    assert!(first.contains("no answer began within 50ms (FIRST_BYTE_TIMEOUT)"), "{first}");
    let idle = failure("http", HALF, ", timeout: { first_byte: 20s, idle: 50ms }").await;
    assert!(idle.contains("no more of the answer came within 50ms (IDLE_TIMEOUT)"), "{idle}");
    let total = failure("http", HALF, ", timeout: { first_byte: 20s, total: 80ms }").await;
    assert!(total.contains("no whole answer within 80ms (TOTAL_TIMEOUT)"), "{total}");
}

#[tokio::test]
async fn who_waits_for_a_connection_is_told_so() {
    let asked = Arc::new(Notify::new());
    let has_asked = Arc::clone(&asked);
    let stub = Stub::start(move |_| {
        has_asked.notify_one();
        std::future::pending()
    })
    .await;
    let folder = folder();
    folder.write("patient.graphql", "type Query { c: Int }");
    let yaml = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\nsupergraph:\n  subgraphs:\n\
         \u{20}   only: {{ schema: only.graphql, upstream: pool, timeout: 50ms }}\n\
         \u{20}   patient: {{ schema: patient.graphql, upstream: pool }}\n\
         upstreams: {{ pool: {{ max_connections: 1, targets: [{{ url: \"http://{}\" }}] }} }}\n",
        stub.address
    );
    let (gateway, log) = start(folder.path(), &yaml).await;
    let mut patient = connect(gateway.public_address).await;
    let patient = tokio::spawn(async move {
        send(&mut patient, graphql_request("{ c }", json!({}), &[])).await;
    });
    asked.notified().await;
    let mut connection = connect(gateway.public_address).await;
    send(&mut connection, graphql_request("{ a }", json!({}), &[])).await;
    let errors = error_of(&log).await;
    let expected = "came free within 50ms; see `max_connections` (POOL_TIMEOUT)";
    assert!(errors.contains(expected), "{errors}");
    patient.abort();
}

#[tokio::test]
async fn heads_of_answers_are_bounded() {
    let body = "content-length: 2\r\n\r\n{}";
    let long = format!("HTTP/1.1 200 OK\r\nx-long: {}\r\n{body}", "x".repeat(10_000));
    let errors = failure("http", long, ", max_response_headers: 8KB").await;
    assert!(errors.contains("RESPONSE_HEADERS_TOO_LARGE"), "{errors}");
    let many: String = (0..200).map(|i| format!("x-{i}: y\r\n")).collect();
    let errors = failure("http", format!("HTTP/1.1 200 OK\r\n{many}{body}"), "").await;
    assert!(errors.contains("RESPONSE_HEADERS_TOO_LARGE"), "{errors}");
}
