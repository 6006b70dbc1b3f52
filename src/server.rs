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
pub mod certificates;
pub mod explain;
pub mod tls;
pub mod workers;

mod address;
mod caller;
mod connections;
mod cors;
mod cost_headers;
mod csrf;
mod graphql_http;
mod keys;
mod masked_body;
mod media_type;
mod observe;
mod own;
#[cfg(feature = "ui")]
mod page;
mod passthrough;
mod authorize;
mod batch;
mod patience;
mod reply;
mod request_id;
mod standing;
mod timing;
mod unread;

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::Body;
use futures_util::FutureExt;
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::admin::Probes;
use crate::config::CorsSettings;
use crate::connection::Connection;
use crate::consumer::Consumer;
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

/// What requests are answered from: the rooms, and the gateway's own pages about them.
#[derive(Debug)]
pub struct Doors {
    rooms: Arc<Rooms>,
    public_pages: Router,
    admin_pages: Router,
}

/// The doors that the next request goes through.
pub type DoorsInForce = Arc<ArcSwap<Doors>>;

impl Doors {
    /// Doors to these rooms.
    pub fn new(rooms: Arc<Rooms>, probes: &Probes) -> Self {
        Self {
            public_pages: own::public(Arc::clone(&rooms), probes.clone()),
            admin_pages: own::admin(Arc::clone(&rooms), probes.clone()),
            rooms,
        }
    }

    /// The rooms behind them.
    pub fn rooms(&self) -> &Rooms {
        &self.rooms
    }
}

/// What a request is answered with, and what pages of other origins may learn of it.
struct Answered {
    reply: Reply,
    cors: Option<Arc<CorsSettings>>,
}

impl From<Reply> for Answered {
    fn from(reply: Reply) -> Self {
        Self { reply, cors: None }
    }
}

/// Answers one request.
pub async fn answer(
    doors: Arc<Doors>,
    port: Port,
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    let (mut head, body) = request.into_parts();
    let ways = &doors.rooms.settings.client_address;
    let client_ip = address::settle(ways, &connection, &head.uri, &mut head.headers);
    let mut facts = Facts {
        id: request_id::of(&head.headers),
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        client_ip,
        connection,
        consumer: Consumer::anonymous(),
        started: Instant::now(),
    };
    let mut observation = Observation::start(&doors.rooms, &facts);
    let door = async {
        match port {
            Port::Admin => {
                let pages = &doors.admin_pages;
                Box::pin(own::answer(pages, &facts, &head.uri, Body::new(body))).await.into()
            }
            Port::Public => {
                public_door(&doors, &mut facts, &head.uri, body, &mut observation).await
            }
        }
    };
    // A bug of ours costs one request, not the connection with all that share it.
    let Answered { reply, cors } = match AssertUnwindSafe(door).catch_unwind().await {
        Ok(answered) => answered,
        Err(panic) => {
            observation.failed(Refusal::Bug.code(), said_in(&*panic));
            Reply::Refused(Refusal::Bug).into()
        }
    };
    let mut response = reply.into_response(&facts);
    if let Some(cors) = cors {
        cors::mark(&cors, &facts.headers, response.headers_mut());
    }
    if let Ok(id) = HeaderValue::from_str(&facts.id) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    observation.attach(response)
}

/// The doors go first, so that their traffic never passes a router of pages; the configuration has made
/// sure that no route takes a page's path.
async fn public_door(
    doors: &Doors,
    facts: &mut Facts,
    uri: &http::Uri,
    body: Incoming,
    observation: &mut Observation,
) -> Answered {
    let rooms = &doors.rooms;
    if facts.path == rooms.settings.graphql.path {
        let reply = graphql_http::answer(rooms, facts, uri.query(), body, observation).await;
        return Answered { reply, cors: rooms.settings.graphql.cors.clone() };
    }
    let passing = passthrough::answer(rooms, facts, uri, body, observation);
    let body = match Box::pin(passing).await {
        Ok(answered) => return answered,
        Err(body) => Body::new(body),
    };
    // The query page and what it asks for tell as much as the GraphQL door does.
    if !own::is_probe(&facts.path) && !rooms.settings.graphql_ip.admit(facts.client_ip) {
        let refusal = Refusal::AddressDenied;
        observation.failed(refusal.code(), refusal.message());
        return Reply::Refused(refusal).into();
    }
    // What the query page asks of the gateway tells as much as the GraphQL door does.
    if own::tells_of_the_graph(&facts.path)
        && let Err(refusal) = Box::pin(graphql_http::admit(rooms, facts, observation)).await
    {
        return Reply::Refused(refusal).into();
    }
    let reply = Box::pin(own::answer(&doors.public_pages, facts, uri, body)).await;
    if let Reply::Refused(refusal @ Refusal::NotFound) = &reply {
        observation.failed(refusal.code(), refusal.message());
    }
    reply.into()
}

/// The message of a panic, for the log.
fn said_in(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}
