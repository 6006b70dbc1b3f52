//! Masks of paths: the JSON answers of routes, masked as they pass.
//!
//! **Never here:** the filter by itself (unit tests of `masks`).

use bytes::Bytes;
use http::header::HeaderMap;
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::client::{Answer, call, connect, request};
use crate::folder::Folder;
use crate::house::{lines, start};
use crate::stub::Stub;
use graphloom::telemetry::Capture;

const MASKS: &str = r#"
routes:
  - match: { path: "/cards" }
    upstream: cards
    masks:
      - { path: "$..pin", remove: true }
      - { path: "$[*].kind", replace: "?" }
  - { match: { path: "/plain" }, upstream: cards }
masks:
  - { path: "$..number", keep_last: 4, unless: '"x-clear" in request.headers' }
"#;

async fn gateway(address: std::net::SocketAddr) -> (graphloom::Running, Capture) {
    let folder = Folder::new();
    folder.write("a.graphql", "type Query { a: Int }");
    let yaml = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
         supergraph: {{ subgraphs: {{ a: {{ schema: a.graphql, url: \"http://127.0.0.1:9/\" }} }} }}\n\
         upstreams: {{ cards: {{ targets: [{{ url: \"http://{address}\" }}] }} }}\n{MASKS}"
    );
    start(folder.path(), &yaml).await
}

/// What a client gets when the upstream answers so.
async fn answered(
    path: &str,
    sent: &[(&str, &str)],
    headers: &[(&'static str, &str)],
    body: &'static str,
) -> (Answer, HeaderMap, Capture) {
    let (tells, mut told) = mpsc::unbounded_channel();
    let answer = headers
        .iter()
        .fold(Response::builder(), |answer, (name, value)| answer.header(*name, *value));
    let answer = answer.body(Full::new(Bytes::from(body))).unwrap();
    let stub = Stub::start(move |request| {
        tells.send(request.headers().clone()).unwrap();
        let answer = answer.clone();
        async { answer }
    });
    let stub = stub.await;
    let (gateway, log) = gateway(stub.address).await;
    let answer = call(gateway.public_address, Method::GET, path, sent, "").await;
    (answer, told.recv().await.unwrap(), log)
}

const CARDS: &str = r#" [ { "number" : "4111111111111234" , "kind" : { "a": 1 }, "pin": 4711 } ] "#;
const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn the_values_of_all_routes_and_of_the_route_are_masked() {
    let (answer, ..) = answered("/cards", &[], &[JSON, ("etag", "\"v1\"")], CARDS).await;
    assert_eq!(answer.text(), r#"[{"number":"****1234","kind":"?"}]"#);
    assert_eq!(answer.header("etag"), None, "it spoke of other bytes");
    let (answer, ..) = answered("/plain", &[], &[JSON], CARDS).await;
    assert_eq!(answer.text(), r#"[{"number":"****1234","kind":{"a":1},"pin":4711}]"#);
}

#[tokio::test]
async fn nothing_is_touched_for_whom_no_mask_hides() {
    let sent = [("x-clear", "1"), ("accept-encoding", "gzip"), ("range", "bytes=0-9")];
    let headers = [JSON, ("etag", "\"v1\"")];
    let (answer, told, _) = answered("/plain", &sent, &headers, CARDS).await;
    assert_eq!(answer.text(), CARDS);
    assert_eq!(answer.header("etag"), Some("\"v1\""));
    assert_eq!(
        (&told["accept-encoding"], &told["range"]),
        (&"gzip".parse().unwrap(), &"bytes=0-9".parse().unwrap())
    );
    // With a mask that hides, the answer is asked for whole and as it is.
    let (_, told, _) = answered("/plain", &sent[1..], &headers, CARDS).await;
    assert_eq!(told["accept-encoding"], "identity");
    assert!(!told.contains_key("range"));
}

#[tokio::test]
async fn what_is_not_json_by_its_type_passes_and_what_could_hide_json_does_not() {
    let (answer, ..) = answered("/cards", &[], &[("content-type", "text/html")], CARDS).await;
    assert_eq!(answer.text(), CARDS);
    for headers in [
        vec![JSON, ("content-encoding", "gzip")],
        vec![("content-type", "application/x-ndjson")],
        vec![("content-type", "text/event-stream")],
    ] {
        let (answer, _, log) = answered("/cards", &[], &headers, CARDS).await;
        assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{headers:?}");
        assert!(!answer.text().contains("4111"));
        let line = lines(&log, "request").pop().unwrap();
        assert!(line["errors"][0].as_str().unwrap().contains("cannot be masked"), "{line}");
    }
    // Without a type a reader may take it for JSON.
    let (answer, ..) = answered("/plain", &[], &[], CARDS).await;
    assert!(answer.text().contains("****1234"));
    let (answer, ..) = answered("/plain", &[], &[], "").await;
    assert_eq!((answer.status, answer.text().as_str()), (StatusCode::OK, ""));
}

/// An upstream that writes what it is sent, in pieces, and closes.
async fn in_pieces() -> (std::net::SocketAddr, mpsc::UnboundedSender<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (pieces, mut next) = mpsc::unbounded_channel::<String>();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        while let Some(piece) = next.recv().await {
            let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
            if stream.write_all(chunk.as_bytes()).await.is_err() {
                return;
            }
        }
        let _ = stream.write_all(b"0\r\n\r\n").await;
    });
    (address, pieces)
}

async fn read_head(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
}

#[tokio::test]
async fn a_long_answer_passes_as_it_comes() {
    let (address, pieces) = in_pieces().await;
    let (gateway, _log) = gateway(address).await;
    let mut connection = connect(gateway.public_address).await;
    pieces.send("[{\"number\":\"41".to_owned()).unwrap();
    let answer = connection.send_request(request(Method::GET, "/plain", &[], "")).await.unwrap();
    let mut body = answer.into_body();
    let mut seen = Vec::new();
    // The second item is written when the first has arrived, and so on: nothing waits for the end.
    for i in 0..20 {
        pieces.send(format!("1111111111{i:04}\"}},{{\"number\":\"41")).unwrap();
        let whole = format!("****{i:04}");
        while !String::from_utf8_lossy(&seen).contains(&whole) {
            seen.extend(body.frame().await.unwrap().unwrap().into_data().unwrap());
        }
    }
    pieces.send("\"}]".to_owned()).unwrap();
    drop(pieces);
    seen.extend(body.collect().await.unwrap().to_bytes());
    let cards: Vec<serde_json::Value> = serde_json::from_slice(&seen).unwrap();
    assert_eq!((cards.len(), &cards[20]["number"]), (21, &"****".into()));
}

#[tokio::test]
async fn an_answer_that_turns_out_not_to_be_json_breaks_off_before_anything_leaks() {
    for rest in ["\"pin\": 4711", "'pin': 4711}]", "\"pin\": 4711}] trailing", "\"pin\":4711}"] {
        let (address, pieces) = in_pieces().await;
        let (gateway, log) = gateway(address).await;
        let mut connection = connect(gateway.public_address).await;
        pieces.send("[{\"number\":\"4111111111111234\",".to_owned()).unwrap();
        let sent = connection.send_request(request(Method::GET, "/cards", &[], ""));
        let mut body = sent.await.unwrap().into_body();
        let mut seen = Vec::new();
        while !seen.ends_with(b"\"****1234\"") {
            seen.extend(body.frame().await.unwrap().unwrap().into_data().unwrap());
        }
        pieces.send(rest.to_owned()).unwrap();
        drop(pieces);
        let broken = loop {
            match body.frame().await {
                Some(Ok(frame)) => seen.extend(frame.into_data().unwrap()),
                Some(Err(_)) => break true,
                None => break false,
            }
        };
        assert!(broken, "{rest}: the client takes it for whole");
        assert!(!String::from_utf8_lossy(&seen).contains("4711"));
        let line = crate::house::until("it is told", || lines(&log, "request").pop()).await;
        assert_eq!(line["aborted"], true);
        assert!(line["errors"][0].as_str().unwrap().contains("cannot be masked"), "{line}");
    }
}
