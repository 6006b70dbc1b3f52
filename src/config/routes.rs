//! REST passthrough: which paths and methods go to which upstream.
//!
//! **In:** `routes`, with the upstreams and policies they name. **Out:** one [`RouteSettings`] each.
//!
//! **Never here:** finding the route of a request (`routes` the room does, with the same templates).
//!
//! **Holds:** no route catches the GraphQL path or a path of the gateway's own; no two routes
//! claim the same method of the same template.
//!
//! **Read first:** [`RawRoute`].

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::authorize::{self, Authorize};
use super::cors::{CorsSettings, RawCors};
use super::graphql::GraphqlSettings;
use super::headers::{HeaderRules, RawHeaders};
use super::identity::{ProviderSettings, RawRequire, Require};
use super::masks::{self, RawMask};
use super::networks::IpRules;
use super::policies::{Door, Limits, Policies};
use super::quantity::RawDuration;
use super::report::{Key, Problems};
use super::supergraph::is_known_upstream;
use super::upstreams::UpstreamSettings;
use crate::expressions::Phase;
use crate::masks::PathMask;

/// One of `routes` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Route")]
pub(super) struct RawRoute {
    /// Which requests it takes.
    #[serde(rename = "match")]
    pub matching: Option<RawMatch>,
    /// The pool that answers; the request's path is put after the target's.
    pub upstream: Option<String>,
    /// Rules of its own for headers, after those for all.
    pub headers: Option<RawHeaders>,
    /// Who is let in. Default: everyone.
    pub require: Option<RawRequire>,
    /// How long a request may take, instead of its upstream's `timeout.total`.
    pub timeout: Option<RawDuration>,
    /// Which pages of other origins may ask. Default: whatever the upstream says.
    pub cors: Option<RawCors>,
    /// Whether a request is refused that a page of another origin had a browser send, with a credential that
    /// browsers add by themselves, and that may change something. Default: `true`.
    pub csrf: Option<bool>,
    /// Names of `policies` that apply to it besides those of `apply`.
    pub policies: Option<Vec<String>>,
    /// What a request pays under rate limits; 0 for nothing. Default: 1.
    pub cost: Option<u32>,
    /// A condition that must hold for a request to be let in: an expression over `request`, `consumer` and `route`. What cannot be decided is refused.
    pub authorize: Option<String>,
    /// Values of its JSON answers that callers may not see as they are: masks with a `path`, after those for all.
    pub masks: Option<Vec<RawMask>>,
}

/// `match` of a route as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Match")]
pub(super) struct RawMatch {
    /// A path template: `/orders/{id}`; `{*rest}` at the end takes everything below.
    pub path: Option<String>,
    /// Which methods. Default: all.
    pub methods: Option<Vec<String>>,
}

/// One route.
#[derive(Debug, Clone)]
pub struct RouteSettings {
    /// The path template; also the route's name in logs and metrics.
    pub template: String,
    /// Which methods; empty for all.
    pub methods: Vec<Method>,
    /// The pool that answers.
    pub upstream: String,
    /// Its own rules.
    pub headers: HeaderRules,
    /// Who is let in; none for everyone.
    pub require: Option<Require>,
    /// Instead of the upstream's.
    pub timeout: Option<Duration>,
    /// What a request may be.
    pub limits: Limits,
    /// Whom it lets in.
    pub ip: IpRules,
    /// The policies that count its callers.
    pub policies: Vec<String>,
    /// What a request pays.
    pub cost: u64,
    /// Which pages of other origins may ask; none: the upstream says.
    pub cors: Option<Arc<CorsSettings>>,
    /// Whether a request must come from a page of its own, if from any.
    pub csrf: bool,
    /// What must hold for it to be let in.
    pub authorize: Option<Authorize>,
    /// What is masked in its answers: what is masked on all routes, then its own.
    pub masks: Vec<PathMask>,
}

/// What a page may ask by where a route takes every method.
const ALL_METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// Paths that answer for the gateway itself.
const OWN_PATHS: [&str; 6] = [
    "/health",
    "/ready",
    "/_graphloom/explain",
    "/_graphloom/status",
    "/_graphloom/tabs",
    "/_graphloom/ide/x",
];

pub(super) fn settle(
    raw: Vec<RawRoute>,
    graphql: &GraphqlSettings,
    providers: &IndexMap<String, ProviderSettings>,
    upstreams: &IndexMap<String, UpstreamSettings>,
    policies: &Policies,
    problems: &mut Problems<'_>,
) -> Vec<RouteSettings> {
    let key = Key::default().then("routes");
    let mut routes: Vec<RouteSettings> = Vec::new();
    for (i, route) in raw.into_iter().enumerate() {
        let key = key.then(i);
        let Some(route) = route.settle(providers, upstreams, policies, &key, problems) else {
            continue;
        };
        let path_key = key.then("match").then("path");
        if is_shadowing(&route, graphql, &path_key, problems)
            || is_claimed_twice(&routes, &route, &path_key, problems)
        {
            continue;
        }
        routes.push(route);
    }
    routes
}

fn is_shadowing(
    route: &RouteSettings,
    graphql: &GraphqlSettings,
    key: &Key,
    problems: &mut Problems<'_>,
) -> bool {
    let mut matcher = matchit::Router::new();
    if let Err(error) = matcher.insert(route.template.as_str(), ()) {
        let fix = "write segments such as `/orders/{id}`, and `{*rest}` only at the end";
        problems.add(key, format!("`{}` is not a path template: {error}", route.template), fix);
        return true;
    }
    let door = [graphql.path.as_str()].into_iter();
    let mut own = door.chain(OWN_PATHS).chain(graphql.ide.then_some("/"));
    let shadowed = own.find(|path| matcher.at(path).is_ok());
    if let Some(path) = shadowed {
        let message = format!("`{}` would hide the gateway's own `{path}`", route.template);
        problems.add(key, message, "begin the template with a segment of its own, `/orders/...`");
    }
    shadowed.is_some()
}

fn is_claimed_twice(
    routes: &[RouteSettings],
    route: &RouteSettings,
    key: &Key,
    problems: &mut Problems<'_>,
) -> bool {
    let mut matcher = matchit::Router::new();
    for other in routes {
        let share = other.methods.is_empty()
            || route.methods.is_empty()
            || other.methods.iter().any(|method| route.methods.contains(method));
        if share || other.template != route.template {
            // Templates that differ only in method are told apart by it; the first of each counts here.
            let _ = matcher.insert(other.template.as_str(), share);
        }
    }
    let Err(error) = matcher.insert(route.template.as_str(), true) else { return false };
    let fix = "let the routes differ in their methods or in a fixed segment";
    problems.add(key, format!("`{}` is taken by an earlier route: {error}", route.template), fix);
    true
}

impl RawRoute {
    fn settle(
        self,
        providers: &IndexMap<String, ProviderSettings>,
        upstreams: &IndexMap<String, UpstreamSettings>,
        policies: &Policies,
        key: &Key,
        problems: &mut Problems<'_>,
    ) -> Option<RouteSettings> {
        let matching = self.matching.unwrap_or_default();
        let match_key = key.then("match");
        let methods = methods(matching.methods, &match_key.then("methods"), problems);
        let upstream = self.upstream.unwrap_or_default();
        if upstream.is_empty() {
            problems.add(key, "the route leads nowhere", "add `upstream: NAME`");
        } else {
            is_known_upstream(&upstream, upstreams, &key.then("upstream"), problems);
        }
        let headers = self.headers.unwrap_or_default();
        let headers = headers.settle(&key.then("headers"), Phase::Route, problems);
        let require = self.require;
        let require = require.map(|it| it.settle(providers, &key.then("require"), problems));
        let timeout = self.timeout.and_then(|t| t.settle(&key.then("timeout"), problems));
        let authorize = authorize::settle(self.authorize, Phase::Route, key, problems);
        let masks = masks::settle_of_route(self.masks, key, problems);
        let own = policies.known(self.policies, &key.then("policies"), problems);
        let Some(template) = matching.path.filter(|path| path.starts_with('/')) else {
            let fix = "add `match: { path: \"/orders/{id}\" }`";
            problems.add(&match_key, "the route has no path that begins with `/`", fix);
            return None;
        };
        let cors = self.cors.map(|cors| {
            let of_route = if methods.is_empty() { &ALL_METHODS } else { methods.as_slice() };
            Arc::new(cors.settle(of_route, &key.then("cors"), problems))
        });
        let limits = policies.limits(Door::Routes, &own);
        let ip = policies.ip(Door::Routes, &own);
        let counting = policies.counting(Door::Routes, &own);
        Some(RouteSettings {
            template,
            methods,
            upstream,
            headers,
            require,
            timeout,
            limits,
            ip,
            policies: counting,
            cost: self.cost.unwrap_or(1).into(),
            cors,
            csrf: self.csrf.unwrap_or(true),
            authorize,
            masks,
        })
    }
}

fn methods(raw: Option<Vec<String>>, key: &Key, problems: &mut Problems<'_>) -> Vec<Method> {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let mut methods = Vec::new();
    for (i, text) in raw.unwrap_or_default().into_iter().enumerate() {
        match Method::from_bytes(text.as_bytes()) {
            Ok(method) if known.contains(&method.as_str()) => methods.push(method),
            _ => {
                let fix = format!("use `{}`", known.join("`, `"));
                problems.add(&key.then(i), format!("`{text}` is not a method"), fix);
            }
        }
    }
    methods
}
