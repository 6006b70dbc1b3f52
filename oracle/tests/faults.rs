//! Faults strike legal requests and nothing else.
//!
//! **In:** one subgraph with one fault at a time.
//! **Out:** what a gateway gets to see.
//!
//! **Never here:** what a gateway makes of it.
//!
//! **Read first:** `struck`.

use oracle::{Data, Fault, Request, StrictSubgraph};
use serde_json::{Value, json};

const SDL: &str = r#"
    type Query { products: [Product!] }
    type Product @key(fields: "upc") { upc: ID! name: String! note: String }
"#;

fn struck(fault: Fault) -> StrictSubgraph {
    let data = json!({
        "objects": {
            "p1": { "__typename": "Product", "upc": "1", "name": "Table", "note": "n" },
            "p2": { "__typename": "Product", "upc": "2", "name": "Chair", "note": "n" },
        },
        "query": { "products": [{ "@ref": "p1" }, { "@ref": "p2" }] },
    });
    let data = Data::from_json(&data).expect("data");
    StrictSubgraph::new("products", SDL, data).expect("a valid case").with_faults(vec![fault])
}

fn entities(fault: Fault) -> Value {
    let query =
        "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Product { name note } } }";
    let representations =
        json!([{ "__typename": "Product", "upc": "1" }, { "__typename": "Product", "upc": "2" }]);
    struck(fault).answer(&Request::new(query).with_variables(json!({ "r": representations })))
}

#[test]
fn a_null_in_a_nullable_field_is_silent() {
    let answer = entities(Fault::Null { type_name: "Product".into(), field: "note".into() });
    assert_eq!(answer["data"]["_entities"][1], json!({ "name": "Chair", "note": null }));
    assert_eq!(answer.get("errors"), None);
}

#[test]
fn a_null_in_a_non_null_field_costs_the_entity() {
    let answer = entities(Fault::Null { type_name: "Product".into(), field: "name".into() });
    assert_eq!(answer["data"]["_entities"], json!([null, null]));
    assert_eq!(answer["errors"][1]["path"], json!(["_entities", 1, "name"]));
}

#[test]
fn an_error_has_its_message_and_path() {
    let fault = Fault::Error {
        type_name: "Product".into(),
        field: "note".into(),
        message: "out of ink".into(),
    };
    let answer = entities(fault);
    assert_eq!(answer["data"]["_entities"][0], json!({ "name": "Table", "note": null }));
    assert_eq!(
        answer["errors"][0],
        json!({ "message": "out of ink", "path": ["_entities", 0, "note"] })
    );
}

#[test]
fn a_missing_entity_is_null() {
    let answer = entities(Fault::MissingEntity { object: "p1".into() });
    assert_eq!(answer["data"]["_entities"], json!([null, { "name": "Chair", "note": "n" }]));
}

#[test]
fn a_short_list_lacks_its_end() {
    let answer = entities(Fault::ShortEntityList { by: 1 });
    assert_eq!(answer["data"]["_entities"], json!([{ "name": "Table", "note": "n" }]));
}

#[test]
fn a_dead_subgraph_does_not_answer() {
    let request = Request::new("{ products { upc } }");
    let unreachable = struck(Fault::Dead).respond(&request).unwrap_err();
    assert_eq!(unreachable.subgraph, "products");
    let answer = struck(Fault::Dead).answer(&request);
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SUBGRAPH_UNREACHABLE");
}

#[test]
fn an_illegal_request_is_refused_before_any_fault() {
    let fault = Fault::Null { type_name: "Product".into(), field: "note".into() };
    let response = struck(fault).respond(&Request::new("{ products { color } }")).unwrap();
    assert_eq!(response.data, None);
}
