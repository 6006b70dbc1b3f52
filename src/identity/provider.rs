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
use super::certificate;
use super::claims;
use super::error::{IdentityError, IdentityErrorKind};
use super::introspection::{INACTIVE, Introspection};
use super::jwks::Keys;
use super::jwt::{self, Token};
use crate::config::{IntrospectionSettings, JwtKeys, JwtSettings, ProviderKind, ProviderSettings};
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
    /// Tokens that the issuer is asked about.
    Introspection(Introspection),
    /// Certificates, which are verified already.
    Certificate,
}

/// What is asked.
pub(super) enum Question<'a> {
    /// Who is meant by this token?
    Token(Box<Token<'a>>),
    /// Who is meant by this text, which only its issuer understands?
    Opaque(&'a str),
}

/// The answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) consumer: Result<Arc<Consumer>, IdentityError>,
    /// Until when it may be kept, in seconds since 1970; not at all if none.
    pub(super) keep_until: Option<u64>,
}

/// How long a token without an end is believed before it is checked again, in seconds.
const WITHOUT_END: u64 = 300;

impl Provider {
    pub(super) fn new(name: &str, settings: &ProviderSettings) -> Self {
        let name: Arc<str> = name.into();
        let checker = match &settings.kind {
            ProviderKind::Jwt(jwt) => match (&jwt.keys, Keys::start(&name, jwt)) {
                (_, Some(keys)) => Checker::Keys(keys),
                (JwtKeys::Secret(secret), None) => {
                    Checker::Secret(DecodingKey::from_secret(secret.reveal().as_bytes()))
                }
                (_, None) => unreachable!("only a secret needs no keys"),
            },
            ProviderKind::Introspection(settings) => {
                Checker::Introspection(Introspection::new(&name, settings))
            }
            ProviderKind::Certificate(_) => Checker::Certificate,
            ProviderKind::ApiKey(settings) => Checker::ApiKeys(ApiKeys::start(&name, settings)),
        };
        Self { name, settings: settings.clone(), checker }
    }

    /// Answers of another generation count no more.
    pub(super) fn generation(&self) -> u64 {
        match &self.checker {
            Checker::Keys(keys) => keys.generation(),
            _ => 0,
        }
    }

    /// Whether it vouches for the tokens of an issuer.
    pub(super) fn issues_as(&self, issuer: &str) -> bool {
        match &self.settings.kind {
            ProviderKind::Jwt(jwt) => jwt.issuers.iter().any(|known| known == issuer),
            _ => false,
        }
    }

    /// The keys that it vouches for, if it does that.
    pub(super) fn api_keys(&self) -> Option<&ApiKeys> {
        match &self.checker {
            Checker::ApiKeys(keys) => Some(keys),
            _ => None,
        }
    }

    /// Whether it asks the issuer about tokens.
    pub(super) fn asks(&self) -> bool {
        matches!(self.checker, Checker::Introspection(_))
    }

    /// Whom a certificate names, and until when that may be kept.
    pub(super) fn certified(&self, der: &[u8], now: u64) -> Option<Answer> {
        let ProviderKind::Certificate(settings) = &self.settings.kind else { return None };
        let known = certificate::consumer(&self.name, der, settings, now);
        let keep_until = known.as_ref().ok().map(|(_, until)| *until);
        let consumer = known.map(|(consumer, _)| Arc::new(consumer));
        let consumer = consumer.map_err(|kind| IdentityError::of(&self.name, kind));
        Some(Answer { consumer, keep_until })
    }

    /// Checks a credential.
    pub(super) async fn check(&self, question: Question<'_>, now: u64) -> Answer {
        let answer = match (&self.settings.kind, &self.checker, question) {
            (ProviderKind::Jwt(settings), _, Question::Token(token)) => {
                self.check_token(*token, settings, now).await
            }
            (ProviderKind::Introspection(settings), Checker::Introspection(issuer), question) => {
                let text = match &question {
                    Question::Opaque(text) => text,
                    Question::Token(token) => token.text(),
                };
                self.ask(issuer, text, settings, now).await
            }
            _ => Err(IdentityErrorKind::Malformed),
        };
        match answer {
            Ok((consumer, keep_until)) => {
                Answer { consumer: Ok(Arc::new(consumer)), keep_until: Some(keep_until) }
            }
            Err(kind) => {
                // An issuer that was asked is not asked the same again at once.
                let keep_until = (kind == IdentityErrorKind::Inactive).then(|| now + INACTIVE);
                Answer { consumer: Err(IdentityError::of(&self.name, kind)), keep_until }
            }
        }
    }

    async fn ask(
        &self,
        issuer: &Introspection,
        text: &str,
        settings: &IntrospectionSettings,
        now: u64,
    ) -> Result<(Consumer, u64), IdentityErrorKind> {
        let active = issuer.ask(text, now).await?;
        let keep_until = now.saturating_add(settings.cache.as_secs());
        let keep_until = active.expires.map_or(keep_until, |expires| expires.min(keep_until));
        Ok((claims::consumer(&self.name, active.claims, &settings.claims)?, keep_until))
    }

    async fn check_token(
        &self,
        token: Token<'_>,
        settings: &JwtSettings,
        now: u64,
    ) -> Result<(Consumer, u64), IdentityErrorKind> {
        // Nobody is asked for a key that could not count.
        if !jwt::is_allowed(token.algorithm(), settings) {
            return Err(IdentityErrorKind::Algorithm);
        }
        let checked = match &self.checker {
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
            _ => return Err(IdentityErrorKind::Malformed),
        };
        let keep_until = checked.expires.unwrap_or(now + WITHOUT_END);
        Ok((claims::consumer(&self.name, checked.claims, &settings.claims)?, keep_until))
    }
}
