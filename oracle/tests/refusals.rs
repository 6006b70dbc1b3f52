//! What a strict subgraph refuses, one rule a test.
//!
//! **In:** one small subgraph for each family of rules.
//! **Out:** the words of the refusal.
//!
//! **Never here:** what it answers (`answers`).
//!
//! **Read first:** `refusal`.

use oracle::{Data, Request, StrictSubgraph};
use serde_json::{Value, json};

const INVENTORY: &str = r#"
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.5",
      import: ["@key", "@external", "@requires", "@provides", "@shareable"])
    type Query { stocked(first: Int): [Product!]! featured: Product @provides(fields: "name") }
    type Product @key(fields: "upc") @key(fields: "sku { code region }") {
      upc: ID!
      sku: Sku
      name: String @external
      price: Int! @external
      weight: Float @external
      seller: Seller @external
      inStock: Boolean
      shippingEstimate: Int @requires(fields: "price weight")
      label: String @requires(fields: "seller { ... on Shop { city } ... on Person { age } }")
    }
    type Sku { code: ID! region: String }
    interface Seller { id: ID! }
    type Shop implements Seller { id: ID! city: String @external }
    type Person implements Seller { id: ID! age: Int @external }
    type Warehouse @key(fields: "id", resolvable: false) { id: ID! }
"#;

const ENTITIES: &str =
    "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Product { inStock } } }";

fn inventory() -> StrictSubgraph {
    StrictSubgraph::new("inventory", INVENTORY, Data::default()).expect("a valid case")
}

/// All messages of a request error result; the request must not have been executed.
fn refusal(request: &Request) -> String {
    let response = inventory().respond(request).expect("a valid case");
    assert_eq!(response.data, None, "executed instead of refused");
    assert!(!response.errors.is_empty());
    response.messages()
}

fn refused_query(query: &str) -> String {
    refusal(&Request::new(query))
}

fn refused_representation(representation: Value) -> String {
    refusal(&Request::new(ENTITIES).with_variables(json!({ "r": [representation] })))
}

fn refused_selection(selection: &str, representation: Value) -> String {
    let query = format!(
        "query ($r: [_Any!]!) {{ _entities(representations: $r) {{ ... on Product {{ {selection} }} }} }}"
    );
    refusal(&Request::new(query).with_variables(json!({ "r": [representation] })))
}

#[track_caller]
fn says(text: &str, part: &str) {
    assert!(text.contains(part), "`{part}` is not in: {text}");
}

#[test]
fn a_document_that_does_not_parse() {
    says(&refused_query("{ stocked {"), "syntax error");
}

#[test]
fn an_unknown_field() {
    says(&refused_query("{ stocked { color } }"), "`Product` does not have a field `color`");
}

#[test]
fn an_unknown_type_in_a_fragment() {
    says(&refused_query("{ stocked { ... on Car { upc } } }"), "`Car`");
}

#[test]
fn an_unknown_argument() {
    says(&refused_query("{ stocked(last: 1) { upc } }"), "`last`");
}

#[test]
fn fields_that_cannot_merge() {
    let query = "{ stocked { upc: inStock upc } }";
    says(&refused_query(query), "`upc`");
}

#[test]
fn a_leaf_with_a_selection_and_a_composite_without() {
    says(&refused_query("{ stocked { upc { x } } }"), "must not have subselections at 1:");
    says(&refused_query("{ stocked }"), "must have a subselection set at 1:");
}

#[test]
fn an_undeclared_variable_in_the_document() {
    says(&refused_query("{ stocked(first: $n) { upc } }"), "$n");
}

#[test]
fn an_unused_variable() {
    says(&refused_query("query ($n: Int) { stocked { upc } }"), "unused variable: `$n`");
}

#[test]
fn a_variable_in_the_wrong_position() {
    says(&refused_query("query ($n: String) { stocked(first: $n) { upc } }"), "`$n`");
}

#[test]
fn a_variable_value_of_the_wrong_type() {
    let request = Request::new("query ($n: Int) { stocked(first: $n) { upc } }")
        .with_variables(json!({ "n": "two" }));
    says(&refusal(&request), "variable `$n`: \"two\" is not a value of `Int`");
}

#[test]
fn a_required_variable_without_a_value() {
    says(&refused_query(ENTITIES), "variable `$r` of type `[_Any!]!` is not provided");
}

#[test]
fn a_variable_value_that_no_one_declared() {
    let request = Request::new("{ stocked { upc } }").with_variables(json!({ "n": 1 }));
    says(&refusal(&request), "variable `$n` is sent, but the operation does not declare it");
}

#[test]
fn an_operation_name_the_document_does_not_have() {
    let mut request = Request::new("query A { stocked { upc } }");
    request.operation_name = Some("B".to_owned());
    says(&refusal(&request), "no operation `B`");
}

#[test]
fn entities_of_a_subgraph_without_entities() {
    let plain = StrictSubgraph::new("plain", "type Query { a: Int }", Data::default()).unwrap();
    let answer = plain.respond(&Request::new("{ _entities(representations: []) { __typename } }"));
    says(&answer.unwrap().messages(), "`_entities`");
}

#[test]
fn a_representation_that_is_no_object() {
    says(&refused_representation(json!("p1")), "representation 0: \"p1\" is not an object");
}

#[test]
fn a_representation_without_typename() {
    says(&refused_representation(json!({ "upc": "1" })), "`__typename` is missing");
}

#[test]
fn a_representation_of_an_unknown_type() {
    says(
        &refused_representation(json!({ "__typename": "Car", "id": "1" })),
        "`Car` is not a type of this subgraph",
    );
}

#[test]
fn a_representation_of_a_type_without_a_key() {
    says(
        &refused_representation(json!({ "__typename": "Sku", "code": "1" })),
        "`Sku` has no resolvable `@key`",
    );
}

#[test]
fn a_representation_whose_only_key_is_not_resolvable() {
    says(
        &refused_representation(json!({ "__typename": "Warehouse", "id": "1" })),
        "`Warehouse` has no resolvable `@key`",
    );
}

#[test]
fn a_representation_without_a_whole_key() {
    let refusal =
        refused_representation(json!({ "__typename": "Product", "sku": { "code": "1" } }));
    says(&refusal, "key `upc` of `Product` does not fit: `upc` missing");
    says(&refusal, "key `sku { code region }` of `Product` does not fit: `sku.region` missing");
}

#[test]
fn a_null_key_where_the_schema_says_non_null() {
    says(
        &refused_representation(json!({ "__typename": "Product", "upc": null })),
        "`Product.upc` is null, but this subgraph declares it `ID!`",
    );
}

#[test]
fn a_key_of_nulls_only() {
    says(
        &refused_representation(json!({ "__typename": "Product", "sku": null })),
        "key `sku { code region }` of `Product` does not fit: every field of it is null",
    );
}

#[test]
fn a_key_of_the_wrong_class() {
    says(
        &refused_representation(json!({ "__typename": "Product", "upc": true })),
        "`Product.upc`: true is not a value of `ID`",
    );
}

#[test]
fn a_field_in_a_representation_that_the_type_does_not_declare() {
    says(
        &refused_representation(json!({ "__typename": "Product", "upc": "1", "color": "red" })),
        "`Product.color` is not declared in this subgraph",
    );
    says(
        &refused_representation(
            json!({ "__typename": "Product", "sku": { "code": "1", "region": "eu", "x": 1 } }),
        ),
        "`Product.sku.x` is not declared in this subgraph",
    );
}

#[test]
fn a_field_whose_requirement_was_not_sent() {
    says(
        &refused_selection(
            "shippingEstimate",
            json!({ "__typename": "Product", "upc": "1", "price": 5 }),
        ),
        "`Product.shippingEstimate` requires `price weight`: the representation lacks `weight`",
    );
}

#[test]
fn a_null_requirement_where_the_schema_says_non_null() {
    says(
        &refused_selection(
            "shippingEstimate",
            json!({ "__typename": "Product", "upc": "1", "price": null, "weight": 1.0 }),
        ),
        "`Product.price` is null, but this subgraph declares it `Int!`",
    );
}

#[test]
fn an_aliased_field_whose_requirement_was_not_sent() {
    says(
        &refused_selection("a: shippingEstimate", json!({ "__typename": "Product", "upc": "1" })),
        "the representation lacks `price`, `weight`",
    );
}

#[test]
fn a_requirement_with_fragments_sent_without_typename() {
    says(
        &refused_selection(
            "label",
            json!({ "__typename": "Product", "upc": "1", "seller": { "city": "Rome" } }),
        ),
        "lacks `seller.__typename`",
    );
}

#[test]
fn a_type_conditioned_requirement_of_that_very_type() {
    says(
        &refused_selection(
            "label",
            json!({ "__typename": "Product", "upc": "1", "seller": { "__typename": "Shop" } }),
        ),
        "lacks `seller.city`",
    );
}

#[test]
fn a_field_with_requires_asked_for_outside_of_entities() {
    says(
        &refused_query("{ stocked { shippingEstimate } }"),
        "`Product.shippingEstimate` requires `price weight`: ask for it through `_entities`",
    );
}

#[test]
fn an_external_field_that_nothing_gives() {
    says(&refused_query("{ stocked { name } }"), "`Product.name` is `@external`");
    says(
        &refused_selection("price", json!({ "__typename": "Product", "upc": "1" })),
        "`Product.price` is `@external`",
    );
}

#[test]
fn an_external_field_beside_the_provided_one() {
    says(&refused_query("{ featured { name weight } }"), "`Product.weight` is `@external`");
}

#[test]
fn an_overridden_field() {
    let subgraph = inventory().with_overridden(&[("Product", "inStock")]);
    let response = subgraph.respond(&Request::new("{ stocked { inStock } }")).unwrap();
    says(&response.messages(), "`Product.inStock` is `@external` (or overridden) here");
}

#[test]
fn a_selection_on_an_interface_that_one_type_cannot_answer() {
    let sdl = r#"
        extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@external"])
        type Query { media: Media }
        interface Media { title: String }
        type Book implements Media @key(fields: "id") { id: ID! title: String }
        type Film implements Media @key(fields: "id") { id: ID! title: String @external }
    "#;
    let subgraph = StrictSubgraph::new("media", sdl, Data::default()).unwrap();
    let ask = |query| subgraph.respond(&Request::new(query)).unwrap();
    says(&ask("{ media { title } }").messages(), "`Film.title` is `@external`");
    assert_eq!(ask("{ media { ... on Book { title } } }").errors, []);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let request = Request::new(
        "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Product { shippingEstimate } } stocked { name } }",
    )
    .with_variables(json!({ "r": [{ "upc": "1" }, { "__typename": "Product", "upc": "1" }], "x": 1 }));
    let refusal = refusal(&request);
    for part in
        ["`$x` is sent", "representation 0: `__typename`", "lacks `price`", "`Product.name`"]
    {
        says(&refusal, part);
    }
}

#[test]
fn a_refusal_is_a_request_error_result() {
    let answer = inventory().answer(&Request::new("{ stocked { name } }"));
    assert_eq!(answer.get("data"), None);
    assert_eq!(answer["errors"][0]["extensions"]["code"], "STRICT_SUBGRAPH_REFUSED");
    says(answer["errors"][0]["message"].as_str().unwrap(), "subgraph `inventory` refuses");
}

#[test]
fn a_schema_that_is_not_valid() {
    let error =
        StrictSubgraph::new("bad", "type Query { a: Nothing }", Data::default()).unwrap_err();
    says(&error.to_string(), "Nothing");
    let sdl = r#"type Query { a: A } type A @key(fields: "nope") { id: ID! }"#;
    let error = StrictSubgraph::new("bad", sdl, Data::default()).unwrap_err();
    says(&error.to_string(), "the field set `nope` of `A` is not valid");
}

#[test]
fn data_that_refers_to_nothing() {
    let error = Data::from_json(&json!({ "query": { "a": [{ "@ref": "p1" }] } })).unwrap_err();
    says(&error.to_string(), "`@ref` to `p1`");
}
