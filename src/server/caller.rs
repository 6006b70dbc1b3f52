//! Finds out who calls, and whether a door lets the caller in.
//!
//! **In:** the facts of a request, and what its door requires.
//! **Out:** the consumer among the facts, and the credential no longer among them; or a refusal.
//!
//! **Never here:** checking credentials (`identity`).
//!
//! **Holds:** a credential that does not count is refused at every door, also where anonymous callers are
//! let in.
//!
//! **Read first:** [`admit`].

use std::sync::Arc;

use super::observe::Observation;
use super::reply::Refusal;
use crate::config::Require;
use crate::consumer::Consumer;
use crate::identity::{Identity, IdentityError};
use crate::pipeline::{Facts, Rooms};

/// Lets a caller through a door, or refuses it and says which credentials the door takes.
pub(super) async fn admit(
    rooms: &Rooms,
    facts: &mut Facts,
    require: Option<&Require>,
    observation: &mut Observation,
) -> Result<(), Refusal> {
    let identity = &rooms.identity;
    let consumer = match identity.at_once(&facts.headers) {
        Some(known) => known,
        // Boxed, as all that is seldom waited for.
        None => Box::pin(identity.identify(&facts.headers)).await,
    };
    identity.take_away(&mut facts.headers);
    let consumer = consumer.and_then(|consumer| by_certificate(rooms, facts, require, consumer));
    let (why, error) = match consumer {
        Ok(consumer) => {
            let is_admitted = Identity::admits(require, &consumer);
            if !consumer.is_anonymous() {
                observation.record().consumer = Some(Arc::clone(&consumer.id));
            }
            facts.consumer = consumer;
            match (is_admitted, facts.consumer.is_anonymous()) {
                (true, _) => return Ok(()),
                (false, true) => ("a credential is required here", None),
                (false, false) => ("another credential is required here", None),
            }
        }
        Err(error) => (error.message(), Some(error)),
    };
    let outcome = match (&error, facts.consumer.is_anonymous()) {
        (Some(error), _) => error.outcome(),
        (None, true) => "missing",
        (None, false) => "other_provider",
    };
    rooms.telemetry.metrics.refused_credential(outcome);
    let detail = error.as_ref().map_or_else(|| why.to_owned(), ToString::to_string);
    let refusal = match &error {
        Some(error) if IdentityError::is_unavailable(error) => Refusal::IdentityUnavailable,
        error => {
            let challenges = identity.challenges(require, error.as_ref());
            Refusal::Unauthenticated { why, challenges }
        }
    };
    observation.failed(refusal.code(), detail);
    Err(refusal)
}

/// Whom the certificate of the connection names, unless the request itself says who calls and the door
/// takes that.
fn by_certificate(
    rooms: &Rooms,
    facts: &Facts,
    require: Option<&Require>,
    consumer: Arc<Consumer>,
) -> Result<Arc<Consumer>, IdentityError> {
    let Some(certificate) = facts.connection.client_certificate() else { return Ok(consumer) };
    if !consumer.is_anonymous() && Identity::admits(require, &consumer) {
        return Ok(consumer);
    }
    match rooms.identity.of_certificate(certificate) {
        // Of two that the door does not take, the request's own is told.
        Some(Ok(certified)) if consumer.is_anonymous() || Identity::admits(require, &certified) => {
            Ok(certified)
        }
        Some(Err(error)) if consumer.is_anonymous() => Err(error),
        _ => Ok(consumer),
    }
}
