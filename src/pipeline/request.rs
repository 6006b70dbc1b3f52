//! What the GraphQL door was asked, as it stands in a JSON body.
//!
//! **In:** the bytes of a body. **Out:** a [`GraphqlRequest`] that borrows its texts from them where JSON
//! wrote them plainly.
//!
//! **Never here:** reading bodies (`server`), coercing values (`operation`).
//!
//! **Holds:** what is not JSON is refused, also in parts that nobody reads, and so is what stands after it.
//! `query`, `operationName`, `variables` and `extensions` may each stand once: of two, one would be what a
//! filter before the gateway has seen. Inside `variables` the last of two counts, as JSON readers do.
//! Null is as good as absent. Other keys are allowed and ignored, as the specification has it.
//!
//! **Read first:** [`read_request`].
//!
//! Spec: <https://graphql.github.io/graphql-over-http/draft/#sec-Request-Parameters>

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

/// What the GraphQL door was asked.
#[derive(Debug)]
pub struct GraphqlRequest<'a> {
    /// The document.
    pub document: Cow<'a, str>,
    /// Which of its operations.
    pub operation_name: Option<Cow<'a, str>>,
    /// The values of variables, not coerced.
    pub variables: Map<String, Value>,
    /// What else the client says, for features that know it.
    pub extensions: Map<String, Value>,
    /// How it came.
    pub transport: Transport,
}

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// By a method that must not change anything.
    Get,
    /// By `POST`.
    Post,
}

/// The parts of a request as they were given.
#[derive(Debug, Default, PartialEq)]
pub struct Envelope<'a> {
    /// `query`.
    pub query: Option<Cow<'a, str>>,
    /// `operationName`.
    pub operation_name: Option<Cow<'a, str>>,
    /// `variables`.
    pub variables: Option<Map<String, Value>>,
    /// `extensions`.
    pub extensions: Option<Map<String, Value>>,
}

/// Reads the JSON object that a body is.
///
/// # Errors
/// When the body is not JSON, not an object, or a part has another type or stands twice.
pub fn read_request(body: &[u8]) -> Result<Envelope<'_>, serde_json::Error> {
    // All of it at once: a reader of JSON looks only at texts that are kept.
    let text = std::str::from_utf8(body).map_err(serde_json::Error::custom)?;
    serde_json::from_str(text)
}

impl<'a> Envelope<'a> {
    /// The request, if there is a document.
    pub fn into_request(self, transport: Transport) -> Option<GraphqlRequest<'a>> {
        Some(GraphqlRequest {
            document: self.query.filter(|query| !query.trim().is_empty())?,
            operation_name: self.operation_name,
            variables: self.variables.unwrap_or_default(),
            extensions: self.extensions.unwrap_or_default(),
            transport,
        })
    }
}

impl<'a> Deserialize<'a> for Envelope<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'a> Visitor<'a> for EnvelopeVisitor {
    type Value = Envelope<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `query`")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Envelope<'a>, M::Error> {
        let mut envelope = Envelope::default();
        // A part that is null was there, too.
        let mut seen = [false; 4];
        let mut once =
            |part: usize, name: &'static str| match std::mem::replace(&mut seen[part], true) {
                true => Err(M::Error::duplicate_field(name)),
                false => Ok(()),
            };
        while let Some(Text(key)) = map.next_key()? {
            match &*key {
                "query" => {
                    once(0, "query")?;
                    envelope.query = map.next_value::<Option<Text<'a>>>()?.map(|text| text.0);
                }
                "operationName" => {
                    once(1, "operationName")?;
                    envelope.operation_name =
                        map.next_value::<Option<Text<'a>>>()?.map(|text| text.0);
                }
                "variables" => {
                    once(2, "variables")?;
                    envelope.variables = map.next_value()?;
                }
                "extensions" => {
                    once(3, "extensions")?;
                    envelope.extensions = map.next_value()?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(envelope)
    }
}

/// A text that is borrowed if it can be: in an option, serde's own `Cow` never is.
struct Text<'a>(Cow<'a, str>);

impl<'a> Deserialize<'a> for Text<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'a> Visitor<'a> for TextVisitor {
    type Value = Text<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Owned(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Envelope, read_request};
    use serde_json::{Value, json};
    use std::borrow::Cow;

    fn refused(body: &str) -> String {
        read_request(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_plainly_is_borrowed() {
        let body = br#" {"operationName":"A\u0042","other":[1,{"query":2}],"query":"{ a }"} "#;
        let envelope = read_request(body).unwrap();
        assert!(matches!(envelope.query, Some(Cow::Borrowed("{ a }"))));
        assert_eq!(envelope.operation_name.unwrap(), "AB");
    }

    #[test]
    fn null_is_as_good_as_absent() {
        let body = br#"{"query":null,"operationName":null,"variables":null,"extensions":null}"#;
        assert_eq!(read_request(body).unwrap(), Envelope::default());
        assert_eq!(read_request(b"{}").unwrap(), Envelope::default());
    }

    #[test]
    fn the_last_of_two_equal_names_inside_variables_counts() {
        let envelope = read_request(br#"{"variables":{"a":1,"b":[{}],"a":2}}"#).unwrap();
        assert_eq!(Value::Object(envelope.variables.unwrap()), json!({ "a": 2, "b": [{}] }));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for body in [
            "",
            "[]",
            "null",
            "[\"{ a }\"]",
            "{\"query\":1}",
            "{\"variables\":[]}",
            "{} {}",
            "{\"query\":\"a\"",
            "{\"x\":01}",
            "{\"x\":\"\u{1}\"}",
            "{\"extensions\":\"a\"}",
            "{\"a\"}",
        ] {
            refused(body);
        }
        assert!(refused("{\"query\":\"a\",\"query\":null}").contains("duplicate field `query`"));
        assert!(refused("{\"variables\":null,\"variables\":{}}").contains("duplicate"));
        assert!(read_request(b"{\"x\":\"\xff\"}").is_err());
    }
}
