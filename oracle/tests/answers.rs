//! What strict subgraphs answer, from one set of data.
//!
//! **In:** Federation 1 and 2 subgraphs over the same objects.
//! **Out:** their answers, and the answer of the unsplit schema beside them.
//!
//! **Never here:** refusals (`refusals`), faults (`faults`).
//!
//! **Read first:** `data`.

use oracle::{Data, Ordered, Request, StrictSubgraph, execute_whole};
use serde_json::{Value, json};

const PRODUCTS: &str = r#"
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", as: "fed",
      import: [{ name: "@key", as: "@primaryKey" }, "@shareable"])
    type Query { topProducts(first: Int = 2): [Product!] media: [Media!] owner: Owner }
    type Mutation { rename(upc: ID!, name: String!): Product }
    type Product @primaryKey(fields: "upc") @primaryKey(fields: "sku { code region }") @fed__tag(name: "t") {
      upc: ID! name: String @shareable price(currency: Currency): Int weight: Float sku: Sku
    }
    type Sku { code: ID! region: String }
    enum Currency { USD EUR }
    interface Media @primaryKey(fields: "id") { id: ID! title: String }
    type Book implements Media @primaryKey(fields: "id") { id: ID! title: String }
    type Film implements Media @primaryKey(fields: "id") { id: ID! title: String }
    union Owner = Product | Book
"#;

const INVENTORY: &str = r#"
    extend type Product @key(fields: "upc") {
      upc: ID! @external
      price: Int @external
      weight: Float @external
      inStock: Boolean
      label: String @requires(fields: "price weight")
      estimate: Int @requires(fields: "price weight")
    }
    extend type Query { stocked: [Product] featured: Shelf }
    type Shelf { best: Product @provides(fields: "price") }
"#;

const REVIEWS: &str = r#"
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@interfaceObject", "@external", "@requires"])
    type Query { reviewed: [Media] }
    type Media @key(fields: "id") @interfaceObject {
      id: ID! stars: Int title: String @external verdict: String @requires(fields: "title")
    }
"#;

fn data() -> Data {
    let mut data = Data::from_json(&json!({
        "objects": {
            "p1": { "__typename": "Product", "upc": "1", "name": "Table", "weight": 10, "inStock": true,
                    "price": { "@args": [{ "when": { "currency": "USD" }, "value": 5 }], "@default": 3 },
                    "sku": { "code": 7, "region": null } },
            "p2": { "__typename": "Product", "upc": "2", "name": "Chair", "price": 2, "weight": 1.5,
                    "inStock": false, "sku": { "code": "8", "region": "eu" } },
            "b1": { "__typename": "Book", "id": "1", "title": "Emma", "stars": 4 },
            "f1": { "__typename": "Film", "id": "2", "title": "Ran", "stars": 5 },
        },
        "query": {
            "topProducts": [{ "@ref": "p1" }, { "@ref": "p2" }, { "@ref": "p1" }],
            "media": [{ "@ref": "b1" }, { "@ref": "f1" }],
            "reviewed": [{ "@ref": "f1" }],
            "owner": { "@ref": "f1" },
            "stocked": [{ "@ref": "p2" }],
            "featured": { "best": { "@ref": "p1" } },
        },
        "mutation": { "rename": { "@ref": "p1" } },
    }))
    .expect("a valid case");
    for sdl in [PRODUCTS, INVENTORY, REVIEWS] {
        data.learn(sdl).expect("a valid case");
    }
    data
}

fn ask(sdl: &str, query: &str, variables: Value) -> Value {
    let subgraph = StrictSubgraph::new("subgraph", sdl, data()).expect("a valid case");
    subgraph.answer(&Request::new(query).with_variables(variables))
}

fn ask_entities(sdl: &str, selection: &str, representations: Value) -> Value {
    let query =
        format!("query ($r: [_Any!]!) {{ _entities(representations: $r) {{ {selection} }} }}");
    let answer = ask(sdl, &query, json!({ "r": representations }));
    assert_eq!(answer.get("errors"), None, "{answer}");
    answer["data"]["_entities"].clone()
}

#[test]
fn root_fields_come_from_the_data() {
    assert_eq!(
        ask(PRODUCTS, "{ topProducts { upc name } }", json!({})),
        json!({ "data": { "topProducts": [{ "upc": "1", "name": "Table" }, { "upc": "2", "name": "Chair" }] } })
    );
}

#[test]
fn first_takes_a_slice_of_a_list() {
    let answer =
        ask(PRODUCTS, "query ($n: Int) { topProducts(first: $n) { upc } }", json!({ "n": 1 }));
    assert_eq!(answer["data"]["topProducts"], json!([{ "upc": "1" }]));
}

#[test]
fn arguments_choose_a_case_or_the_default() {
    let answer =
        ask(PRODUCTS, "{ topProducts(first: 1) { usd: price(currency: USD) price } }", json!({}));
    assert_eq!(answer["data"]["topProducts"][0], json!({ "usd": 5, "price": 3 }));
}

#[test]
fn a_plain_scalar_varies_with_its_arguments() {
    let query = "{ topProducts { price e: price(currency: EUR) u: price(currency: USD) e2: price(currency: EUR) } }";
    let chair = ask(PRODUCTS, query, json!({}))["data"]["topProducts"][1].clone();
    assert_eq!(chair["price"], 2);
    assert_eq!(chair["e"], chair["e2"]);
    assert_ne!(chair["e"], chair["u"]);
    assert_ne!(chair["e"], chair["price"]);
}

#[test]
fn a_mutation_starts_from_its_own_root() {
    let answer =
        ask(PRODUCTS, r#"mutation { rename(upc: "1", name: "x") { upc __typename } }"#, json!({}));
    assert_eq!(answer["data"]["rename"], json!({ "upc": "1", "__typename": "Product" }));
}

#[test]
fn service_gives_the_sdl_as_written() {
    assert_eq!(
        ask(INVENTORY, "{ _service { sdl } }", json!({}))["data"]["_service"]["sdl"],
        INVENTORY
    );
}

#[test]
fn an_entity_is_found_by_any_key() {
    let found = ask_entities(
        PRODUCTS,
        "__typename ... on Product { name }",
        json!([
            { "__typename": "Product", "upc": "2" },
            { "__typename": "Product", "upc": 1 },
            { "__typename": "Product", "sku": { "code": "8", "region": "eu" } },
            { "__typename": "Product", "sku": { "code": "7", "region": null } },
        ]),
    );
    let names: Vec<_> = found.as_array().unwrap().iter().map(|entity| &entity["name"]).collect();
    assert_eq!(names, ["Chair", "Table", "Chair", "Table"]);
    assert_eq!(found[0]["__typename"], "Product");
}

#[test]
fn an_unknown_entity_is_null_and_no_error() {
    let found =
        ask_entities(PRODUCTS, "__typename", json!([{ "__typename": "Product", "upc": "9" }]));
    assert_eq!(found, json!([null]));
}

#[test]
fn two_keys_that_name_different_objects_find_none() {
    let representation =
        json!({ "__typename": "Product", "upc": "1", "sku": { "code": "8", "region": "eu" } });
    assert_eq!(ask_entities(PRODUCTS, "__typename", json!([representation])), json!([null]));
}

#[test]
fn aliases_of_entities_answer_side_by_side() {
    let query = "query ($a: [_Any!]!, $b: [_Any!]!) {
        a: _entities(representations: $a) { ... on Product { name } }
        b: _entities(representations: $b) { ... on Book { title } } }";
    let variables = json!({ "a": [{ "__typename": "Product", "upc": "1" }], "b": [{ "__typename": "Book", "id": "1" }] });
    assert_eq!(
        ask(PRODUCTS, query, variables),
        json!({ "data": { "a": [{ "name": "Table" }], "b": [{ "title": "Emma" }] } })
    );
}

#[test]
fn federation_1_key_fields_are_answered_though_external() {
    let answer = ask(INVENTORY, "{ stocked { upc inStock } }", json!({}));
    assert_eq!(answer, json!({ "data": { "stocked": [{ "upc": "2", "inStock": false }] } }));
}

#[test]
fn federation_1_extends_directive_stands_for_the_keyword() {
    let sdl =
        r#"type Product @extends @key(fields: "upc") { upc: ID! @external inStock: Boolean }"#;
    let found = ask_entities(
        sdl,
        "... on Product { inStock }",
        json!([{ "__typename": "Product", "upc": "1" }]),
    );
    assert_eq!(found, json!([{ "inStock": true }]));
}

#[test]
fn a_provided_field_is_answered_on_that_path() {
    let answer = ask(INVENTORY, "{ featured { best { price } } }", json!({}));
    assert_eq!(answer["data"]["featured"]["best"], json!({ "price": 3 }));
}

#[test]
fn a_computed_field_names_what_was_sent() {
    let sent = json!([{ "__typename": "Product", "upc": "1", "price": 3, "weight": 10 }]);
    let found = ask_entities(INVENTORY, "... on Product { label }", sent);
    assert_eq!(found[0]["label"], r#"Product.label({"price":3,"weight":10.0})"#);
}

#[test]
fn a_nullable_requirement_may_be_null() {
    let sent = json!([{ "__typename": "Product", "upc": "1", "price": 3, "weight": null }]);
    let found = ask_entities(INVENTORY, "... on Product { label }", sent);
    assert_eq!(found[0]["label"], r#"Product.label({"price":3,"weight":null})"#);
}

#[test]
fn a_wrong_requirement_shows_in_the_data() {
    let estimate = |price: i32| {
        let sent = json!([{ "__typename": "Product", "upc": "1", "price": price, "weight": 10 }]);
        ask_entities(INVENTORY, "... on Product { estimate }", sent)[0]["estimate"].clone()
    };
    assert_ne!(estimate(3), estimate(4));
}

#[test]
fn an_external_field_that_was_sent_is_given_back() {
    let sent = json!([{ "__typename": "Product", "upc": "1", "price": 42 }]);
    assert_eq!(ask_entities(INVENTORY, "... on Product { price }", sent), json!([{ "price": 42 }]));
}

#[test]
fn the_unsplit_schema_computes_the_same_values() {
    let whole = "type Query { topProducts: [Product] reviewed: [Media] }
        type Product { label: String estimate: Int price(currency: Currency): Int weight: Float }
        enum Currency { USD EUR }
        interface Media { title: String verdict: String }
        type Film implements Media { title: String verdict: String }";
    let query = "{ topProducts { label estimate } reviewed { verdict } }";
    let truth = execute_whole(whole, &data(), query, json!({})).unwrap();
    let sent = json!([{ "__typename": "Product", "upc": "1", "price": 3, "weight": 10.0 }]);
    let split = ask_entities(INVENTORY, "... on Product { label estimate }", sent);
    assert_eq!(truth["data"]["topProducts"][0], split[0]);
    let sent = json!([{ "__typename": "Media", "id": "2", "title": "Ran" }]);
    let split = ask_entities(REVIEWS, "... on Media { verdict }", sent);
    assert_eq!(split[0]["verdict"], r#"Media.verdict({"title":"Ran"})"#);
    assert_eq!(truth["data"]["reviewed"][0], split[0]);
}

#[test]
fn an_interface_object_answers_under_the_interface_name() {
    let answer = ask(REVIEWS, "{ reviewed { __typename id stars } }", json!({}));
    assert_eq!(
        answer["data"]["reviewed"],
        json!([{ "__typename": "Media", "id": "2", "stars": 5 }])
    );
    let sent = json!([{ "__typename": "Media", "id": "1" }]);
    let found = ask_entities(REVIEWS, "__typename ... on Media { stars }", sent);
    assert_eq!(found, json!([{ "__typename": "Media", "stars": 4 }]));
}

#[test]
fn an_interface_with_a_key_tells_the_runtime_type() {
    let sent = json!([{ "__typename": "Media", "id": "2" }]);
    let found = ask_entities(PRODUCTS, "... on Media { __typename title }", sent);
    assert_eq!(found, json!([{ "__typename": "Film", "title": "Ran" }]));
}

#[test]
fn a_runtime_type_that_the_union_does_not_have_is_null_and_an_error() {
    let answer = ask(PRODUCTS, "{ owner { __typename } }", json!({}));
    assert_eq!(answer["data"], json!({ "owner": null }));
    assert_eq!(answer["errors"][0]["path"], json!(["owner"]));
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("`Film` is not a possible type of `Owner` here"), "{message}");
}

#[test]
fn keys_stand_in_the_order_of_the_selection() {
    let subgraph = StrictSubgraph::new("products", PRODUCTS, data()).unwrap();
    let query = "{ topProducts(first: 1) { weight upc ... on Product { name } a: upc upc } }";
    let response = subgraph.respond(&Request::new(query)).unwrap();
    let text = response.to_ordered().to_string();
    assert_eq!(
        text,
        r#"{"data":{"topProducts":[{"weight":10,"upc":"1","name":"Table","a":"1"}]}}"#
    );
    assert_eq!(Ordered::parse(&text).unwrap(), response.to_ordered());
    assert_ne!(
        Ordered::parse(r#"{"a":1,"b":2}"#).unwrap(),
        Ordered::parse(r#"{"b":2,"a":1}"#).unwrap()
    );
}

#[test]
fn a_subgraph_may_write_the_federation_definitions_itself() {
    let sdl = r#"
        scalar _FieldSet
        directive @key(fields: _FieldSet!, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE
        schema { query: Root }
        type Root { a: Int }
        type Product @key(fields: "upc") { upc: ID! name: String }
    "#;
    let found = ask_entities(
        sdl,
        "... on Product { name }",
        json!([{ "__typename": "Product", "upc": "1" }]),
    );
    assert_eq!(found, json!([{ "name": "Table" }]));
    assert_eq!(
        ask(sdl, "{ a __typename }", json!({}))["data"],
        json!({ "a": null, "__typename": "Root" })
    );
}

#[test]
fn a_nested_requirement_is_read_from_the_representation() {
    let sdl = r#"
        extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@external", "@requires"])
        type Product @key(fields: "upc") {
          upc: ID! parts: [Part!] @external total: String @requires(fields: "parts { cost(unit: EUR) maker { name } }")
        }
        type Part { cost(unit: Unit): Int @external maker: Maker @external }
        type Maker @key(fields: "id") { id: ID! name: String @external }
        enum Unit { EUR USD }
    "#;
    let sent = json!([{ "__typename": "Product", "upc": "1", "parts": [
        { "cost": 1, "maker": { "name": "a" } }, { "cost": 2, "maker": null }] }]);
    let found = ask_entities(sdl, "... on Product { total parts { cost(unit: USD) } }", sent);
    assert_eq!(
        found[0]["total"],
        r#"Product.total({"parts":[{"cost":1,"maker":{"name":"a"}},{"cost":2,"maker":null}]})"#
    );
    assert_eq!(found[0]["parts"], json!([{ "cost": 1 }, { "cost": 2 }]));
}

#[test]
fn nested_key_fields_are_answered_though_external() {
    let sdl = r#"
        extend type Product @key(fields: "sku { code region }") { sku: Sku @external inStock: Boolean }
        type Sku { code: ID! @external region: String @external }
        extend type Query { stocked: [Product] }
    "#;
    let answer = ask(sdl, "{ stocked { sku { code region } } }", json!({}));
    assert_eq!(answer["data"]["stocked"], json!([{ "sku": { "code": "8", "region": "eu" } }]));
}

#[test]
fn provides_with_fragments_counts_for_that_type_alone() {
    let sdl = r#"
        extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@external", "@provides"])
        type Query { media: [Media!] @provides(fields: "... on Book { title }") }
        interface Media { id: ID! }
        type Book implements Media @key(fields: "id") { id: ID! title: String @external }
        type Film implements Media @key(fields: "id") { id: ID! title: String @external }
    "#;
    let answer = ask(sdl, "{ media { id ... on Book { title } } }", json!({}));
    assert_eq!(answer["data"]["media"], json!([{ "id": "1", "title": "Emma" }, { "id": "2" }]));
    let refused = ask(sdl, "{ media { ... on Film { title } } }", json!({}));
    assert!(refused.to_string().contains("`Film.title` is `@external`"), "{refused}");
}

#[test]
fn a_requirement_provided_on_the_path_needs_no_representation() {
    let sdl = r#"
        type Query { shelf: Shelf stocked: [Product] }
        type Shelf { best: Product @provides(fields: "price weight") }
        type Product @key(fields: "upc") @extends {
          upc: ID! @external price: Int @external weight: Float @external
          label: String @requires(fields: "price weight")
        }
    "#;
    let answer = ask(sdl, "{ shelf { best { label } } }", json!({}));
    assert_eq!(answer, json!({ "data": { "shelf": null } }));
    let refused = ask(sdl, "{ stocked { label } }", json!({}));
    assert!(refused.to_string().contains("`Product.label` requires `price weight`"), "{refused}");
}

#[test]
fn settled_data_tells_computed_values_to_those_that_only_hold_them() {
    let whole =
        "type Query { stocked: [Product] } type Product { label: String price: Int weight: Float }";
    let holder = r#"type Query { stocked: [Product] } type Product @key(fields: "upc") { upc: ID! label: String }"#;
    let query = "{ stocked { label } }";
    let mut data = data();
    let truth = execute_whole(whole, &data, query, json!({})).unwrap();
    data.settle(whole).unwrap();
    let subgraph = StrictSubgraph::new("holder", holder, data.clone()).unwrap();
    assert_eq!(truth["data"]["stocked"][0]["label"], r#"Product.label({"price":2,"weight":1.5})"#);
    assert_eq!(subgraph.answer(&Request::new(query)), truth);
    assert_eq!(execute_whole(whole, &data, query, json!({})).unwrap(), truth);
}

#[test]
fn a_strict_subgraph_may_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&StrictSubgraph::new("products", PRODUCTS, data()).unwrap());
}

#[test]
fn a_schema_that_hides_the_inputs_still_gives_settled_values() {
    let full =
        "type Query { stocked: [Product] } type Product { label: String price: Int weight: Float }";
    let api = "type Query { stocked: [Product] } type Product { label: String }";
    let mut data = data();
    data.settle(full).unwrap();
    let answer = execute_whole(api, &data, "{ stocked { label } }", json!({})).unwrap();
    assert_eq!(answer["data"]["stocked"][0]["label"], r#"Product.label({"price":2,"weight":1.5})"#);
    let error = data.settle(api).unwrap_err().to_string();
    assert!(error.contains("the field set `price weight` of `Product` is not valid"), "{error}");
}
