//! Keeps the orders: those of the seed are made up when they are asked for, new ones are stored.
//!
//! **In:** ids of orders, users and products; new orders.
//! **Out:** orders, and the weight of what is in them.
//!
//! **Never here:** HTTP, and whether a new order is sound (`orders` checked it).
//!
//! **Holds:** the orders of user row *n* that come from the seed are the rows from *n* times the
//! orders a user; placed orders follow them all.
//!
//! **Read first:** [`Book::find`].

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use serde::{Deserialize, Serialize};

use crate::data::{self, Data, Product};
use crate::random::Random;

/// All orders.
pub(super) struct Book {
    data: Arc<Data>,
    orders_per_user: usize,
    placed: RwLock<Vec<Arc<Order>>>,
}

/// An order as JSON. Money is in cents.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    pub(super) id: String,
    user: String,
    status: &'static str,
    placed_on: String,
    items: Vec<Item>,
    total: i64,
}

#[derive(Serialize)]
struct Item {
    upc: String,
    quantity: u32,
    price: i64,
}

/// What is ordered, and how many of it.
#[derive(Deserialize)]
pub(super) struct Line {
    pub(super) upc: String,
    pub(super) quantity: u32,
}

impl Order {
    /// What is in it.
    pub(super) fn lines(&self) -> Vec<Line> {
        let line = |item: &Item| Line { upc: item.upc.clone(), quantity: item.quantity };
        self.items.iter().map(line).collect()
    }
}

const STATUSES: [&str; 4] = ["placed", "packed", "shipped", "delivered"];

impl Book {
    pub(super) fn new(data: Arc<Data>, orders_per_user: usize) -> Self {
        // An order without products would have nothing in it.
        let orders_per_user = if data.products.is_empty() { 0 } else { orders_per_user };
        Self { data, orders_per_user, placed: RwLock::default() }
    }

    /// How many orders there are.
    pub(super) fn len(&self) -> usize {
        self.n_seeded() + self.read().len()
    }

    /// The order of this id.
    pub(super) fn find(&self, id: &str) -> Option<Arc<Order>> {
        self.get(self.row(id)?)
    }

    /// The order of this row.
    pub(super) fn get(&self, row: usize) -> Option<Arc<Order>> {
        match row.checked_sub(self.n_seeded()) {
            None => Some(Arc::new(self.seeded(row))),
            Some(row) => self.read().get(row).cloned(),
        }
    }

    /// Row of an order.
    pub(super) fn row(&self, id: &str) -> Option<usize> {
        data::row('o', id).filter(|row| *row < self.len())
    }

    /// Rows of a user's orders; none if there is no such user.
    pub(super) fn rows_of(&self, user: &str) -> Option<Vec<usize>> {
        let row = self.user_row(user)?;
        let first = row * self.orders_per_user;
        let placed = self.read();
        let placed = placed.iter().enumerate().filter(|(_, order)| order.user == user);
        let placed = placed.map(|(row, _)| self.n_seeded() + row);
        Some((first..first + self.orders_per_user).chain(placed).collect())
    }

    /// Row of a user.
    pub(super) fn user_row(&self, id: &str) -> Option<usize> {
        self.data.user_row(id)
    }

    pub(super) fn product(&self, upc: &str) -> Option<&Product> {
        self.data.product_row(upc).map(|row| &*self.data.products[row])
    }

    /// Keeps a new order.
    pub(super) fn place(&self, user: usize, lines: &[Line]) -> Arc<Order> {
        let items = lines.iter().filter_map(|line| {
            let product = self.product(&line.upc)?;
            Some(item(product, line.quantity))
        });
        let items = items.collect();
        let mut placed = self.placed.write().unwrap_or_else(PoisonError::into_inner);
        let row = self.n_seeded() + placed.len();
        // The world of the example has no clock; its last day is today.
        let order = Arc::new(order(row, user, STATUSES[0], "2026-12-31".to_owned(), items));
        placed.push(Arc::clone(&order));
        order
    }

    /// What the lines weigh together, in grams.
    pub(super) fn weight(&self, lines: &[Line]) -> i64 {
        let weights = lines.iter().filter_map(|line| {
            Some(i64::from(self.product(&line.upc)?.weight) * i64::from(line.quantity))
        });
        weights.sum()
    }

    fn seeded(&self, row: usize) -> Order {
        let mut random = Random::new(self.data.seed, "order", row);
        let status = *random.pick(&STATUSES);
        let placed_on = format!("2026-{:02}-{:02}", random.between(1, 12), random.between(1, 28));
        let n_items = random.between(1, 3);
        let items = (0..n_items).map(|_| {
            let product = &self.data.products[random.below(self.data.products.len())];
            item(product, 1 + random.below(3) as u32)
        });
        let items = items.collect();
        order(row, row / self.orders_per_user, status, placed_on, items)
    }

    fn n_seeded(&self) -> usize {
        self.data.users.len() * self.orders_per_user
    }

    fn read(&self) -> RwLockReadGuard<'_, Vec<Arc<Order>>> {
        self.placed.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn order(
    row: usize,
    user: usize,
    status: &'static str,
    placed_on: String,
    items: Vec<Item>,
) -> Order {
    let total = items.iter().map(|item| item.price * i64::from(item.quantity)).sum();
    Order { id: data::id('o', row), user: data::id('u', user), status, placed_on, items, total }
}

fn item(product: &Product, quantity: u32) -> Item {
    Item { upc: product.upc.clone(), quantity, price: i64::from(product.price) }
}
