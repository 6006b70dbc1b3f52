//! Signed tokens: who issues them, for whom, whose keys sign them, and which claims mean what.
//!
//! **In:** `jwt` of a provider. **Out:** [`JwtSettings`].
//!
//! **Never here:** fetching keys, checking tokens (`identity` the room does).
//!
//! **Holds:** a token must name an issuer and an audience that stand here. Keys of an issuer check
//! asymmetric signatures only; a shared secret checks `HS...` only, so that neither can pass for the other.
//!
//! **Read first:** [`RawJwt`].
//!
//! Spec: <https://www.rfc-editor.org/rfc/rfc7519>, <https://www.rfc-editor.org/rfc/rfc8725>

use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::super::quantity::RawDuration;
use super::super::report::{Key, Problems};
use super::place::RawPlace;
use super::secret::Secret;

/// `jwt` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Jwt")]
pub(in crate::config) struct RawJwt {
    /// Who issues the tokens: the claim `iss`, letter for letter. Without `jwks` and `secret` its keys are discovered (OpenID Connect Discovery).
    pub issuer: Option<String>,
    /// Instead of `issuer`: several, with the same keys.
    pub issuers: Option<Vec<String>>,
    /// For whom they are: the claim `aud` must name it.
    pub audience: Option<String>,
    /// Instead of `audience`: several, of which `aud` must name one.
    pub audiences: Option<Vec<String>>,
    /// Takes tokens for whomever they were issued. Default: `false`.
    pub any_audience: Option<bool>,
    /// Where the keys of the issuer are.
    pub jwks: Option<RawJwks>,
    /// Instead of the issuer's keys: the secret that signs `HS...` tokens, 32 bytes or more. Write `${VAR}` or `${file:path}`.
    pub secret: Option<String>,
    /// Which signatures count. Default: all asymmetric ones; with `secret` `[HS256]`.
    pub algorithms: Option<Vec<JwtAlgorithm>>,
    /// How far clocks may differ. Default: `30s`.
    pub leeway: Option<RawDuration>,
    /// Where the token stands. Default: `[{ header: authorization, prefix: Bearer }]`.
    pub from: Option<Vec<RawPlace>>,
    /// Whether a token may live for ever, without `exp`. Default: `false`.
    pub allow_missing_exp: Option<bool>,
    /// The claim that is the consumer's id. Default: `sub`.
    pub id_claim: Option<String>,
    /// The claim that is its name. Default: `name`.
    pub name_claim: Option<String>,
    /// The claim with its scopes: a list, or a text with spaces. Default: `scope`, else `scp`.
    pub scopes_claim: Option<String>,
    /// The claim with its roles. A dot leads into an object: `realm_access.roles`. Default: `roles`.
    pub roles_claim: Option<String>,
    /// The claim that names its plan. Default: none.
    pub plan_claim: Option<String>,
}

/// `jwks` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Jwks")]
pub(in crate::config) struct RawJwks {
    /// A file with a JSON Web Key Set; a change is read within a second.
    pub file: Option<PathBuf>,
    /// The address of a JSON Web Key Set.
    pub url: Option<String>,
    /// How often the keys are fetched again. Default: `10m`.
    pub refresh: Option<RawDuration>,
    /// How long the last keys count when no newer ones can be had. Default: `24h`.
    pub keep_for: Option<RawDuration>,
    /// How long a fetch may take. Default: `5s`.
    pub timeout: Option<RawDuration>,
    /// Whether keys may come over plain `http` from other machines. Default: `false`.
    pub allow_http: Option<bool>,
}

/// How tokens are signed: the names of RFC 7518, section 3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names are those of the specification")]
pub enum JwtAlgorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
    HS256,
    HS384,
    HS512,
}

/// How signed tokens are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtSettings {
    /// Which issuers; at least one.
    pub issuers: Vec<String>,
    /// Which audiences; none for any.
    pub audiences: Vec<String>,
    /// With which keys.
    pub keys: JwtKeys,
    /// Which signatures.
    pub algorithms: Vec<JwtAlgorithm>,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// Whether a token may live for ever.
    pub allow_missing_exp: bool,
    /// Which claims mean what.
    pub claims: ClaimNames,
}

/// With which keys signatures are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwtKeys {
    /// A secret that signs, too.
    Secret(Secret),
    /// A key set in a file.
    File(PathBuf, Refresh),
    /// A key set at an address.
    Url(Url, Refresh),
    /// The key set that the issuer's configuration names.
    Discovery(Url, Refresh),
}

/// How keys are kept fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refresh {
    /// How often they are fetched.
    pub every: Duration,
    /// How long the last ones count.
    pub keep_for: Duration,
    /// How long a fetch may take.
    pub timeout: Duration,
    /// Whether plain `http` is good enough between machines.
    pub allow_http: bool,
}

/// Which claims mean what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimNames {
    /// The consumer's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its scopes, by the first of these that is there.
    pub scopes: Vec<String>,
    /// Its roles.
    pub roles: String,
    /// Its plan.
    pub plan: Option<String>,
}

/// What keys of an issuer may have signed.
const ASYMMETRIC: [JwtAlgorithm; 9] = [
    JwtAlgorithm::RS256,
    JwtAlgorithm::RS384,
    JwtAlgorithm::RS512,
    JwtAlgorithm::PS256,
    JwtAlgorithm::PS384,
    JwtAlgorithm::PS512,
    JwtAlgorithm::ES256,
    JwtAlgorithm::ES384,
    JwtAlgorithm::EdDSA,
];

/// A secret as long as the hash that it keys (RFC 7518, section 3.2).
const MIN_SECRET: usize = 32;

impl RawJwt {
    pub(super) fn settle(
        self,
        folder: &Path,
        key: &Key,
        problems: &mut Problems<'_>,
    ) -> Option<JwtSettings> {
        let issuers = one_or_several(self.issuer, self.issuers, key, "issuer", problems);
        if issuers.is_empty() {
            let fix = "add `issuer: \"https://idp.example.com\"`, as it stands in the claim `iss`";
            problems.add(key, "any issuer's tokens would count", fix);
        }
        let audiences = one_or_several(self.audience, self.audiences, key, "audience", problems);
        let any_audience = self.any_audience.unwrap_or(false);
        match (audiences.is_empty(), any_audience) {
            (true, false) => {
                let fix =
                    "add `audience:`, as it stands in the claim `aud`, or `any_audience: true`";
                problems.add(key, "tokens that were issued for others would count", fix);
            }
            (false, true) => {
                let fix = "take one of `audience` and `any_audience` away";
                problems.add(&key.then("any_audience"), "two keys contradict each other", fix);
            }
            _ => {}
        }
        let is_secret = self.secret.is_some();
        let keys = keys(self.jwks, self.secret, &issuers, folder, key, problems);
        let leeway = self.leeway.and_then(|leeway| leeway.settle(&key.then("leeway"), problems));
        let settings = JwtSettings {
            algorithms: algorithms(self.algorithms, is_secret, key, problems),
            issuers,
            audiences,
            keys: keys?,
            leeway: leeway.unwrap_or(Duration::from_secs(30)),
            allow_missing_exp: self.allow_missing_exp.unwrap_or(false),
            claims: ClaimNames {
                id: self.id_claim.unwrap_or_else(|| "sub".to_owned()),
                name: self.name_claim.unwrap_or_else(|| "name".to_owned()),
                scopes: match self.scopes_claim {
                    Some(claim) => vec![claim],
                    None => vec!["scope".to_owned(), "scp".to_owned()],
                },
                roles: self.roles_claim.unwrap_or_else(|| "roles".to_owned()),
                plan: self.plan_claim,
            },
        };
        Some(settings)
    }
}

fn one_or_several(
    one: Option<String>,
    several: Option<Vec<String>>,
    key: &Key,
    name: &str,
    problems: &mut Problems<'_>,
) -> Vec<String> {
    if one.is_some() && several.is_some() {
        let fix = format!("write either `{name}` or `{name}s`");
        problems.add(&key.then(name), "it is said twice", fix);
    }
    let mut all: Vec<String> = one.into_iter().chain(several.unwrap_or_default()).collect();
    all.retain(|text| !text.is_empty());
    all
}

fn algorithms(
    raw: Option<Vec<JwtAlgorithm>>,
    is_secret: bool,
    key: &Key,
    problems: &mut Problems<'_>,
) -> Vec<JwtAlgorithm> {
    let Some(algorithms) = raw.filter(|algorithms| !algorithms.is_empty()) else {
        return if is_secret { vec![JwtAlgorithm::HS256] } else { ASYMMETRIC.to_vec() };
    };
    for (i, algorithm) in algorithms.iter().enumerate() {
        if ASYMMETRIC.contains(algorithm) == is_secret {
            let (message, fix) = match is_secret {
                true => ("is not signed with a secret", "use `HS256`, `HS384` or `HS512`"),
                false => (
                    "is signed with a secret, and the keys of an issuer are public",
                    "use `RS256`, `ES256`, `EdDSA` and their like, or `secret`",
                ),
            };
            problems.add(
                &key.then("algorithms").then(i),
                format!("`{algorithm:?}` {message}"),
                fix,
            );
        }
    }
    algorithms
}

fn keys(
    jwks: Option<RawJwks>,
    secret: Option<String>,
    issuers: &[String],
    folder: &Path,
    key: &Key,
    problems: &mut Problems<'_>,
) -> Option<JwtKeys> {
    if let Some(secret) = secret {
        if jwks.is_some() {
            let fix = "take one of `jwks` and `secret` away; give each a provider of its own";
            problems.add(&key.then("jwks"), "there are two sources of keys", fix);
        }
        if secret.len() < MIN_SECRET {
            let fix = format!("use {MIN_SECRET} random bytes or more: `openssl rand -base64 48`");
            problems.add(&key.then("secret"), "the secret is too short", fix);
        }
        return Some(JwtKeys::Secret(Secret::new(secret)));
    }
    let raw = jwks.unwrap_or_default();
    let key = key.then("jwks");
    let mut duration = |raw: Option<RawDuration>, step: &str, default: u64| {
        let settled = raw.and_then(|raw| raw.settle(&key.then(step), problems));
        settled.unwrap_or(Duration::from_secs(default))
    };
    let refresh = Refresh {
        every: duration(raw.refresh, "refresh", 600),
        keep_for: duration(raw.keep_for, "keep_for", 24 * 3600),
        timeout: duration(raw.timeout, "timeout", 5),
        allow_http: raw.allow_http.unwrap_or(false),
    };
    match (raw.file, raw.url) {
        (Some(file), None) => {
            let file = folder.join(file);
            if let Err(error) = std::fs::metadata(&file) {
                let fix = "correct the path, which is relative to the configuration";
                let message = format!("cannot read `{}`: {error}", file.display());
                problems.add(&key.then("file"), message, fix);
            }
            Some(JwtKeys::File(file, refresh))
        }
        (None, Some(url)) => {
            let url = control_url(&url, refresh.allow_http, &key.then("url"), problems)?;
            Some(JwtKeys::Url(url, refresh))
        }
        (None, None) => match issuers {
            [issuer] => {
                let url = control_url(issuer, refresh.allow_http, &key, problems)?;
                Some(JwtKeys::Discovery(url, refresh))
            }
            [] => None,
            _ => {
                let fix = "add `jwks: { url: ... }`, or give each issuer a provider of its own";
                problems.add(&key, "several issuers cannot be discovered at once", fix);
                None
            }
        },
        (Some(_), Some(_)) => {
            let fix = "write either `file` or `url`";
            problems.add(&key, "there are two sources of keys", fix);
            None
        }
    }
}

/// An address that the gateway itself calls: nobody on the way may change what it answers.
pub(in crate::config) fn control_url(
    text: &str,
    allow_http: bool,
    key: &Key,
    problems: &mut Problems<'_>,
) -> Option<Url> {
    let Some(url) = Url::parse(text).ok().filter(|url| url.has_host()) else {
        let fix = "write an address such as `https://idp.example.com`";
        problems.add(key, format!("`{text}` is not an address"), fix);
        return None;
    };
    let is_loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(domain)) => domain == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => Some(url),
        "http" if is_loopback || allow_http => Some(url),
        _ => {
            let fix = "use `https`; on a network that you trust `allow_http: true` takes `http`";
            problems.add(key, format!("whoever stands between could forge what `{url}` says"), fix);
            None
        }
    }
}
