//! What one operation has asked of REST sources so far.
//!
//! **In:** requests that are about to be sent. **Out:** whether one more may be; the answer of one that is the
//! same.
//!
//! **Never here:** sending (`errand`), bounds over several operations (admission).
//!
//! **Holds:** within an operation the same `GET` is sent once, at whatever time it is wanted again. What is kept
//! is as large as the answers, whose number is bounded, and ends with the operation.
//!
//! **Read first:** [`Session`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::failure::Failure;
use super::source::RestSource;
use crate::upstream::{Collected, UpstreamError};

/// What one operation has asked.
#[derive(Debug, Default)]
pub struct Session(Mutex<Asked>);

#[derive(Debug, Default)]
struct Asked {
    /// How many requests were sent, by what they are counted under.
    spent: HashMap<Arc<str>, usize>,
    /// By method, address, headers and body.
    answers: HashMap<Vec<u8>, Arc<OnceCell<Exchange>>>,
}

/// What came of a request, for all who asked.
pub type Exchange = Arc<Result<Collected, UpstreamError>>;

impl Session {
    /// Counts one more request, if it may be sent.
    pub(super) fn spend(&self, source: &RestSource) -> Result<(), Failure> {
        let terms = &source.terms;
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = match asked.spent.get_mut(&terms.budget) {
            Some(spent) => spent,
            None => asked.spent.entry(Arc::clone(&terms.budget)).or_default(),
        };
        if *spent >= terms.max_requests {
            return Err(Failure::too_many(source, terms.max_requests));
        }
        *spent += 1;
        Ok(())
    }

    /// The place of an answer that all who ask the same share.
    pub(super) fn place(&self, question: Vec<u8>) -> Arc<OnceCell<Exchange>> {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(asked.answers.entry(question).or_default())
    }
}
