//! What the gateway shows upstreams: a fixed header, a token that an issuer gives.
//!
//! **Never here:** credentials of clients (`identity`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::shop::{Had, Shop};
use crate::stub::{self, Stub};

const SCHEMA: &str = r#"
type Query { name: String @connect(http: { GET: "API/name" }, selection: "$.name") }
"#;

fn says(had: &Had) -> Response<Full<Bytes>> {
    let name = had.headers.get("authorization").map_or("nobody", |it| it.to_str().unwrap());
    let mut answer = stub::json(&json!({ "name": name }));
    // It takes no more than the second token.
    if name == "Bearer token-1" {
        *answer.status_mut() = StatusCode::UNAUTHORIZED;
    }
    answer
}

/// An issuer that gives `token-1`, `token-2` and so on, to one client only.
async fn issuer(asked: &Arc<AtomicUsize>) -> Stub {
    let asked = Arc::clone(asked);
    Stub::start(move |request: Request<Incoming>| {
        let asked = Arc::clone(&asked);
        async move {
            let n = asked.fetch_add(1, Ordering::SeqCst) + 1;
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            assert_eq!(&body[..], b"grant_type=client_credentials&scope=read+write");
            // `gateway:s3cret`
            assert_eq!(head.headers["authorization"], "Basic Z2F0ZXdheTpzM2NyZXQ=");
            let token = json!({ "access_token": format!("token-{n}"), "token_type": "bearer", "expires_in": 600 });
            stub::json(&token)
        }
    })
    .await
}

fn configuration(issuer: &str) -> String {
    format!(
        "graphql: {{ errors: {{ mask: false }} }}\nupstreams:\n  api:\n    targets: [{{ url: \"API\" }}]\n    \
         credentials: {{ client_credentials: {{ url: \"{issuer}\", client_id: gateway, client_secret: s3cret, scopes: [read, write] }} }}\n\
         connectors: {{ sources: {{ shop: {{ upstream: api }} }} }}\n"
    )
}

#[tokio::test]
async fn a_token_is_asked_for_kept_and_forgotten_when_it_is_not_taken() {
    let asked = Arc::new(AtomicUsize::new(0));
    let issuer = issuer(&asked).await;
    let url = format!("http://{}/token", issuer.address);
    let shop = Shop::open_with(SCHEMA, &configuration(&url), says).await;
    // The first token is refused, and forgotten.
    let body = shop.query("{ name }").await;
    assert_eq!(body["errors"][0]["extensions"]["http"]["status"], 401, "{body}");
    for _ in 0..3 {
        let answer = shop.ask("{ name }", json!({}), &[("authorization", "the client's")]).await;
        assert_eq!(answer.json()["data"]["name"], "Bearer token-2");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    let told: String = shop.log.lines().concat() + &shop.diagnostics.lines.lines().concat();
    assert!(!told.contains("s3cret") && !told.contains("token-"), "{told}");
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let broken = Stub::start(|_| async { stub::json(&Value::Null) }).await;
    let url = format!("http://{}/token", broken.address);
    let shop = Shop::open_with(SCHEMA, &configuration(&url), says).await;
    for _ in 0..3 {
        let body = shop.query("{ name }").await;
        assert_eq!(body["errors"][0]["extensions"]["code"], "HTTP_CLIENT_ERROR", "{body}");
    }
    assert!(shop.had().is_empty());
    // It is left alone for a moment after it failed.
    assert!(broken.n_connections() <= 2, "{}", broken.n_connections());
}

#[tokio::test]
async fn a_fixed_header_goes_to_every_door_of_an_upstream() {
    let more = "upstreams:\n  api:\n    targets: [{ url: \"API\" }]\n    \
                credentials: { static: { value: \"Bearer fixed\" } }\n\
                connectors: { sources: { shop: { upstream: api } } }\n\
                headers: { request: [{ forward: authorization }] }\n\
                routes: [{ match: { path: /name, methods: [GET] }, upstream: api }]\n";
    let shop = Shop::open_with(SCHEMA, more, says).await;
    let answer = shop.ask("{ name }", json!({}), &[("authorization", "the client's")]).await;
    assert_eq!(answer.json()["data"]["name"], "Bearer fixed");
    let answer = crate::client::get(shop.gateway.public_address, "/name").await;
    assert_eq!(answer.json()["name"], "Bearer fixed");
}
