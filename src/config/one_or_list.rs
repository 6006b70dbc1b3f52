//! A value that may be one or a list of them.
//!
//! **In:** a map, or a list of maps. **Out:** each with the key at which it stands.
//!
//! **Never here:** what the values mean.
//!
//! **Read first:** [`OneOrList::settle`].

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::report::{Key, Problems};

/// One, or a list.
#[derive(Debug)]
pub(super) enum OneOrList<T> {
    One(T),
    List(Vec<T>),
}

impl<T> OneOrList<T> {
    /// Settles each; what has problems is left out.
    pub(super) fn settle<S>(
        raw: Option<Self>,
        key: &Key,
        problems: &mut Problems<'_>,
        settle: impl Fn(T, &Key, &mut Problems<'_>) -> Option<S>,
    ) -> Vec<S> {
        match raw {
            None => Vec::new(),
            Some(Self::One(one)) => settle(one, key, problems).into_iter().collect(),
            Some(Self::List(list)) => {
                let numbered = list.into_iter().enumerate();
                numbered.filter_map(|(i, one)| settle(one, &key.then(i), problems)).collect()
            }
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrListVisitor(PhantomData))
    }
}

struct OneOrListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrListVisitor<T> {
    type Value = OneOrList<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one `{ ... }`, or a list of these")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<OneOrList<T>, M::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(OneOrList::One)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<OneOrList<T>, S::Error> {
        let mut all = Vec::new();
        while let Some(one) = list.next_element()? {
            all.push(one);
        }
        Ok(OneOrList::List(all))
    }
}

impl<T: JsonSchema> JsonSchema for OneOrList<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}OrList", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}
