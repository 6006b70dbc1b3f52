//! Tests the REST service.
//!
//! **In:** paths and JSON bodies.
//! **Out:** status codes and JSON.
//!
//! **Never here:** recording and failures, which are the same for all servers (`faults`).

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use subgraphs::{Options, Running, Service};

use crate::client::{send, start, start_only};

async fn ask(running: &Running, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let url = format!("{}{path}", running.server(Service::Orders).url());
    let (status, body) = send(method, &url, body.to_string()).await;
    (status, serde_json::from_slice(&body).expect("all answers are JSON"))
}

async fn get(running: &Running, path: &str) -> (StatusCode, Value) {
    ask(running, Method::GET, path, Value::Null).await
}

fn ids(orders: &Value) -> Vec<&str> {
    let orders = orders.as_array().expect("a list of orders");
    orders.iter().map(|order| order["id"].as_str().expect("each has an id")).collect()
}

#[tokio::test]
async fn orders_are_found_by_id_by_ids_and_by_user() {
    let running = start_only(Service::Orders).await;
    let (status, order) = get(&running, "/orders/o4").await;
    assert_eq!(
        (status, &order["id"], &order["user"]),
        (StatusCode::OK, &json!("o4"), &json!("u2"))
    );
    let items = order["items"].as_array().unwrap();
    let total: i64 = items
        .iter()
        .map(|item| item["price"].as_i64().unwrap() * item["quantity"].as_i64().unwrap())
        .sum();
    assert_eq!(order["total"], total);

    assert_eq!(ids(&get(&running, "/orders?ids=o5,o999,o4").await.1), ["o5", "o4"]);
    assert_eq!(get(&running, "/orders?ids=o4").await.1, json!([order]));
    assert_eq!(ids(&get(&running, "/orders?user=u2").await.1), ["o4", "o5", "o6"]);
    assert_eq!(ids(&get(&running, "/orders?user=u2&limit=1").await.1), ["o4"]);
    assert_eq!(get(&running, "/orders").await.1.as_array().map(Vec::len), Some(50));
}

#[tokio::test]
async fn shipments_of_many_orders_are_one_list() {
    let running = start_only(Service::Orders).await;
    let (status, shipments) = get(&running, "/shipments?orders=o5,o999,o4").await;
    assert_eq!(status, StatusCode::OK);
    let orders: Vec<_> = shipments.as_array().unwrap().iter().map(|it| &it["order"]).collect();
    assert_eq!(orders, ["o5", "o4"]);
    let weight = shipments[0]["weight"].as_i64().unwrap();
    assert_eq!(shipments[0]["carrier"], if weight > 5_000 { "land" } else { "air" });
}

#[tokio::test]
async fn what_does_not_exist_or_makes_no_sense_is_an_error_in_json() {
    let running = start_only(Service::Orders).await;
    for path in ["/orders/o999", "/orders/u1", "/orders?user=u999"] {
        let (status, error) = get(&running, path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(error["error"]["code"], "NOT_FOUND", "{path}");
    }
    assert_eq!(get(&running, "/orders?user=u1&ids=o1").await.0, StatusCode::BAD_REQUEST);
    let bodies = [
        json!({ "items": [] }),
        json!({ "items": [{ "upc": "p0", "quantity": 1 }] }),
        json!({ "items": [{ "upc": "p1", "quantity": -1 }] }),
        json!("nothing"),
    ];
    for body in bodies {
        let (status, error) = ask(&running, Method::POST, "/shipping/quotes", body.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(error["error"]["code"], "INVALID_REQUEST", "{body}");
    }
}

#[tokio::test]
async fn a_placed_order_can_be_read_again() {
    let running = start_only(Service::Orders).await;
    let items = json!([{ "upc": "p1", "quantity": 2 }]);
    let body = json!({ "user": "u2", "items": items });
    let (status, placed) = ask(&running, Method::POST, "/orders", body).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!((&placed["id"], &placed["status"]), (&json!("o61"), &json!("placed")));
    assert_eq!(get(&running, "/orders/o61").await, (StatusCode::OK, placed));
    assert_eq!(ids(&get(&running, "/orders?user=u2").await.1), ["o4", "o5", "o6", "o61"]);
}

#[tokio::test]
async fn quotes_follow_the_weight() {
    let running = start_only(Service::Orders).await;
    let quote = async |quantity: u32| {
        let body = json!({ "items": [{ "upc": "p1", "quantity": quantity }] });
        ask(&running, Method::POST, "/shipping/quotes", body).await.1
    };
    let (one, three) = (quote(1).await, quote(3).await);
    assert!(one["weight"].as_i64() > Some(0), "{one}");
    assert_eq!(three["weight"].as_i64(), one["weight"].as_i64().map(|weight| 3 * weight));
    assert_eq!(one["quotes"][0]["carrier"], "land");
}

#[tokio::test]
async fn a_list_of_any_length_is_one_json_array() {
    let running = start(Options { users: 1_000, ..Options::default() }).await;
    for length in [0, 1, 99, 100, 101, 200, 3_000] {
        let (_, orders) = get(&running, &format!("/orders?limit={length}")).await;
        let orders = ids(&orders);
        assert_eq!(orders.len(), length);
        assert_eq!(orders.last().copied(), (length > 0).then_some(&*format!("o{length}")));
    }
}
