//! Who answers for a connector, and what the configuration says of it.
//!
//! **In:** a connector of the schema, the configuration, an upstream. **Out:** [`RestSource`].
//!
//! **Never here:** finding the upstream (`graph`), asking it (`errand`).
//!
//! **Holds:** what `$config` and `$env` hold is shown in no log and no error.
//!
//! **Read first:** [`RestSource`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use composition::{Connector, ConnectorKind, HeaderValue};
use http::{HeaderMap, HeaderName, Method};
use mapping::{
    Address, AddressError, Given, Inputs, Json, Limits, Mapping, Place, Source, UrlTemplate,
    Variable,
};

use super::arguments::owned;
use super::{errand, request, response};
use crate::config::HeaderRule;
use crate::expressions::Scope;
use crate::telemetry::FetchMetrics;
use crate::upstream::Upstream;

/// Who answers for one connector, and how it is asked.
pub struct RestSource {
    /// What the schema says.
    pub(super) connector: Arc<Connector>,
    /// Whom it asks; nobody, if it is computed without a request.
    pub(super) upstream: Arc<Upstream>,
    /// The rest of what is said of it.
    pub(super) terms: RestTerms,
    /// Its place in the schema, as errors name it.
    pub(super) coordinate: Arc<str>,
    pub(super) reads: Reads,
}

/// What the configuration says of a source.
pub struct RestTerms {
    /// The subgraph's name.
    pub name: Arc<str>,
    /// What its requests are counted under: `subgraph.source`, or the subgraph.
    pub budget: Arc<str>,
    /// How many of them one operation may cause.
    pub max_requests: usize,
    /// Scheme, host and port of its requests, for people; empty if it makes none.
    pub origin: String,
    /// Instead of the schema's `baseURL`.
    pub base: Option<UrlTemplate>,
    /// `$config` and `$env`.
    pub values: Arc<Values>,
    /// Rules for headers to it, which win over those of the schema, all in order.
    pub request_headers: Vec<HeaderRule>,
    /// Instead of the upstream's.
    pub timeout: Option<Duration>,
    /// What evaluating one mapping may cost.
    pub limits: Limits,
    /// Where its requests are counted.
    pub metrics: FetchMetrics,
}

/// Values that the operator gives to mappings.
#[derive(Default)]
pub struct Values {
    pub(super) config: Json<'static>,
    pub(super) env: Json<'static>,
}

/// Which variables are worth making.
#[derive(Debug, Default)]
pub(super) struct Reads {
    pub(super) request: bool,
    pub(super) context: bool,
    pub(super) response: bool,
}

impl Values {
    /// `$config`, and the variables of the environment that `$env` may show.
    #[must_use]
    pub fn new(
        config: &serde_json::Value,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let env = env.into_iter().map(|(name, value)| (name.into(), Json::String(value.into())));
        Self { config: owned(config), env: Json::Object(env.collect()) }
    }

    /// The inputs that hold for every request.
    pub(super) fn inputs(&self) -> Inputs<'_> {
        Inputs::default().with(Variable::Config, &self.config).with(Variable::Env, &self.env)
    }
}

impl RestSource {
    /// What answers for a connector.
    #[must_use]
    pub fn new(connector: &Arc<Connector>, upstream: Arc<Upstream>, terms: RestTerms) -> Self {
        Self {
            coordinate: connector.full_coordinate().into(),
            reads: Reads::of(connector),
            connector: Arc::clone(connector),
            upstream,
            terms,
        }
    }

    /// Where its requests go, by the schema and the operator's values: scheme, host and port; none if it makes
    /// no requests.
    ///
    /// # Errors
    /// When the values make no URL.
    pub fn origin(
        connector: &Connector,
        base: Option<&UrlTemplate>,
        values: &Values,
        limits: Limits,
    ) -> Result<Option<String>, AddressError> {
        let Some(address) = connector.address() else { return Ok(None) };
        // Only the operator's values can stand in an origin.
        let address =
            Address { base: base.or(address.base), url: address.url, ..Address::default() };
        address.expand(&values.inputs(), limits).map(|address| Some(address.origin))
    }

    /// What makes up the address of its requests.
    pub(super) fn address(&self) -> Option<Address<'_>> {
        let address = self.connector.address()?;
        Some(Address { base: self.terms.base.as_ref().or(address.base), ..address })
    }

    /// The template of the URL that its requests go to; empty if it makes none.
    #[must_use]
    pub fn template(&self) -> String {
        let address = self.address();
        let part = |url: Option<&UrlTemplate>| url.map(ToString::to_string).unwrap_or_default();
        let (base, own) = address.map_or((None, None), |address| (address.base, address.url));
        match own.is_some_and(UrlTemplate::is_absolute) {
            true => part(own),
            false => part(base) + &part(own),
        }
    }

    /// The method and the headers of its requests, as far as they are known before anything is fetched: what
    /// arguments and other objects give is left out. None if it makes no requests.
    #[must_use]
    pub fn would_send(&self, scope: &Scope<'_>) -> Option<(Method, HeaderMap)> {
        let headers = self.reads.request.then(|| response::of_headers(scope.headers));
        let context = self.reads.context.then(|| errand::context(scope));
        let mut inputs = self.terms.values.inputs();
        let variables =
            [(Variable::Request, headers.as_ref()), (Variable::Context, context.as_ref())];
        for (variable, value) in variables {
            if let Some(value) = value {
                inputs = inputs.with(variable, value);
            }
        }
        let (method, headers) = request::outline(self, &inputs, scope)?;
        Some((method, self.upstream.would_send(headers.into())))
    }

    /// Whether any header of the client may decide what is asked.
    #[must_use]
    pub fn reads_all_headers(&self) -> bool {
        self.reads.request
    }

    /// Whether it reads who asks, or the name of the request.
    #[must_use]
    pub fn reads_context(&self) -> bool {
        self.reads.context
    }

    /// The headers of the client that go along.
    pub fn copied_headers(&self) -> impl Iterator<Item = HeaderName> {
        let headers = self.connector.request.iter().flat_map(|request| &request.headers);
        headers.filter_map(|header| match &header.value {
            HeaderValue::From(name) => HeaderName::from_bytes(name.as_bytes()).ok(),
            HeaderValue::Template(_) => None,
        })
    }

    /// The values of the operator, in all forms that they may have in a request: nobody may see them.
    pub(super) fn secrets(&self) -> Vec<String> {
        let mut secrets = Vec::new();
        gather(&self.terms.values.config, &mut secrets);
        gather(&self.terms.values.env, &mut secrets);
        // A longer one may contain a shorter one.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets
    }

    /// Whether one request may answer many entities.
    pub(super) fn is_batch(&self) -> bool {
        matches!(self.connector.kind, ConnectorKind::Batch { .. })
    }
}

impl fmt::Debug for RestSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestSource").field("coordinate", &self.coordinate).finish_non_exhaustive()
    }
}

impl Reads {
    fn of(connector: &Connector) -> Self {
        let mut reads = Self::default();
        let place = Place::Response(mapping::Connector::Field);
        let mut note = |mapping: &Mapping| {
            for read in mapping.check(&Given::at(place)).reads {
                match read.source {
                    Source::Variable(Variable::Request) => reads.request = true,
                    Source::Variable(Variable::Context) => reads.context = true,
                    Source::Variable(Variable::Response) => reads.response = true,
                    _ => {}
                }
            }
        };
        let errors = &connector.errors;
        let own = [Some(&connector.selection), connector.is_success.as_ref()];
        own.into_iter().flatten().for_each(&mut note);
        errors.message.iter().chain(&errors.extensions).for_each(&mut note);
        if let Some(source) = &connector.source {
            source.base_url.expressions().for_each(|(mapping, _)| note(mapping));
            source.path.iter().chain(&source.query).for_each(&mut note);
        }
        if let Some(request) = &connector.request {
            request.url.expressions().for_each(|(mapping, _)| note(mapping));
            request.path.iter().chain(&request.query).chain(&request.body).for_each(&mut note);
            for header in &request.headers {
                if let HeaderValue::Template(template) = &header.value {
                    template.expressions().for_each(|(mapping, _)| note(mapping));
                }
            }
        }
        reads
    }
}

/// The texts in a value, as they are, as in a URL, in a form and in JSON.
fn gather(json: &Json<'_>, texts: &mut Vec<String>) {
    /// So short a text would hide what has nothing to do with it.
    const TOO_SHORT: usize = 3;
    match json {
        Json::String(text) if text.len() > TOO_SHORT => {
            let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
            let in_url = text.bytes().map(|byte| match is_plain(&byte) {
                true => char::from(byte).to_string(),
                false => format!("%{byte:02X}"),
            });
            let in_form = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            let in_json = serde_json::to_string(text).unwrap_or_default();
            let in_json = in_json.trim_matches('"').to_owned();
            texts.extend([text.clone().into_owned(), in_url.collect(), in_form, in_json]);
        }
        Json::Array(elements) => elements.iter().for_each(|element| gather(element, texts)),
        Json::Object(members) => members.iter().for_each(|(_, value)| gather(value, texts)),
        _ => {}
    }
}
