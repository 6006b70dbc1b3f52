//! Knows where products lie and what it costs to send them: the subgraph `inventory`.
//!
//! **In:** the stock made from the seed; price and weight from the representation.
//! **Out:** a router that answers GraphQL requests about them. Nothing here changes.
//!
//! **Never here:** names and prices of products: this server knows them only if it is told.
//!
//! **Holds:** the types here are those of `schemas/inventory.graphql`; a test compares them.
//! `shippingEstimate` is computed from the representation alone, so that a wrong or missing
//! requirement shows.
//!
//! **Read first:** [`Query`].

use std::sync::Arc;

use async_graphql::{
    ComplexObject, Context, EmptyMutation, EmptySubscription, ID, Object, Schema, SimpleObject,
};
use axum::Router;

use crate::data::{self, Data};
use crate::graphql;
use crate::lookup::{Lookup, Tally};

/// The GraphQL server over this stock.
pub(crate) fn router(data: &Arc<Data>, tally: &Arc<Tally>) -> Router {
    let schema = Schema::build(Query, EmptyMutation, EmptySubscription)
        .enable_federation()
        .data(Arc::clone(data))
        .data(Arc::clone(tally))
        .finish();
    let (data, tally) = (Arc::clone(data), Arc::clone(tally));
    graphql::router(schema, move || {
        let data = Arc::clone(&data);
        Stock::new(&tally, move |rows| {
            rows.iter().map(|row| data.products.get(*row).cloned()).collect()
        })
    })
}

/// What is in the warehouses, as one request sees it.
type Stock = Lookup<Arc<data::Product>>;

struct Query;

/// A product as far as the warehouses care.
#[derive(SimpleObject)]
#[graphql(complex)]
struct Product {
    upc: ID,
    #[graphql(external)]
    price: Option<i32>,
    #[graphql(external)]
    weight: Option<i32>,
    #[graphql(skip)]
    stock: Arc<data::Product>,
}

/// A place where products lie.
#[derive(SimpleObject)]
struct Warehouse {
    id: ID,
    name: String,
    city: &'static str,
}

/// In centimeters.
#[derive(SimpleObject)]
#[graphql(shareable)]
struct Dimensions {
    width: f64,
    height: f64,
    depth: f64,
}

/// Above this price sending is free.
const FREE_ABOVE: i32 = 1_000;

/// What the box adds on each side.
const PADDING: f64 = 2.0;

#[Object]
impl Query {
    async fn warehouses(&self, context: &Context<'_>) -> Option<Vec<Warehouse>> {
        let warehouses = &context.data_unchecked::<Arc<Data>>().warehouses;
        context.data_unchecked::<Arc<Tally>>().add(warehouses.len());
        Some(warehouses.iter().map(|warehouse| Warehouse::from(&**warehouse)).collect())
    }

    #[graphql(entity)]
    async fn product_by_upc(
        &self,
        context: &Context<'_>,
        #[graphql(key)] upc: ID,
        price: Option<i32>,
        weight: Option<i32>,
    ) -> Option<Product> {
        let row = context.data_unchecked::<Arc<Data>>().product_row(&upc)?;
        let stock = context.data_unchecked::<Stock>().row(row).await?;
        Some(Product { upc, price, weight, stock })
    }
}

#[ComplexObject]
impl Product {
    async fn in_stock(&self) -> Option<bool> {
        Some(self.stock.is_in_stock)
    }

    async fn warehouse(&self, context: &Context<'_>) -> Option<Warehouse> {
        let warehouses = &context.data_unchecked::<Arc<Data>>().warehouses;
        Some(Warehouse::from(&*warehouses[self.stock.warehouse]))
    }

    /// The product in its box.
    async fn packaging(&self) -> Option<Dimensions> {
        let [width, height, depth] = self.stock.dimensions.map(|side| side + 2.0 * PADDING);
        Some(Dimensions { width, height, depth })
    }

    /// In cents: nothing above a price of 1000, otherwise half a cent a gram.
    #[graphql(requires = "price weight")]
    async fn shipping_estimate(&self) -> Option<i32> {
        let (price, weight) = (self.price?, self.weight?);
        Some(if price > FREE_ABOVE { 0 } else { weight / 2 })
    }
}

impl From<&data::Warehouse> for Warehouse {
    fn from(warehouse: &data::Warehouse) -> Self {
        Self { id: ID::from(&warehouse.id), name: warehouse.name.clone(), city: warehouse.city }
    }
}
