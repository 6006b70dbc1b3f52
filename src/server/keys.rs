//! The admin API of API keys over HTTP.
//!
//! **In:** requests to `/keys` on the admin port. **Out:** JSON, or a refusal.
//!
//! **Never here:** what requests do (`admin::keys`).
//!
//! **Holds:** nothing is read of a request before its caller has shown the admin key.
//!
//! **Read first:** [`pages`].

use std::sync::Arc;

use axum::Extension;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde::Deserialize;

use super::own::{Shared, json};
use super::reply::Refusal;
use crate::admin::keys::{KeysError, KeysRequest, answer, opens};
use crate::identity::api_key::StoreError;
use crate::pipeline::{Facts, Rooms};

#[derive(Debug, Deserialize)]
struct Wanted {
    /// The entry of `identity`, if several have keys.
    provider: Option<String>,
}

/// Larger than any request for a key.
const MAX_BODY: usize = 64 * 1024;

/// The pages below `/keys`.
pub(super) fn pages(router: Router<Shared>) -> Router<Shared> {
    let not = |allowed: &'static str| async move || Refusal::MethodNotAllowed(allowed.to_owned());
    router
        .route("/keys", get(list).post(create).fallback(not("GET, POST")))
        .route("/keys/{id}/rotate", post(rotate).fallback(not("POST")))
        .route("/keys/{id}", delete(revoke).fallback(not("DELETE")))
}

async fn list(
    State(rooms): State<Arc<Rooms>>,
    Query(wanted): Query<Wanted>,
    Extension(facts): Extension<Arc<Facts>>,
) -> Result<Response, Refusal> {
    admit(&rooms, &facts.headers)?;
    run(&rooms, &wanted, KeysRequest::List, StatusCode::OK).await
}

async fn create(
    State(rooms): State<Arc<Rooms>>,
    Query(wanted): Query<Wanted>,
    Extension(facts): Extension<Arc<Facts>>,
    body: Body,
) -> Result<Response, Refusal> {
    admit(&rooms, &facts.headers)?;
    let request = KeysRequest::Create(read(body).await?);
    run(&rooms, &wanted, request, StatusCode::CREATED).await
}

async fn rotate(
    State(rooms): State<Arc<Rooms>>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
    Extension(facts): Extension<Arc<Facts>>,
    body: Body,
) -> Result<Response, Refusal> {
    admit(&rooms, &facts.headers)?;
    let request = KeysRequest::Rotate(id, read(body).await?);
    run(&rooms, &wanted, request, StatusCode::CREATED).await
}

async fn revoke(
    State(rooms): State<Arc<Rooms>>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
    Extension(facts): Extension<Arc<Facts>>,
) -> Result<Response, Refusal> {
    admit(&rooms, &facts.headers)?;
    run(&rooms, &wanted, KeysRequest::Revoke(id), StatusCode::OK).await
}

/// Whether the caller has the key of the admin API.
pub(super) fn admit(rooms: &Rooms, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(key) = &rooms.settings.admin_key else { return Err(Refusal::AdminClosed) };
    let mut presented = headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (presented.next(), presented.next());
    let first = first.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    match (first, second) {
        (Some(presented), None) if opens(key, presented) => Ok(()),
        _ => Err(Refusal::Unauthenticated {
            why: "the key of the admin API is required here",
            challenges: vec![HeaderValue::from_static("Bearer realm=\"graphloom admin\"")],
        }),
    }
}

async fn read(body: Body) -> Result<Vec<u8>, Refusal> {
    let whole = to_bytes(body, MAX_BODY).await;
    whole.map(Vec::from).map_err(|_| Refusal::TooLarge { limit: MAX_BODY })
}

async fn run(
    rooms: &Rooms,
    wanted: &Wanted,
    request: KeysRequest,
    done: StatusCode,
) -> Result<Response, Refusal> {
    let settings = rooms.identity.key_store(wanted.provider.as_deref());
    let settings = settings.map_err(|error| Refusal::Malformed(error.to_string()))?.clone();
    // The line for auditors goes where this thread's lines go; the store may wait for another process.
    let dispatch = tracing::dispatcher::get_default(Clone::clone);
    let work = move || tracing::dispatcher::with_default(&dispatch, || answer(&settings, request));
    let answered = tokio::task::spawn_blocking(work).await.map_err(|_| Refusal::Bug)?;
    let value = answered.map_err(|error| refusal(&error))?;
    Ok((done, json(&value)).into_response())
}

fn refusal(error: &KeysError) -> Refusal {
    let message = error.to_string();
    match error {
        KeysError::Store(StoreError::NoKey(_)) => Refusal::NoSuchKey(message),
        KeysError::Store(StoreError::Unusable { .. } | StoreError::Newer { .. }) => {
            tracing::error!(why = message, "the store of keys cannot be changed");
            Refusal::IdentityUnavailable
        }
        _ => Refusal::Malformed(message),
    }
}
