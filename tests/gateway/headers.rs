//! Which headers travel: to upstreams, and back.
//!
//! **Never here:** compiling rules (unit tests of `config` and `expressions`).

use http::Method;
use subgraphs::{Options, Service};

use crate::client::{call, connect, graphql_request, send};
use crate::folder::Folder;
use crate::house::{House, start};
use crate::stub::{self, Stub};

const SENT: [(&str, &str); 6] = [
    ("authorization", "Bearer secret"),
    ("cookie", "a=b"),
    ("x-tenant", "blue"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("x-request-id", "my-request"),
    ("accept-language", "de"),
];

const RULES: &str = r#"
headers:
  request:
    - { forward: x-tenant }
    - { set: x-origin, value: "'gateway for ' + request.headers['x-tenant']" }
    - { set: x-absent, value: "request.headers['nothing']" }
  response:
    - { set: x-served-by, value: "'graphloom'" }
routes:
  - match: { path: "/orders/{id}" }
    upstream: orders
    headers:
      request: [{ set: x-order, value: request.path_params.id }, { remove: x-tenant }]
      response: [{ remove: content-type }]
"#;

async fn last_headers(house: &House, service: Service) -> http::HeaderMap {
    house.servers.server(service).last_requests().pop().unwrap().headers
}

#[tokio::test]
async fn nothing_of_the_clients_travels_but_trace_context_and_request_id() {
    let routes = "routes: [{ match: { path: \"/orders/{id}\" }, upstream: orders }]\n";
    let house = House::open_with(routes, Options::default()).await;
    let answer = house.query_with("{ me { id } }", serde_json::json!({}), &SENT).await;
    assert_eq!(answer.header("x-request-id"), Some("my-request"));
    let headers = last_headers(&house, Service::Accounts).await;
    let mut names: Vec<&str> = headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "accept",
            "accept-encoding",
            "content-length",
            "content-type",
            "host",
            "traceparent",
            "x-request-id"
        ]
    );
    assert_eq!(headers["x-request-id"], "my-request");

    call(house.address(), Method::GET, "/orders/o1", &SENT, "").await;
    let headers = last_headers(&house, Service::Orders).await;
    let mut names: Vec<&str> = headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept-language", "host", "traceparent", "x-request-id"]);
}

#[tokio::test]
async fn rules_for_all_come_before_those_of_a_route() {
    let house = House::open_with(RULES, Options::default()).await;
    let answer = house.query_with("{ me { id } }", serde_json::json!({}), &SENT).await;
    assert_eq!(answer.header("x-served-by"), Some("graphloom"));
    let headers = last_headers(&house, Service::Accounts).await;
    assert_eq!(headers["x-tenant"], "blue");
    assert_eq!(headers["x-origin"], "gateway for blue");
    assert!(!headers.contains_key("x-absent") && !headers.contains_key("authorization"));

    let answer = call(house.address(), Method::GET, "/orders/o1", &SENT, "").await;
    assert_eq!(answer.header("x-served-by"), Some("graphloom"));
    assert_eq!(answer.header("content-type"), None);
    let headers = last_headers(&house, Service::Orders).await;
    assert_eq!(headers["x-order"], "o1");
    assert!(!headers.contains_key("x-tenant"));
}

#[tokio::test]
async fn an_id_that_is_not_fit_for_a_log_is_replaced() {
    let house = House::open().await;
    let sent = [("x-request-id", "a b\"c")];
    let answer = house.query_with("{ __typename }", serde_json::json!({}), &sent).await;
    let id = answer.header("x-request-id").unwrap();
    assert_eq!(id.len(), 32);
    assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[tokio::test]
async fn headers_of_several_answers_are_merged_as_the_rule_says() {
    let answering = |name: &'static str| {
        Stub::start(move |_| async move {
            let mut response = stub::json(&serde_json::json!({ "data": { name: 1 } }));
            response.headers_mut().append("set-cookie", format!("{name}=1").parse().unwrap());
            response.headers_mut().append("x-private", "1".parse().unwrap());
            response
        })
    };
    let (a, b) = (answering("a").await, answering("b").await);
    let folder = Folder::new();
    folder.write("a.graphql", "type Query { a: Int }");
    folder.write("b.graphql", "type Query { b: Int }");
    let yaml = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
         supergraph:\n  subgraphs:\n    a: {{ schema: a.graphql, url: \"http://{}/\" }}\n    \
         b: {{ schema: b.graphql, url: \"http://{}/\" }}\n\
         headers: {{ response: [{{ forward: set-cookie, merge: append }}] }}\n",
        a.address, b.address
    );
    let (gateway, _log) = start(folder.path(), &yaml).await;
    let request = graphql_request("{ a b }", serde_json::json!({}), &[]);
    let mut connection = connect(gateway.public_address).await;
    let answer = send(&mut connection, request).await;
    assert_eq!(answer.json(), serde_json::json!({ "data": { "a": 1, "b": 1 } }));
    let mut cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    cookies.sort();
    assert_eq!(cookies, ["a=1", "b=1"]);
    assert_eq!(answer.header("x-private"), None);
}
