//! Prepares one operation: parse, validate, measure, read.
//!
//! **In:** a document and an operation name; limits. **Out:** a [`Prepared`] operation or a request error.
//!
//! **Never here:** keeping it (`operation`), planning it (`variant`: a plan depends on guards).
//!
//! **Holds:** limits on tokens and recursion are checked before anything grows with the document, all others
//! before anything is planned.
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
use super::measure::{Limit, Measures};
use super::planner::Planner;
use super::variant::Variants;
use super::{Prepared, introspection, variables};
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
    let (document, n_tokens) = parse(supergraph, &key.document, limits)?;
    let name = key.operation_name.as_deref();
    let definition = document.operations.get(name);
    let measures = match &definition {
        Ok(definition) => Measures::of(&document, definition, n_tokens),
        // What is wrong with the name is told below.
        Err(_) => Measures::default(),
    };
    if let Some(excess) = measures.beyond(&limits.enforced).next() {
        return Err(RequestErrorKind::Beyond(excess).into());
    }
    let operation = Operation::read(supergraph, &document, name).map_err(|error| match error {
        OperationError::NotFound(message) => RequestErrorKind::NoSuchOperation(message),
        OperationError::NoRootType(kind) => {
            RequestErrorKind::NoSuchOperation(format!("the schema has no {} type", kind.as_str()))
        }
        error => RequestErrorKind::Unplannable(error.to_string()),
    })?;
    let definition = definition.map_err(|_| {
        RequestErrorKind::NoSuchOperation("the document does not have the operation".to_owned())
    })?;
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
        // With those of variables they are counted for each request.
        beyond: (measures.beyond(&limits.measured))
            .filter(|excess| excess.limit != Limit::ListArguments)
            .collect(),
        n_list_items: measures.list_items(),
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
) -> Result<(Valid<ExecutableDocument>, usize), RequestError> {
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
    let document = document.validate(schema).map_err(|error| invalid(&error.errors))?;
    Ok((document, parser.tokens_reached()))
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
