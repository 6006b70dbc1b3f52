//! The HTTP side of the REST door: matches, checks, streams.
//!
//! **In:** a request that is not for the GraphQL door. **Out:** its upstream's answer, a refusal, or nothing
//! if no route has its path.
//!
//! **Never here:** matching and sending (`routes`).
//!
//! **Read first:** [`answer`].

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use http::Uri;
use http::uri::PathAndQuery;
use hyper::body::{Body, Incoming};
use tokio::time::Instant;

use super::Answered;
use super::authorize;
use super::caller;
use super::cors;
use super::csrf;
use super::observe::Observation;
use super::reply::{Refusal, Reply};
use super::standing;
use super::unread;
use crate::admission::{Receipt, Refused};
use crate::expressions::Scope;
use crate::pipeline::{Facts, Rooms};
use crate::routes::{Found, Route, RouteError, has_dot_segments};
use crate::telemetry::FetchRecord;
use crate::upstream::{ClientBody, OutgoingBody};

/// Answers a request by its route; hands the body back if none has its path.
pub(super) async fn answer(
    rooms: &Rooms,
    facts: &mut Facts,
    uri: &Uri,
    body: Incoming,
    observation: &mut Observation,
) -> Result<Answered, Incoming> {
    if has_dot_segments(&facts.path) {
        let why = "the path has `.` or `..` segments, or an encoded `/`";
        return Ok(refuse(Refusal::Malformed(why.to_owned()), observation).into());
    }
    // A preflight asks about a request of another method, and about one without credentials.
    let asked = cors::asked_method(facts).and_then(|method| {
        let Found::Route(route, _) = rooms.routes.find(&method, &facts.path) else { return None };
        let cors = route.cors.clone()?;
        Some((route, cors))
    });
    if let Some((route, cors)) = asked {
        observation.enter(&route.metrics);
        let reply = match route.ip.admit(facts.client_ip) {
            true => cors::preflight(&cors, facts),
            false => Err(Refusal::AddressDenied),
        };
        let reply = reply.unwrap_or_else(|refusal| refuse(refusal, observation));
        return Ok(Answered { reply, cors: Some(cors) });
    }
    let (route, params) = match rooms.routes.find(&facts.method, &facts.path) {
        Found::Route(route, params) => (route, params),
        Found::OtherMethods(allowed) => {
            return Ok(refuse(Refusal::MethodNotAllowed(allowed), observation).into());
        }
        Found::Nothing => return Err(body),
    };
    observation.enter(&route.metrics);
    let reply = pass(rooms, &route, &params, facts, uri, body, observation).await;
    Ok(Answered { reply, cors: route.cors.clone() })
}

/// Passes a request to the upstream of its route.
async fn pass(
    rooms: &Rooms,
    route: &Route,
    params: &[(String, String)],
    facts: &mut Facts,
    uri: &Uri,
    body: Incoming,
    observation: &mut Observation,
) -> Reply {
    if !route.ip.admit(facts.client_ip) {
        return refuse(Refusal::AddressDenied, observation);
    }
    let cors = route.cors.as_deref();
    if route.csrf
        && csrf::is_foreign(facts, uri, cors)
        && rooms.identity.is_sent_unasked(&facts.headers, &facts.connection)
    {
        return refuse(Refusal::Foreign, observation);
    }
    if let Err(refusal) = caller::admit(rooms, facts, route.require.as_ref(), observation).await {
        unread::swallow(body).await;
        return Reply::Refused(refusal);
    }
    let scope = facts.scope(params, &route.name);
    if let Err(refusal) = authorize::check(rooms, route.authorize.as_ref(), &scope, observation) {
        unread::swallow(body).await;
        return Reply::Refused(refusal);
    }
    let limit = route.limits.body;
    if body.size_hint().lower() > limit as u64 {
        return refuse(Refusal::TooLarge { limit }, observation);
    }
    let receipt = match admit(rooms, route, &scope, observation).await {
        Ok(receipt) => receipt,
        Err(refused) => {
            observation.not_admitted(&refused);
            unread::swallow(body).await;
            return Reply::Refused(Refusal::NotAdmitted(refused));
        }
    };
    observation.record().paid = receipt.as_ref().map(|receipt| receipt.paid);
    let body = outgoing(body, limit, observation);
    let path = uri.path_and_query().cloned();
    let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
    let started = Instant::now();
    let result = route.pass(&scope, path, body).await;
    let status = result.as_ref().ok().map(|passed| passed.response.status().as_u16());
    tell(route, status, started, observation);
    match result {
        Ok(mut passed) => {
            if let Some(receipt) = receipt {
                standing::put(receipt.standing, passed.response.headers_mut());
            }
            Reply::Passthrough(passed)
        }
        Err(error) => {
            let refusal = match &error {
                RouteError::Upstream(error) if error.is_request_too_large() => {
                    Refusal::TooLarge { limit }
                }
                RouteError::Upstream(error) if error.is_timeout() => Refusal::UpstreamTimeout,
                _ => Refusal::UpstreamFailed,
            };
            observation.failed(refusal.code(), error.to_string());
            Reply::Refused(refusal)
        }
    }
}

/// Gives a request its place among those under way, and has it pay.
async fn admit(
    rooms: &Rooms,
    route: &Route,
    scope: &Scope<'_>,
    observation: &mut Observation,
) -> Result<Option<Receipt>, Box<Refused>> {
    observation.hold(rooms.admission.enter(&route.admission, scope)?);
    let payment = rooms.admission.pay(&route.admission, scope, route.cost).await?;
    Ok(payment.map(|payment| payment.settle(route.cost)))
}

fn outgoing(body: Incoming, limit: usize, observation: &mut Observation) -> OutgoingBody {
    if body.is_end_stream() {
        return OutgoingBody::Empty;
    }
    let n_bytes = Arc::new(AtomicU64::new(0));
    observation.counts_in(&n_bytes);
    OutgoingBody::Stream(ClientBody::new(body, limit, n_bytes))
}

fn tell(route: &Route, status: Option<u16>, started: Instant, observation: &mut Observation) {
    let duration = started.elapsed();
    route.fetch_metrics.observe(status, duration);
    let record = FetchRecord {
        id: 1,
        subgraph: Arc::clone(route.upstream()),
        duration,
        status,
        entities: 0,
        unique: 0,
        failed: status.is_none(),
        merged: false,
    };
    observation.fetched(vec![record], duration);
}

fn refuse(refusal: Refusal, observation: &mut Observation) -> Reply {
    observation.failed(refusal.code(), refusal.message());
    Reply::Refused(refusal)
}
