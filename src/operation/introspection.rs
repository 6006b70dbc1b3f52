//! Answers `__schema` and `__type` from the API schema.
//!
//! **In:** an operation that asks for them. **Out:** their values by response name, for `execution` to
//! place in the response.
//!
//! **Never here:** whether a client may ask (`pipeline`), `__typename` (the plan answers it).
//!
//! **Read first:** [`Introspection::execute`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Schema-Introspection>

use apollo_compiler::executable::Operation;
use apollo_compiler::introspection::{check_max_depth, partial_execute};
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Node, Schema};
use serde_json::{Map, Value};

use super::error::{RequestError, RequestErrorKind};

/// What an operation asks of the schema.
#[derive(Debug)]
pub struct Introspection {
    document: Valid<ExecutableDocument>,
    operation: Node<Operation>,
}

/// Finds out whether an operation asks for the schema.
///
/// # Errors
/// When it nests lists of the schema so often that its answer would multiply.
pub(super) fn find(
    document: &Valid<ExecutableDocument>,
    operation: &Node<Operation>,
) -> Result<Option<Introspection>, RequestError> {
    let asks = operation.is_query()
        && operation
            .root_fields(document)
            .any(|field| matches!(field.name.as_str(), "__schema" | "__type"));
    if !asks {
        return Ok(None);
    }
    check_max_depth(document, operation)
        .map_err(|error| RequestErrorKind::IntrospectionDepth(error.message().to_string()))?;
    Ok(Some(Introspection { document: document.clone(), operation: operation.clone() }))
}

impl Introspection {
    /// The values of its `__schema` and `__type` fields.
    ///
    /// # Errors
    /// When the schema cannot be asked; that would be a bug.
    pub fn execute(
        &self,
        schema: &Valid<Schema>,
        variables: &Map<String, Value>,
    ) -> Result<Map<String, Value>, RequestError> {
        let bug = |message: String| RequestError::from(RequestErrorKind::Bug(message));
        let variables: JsonMap = serde_json::to_value(variables)
            .and_then(serde_json::from_value)
            .map_err(|error| bug(error.to_string()))?;
        let implementers = schema.implementers_map();
        let response = partial_execute(
            schema,
            &implementers,
            &self.document,
            &self.operation,
            &Valid::assume_valid(variables),
        )
        .map_err(|error| bug(error.message().to_string()))?;
        match serde_json::to_value(response.data) {
            Ok(Value::Object(fields)) => Ok(fields),
            Ok(_) => Ok(Map::new()),
            Err(error) => Err(bug(error.to_string())),
        }
    }
}
