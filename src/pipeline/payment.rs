//! What a request to the GraphQL door pays.
//!
//! **In:** who asks, and what the operation is estimated to cost. **Out:** a payment, or the error of a request
//! that is not admitted.
//!
//! **Never here:** counting (`admission`), what an operation costs (`cost`).
//!
//! **Holds:** a request pays before anything is fetched for it. One that comes to nothing, because it is not
//! well-formed or not allowed, pays as little as a request can.
//!
//! **Read first:** [`pay`].

use std::sync::Arc;

use super::{Facts, Rooms};
use crate::admission::Payment;
use crate::expressions::Scope;
use crate::operation::{RequestError, RequestErrorKind};

/// What a request pays at least, also one that comes to nothing.
const LEAST: u64 = 1;

/// What an operation of this cost pays.
pub fn price(cost: u64) -> u64 {
    cost.max(LEAST)
}

/// What the limits of the door see of a request. To them the door is a route like others: its name is its path.
pub fn scope<'a>(rooms: &'a Rooms, facts: &'a Facts) -> Scope<'a> {
    facts.scope(&[], &rooms.settings.graphql.path)
}

/// Pays for an operation.
pub(super) async fn pay(
    rooms: &Rooms,
    facts: &Facts,
    estimate: u64,
) -> Result<Option<Box<Payment>>, RequestErrorKind> {
    let paid =
        rooms.admission.pay(&rooms.graphql_limits, &scope(rooms, facts), price(estimate)).await;
    paid.map_err(RequestErrorKind::NotAdmitted)
}

/// Pays for a request of which nothing ran; another error if the caller cannot.
pub(super) async fn for_nothing(
    rooms: &Rooms,
    facts: &Facts,
    error: Arc<RequestError>,
) -> Arc<RequestError> {
    if matches!(error.kind, RequestErrorKind::NotAdmitted(_)) {
        return error;
    }
    match pay(rooms, facts, LEAST).await {
        Ok(payment) => {
            payment.map(|payment| payment.settle(LEAST));
            error
        }
        Err(refused) => Arc::new(refused.into()),
    }
}
