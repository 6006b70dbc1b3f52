//! Whether a request may come in, by the condition of its door.
//!
//! **In:** the condition of a route or of the GraphQL door, and what is known of the request.
//! **Out:** whether it may, or a refusal; its reason goes to the log alone.
//!
//! **Never here:** deciding (`pipeline::entrance`), who asks (`identity`), single fields of an operation (`operation`).
//!
//! **Holds:** it is decided before the body is read. What cannot be decided is refused. The answer tells
//! of the reason only which scopes a bearer token lacks, as RFC 6750, section 3.1, has it.
//!
//! **Read first:** [`check`].

use super::observe::Observation;
use super::reply::Refusal;
use crate::config::{Authorize, ProviderKind};
use crate::expressions::Scope;
use crate::pipeline::{Rooms, entrance};

/// Lets a request pass for which the condition holds.
pub(super) fn check(
    rooms: &Rooms,
    authorize: Option<&Authorize>,
    scope: &Scope<'_>,
    observation: &mut Observation,
) -> Result<(), Refusal> {
    let Err(reason) = entrance::authorize(authorize, scope) else { return Ok(()) };
    let needed = authorize.into_iter().flat_map(|authorize| authorize.condition.scopes());
    let missing: Vec<&str> = match has_token(rooms, scope) {
        true => needed.filter(|name| lacks(scope, name)).collect(),
        false => Vec::new(),
    };
    let refusal = Refusal::Forbidden { missing_scopes: missing.join(" ") };
    observation.failed(refusal.code(), reason);
    Err(refusal)
}

/// Whether the caller lacks a scope that can be named in a header (RFC 6749, section 3.3).
fn lacks(scope: &Scope<'_>, name: &str) -> bool {
    let is_token = name.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte));
    is_token && !scope.consumer.has_scope(name)
}

/// Whether a token vouches for the caller. The identity room has taken it from the headers.
fn has_token(rooms: &Rooms, scope: &Scope<'_>) -> bool {
    let provider = scope.consumer.provider.as_deref();
    let settings = provider.and_then(|provider| rooms.settings.identity.get(provider));
    settings.is_some_and(|settings| {
        matches!(settings.kind, ProviderKind::Jwt(_) | ProviderKind::Introspection(_))
    })
}
