//! Takes orders and quotes shipping: the REST service `orders`.
//!
//! **In:** `GET /orders/{id}` · `GET /orders?ids=o1,o2` · `GET /orders?user=u1&limit=10` ·
//! `POST /orders` · `GET /shipments?orders=o1,o2` · `POST /shipping/quotes`.
//! **Out:** JSON. Lists are streamed, so their length costs no memory. Errors are
//! `{"error": {"code", "message"}}` with a status that fits.
//!
//! **Never here:** GraphQL; how orders are made up and kept ([`book`]).
//!
//! **Holds:** a list of ids keeps their order and leaves out those that do not exist.
//!
//! **Read first:** [`router`].

mod book;
mod list;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::data::Data;
use crate::graphql::json_response;
use crate::lookup::Tally;
use book::{Book, Line};
use list::OrderList;

/// The REST server over the orders made from the seed.
pub(crate) fn router(data: &Arc<Data>, orders_per_user: usize, tally: &Arc<Tally>) -> Router {
    let shop = Shop {
        book: Arc::new(Book::new(Arc::clone(data), orders_per_user)),
        tally: Arc::clone(tally),
    };
    Router::new()
        .route("/orders", get(list_orders).post(place_order))
        .route("/orders/{id}", get(get_order))
        .route("/shipments", get(list_shipments))
        .route("/shipping/quotes", post(quote_shipping))
        .with_state(shop)
}

#[derive(Clone)]
struct Shop {
    book: Arc<Book>,
    tally: Arc<Tally>,
}

#[derive(Deserialize)]
struct Filter {
    ids: Option<String>,
    user: Option<String>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
struct NewOrder {
    user: String,
    items: Vec<Line>,
}

#[derive(Deserialize)]
struct Parcel {
    items: Vec<Line>,
}

#[derive(Serialize)]
struct Quotes {
    weight: i64,
    currency: &'static str,
    quotes: [Quote; 2],
}

#[derive(Serialize)]
struct Quote {
    carrier: &'static str,
    price: i64,
    days: u8,
}

/// How an order travels.
#[derive(Serialize)]
struct Shipment {
    order: String,
    carrier: &'static str,
    weight: i64,
    days: u8,
}

#[derive(Deserialize)]
struct Travelers {
    orders: String,
}

enum RestError {
    NotFound(String),
    Invalid(String),
}

/// How many orders a list has when the request does not say.
const DEFAULT_LIMIT: usize = 50;

async fn get_order(
    State(shop): State<Shop>,
    Path(id): Path<String>,
) -> Result<Response, RestError> {
    shop.tally.add(1);
    let order = shop.book.find(&id);
    let order = order.ok_or_else(|| RestError::NotFound(format!("no order `{id}`")))?;
    Ok(json_response(StatusCode::OK, &*order))
}

async fn list_orders(
    State(shop): State<Shop>,
    Query(filter): Query<Filter>,
) -> Result<Response, RestError> {
    let limit = filter.limit.unwrap_or(DEFAULT_LIMIT);
    let rows: Box<dyn Iterator<Item = usize> + Send> = match (&filter.ids, &filter.user) {
        (Some(_), Some(_)) => {
            return Err(RestError::Invalid("give `ids` or `user`, not both".to_owned()));
        }
        (Some(ids), None) => {
            let rows: Vec<_> = ids.split(',').filter_map(|id| shop.book.row(id)).collect();
            shop.tally.add(rows.len());
            Box::new(rows.into_iter().take(filter.limit.unwrap_or(usize::MAX)))
        }
        (None, Some(user)) => {
            let rows = shop.book.rows_of(user);
            let rows = rows.ok_or_else(|| RestError::NotFound(format!("no user `{user}`")))?;
            shop.tally.add(rows.len());
            Box::new(rows.into_iter().take(limit))
        }
        (None, None) => {
            let n_orders = shop.book.len().min(limit);
            shop.tally.add(n_orders);
            Box::new(0..n_orders)
        }
    };
    let body = Body::new(OrderList::new(Arc::clone(&shop.book), rows));
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

async fn place_order(State(shop): State<Shop>, body: Bytes) -> Result<Response, RestError> {
    let order: NewOrder = parse(&body)?;
    check(&shop.book, &order.items)?;
    let user = shop.book.user_row(&order.user);
    let user = user.ok_or_else(|| RestError::Invalid(format!("no user `{}`", order.user)))?;
    let order = shop.book.place(user, &order.items);
    let location = [(LOCATION, format!("/orders/{}", order.id))];
    Ok((location, json_response(StatusCode::CREATED, &*order)).into_response())
}

async fn list_shipments(
    State(shop): State<Shop>,
    Query(Travelers { orders }): Query<Travelers>,
) -> Response {
    let found = orders.split(',').filter_map(|id| shop.book.find(id));
    let shipments = found.map(|order| {
        let weight = shop.book.weight(&order.lines());
        // What is heavy goes by land.
        let (carrier, days) = if weight > 5_000 { ("land", 5) } else { ("air", 1) };
        Shipment { order: order.id.clone(), carrier, weight, days }
    });
    let shipments: Vec<Shipment> = shipments.collect();
    shop.tally.add(shipments.len());
    json_response(StatusCode::OK, &shipments)
}

async fn quote_shipping(State(shop): State<Shop>, body: Bytes) -> Result<Response, RestError> {
    let parcel: Parcel = parse(&body)?;
    check(&shop.book, &parcel.items)?;
    shop.tally.add(parcel.items.len());
    let weight = shop.book.weight(&parcel.items);
    // Half a cent a gram by land, as `shippingEstimate` has it; by air three times that and a fee.
    let quotes = [
        Quote { carrier: "land", price: weight / 2, days: 5 },
        Quote { carrier: "air", price: 500 + weight * 3 / 2, days: 1 },
    ];
    Ok(json_response(StatusCode::OK, &Quotes { weight, currency: "USD", quotes }))
}

fn parse<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Result<T, RestError> {
    serde_json::from_slice(body).map_err(|error| RestError::Invalid(error.to_string()))
}

fn check(book: &Book, items: &[Line]) -> Result<(), RestError> {
    if items.is_empty() {
        return Err(RestError::Invalid("`items` is empty".to_owned()));
    }
    let unknown = items.iter().find(|line| book.product(&line.upc).is_none());
    unknown.map_or(Ok(()), |line| Err(RestError::Invalid(format!("no product `{}`", line.upc))))
}

impl IntoResponse for RestError {
    fn into_response(self) -> Response {
        let (status, code, message) = match self {
            Self::NotFound(message) => (StatusCode::NOT_FOUND, "NOT_FOUND", message),
            Self::Invalid(message) => (StatusCode::BAD_REQUEST, "INVALID_REQUEST", message),
        };
        json_response(status, &json!({ "error": { "code": code, "message": message } }))
    }
}
