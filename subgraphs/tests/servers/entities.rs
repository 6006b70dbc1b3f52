//! Tests that entities are found, at one look-up a level, and that the servers agree with each other.
//!
//! **In:** representations.
//! **Out:** entities by position; counters.
//!
//! **Never here:** failures (`faults`).

use serde_json::{Value, json};
use subgraphs::{Options, Service};

use crate::client::{data, entities, start, start_only};

#[tokio::test]
async fn each_subgraph_resolves_its_entities() {
    let running = start(Options::default()).await;
    let ask = async |service, selections: &str, representation: Value| {
        entities(running.server(service), selections, json!([representation])).await[0].clone()
    };
    let user = json!({ "__typename": "User", "id": "u2" });
    let product = json!({ "__typename": "Product", "upc": "p2" });
    let brand = json!({ "__typename": "Brand", "id": "b1" });
    let review = json!({ "__typename": "Review", "id": "r1" });

    let found = ask(Service::Accounts, "... on User { id name birthday }", user.clone()).await;
    assert_eq!(found["id"], "u2");
    assert!(found["name"].is_string() && found["birthday"].is_string(), "{found}");
    let found =
        ask(Service::Products, "... on Product { upc price brand { id } }", product.clone()).await;
    assert_eq!(found["upc"], "p2");
    assert!(found["price"].is_i64() && found["brand"]["id"].is_string(), "{found}");
    let found =
        ask(Service::Products, "... on Brand { id products(first: 1) { upc } }", brand).await;
    assert_eq!(found["id"], "b1");
    let found = ask(Service::Inventory, "... on Product { upc warehouse { id } }", product.clone());
    let found = found.await;
    assert!(found["warehouse"]["id"].is_string(), "{found}");
    let found = ask(Service::Reviews, "... on Review { product { upc } }", review).await;
    assert_eq!(found["product"]["upc"], "p1");
    let found = ask(Service::Reviews, "... on Product { reviews { id } }", product).await;
    assert_eq!(found["reviews"].as_array().map(Vec::len), Some(4));
    let found = ask(Service::Reviews, "... on User { id username }", user).await;
    assert!(found["username"].is_string(), "{found}");
}

#[tokio::test]
async fn an_unknown_key_is_a_null_entity_at_its_position() {
    let running = start(Options::default()).await;
    let upcs = json!([
        { "__typename": "Product", "upc": "p1" },
        { "__typename": "Product", "upc": "p999" },
        { "__typename": "Product", "upc": "p2" },
    ]);
    for service in [Service::Products, Service::Inventory, Service::Reviews] {
        let found = entities(running.server(service), "... on Product { upc }", upcs.clone()).await;
        assert_eq!(found, json!([{ "upc": "p1" }, null, { "upc": "p2" }]), "{service}");
    }
}

#[tokio::test]
async fn a_thousand_representations_cost_one_look_up_a_level() {
    const N: usize = 1_000;
    let running = start(Options { users: N, products: N, ..Options::default() }).await;
    let representations = |name: &str, key: &str, letter: char| -> Value {
        let item = |n: usize| json!({ "__typename": name, key: format!("{letter}{}", n + 1) });
        (0..N).map(item).collect()
    };
    let products = representations("Product", "upc", 'p');
    let users = representations("User", "id", 'u');
    let cases = [
        (Service::Accounts, "... on User { name }", &users, 1),
        (Service::Inventory, "... on Product { inStock warehouse { city } }", &products, 1),
        (Service::Products, "... on Product { name brand { name } }", &products, 2),
        (Service::Reviews, "... on Product { reviews { author { id } } }", &products, 1),
        (Service::Reviews, "... on Product { reviews { author { username } } }", &products, 2),
        (Service::Reviews, "... on User { reviews { author { reviews { id } } } }", &users, 2),
    ];
    for (service, selections, representations, lookups) in cases {
        let server = running.server(service);
        server.reset();
        let found = entities(server, selections, representations.clone()).await;
        assert_eq!(found.as_array().map(Vec::len), Some(N));
        assert_eq!((server.requests(), server.lookups()), (1, lookups), "{service} {selections}");
        assert!(server.rows_looked_up() >= N as u64, "{service} {selections}");
    }
}

#[tokio::test]
async fn shipping_is_estimated_from_the_representation_alone() {
    let running = start_only(Service::Inventory).await;
    let representations = json!([
        { "__typename": "Product", "upc": "p1", "price": 900, "weight": 301 },
        { "__typename": "Product", "upc": "p1", "price": 1001, "weight": 301 },
        { "__typename": "Product", "upc": "p1", "price": null, "weight": 301 },
        { "__typename": "Product", "upc": "p1" },
    ]);
    let server = running.server(Service::Inventory);
    let found = entities(server, "... on Product { shippingEstimate }", representations).await;
    let estimates: Vec<_> = (0..4).map(|n| found[n]["shippingEstimate"].clone()).collect();
    assert_eq!(estimates, [json!(150), json!(0), Value::Null, Value::Null]);
}

#[tokio::test]
async fn servers_started_apart_agree() {
    let (accounts, reviews) =
        (start_only(Service::Accounts).await, start_only(Service::Reviews).await);
    let users = "{ users { id username } }";
    let users = data(accounts.server(Service::Accounts), users, json!({})).await["users"].clone();
    let representations: Value = users
        .as_array()
        .unwrap()
        .iter()
        .map(|user| json!({ "__typename": "User", "id": user["id"] }))
        .collect();
    let selections = "... on User { id username }";
    let provided = entities(reviews.server(Service::Reviews), selections, representations).await;
    assert_eq!(users, provided);
}

#[tokio::test]
async fn lists_abstract_types_and_arguments_answer() {
    let running = start_only(Service::Products).await;
    let server = running.server(Service::Products);
    let document = "{
        topProducts { upc }
        two: topProducts(first: 2) { upc category dimensions { width } }
        none: topProducts(first: -1) { upc }
        featured { __typename name }
        search(text: \"alder\") { __typename ... on Brand { name } }
    }";
    let found = data(server, document, json!({})).await;
    assert_eq!(found["topProducts"].as_array().map(Vec::len), Some(5));
    assert_eq!(found["two"][1]["upc"], "p2");
    assert!(found["two"][0]["dimensions"]["width"].is_f64(), "{found}");
    assert_eq!(found["none"], json!([]));
    let types: Vec<_> = (0..4).map(|n| found["featured"][n]["__typename"].clone()).collect();
    assert_eq!(types, ["Product", "Brand", "Product", "Brand"]);
    assert_eq!(found["search"], json!([{ "__typename": "Brand", "name": "Alder" }]));
}
