//! Listens; HTTP in, HTTP out.
//!
//! **In:** connections on the public and the admin port. **Out:** responses, one log line each.
//!
//! **Never here:** what a GraphQL request means (`pipeline`), where a route leads (`routes`).
//!
//! **Holds:** every request has an id, in the log, in the response and on its way upstream; every
//! response, whatever it is, gets its status in `reply::status` and its line from `observe`.
//!
//! **Read first:** [`answer`].

pub mod accept;

mod graphql_http;
mod media_type;
mod observe;
mod page;
mod passthrough;
mod reply;
mod request_id;
mod timing;

use std::any::Any;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use http::{HeaderValue, Method, Request, Response};
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::admin::{self, Probes};
use crate::pipeline::{Facts, Rooms};
use crate::upstream::headers::X_REQUEST_ID;

pub use observe::ResponseBody;

use observe::Observation;
use reply::{Refusal, Reply};

/// Which port a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// For clients.
    Public,
    /// For operators.
    Admin,
}

/// Answers one request.
pub async fn answer(
    rooms: Arc<Rooms>,
    probes: Probes,
    port: Port,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    let (head, body) = request.into_parts();
    let facts = Facts {
        id: request_id::of(&head.headers),
        method: head.method,
        path: head.uri.path().to_owned(),
        headers: head.headers,
        client_ip: peer.ip(),
        started: Instant::now(),
    };
    let mut observation = Observation::start(&rooms, &facts);
    let door = async {
        match port {
            Port::Admin => admin_door(&rooms, &probes, &facts).await,
            Port::Public => {
                public_door(&rooms, &probes, &facts, &head.uri, body, &mut observation).await
            }
        }
    };
    // A bug of ours costs one request, not the connection with all that share it.
    let reply = match AssertUnwindSafe(door).catch_unwind().await {
        Ok(reply) => reply,
        Err(panic) => {
            observation.failed(Refusal::Bug.code(), said_in(&*panic));
            Reply::Refused(Refusal::Bug)
        }
    };
    let mut response = reply.into_response(&facts);
    if let Ok(id) = HeaderValue::from_str(&facts.id) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    observation.attach(response)
}

async fn public_door(
    rooms: &Rooms,
    probes: &Probes,
    facts: &Facts,
    uri: &http::Uri,
    body: Incoming,
    observation: &mut Observation,
) -> Reply {
    let graphql = &rooms.settings.graphql;
    if facts.path == graphql.path {
        return graphql_http::answer(rooms, facts, uri.query(), body, observation).await;
    }
    if let Some(reply) = probe(probes, rooms, facts) {
        return reply;
    }
    if graphql.ide {
        match facts.path.as_str() {
            "/_graphloom/status" => return only_get(facts, || Reply::Json(admin::status(rooms))),
            "/_graphloom/plan" => return graphql_http::plan(rooms, facts, body).await,
            _ => {}
        }
        if let Some(reply) = page::answer(facts, &graphql.path) {
            return reply;
        }
    }
    passthrough::answer(rooms, facts, uri, body, observation).await
}

async fn admin_door(rooms: &Rooms, probes: &Probes, facts: &Facts) -> Reply {
    if let Some(reply) = probe(probes, rooms, facts) {
        return reply;
    }
    match facts.path.as_str() {
        "/metrics" => {
            let text = admin::metrics(rooms).await;
            only_get(facts, || Reply::Metrics(text))
        }
        _ => Reply::Refused(Refusal::NotFound),
    }
}

fn probe(probes: &Probes, rooms: &Rooms, facts: &Facts) -> Option<Reply> {
    match facts.path.as_str() {
        "/health" => Some(only_get(facts, || Reply::Json(admin::health()))),
        "/ready" => Some(only_get(facts, || match probes.is_draining() {
            false => Reply::Json(admin::ready(rooms)),
            true => Reply::Refused(Refusal::Draining),
        })),
        _ => None,
    }
}

/// The message of a panic, for the log.
fn said_in(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

fn only_get(facts: &Facts, reply: impl FnOnce() -> Reply) -> Reply {
    match facts.method {
        Method::GET | Method::HEAD => reply(),
        _ => Reply::Refused(Refusal::MethodNotAllowed("GET".to_owned())),
    }
}
