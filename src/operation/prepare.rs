//! Prepares one operation: parse, validate, measure, read.
//!
//! **In:** a document and an operation name; limits. **Out:** a [`Prepared`] operation or a request error.
//!
//! **Never here:** keeping it (`operation`), planning it (`variant`: a plan depends on guards).
//!
//! **Holds:** limits on tokens and recursion are checked before anything grows with the document.
//!
//! **Read first:** [`prepare`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Executing-Requests>

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use apollo_compiler::ExecutableDocument;
use apollo_compiler::parser::Parser;
use apollo_compiler::validation::{DiagnosticList, Valid};
use query_planner::{Operation, OperationError};
use supergraph::Supergraph;

use super::error::{Finding, RequestError, RequestErrorKind};
use super::key::Key;
use super::planner::Planner;
use super::variant::Variants;
use super::{Prepared, depth, introspection, variables};
use crate::config::Limits;

/// How deeply a document's syntax may nest.
pub const MAX_RECURSION: usize = 200;

/// How many findings of one document a client is told.
const MAX_FINDINGS: usize = 20;

pub(super) fn prepare(
    planner: Arc<Planner>,
    key: Key,
    limits: Limits,
) -> Result<Prepared, RequestError> {
    let supergraph = &*planner.supergraph;
    let document = parse(supergraph, &key.document, limits)?;
    let name = key.operation_name.as_deref();
    let operation = Operation::read(supergraph, &document, name).map_err(|error| match error {
        OperationError::NotFound(message) => RequestErrorKind::NoSuchOperation(message),
        OperationError::NoRootType(kind) => {
            RequestErrorKind::NoSuchOperation(format!("the schema has no {} type", kind.as_str()))
        }
        error => RequestErrorKind::Unplannable(error.to_string()),
    })?;
    let definition = document.operations.get(name).map_err(|_| {
        RequestErrorKind::NoSuchOperation("the document does not have the operation".to_owned())
    })?;
    let depth = depth::of(&document, &definition.selection_set);
    if depth > limits.depth {
        return Err(RequestErrorKind::TooDeep { depth, limit: limits.depth }.into());
    }
    let variables = variables::declared(supergraph.api_schema(), definition);
    let introspection = introspection::find(&document, definition)?;
    let sensitive = &planner.guarded.sensitive;
    let is_sensitive = sensitive.is_in(supergraph.api_schema(), &document, definition);
    let variants = Variants::new(Arc::clone(&planner), &operation);
    Ok(Prepared {
        name: operation.name().map(Arc::from),
        operation: Arc::new(operation),
        introspection,
        is_sensitive,
        key,
        variables,
        variants,
        uses: AtomicU64::new(0),
        n_bytes_kept: AtomicUsize::new(0),
    })
}

fn parse(
    supergraph: &Supergraph,
    text: &str,
    limits: Limits,
) -> Result<Valid<ExecutableDocument>, RequestError> {
    let schema = supergraph.api_schema();
    let mut parser =
        Parser::new().recursion_limit(MAX_RECURSION).token_limit(limits.tokens as usize);
    let ast = parser.parse_ast(text, "operation.graphql").map_err(|error| {
        if parser.tokens_reached() > limits.tokens as usize {
            RequestErrorKind::TooManyTokens { limit: limits.tokens }
        } else if parser.recursion_reached() > MAX_RECURSION {
            RequestErrorKind::TooMuchRecursion { limit: MAX_RECURSION }
        } else {
            RequestErrorKind::Syntax(findings(&error.errors))
        }
    })?;
    // Names first: where one is unknown, the other rules would only find what follows from it.
    let invalid = |errors: &DiagnosticList| RequestErrorKind::Validation(findings(errors));
    let document = ast.to_executable(schema).map_err(|error| invalid(&error.errors))?;
    document.validate(schema).map_err(|error| invalid(&error.errors).into())
}

fn findings(errors: &DiagnosticList) -> Vec<Finding> {
    errors
        .iter()
        .take(MAX_FINDINGS)
        .map(|diagnostic| {
            let start = diagnostic.line_column_range().map(|range| range.start);
            Finding {
                message: diagnostic.error.to_string(),
                location: start.map(|start| (start.line, start.column)),
            }
        })
        .collect()
}
