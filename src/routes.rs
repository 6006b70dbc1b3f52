//! The REST door: finds the route of a request and passes the message through.
//!
//! **In:** path, method, headers and the client's body as a stream. **Out:** the upstream's answer as a stream.
//!
//! **Never here:** the request id, limits, log and metrics: both doors share them (`server`, `pipeline`).
//!
//! **Holds:** neither body is ever held whole. A path with dot segments is refused before it is matched,
//! so that no upstream resolves it to a place that no route names.
//!
//! **Read first:** [`Routes::find`], [`Route::pass`].

mod masking;

use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Response};
use matchit::Router;
use thiserror::Error;

use crate::admission::{Admission, DoorLimits};
use crate::config::{
    Authorize, CorsSettings, HeaderRule, HeaderRules, IpRules, Limits, Require, RouteSettings,
};
use crate::expressions::Scope;
use crate::masks::{JsonFilter, PathMask};
use crate::telemetry::{DoorMetrics, FetchMetrics, Metrics};
use crate::upstream::{
    Outgoing, OutgoingBody, PooledBody, Repeat, Upstream, UpstreamError, Upstreams, headers,
};

pub use masking::Unmaskable;

/// All routes, by path.
#[derive(Debug)]
pub struct Routes {
    by_path: Router<Vec<Arc<Route>>>,
}

/// One route.
#[derive(Debug)]
pub struct Route {
    /// Its path template, which is also its name.
    pub name: Arc<str>,
    /// Who is let in; none for everyone.
    pub require: Option<Require>,
    /// What a request may be.
    pub limits: Limits,
    /// Whom it lets in.
    pub ip: IpRules,
    /// What its callers pay with.
    pub admission: DoorLimits,
    /// What a request pays.
    pub cost: u64,
    /// Which pages of other origins may ask; none: the upstream says.
    pub cors: Option<Arc<CorsSettings>>,
    /// Whether a request must come from a page of its own, if from any.
    pub csrf: bool,
    /// What must hold for a request to be let in.
    pub authorize: Option<Authorize>,
    /// Where its requests are counted.
    pub metrics: Arc<DoorMetrics>,
    /// Where its requests to the upstream are counted.
    pub fetch_metrics: FetchMetrics,
    methods: Vec<Method>,
    upstream: Arc<Upstream>,
    rules: HeaderRules,
    masks: Vec<PathMask>,
    timeout: Option<Duration>,
}

/// What a path leads to.
#[derive(Debug)]
pub enum Found {
    /// A route, with the values of its template.
    Route(Arc<Route>, Vec<(String, String)>),
    /// There are routes, for these methods.
    OtherMethods(String),
    /// Nothing.
    Nothing,
}

/// An answer on its way to the client.
#[derive(Debug)]
pub struct Passed {
    /// The upstream's answer; its head is ready.
    pub response: Response<PooledBody>,
    /// What its body is to go through.
    pub filter: Option<Box<JsonFilter>>,
}

/// Why a request on a route has no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RouteError {
    /// The upstream gave none.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// It cannot be masked.
    #[error(transparent)]
    Unmaskable(#[from] Unmaskable),
}

impl Routes {
    /// The routes of a configuration.
    pub fn new(
        routes: &[RouteSettings],
        all: &HeaderRules,
        upstreams: &Upstreams,
        metrics: &Arc<Metrics>,
        admission: &Admission,
    ) -> Self {
        let mut templates: Vec<(&str, Vec<Arc<Route>>)> = Vec::new();
        for settings in routes {
            let Some(upstream) = upstreams.by_name(&settings.upstream) else { continue };
            let route = Arc::new(Route::new(settings, all, upstream, metrics, admission));
            match templates.iter_mut().find(|(template, _)| *template == settings.template) {
                Some((_, routes)) => routes.push(route),
                None => templates.push((&settings.template, vec![route])),
            }
        }
        let mut by_path = Router::new();
        for (template, routes) in templates {
            by_path.insert(template, routes).expect("the configuration was checked");
        }
        Self { by_path }
    }

    /// The route for a request.
    pub fn find(&self, method: &Method, path: &str) -> Found {
        let Ok(matched) = self.by_path.at(path) else { return Found::Nothing };
        if let Some(route) = matched.value.iter().find(|route| route.takes(method)) {
            let params =
                matched.params.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
            return Found::Route(Arc::clone(route), params.collect());
        }
        let methods = matched.value.iter().flat_map(|route| &route.methods);
        Found::OtherMethods(methods.map(Method::as_str).collect::<Vec<_>>().join(", "))
    }
}

impl Route {
    fn new(
        settings: &RouteSettings,
        all: &HeaderRules,
        upstream: &Arc<Upstream>,
        metrics: &Arc<Metrics>,
        admission: &Admission,
    ) -> Self {
        let chain =
            |all: &[HeaderRule], own: &[HeaderRule]| all.iter().chain(own).cloned().collect();
        Self {
            name: settings.template.as_str().into(),
            require: settings.require.clone(),
            limits: settings.limits,
            ip: settings.ip.clone(),
            admission: admission.door(&settings.policies),
            cost: settings.cost,
            cors: settings.cors.clone(),
            csrf: settings.csrf,
            authorize: settings.authorize.clone(),
            metrics: Arc::new(DoorMetrics::new(metrics, "route", &settings.template)),
            fetch_metrics: FetchMetrics::new(metrics, upstream.name()),
            methods: settings.methods.clone(),
            upstream: Arc::clone(upstream),
            rules: HeaderRules {
                request: chain(&all.request, &settings.headers.request),
                response: chain(&all.response, &settings.headers.response),
            },
            masks: settings.masks.clone(),
            timeout: settings.timeout,
        }
    }

    /// The pool that answers.
    pub fn upstream(&self) -> &Arc<str> {
        self.upstream.name()
    }

    /// Passes a request on, and the head of the answer back; its body follows as it comes.
    ///
    /// # Errors
    /// When the upstream gives no answer, or one whose values would have to be masked and cannot be.
    pub async fn pass(
        &self,
        scope: &Scope<'_>,
        path: PathAndQuery,
        body: OutgoingBody,
    ) -> Result<Passed, RouteError> {
        let hiding: Vec<PathMask> = self.hiding(scope).cloned().collect();
        let headers = self.headers(scope, !hiding.is_empty());
        let is_repeatable = matches!(*scope.method, Method::GET | Method::HEAD | Method::OPTIONS);
        let outgoing = Outgoing {
            method: scope.method.clone(),
            path,
            head: headers.into(),
            body,
            repeat: if is_repeatable { Repeat::Safe } else { Repeat::Never },
            timeout: self.timeout,
        };
        let mut response = self.upstream.send(outgoing).await?;
        let status = response.status();
        let is_filtered = !hiding.is_empty() && masking::prepare(status, response.headers_mut())?;
        headers::from_route(status, response.headers_mut(), scope, &self.rules.response);
        let filter = is_filtered.then(|| Box::new(JsonFilter::new(hiding.into())));
        Ok(Passed { response, filter })
    }

    /// The headers that a request would have, masked or not, but for those that only a connection and a body
    /// decide. Of the gateway's own credential only the place is told.
    pub fn would_send(&self, scope: &Scope<'_>, is_masked: bool) -> HeaderMap {
        let mut headers = self.headers(scope, is_masked);
        self.upstream.mark_credential(&mut headers);
        headers
    }

    fn headers(&self, scope: &Scope<'_>, is_masked: bool) -> HeaderMap {
        let mut headers = headers::to_route(scope, &self.rules.request);
        if is_masked {
            masking::ask(&mut headers);
        }
        headers
    }

    /// The masks of its answers.
    pub fn masks(&self) -> &[PathMask] {
        &self.masks
    }

    /// Those that hide something from a request.
    pub fn hiding<'a>(&'a self, scope: &Scope<'_>) -> impl Iterator<Item = &'a PathMask> {
        self.masks.iter().filter(move |mask| mask.mask.hides(scope))
    }

    fn takes(&self, method: &Method) -> bool {
        // Who may read may also ask for the head alone.
        let is_head = method == Method::HEAD && self.methods.contains(&Method::GET);
        self.methods.is_empty() || is_head || self.methods.contains(method)
    }
}

/// Whether a segment of the path stands for another place, plainly or encoded.
pub fn has_dot_segments(path: &str) -> bool {
    path.split(['/', '\\']).any(|segment| {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        plain == "." || plain == ".." || segment.contains("%2f") || segment.contains("%2F")
    })
}

#[cfg(test)]
mod tests {
    use super::has_dot_segments;

    #[test]
    fn a_path_cannot_leave_its_template() {
        for path in ["/orders/..", "/orders/%2e%2E/admin", "/./x", "/a%2fb", "/a\\..\\b"] {
            assert!(has_dot_segments(path), "{path}");
        }
        for path in ["/orders/7", "/orders/...", "/orders/.well-known", "/"] {
            assert!(!has_dot_segments(path), "{path}");
        }
    }
}
