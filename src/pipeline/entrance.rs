//! Decides whether a door lets a request in: who calls, and whether the door's condition holds.
//!
//! **In:** the facts of a request, and what its door requires. **Out:** the consumer among the facts, and the
//! credential no longer among them; or why the request is not let in.
//!
//! **Never here:** refusing (`server`), checking credentials (`identity`).
//!
//! **Holds:** a credential that does not count is refused at every door, also where anonymous callers are
//! let in. What cannot be decided is refused.
//!
//! **Read first:** [`identify`], [`authorize`].

use std::sync::Arc;

use super::{Facts, Rooms};
use crate::config::{Authorize, Require};
use crate::consumer::Consumer;
use crate::expressions::Scope;
use crate::identity::{Identity, IdentityError};

/// Why a caller is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAdmitted {
    /// Its credential does not count.
    Credential(IdentityError),
    /// It has none.
    Missing,
    /// Somebody else would have to vouch for it.
    OtherProvider,
}

impl NotAdmitted {
    /// What was wrong with the credential, if that was it.
    pub fn error(&self) -> Option<&IdentityError> {
        match self {
            Self::Credential(error) => Some(error),
            Self::Missing | Self::OtherProvider => None,
        }
    }

    /// One sentence for the client.
    pub fn why(&self) -> &'static str {
        match self {
            Self::Credential(error) => error.message(),
            Self::Missing => "a credential is required here",
            Self::OtherProvider => "another credential is required here",
        }
    }

    /// The same for the log.
    pub fn detail(&self) -> String {
        self.error().map_or_else(|| self.why().to_owned(), ToString::to_string)
    }

    /// The same in one word, for a metric.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Credential(error) => error.outcome(),
            Self::Missing => "missing",
            Self::OtherProvider => "other_provider",
        }
    }
}

/// Finds out who calls, and whether a door that requires something lets them in.
///
/// # Errors
/// When it does not; the facts then say who calls all the same, if that is known.
pub async fn identify(
    rooms: &Rooms,
    facts: &mut Facts,
    require: Option<&Require>,
) -> Result<(), NotAdmitted> {
    let identity = &rooms.identity;
    let consumer = match identity.at_once(&facts.headers) {
        Some(known) => known,
        // Boxed, as all that is seldom waited for.
        None => Box::pin(identity.identify(&facts.headers)).await,
    };
    identity.take_away(&mut facts.headers);
    let consumer = consumer.and_then(|consumer| by_certificate(rooms, facts, require, consumer));
    facts.consumer = consumer.map_err(NotAdmitted::Credential)?;
    match (Identity::admits(require, &facts.consumer), facts.consumer.is_anonymous()) {
        (true, _) => Ok(()),
        (false, true) => Err(NotAdmitted::Missing),
        (false, false) => Err(NotAdmitted::OtherProvider),
    }
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

/// Lets a request pass for which the condition of its door holds.
///
/// # Errors
/// Why it does not, for the log.
pub fn authorize(authorize: Option<&Authorize>, scope: &Scope<'_>) -> Result<(), String> {
    let Some(Authorize { condition, key }) = authorize else { return Ok(()) };
    match condition.decide(scope) {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("`{key}` does not hold: {}", condition.text())),
        Err(why) => Err(format!("`{key}` cannot be decided, {why}: {}", condition.text())),
    }
}
