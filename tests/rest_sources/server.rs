//! One server for all: the REST services, and the GraphQL subgraphs beside them.
//!
//! **In:** requests over loopback: `/w<world>/<subgraph>/c<endpoint>/…`, or `/w<world>/<subgraph>` for GraphQL.
//! **Out:** their answers; and a [`Seen`] of each.
//!
//! **Never here:** what an answer is (`endpoint`, the oracle).
//!
//! **Holds:** a request that no endpoint takes is written down as wrong, and gets a 400.
//!
//! **Read first:** [`Server::start`].

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use oracle::{Chance, StrictSubgraph};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::chances::Chances;
use super::connectors::Service;
use super::endpoint::Endpoint;
use super::faults::{Faults, Trouble};
use super::inputs::Received;

/// The server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

/// What it serves now, and what it has seen.
struct State {
    number: u64,
    world: Option<Arc<Served>>,
    seen: Vec<Seen>,
    chances: Chances,
    faults: Faults,
}

/// The subgraphs of a graph.
pub(crate) struct Served {
    /// Those that speak GraphQL.
    pub(crate) subgraphs: Vec<StrictSubgraph>,
    /// The others, each with what it knows.
    pub(crate) services: Vec<(Service, StrictSubgraph)>,
}

/// A request that came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Service and number of the endpoint.
    pub(crate) endpoint: Option<(String, usize)>,
    pub(crate) request: Received,
    pub(crate) answer: String,
    /// The keys of the objects that were asked for.
    pub(crate) objects: Vec<String>,
    pub(crate) wrong: Option<String>,
    /// What happened instead of the answer.
    pub(crate) trouble: Option<Trouble>,
}

type Reply = Response<Full<Bytes>>;

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let state = State {
            number: 0,
            world: None,
            seen: Vec::new(),
            chances: Chances(0),
            faults: Faults::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                let service = service_fn(move |request| {
                    let state = Arc::clone(&state);
                    async move { Ok::<_, std::convert::Infallible>(reply(&state, request).await) }
                });
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        Self { address, state }
    }

    /// Serves another graph, and gives the number that its paths begin with.
    pub(crate) fn next_number(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.number += 1;
        state.number
    }

    pub(crate) fn serve(&self, world: Served, chances: Chances) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.world = Some(Arc::new(world));
        state.chances = chances;
    }

    /// Says what goes wrong from now on.
    pub(crate) fn set_faults(&self, faults: &Faults) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).faults = faults.clone();
    }

    /// What was seen since the last time.
    pub(crate) fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).seen)
    }
}

async fn reply(state: &Mutex<State>, request: Request<Incoming>) -> Reply {
    let (head, body) = request.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let mut parts = head.uri.path().trim_start_matches('/').split('/').map(decoded);
    let headers = head
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    let received = Received {
        method: head.method.to_string(),
        uri: head.uri.to_string(),
        headers: headers.collect(),
        query: query(head.uri.query().unwrap_or_default()),
        body,
        ..Received::default()
    };
    let world = parts.next().unwrap_or_default();
    let (name, endpoint) = (parts.next().unwrap_or_default(), parts.next());
    let received = Received { segments: parts.collect(), ..received };
    let Some(served) = state.world.clone().filter(|_| world == format!("w{}", state.number)) else {
        return error("a request for a graph that is gone");
    };
    // The same request gets the same answer, whatever was asked before.
    let asked = format!("{name} {endpoint:?} {:?} {:?}", received.segments, received.query);
    let asked = format!("{asked} {}", String::from_utf8_lossy(&received.body));
    let mut chance = state.chances.at(&asked);
    let (seen, reply) =
        served.reply((&name, endpoint.as_deref()), received, &state.faults, &mut chance);
    state.seen.push(seen);
    reply
}

impl Served {
    fn reply(
        &self,
        (name, endpoint): (&str, Option<&str>),
        request: Received,
        faults: &Faults,
        chance: &mut Chance,
    ) -> (Seen, Reply) {
        let mut seen = Seen { request, ..Seen::default() };
        let found = match endpoint {
            None => {
                let subgraph = self.subgraphs.iter().find(|subgraph| subgraph.name() == name);
                subgraph.map(|subgraph| graphql(subgraph, &seen.request))
            }
            Some(endpoint) => self.endpoint(name, endpoint).map(|(number, endpoint, truth)| {
                seen.endpoint = Some((name.to_owned(), number));
                let answer = endpoint.answer(&seen.request, truth, chance)?;
                seen.objects = answer.objects;
                let trouble = Trouble::of(faults, name, &endpoint.coordinate);
                // That nothing is said of nothing is no trouble.
                seen.trouble = trouble.filter(|it| *it != Trouble::NoBody || !answer.is_nothing);
                if answer.is_partial {
                    seen.trouble = Some(Trouble::Partial);
                }
                Ok(answer.body)
            }),
        };
        match found.unwrap_or_else(|| Err("nobody answers there".to_owned())) {
            Ok(body) => {
                seen.answer = body.to_string();
                let reply = match (&seen.endpoint, seen.trouble) {
                    (None, _) => with_type("application/json", seen.answer.clone()),
                    (Some(_), None) => rest(&body, chance),
                    (Some(_), Some(trouble)) => troubled(trouble, &body),
                };
                (seen, reply)
            }
            Err(wrong) => {
                let reply = error(&wrong);
                (Seen { wrong: Some(wrong), ..seen }, reply)
            }
        }
    }

    fn endpoint(&self, name: &str, endpoint: &str) -> Option<(usize, &Endpoint, &StrictSubgraph)> {
        let (service, truth) = self.services.iter().find(|(service, _)| service.name == name)?;
        let number: usize = endpoint.strip_prefix('c')?.parse().ok()?;
        Some((number, service.endpoints.get(number)?, truth))
    }
}

fn graphql(subgraph: &StrictSubgraph, received: &Received) -> Result<Value, String> {
    let asked: Value =
        serde_json::from_slice(&received.body).map_err(|error| format!("no GraphQL: {error}"))?;
    let query = asked["query"].as_str().ok_or("there is no query")?;
    let request = oracle::Request::new(query).with_variables(asked["variables"].clone());
    let answer = subgraph.answer(&request);
    match answer.get("data") {
        Some(_) => Ok(answer),
        None => Err(format!("refused: {query} {}: {answer}", asked["variables"])),
    }
}

/// A value in one of the ways in which services answer it.
fn rest(body: &Value, chance: &mut Chance) -> Reply {
    const TYPES: [&str; 4] = [
        "application/json",
        "application/json; charset=utf-8",
        "application/hal+json",
        "Application/Problem+JSON",
    ];
    let mut reply = match body {
        Value::Null if chance.percent(30) => with_type("text/html", String::new()),
        Value::Null if chance.percent(30) => {
            let mut reply = with_type("application/json", String::new());
            *reply.status_mut() = StatusCode::NO_CONTENT;
            reply
        }
        Value::String(text) if chance.percent(30) && !text.is_empty() => {
            with_type("text/plain; charset=utf-8", text.clone())
        }
        body => with_type(chance.pick::<&str>(&TYPES), body.to_string()),
    };
    if reply.status() == StatusCode::OK && chance.percent(20) {
        *reply.status_mut() = StatusCode::CREATED;
    }
    reply
}

fn troubled(trouble: Trouble, body: &Value) -> Reply {
    match trouble {
        Trouble::Partial => with_type("application/json", body.to_string()),
        Trouble::Status => {
            let mut reply = with_type("application/json", body.to_string());
            *reply.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            reply
        }
        Trouble::NoBody => with_type("application/json", String::new()),
        Trouble::BrokenJson => with_type("application/json", format!("[{body}, {{\"a\": ")),
    }
}

fn with_type(content_type: &'static str, body: String) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(body)));
    reply.headers_mut().insert("content-type", http::HeaderValue::from_static(content_type));
    reply
}

fn error(message: &str) -> Reply {
    let mut reply = with_type("application/json", json!({ "error": message }).to_string());
    *reply.status_mut() = StatusCode::BAD_REQUEST;
    reply
}

fn query(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    };
    pairs.map(pair).collect()
}

/// Percent-decodes; `+` is itself, as connectors write spaces as `%20`.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |range: std::ops::Range<usize>| {
            u8::from_str_radix(std::str::from_utf8(bytes.get(range)?).ok()?, 16).ok()
        };
        match (bytes[at], hex(at + 1..at + 3)) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
