//! What no log may have: the words of subgraphs' errors about masked and `@sensitive` values, and the
//! values of variables.
//!
//! **Never here:** which operations have such values (unit tests of `operation::sensitive`).

use serde_json::{Value, json};

use crate::client::{connect, graphql_request, send};
use crate::folder::Folder;
use crate::house::{lines, start};
use crate::stub::{self, Stub};

const SCHEMA: &str = r#"
extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@composeDirective"])
  @link(url: "https://example.com/sensitive/v1.0", import: ["@sensitive"])
  @composeDirective(name: "@sensitive")
directive @sensitive on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION
type Query {
  plain(limit: Int): String
  card: Card
  login(password: String @sensitive): String
}
type Card { number: String iban: String @sensitive kind: String }
"#;

/// What a client gets of an operation, and what the log says, when the subgraph's error quotes a value.
async fn ask(document: &str, variables: Value) -> (String, String) {
    let stub = Stub::start(|_| async {
        let error = json!({
            "message": "4711 is wrong", "path": ["card"],
            "extensions": { "code": "WRONG", "value": "4711" },
        });
        stub::json(&json!({ "data": null, "errors": [error] }))
    });
    let stub = stub.await;
    let folder = Folder::new();
    folder.write("a.graphql", SCHEMA);
    let yaml = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
         graphql: {{ errors: {{ mask: false }} }}\n\
         masks: [{{ field: Card.number, keep_last: 4 }}]\n\
         supergraph: {{ subgraphs: {{ a: {{ schema: a.graphql, url: \"http://{}/\" }} }} }}\n",
        stub.address
    );
    let (gateway, log) = start(folder.path(), &yaml).await;
    let mut connection = connect(gateway.public_address).await;
    let answer = send(&mut connection, graphql_request(document, variables, &[])).await;
    let line = crate::house::until("it is told", || lines(&log, "request").pop()).await;
    (answer.text(), line.to_string())
}

#[tokio::test]
async fn words_about_plain_values_are_told() {
    let (answer, line) = ask("{ plain card { kind } }", json!({})).await;
    assert!(answer.contains("4711 is wrong"), "{answer}");
    assert!(line.contains("4711 is wrong"), "{line}");
}

#[tokio::test]
async fn words_about_masked_and_sensitive_values_are_withheld_from_log_and_client() {
    for (document, variables) in [
        ("{ card { number } }", json!({})),
        ("{ plain card { x: iban } }", json!({})),
        ("query($p: String) { login(password: $p) }", json!({ "p": "4711" })),
        ("{ login(password: \"4711\") }", json!({})),
    ] {
        let (answer, line) = ask(document, variables).await;
        assert!(!answer.contains("4711"), "{document}: {answer}");
        assert!(answer.contains("WRONG"), "{document}: {answer}");
        assert!(!line.contains("4711"), "{document}: {line}");
        assert!(line.contains("WRONG") && line.contains("withheld"), "{document}: {line}");
    }
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_told_to_the_client_alone() {
    let document = "query($l: Int) { plain(limit: $l) }";
    let (answer, line) = ask(document, json!({ "l": "47-11" })).await;
    assert!(answer.contains("47-11"), "{answer}");
    assert!(!line.contains("47-11"), "{line}");
    assert!(line.contains("the value is not of type `Int`"), "{line}");
}
