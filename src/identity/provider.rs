//! One provider: checks the credentials of its kind.
//!
//! **In:** a [`Question`]. **Out:** the consumer, and how long the answer may be kept.
//!
//! **Never here:** finding the credential (`place`), keeping answers (`kept`).
//!
//! **Read first:** [`Provider::check`].

use std::sync::Arc;

use jsonwebtoken::DecodingKey;

use super::api_key::ApiKeys;
use super::claims;
use super::error::{IdentityError, IdentityErrorKind};
use super::jwks::Keys;
use super::jwt::{self, Token};
use crate::config::{JwtKeys, JwtSettings, ProviderKind, ProviderSettings};
use crate::consumer::Consumer;

/// One provider of the configuration.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) name: Arc<str>,
    pub(super) settings: ProviderSettings,
    checker: Checker,
}

#[derive(Debug)]
enum Checker {
    /// Tokens that a secret signs.
    Secret(DecodingKey),
    /// Tokens that the keys of an issuer sign.
    Keys(Keys),
    /// Keys of a store.
    ApiKeys(ApiKeys),
}

/// What is asked.
#[derive(Debug)]
pub(super) enum Question<'a> {
    /// Who is meant by this token?
    Token(Token<'a>),
}

/// The answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) consumer: Arc<Consumer>,
    /// Until when it may be kept, in seconds since 1970; not at all if none.
    pub(super) keep_until: Option<u64>,
}

/// How long a token without an end is believed before it is checked again, in seconds.
const WITHOUT_END: u64 = 300;

impl Provider {
    pub(super) fn new(name: &str, settings: &ProviderSettings) -> Self {
        let name: Arc<str> = name.into();
        let checker = match &settings.kind {
            ProviderKind::Jwt(jwt) => match (&jwt.keys, Keys::start(&name, &jwt.keys)) {
                (_, Some(keys)) => Checker::Keys(keys),
                (JwtKeys::Secret(secret), None) => {
                    Checker::Secret(DecodingKey::from_secret(secret.reveal().as_bytes()))
                }
                (_, None) => unreachable!("only a secret needs no keys"),
            },
            ProviderKind::ApiKey(settings) => Checker::ApiKeys(ApiKeys::start(&name, settings)),
        };
        Self { name, settings: settings.clone(), checker }
    }

    /// Answers of another generation count no more.
    pub(super) fn generation(&self) -> u64 {
        match &self.checker {
            Checker::Keys(keys) => keys.generation(),
            Checker::Secret(_) | Checker::ApiKeys(_) => 0,
        }
    }

    /// Whether it vouches for the tokens of an issuer.
    pub(super) fn issues_as(&self, issuer: &str) -> bool {
        match &self.settings.kind {
            ProviderKind::Jwt(jwt) => jwt.issuers.iter().any(|known| known == issuer),
            ProviderKind::ApiKey(_) => false,
        }
    }

    /// The keys that it vouches for, if it does that.
    pub(super) fn api_keys(&self) -> Option<&ApiKeys> {
        match &self.checker {
            Checker::ApiKeys(keys) => Some(keys),
            _ => None,
        }
    }

    /// Checks a credential.
    pub(super) async fn check(
        &self,
        question: Question<'_>,
        now: u64,
    ) -> Result<Answer, IdentityError> {
        let Question::Token(token) = question;
        let answer = match &self.settings.kind {
            ProviderKind::Jwt(settings) => self.check_token(token, settings, now).await,
            ProviderKind::ApiKey(_) => Err(IdentityErrorKind::Malformed),
        };
        answer.map_err(|kind| IdentityError::of(&self.name, kind))
    }

    async fn check_token(
        &self,
        token: Token<'_>,
        settings: &JwtSettings,
        now: u64,
    ) -> Result<Answer, IdentityErrorKind> {
        // Nobody is asked for a key that could not count.
        if !jwt::is_allowed(token.algorithm(), settings) {
            return Err(IdentityErrorKind::Algorithm);
        }
        let checked = match &self.checker {
            Checker::ApiKeys(_) => return Err(IdentityErrorKind::Malformed),
            Checker::Secret(secret) => jwt::check(token, secret, settings, now)?,
            Checker::Keys(keys) => {
                let unavailable = IdentityErrorKind::Unavailable("the issuer's keys cannot be had");
                let (kid, algorithm) = (token.key_id().map(str::to_owned), token.algorithm());
                let mut set = keys.current().await.ok_or(unavailable.clone())?;
                if set.find(kid.as_deref(), algorithm).is_none() {
                    set = keys.newer().await.ok_or(unavailable)?;
                }
                let key = set.find(kid.as_deref(), algorithm);
                jwt::check(token, key.ok_or(IdentityErrorKind::UnknownKey)?, settings, now)?
            }
        };
        let keep_until = Some(checked.expires.unwrap_or(now + WITHOUT_END));
        let consumer = claims::consumer(&self.name, checked.claims, &settings.claims)?;
        Ok(Answer { consumer: Arc::new(consumer), keep_until })
    }
}
