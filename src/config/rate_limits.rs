//! Rate limits of a policy: how much callers may spend, in cost, and who counts as one caller.
//!
//! **In:** `rate_limit` of a policy, one or a list. **Out:** [`RateLimitSettings`].
//!
//! **Never here:** counting (`admission`), which policies a door has (`policies`).
//!
//! **Holds:** every limit lets something pass, and forgets what was spent within a year.
//!
//! **Read first:** [`RawRateLimit`].

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::quantity::RawDuration;
use super::report::{Key, Problems};
use crate::expressions::{Expression, Phase};

/// `rate_limit` as written: one limit, or a list.
#[derive(Debug)]
pub(super) struct RawRateLimits(Vec<RawRateLimit>, IsList);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IsList {
    No,
    Yes,
}

/// One limit as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RateLimit")]
pub(super) struct RawRateLimit {
    /// Who counts as one caller: an expression over `request`, `consumer` and `route`, or a list of these, which together tell callers apart. Without a value for a request, its client's address. Default: `consumer.id`.
    pub key: Option<RawKey>,
    /// How much, and how fast it comes back. A request pays in every window, or is refused.
    pub windows: Option<Vec<RawWindow>>,
}

/// One window as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RateLimitWindow")]
pub(super) struct RawWindow {
    /// How much comes back within `per`.
    pub cost: Option<u64>,
    /// In how long: `1s`, `1m`, `1d`.
    pub per: Option<RawDuration>,
    /// How much may be spent at once. Default: `cost`.
    pub burst: Option<u64>,
}

/// `key` as written: an expression, or several.
#[derive(Debug)]
pub(super) enum RawKey {
    One(String),
    Several(Vec<String>),
}

/// A limit on what a caller may spend.
#[derive(Debug, Clone, PartialEq)]
pub struct RateLimitSettings {
    /// Who counts as one caller.
    pub key: KeySettings,
    /// How much; never empty.
    pub windows: Vec<WindowSettings>,
}

/// How much a caller may spend, and how fast it comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSettings {
    /// So much comes back.
    pub cost: u64,
    /// In so long.
    pub per: Duration,
    /// So much may be spent at once.
    pub burst: u64,
}

/// Who counts as one caller.
#[derive(Debug, Clone, PartialEq)]
pub struct KeySettings {
    /// What together tells callers apart; never empty.
    pub parts: Vec<KeyPart>,
}

/// Something that tells callers apart.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyPart {
    /// Their address; of an IPv6 address its network.
    Address,
    /// What an expression gives.
    Expression(Expression),
}

/// More than anybody needs; every window costs time at every request.
const MAX_WINDOWS: usize = 8;
const MAX_PARTS: usize = 8;
/// What a header field can say, and a number of JSON (RFC 9651, section 3.3.1).
const MAX_COST: u64 = 999_999_999_999;
const MAX_PER: Duration = Duration::from_secs(366 * 86_400);

impl RawRateLimits {
    pub(super) fn settle(self, key: &Key, problems: &mut Problems<'_>) -> Vec<RateLimitSettings> {
        let Self(limits, is_list) = self;
        let numbered = limits.into_iter().enumerate();
        let settled = numbered.filter_map(|(i, limit)| {
            let key = if is_list == IsList::Yes { key.then(i) } else { key.clone() };
            limit.settle(&key, problems)
        });
        settled.collect()
    }
}

impl RawRateLimit {
    fn settle(self, key: &Key, problems: &mut Problems<'_>) -> Option<RateLimitSettings> {
        let settled_key = KeySettings::of(self.key, &key.then("key"), problems);
        let windows_key = key.then("windows");
        let raw = self.windows.unwrap_or_default();
        if raw.is_empty() || raw.len() > MAX_WINDOWS {
            let fix = "add `windows: [{ cost: 1000, per: 1m }]`";
            let fix = if raw.is_empty() { fix } else { "keep 8 at most" };
            problems.add(&windows_key, format!("the limit has {} windows", raw.len()), fix);
            return None;
        }
        let numbered = raw.into_iter().enumerate();
        let windows =
            numbered.filter_map(|(i, window)| window.settle(&windows_key.then(i), problems));
        Some(RateLimitSettings { windows: windows.collect(), key: settled_key })
    }
}

impl RawWindow {
    fn settle(self, key: &Key, problems: &mut Problems<'_>) -> Option<WindowSettings> {
        let (Some(cost), Some(per)) = (self.cost, self.per) else {
            let missing = if self.cost.is_none() { "cost" } else { "per" };
            let message = format!("the window has no `{missing}`");
            problems.add(
                key,
                message,
                "write how much comes back in how long: `{ cost: 1000, per: 1m }`",
            );
            return None;
        };
        let burst = self.burst.unwrap_or(cost);
        for (step, value) in [("cost", cost), ("burst", burst)] {
            if value == 0 || value > MAX_COST {
                let message = match value {
                    0 => "nothing could pass this limit".to_owned(),
                    _ => format!("{value} is more than can be counted"),
                };
                problems.add(&key.then(step), message, format!("write 1 to {MAX_COST}"));
                return None;
            }
        }
        let per_key = key.then("per");
        let per = per.settle(&per_key, problems)?;
        if per > MAX_PER {
            problems.add(&per_key, "longer than a year", "write `366d` or less");
            return None;
        }
        Some(WindowSettings { cost, per, burst })
    }
}

impl KeySettings {
    /// The key of a limit as written; by default who asks.
    pub(super) fn of(raw: Option<RawKey>, key: &Key, problems: &mut Problems<'_>) -> Self {
        let (texts, is_list) = match raw {
            None => (vec!["consumer.id".to_owned()], IsList::No),
            Some(RawKey::One(text)) => (vec![text], IsList::No),
            Some(RawKey::Several(texts)) => (texts, IsList::Yes),
        };
        if texts.is_empty() || texts.len() > MAX_PARTS {
            let fix = "write 1 to 8 expressions, or leave the key out for `consumer.id`";
            problems.add(key, format!("the key has {} parts", texts.len()), fix);
        }
        let mut parts = Vec::new();
        for (i, text) in texts.iter().enumerate() {
            let key = if is_list == IsList::Yes { key.then(i) } else { key.clone() };
            if text.trim() == "request.client_ip" {
                parts.push(KeyPart::Address);
                continue;
            }
            match Expression::compile(text, Phase::Route) {
                Ok(expression) => parts.push(KeyPart::Expression(expression)),
                Err(error) => problems.add(&key, error.to_string(), error.fix()),
            }
        }
        Self { parts }
    }
}

impl<'de> Deserialize<'de> for RawRateLimits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LimitsVisitor)
    }
}

impl<'de> Deserialize<'de> for RawKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeyVisitor)
    }
}

struct LimitsVisitor;

impl<'de> Visitor<'de> for LimitsVisitor {
    type Value = RawRateLimits;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a limit `{ key, windows }`, or a list of these")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<RawRateLimits, M::Error> {
        let limit = RawRateLimit::deserialize(MapAccessDeserializer::new(map))?;
        Ok(RawRateLimits(vec![limit], IsList::No))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<RawRateLimits, S::Error> {
        let mut limits = Vec::new();
        while let Some(limit) = list.next_element()? {
            limits.push(limit);
        }
        Ok(RawRateLimits(limits, IsList::Yes))
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = RawKey;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an expression such as `consumer.id`, or a list of these")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawKey, E> {
        Ok(RawKey::One(text.to_owned()))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<RawKey, S::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element()? {
            texts.push(text);
        }
        Ok(RawKey::Several(texts))
    }
}

impl JsonSchema for RawRateLimits {
    fn schema_name() -> Cow<'static, str> {
        "RateLimits".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<RawRateLimit>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

impl JsonSchema for RawKey {
    fn schema_name() -> Cow<'static, str> {
        "CallerKey".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": 8 }
        ] })
    }
}
