//! Lets a caller through a door, or refuses it.
//!
//! **In:** the facts of a request, and what its door requires.
//! **Out:** the consumer among the facts, and the credential no longer among them; or a refusal.
//!
//! **Never here:** finding out who calls (`pipeline::entrance`), checking credentials (`identity`).
//!
//! **Read first:** [`admit`].

use std::sync::Arc;

use super::observe::Observation;
use super::reply::Refusal;
use crate::config::Require;
use crate::identity::IdentityError;
use crate::pipeline::{Facts, Rooms, entrance};

/// Lets a caller through a door, or refuses it and says which credentials the door takes.
pub(super) async fn admit(
    rooms: &Rooms,
    facts: &mut Facts,
    require: Option<&Require>,
    observation: &mut Observation,
) -> Result<(), Refusal> {
    let admitted = entrance::identify(rooms, facts, require).await;
    if !facts.consumer.is_anonymous() {
        observation.record().consumer = Some(Arc::clone(&facts.consumer.id));
    }
    let Err(refused) = admitted else { return Ok(()) };
    rooms.telemetry.metrics.refused_credential(refused.outcome());
    let refusal = match refused.error() {
        Some(error) if IdentityError::is_unavailable(error) => Refusal::IdentityUnavailable,
        error => {
            let challenges = rooms.identity.challenges(require, error);
            Refusal::Unauthenticated { why: refused.why(), challenges }
        }
    };
    observation.failed(refusal.code(), refused.detail());
    Err(refusal)
}
