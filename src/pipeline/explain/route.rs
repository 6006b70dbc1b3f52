//! Explains a request to the REST door that is not passed on.
//!
//! **In:** the facts of a request. **Out:** an [`Explanation`], or why no route takes it.
//!
//! **Never here:** finding the route and deciding (`routes`, `entrance`).
//!
//! **Read first:** [`route`].

use http::uri::PathAndQuery;
use serde_json::{Map, Value};
use thiserror::Error;

use super::super::{Facts, Rooms};
use super::budgets::{For, Purse};
use super::door::{let_in, turned_away};
use super::hide::Hidden;
use super::told::{ConsumerTold, CostTold, Explanation, MaskTold, RouteTold, UpstreamTold};
use crate::masks::PathMask;
use crate::routes::{Found, Route, has_dot_segments};

/// Why no route takes a request.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoRoute {
    /// Its path could lead elsewhere.
    #[error("the path has `.` or `..` segments, or an encoded `/`: it is refused")]
    DotSegments,
    /// Nothing has the path.
    #[error("no route has the path `{0}`")]
    Path(String),
    /// Something has it, for other methods.
    #[error("the route with the path `{path}` takes {allowed}")]
    Method {
        /// The path.
        path: String,
        /// The methods.
        allowed: String,
    },
}

/// What would become of a request to a route.
///
/// # Errors
/// When there is no route for it.
pub(super) async fn route(
    rooms: &Rooms,
    facts: &mut Facts,
    path: &PathAndQuery,
) -> Result<Explanation, NoRoute> {
    if has_dot_segments(&facts.path) {
        return Err(NoRoute::DotSegments);
    }
    let (route, params) = match rooms.routes.find(&facts.method, &facts.path) {
        Found::Route(route, params) => (route, params),
        Found::OtherMethods(allowed) => {
            return Err(NoRoute::Method { path: facts.path.clone(), allowed });
        }
        Found::Nothing => return Err(NoRoute::Path(facts.path.clone())),
    };
    let hidden = Hidden::new(rooms, &facts.headers);
    let require = route.require.as_ref();
    let name = (*route.name).to_owned();
    let path_params = params.iter().map(|(name, value)| (name.clone(), Value::from(&**value)));
    let path_params: Map<String, Value> = path_params.collect();
    let told = Some(RouteTold { name, path_params });
    let mut refused = Vec::new();
    if !let_in(rooms, facts, (&route.ip, require), &mut refused).await {
        return Ok(Explanation { route: told, ..turned_away(refused) });
    }
    let scope = facts.scope(&params, &route.name);
    super::door::authorize(route.authorize.as_ref(), &scope, &hidden, &mut refused);
    let purse = Purse { rooms, door: &route.admission, scope: &scope, reader: For::Operator };
    // Who is not let in pays nothing.
    let budgets = match refused.is_empty() {
        true => purse.look(route.cost, &mut refused).await,
        false => Vec::new(),
    };
    let hiding: Vec<&PathMask> = route.hiding(&scope).collect();
    let upstream = UpstreamTold {
        name: route.upstream().to_string(),
        fetches: Vec::new(),
        method: facts.method.to_string(),
        path: path.to_string(),
        connector: None,
        headers: hidden.headers(&route.would_send(&scope, !hiding.is_empty())),
    };
    Ok(Explanation {
        consumer: Some(ConsumerTold::of(&facts.consumer)),
        refused,
        operation: None,
        route: told,
        cost: Some(CostTold {
            estimated: route.cost,
            maximum: None,
            formula: route.cost.to_string(),
            subgraphs: Vec::new(),
            guessed: None,
        }),
        budgets,
        masks: masks(&route, &hiding, &hidden),
        upstreams: vec![upstream],
    })
}

fn masks(route: &Route, hiding: &[&PathMask], hidden: &Hidden) -> Vec<MaskTold> {
    let told = |mask: &PathMask| MaskTold {
        of: mask.path.to_string(),
        action: mask.mask.action.name(),
        hides: hiding.iter().any(|hiding| std::ptr::eq(*hiding, mask)),
        unless: mask.mask.unless.as_ref().map(|condition| hidden.text(condition.text())),
    };
    route.masks().iter().map(told).collect()
}
