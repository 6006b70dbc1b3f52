//! What the gateway shows an upstream, so that it is let in.
//!
//! **In:** `credentials` of an upstream. **Out:** [`CredentialSettings`].
//!
//! **Never here:** asking for tokens, sending them (`upstream`).
//!
//! **Holds:** exactly one way; no secret is in an error.
//!
//! Spec: <https://www.rfc-editor.org/rfc/rfc6749#section-4.4>

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::identity::{Secret, control_url};
use super::quantity::RawDuration;
use super::report::{Key, Problems};

/// `credentials` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Credentials")]
pub(super) struct RawCredentials {
    /// A header with a fixed value.
    #[serde(rename = "static")]
    pub fixed: Option<RawStatic>,
    /// A token of an issuer, which the gateway asks for as itself.
    pub client_credentials: Option<RawClientCredentials>,
}

/// `static` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "StaticCredential")]
pub(super) struct RawStatic {
    /// Which header. Default: `authorization`.
    pub header: Option<String>,
    /// Its value. Write `${VAR}` or `${file:path}`.
    pub value: Option<String>,
}

/// `client_credentials` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ClientCredentials")]
pub(super) struct RawClientCredentials {
    /// Where tokens are given: the issuer's `token_endpoint`.
    pub url: Option<String>,
    /// As whom.
    pub client_id: Option<String>,
    /// The secret of that client. Write `${VAR}` or `${file:path}`.
    pub client_secret: Option<String>,
    /// Which scopes the token must have.
    pub scopes: Option<Vec<String>>,
    /// For whom the token must be, if the issuer wants to know.
    pub audience: Option<String>,
    /// How long the issuer may take. Default: `3s`.
    pub timeout: Option<RawDuration>,
    /// Whether the secret may be sent over plain `http` to another machine. Default: `false`.
    pub allow_http: Option<bool>,
}

/// What an upstream is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialSettings {
    /// A header with a fixed value, which is marked sensitive.
    Static(HeaderName, HeaderValue),
    /// A token.
    ClientCredentials(ClientCredentials),
}

/// How a token is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCredentials {
    /// Whom to ask.
    pub url: Url,
    /// As whom.
    pub client_id: String,
    /// With which secret.
    pub client_secret: Secret,
    /// Which scopes, separated by spaces; may be empty.
    pub scope: String,
    /// For whom.
    pub audience: Option<String>,
    /// How long the issuer may take.
    pub timeout: Duration,
}

impl RawCredentials {
    pub(super) fn settle(
        self,
        key: &Key,
        problems: &mut Problems<'_>,
    ) -> Option<CredentialSettings> {
        match (self.fixed, self.client_credentials) {
            (Some(fixed), None) => fixed.settle(&key.then("static"), problems),
            (None, Some(token)) => token
                .settle(&key.then("client_credentials"), problems)
                .map(CredentialSettings::ClientCredentials),
            _ => {
                let fix = "write `static: { value: \"Bearer ${TOKEN}\" }` or `client_credentials: { ... }`";
                problems.add(key, "there has to be exactly one way to get credentials", fix);
                None
            }
        }
    }
}

impl RawStatic {
    fn settle(self, key: &Key, problems: &mut Problems<'_>) -> Option<CredentialSettings> {
        let name = self.header.as_deref().unwrap_or("authorization");
        let Ok(name) = HeaderName::try_from(name) else {
            let fix = "write a name such as `x-api-key`";
            problems.add(&key.then("header"), format!("`{name}` is no name of a header"), fix);
            return None;
        };
        let value = self.value.filter(|value| !value.is_empty());
        let value = value.and_then(|value| HeaderValue::try_from(value).ok());
        let Some(mut value) = value else {
            let fix = "write `value: \"Bearer ${TOKEN}\"`, without line breaks";
            problems.add(&key.then("value"), "the header has no value that can be sent", fix);
            return None;
        };
        value.set_sensitive(true);
        Some(CredentialSettings::Static(name, value))
    }
}

impl RawClientCredentials {
    fn settle(self, key: &Key, problems: &mut Problems<'_>) -> Option<ClientCredentials> {
        let timeout = self.timeout.and_then(|it| it.settle(&key.then("timeout"), problems));
        let (client_id, client_secret) = match (self.client_id, self.client_secret) {
            (Some(id), Some(secret)) if !id.is_empty() && !secret.is_empty() => (id, secret),
            _ => {
                let fix = "add `client_id:` and `client_secret: ${CLIENT_SECRET}`";
                problems.add(key, "the issuer gives tokens only to clients that it knows", fix);
                return None;
            }
        };
        let url = self.url.unwrap_or_default();
        let url = control_url(&url, self.allow_http.unwrap_or(false), &key.then("url"), problems)?;
        Some(ClientCredentials {
            url,
            client_id,
            client_secret: Secret::new(client_secret),
            scope: self.scopes.unwrap_or_default().join(" "),
            audience: self.audience,
            timeout: timeout.unwrap_or(Duration::from_secs(3)),
        })
    }
}
