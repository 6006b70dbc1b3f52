//! The REST door: templates, methods, streams, refusals.
//!
//! **Never here:** header rules (`headers`), lines and counts (`log_and_metrics`).

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::sync::Mutex;

use crate::client::{call, get};
use crate::folder::Folder;
use crate::house::{House, start};
use crate::stub::Stub;

const ROUTES: &str = r#"
policies: { small: { limits: { body: 1KB } } }
routes:
  - match: { path: "/orders/{id}", methods: [GET] }
    upstream: orders
  - match: { path: /shipping/quotes, methods: [POST] }
    upstream: orders
    policies: [small]
"#;

async fn open() -> House {
    House::open_with(ROUTES, subgraphs::Options::default()).await
}

#[tokio::test]
async fn a_request_passes_through_as_it_came() {
    let house = open().await;
    let answer = get(house.address(), "/orders/o1").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["id"], "o1");
    assert!(answer.header("x-request-id").is_some());
    let unknown = get(house.address(), "/orders/o999999").await;
    assert_eq!(unknown.status, 404);
    assert_ne!(unknown.header("content-type"), Some("application/problem+json"));
}

#[tokio::test]
async fn what_no_route_takes_is_refused_with_a_reason() {
    let house = open().await;
    let answer = get(house.address(), "/nowhere").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.json()["code"], "NOT_FOUND");
    let answer = call(house.address(), Method::DELETE, "/orders/o1", &[], "").await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("GET")));
    let answer = get(house.address(), "/orders/%2e%2e").await;
    assert_eq!(answer.status, 400);
    let answer = call(house.address(), Method::HEAD, "/orders/o1", &[], "").await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused() {
    let house = open().await;
    let large = "x".repeat(2_000);
    let headers = [("content-type", "application/json")];
    let answer = call(house.address(), Method::POST, "/shipping/quotes", &headers, large).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.json()["code"], "REQUEST_TOO_LARGE");
}

#[tokio::test]
async fn an_upstream_that_is_gone_is_a_bad_gateway() {
    let house = open().await;
    house.servers.server(subgraphs::Service::Orders).stop().await;
    let answer = get(house.address(), "/orders/o1").await;
    assert_eq!(answer.status, 502);
    assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
}

#[tokio::test]
async fn bodies_of_any_kind_pass_both_ways() {
    let received = Arc::new(Mutex::new(Bytes::new()));
    let kept = Arc::clone(&received);
    let stub = Stub::start(move |request| {
        let kept = Arc::clone(&kept);
        async move {
            let path = request.uri().to_string();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            *kept.lock().await = body.clone();
            let mut response = Response::new(Full::new(body));
            *response.status_mut() = StatusCode::CREATED;
            response.headers_mut().insert("x-path", path.parse().unwrap());
            response
        }
    })
    .await;
    let folder = Folder::new();
    folder.write("only.graphql", "type Query { a: Int }");
    let yaml = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
         supergraph: {{ subgraphs: {{ only: {{ schema: only.graphql, url: http://127.0.0.1:9/ }} }} }}\n\
         upstreams: {{ files: {{ targets: [{{ url: \"http://{}/base\" }}] }} }}\n\
         routes: [{{ match: {{ path: \"/files/{{*rest}}\" }}, upstream: files }}]\n",
        stub.address
    );
    let (gateway, _) = start(folder.path(), &yaml).await;
    let body: Vec<u8> = (0..3_000_000u32).flat_map(u32::to_le_bytes).take(5_000_000).collect();
    let answer =
        call(gateway.public_address, Method::PUT, "/files/a/b?c=d", &[], body.clone()).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("x-path"), Some("/base/files/a/b?c=d"));
    assert_eq!(answer.body, body);
    assert_eq!(*received.lock().await, body);
}
