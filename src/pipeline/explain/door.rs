//! Explains whether a door would let a request in.
//!
//! **In:** the facts of a request, with its credential; what its door requires. **Out:** who asks, among the
//! facts; why the request would be refused.
//!
//! **Never here:** deciding (`entrance`, the rules on addresses).
//!
//! **Holds:** of a caller whose credential does not count nothing more is explained.
//!
//! **Read first:** [`let_in`].

use super::super::entrance;
use super::super::{Facts, Rooms};
use super::hide::Hidden;
use super::told::{Explanation, RefusedTold};
use crate::config::{Authorize, IpRules, Require};
use crate::expressions::Scope;

/// Whether it is known who asks; why the door would refuse them is told.
pub(super) async fn let_in(
    rooms: &Rooms,
    facts: &mut Facts,
    (ip, require): (&IpRules, Option<&Require>),
    refused: &mut Vec<RefusedTold>,
) -> bool {
    if !ip.admit(facts.client_ip) {
        let why = format!("nobody is let in from `{}`", facts.client_ip);
        refused.push(RefusedTold::new("ADDRESS_DENIED", why));
    }
    let Err(why) = entrance::identify(rooms, facts, require).await else { return true };
    let code = why.error().map_or("UNAUTHENTICATED", |error| error.code());
    refused.push(RefusedTold::new(code, why.detail()));
    why.error().is_none()
}

/// Tells if the condition of the door does not hold.
pub(super) fn authorize(
    condition: Option<&Authorize>,
    scope: &Scope<'_>,
    hidden: &Hidden,
    refused: &mut Vec<RefusedTold>,
) {
    if let Err(why) = entrance::authorize(condition, scope) {
        refused.push(RefusedTold::new("FORBIDDEN", hidden.text(&why)));
    }
}

/// All that is said to a caller whose credential does not count.
pub(super) fn turned_away(refused: Vec<RefusedTold>) -> Explanation {
    Explanation {
        consumer: None,
        refused,
        operation: None,
        route: None,
        cost: None,
        budgets: Vec::new(),
        masks: Vec::new(),
        upstreams: Vec::new(),
    }
}
