//! Answers `__schema` and `__type` from the API schema.
//!
//! **In:** an operation that asks for them. **Out:** their values by response name, as bytes for
//! `execution` to place in the response.
//!
//! **Never here:** whether a client may ask (`pipeline`), `__typename` (the plan answers it).
//!
//! **Holds:** the schema is walked once for an operation, and for each of a few states of its variables and of
//! what its caller may see;
//! later requests copy the bytes. They die with the graph, as the operation does.
//!
//! **Read first:** [`Introspection::kept`], [`Introspection::answer`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Schema-Introspection>

mod lists;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use apollo_compiler::executable::Operation;
use apollo_compiler::introspection::{check_max_depth, partial_execute};
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Node, Schema};
use bytes::Bytes;
use serde_json::{Map, Value};
use supergraph::RequirementSet;

use super::error::{RequestError, RequestErrorKind};

/// What an operation asks of the schema.
#[derive(Debug)]
pub struct Introspection {
    document: Valid<ExecutableDocument>,
    operation: Node<Operation>,
    known: Mutex<Vec<Known>>,
}

/// The values of `__schema` and `__type` fields by response name, as JSON texts.
pub type Answers = Vec<(String, Bytes)>;

/// The answers for one state of the variables.
#[derive(Debug)]
struct Known {
    variables: Map<String, Value>,
    /// The requirements by which something is hidden.
    hidden: RequirementSet,
    answers: Arc<Answers>,
}

/// How many lists of the schema an operation may select, at all their places together: each may be as long
/// as the schema is large. Tools select about ten.
const MAX_LISTS: u64 = 100;

/// States of the variables whose answers are kept. Tools ask without, or with the name of one type.
const MAX_KNOWN: usize = 8;

/// Finds out whether an operation asks for the schema.
///
/// # Errors
/// When it nests lists of the schema so often, or selects so many, that its answer would multiply.
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
    let n_lists = lists::count(document, &operation.selection_set);
    if n_lists > MAX_LISTS {
        return Err(RequestErrorKind::IntrospectionLists { n_lists, limit: MAX_LISTS }.into());
    }
    check_max_depth(document, operation)
        .map_err(|error| RequestErrorKind::IntrospectionDepth(error.message().to_string()))?;
    Ok(Some(Introspection {
        document: document.clone(),
        operation: operation.clone(),
        known: Mutex::default(),
    }))
}

impl Introspection {
    /// The answers for these variables where `hidden` requirements are not met, if they are kept.
    pub fn kept(
        &self,
        variables: &Map<String, Value>,
        hidden: &RequirementSet,
    ) -> Option<Arc<Answers>> {
        let known = self.lock();
        let is_it = |known: &&Known| known.variables == *variables && known.hidden == *hidden;
        let known = known.iter().find(is_it)?;
        Some(Arc::clone(&known.answers))
    }

    /// The answers for these variables, kept if there is room.
    ///
    /// # Errors
    /// When the schema cannot be asked; that would be a bug.
    pub fn answer(
        &self,
        schema: &Valid<Schema>,
        variables: &Map<String, Value>,
        hidden: &RequirementSet,
    ) -> Result<Arc<Answers>, RequestError> {
        let values = self.execute(schema, variables)?;
        let answers = values.into_iter().map(|(name, value)| (name, value.to_string().into()));
        let answers: Arc<Answers> = Arc::new(answers.collect());
        let mut known = self.lock();
        let is_it = |known: &Known| known.variables == *variables && known.hidden == *hidden;
        if !known.iter().any(is_it) && known.len() < MAX_KNOWN {
            let (variables, hidden) = (variables.clone(), hidden.clone());
            known.push(Known { variables, hidden, answers: Arc::clone(&answers) });
        }
        Ok(answers)
    }

    /// How many bytes its answers take.
    pub(super) fn n_bytes(&self) -> usize {
        let known = self.lock();
        known.iter().flat_map(|known| known.answers.iter()).map(|(_, text)| text.len()).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

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
