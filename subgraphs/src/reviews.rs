//! Knows what users think of products: the subgraph `reviews`.
//!
//! **In:** the reviews made from the seed.
//! **Out:** a router that answers GraphQL requests about them, and takes new ones.
//!
//! **Never here:** anything of a user but the id and the username, anything of a product but the `upc`.
//!
//! **Holds:** the types here are those of `schemas/reviews.graphql`; a test compares them.
//!
//! **Read first:** [`Query`].

mod shelf;

use std::sync::Arc;

use async_graphql::{Context, EmptySubscription, Error, ID, InputObject, Object, Result, Schema};
use axum::Router;

use crate::data::{self, Data};
use crate::graphql::{self, at_most};
use crate::lookup::{Lookup, Tally};
use shelf::{Reviews, Shelf};

/// The GraphQL server over these reviews.
pub(crate) fn router(data: &Arc<Data>, tally: &Arc<Tally>) -> Router {
    let shelf = Arc::new(Shelf::new(data));
    let schema = Schema::build(Query, Mutation, EmptySubscription)
        .enable_federation()
        .data(Arc::clone(data))
        .data(Arc::clone(tally))
        .data(Arc::clone(&shelf))
        .finish();
    let (data, tally) = (Arc::clone(data), Arc::clone(tally));
    graphql::router(schema, move || Lookups::new(&data, &shelf, &tally))
}

/// The tables as one request sees them.
struct Lookups {
    reviews: Lookup<Arc<data::Review>>,
    by_product: Lookup<Reviews>,
    by_author: Lookup<Reviews>,
    usernames: Lookup<Arc<data::User>>,
}

struct Query;

struct Mutation;

/// What a user wrote about a product.
struct Review(Arc<data::Review>);

/// A product, by its row.
struct Product(usize);

/// A user, by its row.
struct User(usize);

#[derive(InputObject)]
struct AddReviewInput {
    upc: ID,
    author: ID,
    rating: i32,
    #[graphql(default_with = "Some(String::new())")]
    body: Option<String>,
}

impl Lookups {
    fn new(data: &Arc<Data>, shelf: &Arc<Shelf>, tally: &Arc<Tally>) -> Self {
        let (reviews, by_product, by_author) = (shelf.clone(), shelf.clone(), shelf.clone());
        let data = Arc::clone(data);
        Self {
            reviews: Lookup::new(tally, move |rows| reviews.reviews(rows)),
            by_product: Lookup::new(tally, move |rows| by_product.by_product(rows)),
            by_author: Lookup::new(tally, move |rows| by_author.by_author(rows)),
            usernames: Lookup::new(tally, move |rows| {
                rows.iter().map(|row| data.users.get(*row).cloned()).collect()
            }),
        }
    }
}

#[Object]
impl Query {
    async fn review(&self, context: &Context<'_>, id: ID) -> Option<Review> {
        find_review(context, &id).await
    }

    /// The newest reviews, newest first.
    async fn recent_reviews(
        &self,
        context: &Context<'_>,
        #[graphql(default = 5)] first: Option<i32>,
    ) -> Option<Vec<Review>> {
        let reviews = context.data_unchecked::<Arc<Shelf>>().newest(at_most(first));
        context.data_unchecked::<Arc<Tally>>().add(reviews.len());
        Some(reviews.into_iter().map(Review).collect())
    }

    #[graphql(entity)]
    async fn review_by_id(&self, context: &Context<'_>, id: ID) -> Option<Review> {
        find_review(context, &id).await
    }

    #[graphql(entity)]
    async fn product_by_upc(&self, context: &Context<'_>, upc: ID) -> Option<Product> {
        context.data_unchecked::<Arc<Data>>().product_row(&upc).map(Product)
    }

    #[graphql(entity)]
    async fn user_by_id(&self, context: &Context<'_>, id: ID) -> Option<User> {
        context.data_unchecked::<Arc<Data>>().user_row(&id).map(User)
    }
}

#[Object]
impl Mutation {
    /// Adds a review. An error when the product or the author is unknown, or the rating is not 1 to 5.
    async fn add_review(
        &self,
        context: &Context<'_>,
        input: AddReviewInput,
    ) -> Result<Option<Review>> {
        let data = context.data_unchecked::<Arc<Data>>();
        let Some(product) = data.product_row(&input.upc) else {
            return Err(Error::new(format!("no product `{}`", *input.upc)));
        };
        let Some(author) = data.user_row(&input.author) else {
            return Err(Error::new(format!("no user `{}`", *input.author)));
        };
        if !(1..=5).contains(&input.rating) {
            return Err(Error::new(format!("rating {} is not one of 1 to 5", input.rating)));
        }
        let shelf = context.data_unchecked::<Arc<Shelf>>();
        let body = input.body.unwrap_or_default();
        Ok(Some(Review(shelf.add(product, author, input.rating, body))))
    }
}

#[Object]
impl Review {
    async fn id(&self) -> ID {
        ID::from(&self.0.id)
    }

    async fn body(&self) -> Option<&str> {
        Some(&self.0.body)
    }

    /// 1 to 5.
    async fn rating(&self) -> i32 {
        self.0.rating
    }

    #[graphql(provides = "username")]
    async fn author(&self) -> Option<User> {
        Some(User(self.0.author))
    }

    async fn product(&self) -> Option<Product> {
        Some(Product(self.0.product))
    }
}

#[Object]
impl Product {
    async fn upc(&self) -> ID {
        ID(data::id('p', self.0))
    }

    async fn reviews(&self, context: &Context<'_>, first: Option<i32>) -> Option<Vec<Review>> {
        let reviews = context.data_unchecked::<Lookups>().by_product.row(self.0).await?;
        Some(reviews.iter().take(at_most(first)).cloned().map(Review).collect())
    }

    /// Null when nobody has reviewed the product.
    async fn average_rating(&self, context: &Context<'_>) -> Option<f64> {
        let reviews = context.data_unchecked::<Lookups>().by_product.row(self.0).await?;
        let sum: i32 = reviews.iter().map(|review| review.rating).sum();
        (!reviews.is_empty()).then(|| f64::from(sum) / reviews.len() as f64)
    }
}

#[Object]
impl User {
    async fn id(&self) -> ID {
        ID(data::id('u', self.0))
    }

    #[graphql(external)]
    async fn username(&self, context: &Context<'_>) -> Result<String> {
        let user = context.data_unchecked::<Lookups>().usernames.row(self.0).await;
        user.map(|user| user.username.clone()).ok_or_else(|| Error::new("no such user"))
    }

    async fn reviews(&self, context: &Context<'_>, first: Option<i32>) -> Option<Vec<Review>> {
        let reviews = context.data_unchecked::<Lookups>().by_author.row(self.0).await?;
        Some(reviews.iter().take(at_most(first)).cloned().map(Review).collect())
    }
}

async fn find_review(context: &Context<'_>, id: &ID) -> Option<Review> {
    let row = data::row('r', id)?;
    context.data_unchecked::<Lookups>().reviews.row(row).await.map(Review)
}
