//! Who counts as one caller: `key` of what is counted.
//!
//! **In:** an expression, or a list of these. **Out:** [`KeySettings`], compiled.
//!
//! **Never here:** the key of a request (`admission::key`).
//!
//! **Read first:** [`KeySettings::of`].

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::report::{Key, Problems};
use crate::expressions::{Expression, Phase};

/// `key` as written: an expression, or several.
#[derive(Debug)]
pub(super) enum RawKey {
    One(String),
    Several(Vec<String>),
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

/// More than anybody needs; every part costs time at every request.
const MAX_PARTS: usize = 8;

impl KeySettings {
    /// The key of a limit as written; by default who asks.
    pub(super) fn of(raw: Option<RawKey>, key: &Key, problems: &mut Problems<'_>) -> Self {
        let (texts, is_list) = match raw {
            None => (vec!["consumer.id".to_owned()], false),
            Some(RawKey::One(text)) => (vec![text], false),
            Some(RawKey::Several(texts)) => (texts, true),
        };
        if texts.is_empty() || texts.len() > MAX_PARTS {
            let fix = "write 1 to 8 expressions, or leave the key out for `consumer.id`";
            problems.add(key, format!("the key has {} parts", texts.len()), fix);
        }
        let mut parts = Vec::new();
        for (i, text) in texts.iter().enumerate() {
            let key = if is_list { key.then(i) } else { key.clone() };
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

impl<'de> Deserialize<'de> for RawKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeyVisitor)
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
