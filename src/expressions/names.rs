//! The names and functions that expressions can use.
//!
//! **In:** a group of names and a member, with a phase. **Out:** the [`Name`], or the names that there are.
//!
//! **Never here:** what a name stands for in a request (`term`).
//!
//! **Holds:** this is the complete list; `docs/expressions.md` says it for people.
//!
//! **Read first:** [`NAMES`].

use super::Phase;

/// What stands under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Text,
    Number,
    List,
    Map,
    /// Only an evaluation can tell.
    Unknown,
}

/// A name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    RequestId,
    Method,
    Path,
    PathParams,
    Query,
    Headers,
    ClientIp,
    ConsumerId,
    Consumer,
    Scopes,
    Roles,
    Claims,
    Plan,
    IsAnonymous,
    Route,
    Operation,
    OperationType,
    Cost,
    Args,
    Status,
    ResponseHeaders,
}

/// Group, member, name, kind. A group without a member is a value itself.
pub(super) const NAMES: [(&str, &str, Name, Kind); 21] = [
    ("request", "id", Name::RequestId, Kind::Text),
    ("request", "method", Name::Method, Kind::Text),
    ("request", "path", Name::Path, Kind::Text),
    ("request", "path_params", Name::PathParams, Kind::Map),
    ("request", "query", Name::Query, Kind::Map),
    ("request", "headers", Name::Headers, Kind::Map),
    ("request", "client_ip", Name::ClientIp, Kind::Text),
    ("consumer", "id", Name::ConsumerId, Kind::Text),
    ("consumer", "name", Name::Consumer, Kind::Text),
    ("consumer", "scopes", Name::Scopes, Kind::List),
    ("consumer", "roles", Name::Roles, Kind::List),
    ("consumer", "claims", Name::Claims, Kind::Map),
    ("consumer", "plan", Name::Plan, Kind::Text),
    ("consumer", "anonymous", Name::IsAnonymous, Kind::Bool),
    ("route", "name", Name::Route, Kind::Text),
    ("operation", "name", Name::Operation, Kind::Text),
    ("operation", "type", Name::OperationType, Kind::Text),
    ("operation", "cost", Name::Cost, Kind::Number),
    ("args", "", Name::Args, Kind::Map),
    ("response", "status", Name::Status, Kind::Number),
    ("response", "headers", Name::ResponseHeaders, Kind::Map),
];

/// Called before a parenthesis: `size(x)`.
const GLOBAL: [&str; 16] = [
    "bool",
    "bytes",
    "double",
    "duration",
    "dyn",
    "int",
    "matches",
    "size",
    "string",
    "timestamp",
    "type",
    "uint",
    "optional.of",
    "optional.none",
    "optional.ofNonZeroValue",
    "strings.quote",
];

/// Called on a value: `x.size()`.
const MEMBERS: [&str; 31] = [
    "contains",
    "endsWith",
    "startsWith",
    "matches",
    "size",
    "charAt",
    "indexOf",
    "lastIndexOf",
    "join",
    "lowerAscii",
    "upperAscii",
    "trim",
    "replace",
    "split",
    "substring",
    "format",
    "reverse",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
    "hasValue",
    "value",
    "or",
    "orValue",
];

/// Written like functions, and gone when an expression is parsed.
const MACROS: [&str; 6] = ["has", "all", "exists", "exists_one", "map", "filter"];

/// Names of types, which `type(x)` is compared with.
const TYPES: [&str; 10] =
    ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

impl Phase {
    fn has(self, group: &str, member: &str) -> bool {
        let is_route = matches!(self, Self::Route | Self::RouteResponse);
        match group {
            "request" => member != "path_params" || is_route,
            "consumer" => true,
            "route" => is_route,
            "operation" if member == "cost" => self == Self::Planned,
            "operation" => matches!(self, Self::Operation | Self::Planned | Self::Field),
            "args" => self == Self::Field,
            "response" => matches!(self, Self::Response | Self::RouteResponse),
            _ => false,
        }
    }
}

/// Whether there is such a group in a phase.
pub(super) fn is_group(group: &str, phase: Phase) -> bool {
    there_are(phase).any(|(found, ..)| found == group)
}

/// A member of a group, if its phase has it.
pub(super) fn find(group: &str, member: &str, phase: Phase) -> Option<(Name, Kind)> {
    let found = there_are(phase).find(|(g, m, ..)| (*g, *m) == (group, member));
    found.map(|(_, _, name, kind)| (name, kind))
}

/// The names of a phase, or of one group, for an error.
pub(super) fn known(group: Option<&str>, phase: Phase) -> String {
    let names = there_are(phase).filter(|(found, ..)| group.is_none_or(|group| *found == group));
    let names = names.map(|(group, member, ..)| match member {
        "" => format!("`{group}`"),
        _ => format!("`{group}.{member}`"),
    });
    names.collect::<Vec<_>>().join(", ")
}

fn there_are(phase: Phase) -> impl Iterator<Item = (&'static str, &'static str, Name, Kind)> {
    NAMES.into_iter().filter(move |(group, member, ..)| phase.has(group, member))
}

/// Whether there is a function; `is_member`: called on a value.
pub(super) fn is_function(name: &str, is_member: bool) -> bool {
    // Operators have names that no text can write.
    let is_operator = !name.starts_with(|c: char| c.is_ascii_alphabetic());
    is_operator || if is_member { MEMBERS.contains(&name) } else { GLOBAL.contains(&name) }
}

/// Whether a name before a dot and a function is the first part of that function's name.
pub(super) fn is_namespace(name: &str) -> bool {
    GLOBAL.iter().any(|function| function.split_once('.').is_some_and(|(space, _)| space == name))
}

/// Whether it is the name of a type.
pub(super) fn is_type(name: &str) -> bool {
    TYPES.contains(&name)
}

/// What to write instead of a function that is not there.
pub(super) fn functions_like(name: &str) -> String {
    let name = name.rsplit('.').next().unwrap_or(name);
    if MACROS.contains(&name) {
        return format!("see docs/expressions.md for how `{name}` is written");
    }
    if MEMBERS.contains(&name) {
        return format!("write the value first: `value.{name}(...)`");
    }
    if GLOBAL.contains(&name) {
        return format!("write the value inside: `{name}(value)`");
    }
    format!("on a value: `{}`; before one: `{}`", MEMBERS.join("`, `"), GLOBAL.join("`, `"))
}

impl Kind {
    /// With its article, for errors.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Text => "a text",
            Self::Number => "a number",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Unknown => "a value",
        }
    }
}
