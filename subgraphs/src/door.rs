//! Meets every request first: counts it, keeps a copy, makes it wait, makes it fail.
//!
//! **In:** any request but `/health`.
//! **Out:** the answer of the routes behind the door, or an injected failure.
//!
//! **Never here:** what the request is about; connections (`server`).
//!
//! **Holds:** whether request number *n* fails depends on the seed, the service and *n* alone, never
//! on time. A request is counted before it waits, so a test sees it while it hangs.
//!
//! **Read first:** [`admit`].

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::graphql::json_response;
use crate::random::Random;
use crate::service::Service;

/// A request as a server received it.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    /// The method.
    pub method: Method,
    /// Path and query string.
    pub uri: Uri,
    /// All headers, repeats included.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// What a server does to each request before it answers, and what it remembers of it.
pub(crate) struct Door {
    service: Service,
    seed: u64,
    requests: AtomicU64,
    delay_nanos: AtomicU64,
    /// The fraction of requests to fail, as the bits of an `f64`.
    fail_bits: AtomicU64,
    recent: Mutex<VecDeque<RecordedRequest>>,
}

/// How many requests a server remembers.
const MAX_RECENT: usize = 256;

/// The largest body a server accepts.
const MAX_BODY: usize = 64 * 1024 * 1024;

enum Failure {
    Http,
    GraphQL,
}

impl Door {
    pub(crate) fn new(service: Service, seed: u64, delay: Duration, fail: f64) -> Self {
        let door = Self {
            service,
            seed,
            requests: AtomicU64::new(0),
            delay_nanos: AtomicU64::new(0),
            fail_bits: AtomicU64::new(0),
            recent: Mutex::default(),
        };
        door.set_delay(delay);
        door.set_fail(fail);
        door
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn recent(&self) -> Vec<RecordedRequest> {
        self.lock_recent().iter().cloned().collect()
    }

    pub(crate) fn reset(&self) {
        self.requests.store(0, Ordering::SeqCst);
        self.lock_recent().clear();
    }

    pub(crate) fn set_delay(&self, delay: Duration) {
        let nanos = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
        self.delay_nanos.store(nanos, Ordering::SeqCst);
    }

    pub(crate) fn set_fail(&self, fraction: f64) {
        self.fail_bits.store(fraction.to_bits(), Ordering::SeqCst);
    }

    /// Counts and remembers a request; returns its number, from 0.
    fn enter(&self, request: RecordedRequest) -> u64 {
        let mut recent = self.lock_recent();
        if recent.len() == MAX_RECENT {
            recent.pop_front();
        }
        recent.push_back(request);
        self.requests.fetch_add(1, Ordering::SeqCst)
    }

    fn failure(&self, number: u64) -> Option<Failure> {
        let fraction = f64::from_bits(self.fail_bits.load(Ordering::SeqCst));
        if fraction <= 0.0 {
            return None;
        }
        let mut random = Random::new(self.seed, self.service.name(), number as usize);
        let fails = random.unit() < fraction;
        let is_http = self.service == Service::Orders || random.below(2) == 0;
        fails.then_some(if is_http { Failure::Http } else { Failure::GraphQL })
    }

    fn lock_recent(&self) -> MutexGuard<'_, VecDeque<RecordedRequest>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets a request through the door, late or not at all if so configured.
pub(crate) async fn admit(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let number = door.enter(RecordedRequest {
        method: parts.method.clone(),
        uri: parts.uri.clone(),
        headers: parts.headers.clone(),
        body: body.clone(),
    });
    let delay = Duration::from_nanos(door.delay_nanos.load(Ordering::SeqCst));
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    match door.failure(number) {
        None => next.run(Request::from_parts(parts, Body::from(body))).await,
        Some(failure) => failed(&failure, number),
    }
}

fn failed(failure: &Failure, number: u64) -> Response {
    let message = format!("injected failure of request {number}");
    match failure {
        Failure::Http => (StatusCode::INTERNAL_SERVER_ERROR, message).into_response(),
        Failure::GraphQL => json_response(
            StatusCode::OK,
            &json!({
                "data": null,
                "errors": [{ "message": message, "extensions": { "code": "INJECTED_FAILURE" } }],
            }),
        ),
    }
}
