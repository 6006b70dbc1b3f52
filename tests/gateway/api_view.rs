//! Clients see the API schema, and nothing else: what is inaccessible is no input, as a literal or in
//! a variable, and no answer of introspection.
//!
//! **Never here:** inaccessible values in answers of subgraphs (`fixtures/execution`).

use serde_json::{Value, json};

use crate::client::{Answer, connect, graphql_request, send};
use crate::folder::Folder;
use crate::house::start;
use crate::stub::{self, Stub};

const SCHEMA: &str = "
extend schema @link(url: \"https://specs.apollo.dev/federation/v2.7\", import: [\"@inaccessible\"])
type Query { paint(color: Color, with: Brush, all: [Brush!]): String hidden: Int @inaccessible }
enum Color { RED GREEN SECRET @inaccessible }
input Brush { width: Int = 1 color: Color secret: Int @inaccessible }
";

/// Which subgraph knows which color: only what both know is an input.
const OTHER: &str = "enum Color { RED SECRET } type Query { mix(color: Color): String }";

struct Fixture {
    _stub: Stub,
    _folder: Folder,
    gateway: graphloom::Running,
}

async fn open() -> Fixture {
    let stub =
        Stub::start(|_| async { stub::json(&json!({ "data": { "paint": "painted" } })) }).await;
    let folder = Folder::new();
    folder.write("paint.graphql", SCHEMA);
    folder.write("other.graphql", OTHER);
    let address = stub.address;
    let yaml = format!(
        "version: 1\nlisten: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
         graphql: {{ introspection: true }}\nsupergraph:\n  subgraphs:\n    \
         paint: {{ schema: paint.graphql, url: http://{address}/ }}\n    \
         other: {{ schema: other.graphql, url: http://{address}/ }}\n"
    );
    let (gateway, _) = start(folder.path(), &yaml).await;
    Fixture { _stub: stub, _folder: folder, gateway }
}

impl Fixture {
    async fn ask(&self, document: &str, variables: Value) -> Answer {
        let mut connection = connect(self.gateway.public_address).await;
        send(&mut connection, graphql_request(document, variables, &[])).await
    }

    /// The code of the first error; nothing if there is an answer.
    async fn code(&self, document: &str, variables: Value) -> Value {
        let answer = self.ask(document, variables).await.json();
        assert_eq!(answer.get("data").is_some(), answer.get("errors").is_none(), "{answer}");
        answer["errors"][0]["extensions"]["code"].clone()
    }
}

#[tokio::test]
async fn an_inaccessible_value_is_refused_as_a_literal_and_in_a_variable() {
    let house = open().await;
    let invalid = Value::from("GRAPHQL_VALIDATION_FAILED");
    for literal in
        ["color: SECRET", "with: { secret: 1 }", "all: [{ color: SECRET }]", "color: GREEN"]
    {
        let document = format!("{{ paint({literal}) }}");
        assert_eq!(house.code(&document, json!({})).await, invalid, "{literal}");
    }
    assert_eq!(house.code("{ hidden }", json!({})).await, invalid);

    let document =
        "query ($c: Color, $b: Brush, $l: [Brush!]) { paint(color: $c, with: $b, all: $l) }";
    for variables in [
        json!({ "c": "SECRET" }),
        json!({ "c": "GREEN" }),
        json!({ "b": { "secret": 1 } }),
        json!({ "b": { "color": "SECRET" } }),
        json!({ "l": [{ "color": "RED" }, { "color": "SECRET" }] }),
        json!({ "l": { "secret": 1 } }),
    ] {
        assert_eq!(house.code(document, variables.clone()).await, "BAD_USER_INPUT", "{variables}");
    }
    let variables = json!({ "c": "RED", "b": { "color": "RED" }, "l": { "width": 2 } });
    assert_eq!(house.code(document, variables).await, Value::Null);
}

#[tokio::test]
async fn introspection_shows_the_api_schema() {
    let house = open().await;
    let document = "{ c: __type(name: \"Color\") { enumValues { name } } \
                    b: __type(name: \"Brush\") { inputFields { name defaultValue } } \
                    q: __type(name: \"Query\") { fields { name } } \
                    j: __type(name: \"join__Graph\") { name } paint(color: RED) }";
    let data = house.ask(document, json!({})).await.json()["data"].clone();
    assert_eq!(data["c"]["enumValues"], json!([{ "name": "RED" }]));
    let fields = json!([
        { "name": "width", "defaultValue": "1" },
        { "name": "color", "defaultValue": null }
    ]);
    assert_eq!(data["b"]["inputFields"], fields);
    assert_eq!(data["q"]["fields"], json!([{ "name": "mix" }, { "name": "paint" }]));
    assert_eq!((&data["j"], &data["paint"]), (&Value::Null, &"painted".into()));
}
