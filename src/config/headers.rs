//! Header rules: what travels to upstreams, and what comes back to clients.
//!
//! **In:** `headers` of the file, of a subgraph or of a route. **Out:** [`HeaderRules`] with compiled values.
//!
//! **Never here:** applying them (`upstream::headers` does).
//!
//! **Holds:** a rule does exactly one thing; no rule touches a header that belongs to the connection
//! or frames the message.
//!
//! **Read first:** [`HeaderRule`].

use http::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;

use super::report::{Key, Problems};
use crate::expressions::{Expression, Phase};

/// `headers` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Headers")]
pub(super) struct RawHeaders {
    /// On the way to an upstream, in order.
    pub request: Option<Vec<RawHeaderRule>>,
    /// On the way to the client, in order.
    pub response: Option<Vec<RawHeaderRule>>,
}

/// One header rule as written: exactly one of `forward`, `set` and `remove`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HeaderRule")]
pub(super) struct RawHeaderRule {
    /// Lets a header pass.
    pub forward: Option<String>,
    /// Sets a header, to `value`.
    pub set: Option<String>,
    /// With `set`: an expression, such as `'a text'`, `consumer.id` or `request.headers["x-tenant"]`.
    pub value: Option<String>,
    /// Takes a header away.
    pub remove: Option<String>,
    /// With `forward` in `response`: what several answers of one operation become. Default: `last`.
    pub merge: Option<RawMerge>,
}

/// `merge` as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Merge")]
pub(super) enum RawMerge {
    /// Every value is kept.
    Append,
    /// The value of the answer that came first is kept.
    First,
    /// The value of the answer that came last is kept.
    Last,
}

/// Rules in both directions.
#[derive(Debug, Clone, Default)]
pub struct HeaderRules {
    /// To upstreams.
    pub request: Vec<HeaderRule>,
    /// To clients.
    pub response: Vec<HeaderRule>,
}

/// One rule.
#[derive(Debug, Clone)]
pub enum HeaderRule {
    /// Lets a header pass.
    Forward {
        /// Its name.
        name: HeaderName,
        /// How several answers combine.
        merge: Merge,
    },
    /// Sets a header; a value that cannot be had removes it.
    Set {
        /// Its name.
        name: HeaderName,
        /// Its value.
        value: Expression,
    },
    /// Takes a header away.
    Remove {
        /// Its name.
        name: HeaderName,
    },
}

impl HeaderRule {
    /// The header that it speaks of.
    pub fn name(&self) -> &HeaderName {
        match self {
            Self::Forward { name, .. } | Self::Set { name, .. } | Self::Remove { name } => name,
        }
    }
}

/// How the answers of several fetches share one header of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// All values.
    Append,
    /// Of the first answer.
    First,
    /// Of the last answer.
    Last,
}

/// Belong to one connection or frame one message; no rule may speak of them.
const NOT_OURS_TO_SET: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "proxy-connection",
];

impl RawHeaders {
    pub(super) fn settle(
        self,
        key: &Key,
        phase: Phase,
        problems: &mut Problems<'_>,
    ) -> HeaderRules {
        let mut rules = |raw: Option<Vec<RawHeaderRule>>, direction: &str| {
            let key = key.then(direction);
            let phase = match (direction, phase) {
                ("response", Phase::Route) => Phase::RouteResponse,
                ("response", _) => Phase::Response,
                _ => phase,
            };
            raw.unwrap_or_default()
                .into_iter()
                .enumerate()
                .filter_map(|(i, rule)| {
                    rule.settle(direction == "response", &key.then(i), phase, problems)
                })
                .collect()
        };
        HeaderRules {
            request: rules(self.request, "request"),
            response: rules(self.response, "response"),
        }
    }
}

impl RawHeaderRule {
    fn settle(
        self,
        is_response: bool,
        key: &Key,
        phase: Phase,
        problems: &mut Problems<'_>,
    ) -> Option<HeaderRule> {
        if self.merge.is_some() && !(is_response && self.forward.is_some()) {
            let fix = "`merge` goes with `forward` under `response`; take it away here";
            problems.add(&key.then("merge"), "`merge` says nothing here", fix);
        }
        if self.value.is_some() && self.set.is_none() {
            let fix = "`value` goes with `set`; take it away here";
            problems.add(&key.then("value"), "`value` says nothing here", fix);
        }
        match (self.forward, self.set, self.remove) {
            (Some(name), None, None) => Some(HeaderRule::Forward {
                name: header_name(&name, &key.then("forward"), problems)?,
                merge: match self.merge {
                    Some(RawMerge::Append) => Merge::Append,
                    Some(RawMerge::First) => Merge::First,
                    Some(RawMerge::Last) | None => Merge::Last,
                },
            }),
            (None, Some(name), None) => {
                let name = header_name(&name, &key.then("set"), problems);
                let text = self.value.unwrap_or_else(|| {
                    let fix = "add `value:` with an expression, such as `\"'a text'\"`";
                    problems.add(key, "`set` has no value", fix);
                    "''".to_owned()
                });
                match Expression::compile(&text, phase) {
                    Ok(value) => Some(HeaderRule::Set { name: name?, value }),
                    Err(error) => {
                        problems.add(&key.then("value"), error.to_string(), error.fix());
                        None
                    }
                }
            }
            (None, None, Some(name)) => Some(HeaderRule::Remove {
                name: header_name(&name, &key.then("remove"), problems)?,
            }),
            _ => {
                let fix = "write exactly one of `forward`, `set` and `remove` in each rule";
                problems.add(key, "the rule does not say one thing", fix);
                None
            }
        }
    }
}

fn header_name(text: &str, key: &Key, problems: &mut Problems<'_>) -> Option<HeaderName> {
    let Ok(name) = HeaderName::from_bytes(text.as_bytes()) else {
        let fix = "use letters, digits and `-`, such as `x-tenant`";
        problems.add(key, format!("`{text}` is not the name of a header"), fix);
        return None;
    };
    if NOT_OURS_TO_SET.contains(&name.as_str()) {
        let fix = "take the rule away; the gateway writes this header itself";
        problems.add(key, format!("`{name}` belongs to the connection, not the message"), fix);
        return None;
    }
    Some(name)
}
