//! Upstreams of HTTP/2: requests share a connection; goodbyes and refusals cost nothing.
//!
//! **Never here:** HTTP/2 of clients.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use graphloom::config::Settings;
use h2::Reason;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::client::{connect, graphql_request, send};
use crate::house::{start, until};
use crate::stub;
use crate::wire::{Wire, error_of, folder, localhost, yaml};

#[tokio::test]
async fn many_requests_share_a_connection() {
    const N: usize = 20;
    // Nobody is answered before all are there.
    let all = Arc::new(Barrier::new(N));
    let wire = Wire::start(None, move |request| {
        let all = Arc::clone(&all);
        async move {
            assert_eq!(request.version(), http::Version::HTTP_2);
            assert_eq!(request.uri().path(), "/graphql");
            assert_eq!(request.headers().get("host"), None);
            all.wait().await;
            stub::json(&json!({ "data": { "a": 1 } }))
        }
    })
    .await;
    let folder = folder();
    let url = format!("http://{}", wire.address);
    let (gateway, _) = start(folder.path(), &yaml(&url, ", http: h2c", "workers: 1\n")).await;
    let mut clients = JoinSet::new();
    for _ in 0..N {
        let address = gateway.public_address;
        clients.spawn(async move {
            let mut connection = connect(address).await;
            send(&mut connection, graphql_request("{ a }", json!({}), &[])).await.json()
        });
    }
    while let Some(answer) = clients.join_next().await {
        assert_eq!(answer.unwrap(), json!({ "data": { "a": 1 } }));
    }
    assert_eq!(wire.n_connections(), 1);
}

#[tokio::test]
async fn under_tls_the_version_is_agreed_on() {
    let answer = |version| {
        move |request: http::Request<hyper::body::Incoming>| async move {
            assert_eq!(request.version(), version);
            stub::json(&json!({ "data": { "a": 1 } }))
        }
    };
    let ask = async |wire: &Wire, folder: &Path, http: &str| {
        let url = format!("https://localhost:{}", wire.address.port());
        let pool = format!(", http: {http}, tls: {{ ca: ca.pem }}");
        let (gateway, log) = start(folder, &yaml(&url, &pool, "")).await;
        let mut connection = connect(gateway.public_address).await;
        let answer = send(&mut connection, graphql_request("{ a }", json!({}), &[])).await;
        (answer.json()["data"].clone(), error_of(&log).await)
    };
    let folder = folder();
    let both: &[&[u8]] = &[b"h2", b"http/1.1"];
    let tls = localhost(folder.path(), both);
    let wire = Wire::start(Some(tls), answer(http::Version::HTTP_2)).await;
    assert_eq!(ask(&wire, folder.path(), "2").await.0, json!({ "a": 1 }));
    let tls = localhost(folder.path(), both);
    let wire = Wire::start(Some(tls), answer(http::Version::HTTP_11)).await;
    assert_eq!(ask(&wire, folder.path(), "1").await.0, json!({ "a": 1 }));
    // One that has only the older version cannot agree.
    let tls = localhost(folder.path(), &[b"http/1.1"]);
    let wire = Wire::start(Some(tls), answer(http::Version::HTTP_11)).await;
    let (data, errors) = ask(&wire, folder.path(), "2").await;
    assert_eq!(data, json!({ "a": null }));
    assert!(errors.contains("TLS_FAILED"), "{errors}");
}

/// Answers each request by its number: whether it is answered, refused, or the last one of its connection.
#[derive(Clone, Copy, PartialEq)]
enum Act {
    Answer,
    Refuse,
    Goodbye,
}

async fn acting(acts: &'static [Act]) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (n_seen, n_answered) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let answered = Arc::clone(&n_answered);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (seen, answered) = (Arc::clone(&n_seen), Arc::clone(&answered));
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    let act = acts.get(seen.fetch_add(1, Ordering::SeqCst)).copied();
                    if act == Some(Act::Refuse) {
                        respond.send_reset(Reason::REFUSED_STREAM);
                        continue;
                    }
                    answered.fetch_add(1, Ordering::SeqCst);
                    let mut body = respond.send_response(http::Response::new(()), false).unwrap();
                    let json = Bytes::from_static(b"{\"data\":{\"a\":1,\"b\":1}}");
                    body.send_data(json, true).unwrap();
                    if act == Some(Act::Goodbye) {
                        connection.graceful_shutdown();
                    }
                }
            });
        }
    });
    (address, n_answered)
}

#[tokio::test]
async fn after_a_goodbye_another_connection_is_opened() {
    let (address, n_answered) = acting(&[Act::Goodbye, Act::Goodbye, Act::Answer]).await;
    let folder = folder();
    let url = format!("http://{address}");
    let (gateway, _) = start(folder.path(), &yaml(&url, ", http: h2c", "workers: 1\n")).await;
    let mut connection = connect(gateway.public_address).await;
    for _ in 0..4 {
        let request = graphql_request("mutation { b }", json!({}), &[]);
        let answer = send(&mut connection, request).await;
        assert_eq!(answer.json(), json!({ "data": { "b": 1 } }));
    }
    assert_eq!(n_answered.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_mutation_that_was_refused_is_sent_again() {
    let (address, n_answered) = acting(&[Act::Answer, Act::Refuse, Act::Refuse]).await;
    let folder = folder();
    let url = format!("http://{address}");
    let (gateway, _) = start(folder.path(), &yaml(&url, ", http: h2c", "workers: 1\n")).await;
    let mut connection = connect(gateway.public_address).await;
    for _ in 0..2 {
        let request = graphql_request("mutation { b }", json!({}), &[]);
        let answer = send(&mut connection, request).await;
        assert_eq!(answer.json(), json!({ "data": { "b": 1 } }));
    }
    assert_eq!(n_answered.load(Ordering::SeqCst), 2);
}

/// Counts the requests that are being answered.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn when_the_client_goes_its_stream_is_reset_and_no_other() {
    let n_waiting = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&n_waiting);
    let wire = Wire::start(None, move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        let waiting = Waiting(Arc::clone(&counted));
        async move {
            let _waiting = waiting;
            std::future::pending().await
        }
    })
    .await;
    let folder = folder();
    let url = format!("http://{}", wire.address);
    let (gateway, _) = start(folder.path(), &yaml(&url, ", http: h2c", "workers: 1\n")).await;
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut connection = connect(gateway.public_address).await;
        let request = graphql_request("{ a }", json!({}), &[]);
        clients.push(tokio::spawn(async move { send(&mut connection, request).await }));
    }
    let waiting = |n: usize| {
        let n_waiting = Arc::clone(&n_waiting);
        move || (n_waiting.load(Ordering::SeqCst) == n).then_some(())
    };
    until("both are asked", waiting(2)).await;
    clients[0].abort();
    until("one of them knows", waiting(1)).await;
    assert!(!clients[1].is_finished());
    clients[1].abort();
    until("the other knows", waiting(0)).await;
    assert_eq!(wire.n_connections(), 1);
}

#[test]
fn a_version_that_the_target_cannot_have_is_refused() {
    let read = |url: &str, http: &str| {
        let text = format!(
            "supergraph: {{ file: s.graphql }}\n\
             upstreams: {{ pool: {{ http: {http}, targets: [{{ url: \"{url}\" }}] }} }}\n"
        );
        let read = Settings::read(Path::new("graphloom.yaml"), &text, &|_| None);
        read.map(drop).map_err(|errors| errors.to_string())
    };
    assert_eq!(read("https://a", "2"), Ok(()));
    assert_eq!(read("http://a", "h2c"), Ok(()));
    assert!(read("http://a", "2").unwrap_err().contains("write `http: h2c`"));
    assert!(read("https://a", "h2c").unwrap_err().contains("write `http: 2`"));
    assert!(read("http://a", "3").unwrap_err().contains("`h2c`"));
}
