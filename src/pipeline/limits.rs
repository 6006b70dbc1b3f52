//! Whether a request is within the limits of its lists, and the telling of what is beyond a limit.
//!
//! **In:** a prepared operation and the values of its variables. **Out:** what is beyond a limit.
//!
//! **Never here:** what a document alone decides (`operation` refuses it as it prepares), costs (`cost`).
//!
//! **Read first:** [`check`].

use serde_json::{Map, Value};

use super::Rooms;
use crate::operation::{Excess, Limit, Prepared, RequestError, RequestErrorKind};

/// What is beyond a limit that is only measured; variables as they came.
///
/// # Errors
/// When the lists of the request are longer than allowed.
pub(super) fn check(
    rooms: &Rooms,
    prepared: &Prepared,
    variables: &Map<String, Value>,
) -> Result<Vec<Excess>, RequestErrorKind> {
    let limits = &rooms.settings.graphql_limits;
    let (enforced, measured) = (limits.enforced.list_arguments, limits.measured.list_arguments);
    let mut beyond_measured = prepared.beyond.clone();
    if enforced.or(measured).is_some() {
        let found = prepared.n_list_items(variables);
        let beyond = |max: Option<u64>| {
            let max = max.filter(|max| found > *max)?;
            Some(Excess { limit: Limit::ListArguments, found, max })
        };
        if let Some(excess) = beyond(enforced) {
            return Err(RequestErrorKind::Beyond(excess));
        }
        beyond_measured.extend(beyond(measured));
    }
    Ok(beyond_measured)
}

/// Counts a refusal.
pub(super) fn tell_refused(rooms: &Rooms, error: &RequestError) {
    let limit = match &error.kind {
        RequestErrorKind::Beyond(excess) => excess.limit,
        RequestErrorKind::TooManyTokens { .. } => Limit::Tokens,
        _ => return,
    };
    rooms.telemetry.metrics.cost.beyond(limit.key(), "refused");
}

/// Counts what ran although it is beyond a limit.
pub(super) fn tell_measured(rooms: &Rooms, beyond: &[Excess]) {
    for excess in beyond {
        rooms.telemetry.metrics.cost.beyond(excess.limit.key(), "measured");
    }
}
