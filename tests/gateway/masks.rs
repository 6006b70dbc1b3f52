//! Masks of fields of the graph: who sees what, and what stands instead.
//!
//! **Never here:** what a mask does to a text (unit tests of `masks`), answers of routes (`route_masks`).

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::client::{Answer, connect, graphql_request, send};
use crate::folder::Folder;
use crate::house::{start, until};
use crate::stub::{self, Stub};

const SCHEMA: &str = r#"
type Query { card: Card cards: [Card!]! payments: [Payment] }
interface Payment { id: ID! number: String note: String }
type Card implements Payment {
  id: ID! number: String note: String! pin: Int! kind: Kind old: [String!]
}
type Cash implements Payment { id: ID! number: String note: String }
enum Kind { DEBIT CREDIT }
"#;

const MASKS: &str = r#"
masks:
  - { field: Card.number, keep_last: 4, unless: '"x-clear" in request.headers' }
  - { field: Card.pin, replace: "0" }
  - { field: Card.kind, remove: true }
  - { field: Card.old, hash: { key: "0123456789abcdef" } }
  - { field: Payment.note, replace: "(note)", unless: 'operation.name == "Notes"' }
"#;

struct Bank {
    _stub: Stub,
    gateway: graphloom::Running,
    folder: Folder,
    yaml: String,
}

fn card(id: &str) -> Value {
    json!({
        "__typename": "Card", "id": id, "number": "4111111111111234", "note": "of Alice",
        "pin": 4711, "kind": "DEBIT", "old": ["4222222222222222"],
    })
}

impl Bank {
    /// One subgraph that answers with all it has.
    async fn open(masks: &str) -> Self {
        let stub = Stub::start(|_| async {
            let cash = json!({ "__typename": "Cash", "id": "c", "number": "17", "note": "of Bob" });
            let data =
                json!({ "card": card("a"), "cards": [card("b")], "payments": [card("d"), cash] });
            stub::json(&json!({ "data": data }))
        });
        let stub = stub.await;
        let folder = Folder::new();
        folder.write("bank.graphql", SCHEMA);
        let yaml = format!(
            "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
             graphql: {{ merge: {{ client_queries: true }} }}\n\
             supergraph: {{ subgraphs: {{ bank: {{ schema: bank.graphql, url: \"http://{}/\" }} }} }}\n",
            stub.address
        );
        let (gateway, _) = start(folder.path(), &format!("{yaml}{masks}")).await;
        Self { _stub: stub, gateway, folder, yaml }
    }

    async fn ask(&self, document: &str, headers: &[(&str, &str)]) -> Answer {
        let mut connection = connect(self.gateway.public_address).await;
        send(&mut connection, graphql_request(document, json!({}), headers)).await
    }

    async fn data(&self, document: &str, headers: &[(&str, &str)]) -> Value {
        let answer = self.ask(document, headers).await.json();
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        answer["data"].clone()
    }
}

#[tokio::test]
async fn each_field_has_something_else_instead() {
    let bank = Bank::open(MASKS).await;
    let data = bank.data("{ card { id number note pin kind old } }", &[]).await;
    let old = data["card"]["old"][0].as_str().unwrap();
    assert!(old.len() == 64 && old.bytes().all(|byte| byte.is_ascii_hexdigit()), "{old}");
    let expected = json!({
        "id": "a", "number": "****1234", "note": "(note)", "pin": 0, "kind": null, "old": [old],
    });
    assert_eq!(data["card"], expected);
}

#[tokio::test]
async fn neither_alias_nor_fragment_nor_interface_nor_list_leads_around_a_mask() {
    let bank = Bank::open(MASKS).await;
    let document = "fragment N on Payment { x: number }
        query { cards { n: number ... on Payment { m: number } ...N } payments { number ...N note } }";
    let data = bank.data(document, &[]).await;
    assert_eq!(data["cards"], json!([{ "n": "****1234", "m": "****1234", "x": "****1234" }]));
    let expected = json!([
        { "number": "****1234", "x": "****1234", "note": "(note)" },
        { "number": "17", "x": "17", "note": "(note)" },
    ]);
    assert_eq!(data["payments"], expected);
}

#[tokio::test]
async fn a_mask_does_nothing_for_whom_its_condition_holds() {
    let bank = Bank::open(MASKS).await;
    let clear = [("x-clear", "1")];
    let data = bank.data("query Notes { card { number note } }", &clear).await;
    assert_eq!(data["card"], json!({ "number": "4111111111111234", "note": "of Alice" }));
    // Without a name the condition of the note cannot be decided.
    let data = bank.data("{ card { number note } }", &clear).await;
    assert_eq!(data["card"], json!({ "number": "4111111111111234", "note": "(note)" }));
}

#[tokio::test]
async fn one_callers_answer_is_never_anothers_though_they_ask_the_same_at_once() {
    let bank = Arc::new(Bank::open(MASKS).await);
    let barrier = Arc::new(Barrier::new(16));
    let asking = (0..16).map(|i| {
        let (bank, barrier) = (Arc::clone(&bank), Arc::clone(&barrier));
        tokio::spawn(async move {
            let clear: &[(&str, &str)] = if i % 2 == 0 { &[("x-clear", "1")] } else { &[] };
            barrier.wait().await;
            let data = bank.data("{ card { number } }", clear).await;
            let expected = if i % 2 == 0 { "4111111111111234" } else { "****1234" };
            assert_eq!(data["card"]["number"], expected);
        })
    });
    for asked in asking.collect::<Vec<_>>() {
        asked.await.unwrap();
    }
}

#[tokio::test]
async fn masks_change_with_the_configuration_for_operations_that_were_prepared_before() {
    let bank = Bank::open("").await;
    let document = "{ card { number } }";
    assert_eq!(bank.data(document, &[]).await["card"]["number"], "4111111111111234");
    let before = Arc::as_ptr(&bank.gateway.graph.current()) as usize;
    bank.folder.write("graphloom.yaml", &format!("{}{MASKS}", bank.yaml));
    let is_another =
        || (Arc::as_ptr(&bank.gateway.graph.current()) as usize != before).then_some(());
    until("the masks are in force", is_another).await;
    assert_eq!(bank.data(document, &[]).await["card"]["number"], "****1234");
}

#[tokio::test]
async fn a_mask_that_fits_no_field_never_replaces_a_good_graph() {
    let bank = Bank::open(MASKS).await;
    let wrong = MASKS.replace("Card.number", "Card.numbr");
    bank.folder.write("graphloom.yaml", &format!("{}{wrong}", bank.yaml));
    let problem = until("the problem is known", || bank.gateway.graph.problem()).await;
    let error = &problem.errors[0];
    assert_eq!(error.message, "`masks[0].field`: `Card` has no field `numbr`");
    assert_eq!(error.fix.as_deref(), Some("did you mean `Card.number`?"));
    assert!(error.line.is_some());
    let data = bank.data("{ card { number } }", &[]).await;
    assert_eq!(data["card"]["number"], "****1234");
}

#[tokio::test]
async fn what_cannot_stand_there_is_refused() {
    let folder = Folder::new();
    folder.write("bank.graphql", SCHEMA);
    for (mask, message) in [
        ("field: Card.pin, remove: true", "`Card.pin` is `Int!`: it cannot be removed"),
        ("field: Payment.note, remove: true", "`Card.note` is `String!`: it cannot be removed"),
        ("field: Card.kind, hash: { key: 0123456789abcdef }", "what would stand there is a text"),
        ("field: Card.kind, replace: GOLD", "`Card.kind` is `Kind`, and `GOLD` is none"),
        ("field: Query.card, remove: true", "`Query.card` has objects, not values"),
        ("field: Kind.DEBIT, remove: true", "the schema has no type `Kind` with fields"),
    ] {
        let yaml = format!(
            "supergraph: {{ subgraphs: {{ bank: {{ schema: bank.graphql, url: \"http://127.0.0.1:9/\" }} }} }}\n\
             masks: [{{ {mask} }}]\n"
        );
        let file = folder.write("graphloom.yaml", &yaml);
        let settings = graphloom::config::Settings::read(&file, &yaml, &|_| None).unwrap();
        let loaded = graphloom::graph::load(&settings.supergraph).unwrap();
        let problem = graphloom::graph::check(&settings, &loaded.supergraph).unwrap_err();
        assert!(problem.errors[0].message.contains(message), "{:?}", problem.errors[0]);
    }
}
