//! Asks for explanations, and for runs, on behalf of callers who are not there: for `graphloom explain` and
//! `graphloom plan --run`, and for `POST /explain` on the admin port.
//!
//! **In:** an [`Asked`]: a request in words, and whose. **Out:** an explanation, or what a run came to; or what is
//! wrong with the words.
//!
//! **Never here:** explaining (`pipeline::explain`), running (`pipeline`).
//!
//! **Holds:** the credential is put where its owner would put it, and goes the way of every credential.
//!
//! **Read first:** [`explain()`], [`run`].

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;
use tokio::time::Instant;

use super::media_type::MediaType;
use super::{address, request_id};
use crate::connection::Connection;
use crate::consumer::Consumer;
use crate::identity::NoPlace;
use crate::operation::RequestError;
use crate::pipeline::explain::{self, Explanation, NoRoute, RefusedTold};
use crate::pipeline::{Envelope, Executed, Facts, Manner, Rooms, Transport, execute_request};

/// A request in words, and whose.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Asked {
    /// The document of a request to the GraphQL door.
    pub query: Option<String>,
    /// Which of its operations.
    pub operation_name: Option<String>,
    /// The values of its variables.
    pub variables: Option<Map<String, Value>>,
    /// Method and path of a request to the REST door: `GET /orders/7`.
    pub request: Option<String>,
    /// Who asks: the text of a credential; nobody known if it is left out or `anonymous`.
    pub r#as: Option<String>,
    /// The other headers of the request.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// The address of the client.
    pub client_ip: Option<IpAddr>,
}

/// Stands for a caller without a credential.
const ANONYMOUS: &str = "anonymous";

/// What is wrong with the words.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// They do not say one thing.
    #[error(
        "ask for one thing: an operation (`query`), or a request to a route (`request`: `GET /path`)"
    )]
    NotOne,
    /// The document is.
    #[error("the document is empty: write an operation")]
    Empty,
    /// The request to a route is none.
    #[error("`{0}` is no request to a route: write a method, a space and a path: `GET /orders/7`")]
    NotARequest(String),
    /// A header is none.
    #[error("`{0}` is no header: write a name of letters, digits and `-`, and a text")]
    NotAHeader(String),
    /// Nobody takes such a credential.
    #[error("nobody here takes the credential: {0}")]
    NoPlace(NoPlace),
    /// The door does not let the caller in.
    #[error("the caller is not let in: {}", told(.0))]
    NotLetIn(Vec<RefusedTold>),
    /// There is no plan.
    #[error("{}", .0.detail())]
    Operation(Arc<RequestError>),
    /// There is no route.
    #[error(transparent)]
    Route(NoRoute),
}

/// Explains what would become of a request.
///
/// # Errors
/// When it is not a request, or there is neither a plan nor a route for it.
pub async fn explain(rooms: &Rooms, asked: Asked) -> Result<Explanation, ExplainError> {
    let (method, target) = match (&asked.query, &asked.request) {
        (Some(_), None) => {
            (Method::POST, PathAndQuery::from_str(&rooms.settings.graphql.path).ok())
        }
        (None, Some(request)) => read(request).map(|(method, path)| (method, Some(path)))?,
        _ => return Err(ExplainError::NotOne),
    };
    let target = target.unwrap_or_else(|| PathAndQuery::from_static("/"));
    let mut facts = facts(rooms, &asked, method, &target)?;
    let envelope = Envelope {
        query: asked.query.map(Into::into),
        operation_name: asked.operation_name.map(Into::into),
        variables: asked.variables,
        extensions: None,
    };
    match (asked.request, envelope.into_request(Transport::Post)) {
        (None, Some(request)) => {
            let explained = explain::operation_at_the_door(rooms, &mut facts, request).await;
            explained.map_err(ExplainError::Operation)
        }
        (Some(_), _) => {
            explain::route(rooms, &mut facts, &target).await.map_err(ExplainError::Route)
        }
        (None, None) => Err(ExplainError::Empty),
    }
}

/// Runs an operation as its caller would have it run, and says what each of its requests came to.
///
/// # Errors
/// When nothing ran.
pub async fn run(rooms: &Arc<Rooms>, asked: Asked) -> Result<Executed, ExplainError> {
    let target = PathAndQuery::from_str(&rooms.settings.graphql.path);
    let target = target.unwrap_or_else(|_| PathAndQuery::from_static("/"));
    let mut facts = facts(rooms, &asked, Method::POST, &target)?;
    let refused = explain::at_the_door(rooms, &mut facts).await;
    if !refused.is_empty() {
        return Err(ExplainError::NotLetIn(refused));
    }
    let envelope = Envelope {
        query: asked.query.map(Into::into),
        operation_name: asked.operation_name.map(Into::into),
        variables: asked.variables,
        extensions: None,
    };
    let request = envelope.into_request(Transport::Post).ok_or(ExplainError::Empty)?;
    let manner = Manner { media_type: MediaType::GraphqlResponse.as_str(), is_own: true };
    let executed = execute_request(rooms, &facts, request, manner).await;
    executed.map_err(|(_, error)| ExplainError::Operation(error))
}

fn told(refused: &[RefusedTold]) -> String {
    let told = refused.iter().map(|RefusedTold { code, why }| format!("{code}: {why}"));
    told.collect::<Vec<_>>().join("; ")
}

/// Method and target of a request to a route.
fn read(request: &str) -> Result<(Method, PathAndQuery), ExplainError> {
    let wrong = || ExplainError::NotARequest(request.to_owned());
    let (method, path) = request.trim().split_once(' ').ok_or_else(wrong)?;
    let path = Some(path.trim()).filter(|path| path.starts_with('/')).ok_or_else(wrong)?;
    let method = Method::from_str(method).map_err(|_| wrong())?;
    Ok((method, PathAndQuery::from_str(path).map_err(|_| wrong())?))
}

/// The facts of the request that its client would send.
fn facts(
    rooms: &Rooms,
    asked: &Asked,
    method: Method,
    target: &PathAndQuery,
) -> Result<Facts, ExplainError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &asked.headers {
        let wrong = || ExplainError::NotAHeader(name.clone());
        let value = value.as_str().ok_or_else(wrong)?;
        headers.append(
            HeaderName::from_str(name).map_err(|_| wrong())?,
            HeaderValue::from_str(value).map_err(|_| wrong())?,
        );
    }
    if let Some(credential) = asked.r#as.as_deref().filter(|text| *text != ANONYMOUS) {
        rooms.identity.present(credential.trim(), &mut headers).map_err(ExplainError::NoPlace)?;
    }
    let peer = asked.client_ip.unwrap_or(Ipv4Addr::LOCALHOST.into());
    let connection = Arc::new(Connection::plain(SocketAddr::new(peer, 0)));
    let uri = Uri::from(target.clone());
    let ways = &rooms.settings.client_address;
    let client_ip = address::settle(ways, &connection, &uri, &mut headers);
    Ok(Facts {
        id: request_id::of(&headers),
        method,
        path: target.path().to_owned(),
        query: target.query().unwrap_or_default().to_owned(),
        headers,
        client_ip,
        connection,
        consumer: Consumer::anonymous(),
        started: Instant::now(),
    })
}
