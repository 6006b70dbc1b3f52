//! Shows upstreams who the gateway is: a fixed header, or a token that an issuer gives.
//!
//! **In:** [`CredentialSettings`]. **Out:** a header for each request.
//!
//! **Never here:** credentials of clients (`identity`), which of them travel on (`headers`).
//!
//! **Holds:** without a token nothing is sent. One question at a time: who comes while it is asked waits for its
//! answer. A token is replaced before it expires, and at once when the upstream does not take it; while an
//! issuer fails it is asked once a second. No token and no secret is in a log, an error or a `Debug`.
//!
//! **Read first:** [`Credentials::header`].
//!
//! Spec: <https://www.rfc-editor.org/rfc/rfc6749#section-4.4>

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use tokio::time::Instant;

use super::error::UpstreamErrorKind;
use crate::config::{ClientCredentials, CredentialSettings};
use crate::control;

/// What an upstream is shown.
pub(super) enum Credentials {
    Static(HeaderName, HeaderValue),
    Tokens(Box<Tokens>),
}

/// The tokens of one issuer.
pub(super) struct Tokens {
    settings: ClientCredentials,
    upstream: Arc<str>,
    current: Mutex<State>,
    /// Held by whoever asks.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
enum State {
    #[default]
    None,
    Token {
        header: HeaderValue,
        /// From then on another is asked for.
        renew_at: Instant,
        expires_at: Instant,
    },
    /// The issuer gave none.
    Failed { until: Instant },
}

/// What an issuer answers (section 5.1).
#[derive(Deserialize)]
struct Given {
    access_token: String,
    token_type: String,
    expires_in: Option<u64>,
}

/// How long a token counts when its issuer does not say.
const UNSAID: u64 = 300;
/// How long an issuer that failed is left alone.
const PAUSE: Duration = Duration::from_secs(1);

impl Credentials {
    pub(super) fn new(settings: &CredentialSettings, upstream: &Arc<str>) -> Self {
        match settings {
            CredentialSettings::Static(name, value) => Self::Static(name.clone(), value.clone()),
            CredentialSettings::ClientCredentials(settings) => Self::Tokens(Box::new(Tokens {
                settings: settings.clone(),
                upstream: Arc::clone(upstream),
                current: Mutex::default(),
                asking: tokio::sync::Mutex::default(),
            })),
        }
    }

    /// In which header it stands.
    pub(super) fn name(&self) -> HeaderName {
        match self {
            Self::Static(name, _) => name.clone(),
            Self::Tokens(_) => AUTHORIZATION,
        }
    }

    /// The header of the next request.
    pub(super) async fn header(&self) -> Result<(HeaderName, HeaderValue), UpstreamErrorKind> {
        match self {
            Self::Static(name, value) => Ok((name.clone(), value.clone())),
            Self::Tokens(tokens) => Ok((AUTHORIZATION, tokens.token().await?)),
        }
    }

    /// The upstream did not take the credential of a request.
    pub(super) fn refused(&self, used: Option<&HeaderValue>) {
        let Self::Tokens(tokens) = self else { return };
        let mut current = tokens.lock();
        if matches!(&*current, State::Token { header, .. } if Some(header) == used) {
            *current = State::None;
        }
    }
}

impl Tokens {
    async fn token(&self) -> Result<HeaderValue, UpstreamErrorKind> {
        let known = self.lock().clone();
        if let Some(answer) = self.usable(&known, Instant::now()) {
            return answer;
        }
        // A token that still counts serves while another is asked for.
        let _asking = match (&known, self.asking.try_lock()) {
            (_, Ok(asking)) => asking,
            (State::Token { header, expires_at, .. }, Err(_)) if Instant::now() < *expires_at => {
                return Ok(header.clone());
            }
            (_, Err(_)) => {
                let asking = self.asking.lock().await;
                let known = self.lock().clone();
                if let Some(answer) = self.usable(&known, Instant::now()) {
                    return answer;
                }
                asking
            }
        };
        match self.ask().await {
            Ok((header, seconds)) => {
                let life = Duration::from_secs(seconds);
                let now = Instant::now();
                // Some of its life is left for the way.
                let (renew_at, expires_at) = (now + life.mul_f64(0.8), now + life.mul_f64(0.95));
                *self.lock() = State::Token { header: header.clone(), renew_at, expires_at };
                Ok(header)
            }
            Err(why) => {
                let (upstream, issuer) = (&*self.upstream, self.settings.url.as_str());
                tracing::error!(upstream, issuer, why, "no token for an upstream");
                match &known {
                    State::Token { header, expires_at, .. } if Instant::now() < *expires_at => {
                        Ok(header.clone())
                    }
                    _ => {
                        *self.lock() = State::Failed { until: Instant::now() + PAUSE };
                        Err(UpstreamErrorKind::NoToken)
                    }
                }
            }
        }
    }

    /// What is known without asking.
    fn usable(
        &self,
        known: &State,
        now: Instant,
    ) -> Option<Result<HeaderValue, UpstreamErrorKind>> {
        match known {
            State::Token { header, renew_at, .. } if now < *renew_at => Some(Ok(header.clone())),
            State::Failed { until } if now < *until => Some(Err(UpstreamErrorKind::NoToken)),
            _ => None,
        }
    }

    /// A new token and how many seconds it counts.
    async fn ask(&self) -> Result<(HeaderValue, u64), String> {
        let ClientCredentials { url, client_id, client_secret, scope, audience, timeout } =
            &self.settings;
        let mut form = vec![("grant_type", "client_credentials")];
        if !scope.is_empty() {
            form.push(("scope", scope));
        }
        form.extend(audience.as_ref().map(|audience| ("audience", audience.as_str())));
        let client = (client_id.as_str(), client_secret.reveal());
        let answer = control::post(url, client, &form, *timeout).await;
        let answer = answer.map_err(|error| error.to_string())?;
        // What the answer says may be a secret: no error quotes it.
        let given: Given = serde_json::from_slice(&answer)
            .map_err(|_| "the answer has no `access_token` and `token_type`".to_owned())?;
        if !given.token_type.eq_ignore_ascii_case("bearer") {
            return Err("the token is of a type that is not `Bearer`".to_owned());
        }
        let mut header = HeaderValue::try_from(format!("Bearer {}", given.access_token))
            .map_err(|_| "the token cannot stand in a header".to_owned())?;
        header.set_sensitive(true);
        Ok((header, given.expires_in.unwrap_or(UNSAID).max(1)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(credentials)")
    }
}
