//! What a request is answered with, and with which status.
//!
//! **In:** replies of all rooms. **Out:** HTTP responses.
//!
//! **Never here:** logging them (`observe`).
//!
//! **Holds:** status codes are decided in [`status`], and nowhere else.
//!
//! **Read first:** [`Reply`], [`status`].
//!
//! Spec: <https://graphql.github.io/graphql-over-http/draft/#sec-Status-Codes>

use axum::body::Body;
use bytes::Bytes;
use http::header::{
    ALLOW, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, VARY, WWW_AUTHENTICATE,
};
use http::{Response, StatusCode};
use serde_json::json;

use super::media_type::MediaType;
use super::observe::ResponseBody;
use super::standing;
use crate::admission::Refused;
use crate::operation::{RequestError, RequestErrorKind};
use crate::pipeline::Facts;
use crate::routes::Passed;

/// What a request is answered with.
pub(super) enum Reply {
    /// A GraphQL response.
    Graphql { media_type: MediaType, result: GraphqlResult },
    /// A request to the GraphQL door that is not well-formed, or cannot be taken now.
    GraphqlRefused { media_type: MediaType, refusal: Refusal },
    /// The answer of a route's upstream.
    Passthrough(Passed),
    /// What a page of another origin may do.
    Preflight(HeaderMap),
    /// Nothing that was asked for.
    Refused(Refusal),
    /// A page of the gateway's own.
    Own(Response<Body>),
}

/// The two kinds of GraphQL response.
pub(super) enum GraphqlResult {
    /// Something ran.
    Executed { body: Bytes, headers: HeaderMap },
    /// Nothing ran.
    RequestError(RequestErrors),
}

/// A request error as it goes out.
pub(super) struct RequestErrors {
    body: Bytes,
    fault: Fault,
    headers: HeaderMap,
}

/// Whose fault a request error is.
#[derive(Clone, Copy)]
enum Fault {
    Client,
    Method,
    Gateway,
    Time,
    Limit,
    Store,
    Unknown,
    Rights,
}

/// Why a request is not answered with what it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nothing is here.
    NotFound,
    /// The caller may not; a bearer token lacks these scopes.
    Forbidden { missing_scopes: String },
    /// Not by this method; these are allowed.
    MethodNotAllowed(String),
    /// No media type that the client accepts.
    NotAcceptable,
    /// The body is of another type.
    UnsupportedMediaType,
    /// The body is larger than allowed.
    TooLarge { limit: usize },
    /// A list of operations, or one of more than so many.
    Batch { limit: usize },
    /// The request is not well-formed.
    Malformed(String),
    /// The body did not arrive in time.
    TooSlow,
    /// A browser could have been made to send it.
    NotMeant,
    /// A page of another origin had a browser send it.
    Foreign,
    /// Pages of this origin may not ask.
    OriginDenied,
    /// The caller cannot pay for it.
    NotAdmitted(Box<Refused>),
    /// Nobody is let in from where the client is.
    AddressDenied,
    /// Nobody who is let in here vouches for the caller; these credentials would.
    Unauthenticated { why: &'static str, challenges: Vec<HeaderValue> },
    /// Whether somebody vouches for the caller cannot be found out now.
    IdentityUnavailable,
    /// The admin API has no key that could open it.
    AdminClosed,
    /// There is no such API key.
    NoSuchKey(String),
    /// The upstream gave no answer.
    UpstreamFailed,
    /// The upstream gave no answer in time.
    UpstreamTimeout,
    /// The gateway is about to stop.
    Draining,
    /// The gateway failed.
    Bug,
}

/// The status of a reply.
pub(super) fn status(reply: &Reply) -> StatusCode {
    match reply {
        Reply::Graphql { result: GraphqlResult::Executed { .. }, .. } => StatusCode::OK,
        Reply::Preflight(_) => StatusCode::NO_CONTENT,
        Reply::Passthrough(passed) => passed.response.status(),
        Reply::Own(response) => response.status(),
        Reply::Graphql { media_type, result: GraphqlResult::RequestError(error) } => {
            match (error.fault, media_type) {
                (Fault::Method, _) => StatusCode::METHOD_NOT_ALLOWED,
                // The older type says by its status only whether the request was well-formed.
                // Nothing ran, and no server before ours should take it for a success.
                (Fault::Limit, _) => StatusCode::TOO_MANY_REQUESTS,
                (Fault::Store, _) => StatusCode::SERVICE_UNAVAILABLE,
                (_, MediaType::Json) => StatusCode::OK,
                (Fault::Client, MediaType::GraphqlResponse) => StatusCode::BAD_REQUEST,
                (Fault::Gateway, MediaType::GraphqlResponse) => StatusCode::INTERNAL_SERVER_ERROR,
                (Fault::Unknown, MediaType::GraphqlResponse) => StatusCode::UNAUTHORIZED,
                (Fault::Rights, MediaType::GraphqlResponse) => StatusCode::FORBIDDEN,
                (Fault::Time, MediaType::GraphqlResponse) => StatusCode::GATEWAY_TIMEOUT,
            }
        }
        Reply::Refused(refusal) | Reply::GraphqlRefused { refusal, .. } => match refusal {
            Refusal::NotFound => StatusCode::NOT_FOUND,
            Refusal::Forbidden { .. } => StatusCode::FORBIDDEN,
            Refusal::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Refusal::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Refusal::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Malformed(_) | Refusal::Batch { .. } => StatusCode::BAD_REQUEST,
            Refusal::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Refusal::NotMeant
            | Refusal::Foreign
            | Refusal::OriginDenied
            | Refusal::AddressDenied => StatusCode::FORBIDDEN,
            Refusal::NotAdmitted(refused) if refused.is_of_caller() => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Refusal::NotAdmitted(_) => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::Unauthenticated { .. } => StatusCode::UNAUTHORIZED,
            Refusal::IdentityUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::AdminClosed => StatusCode::FORBIDDEN,
            Refusal::NoSuchKey(_) => StatusCode::NOT_FOUND,
            Refusal::UpstreamFailed => StatusCode::BAD_GATEWAY,
            Refusal::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
            Refusal::Draining => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::Bug => StatusCode::INTERNAL_SERVER_ERROR,
        },
    }
}

/// What the log says of a request whose client was gone before there was a status.
pub(super) const CLIENT_GONE: u16 = 499;

impl RequestErrors {
    pub(super) fn of(error: &RequestError) -> Self {
        let fault = match &error.kind {
            RequestErrorKind::MutationOverGet => Fault::Method,
            RequestErrorKind::Bug(_) | RequestErrorKind::Unplannable(_) => Fault::Gateway,
            RequestErrorKind::Denied { is_anonymous: true, .. } => Fault::Unknown,
            RequestErrorKind::Denied { is_anonymous: false, .. } => Fault::Rights,
            RequestErrorKind::PlanningTimeout { .. } | RequestErrorKind::OutOfTime => Fault::Time,
            RequestErrorKind::NotAdmitted(refused) if refused.is_of_caller() => Fault::Limit,
            RequestErrorKind::NotAdmitted(_) => Fault::Store,
            _ => Fault::Client,
        };
        let body = json!({ "errors": error.errors() }).to_string();
        let mut headers = HeaderMap::new();
        if let RequestErrorKind::NotAdmitted(refused) = &error.kind {
            standing::put_refused(refused, &mut headers);
        }
        Self { body: body.into(), fault, headers }
    }
}

impl Refusal {
    /// A stable code, for the log and for clients.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "NOT_FOUND",
            Self::Forbidden { .. } => "FORBIDDEN",
            Self::MethodNotAllowed(_) => "METHOD_NOT_ALLOWED",
            Self::NotAcceptable => "NOT_ACCEPTABLE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::TooLarge { .. } => "REQUEST_TOO_LARGE",
            Self::Malformed(_) => "BAD_REQUEST",
            Self::Batch { .. } => "MAX_BATCH_LIMIT",
            Self::TooSlow => "REQUEST_TIMEOUT",
            Self::NotMeant | Self::Foreign => "CSRF_PREVENTED",
            Self::OriginDenied => "ORIGIN_DENIED",
            Self::NotAdmitted(refused) => refused.code(),
            Self::AddressDenied => "ADDRESS_DENIED",
            Self::Unauthenticated { .. } => "UNAUTHENTICATED",
            Self::IdentityUnavailable => "IDENTITY_UNAVAILABLE",
            Self::AdminClosed => "ADMIN_CLOSED",
            Self::NoSuchKey(_) => "NOT_FOUND",
            Self::UpstreamFailed => "BAD_GATEWAY",
            Self::UpstreamTimeout => "GATEWAY_TIMEOUT",
            Self::Draining => "DRAINING",
            Self::Bug => "INTERNAL_SERVER_ERROR",
        }
    }

    /// One sentence that is safe to show to a stranger.
    pub(super) fn message(&self) -> String {
        match self {
            Self::NotFound => "there is nothing at this path".to_owned(),
            Self::Forbidden { .. } => "you may not do this".to_owned(),
            Self::MethodNotAllowed(allowed) => format!("use `{allowed}` here"),
            Self::NotAcceptable => {
                "accept `application/graphql-response+json` or `application/json`".to_owned()
            }
            Self::UnsupportedMediaType => "send `content-type: application/json`".to_owned(),
            Self::TooLarge { limit } => format!("the body is larger than {limit} bytes"),
            Self::Malformed(why) => why.clone(),
            Self::Batch { limit: 0 | 1 } => "lists of requests are not taken here".to_owned(),
            Self::Batch { limit } => format!("the list has more than {limit} requests"),
            Self::TooSlow => "the body did not arrive in time".to_owned(),
            Self::NotMeant => "a page of another origin could have had a browser send this; \
                               add the header `graphql-require-preflight: 1`, or use `POST`"
                .to_owned(),
            Self::Foreign => "a page of another origin had a browser send this".to_owned(),
            Self::OriginDenied => "pages of this origin may not ask here".to_owned(),
            Self::NotAdmitted(refused) => refused.to_string(),
            Self::AddressDenied => "clients from your address are not let in here".to_owned(),
            Self::Unauthenticated { why, .. } => (*why).to_owned(),
            Self::IdentityUnavailable => "credentials cannot be checked now".to_owned(),
            Self::AdminClosed => {
                "the admin API is closed: open it with `admin: { key: \"${ADMIN_KEY}\" }`"
                    .to_owned()
            }
            Self::NoSuchKey(why) => why.clone(),
            Self::UpstreamFailed => "the upstream could not be asked".to_owned(),
            Self::UpstreamTimeout => "the upstream did not answer in time".to_owned(),
            Self::Draining => "the gateway is about to stop".to_owned(),
            Self::Bug => "the gateway failed; its log says why".to_owned(),
        }
    }
}

impl Refusal {
    /// What the log says.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::Batch { .. } => format!("{}: `policies.*.limits.batch`", self.message()),
            refusal => refusal.message(),
        }
    }
}

impl GraphqlResult {
    /// Its body, and headers of its own.
    pub(super) fn into_parts(self) -> (Bytes, HeaderMap) {
        match self {
            Self::Executed { body, headers } => (body, headers),
            Self::RequestError(error) => (error.body, error.headers),
        }
    }
}

impl Reply {
    /// The response.
    pub(super) fn into_response(self, facts: &Facts) -> Response<ResponseBody> {
        let status = status(&self);
        let (mut headers, body) = match self {
            Self::Passthrough(Passed { response, filter: None }) => {
                return response.map(ResponseBody::stream);
            }
            Self::Passthrough(Passed { response, filter: Some(filter) }) => {
                return response.map(|body| ResponseBody::masked(body, filter));
            }
            Self::Own(response) => return response.map(ResponseBody::own),
            Self::Graphql { media_type, result } => {
                let (mut headers, body) = match result {
                    GraphqlResult::Executed { body, headers } => (headers, body),
                    GraphqlResult::RequestError(error) => (error.headers, error.body),
                };
                put(&mut headers, CONTENT_TYPE, media_type.as_str());
                put(&mut headers, VARY, "accept");
                if status == StatusCode::METHOD_NOT_ALLOWED {
                    put(&mut headers, ALLOW, "POST");
                }
                (headers, body)
            }
            Self::Preflight(headers) => (headers, Bytes::new()),
            Self::GraphqlRefused { media_type, refusal } => {
                let mut headers = refusal_headers(&refusal);
                put(&mut headers, CONTENT_TYPE, media_type.as_str());
                let extensions = match &refusal {
                    Refusal::NotAdmitted(refused) => refused.extensions(),
                    _ => json!({ "code": refusal.code() }),
                };
                let error = json!({ "message": refusal.message(), "extensions": extensions });
                (headers, json!({ "errors": [error] }).to_string().into())
            }
            Self::Refused(refusal) => {
                let mut headers = refusal_headers(&refusal);
                put(&mut headers, CONTENT_TYPE, "application/problem+json");
                (headers, problem(status, &refusal, facts))
            }
        };
        let mut response = Response::new(ResponseBody::whole(body));
        *response.status_mut() = status;
        std::mem::swap(response.headers_mut(), &mut headers);
        response
    }
}

/// RFC 9457.
fn problem(status: StatusCode, refusal: &Refusal, facts: &Facts) -> Bytes {
    let problem = json!({
        "title": status.canonical_reason().unwrap_or_default(),
        "status": status.as_u16(),
        "detail": refusal.message(),
        "code": refusal.code(),
        "request_id": &*facts.id,
    });
    problem.to_string().into()
}

fn refusal_headers(refusal: &Refusal) -> HeaderMap {
    let mut headers = HeaderMap::new();
    match refusal {
        Refusal::MethodNotAllowed(allowed) => {
            if let Ok(allowed) = HeaderValue::from_str(allowed) {
                headers.insert(ALLOW, allowed);
            }
        }
        Refusal::Unauthenticated { challenges, .. } => {
            for challenge in challenges {
                headers.append(WWW_AUTHENTICATE, challenge.clone());
            }
        }
        Refusal::Forbidden { missing_scopes } if !missing_scopes.is_empty() => {
            let challenge =
                format!(r#"Bearer error="insufficient_scope", scope="{missing_scopes}""#);
            if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                headers.insert(WWW_AUTHENTICATE, challenge);
            }
        }
        Refusal::NotAdmitted(refused) => standing::put_refused(refused, &mut headers),
        _ => {}
    }
    headers
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}
