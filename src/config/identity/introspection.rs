//! Opaque tokens: whom to ask about them, and as whom.
//!
//! **In:** `introspection` of a provider. **Out:** [`IntrospectionSettings`].
//!
//! **Never here:** asking (`identity` the room does).
//!
//! Spec: <https://www.rfc-editor.org/rfc/rfc7662>

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::super::quantity::RawDuration;
use super::super::report::{Key, Problems};
use super::jwt::{ClaimNames, control_url};
use super::place::RawPlace;
use super::secret::Secret;

/// `introspection` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Introspection")]
pub(in crate::config) struct RawIntrospection {
    /// Where tokens are asked about: the issuer's `introspection_endpoint`.
    pub url: Option<String>,
    /// As whom.
    pub client_id: Option<String>,
    /// The secret of that client. Write `${VAR}` or `${file:path}`.
    pub client_secret: Option<String>,
    /// How long an answer counts, at most until the token expires. Default: `60s`.
    pub cache: Option<RawDuration>,
    /// How long an answer may take. Default: `3s`.
    pub timeout: Option<RawDuration>,
    /// Whether tokens may be sent over plain `http` to another machine. Default: `false`.
    pub allow_http: Option<bool>,
    /// For whom a token must be, if the issuer says so: one of these. Default: anyone.
    pub audiences: Option<Vec<String>>,
    /// Where the token stands. Default: `[{ header: authorization, prefix: Bearer }]`.
    pub from: Option<Vec<RawPlace>>,
    /// The member of the answer that is the consumer's id. Default: `sub`.
    pub id_claim: Option<String>,
    /// The one that is its name. Default: `username`.
    pub name_claim: Option<String>,
    /// The one with its scopes. Default: `scope`.
    pub scopes_claim: Option<String>,
    /// The one with its roles. Default: `roles`.
    pub roles_claim: Option<String>,
    /// The one that names its plan. Default: none.
    pub plan_claim: Option<String>,
}

/// How opaque tokens are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntrospectionSettings {
    /// Whom to ask.
    pub url: Url,
    /// As whom.
    pub client_id: String,
    /// With which secret.
    pub client_secret: Secret,
    /// How long an answer counts.
    pub cache: Duration,
    /// How long it may take.
    pub timeout: Duration,
    /// Which audiences; none for any.
    pub audiences: Vec<String>,
    /// Which members mean what.
    pub claims: ClaimNames,
}

impl RawIntrospection {
    pub(super) fn settle(
        self,
        key: &Key,
        problems: &mut Problems<'_>,
    ) -> Option<IntrospectionSettings> {
        let cache = self.cache.and_then(|it| it.settle(&key.then("cache"), problems));
        let timeout = self.timeout.and_then(|it| it.settle(&key.then("timeout"), problems));
        let (client_id, client_secret) = match (self.client_id, self.client_secret) {
            (Some(id), Some(secret)) if !id.is_empty() && !secret.is_empty() => (id, secret),
            _ => {
                let fix = "add `client_id:` and `client_secret: ${INTROSPECTION_SECRET}`";
                problems.add(key, "the issuer answers only clients that it knows", fix);
                return None;
            }
        };
        let url = self.url.unwrap_or_default();
        let url = control_url(&url, self.allow_http.unwrap_or(false), &key.then("url"), problems)?;
        let or = |written: Option<String>, default: &str| written.unwrap_or(default.to_owned());
        Some(IntrospectionSettings {
            url,
            client_id,
            client_secret: Secret::new(client_secret),
            cache: cache.unwrap_or(Duration::from_secs(60)),
            timeout: timeout.unwrap_or(Duration::from_secs(3)),
            audiences: self.audiences.unwrap_or_default(),
            claims: ClaimNames {
                id: or(self.id_claim, "sub"),
                name: or(self.name_claim, "username"),
                scopes: vec![or(self.scopes_claim, "scope")],
                roles: or(self.roles_claim, "roles"),
                plan: self.plan_claim,
            },
        })
    }
}
