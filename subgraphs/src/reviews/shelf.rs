//! Keeps the reviews, those of the seed and those added since.
//!
//! **In:** row numbers, in batches; new reviews.
//! **Out:** reviews by row, by product, by author; the newest ones.
//!
//! **Never here:** whether a new review may be added (`reviews` checked it).
//!
//! **Holds:** a review is in the table and in both indexes, or in none: one lock guards all three.
//!
//! **Read first:** [`Shelf`].

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use crate::data::{self, Data, Review};

/// Reviews in the order they were written.
pub(super) type Reviews = Arc<Vec<Arc<Review>>>;

/// All reviews.
pub(super) struct Shelf {
    tables: RwLock<Tables>,
}

struct Tables {
    reviews: Vec<Arc<Review>>,
    by_product: Vec<Reviews>,
    by_author: Vec<Reviews>,
}

impl Shelf {
    pub(super) fn new(data: &Data) -> Self {
        let mut tables = Tables {
            reviews: Vec::with_capacity(data.reviews.len()),
            by_product: vec![Reviews::default(); data.products.len()],
            by_author: vec![Reviews::default(); data.users.len()],
        };
        for review in &data.reviews {
            tables.add(Arc::clone(review));
        }
        Self { tables: RwLock::new(tables) }
    }

    pub(super) fn reviews(&self, rows: &[usize]) -> Vec<Option<Arc<Review>>> {
        let tables = self.read();
        rows.iter().map(|row| tables.reviews.get(*row).cloned()).collect()
    }

    pub(super) fn by_product(&self, rows: &[usize]) -> Vec<Option<Reviews>> {
        let tables = self.read();
        rows.iter().map(|row| tables.by_product.get(*row).cloned()).collect()
    }

    pub(super) fn by_author(&self, rows: &[usize]) -> Vec<Option<Reviews>> {
        let tables = self.read();
        rows.iter().map(|row| tables.by_author.get(*row).cloned()).collect()
    }

    pub(super) fn newest(&self, n: usize) -> Vec<Arc<Review>> {
        self.read().reviews.iter().rev().take(n).cloned().collect()
    }

    pub(super) fn add(
        &self,
        product: usize,
        author: usize,
        rating: i32,
        body: String,
    ) -> Arc<Review> {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let id = data::id('r', tables.reviews.len());
        let review = Arc::new(Review { id, body, rating, author, product });
        tables.add(Arc::clone(&review));
        review
    }

    fn read(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn add(&mut self, review: Arc<Review>) {
        Arc::make_mut(&mut self.by_product[review.product]).push(Arc::clone(&review));
        Arc::make_mut(&mut self.by_author[review.author]).push(Arc::clone(&review));
        self.reviews.push(review);
    }
}
