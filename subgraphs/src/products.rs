//! Knows what is sold and who makes it: the subgraph `products`.
//!
//! **In:** the products and brands made from the seed.
//! **Out:** a router that answers GraphQL requests about them. Nothing here changes.
//!
//! **Never here:** stock and shipping (`inventory`), opinions (`reviews`).
//!
//! **Holds:** the types here are those of `schemas/products.graphql`; a test compares them.
//!
//! **Read first:** [`Query`].

use std::sync::Arc;

use async_graphql::{
    Context, EmptyMutation, EmptySubscription, Enum, ID, Interface, Object, Schema, SimpleObject,
    Union,
};
use axum::Router;

use crate::data::{self, Data};
use crate::graphql::{self, at_most};
use crate::lookup::{Lookup, Tally};

/// The GraphQL server over these products.
pub(crate) fn router(data: &Arc<Data>, tally: &Arc<Tally>) -> Router {
    let schema = Schema::build(Query, EmptyMutation, EmptySubscription)
        .enable_federation()
        .data(Arc::clone(data))
        .data(Arc::clone(tally))
        .finish();
    let (data, tally) = (Arc::clone(data), Arc::clone(tally));
    graphql::router(schema, move || Lookups::new(&data, &tally))
}

/// The tables as one request sees them.
struct Lookups {
    products: Lookup<Arc<data::Product>>,
    brands: Lookup<Arc<data::Brand>>,
}

struct Query;

/// Something that is sold.
#[derive(Clone)]
struct Product(Arc<data::Product>);

/// Who makes products.
#[derive(Clone)]
struct Brand(Arc<data::Brand>);

/// What can stand on a shelf or a page: it has a name and perhaps a text.
#[derive(Interface)]
#[graphql(field(name = "name", ty = "String"), field(name = "description", ty = "Option<String>"))]
enum Listing {
    Product(Product),
    Brand(Brand),
}

#[derive(Union)]
enum SearchResult {
    Brand(Brand),
    Product(Product),
}

/// In centimeters.
#[derive(SimpleObject)]
#[graphql(shareable)]
struct Dimensions {
    width: f64,
    height: f64,
    depth: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum Category {
    Books,
    Garden,
    Kitchen,
    Music,
    Tools,
}

impl Lookups {
    fn new(data: &Arc<Data>, tally: &Arc<Tally>) -> Self {
        let (products, brands) = (Arc::clone(data), Arc::clone(data));
        Self {
            products: Lookup::new(tally, move |rows| {
                rows.iter().map(|row| products.products.get(*row).cloned()).collect()
            }),
            brands: Lookup::new(tally, move |rows| {
                rows.iter().map(|row| brands.brands.get(*row).cloned()).collect()
            }),
        }
    }
}

#[Object]
impl Query {
    async fn top_products(
        &self,
        context: &Context<'_>,
        #[graphql(default = 5)] first: Option<i32>,
    ) -> Option<Vec<Product>> {
        let products = &context.data_unchecked::<Arc<Data>>().products;
        let products: Vec<_> = products.iter().take(at_most(first)).cloned().map(Product).collect();
        context.data_unchecked::<Arc<Tally>>().add(products.len());
        Some(products)
    }

    async fn product(&self, context: &Context<'_>, upc: ID) -> Option<Product> {
        find_product(context, &upc).await
    }

    /// Products and brands with this text in their name, brands first.
    async fn search(
        &self,
        context: &Context<'_>,
        text: String,
        #[graphql(default = 10)] first: Option<i32>,
    ) -> Vec<SearchResult> {
        let data = context.data_unchecked::<Arc<Data>>();
        let text = text.to_lowercase();
        let fits = |name: &str| name.to_lowercase().contains(&text);
        let brands = data.brands.iter().filter(|brand| fits(&brand.name)).cloned();
        let products = data.products.iter().filter(|product| fits(&product.name)).cloned();
        let results = brands
            .map(|brand| SearchResult::Brand(Brand(brand)))
            .chain(products.map(|product| SearchResult::Product(Product(product))));
        let results: Vec<_> = results.take(at_most(first)).collect();
        context.data_unchecked::<Arc<Tally>>().add(results.len());
        results
    }

    /// What the front page shows: products and brands by turns.
    async fn featured(
        &self,
        context: &Context<'_>,
        #[graphql(default = 4)] first: Option<i32>,
    ) -> Vec<Listing> {
        let data = context.data_unchecked::<Arc<Data>>();
        let pairs = data.products.iter().zip(&data.brands).flat_map(|(product, brand)| {
            [Listing::Product(Product(product.clone())), Listing::Brand(Brand(brand.clone()))]
        });
        let listings: Vec<_> = pairs.take(at_most(first)).collect();
        context.data_unchecked::<Arc<Tally>>().add(listings.len());
        listings
    }

    #[graphql(entity)]
    async fn product_by_upc(&self, context: &Context<'_>, upc: ID) -> Option<Product> {
        find_product(context, &upc).await
    }

    #[graphql(entity)]
    async fn brand_by_id(&self, context: &Context<'_>, id: ID) -> Option<Brand> {
        let row = context.data_unchecked::<Arc<Data>>().brand_row(&id)?;
        context.data_unchecked::<Lookups>().brands.row(row).await.map(Brand)
    }
}

#[Object]
impl Product {
    async fn upc(&self) -> ID {
        ID::from(&self.0.upc)
    }

    async fn name(&self) -> String {
        self.0.name.clone()
    }

    async fn description(&self) -> Option<String> {
        self.0.description.clone()
    }

    /// In cents.
    async fn price(&self) -> Option<i32> {
        Some(self.0.price)
    }

    /// In grams.
    async fn weight(&self) -> Option<i32> {
        Some(self.0.weight)
    }

    async fn dimensions(&self) -> Option<Dimensions> {
        let [width, height, depth] = self.0.dimensions;
        Some(Dimensions { width, height, depth })
    }

    async fn category(&self) -> Category {
        use Category::{Books, Garden, Kitchen, Music, Tools};
        [Books, Garden, Kitchen, Music, Tools][self.0.category]
    }

    async fn brand(&self, context: &Context<'_>) -> Option<Brand> {
        context.data_unchecked::<Lookups>().brands.row(self.0.brand).await.map(Brand)
    }
}

#[Object]
impl Brand {
    async fn id(&self) -> ID {
        ID::from(&self.0.id)
    }

    async fn name(&self) -> String {
        self.0.name.clone()
    }

    async fn description(&self) -> Option<String> {
        self.0.description.clone()
    }

    async fn country(&self) -> &str {
        self.0.country
    }

    async fn products(&self, context: &Context<'_>, first: Option<i32>) -> Option<Vec<Product>> {
        let data = context.data_unchecked::<Arc<Data>>();
        let rows = self.0.products.iter().take(at_most(first));
        // The rows are known already: asking the table for them costs no look-up.
        Some(rows.map(|row| Product(Arc::clone(&data.products[*row]))).collect())
    }
}

async fn find_product(context: &Context<'_>, upc: &ID) -> Option<Product> {
    let row = context.data_unchecked::<Arc<Data>>().product_row(upc)?;
    context.data_unchecked::<Lookups>().products.row(row).await.map(Product)
}
