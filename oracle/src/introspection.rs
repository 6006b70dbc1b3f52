//! What `__schema` and `__type` say: both sides are given the same, and have to put it in its place.
//!
//! **In:** the API schema and an operation. **Out:** values by response name.
//!
//! **Never here:** where they stand in the response (`execute`, and the executor in question).
//!
//! **Read first:** [`introspection`].

use crate::coerce::Values;
use apollo_compiler::introspection::partial_execute;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use serde_json::Value;

/// The values of a query's introspection fields.
pub(crate) fn introspection(
    schema: &Valid<Schema>,
    document: &Valid<ExecutableDocument>,
    variables: &Values,
) -> Values {
    let Ok(operation) = document.operations.get(None) else { return Values::new() };
    let mut fields = operation.root_fields(document).map(|field| field.name.as_str());
    if !operation.is_query() || !fields.any(|field| matches!(field, "__schema" | "__type")) {
        return Values::new();
    }
    let variables: JsonMap = serde_json::to_string(variables)
        .and_then(|text| serde_json::from_str(&text))
        .expect("JSON is JSON");
    let implementers = schema.implementers_map();
    let variables = Valid::assume_valid(variables);
    let response = partial_execute(schema, &implementers, document, operation, &variables);
    match response.map(|response| serde_json::to_value(response.data)) {
        Ok(Ok(Value::Object(fields))) => fields,
        _ => Values::new(),
    }
}
