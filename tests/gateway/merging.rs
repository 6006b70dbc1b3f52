//! Identical queries of one moment: sent once to a subgraph, and if so configured executed once.
//!
//! **Never here:** batching inside one operation (`fixtures/plans`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::client::{Answer, connect, get, graphql_request, send};
use crate::folder::Folder;
use crate::house::{start, until};
use crate::stub::{self, Stub};

const SCHEMA: &str = "type Query { a: String b(n: Int): String } type Mutation { change: String }";

/// A gateway before one subgraph, which answers when it is told to.
struct Held {
    gateway: graphloom::Running,
    subgraph: Stub,
    /// Requests that the subgraph has had, and those that it is still to answer.
    n_requests: Arc<AtomicUsize>,
    n_waiting: Arc<AtomicUsize>,
    go: Arc<Semaphore>,
    _folder: Folder,
}

struct Waits(Arc<AtomicUsize>);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Held {
    async fn open(own: &str, more: &str) -> Self {
        let data = json!({ "data": { "a": "x", "b": "y", "change": "z" } });
        Self::answering(own, more, move |_| stub::json(&data)).await
    }

    async fn answering(
        own: &str,
        more: &str,
        answer: impl Fn(&Request<Incoming>) -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
    ) -> Self {
        let (n_requests, n_waiting) = (Arc::<AtomicUsize>::default(), Arc::default());
        let go = Arc::new(Semaphore::new(0));
        let (counted, waiting, gate) =
            (Arc::clone(&n_requests), Arc::<AtomicUsize>::clone(&n_waiting), Arc::clone(&go));
        let subgraph = Stub::start(move |request| {
            counted.fetch_add(1, Ordering::SeqCst);
            waiting.fetch_add(1, Ordering::SeqCst);
            let (waits, gate) = (Waits(Arc::clone(&waiting)), Arc::clone(&gate));
            let answer = answer.clone();
            async move {
                let _waits = waits;
                // Closed: everyone may go.
                let _ = gate.acquire().await;
                answer(&request)
            }
        })
        .await;
        let folder = Folder::new();
        folder.write("only.graphql", SCHEMA);
        let yaml = format!(
            "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\nsupergraph: {{ subgraphs: {{ \
             only: {{ schema: only.graphql, url: \"http://{}/\"{own} }} }} }}\n{more}",
            subgraph.address
        );
        let (gateway, _) = start(folder.path(), &yaml).await;
        Self { gateway, subgraph, n_requests, n_waiting, go, _folder: folder }
    }

    /// A client of its own that asks.
    fn ask(
        &self,
        document: &str,
        variables: Value,
        headers: &[(&str, &str)],
    ) -> JoinHandle<Answer> {
        let address = self.gateway.public_address;
        let request = graphql_request(document, variables, headers);
        tokio::spawn(async move { send(&mut connect(address).await, request).await })
    }

    fn go(&self) {
        self.go.close();
    }

    fn n_requests(&self) -> usize {
        self.n_requests.load(Ordering::SeqCst)
    }

    async fn asked(&self, n: usize) {
        until("the subgraph is asked", || (self.n_requests() == n).then_some(())).await;
    }

    /// Waits until a counter has reached a number.
    async fn counted(&self, counter: &str, n: usize) {
        let line = format!("{counter} {n}");
        let counted = async {
            loop {
                let metrics = get(self.gateway.admin_address, "/metrics").await.text();
                if metrics.lines().any(|found| found == line) {
                    return;
                }
            }
        };
        let time = std::time::Duration::from_secs(20);
        assert!(tokio::time::timeout(time, counted).await.is_ok(), "waited in vain for {line}");
    }

    async fn joined(&self, n: usize) {
        self.counted(SUBGRAPH_QUERIES, n).await;
    }
}

const SUBGRAPH_QUERIES: &str = "graphloom_merged_subgraph_queries_total{upstream=\"only\"}";
const CLIENT_QUERIES: &str = "graphloom_merged_client_queries_total";
const FORWARDING: &str = "headers: { request: [{ forward: authorization }] }\n";
const MERGING_CLIENTS: &str =
    "graphql: { merge: { subgraph_queries: false, client_queries: true } }\n";

fn data(answer: &Answer) -> Value {
    let body = answer.json();
    assert_eq!(body["errors"], json!(null), "{body}");
    body["data"].clone()
}

#[tokio::test]
async fn identical_queries_to_a_subgraph_are_sent_once() {
    let held = Held::open("", "").await;
    let first = held.ask("{ a }", json!({}), &[("x-request-id", "r1")]);
    held.asked(1).await;
    let others = [(); 9].map(|()| held.ask("{ a }", json!({}), &[]));
    held.joined(9).await;
    held.go();
    assert_eq!(data(&first.await.unwrap()), json!({ "a": "x" }));
    for other in others {
        assert_eq!(data(&other.await.unwrap()), json!({ "a": "x" }));
    }
    assert_eq!(held.n_requests(), 1);
}

#[tokio::test]
async fn who_is_forwarded_with_other_credentials_is_asked_for_alone() {
    let held = Held::open("", FORWARDING).await;
    let one = held.ask("{ a }", json!({}), &[("authorization", "one")]);
    held.asked(1).await;
    let two = held.ask("{ a }", json!({}), &[("authorization", "two")]);
    held.asked(2).await;
    let none = held.ask("{ a }", json!({}), &[]);
    held.asked(3).await;
    let again = held.ask("{ a }", json!({}), &[("authorization", "one")]);
    held.joined(1).await;
    held.go();
    for asked in [one, two, none, again] {
        assert_eq!(data(&asked.await.unwrap()), json!({ "a": "x" }));
    }
    assert_eq!(held.n_requests(), 3);
}

#[tokio::test]
async fn a_header_that_a_rule_speaks_of_counts_though_it_names_the_request() {
    let held = Held::open("", "headers: { request: [{ forward: traceparent }] }\n").await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let one = held.ask("{ a }", json!({}), &[]);
    held.asked(1).await;
    let two = held.ask("{ a }", json!({}), &[("traceparent", trace)]);
    held.asked(2).await;
    held.go();
    data(&one.await.unwrap());
    data(&two.await.unwrap());
}

#[tokio::test]
async fn an_answer_that_sets_a_cookie_is_for_one_client_alone() {
    let answer = |_: &Request<Incoming>| {
        let mut response = stub::json(&json!({ "data": { "a": "x" } }));
        let cookie = http::HeaderValue::from_static("session=1");
        response.headers_mut().insert("set-cookie", cookie);
        response
    };
    for (more, counter) in [("", SUBGRAPH_QUERIES), (MERGING_CLIENTS, CLIENT_QUERIES)] {
        let held = Held::answering("", more, answer).await;
        let first = held.ask("{ a }", json!({}), &[]);
        held.asked(1).await;
        let others = [held.ask("{ a }", json!({}), &[]), held.ask("{ a }", json!({}), &[])];
        held.counted(counter, 2).await;
        held.go();
        data(&first.await.unwrap());
        for other in others {
            data(&other.await.unwrap());
        }
        assert_eq!(held.n_requests(), 3, "{more}");
    }
}

#[tokio::test]
async fn mutations_are_never_merged() {
    for more in ["", MERGING_CLIENTS] {
        let held = Held::open("", more).await;
        let asked = [(); 3].map(|()| held.ask("mutation { change }", json!({}), &[]));
        held.asked(3).await;
        held.go();
        for asked in asked {
            assert_eq!(data(&asked.await.unwrap()), json!({ "change": "z" }));
        }
    }
}

#[tokio::test]
async fn a_client_that_goes_does_not_take_the_answer_from_the_others() {
    for (more, counter) in [("", SUBGRAPH_QUERIES), (MERGING_CLIENTS, CLIENT_QUERIES)] {
        let held = Held::open("", more).await;
        let first = held.ask("{ a }", json!({}), &[]);
        held.asked(1).await;
        let second = held.ask("{ a }", json!({}), &[]);
        held.counted(counter, 1).await;
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        // The gateway knows that it has gone: one request is left, and the one for this number.
        held.counted("http_server_active_requests", 2).await;
        let third = held.ask("{ a }", json!({}), &[]);
        held.counted(counter, 2).await;
        assert_eq!(held.n_waiting.load(Ordering::SeqCst), 1);
        held.go();
        assert_eq!(data(&second.await.unwrap()), json!({ "a": "x" }));
        assert_eq!(data(&third.await.unwrap()), json!({ "a": "x" }));
        assert_eq!((held.n_requests(), held.subgraph.n_connections()), (1, 1), "{more}");
    }
}

#[tokio::test]
async fn when_all_clients_have_gone_the_subgraph_is_told() {
    for (more, counter) in [("", SUBGRAPH_QUERIES), (MERGING_CLIENTS, CLIENT_QUERIES)] {
        let held = Held::open("", more).await;
        let first = held.ask("{ a }", json!({}), &[]);
        held.asked(1).await;
        let second = held.ask("{ a }", json!({}), &[]);
        held.counted(counter, 1).await;
        first.abort();
        second.abort();
        let is_told = || (held.n_waiting.load(Ordering::SeqCst) == 0).then_some(());
        until("the subgraph knows", is_told).await;
        assert_eq!(held.n_requests(), 1);
    }
}

#[tokio::test]
async fn merging_can_be_turned_off_for_all_and_for_one() {
    let off = "graphql: { merge: { subgraph_queries: false } }\n";
    for (own, more, expected) in
        [("", off, 2), (", merge: false", "", 2), (", merge: true", off, 1)]
    {
        let held = Held::open(own, more).await;
        let first = held.ask("{ a }", json!({}), &[]);
        held.asked(1).await;
        let second = held.ask("{ a }", json!({}), &[]);
        match expected {
            1 => held.joined(1).await,
            _ => held.asked(2).await,
        }
        held.go();
        data(&first.await.unwrap());
        data(&second.await.unwrap());
        assert_eq!(held.n_requests(), expected, "{own} {more}");
    }
}

#[tokio::test]
async fn identical_queries_of_clients_are_executed_once_if_so_configured() {
    let held = Held::open("", MERGING_CLIENTS).await;
    let document = "query($n: Int) { a b(n: $n) }";
    let first = held.ask(document, json!({ "n": 1 }), &[("x-unread", "1")]);
    held.asked(1).await;
    let same = [(); 4].map(|()| held.ask(document, json!({ "n": 1 }), &[("x-unread", "2")]));
    held.counted(CLIENT_QUERIES, 4).await;
    let other_value = held.ask(document, json!({ "n": 2 }), &[]);
    held.asked(2).await;
    let accept = [("accept", "application/graphql-response+json")];
    let other_type = held.ask(document, json!({ "n": 1 }), &accept);
    held.asked(3).await;
    held.go();
    for asked in [first, other_value, other_type].into_iter().chain(same) {
        assert_eq!(data(&asked.await.unwrap()), json!({ "a": "x", "b": "y" }));
    }
    assert_eq!(held.n_requests(), 3);
}

#[tokio::test]
async fn what_any_rule_reads_of_a_client_keeps_its_query_apart() {
    let rules = [
        "headers: { request: [{ forward: x-who }] }\n",
        "headers: { request: [{ set: x-a, value: 'request.headers[\"x-who\"]' }] }\n",
        "headers: { response: [{ set: x-a, value: 'request.headers[\"x-who\"]' }] }\n",
    ];
    for rule in rules {
        let held = Held::open("", &format!("{MERGING_CLIENTS}{rule}")).await;
        let one = held.ask("{ a }", json!({}), &[("x-who", "1")]);
        held.asked(1).await;
        let two = held.ask("{ a }", json!({}), &[("x-who", "2")]);
        held.asked(2).await;
        let again = held.ask("{ a }", json!({}), &[("x-who", "1")]);
        held.counted(CLIENT_QUERIES, 1).await;
        held.go();
        for asked in [one, two, again] {
            data(&asked.await.unwrap());
        }
        assert_eq!(held.n_requests(), 2, "{rule}");
    }
}
