//! Asks an issuer about tokens that only it can read.
//!
//! **In:** the text of a token. **Out:** what the issuer says of it, and how long that counts.
//!
//! **Never here:** keeping answers (`kept`).
//!
//! **Holds:** one question for all that ask the same at one moment, and at most [`MAX_QUESTIONS`] at a time. No
//! answer is no: the token is refused, and asked about again by the next request. Questions are asked on
//! the runtime that started the gateway, so that a worker that is busy delays nobody.
//!
//! **Read first:** [`Introspection::ask`].
//!
//! Spec: <https://www.rfc-editor.org/rfc/rfc7662>

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use serde_json::{Map, Value};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::error::IdentityErrorKind;
use super::jwt::{audiences, time};
use crate::config::IntrospectionSettings;
use crate::control;
use crate::together::{Together, Turn};

/// An issuer that can be asked.
pub(super) struct Introspection {
    issuer: Arc<Issuer>,
    runtime: Handle,
    under_way: Together<Box<str>, Said>,
}

#[derive(Debug)]
struct Issuer {
    provider: Arc<str>,
    settings: IntrospectionSettings,
    questions: Semaphore,
    is_away: AtomicBool,
}

/// What an issuer says of a token.
type Said = Result<Arc<Map<String, Value>>, IdentityErrorKind>;

/// What is known of a token that is good.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) claims: Map<String, Value>,
    /// In seconds since 1970; none if the issuer does not say.
    pub(super) expires: Option<u64>,
}

/// How many questions may be under way.
const MAX_QUESTIONS: usize = 64;

/// How long a token that is not good is not asked about again, in seconds.
pub(super) const INACTIVE: u64 = 5;

const UNAVAILABLE: IdentityErrorKind = IdentityErrorKind::Unavailable("the issuer does not answer");

impl Introspection {
    /// Must be called on the runtime that asks.
    pub(super) fn new(provider: &Arc<str>, settings: &IntrospectionSettings) -> Self {
        let issuer = Issuer {
            provider: Arc::clone(provider),
            settings: settings.clone(),
            questions: Semaphore::new(MAX_QUESTIONS),
            is_away: AtomicBool::new(false),
        };
        Self {
            issuer: Arc::new(issuer),
            runtime: Handle::current(),
            under_way: Together::default(),
        }
    }

    /// What a token stands for.
    pub(super) async fn ask(&self, token: &str, now: u64) -> Result<Active, IdentityErrorKind> {
        let said = match self.under_way.turn(token.into()) {
            Turn::First(first) => {
                let (issuer, token) = (Arc::clone(&self.issuer), token.to_owned());
                let asking = self.runtime.spawn(async move { issuer.ask(&token).await });
                let work = async move { asking.await.unwrap_or(Err(UNAVAILABLE)) };
                first.work(work.boxed(), |_| true).await
            }
            Turn::Other(other) => other.await.unwrap_or(Err(UNAVAILABLE)),
        };
        let claims = Arc::unwrap_or_clone(said?);
        let expires = time(&claims, "exp")?;
        if expires.is_some_and(|expires| now >= expires) {
            return Err(IdentityErrorKind::Expired);
        }
        if time(&claims, "nbf")?.is_some_and(|nbf| now < nbf) {
            return Err(IdentityErrorKind::NotYetValid);
        }
        let wanted = &self.issuer.settings.audiences;
        let is_wanted = |audience: &str| wanted.iter().any(|wanted| wanted == audience);
        if !wanted.is_empty() && !audiences(&claims)?.into_iter().any(is_wanted) {
            return Err(IdentityErrorKind::Audience);
        }
        Ok(Active { claims, expires })
    }
}

impl Issuer {
    async fn ask(&self, token: &str) -> Said {
        let settings = &self.settings;
        let asking = async {
            let _permit = self.questions.acquire().await.ok();
            let client = (settings.client_id.as_str(), settings.client_secret.reveal());
            let form = [("token", token), ("token_type_hint", "access_token")];
            control::post(&settings.url, client, &form, settings.timeout).await
        };
        let answer = match timeout(settings.timeout, asking).await {
            Ok(Ok(answer)) => serde_json::from_slice(&answer).map_err(|error| error.to_string()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("there are too many questions, or it takes too long".to_owned()),
        };
        match answer {
            Ok(claims) => {
                self.is_away.store(false, Ordering::Relaxed);
                self.judge(claims)
            }
            Err(why) => {
                if !self.is_away.swap(true, Ordering::Relaxed) {
                    let provider = &*self.provider;
                    tracing::error!(provider, why, "an issuer cannot be asked about tokens");
                }
                Err(UNAVAILABLE)
            }
        }
    }

    /// Section 2.2: whatever else is said, only `active: true` counts.
    fn judge(&self, claims: Map<String, Value>) -> Said {
        match claims.get("active") {
            Some(Value::Bool(true)) => Ok(Arc::new(claims)),
            _ => Err(IdentityErrorKind::Inactive),
        }
    }
}

impl std::fmt::Debug for Introspection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.issuer.fmt(f)
    }
}
