//! `authorize`: who may take a route or come in by the GraphQL door.
//!
//! **Never here:** what conditions mean (unit tests of `expressions`).

use http::{Method, StatusCode};
use serde_json::json;
use subgraphs::Options;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{call, connect, request, send};
use crate::house::House;
use crate::issuer::{now, token_by_secret};

const RULES: &str = r#"
routes:
  - match: { path: "/orders/{id}" }
    upstream: orders
    authorize: 'request.headers["x-order"] == request.path_params.id && request.method == "GET"'
  - match: { path: "/orders" }
    upstream: orders
    authorize: '"orders:write" in consumer.scopes'
graphql:
  authorize: '"x-insider" in request.headers && !("x-banned" in request.headers)'
"#;

#[tokio::test]
async fn a_route_lets_in_only_what_its_condition_holds_for() {
    let house = House::open_with(RULES, Options::default()).await;
    let mut connection = connect(house.address()).await;
    let mut get = async |headers: &[(&str, &str)]| {
        send(&mut connection, request(Method::GET, "/orders/o1", headers, "")).await
    };
    let refused = get(&[("x-order", "o2")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert_eq!(refused.json()["code"], "FORBIDDEN");
    // Without the header it cannot be decided.
    let undecided = get(&[]).await;
    assert_eq!(undecided.status, StatusCode::FORBIDDEN);
    assert_eq!(undecided.header("www-authenticate"), None);
    // Neither answer says anything of the condition.
    assert_eq!(undecided.json()["detail"], refused.json()["detail"]);
    assert!(!refused.text().contains("x-order"), "{}", refused.text());
    assert_eq!(house.servers.server(subgraphs::Service::Orders).requests(), 0);

    let taken = get(&[("x-order", "o1")]).await;
    assert_eq!(taken.status, StatusCode::OK);
    assert_eq!(house.servers.server(subgraphs::Service::Orders).requests(), 1);

    let lines = house.request_lines(3).await;
    let errors: Vec<&str> = lines.iter().filter_map(|line| line["errors"][0].as_str()).collect();
    assert!(errors[0].starts_with("`routes[0].authorize` does not hold: "), "{errors:?}");
    let why = "`routes[0].authorize` cannot be decided, `request.headers[\"x-order\"]` is absent: ";
    assert!(errors[1].starts_with(why), "{errors:?}");
    assert_eq!(lines[0]["error_codes"], json!(["FORBIDDEN"]));
}

#[tokio::test]
async fn nobody_has_no_scopes_whatever_they_send() {
    let house = House::open_with(RULES, Options::default()).await;
    let sent = [("authorization", "Bearer orders:write"), ("x-scopes", "orders:write")];
    let answer = call(house.address(), Method::POST, "/orders", &sent, "{}").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_bearer_token_is_told_the_scopes_that_it_lacks() {
    let secret = "a secret of more than thirty-two bytes";
    let identity = format!(
        "identity: {{ try: {{ jwt: {{ issuer: try, audience: api, secret: \"{secret}\" }} }} }}\n{RULES}"
    );
    let house = House::open_with(&identity, Options::default()).await;
    let token = |scope| {
        let claims = json!({
            "iss": "try", "aud": "api", "sub": "alice", "exp": now() + 60, "scope": scope,
        });
        let token = token_by_secret(secret.as_bytes(), &json!({ "alg": "HS256" }), &claims);
        format!("Bearer {token}")
    };
    let post = async |token: String| {
        let sent = [("authorization", token.as_str()), ("content-type", "application/json")];
        call(house.address(), Method::POST, "/orders", &sent, "{}").await
    };
    let refused = post(token("orders:read")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let challenge = r#"Bearer error="insufficient_scope", scope="orders:write""#;
    assert_eq!(refused.header("www-authenticate"), Some(challenge));
    assert_eq!(house.servers.server(subgraphs::Service::Orders).requests(), 0);
    let taken = post(token("orders:read orders:write")).await;
    assert_ne!(taken.status, StatusCode::FORBIDDEN);
    assert_eq!(house.servers.server(subgraphs::Service::Orders).requests(), 1);
}

#[tokio::test]
async fn the_graphql_door_has_a_condition_too() {
    let house = House::open_with(RULES, Options::default()).await;
    let document = "{ me { id } }";
    let answer = house.query_with(document, json!({}), &[("x-insider", "1")]).await;
    assert_eq!(answer.json(), json!({ "data": { "me": { "id": "u1" } } }));
    for headers in [vec![], vec![("x-insider", "1"), ("x-banned", "1")]] {
        let answer = house.query_with(document, json!({}), &headers).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "FORBIDDEN");
    }
    assert_eq!(house.requests()["accounts"], 1);
}

#[tokio::test]
async fn it_is_decided_before_the_body_is_read() {
    let house = House::open_with(RULES, Options::default()).await;
    for path in ["/orders", "/graphql"] {
        let mut stream = TcpStream::connect(house.address()).await.unwrap();
        let head = format!("POST {path} HTTP/1.1\r\nhost: gateway\r\ncontent-length: 100\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 403");
    }
}
