//! A client that goes away takes its upstream requests with it; a deadline ends them too.
//!
//! **Never here:** draining.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::client::{connect, graphql_request, send};
use crate::folder::Folder;
use crate::house::{lines, start, until};
use crate::stub::Stub;

/// Counts the requests that are being answered.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn hanging() -> (Stub, Arc<AtomicUsize>) {
    let n_waiting = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&n_waiting);
    let stub = Stub::start(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        let waiting = Waiting(Arc::clone(&counted));
        async move {
            let _waiting = waiting;
            std::future::pending().await
        }
    })
    .await;
    (stub, n_waiting)
}

fn yaml(stub: &Stub, subgraph: &str) -> String {
    format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
         supergraph: {{ subgraphs: {{ only: {{ schema: only.graphql, url: \"http://{}/\"{subgraph} }} }} }}\n",
        stub.address
    )
}

#[tokio::test]
async fn when_the_client_goes_the_subgraph_is_told() {
    let (stub, n_waiting) = hanging().await;
    let folder = Folder::new();
    folder.write("only.graphql", "type Query { a: Int }");
    let (gateway, log) = start(folder.path(), &yaml(&stub, "")).await;
    let mut connection = connect(gateway.public_address).await;
    let asking = tokio::spawn(async move {
        send(&mut connection, graphql_request("{ a }", json!({}), &[])).await;
    });
    until("the subgraph is asked", || (n_waiting.load(Ordering::SeqCst) == 1).then_some(())).await;
    asking.abort();
    let _ = asking.await;
    until("the subgraph knows", || (n_waiting.load(Ordering::SeqCst) == 0).then_some(())).await;
    let line = until("the line is written", || lines(&log, "request").pop()).await;
    assert_eq!((&line["aborted"], &line["status"]), (&true.into(), &499.into()));
}

#[tokio::test]
async fn a_subgraph_that_is_too_slow_costs_only_its_fields() {
    let (stub, n_waiting) = hanging().await;
    let folder = Folder::new();
    folder.write("only.graphql", "type Query { a: Int }");
    let (gateway, _log) = start(folder.path(), &yaml(&stub, ", timeout: 100ms")).await;
    let mut connection = connect(gateway.public_address).await;
    let answer =
        send(&mut connection, graphql_request("{ a b: __typename }", json!({}), &[])).await;
    let body = answer.json();
    assert_eq!(body["data"], json!({ "a": null, "b": "Query" }), "{body}");
    assert_eq!(body["errors"][0]["extensions"]["code"], "GATEWAY_TIMEOUT");
    until("the subgraph knows", || (n_waiting.load(Ordering::SeqCst) == 0).then_some(())).await;
}
