//! The example graph with its REST service: orders join users and products.
//!
//! **Never here:** other connectors (`connectors`).

use serde_json::{Value, json};
use subgraphs::{Options, Service};

use crate::house::House;

const REST: &str = "graphql: { errors: { mask: false } }\n";

async fn open() -> House {
    let options = Options { orders_per_user: 10, ..Options::default() };
    House::open_with_orders(REST, options).await
}

#[tokio::test]
async fn one_query_joins_the_rest_service_with_products_and_accounts() {
    let house = open().await;
    let document =
        "{ me { name orders(first: 2) { id total placedOn user { username } shipment { carrier }
        items { quantity product { name } } } } }";
    let body = house.query(document).await.json();
    assert_eq!(body["errors"], json!(null), "{body}");
    let orders = body["data"]["me"]["orders"].as_array().unwrap();
    assert_eq!(orders.len(), 2, "{body}");
    for order in orders {
        assert!(order["shipment"]["carrier"].is_string(), "{body}");
        assert!(order["items"][0]["product"]["name"].is_string(), "{body}");
        assert!(order["user"]["username"].is_string(), "{body}");
    }
    assert_eq!(house.servers.server(Service::Orders).requests(), 2);
    assert_eq!(house.servers.server(Service::Products).requests(), 1);
}

#[tokio::test]
async fn a_list_of_a_hundred_orders_makes_one_batched_call() {
    let house = open().await;
    let body = house.query("{ orders(first: 100) { id shipment { weight } } }").await.json();
    assert_eq!(body["errors"], json!(null), "{body}");
    let orders = body["data"]["orders"].as_array().unwrap();
    assert_eq!(orders.len(), 100);
    assert!(orders.iter().all(|order| order["shipment"]["weight"].is_number()), "{body}");
    // The list, and one for all shipments.
    assert_eq!(house.servers.server(Service::Orders).requests(), 2);
}

#[tokio::test]
async fn quotes_and_orders_are_sent_as_the_schema_says() {
    let house = open().await;
    let items = "[{ upc: \"p1\", quantity: 2 }, { upc: \"p2\" }]";
    let quotes = format!("{{ shippingQuotes(items: {items}) {{ carrier price days }} }}");
    let body = house.query(&quotes).await.json();
    assert_eq!(body["data"]["shippingQuotes"][1]["carrier"], "air", "{body}");
    let document = "mutation Place($items: [LineInput!]!) {
        placeOrder(user: \"u2\", items: $items) { id user { name } items { quantity product { upc } } } }";
    let variables = json!({ "items": [{ "upc": "p3" }] });
    let body = house.query_with(document, variables, &[]).await.json();
    assert_eq!(body["errors"], json!(null), "{body}");
    let order = &body["data"]["placeOrder"];
    assert_eq!(order["items"], json!([{ "quantity": 1, "product": { "upc": "p3" } }]));
    assert!(order["user"]["name"].is_string());
    let again = format!("{{ order(id: {}) {{ id }} }}", order["id"]);
    assert_eq!(house.query(&again).await.json()["data"]["order"]["id"], order["id"]);
    let unknown = house.query("{ order(id: \"o999999\") { id } }").await.json();
    assert_eq!(unknown["data"], json!({ "order": null }), "{unknown}");
    let error = &unknown["errors"][0];
    assert_eq!(error["message"], "no order `o999999`", "{unknown}");
    assert_eq!(error["extensions"]["code"], "NOT_FOUND");
    assert_eq!(error["extensions"]["service"], Value::from("orders"));
}
