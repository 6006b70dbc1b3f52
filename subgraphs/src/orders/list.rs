//! Writes a list of orders as JSON, piece by piece, as fast as the client reads.
//!
//! **In:** rows of the book.
//! **Out:** a body of chunks that make one JSON array.
//!
//! **Never here:** which orders are in the list (`orders` knows).
//!
//! **Holds:** at most one chunk is in memory, however long the list is.
//!
//! **Read first:** [`OrderList::chunk`].

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use hyper::body::Frame;

use super::book::Book;

/// The body of a list.
pub(super) struct OrderList {
    book: Arc<Book>,
    rows: Box<dyn Iterator<Item = usize> + Send>,
    progress: Progress,
}

#[derive(Clone, Copy, PartialEq)]
enum Progress {
    Start,
    Middle,
    End,
}

/// Orders a chunk: about 16 KB.
const ORDERS_PER_CHUNK: usize = 100;

impl OrderList {
    pub(super) fn new(book: Arc<Book>, rows: Box<dyn Iterator<Item = usize> + Send>) -> Self {
        Self { book, rows, progress: Progress::Start }
    }

    fn chunk(&mut self) -> Option<Bytes> {
        if self.progress == Progress::End {
            return None;
        }
        let mut chunk = Vec::new();
        if self.progress == Progress::Start {
            chunk.push(b'[');
        }
        let mut n_rows = 0;
        for row in self.rows.by_ref().take(ORDERS_PER_CHUNK) {
            n_rows += 1;
            let order = self.book.get(row).expect("orders are never removed");
            if self.progress == Progress::Middle {
                chunk.push(b',');
            }
            serde_json::to_writer(&mut chunk, &*order).expect("an order has only string keys");
            self.progress = Progress::Middle;
        }
        if n_rows < ORDERS_PER_CHUNK {
            chunk.push(b']');
            self.progress = Progress::End;
        }
        Some(Bytes::from(chunk))
    }
}

impl HttpBody for OrderList {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.chunk().map(|chunk| Ok(Frame::data(chunk))))
    }
}
