//! One request to one target of an upstream: choose, connect or reuse, send, and hand back the answer.
//!
//! **In:** an [`Outgoing`] request with its headers as they will be sent, and a deadline.
//! **Out:** the head of the answer and its body, or an [`UpstreamError`] that says what failed.
//!
//! **Never here:** what the bytes mean (`schedule`, `routes`), which headers travel (decided by
//! [`headers`] before it comes here), status codes for clients (`server`).
//!
//! **Holds:** a request that may have reached a target is never sent again unless it is
//! [`Repeat::Safe`]. Dropping the answer closes its connection, so the target learns that nobody waits.
//!
//! **Read first:** [`Upstream::send`].

pub mod headers;

mod body;
mod connect;
mod credentials;
mod deadlines;
mod encoding;
mod error;
mod head;
mod http1;
mod http2;
mod lease;
mod permits;
mod pool;
mod registry;
mod share;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use url::Url;

use crate::config::{HttpVersion, TimeoutSettings, UpstreamSettings};

pub use body::{ClientBody, OutgoingBody, PooledBody};
pub use deadlines::Phase;
pub use error::{UpstreamError, UpstreamErrorKind};
pub use head::{CommonHead, Head};
pub use registry::Upstreams;
pub use share::this_thread_is_worker;

use connect::{Connector, SystemRoots};
use credentials::Credentials;
use deadlines::Deadlines;
use lease::{Broken, Lease};
use pool::Pool;

/// A named set of targets that answer alike.
#[derive(Debug)]
pub struct Upstream {
    name: Arc<str>,
    targets: Vec<Target>,
    next: AtomicUsize,
    is_failing: AtomicBool,
    timeout: TimeoutSettings,
    compression: bool,
    credentials: Option<Credentials>,
}

/// A request on its way out.
#[derive(Debug)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// Path and query; the target's own path is put before it.
    pub path: PathAndQuery,
    /// Headers as they will be sent; `host` is added here.
    pub head: Head,
    /// The body.
    pub body: OutgoingBody,
    /// Whether it may be sent twice.
    pub repeat: Repeat,
    /// Instead of the upstream's own total.
    pub timeout: Option<Duration>,
}

/// Whether a request may be sent again when it is not known if it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Asking twice is the same as asking once.
    Safe,
    /// It must not reach a target twice.
    Never,
}

/// An answer, complete.
#[derive(Debug)]
pub struct Collected {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

type Exchanged = (Response<hyper::body::Incoming>, Lease);

/// So much memory is reserved at once for an answer, whatever size it announces.
const MAX_RESERVED: usize = 8 << 20;

/// How often one request is sent at most when kept connections end under it.
const MAX_ATTEMPTS: usize = 4;

#[derive(Debug)]
struct Target {
    /// Its URL, for people.
    shown: String,
    host: HeaderValue,
    /// Scheme and host, where they belong into the URI.
    origin: Option<(Scheme, Authority)>,
    base_path: String,
    pool: Arc<Pool>,
}

impl Upstream {
    fn new(
        name: &str,
        settings: &UpstreamSettings,
        roots: &Arc<SystemRoots>,
        n_workers: usize,
    ) -> Self {
        let connector = Arc::new(Connector::new(settings, Arc::clone(roots)));
        let target = |url: &Url| {
            let host = host_header(url);
            let origin = || {
                let scheme = Scheme::try_from(url.scheme()).ok()?;
                Some((scheme, Authority::try_from(host.as_bytes()).ok()?))
            };
            Target {
                shown: url.as_str().trim_end_matches('/').to_owned(),
                origin: if settings.http == HttpVersion::One { None } else { origin() },
                host,
                base_path: url.path().trim_end_matches('/').to_owned(),
                pool: Arc::new(Pool::new(url, settings, Arc::clone(&connector), n_workers)),
            }
        };
        let name: Arc<str> = name.into();
        Self {
            targets: settings.targets.iter().map(target).collect(),
            next: AtomicUsize::new(0),
            is_failing: AtomicBool::new(false),
            timeout: settings.timeout,
            compression: settings.compression,
            credentials: settings.credentials.as_ref().map(|it| Credentials::new(it, &name)),
            name,
        }
    }

    /// The name, as metrics and errors give it.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The head of requests to it that have these headers, and an id each.
    pub fn common_head(&self, headers: HeaderMap) -> CommonHead {
        let has_host = self.targets.iter().all(|target| target.origin.is_none());
        CommonHead::new(headers, has_host, self.compression)
    }

    /// Scheme, host and port of its first target, for people.
    pub fn origin(&self) -> String {
        self.targets.first().map(|target| target.shown.clone()).unwrap_or_default()
    }

    /// Whether its targets bring a path of their own.
    pub fn has_base_path(&self) -> bool {
        self.targets.first().is_some_and(|target| !target.base_path.is_empty())
    }

    /// Sends a request to the next target; returns as soon as the head of the answer is there.
    ///
    /// # Errors
    /// When no connection could be had, the deadline passed, or the exchange broke.
    pub async fn send(&self, request: Outgoing) -> Result<Response<PooledBody>, UpstreamError> {
        let deadlines = Deadlines::start(self.timeout, request.timeout);
        let sent = match &self.credentials {
            None => self.try_targets(request, &deadlines).await,
            // In a box: upstreams that want none have no room for it.
            Some(credentials) => {
                Box::pin(self.send_as_oneself(request, credentials, &deadlines)).await
            }
        };
        let sent = match sent {
            Ok((response, lease)) => {
                Ok(response.map(|body| PooledBody::new(body, lease, deadlines, &self.name)))
            }
            Err(kind) => Err(self.failed(kind)),
        };
        self.notice(sent.as_ref().err());
        sent
    }

    /// Sends a request with a credential of the gateway's own, whatever rules have put in its place.
    async fn send_as_oneself(
        &self,
        mut request: Outgoing,
        credentials: &Credentials,
        deadlines: &Deadlines,
    ) -> Result<Exchanged, UpstreamErrorKind> {
        let (name, value) = credentials.header().await?;
        request.head.insert(name, value.clone());
        let exchanged = self.try_targets(request, deadlines).await;
        if matches!(&exchanged, Ok((response, _)) if response.status() == StatusCode::UNAUTHORIZED)
        {
            credentials.refused(Some(&value));
        }
        exchanged
    }

    /// Tells when it stops answering and when it answers again: requests between tell of themselves.
    fn notice(&self, error: Option<&UpstreamError>) {
        let upstream = &*self.name;
        match error {
            Some(error) if error.is_request_too_large() => {}
            Some(error) => {
                if !self.is_failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(upstream, %error, "upstream does not answer");
                }
            }
            None => {
                if self.is_failing.load(Ordering::Relaxed)
                    && self.is_failing.swap(false, Ordering::Relaxed)
                {
                    tracing::info!(upstream, "upstream answers again");
                }
            }
        }
    }

    /// Sends a request and waits for the whole answer, unpacked, which may have `max_size` bytes.
    ///
    /// # Errors
    /// As [`Self::send`]; and when the answer breaks off or is too large.
    pub async fn collect(
        &self,
        mut request: Outgoing,
        max_size: usize,
    ) -> Result<Collected, UpstreamError> {
        self.ask_packed(&mut request.head);
        let (mut head, mut body) = self.send(request).await?.into_parts();
        let too_large = || self.failed(UpstreamErrorKind::ResponseTooLarge { limit: max_size });
        if body.exact_size().is_some_and(|size| size > max_size as u64) {
            return Err(too_large());
        }
        let announced = body.exact_size().unwrap_or_default();
        let mut first: Option<Bytes> = None;
        let mut all = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            if all.len() + first.as_ref().map_or(0, Bytes::len) + data.len() > max_size {
                return Err(too_large());
            }
            // An answer that came in one piece is handed on as it came.
            match first.take() {
                None if all.is_empty() => first = Some(data),
                held => {
                    if all.capacity() == 0 {
                        let whole = usize::try_from(announced).unwrap_or(usize::MAX);
                        all.reserve(whole.min(MAX_RESERVED));
                    }
                    all.extend_from_slice(held.as_deref().unwrap_or_default());
                    all.extend_from_slice(&data);
                }
            }
        }
        let body = first.unwrap_or_else(|| Bytes::from(all));
        let body = encoding::decode(&mut head.headers, body, max_size);
        let body = body.map_err(|kind| self.failed(kind))?;
        Ok(Collected { status: head.status, headers: head.headers, body })
    }

    /// The headers that a collected request with this head would have, but for those that only a connection
    /// and a body decide.
    pub fn would_send(&self, mut head: Head) -> HeaderMap {
        self.ask_packed(&mut head);
        let mut headers = head.take(None, false);
        headers.remove(HOST);
        self.mark_credential(&mut headers);
        headers
    }

    /// Puts the gateway's own credential among headers that are told and not sent: nothing but where it stands.
    pub fn mark_credential(&self, headers: &mut HeaderMap) {
        if let Some(credentials) = &self.credentials {
            let mut value = HeaderValue::from_static("");
            value.set_sensitive(true);
            headers.insert(credentials.name(), value);
        }
    }

    fn ask_packed(&self, head: &mut Head) {
        if self.compression {
            head.accept_packed();
        }
    }

    /// Asks the target whose turn it is; the next one if that cannot even be connected to, for then
    /// nothing was sent.
    async fn try_targets(
        &self,
        mut request: Outgoing,
        deadlines: &Deadlines,
    ) -> Result<Exchanged, UpstreamErrorKind> {
        let mut last = UpstreamErrorKind::NoTarget;
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        for i in 0..self.targets.len() {
            let target = &self.targets[(turn.wrapping_add(i)) % self.targets.len()];
            match target.exchange(&mut request, deadlines).await {
                Err(
                    unreached @ (UpstreamErrorKind::Connect { .. }
                    | UpstreamErrorKind::ConnectTimeout { .. }
                    | UpstreamErrorKind::Tls { .. }),
                ) => last = unreached,
                ended => return ended,
            }
        }
        Err(last)
    }

    fn failed(&self, kind: UpstreamErrorKind) -> UpstreamError {
        UpstreamError { upstream: Arc::clone(&self.name), kind }
    }
}

impl Target {
    async fn exchange(
        &self,
        outgoing: &mut Outgoing,
        deadlines: &Deadlines,
    ) -> Result<Exchanged, UpstreamErrorKind> {
        let host = self.origin.is_none().then_some(&self.host);
        let uri = self.uri(&outgoing.path)?;
        let mut n_attempts = 0;
        loop {
            let mut lease = self.pool.check_out(deadlines).await?;
            n_attempts += 1;
            let body = std::mem::take(&mut outgoing.body);
            // A kept connection may have been closed by the other side in the moment we chose it. One of
            // HTTP/2 may also refuse a request outright.
            let may_repeat = outgoing.repeat == Repeat::Safe || self.origin.is_some();
            let may_repeat = lease.is_reused() && may_repeat && n_attempts < MAX_ATTEMPTS;
            let spare = if may_repeat { body.again() } else { None };
            let headers = outgoing.head.take(host, spare.is_some());
            let request = request(&outgoing.method, &uri, headers, body);
            let deadline = deadlines.until(Phase::FirstByte);
            let error = match lease.exchange(request, deadline).await {
                Ok(response) => return Ok((response, lease)),
                Err(Broken::Late(deadline)) => return Err(deadline.passed()),
                Err(Broken::Exchange(error)) => error,
            };
            let (error, unsent) = split(*error);
            if !lease.is_reused() || n_attempts == MAX_ATTEMPTS {
                return Err(UpstreamErrorKind::exchange(error));
            }
            let is_safe = outgoing.repeat == Repeat::Safe || http2::is_refused(&error);
            if let Some(unsent) = unsent {
                // Not a byte of it was written: any request may try another connection.
                let (head, body) = unsent.into_parts();
                outgoing.head.restore(head.headers);
                outgoing.body = body;
            } else if let Some(body) = spare.filter(|_| is_safe) {
                outgoing.body = body;
            } else {
                return Err(UpstreamErrorKind::exchange(error));
            }
        }
    }

    fn uri(&self, path: &PathAndQuery) -> Result<Uri, UpstreamErrorKind> {
        let path = match (self.base_path.as_str(), path.as_str()) {
            ("", _) => path.clone(),
            // A target's URL with a path, asked for the root, means that path itself.
            (base, "/") => PathAndQuery::try_from(base).map_err(|_| UpstreamErrorKind::Path)?,
            (base, path) => PathAndQuery::try_from(format!("{base}{path}"))
                .map_err(|_| UpstreamErrorKind::Path)?,
        };
        let Some((scheme, authority)) = &self.origin else { return Ok(Uri::from(path)) };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(scheme.clone());
        parts.authority = Some(authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).map_err(|_| UpstreamErrorKind::Path)
    }
}

fn split<T>(mut error: hyper::client::conn::TrySendError<T>) -> (hyper::Error, Option<T>) {
    let message = error.take_message();
    (error.into_error(), message)
}

fn request(
    method: &Method,
    uri: &Uri,
    headers: HeaderMap,
    body: OutgoingBody,
) -> http::Request<OutgoingBody> {
    let mut request = http::Request::new(body);
    request.method_mut().clone_from(method);
    request.uri_mut().clone_from(uri);
    *request.headers_mut() = headers;
    request
}

fn host_header(url: &Url) -> HeaderValue {
    let host = url.host_str().unwrap_or_default();
    let text = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}
