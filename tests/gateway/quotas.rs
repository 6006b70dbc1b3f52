//! Quotas survive the process; bounds on requests under way hold until answers have ended; what a broken
//! request has paid.
//!
//! **Never here:** rates (`rate_limits`), Redis (`shared_limits`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use subgraphs::Options;
use tokio::sync::Semaphore;

use crate::client::{Answer, call, connect, get, graphql_request, send};
use crate::folder::Folder;
use crate::house::{House, lines, start, until};
use crate::process::Process;
use crate::stub::{self, Stub};

const QUOTA: &str = r#"
policies:
  plan: { quota: { key: 'request.headers["x-tenant"]', windows: [{ cost: 100, per: day }, { cost: 1000, per: month }] } }
apply: { all: [plan] }
"#;

/// What is left in the windows of an answer.
fn left(answer: &Answer) -> Vec<u64> {
    let field = answer.header("ratelimit").expect("the answer tells what is left");
    let number = |item: &str| item.split("r=").nth(1)?.split(';').next()?.parse().ok();
    field.split(", ").map(|item| number(item).unwrap_or_else(|| panic!("{field}"))).collect()
}

#[tokio::test]
async fn both_doors_pay_quotas_and_the_next_gateway_goes_on_with_them() {
    let routes = "routes: [{ match: { path: \"/orders/{id}\" }, upstream: orders, cost: 30 }]\n";
    let house = House::open_with(&format!("{QUOTA}{routes}"), Options::default()).await;
    let answer = get(house.address(), "/orders/o1").await;
    assert_eq!(left(&answer), [70, 970]);
    let policy = answer.header("ratelimit-policy").unwrap().to_owned();
    assert_eq!(policy, "\"plan-day\";q=100;w=86400, \"plan-month\";q=1000;w=2678400");
    let answer = house.query("{ me { name } }").await;
    let after = left(&answer);
    assert!(after[0] < 70 && after[1] == after[0] + 900, "{after:?}");
    assert_eq!(left(&get(house.address(), "/orders/o1").await), [after[0] - 30, after[1] - 30]);
    assert_eq!(get(house.address(), "/orders/o1").await.status, 200);
    let answer = get(house.address(), "/orders/o1").await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["code"].clone()),
        (429, json!("QUOTA_EXCEEDED"))
    );
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=86_400).contains(&wait), "{wait}");
    let spent = left(&answer);
    let House { gateway, folder, .. } = house;
    let yaml = folder.read("graphloom.yaml");
    drop(gateway);
    let again = until("the file is free", || folder_is_free(&folder).then_some(())).await;
    let () = again;
    let (gateway, _log) = start(folder.path(), &yaml).await;
    assert_eq!(left(&get(gateway.public_address, "/orders/o1").await), spent);
}

fn folder_is_free(folder: &Folder) -> bool {
    let file = std::fs::File::open(folder.path().join("graphloom.quotas")).unwrap();
    file.try_lock().is_ok()
}

/// A subgraph that answers at once, and a gateway of its own process with a quota before it.
async fn guarded() -> (Stub, Folder) {
    let stub = Stub::start(|request| async move {
        request.into_body().collect().await.unwrap();
        stub::json(&json!({ "data": { "a": 1 } }))
    })
    .await;
    let folder = Folder::new();
    folder.write("only.graphql", "type Query { a: Int }");
    let yaml = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\nworkers: 2\n\
         supergraph: {{ subgraphs: {{ only: {{ schema: only.graphql, url: \"http://{0}/\" }} }} }}\n\
         upstreams: {{ only: {{ targets: [{{ url: \"http://{0}\" }}] }} }}\n\
         policies: {{ plan: {{ quota: {{ windows: [{{ cost: 100000, per: month }}] }} }} }}\n\
         apply: {{ all: [plan] }}\n\
         routes: [{{ match: {{ path: /only }}, upstream: only, cost: 7 }}]\n",
        stub.address
    );
    folder.write("graphloom.yaml", &yaml);
    (stub, folder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_stays_spent_when_the_process_is_killed() {
    let (_stub, folder) = guarded().await;
    let mut process = Process::serve(&folder, &[]);
    let n_answered = Arc::new(AtomicUsize::new(0));
    let address = process.address;
    let clients = (0..4).map(|_| {
        let n_answered = Arc::clone(&n_answered);
        tokio::spawn(async move {
            let mut n_sent = 0_u64;
            loop {
                let Some(answer) = may_ask(address).await else { return n_sent };
                assert_eq!(answer, 200);
                n_sent += 1;
                n_answered.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    until("a hundred were answered", || (n_answered.load(Ordering::Relaxed) > 100).then_some(()))
        .await;
    process.kill();
    let mut n_known = 0;
    for client in clients {
        n_known += client.await.unwrap();
    }
    let process = Process::serve(&folder, &[]);
    let left = left(&get(process.address, "/only").await)[0];
    // One a client may have been paid and not answered; the last is the one that asked.
    let spent = 100_000 - left - 7;
    assert!(spent >= 7 * n_known, "{spent} of at least {}", 7 * n_known);
    assert!(spent <= 7 * (n_known + 4), "{spent} of at most {}", 7 * (n_known + 4));
}

/// The status of an answer; none when the gateway is gone.
async fn may_ask(address: std::net::SocketAddr) -> Option<u16> {
    let stream = tokio::net::TcpStream::connect(address).await.ok()?;
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.ok()?;
    tokio::spawn(connection);
    let body = http_body_util::Empty::<bytes::Bytes>::new();
    let request = http::Request::get("/only").header("host", "a").body(body).unwrap();
    let answer = sender.send_request(request).await.ok()?;
    let status = answer.status().as_u16();
    answer.into_body().collect().await.ok()?;
    Some(status)
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_told_at_the_start() {
    let folder = Folder::new();
    folder.write("only.graphql", "type Query { a: Int }");
    folder.write("graphloom.quotas", "what somebody else wrote");
    let yaml = "listen: 127.0.0.1:0\nadmin: { listen: 127.0.0.1:0 }\n\
         supergraph: { subgraphs: { only: { schema: only.graphql, url: http://127.0.0.1:9/ } } }\n\
         policies: { plan: { quota: { windows: [{ cost: 1, per: day }] } } }\napply: { all: [plan] }\n";
    folder.write("graphloom.yaml", yaml);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_graphloom"))
        .args(["serve", "--config"])
        .arg(folder.path().join("graphloom.yaml"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("policies.plan") && said.contains("is not one of quotas"), "{said}");
}

/// An upstream that answers each request when it is let, and says how many wait.
async fn gate() -> (Stub, Arc<AtomicUsize>, Arc<Semaphore>) {
    let (n_waiting, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let (counted, held) = (Arc::clone(&n_waiting), Arc::clone(&gate));
    let stub = Stub::start(move |request| {
        let (counted, held) = (Arc::clone(&counted), Arc::clone(&held));
        async move {
            let is_root = !request.headers().contains_key("x-now");
            request.into_body().collect().await.unwrap();
            if is_root {
                counted.fetch_add(1, Ordering::SeqCst);
                held.acquire().await.unwrap().forget();
                counted.fetch_sub(1, Ordering::SeqCst);
            }
            stub::json(&json!({ "data": { "a": 1 } }))
        }
    })
    .await;
    (stub, n_waiting, gate)
}

fn bounded(stub: &Stub, bound: &str) -> String {
    format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
         supergraph: {{ subgraphs: {{ only: {{ schema: only.graphql, url: \"http://{0}/\" }} }} }}\n\
         upstreams: {{ only: {{ targets: [{{ url: \"http://{0}\" }}] }} }}\n\
         policies: {{ few: {{ concurrency: {bound} }} }}\napply: {{ all: [few] }}\n\
         routes: [{{ match: {{ path: /only }}, upstream: only, headers: {{ request: [{{ forward: x-now }}] }} }}]\n",
        stub.address
    )
}

#[tokio::test]
async fn requests_under_way_are_bounded_for_all_together() {
    let (stub, n_waiting, gate) = gate().await;
    let folder = Folder::new();
    folder.write("only.graphql", "type Query { a: Int }");
    let (gateway, log) = start(folder.path(), &bounded(&stub, "{ max: 3 }")).await;
    let address = gateway.public_address;
    let mut running = Vec::new();
    for _ in 0..2 {
        running.push(tokio::spawn(async move { get(address, "/only").await.status.as_u16() }));
    }
    running.push(tokio::spawn(async move {
        let request = graphql_request("{ a }", json!({}), &[]);
        send(&mut connect(address).await, request).await.status.as_u16()
    }));
    until("three are under way", || (n_waiting.load(Ordering::SeqCst) == 3).then_some(())).await;
    let answer = call(address, Method::GET, "/only", &[("x-now", "1")], "").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["code"], "CONCURRENCY_LIMITED");
    assert_eq!(answer.header("retry-after"), Some("1"));
    let request = graphql_request("{ a }", json!({}), &[]);
    let answer = send(&mut connect(address).await, request).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "CONCURRENCY_LIMITED");
    gate.add_permits(3);
    for one in running {
        assert_eq!(one.await.unwrap(), 200);
    }
    let freed = async {
        while call(address, Method::GET, "/only", &[("x-now", "1")], "").await.status != 200 {}
    };
    tokio::time::timeout(Duration::from_secs(20), freed).await.unwrap();
    let refused = lines(&log, "request").into_iter().filter(|line| line["refused_by"] == "few");
    assert!(refused.count() >= 2);
}

#[tokio::test]
async fn requests_under_way_are_bounded_by_caller_until_the_client_is_gone() {
    let (stub, n_waiting, _gate) = gate().await;
    let folder = Folder::new();
    folder.write("only.graphql", "type Query { a: Int }");
    let bound = "{ key: 'request.headers[\"x-tenant\"]', max: 1 }";
    let (gateway, _log) = start(folder.path(), &bounded(&stub, bound)).await;
    let address = gateway.public_address;
    let held = tokio::spawn(async move {
        call(address, Method::GET, "/only", &[("x-tenant", "a")], "").await;
    });
    until("one is under way", || (n_waiting.load(Ordering::SeqCst) == 1).then_some(())).await;
    let ask = async |tenant: &str| {
        let headers = [("x-tenant", tenant), ("x-now", "1")];
        call(address, Method::GET, "/only", &headers, "").await.status.as_u16()
    };
    assert_eq!((ask("a").await, ask("b").await), (429, 200));
    held.abort();
    let freed = async { while ask("a").await != 200 {} };
    tokio::time::timeout(Duration::from_secs(20), freed).await.unwrap();
}

#[tokio::test]
async fn a_query_that_its_client_leaves_pays_what_had_arrived() {
    let n_asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&n_asked);
    let first = Stub::start(|request| async move {
        request.into_body().collect().await.unwrap();
        let item = json!({ "__typename": "Item", "id": "1" });
        stub::json(&json!({ "data": { "items": [item, item] } }))
    })
    .await;
    let second = Stub::start(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        std::future::pending()
    })
    .await;
    let folder = Folder::new();
    folder.write(
        "one.graphql",
        "type Query { items: [Item] } type Item @key(fields: \"id\") { id: ID! }",
    );
    folder.write(
        "two.graphql",
        "type Item @key(fields: \"id\") { id: ID! more: More } type More { a: Int }",
    );
    let yaml = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
         supergraph: {{ subgraphs: {{ one: {{ schema: one.graphql, url: \"http://{}/\" }}, \
         two: {{ schema: two.graphql, url: \"http://{}/\" }} }} }}\n\
         policies: {{ fair: {{ rate_limit: {{ windows: [{{ cost: 1000, per: 300d }}] }} }} }}\n\
         apply: {{ graphql: [fair] }}\n",
        first.address, second.address
    );
    let (gateway, log) = start(folder.path(), &yaml).await;
    let address = gateway.public_address;
    let held = tokio::spawn(async move {
        let request = graphql_request("{ items { id more { a } } }", json!({}), &[]);
        send(&mut connect(address).await, request).await;
    });
    until("the second is asked", || (n_asked.load(Ordering::SeqCst) == 1).then_some(())).await;
    held.abort();
    until("the line is written", || lines(&log, "request").pop()).await;
    let request = graphql_request("{ __typename }", json!({}), &[]);
    let answer = send(&mut connect(address).await, request).await;
    let after = left(&answer)[0];
    let metrics = get(gateway.admin_address, "/metrics").await.text();
    let total = metrics.lines().find(|line| line.starts_with("graphloom_rate_limit_cost_total"));
    let paid: Value = total.unwrap().split(' ').next_back().unwrap().parse().unwrap();
    // The root object, two items, and what `{ __typename }` costs; not the ten items that were expected.
    assert_eq!(json!(1000 - after), paid);
    assert!((2..=5).contains(&(1000 - after)), "{after}");
}
