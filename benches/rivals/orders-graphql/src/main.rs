//! A GraphQL server in front of the REST service for orders.
//!
//! **In:** `orders-graphql REST-URL PORT`. **Out:** `/graphql` on that port of loopback.
//!
//! **Never here:** anything that the benchmark does not ask.

use async_graphql::{Context, EmptyMutation, EmptySubscription, ID, Object, Schema, SimpleObject};
use async_graphql_axum::GraphQL;
use axum::Router;
use axum::body::Bytes;
use axum::routing::post_service;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Api {
    client: Client<HttpConnector, Empty<Bytes>>,
    base: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    id: String,
    user: String,
    status: String,
    placed_on: String,
    total: i32,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    upc: String,
    quantity: i32,
    price: i32,
}

#[derive(SimpleObject)]
struct User {
    id: ID,
}

#[derive(SimpleObject)]
struct Product {
    upc: ID,
}

#[Object]
impl Order {
    async fn id(&self) -> ID {
        ID(self.id.clone())
    }
    async fn user(&self) -> User {
        User { id: ID(self.user.clone()) }
    }
    async fn status(&self) -> &str {
        &self.status
    }
    async fn placed_on(&self) -> &str {
        &self.placed_on
    }
    async fn total(&self) -> i32 {
        self.total
    }
    async fn items(&self) -> &[Item] {
        &self.items
    }
}

#[Object]
impl Item {
    async fn quantity(&self) -> i32 {
        self.quantity
    }
    async fn price(&self) -> i32 {
        self.price
    }
    async fn product(&self) -> Product {
        Product { upc: ID(self.upc.clone()) }
    }
}

struct Query;

#[Object]
impl Query {
    async fn order(&self, context: &Context<'_>, id: ID) -> async_graphql::Result<Option<Order>> {
        let api = context.data::<Api>()?;
        let url = format!("{}/orders/{}", api.base, id.as_str()).parse()?;
        let answer = api.client.get(url).await?;
        if !answer.status().is_success() {
            return Err("no such order".into());
        }
        let body = answer.into_body().collect().await?.to_bytes();
        Ok(Some(serde_json::from_slice(&body)?))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, base, port] = &arguments[..] else { panic!("orders-graphql REST-URL PORT") };
    let client = Client::builder(TokioExecutor::new()).build_http();
    let api = Api { client, base: base.clone() };
    let schema = Schema::build(Query, EmptyMutation, EmptySubscription).data(api).finish();
    let app = Router::new().route("/graphql", post_service(GraphQL::new(schema)));
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
