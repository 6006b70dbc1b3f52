//! The request and the response of the specification, as plain values.
//!
//! **In:** what a client or a gateway would post.
//! **Out:** an execution result or a request error result.
//!
//! **Never here:** doing anything with them (`execute`, `strict`).
//!
//! **Holds:** a request error result has no `data`; `data: null` is another thing.
//!
//! **Read first:** [`Response`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Response>

use serde_json::{Map, Value, json};

use crate::ordered::Ordered;

/// One request: document, operation name, variable values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// The document's text.
    pub query: String,
    /// Which operation of the document; needed when there are several.
    pub operation_name: Option<String>,
    /// The variable values, as sent.
    pub variables: Map<String, Value>,
}

impl Request {
    /// A request of a document with one operation.
    #[must_use]
    pub fn new(query: impl Into<String>) -> Self {
        Self { query: query.into(), ..Self::default() }
    }

    /// The same request with these variable values; anything but an object means none.
    #[must_use]
    pub fn with_variables(mut self, variables: Value) -> Self {
        self.variables = variables.as_object().cloned().unwrap_or_default();
        self
    }
}

/// A response: `data` is absent in a request error result.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// The data in response order; `None` when nothing ran.
    pub data: Option<Ordered>,
    /// Request errors or execution errors.
    pub errors: Vec<ResponseError>,
}

/// One entry of `errors`.
#[derive(Debug, Clone, PartialEq)]
pub struct ResponseError {
    /// What went wrong.
    pub message: String,
    /// The response path; absent for a request error.
    pub path: Option<Vec<Value>>,
    /// `extensions.code`.
    pub code: Option<&'static str>,
}

impl Response {
    /// A request error result: nothing ran.
    #[must_use]
    pub fn refused(code: &'static str, messages: Vec<String>) -> Self {
        let errors = messages
            .into_iter()
            .map(|message| ResponseError { message, path: None, code: Some(code) })
            .collect();
        Self { data: None, errors }
    }

    /// The response as JSON in response order, errors first as the specification advises.
    #[must_use]
    pub fn to_ordered(&self) -> Ordered {
        let mut entries = Vec::new();
        if !self.errors.is_empty() {
            let errors = self.errors.iter().map(|error| error.to_value().into()).collect();
            entries.push(("errors".to_owned(), Ordered::List(errors)));
        }
        if let Some(data) = &self.data {
            entries.push(("data".to_owned(), data.clone()));
        }
        Ordered::Object(entries)
    }

    /// The response as JSON, without an order of keys.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.to_ordered().to_value()
    }

    /// All error messages, one a line.
    #[must_use]
    pub fn messages(&self) -> String {
        self.errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("\n")
    }
}

impl ResponseError {
    /// The error as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut error = json!({ "message": self.message });
        if let Some(path) = &self.path {
            error["path"] = Value::Array(path.clone());
        }
        if let Some(code) = self.code {
            error["extensions"] = json!({ "code": code });
        }
        error
    }
}
