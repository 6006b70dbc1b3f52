//! Who may call: the providers that vouch for callers, and what a door requires.
//!
//! **In:** `identity`, and `require` of a door. **Out:** [`ProviderSettings`] by name, [`Require`].
//!
//! **Never here:** finding out who calls (`identity` the room does).
//!
//! **Holds:** a provider checks credentials of one kind. What is not said is the strict choice: tokens
//! expire, have an audience, and go no further than this gateway.
//!
//! **Read first:** [`RawProvider`].

mod api_key;
mod certificate;
mod introspection;
mod jwt;
mod place;
mod secret;

use std::path::Path;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::headers::{HeaderRule, HeaderRules};
use super::listen::ListenSettings;
use super::report::{Key, Problems};
use super::routes::RouteSettings;
use super::suggest::nearest;
use super::supergraph::SupergraphSettings;

pub use api_key::{ApiKeySettings, store_file};
pub use certificate::{CertificateName, CertificateSettings};
pub use introspection::IntrospectionSettings;
pub(in crate::config) use jwt::control_url;
pub use jwt::{ClaimNames, JwtAlgorithm, JwtKeys, JwtSettings, Refresh};
pub use place::Place;
pub use secret::Secret;

use api_key::RawApiKey;
use certificate::RawCertificate;
use introspection::RawIntrospection;
use jwt::RawJwt;

/// One of `identity` as written: exactly one kind of credential.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Provider")]
pub(super) struct RawProvider {
    /// Signed tokens (RFC 7519).
    pub jwt: Option<RawJwt>,
    /// Keys of a store of the gateway's own.
    pub api_key: Option<RawApiKey>,
    /// Tokens that only their issuer can read (RFC 7662).
    pub introspection: Option<RawIntrospection>,
    /// Certificates of clients, which a listener with `client_ca` has verified.
    pub client_certificate: Option<RawCertificate>,
    /// Whether header rules may pass the credential on to upstreams. Default: `false`.
    pub forward: Option<bool>,
}

/// `require` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Require")]
pub(super) struct RawRequire {
    /// Names under `identity`: a caller that one of them vouches for is let in.
    pub any: Option<Vec<String>>,
}

/// One provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSettings {
    /// What it checks.
    pub kind: ProviderKind,
    /// Where the credential stands, the first that is there counts.
    pub from: Vec<Place>,
    /// Whether header rules may pass the credential on.
    pub forward: bool,
}

/// What a provider checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderKind {
    /// Signed tokens.
    Jwt(Box<JwtSettings>),
    /// Keys of a store.
    ApiKey(ApiKeySettings),
    /// Opaque tokens.
    Introspection(Box<IntrospectionSettings>),
    /// Certificates of clients.
    Certificate(CertificateSettings),
}

/// Who is let in: callers that one of these providers vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Require {
    /// Names of providers; at least one.
    pub any: Vec<String>,
}

/// Reports a provider of certificates that nobody can show.
pub(super) fn check_certificates(
    providers: &IndexMap<String, ProviderSettings>,
    listen: &ListenSettings,
    problems: &mut Problems<'_>,
) {
    let mut tls = listen.public.iter().filter_map(|listener| listener.tls.as_ref());
    if tls.any(|tls| tls.clients.is_some()) {
        return;
    }
    for (name, provider) in providers {
        if matches!(provider.kind, ProviderKind::Certificate(_)) {
            let message = "no listener asks clients for a certificate";
            let fix = "add `client_ca: FILE` to `tls` of a listener";
            problems.add(&Key::default().then("identity").then(name), message, fix);
        }
    }
}

pub(super) fn settle(
    raw: IndexMap<String, RawProvider>,
    folder: &Path,
    problems: &mut Problems<'_>,
) -> IndexMap<String, ProviderSettings> {
    let key = Key::default().then("identity");
    let mut providers = IndexMap::new();
    for (name, provider) in raw {
        let key = key.then(&name);
        if name.is_empty() || name.contains(':') || !name.chars().all(|c| c.is_ascii_graphic()) {
            let fix = "use letters, digits, `-` and `_`: the name begins the id of each consumer";
            problems.add(&key, format!("`{name}` cannot name a provider"), fix);
        }
        let forward = provider.forward.unwrap_or(false);
        if let Some((kind, from)) = provider.settle(folder, &key, problems) {
            providers.insert(name, ProviderSettings { kind, from, forward });
        }
    }
    check_places(&providers, problems);
    providers
}

/// Tokens name their issuer, and so the provider that decides; other credentials name nobody.
fn check_places(providers: &IndexMap<String, ProviderSettings>, problems: &mut Problems<'_>) {
    for (i, (name, provider)) in providers.iter().enumerate() {
        let is_jwt = matches!(provider.kind, ProviderKind::Jwt(_));
        let mut earlier = providers.iter().take(i);
        let rival = earlier.find(|(_, other)| {
            std::mem::discriminant(&other.kind) == std::mem::discriminant(&provider.kind)
                && other.from.iter().any(|place| provider.from.contains(place))
        });
        let is_certificate = matches!(provider.kind, ProviderKind::Certificate(_));
        let same = |other: &ProviderSettings| matches!(other.kind, ProviderKind::Certificate(_));
        if is_certificate && providers.values().take(i).any(same) {
            let message = "another provider takes the certificates of clients already";
            let fix = "keep one of them";
            problems.add(&Key::default().then("identity").then(name), message, fix);
        }
        if let (false, Some((rival, _))) = (is_jwt, rival) {
            let message =
                format!("`{rival}` reads the same place, and nobody could say who decides");
            let fix = "give one of them another place, such as `from: [{ header: x-partner-key }]`";
            problems.add(&Key::default().then("identity").then(name), message, fix);
        }
    }
}

impl RawProvider {
    fn settle(
        self,
        folder: &Path,
        key: &Key,
        problems: &mut Problems<'_>,
    ) -> Option<(ProviderKind, Vec<Place>)> {
        match (self.jwt, self.api_key, self.introspection, self.client_certificate) {
            (Some(jwt), None, None, None) => {
                let key = key.then("jwt");
                let from = place::settle(jwt.from.as_deref(), &Place::bearer(), &key, problems);
                Some((ProviderKind::Jwt(Box::new(jwt.settle(folder, &key, problems)?)), from))
            }
            (None, Some(api_key), None, None) => {
                let key = key.then("api_key");
                let places = api_key.places(&key, problems);
                let from = place::settle(Some(&places), &Place::bearer(), &key, problems);
                Some((ProviderKind::ApiKey(api_key.settle(folder, &key, problems)?), from))
            }
            (None, None, Some(introspection), None) => {
                let key = key.then("introspection");
                let from = introspection.from.as_deref();
                let from = place::settle(from, &Place::bearer(), &key, problems);
                let settings = Box::new(introspection.settle(&key, problems)?);
                Some((ProviderKind::Introspection(settings), from))
            }
            (None, None, None, Some(certificate)) => {
                Some((ProviderKind::Certificate(certificate.settle()), Vec::new()))
            }
            _ => {
                let fix = "write one of `jwt`, `api_key`, `introspection` and `client_certificate`, such as \
                           `jwt: { issuer: \"https://...\", audience: ... }`";
                problems.add(key, "the provider does not say one thing that it checks", fix);
                None
            }
        }
    }
}

/// All header rules of the configuration.
pub(super) struct AllRules<'a> {
    pub(super) all: &'a HeaderRules,
    pub(super) supergraph: &'a SupergraphSettings,
    pub(super) routes: &'a [RouteSettings],
}

/// Reports rules that would pass on what stays here.
pub(super) fn check_forwarding(
    providers: &IndexMap<String, ProviderSettings>,
    rules: &AllRules<'_>,
    problems: &mut Problems<'_>,
) {
    let root = Key::default();
    let mut check = |rules: &[HeaderRule], key: &Key| {
        check_rules(providers, rules, &key.then("headers").then("request"), problems);
    };
    check(&rules.all.request, &root);
    if let SupergraphSettings::Subgraphs(subgraphs) = rules.supergraph {
        for (name, subgraph) in subgraphs {
            let key = root.then("supergraph").then("subgraphs").then(name);
            check(&subgraph.request_headers, &key);
        }
    }
    for (i, route) in rules.routes.iter().enumerate() {
        check(&route.headers.request, &root.then("routes").then(i));
    }
}

fn check_rules(
    providers: &IndexMap<String, ProviderSettings>,
    rules: &[HeaderRule],
    key: &Key,
    problems: &mut Problems<'_>,
) {
    for (i, rule) in rules.iter().enumerate() {
        let HeaderRule::Forward { name, .. } = rule else { continue };
        let is_place =
            |place: &Place| matches!(place, Place::Header { name: of, .. } if of == name);
        let mut keepers = providers.iter().filter(|(_, provider)| !provider.forward);
        let Some((owner, _)) = keepers.find(|(_, provider)| provider.from.iter().any(is_place))
        else {
            continue;
        };
        let message = format!("`{name}` carries the credential of `{owner}`, which stays here");
        let fix = format!(
            "send what was verified (`set: x-user, value: consumer.id`), or let the credential pass \
             with `identity.{owner}.forward: true`"
        );
        problems.add(&key.then(i).then("forward"), message, fix);
    }
}

impl RawRequire {
    pub(super) fn settle(
        self,
        providers: &IndexMap<String, ProviderSettings>,
        key: &Key,
        problems: &mut Problems<'_>,
    ) -> Require {
        let key = key.then("any");
        let any = self.any.unwrap_or_default();
        if any.is_empty() {
            let fix = "name providers of `identity`: `require: { any: [corp] }`, or leave it out";
            problems.add(&key, "nobody could be let in", fix);
        }
        for (i, name) in any.iter().enumerate().filter(|(_, name)| !providers.contains_key(*name)) {
            let fix = match nearest(name, providers.keys().map(String::as_str)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("add `identity: {{ {name}: {{ ... }} }}`"),
            };
            problems.add(&key.then(i), format!("there is no provider `{name}`"), fix);
        }
        Require { any }
    }
}
