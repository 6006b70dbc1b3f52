//! The configuration file as written, and as settled.
//!
//! **In:** a YAML file, the environment.
//! **Out:** [`Settings`]: defaults filled, values checked, paths resolved; or everything that is wrong,
//! each with file, line, column and the fix.
//!
//! **Never here:** reading schemas, opening sockets. Only settled values leave this room.
//!
//! **Holds:** a key that is accepted does something; one that is not known is refused. Paths are
//! relative to the file.
//!
//! **Read first:** [`Settings::load`].

mod admission;
mod authorization;
mod caller_key;
mod client_address;
mod connectors;
mod credentials;
mod cors;
mod cost;
mod graphql;
mod headers;
mod identity;
mod labels;
mod authorize;
mod limits;
mod listen;
mod masks;
mod merge;
mod networks;
mod one_or_list;
mod planning;
mod policies;
mod routes;
mod spending;
mod store;
mod supergraph;
mod telemetry;
mod tls;
mod upstreams;
mod warm;

mod decode;
mod interpolate;
mod json_schema;
mod node;
mod quantity;
mod report;
mod suggest;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::expressions::{Condition, Expression, Read};

use node::Node;
use policies::{Door, Policies};
use report::{Key, Problems};

pub use admission::{AdmissionPolicy, AdmissionSettings};
pub use authorization::{AuthorizationMode, AuthorizationSettings};
pub use authorize::Authorize;
pub use caller_key::{KeyPart, KeySettings};
pub use client_address::{ClientAddressSettings, ForwardingHeader, tells_of_the_way};
pub use connectors::{ConnectorSettings, OperatorValues, RestSourceSettings};
pub use cors::CorsSettings;
pub use cost::{CostSettings, CostTold};
pub use credentials::{ClientCredentials, CredentialSettings};
pub use graphql::{ErrorSettings, GraphqlSettings, Introspection, Tab};
pub use headers::{HeaderRule, HeaderRules, Merge};
pub use identity::{
    ApiKeySettings, CertificateName, CertificateSettings, ClaimNames, IntrospectionSettings,
    JwtAlgorithm, JwtKeys, JwtSettings, Place, ProviderKind, ProviderSettings, Refresh, Require,
    Secret, store_file,
};
pub use interpolate::Environment;
pub use json_schema::{json_schema, language_server_line};
pub use labels::LabelRule;
pub use limits::ServerLimits;
pub use listen::{ListenSettings, ListenerSettings};
pub use masks::FieldMask;
pub use merge::MergeSettings;
pub use networks::IpRules;
pub use node::Position;
pub use planning::PlanningSettings;
pub use policies::{Bounds, Limits};
pub use quantity::duration;
pub use report::{ConfigError, ConfigErrors};
pub use routes::RouteSettings;
pub use spending::{ConcurrencySettings, Period, SpendingLimit, WindowSettings};
pub use store::StoreSettings;
pub use suggest::nearest;
pub use supergraph::{Destination, SubgraphSettings, SupergraphSettings};
pub use telemetry::{LogFormat, TelemetrySettings};
pub use tls::{CertificateFiles, ClientCertificates, TlsSettings};
pub use upstreams::{HttpVersion, TimeoutSettings, UpstreamSettings};
pub use warm::WarmSettings;

/// The file as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    title = "Graphloom configuration",
    description = "The file that `graphloom serve` reads."
)]
struct RawSettings {
    /// The version of this vocabulary: 1.
    version: Option<u32>,
    /// Where clients connect: an address, one with `tls`, or a list of these. Default: `127.0.0.1:4000`.
    listen: Option<listen::RawListen>,
    /// The port for operators.
    admin: Option<listen::RawAdmin>,
    /// Whose word counts on where a client is.
    client_address: Option<client_address::RawClientAddress>,
    /// How many threads serve clients. Default: one for each processor that this process may use.
    workers: Option<u32>,
    /// The GraphQL door.
    graphql: Option<graphql::RawGraphql>,
    /// What the graph is made of: exactly one of `subgraphs`, `file` and `directory`.
    supergraph: Option<supergraph::RawSupergraph>,
    /// Named pools of connections, shared by subgraphs and routes.
    upstreams: Option<IndexMap<String, upstreams::RawUpstream>>,
    /// The REST sources that schemas declare.
    connectors: Option<connectors::RawConnectors>,
    /// Header rules for all upstream traffic.
    headers: Option<headers::RawHeaders>,
    /// Who vouches for callers, by name.
    identity: Option<IndexMap<String, identity::RawProvider>>,
    /// Named limits and lists of clients.
    policies: Option<IndexMap<String, policies::RawPolicy>>,
    /// Which policies apply to which door.
    apply: Option<policies::RawApply>,
    /// Where rate limits count.
    rate_limits: Option<admission::RawStore>,
    /// REST passthrough.
    routes: Option<Vec<routes::RawRoute>>,
    /// Values that callers may not see as they are.
    masks: Option<Vec<masks::RawMask>>,
    /// The bounds of the server itself.
    limits: Option<limits::RawServerLimits>,
    /// Logs.
    telemetry: Option<telemetry::RawTelemetry>,
}

/// A whole configuration, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file it came from.
    pub file: PathBuf,
    /// The text of the file, by which a change is told; as secret as what people write into it.
    pub text: Secret,
    /// What `${...}` stood for: nobody is shown it, for it may be secret.
    pub interpolated: Vec<Secret>,
    /// Where to listen.
    pub listen: ListenSettings,
    /// Whose word counts on where a client is.
    pub client_address: ClientAddressSettings,
    /// What opens the admin API; closed if none.
    pub admin_key: Option<Secret>,
    /// How many threads serve clients.
    pub workers: NonZeroUsize,
    /// The GraphQL door.
    pub graphql: GraphqlSettings,
    /// What a request to the GraphQL door may be.
    pub graphql_limits: Limits,
    /// Whom the GraphQL door lets in.
    pub graphql_ip: IpRules,
    /// What callers pay with, at both doors.
    pub admission: AdmissionSettings,
    /// What the graph is made of.
    pub supergraph: SupergraphSettings,
    /// For which requests labels of progressive overrides are on.
    pub override_labels: IndexMap<String, LabelRule>,
    /// Named pools.
    pub upstreams: IndexMap<String, UpstreamSettings>,
    /// The REST sources that schemas declare.
    pub connectors: ConnectorSettings,
    /// Header rules for all upstream traffic.
    pub headers: HeaderRules,
    /// Who vouches for callers, in the order of the file.
    pub identity: IndexMap<String, ProviderSettings>,
    /// REST passthrough, in the order of the file.
    pub routes: Vec<RouteSettings>,
    /// Masks of fields of the graph, in the order of the file. Those of paths are with the routes.
    pub masks: Vec<FieldMask>,
    /// The bounds of the server.
    pub limits: ServerLimits,
    /// Logs.
    pub telemetry: TelemetrySettings,
}

impl Settings {
    /// Reads a file, with the variables of this process.
    ///
    /// # Errors
    /// Everything that is wrong in the file, or that it cannot be read.
    pub fn load(file: &Path) -> Result<Self, ConfigErrors> {
        match std::fs::read_to_string(file) {
            Ok(text) => Self::parse(file, &text),
            Err(error) => {
                let mut problems = Problems::new(file, "");
                problems.add_at(
                    Position::START,
                    format!("cannot read the file: {error}"),
                    "name another with `--config FILE`, or write one with `graphloom add NAME URL`",
                );
                Err(problems.finish().expect_err("one problem was added"))
            }
        }
    }

    /// Reads the text of a file, with the variables of this process.
    ///
    /// # Errors
    /// Everything that is wrong in the text.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigErrors> {
        Self::read(file, text, &variable)
    }

    /// Reads the text of a file; paths are relative to the file's folder.
    ///
    /// # Errors
    /// Everything that is wrong in the text.
    pub fn read(
        file: &Path,
        text: &str,
        environment: Environment<'_>,
    ) -> Result<Self, ConfigErrors> {
        let folder = file.parent().unwrap_or(Path::new(""));
        let mut problems = Problems::new(file, text);
        let mut tree = match Node::parse(text) {
            Ok(tree) => tree,
            Err(error) => {
                let fix = "mend the YAML at this place";
                problems.add_at(error.position, error.message, fix);
                return Err(problems.finish().expect_err("one problem was added"));
            }
        };
        let sources = interpolate::Sources::new(environment, folder);
        interpolate::interpolate(&mut tree, &sources, &mut problems);
        let raw = match decode::decode::<RawSettings>(&tree) {
            Ok(raw) => raw,
            Err(error) => {
                let position = error.position.unwrap_or(Position::START);
                let key = Key::of(error.path).to_string();
                problems.push(position, key, error.message, error.fix);
                return Err(problems.finish().expect_err("one problem was added"));
            }
        };
        problems.locate_in(&tree);
        let mut settings = settle(raw, file, environment, &mut problems);
        settings.text = Secret::new(text.to_owned());
        settings.interpolated = sources.found.take().into_iter().map(Secret::new).collect();
        problems.finish()?;
        Ok(settings)
    }
}

fn settle(
    raw: RawSettings,
    file: &Path,
    environment: Environment<'_>,
    problems: &mut Problems<'_>,
) -> Settings {
    let folder = file.parent().unwrap_or(Path::new(""));
    if let Some(version) = raw.version.filter(|version| *version != 1) {
        problems.add(
            &Key::default().then("version"),
            format!("version {version} of the configuration is not known"),
            "write `version: 1`",
        );
    }
    let admin_key = listen::admin_key(raw.admin.as_ref(), problems);
    let listen = listen::settle(raw.listen, raw.admin, folder, problems);
    let workers = listen::workers(raw.workers, problems);
    let identity = identity::settle(raw.identity.unwrap_or_default(), folder, problems);
    identity::check_certificates(&identity, &listen, problems);
    let mut graphql = raw.graphql.unwrap_or_default().settle(&identity, problems);
    let upstreams = upstreams::settle(raw.upstreams.unwrap_or_default(), folder, problems);
    let connectors = raw.connectors.unwrap_or_default();
    let connectors = connectors.settle(&upstreams, environment, problems);
    let policies = Policies::settle(
        raw.policies.unwrap_or_default(),
        raw.apply.unwrap_or_default(),
        folder,
        problems,
    );
    let admission = policies.admission(raw.rate_limits.unwrap_or_default().settle(problems));
    graphql.cost.is_used |= admission.counts_operations();
    let mut supergraph = raw.supergraph.unwrap_or_default();
    let override_labels = labels::settle(supergraph.override_labels.take(), problems);
    let supergraph = supergraph.settle(folder, &upstreams, problems);
    let routes = raw.routes.unwrap_or_default();
    let mut routes = routes::settle(routes, &graphql, &identity, &upstreams, &policies, problems);
    let (masks, path_masks) = masks::settle(raw.masks, problems);
    for route in &mut routes {
        route.masks.splice(0..0, path_masks.iter().cloned());
    }
    let headers = raw.headers.unwrap_or_default();
    let key = Key::default().then("headers");
    let headers = headers.settle(&key, crate::expressions::Phase::Request, problems);
    let to_upstreams = supergraph.request_rules().chain(&headers.request);
    let to_upstreams = to_upstreams.chain(routes.iter().flat_map(|route| &route.headers.request));
    let client_address = raw.client_address.unwrap_or_default().settle(to_upstreams, problems);
    let all_rules = identity::AllRules { all: &headers, supergraph: &supergraph, routes: &routes };
    identity::check_forwarding(&identity, &all_rules, problems);
    let graphql_limits = policies.limits(Door::Graphql, &[]);
    graphql.cost.is_used |= graphql_limits.limits_cost() || asks_for_cost(&supergraph, &masks);
    Settings {
        file: file.to_owned(),
        text: Secret::default(),
        interpolated: Vec::new(),
        listen,
        client_address,
        workers,
        graphql,
        graphql_limits,
        graphql_ip: policies.ip(Door::Graphql, &[]),
        admission,
        supergraph,
        override_labels,
        upstreams,
        connectors,
        headers,
        admin_key,
        identity,
        routes,
        masks,
        limits: raw.limits.unwrap_or_default().settle(problems),
        telemetry: raw.telemetry.unwrap_or_default().settle(environment, problems),
    }
}

/// A text of the command line with its `${VAR}` and `${file:path}` replaced.
///
/// # Errors
/// What cannot be replaced, and the fix.
pub fn interpolated(text: &str) -> Result<String, (String, String)> {
    interpolate::interpolated(text, &variable)
}

/// Whether a header rule or a mask asks what an operation costs.
fn asks_for_cost(supergraph: &SupergraphSettings, masks: &[FieldMask]) -> bool {
    let of_rules = supergraph.request_rules().filter_map(|rule| match rule {
        HeaderRule::Set { value, .. } => Some(value),
        HeaderRule::Forward { .. } | HeaderRule::Remove { .. } => None,
    });
    let of_masks = masks.iter().filter_map(|mask| mask.mask.unless.as_ref());
    of_rules
        .flat_map(Expression::reads)
        .chain(of_masks.flat_map(Condition::reads))
        .any(|read| read == Read::Cost)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests;
