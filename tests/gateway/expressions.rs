//! Expressions in header rules: what they see of a request, an operation and an answer.
//!
//! **Never here:** what the language means (unit tests of `expressions`).

use http::Method;
use serde_json::json;
use subgraphs::{Options, Service};

use crate::client::{call, connect, graphql_request, send};
use crate::folder::Folder;
use crate::house::{House, start};
use crate::stub::{self, Stub};

const RULES: &str = r#"
headers:
  request:
    - { set: x-tags, value: 'request.query.tag + "/" + request.headers["x-tag"]' }
    - { set: x-first, value: 'request.headers["x-tag"].split(", ")[0].upperAscii()' }
    - { set: x-user, value: consumer.id }
    - { set: x-who, value: 'consumer.anonymous ? "nobody" : consumer.name' }
  response:
    - { set: x-upstream-status, value: response.status }
routes:
  - match: { path: "/orders/{id}" }
    upstream: orders
    headers:
      response:
        - { remove: content-type }
        - { set: x-answer, value: 'route.name + " " + response.headers["content-type"]' }
"#;

#[tokio::test]
async fn header_rules_see_query_consumer_and_answer() {
    let house = House::open_with(RULES, Options::default()).await;
    let sent = [("x-tag", "one"), ("x-tag", "two"), ("x-user", "spoofed")];
    let answer = call(house.address(), Method::GET, "/orders/o1?tag=a%20b", &sent, "").await;
    let headers = house.servers.server(Service::Orders).last_requests().pop().unwrap().headers;
    assert_eq!(headers["x-tags"], "a b/one, two");
    assert_eq!(headers["x-first"], "ONE");
    assert_eq!(headers["x-who"], "nobody");
    assert!(!headers.contains_key("x-user"), "nobody has no id");
    assert_eq!(answer.header("x-upstream-status"), Some("200"));
    // The rules see the answer as it came.
    assert_eq!(answer.header("content-type"), None);
    assert_eq!(answer.header("x-answer"), Some("/orders/{id} application/json"));

    let answer = house.query_with("{ me { id } }", json!({}), &sent).await;
    assert_eq!(answer.header("x-upstream-status"), Some("200"));
}

#[tokio::test]
async fn the_rules_of_a_subgraph_see_the_operation() {
    // It answers with what it was told of the operation.
    let stub = Stub::start(|request| async move {
        let told = request.headers()["x-operation"].to_str().unwrap().to_owned();
        stub::json(&json!({ "data": { "a": told } }))
    });
    let stub = stub.await;
    let folder = Folder::new();
    folder.write("a.graphql", "type Query { a: String } type Mutation { a: String }");
    let yaml = format!(
        r#"
listen: 127.0.0.1:0
admin: {{ listen: 127.0.0.1:0 }}
supergraph:
  subgraphs:
    a:
      schema: a.graphql
      url: "http://{}/"
      headers:
        request:
          - {{ set: x-operation, value: 'operation.type + " " + (has(operation.name) ? operation.name : "?")' }}
"#,
        stub.address
    );
    let (gateway, _log) = start(folder.path(), &yaml).await;
    for (document, told) in
        [("{ a }", "query ?"), ("query Q { a }", "query Q"), ("mutation M { a }", "mutation M")]
    {
        let mut connection = connect(gateway.public_address).await;
        let answer = send(&mut connection, graphql_request(document, json!({}), &[])).await;
        assert_eq!(answer.json(), json!({ "data": { "a": told } }));
    }
}
