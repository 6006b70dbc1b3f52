//! Where a client is, by its connection or by what trusted proxies say; whom policies let in from there.
//!
//! **Never here:** limits (`limits`), headers that say nothing of the way (`headers`).

use std::path::Path;

use graphloom::Running;
use graphloom::config::Settings;
use graphloom::telemetry::Capture;
use http::Method;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Answer, call, connect, get, graphql_request, send};
use crate::house::{lines, start, until};
use crate::stub::{self, Stub};
use crate::wire::folder;

/// Says which headers came, also as a subgraph.
async fn mirror() -> Stub {
    Stub::start(|request| async move {
        let texts = request.headers().iter().map(|(name, value)| {
            (name.to_string(), Value::from(value.to_str().unwrap_or_default()))
        });
        let headers: Map<String, Value> = texts.collect();
        stub::json(&json!({ "data": { "a": 1 }, "headers": headers }))
    })
    .await
}

/// A gateway before the mirror: `/told` is a route on which all is sent on, `/plain` one on which nothing is.
async fn gateway(mirror: &Stub, more: &str) -> (Running, Capture) {
    let yaml = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
         graphql: {{ ide: true }}\n\
         supergraph:\n  subgraphs: {{ only: {{ schema: only.graphql, upstream: pool }} }}\n\
         upstreams: {{ pool: {{ targets: [{{ url: \"http://{}\" }}] }} }}\n{more}",
        mirror.address
    );
    start(folder().path(), &yaml).await
}

const TOLD: &str = r#"
routes:
  - match: { path: /told }
    upstream: pool
    headers:
      request:
        - { set: x-client, value: request.client_ip }
        - { set: x-seen, value: 'request.headers["x-forwarded-for"]' }
        - { forward: x-forwarded-for }
        - { forward: x-forwarded-proto }
        - { forward: x-forwarded-host }
        - { forward: forwarded }
        - { forward: x-real-ip }
  - { match: { path: /plain }, upstream: pool }
"#;

async fn told(gateway: &Running, headers: &[(&str, &str)]) -> Value {
    let answer = call(gateway.public_address, Method::GET, "/told", headers, "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["headers"].clone()
}

#[tokio::test]
async fn what_a_stranger_says_of_its_way_counts_for_nothing() {
    let mirror = mirror().await;
    let (gateway, log) = gateway(&mirror, TOLD).await;
    let spoofed = [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "for=203.0.113.9"),
        ("x-real-ip", "203.0.113.9"),
    ];
    let seen = told(&gateway, &spoofed).await;
    assert_eq!(seen["x-client"], "127.0.0.1");
    assert_eq!(seen["x-seen"], "127.0.0.1");
    assert_eq!(seen["x-forwarded-for"], "127.0.0.1");
    assert_eq!(seen["x-real-ip"], "127.0.0.1");
    assert_eq!(seen["x-forwarded-proto"], "http");
    assert_eq!(seen["x-forwarded-host"], "gateway");
    assert_eq!(seen["forwarded"], "for=127.0.0.1;proto=\"http\";host=\"gateway\"");
    assert!(!seen.to_string().contains("evil") && !seen.to_string().contains("203"), "{seen}");
    let line = until("the line is written", || lines(&log, "request").pop()).await;
    assert_eq!(line["client_ip"], "127.0.0.1");
    // Without a rule nothing of the way is sent on.
    let answer = call(gateway.public_address, Method::GET, "/plain", &spoofed, "").await;
    assert!(
        !answer.text().contains("forwarded") && !answer.text().contains("x-real"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn what_no_rule_sends_on_is_taken_away_all_the_same() {
    let mirror = mirror().await;
    let seen = "routes: [{ match: { path: /told }, upstream: pool, headers: { request: [\
                { set: x-seen, value: 'request.headers[\"x-forwarded-for\"]' }] } }]\n";
    let (gateway, _) = gateway(&mirror, seen).await;
    let seen = told(&gateway, &[("x-forwarded-for", "203.0.113.9")]).await;
    assert_eq!(seen.get("x-seen"), None);
}

#[tokio::test]
async fn of_what_trusted_proxies_say_the_right_most_stranger_is_the_client() {
    let mirror = mirror().await;
    let trust = format!("client_address: {{ trusted_proxies: [127.0.0.1, 10.0.0.0/8] }}\n{TOLD}");
    let (gateway, log) = gateway(&mirror, &trust).await;
    for (said, client, sent_on) in [
        (vec!["203.0.113.9"], "203.0.113.9", "203.0.113.9, 127.0.0.1"),
        (
            vec!["6.6.6.6, 203.0.113.9:4711,10.1.1.1"],
            "203.0.113.9",
            "203.0.113.9, 10.1.1.1, 127.0.0.1",
        ),
        // Two lines are one list.
        (
            vec!["6.6.6.6, 203.0.113.9", "10.1.1.1"],
            "203.0.113.9",
            "203.0.113.9, 10.1.1.1, 127.0.0.1",
        ),
        (vec!["[2001:db8::1]:4711"], "2001:db8::1", "2001:db8::1, 127.0.0.1"),
        // Only trusted ones: the first is the client.
        (vec!["10.2.2.2, 10.1.1.1"], "10.2.2.2", "10.2.2.2, 10.1.1.1, 127.0.0.1"),
        // What is not legible ends the way.
        (vec!["203.0.113.9, unknown, 10.1.1.1"], "10.1.1.1", "10.1.1.1, 127.0.0.1"),
        (vec!["nonsense"], "127.0.0.1", "127.0.0.1"),
        (vec![], "127.0.0.1", "127.0.0.1"),
    ] {
        let mut headers: Vec<(&str, &str)> =
            said.iter().map(|line| ("x-forwarded-for", *line)).collect();
        // The other form is not the configured one: the proxy may pass it on as it came.
        headers.push(("forwarded", "for=6.6.6.6"));
        headers.push(("x-forwarded-proto", "https"));
        headers.push(("x-forwarded-host", "shop.example"));
        let seen = told(&gateway, &headers).await;
        assert_eq!((&seen["x-client"], &seen["x-real-ip"]), (&json!(client), &json!(client)));
        assert_eq!(seen["x-forwarded-for"], sent_on, "{said:?}");
        assert_eq!(seen["x-forwarded-proto"], "https");
        assert_eq!(seen["x-forwarded-host"], "shop.example");
        assert!(!seen.to_string().contains("6.6.6.6"), "{seen}");
    }
    let logged = until("all lines are written", || {
        let lines = lines(&log, "request");
        (lines.len() == 8).then_some(lines)
    })
    .await;
    assert_eq!(logged[1]["client_ip"], "203.0.113.9");
}

#[tokio::test]
async fn the_form_of_the_standard_can_be_the_one_that_counts() {
    let mirror = mirror().await;
    let trust = format!(
        "client_address: {{ trusted_proxies: [127.0.0.0/8, 10.0.0.0/8], header: forwarded }}\n{TOLD}"
    );
    let (gateway, _) = gateway(&mirror, &trust).await;
    let said = "for=6.6.6.6;proto=http, for=\"[2001:db8::1]:80\";proto=https;host=\"shop.example\", \
                for=10.1.1.1;proto=http;host=inner";
    let spoofed = [("forwarded", said), ("x-forwarded-for", "6.6.6.6"), ("x-forwarded-proto", "x")];
    let seen = told(&gateway, &spoofed).await;
    assert_eq!(seen["x-client"], "2001:db8::1");
    assert_eq!(seen["x-forwarded-for"], "2001:db8::1, 10.1.1.1, 127.0.0.1");
    assert_eq!(seen["x-forwarded-proto"], "https");
    let said =
        "for=\"[2001:db8::1]\";proto=\"https\";host=\"shop.example\", for=10.1.1.1, for=127.0.0.1";
    assert_eq!(seen["forwarded"], said);
    let seen = told(&gateway, &[("forwarded", "for=_hidden")]).await;
    assert_eq!(seen["x-client"], "127.0.0.1");
}

const LISTS: &str = "\
client_address: { trusted_proxies: [127.0.0.1] }
policies:
  office: { ip: { allow: [192.0.2.0/24, \"2001:db8::/32\", \"::ffff:198.51.100.0/120\"] } }
  noisy: { ip: { deny: [192.0.2.66, 127.0.0.0/8] } }
  one: { ip: { allow: [192.0.2.7] } }
apply: { all: [office], graphql: [noisy] }
routes:
  - { match: { path: /open }, upstream: pool }
  - { match: { path: /narrow }, upstream: pool, policies: [one] }
";

#[tokio::test]
async fn policies_let_clients_in_by_their_address() {
    let mirror = mirror().await;
    let (gateway, log) = gateway(&mirror, LISTS).await;
    let address = gateway.public_address;
    let ask = async |client: &str, path: &str| -> Answer {
        let from = [("x-forwarded-for", client)];
        if path == "/graphql" {
            let request = graphql_request("{ a }", json!({}), &from);
            return send(&mut connect(address).await, request).await;
        }
        call(address, Method::GET, path, &from, "").await
    };
    for (client, path, status) in [
        ("192.0.2.7", "/graphql", 200),
        ("2001:db8::5", "/graphql", 200),
        ("198.51.100.4", "/graphql", 200),
        ("::ffff:192.0.2.7", "/graphql", 200),
        // On both lists: kept out, in whatever form.
        ("192.0.2.66", "/graphql", 403),
        ("::ffff:192.0.2.66", "/graphql", 403),
        ("203.0.113.9", "/graphql", 403),
        ("192.0.2.66", "/open", 200),
        ("203.0.113.9", "/open", 403),
        ("192.0.2.7", "/narrow", 200),
        ("192.0.2.8", "/narrow", 403),
        // The query page and its plans belong to the GraphQL door; probes to nobody.
        ("203.0.113.9", "/_graphloom/status", 403),
        ("192.0.2.7", "/_graphloom/status", 200),
        ("203.0.113.9", "/health", 200),
        ("203.0.113.9", "/ready", 200),
    ] {
        let answer = ask(client, path).await;
        assert_eq!(answer.status.as_u16(), status, "{client} {path}: {}", answer.text());
        let is_told = answer.text().contains("ADDRESS_DENIED");
        assert_eq!(is_told, status == 403, "{client} {path}: {}", answer.text());
    }
    let refused = lines(&log, "request");
    let refused = refused.iter().find(|line| line["status"] == 403).unwrap();
    assert_eq!(refused["error_codes"], json!(["ADDRESS_DENIED"]));
}

#[tokio::test]
async fn whoever_is_kept_out_is_told_before_a_body_is_read() {
    let mirror = mirror().await;
    let deny = "policies: { none: { ip: { deny: [0.0.0.0/0] } } }\napply: { all: [none] }\n\
                routes: [{ match: { path: /open }, upstream: pool }]\n";
    let (gateway, _) = gateway(&mirror, deny).await;
    for path in ["/graphql", "/open"] {
        let mut stream = TcpStream::connect(gateway.public_address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 403");
    }
    assert_eq!(get(gateway.public_address, "/health").await.status, 200);
}

#[test]
fn what_is_no_network_is_told_with_its_place_and_the_fix() {
    for (text, said) in [
        (
            "client_address: { trusted_proxies: [10.0.0.0/8, proxy] }",
            "`client_address.trusted_proxies[1]`: `proxy` is not a network (write an address or",
        ),
        (
            "client_address: { trusted_proxies: [10.1.2.3/8] }",
            "`10.1.2.3/8` is an address inside a network (write `10.0.0.0/8` or `10.1.2.3`)",
        ),
        (
            "client_address: { header: forwarded }",
            "`client_address.header`: nobody is trusted to send this header",
        ),
        (
            "client_address: { trusted_proxies: [::1], header: x-real-ip }",
            "unknown value `x-real-ip` (the values here are `x-forwarded-for`, `forwarded`)",
        ),
        ("policies: { p: { ip: {} } }", "`policies.p.ip`: nobody is kept out"),
        ("policies: { p: { ip: { allow: [] } } }", "`policies.p.ip.allow`: nobody is let in"),
        ("policies: { p: { ip: { deny: [1.2.3] } } }", "`policies.p.ip.deny[0]`: `1.2.3` is not"),
    ] {
        let text = format!("{text}\nsupergraph: {{ file: s.graphql }}\n");
        let read = Settings::read(Path::new("graphloom.yaml"), &text, &|_| None);
        let errors = read.unwrap_err().to_string();
        assert!(errors.contains(said), "{errors}");
    }
}
