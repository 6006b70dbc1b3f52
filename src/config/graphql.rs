//! The GraphQL door: its path, what it shows of itself, and which errors it lets out.
//!
//! **In:** `graphql`. **Out:** [`GraphqlSettings`].
//!
//! **Never here:** operation limits (`policies`).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::Method;
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};

use super::authorization::{AuthorizationSettings, RawAuthorization};
use super::authorize::{self, Authorize};
use super::cors::{CorsSettings, RawCors};
use super::cost::{CostSettings, RawCost};
use super::identity::{ProviderSettings, RawRequire, Require};
use super::merge::{MergeSettings, RawMergeRequests};
use super::planning::{PlanningSettings, RawPlanning};
use super::report::{Key, Problems};
use super::warm::{RawWarm, WarmSettings};
use crate::expressions::{Condition, Phase};

/// `graphql` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Graphql")]
pub(super) struct RawGraphql {
    /// The path of the GraphQL door. Default: `/graphql`.
    pub path: Option<String>,
    /// Whether clients may ask for the schema: `true`, `false`, or a condition. Default: `false`.
    pub introspection: Option<RawIntrospection>,
    /// Whether the query page answers at `/`, with plans and graph status for everyone who can reach it. Default: `false`.
    pub ide: Option<bool>,
    /// Whether answers carry a `Server-Timing` header that names each fetch and its time. Default: `false`.
    pub server_timing: Option<bool>,
    /// Which pages of other origins may ask. Default: none.
    pub cors: Option<RawCors>,
    /// Whether a `GET` that a page of another origin could have a browser send is refused. Default: `true`.
    pub csrf: Option<bool>,
    /// Who is let in. Default: everyone.
    pub require: Option<RawRequire>,
    /// A condition that must hold for a request to be let in: an expression over `request` and `consumer`. What cannot be decided is refused.
    pub authorize: Option<String>,
    /// What of a subgraph's errors reaches clients.
    pub errors: Option<RawErrors>,
    /// What callers may see of the graph.
    pub authorization: Option<RawAuthorization>,
    /// What operations cost.
    pub cost: Option<RawCost>,
    /// What planning an operation may cost.
    pub planning: Option<RawPlanning>,
    /// What is prepared before a new graph takes over.
    pub warm: Option<RawWarm>,
    /// Which identical requests of one moment become one.
    pub merge: Option<RawMergeRequests>,
}

/// `graphql.introspection` as written.
#[derive(Debug)]
pub(super) enum RawIntrospection {
    Bool(bool),
    Condition(String),
}

/// `graphql.errors` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Errors")]
pub(super) struct RawErrors {
    /// Whether the messages and extensions of subgraph errors are withheld from clients. The log gets them all. Default: `true`.
    pub mask: Option<bool>,
    /// The extensions of subgraph errors that pass although errors are masked. Default: `[code]`.
    pub allow_extensions: Option<Vec<String>>,
}

/// The GraphQL door.
#[derive(Debug, Clone)]
pub struct GraphqlSettings {
    /// Begins with `/`, holds no template.
    pub path: String,
    /// Whether introspection is answered.
    pub introspection: Introspection,
    /// Whether the query page, plans and status are served.
    pub ide: bool,
    /// With what the query page opens. No key of the file: a demo fills it, whose callers are for everyone.
    pub tabs: Vec<Tab>,
    /// Whether answers carry `Server-Timing`.
    pub server_timing: bool,
    /// Which pages of other origins may ask.
    pub cors: Option<Arc<CorsSettings>>,
    /// Whether a `GET` must be meant.
    pub csrf: bool,
    /// Who is let in; none for everyone.
    pub require: Option<Require>,
    /// What must hold for a request to be let in.
    pub authorize: Option<Authorize>,
    /// Which errors pass.
    pub errors: ErrorSettings,
    /// What callers may see of the graph.
    pub authorization: AuthorizationSettings,
    /// What operations cost.
    pub cost: CostSettings,
    /// What planning an operation may cost.
    pub planning: PlanningSettings,
    /// What is prepared before a new graph takes over.
    pub warm: WarmSettings,
    /// Which identical requests of one moment become one.
    pub merge: MergeSettings,
}

/// A tab of the query page.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Tab {
    /// Who asks.
    pub name: String,
    /// What.
    pub query: String,
    /// The headers that say who asks.
    pub headers: IndexMap<String, String>,
}

/// Nothing of the headers: they are credentials.
impl fmt::Debug for Tab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tab").field("name", &self.name).finish_non_exhaustive()
    }
}

/// For whom introspection is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Introspection {
    /// For nobody.
    Never,
    /// For everyone.
    Always,
    /// For requests that the condition holds for.
    When(Condition),
}

/// What of a subgraph's errors reaches clients.
#[derive(Debug, Clone)]
pub struct ErrorSettings {
    /// Withhold messages and extensions.
    pub mask: bool,
    /// Extensions that pass although masked.
    pub allow_extensions: Vec<String>,
}

impl RawGraphql {
    pub(super) fn settle(
        self,
        providers: &IndexMap<String, ProviderSettings>,
        problems: &mut Problems<'_>,
    ) -> GraphqlSettings {
        let key = Key::default().then("graphql");
        let path = self.path.unwrap_or_else(|| "/graphql".to_owned());
        let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
        if !path.starts_with('/') || path.len() < 2 || !path.chars().all(plain) {
            problems.add(
                &key.then("path"),
                format!("`{path}` is not a path of its own"),
                "begin with `/` and use letters, digits, `-`, `_`, `.` and `/`: `/graphql`",
            );
        }
        let errors = self.errors.unwrap_or_default();
        let require = self.require;
        GraphqlSettings {
            path,
            introspection: match self.introspection {
                Some(raw) => raw.settle(&key.then("introspection"), problems),
                None => Introspection::Never,
            },
            cors: self.cors.map(|cors| {
                Arc::new(cors.settle(&[Method::GET, Method::POST], &key.then("cors"), problems))
            }),
            csrf: self.csrf.unwrap_or(true),
            ide: self.ide.unwrap_or(false),
            tabs: Vec::new(),
            server_timing: self.server_timing.unwrap_or(false),
            require: require
                .map(|require| require.settle(providers, &key.then("require"), problems)),
            authorize: authorize::settle(self.authorize, Phase::Request, &key, problems),
            errors: ErrorSettings {
                mask: errors.mask.unwrap_or(true),
                allow_extensions: errors
                    .allow_extensions
                    .unwrap_or_else(|| vec!["code".to_owned()]),
            },
            authorization: (self.authorization.unwrap_or_default())
                .settle(&key.then("authorization"), problems),
            cost: self.cost.map_or_else(CostSettings::unused, RawCost::settle),
            planning: self.planning.unwrap_or_default().settle(&key.then("planning"), problems),
            warm: self.warm.unwrap_or_default().settle(&key.then("warm"), problems),
            merge: self.merge.unwrap_or_default().settle(),
        }
    }
}

impl RawIntrospection {
    fn settle(self, key: &Key, problems: &mut Problems<'_>) -> Introspection {
        match self {
            Self::Bool(true) => Introspection::Always,
            Self::Bool(false) => Introspection::Never,
            Self::Condition(text) => match Condition::compile(&text, Phase::Request) {
                Ok(condition) => Introspection::When(condition),
                Err(error) => {
                    let fix = "write `true`, `false`, or a condition such as \
                               `'\"developer\" in consumer.roles'`";
                    problems.add(key, error.to_string(), fix);
                    Introspection::Never
                }
            },
        }
    }
}

impl<'de> Deserialize<'de> for RawIntrospection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntrospectionVisitor)
    }
}

struct IntrospectionVisitor;

impl Visitor<'_> for IntrospectionVisitor {
    type Value = RawIntrospection;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`true`, `false` or a condition")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<RawIntrospection, E> {
        Ok(RawIntrospection::Bool(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawIntrospection, E> {
        Ok(RawIntrospection::Condition(text.to_owned()))
    }
}

impl JsonSchema for RawIntrospection {
    fn schema_name() -> Cow<'static, str> {
        "Introspection".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["boolean", "string"] })
    }
}
