//! Holds JSON that goes into a mapping, as little of it copied as can be.
//!
//! **In:** bytes, or a [`serde_json::Value`]. **Out:** [`Json`].
//!
//! **Never here:** what a mapping makes of it (`value`).
//!
//! **Holds:** members keep their order; of equal names the last wins, in the place of the first. What
//! [`Json::read`] gives is at most 128 levels deep.
//!
//! **Read first:** [`Json`].

use crate::members::Members;
use crate::wanted::Wanted;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::fmt;

/// A JSON value. Strings without escapes borrow from the bytes they were read from.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Json<'a> {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Cow<'a, str>),
    /// A list.
    Array(Vec<Json<'a>>),
    /// An object; its names differ.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Reads a text that is one value.
    ///
    /// # Errors
    /// When the bytes are no JSON, or nested deeper than 128 levels.
    pub fn read(bytes: &'a [u8]) -> Result<Self, serde_json::Error> {
        Self::read_only(bytes, &Wanted::All)
    }

    /// Reads the part of a text that is wanted. What stands beside it is skipped, but has to be JSON.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_only(bytes: &'a [u8], wanted: &Wanted) -> Result<Self, serde_json::Error> {
        // One look at all bytes is cheaper than one at each string.
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::read_part(serde_json::Deserializer::from_str(text), wanted),
            Err(_) => Self::read_part(serde_json::Deserializer::from_slice(bytes), wanted),
        }
    }

    fn read_part<R: serde_json::de::Read<'a>>(
        mut deserializer: serde_json::Deserializer<R>,
        wanted: &Wanted,
    ) -> Result<Self, serde_json::Error> {
        let json = Reader(wanted).deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(json)
    }

    /// Borrows a value, which must not be nested deeper than `serde_json` reads.
    pub fn of(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Boolean(*value),
            Value::Number(value) => Self::Number(value.clone()),
            Value::String(value) => Self::String(Cow::Borrowed(value)),
            Value::Array(elements) => Self::Array(elements.iter().map(Self::of).collect()),
            Value::Object(members) => {
                let member = |(name, value): (&'a String, &'a Value)| {
                    (Cow::Borrowed(name.as_str()), Self::of(value))
                };
                Self::Object(members.iter().map(member).collect())
            }
        }
    }

    /// A member of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }
}

/// Makes a [`Json`] of what it finds, as far as that is wanted.
struct Reader<'w>(&'w Wanted);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json<'de>, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number is too large"))?;
        Ok(Json::Number(number))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Owned(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Owned(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element_seed(Reader(self.0))? {
            elements.push(element);
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let mut members = Members::default();
        while let Some(Name(name)) = access.next_key()? {
            match self.0.of(&name) {
                Some(wanted) => members.put(name, access.next_value_seed(Reader(wanted))?),
                None => drop(access.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Json::Object(members.into_list()))
    }
}

/// The name of a member, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_str(Reader(&Wanted::All))? {
            Json::String(name) => Ok(Self(name)),
            _ => Err(D::Error::custom("the name of a member is no string")),
        }
    }
}
