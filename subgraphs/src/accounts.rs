//! Knows who the users are: the subgraph `accounts`.
//!
//! **In:** the users made from the seed.
//! **Out:** a router that answers GraphQL requests about them, and renames them.
//!
//! **Never here:** what users wrote (`reviews`) or bought (`orders`).
//!
//! **Holds:** the types here are those of `schemas/accounts.graphql`; a test compares them.
//!
//! **Read first:** [`Query`].

use std::sync::{Arc, PoisonError, RwLock};

use async_graphql::{Context, EmptySubscription, ID, Object, Schema, scalar};
use axum::Router;
use serde::{Deserialize, Serialize};

use crate::data::{self, Data};
use crate::graphql;
use crate::lookup::{Lookup, Tally};

/// The GraphQL server over these users.
pub(crate) fn router(data: &Arc<Data>, tally: &Arc<Tally>) -> Router {
    let users = Arc::new(Users {
        data: Arc::clone(data),
        rows: RwLock::new(data.users.clone()),
        tally: Arc::clone(tally),
    });
    let schema = Schema::build(Query, Mutation, EmptySubscription)
        .enable_federation()
        .data(Arc::clone(&users))
        .finish();
    graphql::router(schema, move || users.lookup())
}

/// The table of users, which mutations change.
struct Users {
    data: Arc<Data>,
    rows: RwLock<Vec<Arc<data::User>>>,
    tally: Arc<Tally>,
}

struct Query;

struct Mutation;

/// Someone with an account.
struct User(Arc<data::User>);

/// A day, written `YYYY-MM-DD`.
#[derive(Serialize, Deserialize)]
struct Date(String);
scalar!(Date, "Date", "A day, written `YYYY-MM-DD`.");

impl Users {
    fn lookup(self: &Arc<Self>) -> Lookup<Arc<data::User>> {
        let users = Arc::clone(self);
        Lookup::new(&self.tally, move |rows| {
            let users = users.rows.read().unwrap_or_else(PoisonError::into_inner);
            rows.iter().map(|row| users.get(*row).cloned()).collect()
        })
    }

    fn all(&self) -> Vec<Arc<data::User>> {
        let users = self.rows.read().unwrap_or_else(PoisonError::into_inner).clone();
        self.tally.add(users.len());
        users
    }

    fn rename(&self, row: usize, name: String) -> Arc<data::User> {
        let mut users = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        let before = &users[row];
        let after = Arc::new(data::User {
            id: before.id.clone(),
            name,
            username: before.username.clone(),
            birthday: before.birthday.clone(),
            email: before.email.clone(),
        });
        users[row] = Arc::clone(&after);
        after
    }
}

#[Object]
impl Query {
    /// The user who is asking: always the first one.
    async fn me(&self, context: &Context<'_>) -> Option<User> {
        find(context, &ID::from("u1")).await
    }

    async fn user(&self, context: &Context<'_>, id: ID) -> Option<User> {
        find(context, &id).await
    }

    async fn users(&self, context: &Context<'_>) -> Option<Vec<Option<User>>> {
        let users = context.data_unchecked::<Arc<Users>>().all();
        Some(users.into_iter().map(|user| Some(User(user))).collect())
    }

    #[graphql(entity)]
    async fn user_by_id(&self, context: &Context<'_>, id: ID) -> Option<User> {
        find(context, &id).await
    }
}

#[Object]
impl Mutation {
    /// Gives a user another name. Null when there is no such user.
    async fn rename(&self, context: &Context<'_>, id: ID, name: String) -> Option<User> {
        let users = context.data_unchecked::<Arc<Users>>();
        let row = users.data.user_row(&id)?;
        Some(User(users.rename(row, name)))
    }
}

#[Object]
impl User {
    async fn id(&self) -> ID {
        ID::from(&self.0.id)
    }

    async fn name(&self) -> Option<&str> {
        Some(&self.0.name)
    }

    #[graphql(shareable)]
    async fn username(&self) -> &str {
        &self.0.username
    }

    async fn birthday(&self) -> Option<Date> {
        Some(Date(self.0.birthday.clone()))
    }

    /// For those who may write to people.
    #[graphql(requires_scopes = "people")]
    async fn email(&self) -> Option<&str> {
        Some(&self.0.email)
    }
}

async fn find(context: &Context<'_>, id: &ID) -> Option<User> {
    let row = context.data_unchecked::<Arc<Users>>().data.user_row(id)?;
    context.data_unchecked::<Lookup<Arc<data::User>>>().row(row).await.map(User)
}
