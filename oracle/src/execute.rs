//! The specification's section 6, transcribed: one function for each of its algorithms.
//!
//! **In:** a valid schema, a request, and a [`Resolver`] that knows the values.
//! **Out:** a [`Response`].
//!
//! **Never here:** where values come from (`truth`, `strict`), any federation, any shortcut. This
//! is the yardstick, so it is slow and plain on purpose.
//!
//! **Holds:** shares no code with the gateway's executor. Where the specification allows a choice,
//! siblings of a failed field are still executed and their errors are reported as well.
//!
//! **Read first:** [`execute_request`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Execution>

use std::cell::RefCell;

use apollo_compiler::ast::{OperationType, Type};
use apollo_compiler::diagnostic::Diagnostic;
use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet};
use apollo_compiler::schema::{ExtendedType, FieldDefinition};
use apollo_compiler::validation::{DiagnosticData, Valid};
use apollo_compiler::{ExecutableDocument, Node, Schema};
use serde_json::Value;

use crate::coerce::{self, Values};
use crate::ordered::Ordered;
use crate::request::{Request, Response, ResponseError};

/// What a field resolved to, before completion.
#[derive(Debug, Clone)]
pub(crate) enum Resolved<O> {
    /// No value.
    Null,
    /// A leaf value; or any JSON for a custom scalar.
    Leaf(Value),
    /// An object of the resolver's own kind.
    Object(O),
    /// A list.
    List(Vec<Resolved<O>>),
    /// An execution error at this position.
    Error(String),
}

/// Knows the values of a schema; the executor knows everything else.
pub(crate) trait Resolver {
    /// An object of the graph.
    type Object: Clone;

    /// The initial value of an operation.
    fn root_object(&self, operation_type: OperationType) -> Self::Object;

    /// `ResolveFieldValue`.
    fn resolve_field_value(
        &self,
        object_type: &str,
        object: &Self::Object,
        field: &FieldDefinition,
        arguments: &Values,
    ) -> Resolved<Self::Object>;

    /// The runtime type of an object where `declared` is asked for: `ResolveAbstractType`, and a
    /// check for object types.
    ///
    /// # Errors
    ///
    /// When the object is of no type that this schema knows at this place.
    fn resolve_type(&self, declared: &str, object: &Self::Object) -> Result<String, String>;
}

/// An operation that may be executed: all that can be a request error has been looked at.
pub(crate) struct Prepared {
    pub(crate) document: Valid<ExecutableDocument>,
    pub(crate) operation: Node<Operation>,
    pub(crate) variables: Values,
}

/// `ExecuteRequest`.
pub(crate) fn execute_request<R: Resolver>(
    schema: &Valid<Schema>,
    request: &Request,
    resolver: &R,
) -> Response {
    match prepare(schema, request) {
        Ok(prepared) => execute_operation(schema, &prepared, resolver),
        Err(problems) => Response::refused("REQUEST_ERROR", problems),
    }
}

/// Parses, validates, chooses the operation and coerces the variable values; all problems of the
/// first step that has any.
pub(crate) fn prepare(schema: &Valid<Schema>, request: &Request) -> Result<Prepared, Vec<String>> {
    let document = ExecutableDocument::parse_and_validate(schema, &request.query, "operation")
        .map_err(|with_errors| with_errors.errors.iter().map(located).collect::<Vec<_>>())?;
    let operation = document
        .operations
        .get(request.operation_name.as_deref())
        .map_err(|_| vec![unknown_operation(request.operation_name.as_deref())])?
        .clone();
    let variables = coerce::coerce_variable_values(schema, &operation, &request.variables)?;
    Ok(Prepared { document, operation, variables })
}

fn located(diagnostic: Diagnostic<'_, DiagnosticData>) -> String {
    match diagnostic.line_column_range() {
        Some(range) => {
            format!("{} at {}:{}", diagnostic.error, range.start.line, range.start.column)
        }
        None => diagnostic.error.to_string(),
    }
}

fn unknown_operation(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("the document has no operation `{name}`"),
        None => "the document has several operations; give an operation name".to_owned(),
    }
}

/// `ExecuteQuery`, `ExecuteMutation`, and one event of a subscription. They differ in the order of
/// execution only, and here everything is serial.
pub(crate) fn execute_operation<R: Resolver>(
    schema: &Valid<Schema>,
    prepared: &Prepared,
    resolver: &R,
) -> Response {
    let executor = Executor {
        schema,
        document: &prepared.document,
        variables: &prepared.variables,
        resolver,
        errors: RefCell::default(),
    };
    let operation = &prepared.operation;
    let root = resolver.root_object(operation.operation_type);
    let object_type = operation.object_type().as_str();
    let data = executor.execute_root_selection_set(object_type, &root, &operation.selection_set);
    Response { data: Some(data), errors: executor.errors.into_inner() }
}

/// An execution error was recorded, and the position has no value.
struct Raised;

/// Fields to execute, by response name in order of first appearance.
type CollectedFields<'a> = Vec<(&'a str, Vec<&'a Field>)>;

struct Executor<'a, R: Resolver> {
    schema: &'a Valid<Schema>,
    document: &'a ExecutableDocument,
    variables: &'a Values,
    resolver: &'a R,
    errors: RefCell<Vec<ResponseError>>,
}

impl<'a, R: Resolver> Executor<'a, R> {
    fn execute_root_selection_set(
        &self,
        object_type: &str,
        root: &R::Object,
        selection_set: &'a SelectionSet,
    ) -> Ordered {
        let mut collected = CollectedFields::new();
        self.collect_fields(object_type, selection_set, &mut collected, &mut Vec::new());
        self.execute_collected_fields(object_type, root, &collected, &[]).unwrap_or(Ordered::Null)
    }

    fn collect_fields(
        &self,
        object_type: &str,
        selection_set: &'a SelectionSet,
        collected: &mut CollectedFields<'a>,
        visited: &mut Vec<&'a str>,
    ) {
        for selection in &selection_set.selections {
            if !coerce::is_included(selection.directives(), self.variables) {
                continue;
            }
            match selection {
                Selection::Field(field) => {
                    let name = field.response_key().as_str();
                    match collected.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, fields)) => fields.push(field),
                        None => collected.push((name, vec![field])),
                    }
                }
                Selection::FragmentSpread(spread) => {
                    if visited.contains(&spread.fragment_name.as_str()) {
                        continue;
                    }
                    visited.push(spread.fragment_name.as_str());
                    let Some(fragment) = self.document.fragments.get(&spread.fragment_name) else {
                        continue;
                    };
                    if self.does_fragment_type_apply(object_type, fragment.type_condition()) {
                        self.collect_fields(
                            object_type,
                            &fragment.selection_set,
                            collected,
                            visited,
                        );
                    }
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.type_condition.as_ref();
                    if condition.is_none_or(|c| self.does_fragment_type_apply(object_type, c)) {
                        self.collect_fields(object_type, &inline.selection_set, collected, visited);
                    }
                }
            }
        }
    }

    fn does_fragment_type_apply(&self, object_type: &str, condition: &str) -> bool {
        object_type == condition || self.schema.is_subtype(condition, object_type)
    }

    fn execute_collected_fields(
        &self,
        object_type: &str,
        object: &R::Object,
        collected: &CollectedFields<'a>,
        path: &[Value],
    ) -> Result<Ordered, Raised> {
        let mut entries = Vec::new();
        let mut raised = false;
        for (response_name, fields) in collected {
            let path = [path, &[Value::from(*response_name)]].concat();
            match self.execute_field(object_type, object, fields, &path) {
                Ok(value) => entries.push(((*response_name).to_owned(), value)),
                Err(Raised) => raised = true,
            }
        }
        if raised { Err(Raised) } else { Ok(Ordered::Object(entries)) }
    }

    fn execute_field(
        &self,
        object_type: &str,
        object: &R::Object,
        fields: &[&'a Field],
        path: &[Value],
    ) -> Result<Ordered, Raised> {
        let field = fields[0];
        if field.name == "__typename" {
            return Ok(Ordered::String(object_type.to_owned()));
        }
        // The object's own definition: an interface may declare a wider type than its implementer.
        let definition = match self.schema.type_field(object_type, &field.name) {
            Ok(definition) => &definition.node,
            Err(_) => &field.definition,
        };
        let arguments = coerce::coerce_argument_values(
            self.schema,
            &definition.arguments,
            &field.arguments,
            self.variables,
        );
        let resolved = match arguments {
            Ok(arguments) => {
                self.resolver.resolve_field_value(object_type, object, definition, &arguments)
            }
            Err(problem) => Resolved::Error(problem),
        };
        let place = format!("{object_type}.{}", field.name);
        self.complete_position(&definition.ty, fields, &place, resolved, path)
    }

    /// `CompleteValue`, and what a raised error means at this position ("Handling Execution
    /// Errors"): a nullable position becomes null, any other hands the error on to its parent.
    fn complete_position(
        &self,
        ty: &Type,
        fields: &[&'a Field],
        place: &str,
        resolved: Resolved<R::Object>,
        path: &[Value],
    ) -> Result<Ordered, Raised> {
        match self.complete_value(ty, fields, place, resolved, path) {
            Err(Raised) if !ty.is_non_null() => Ok(Ordered::Null),
            result => result,
        }
    }

    fn complete_value(
        &self,
        ty: &Type,
        fields: &[&'a Field],
        place: &str,
        resolved: Resolved<R::Object>,
        path: &[Value],
    ) -> Result<Ordered, Raised> {
        match resolved {
            Resolved::Error(message) => self.raise(message, path),
            Resolved::Null | Resolved::Leaf(Value::Null) if ty.is_non_null() => {
                self.raise(format!("cannot return null for non-null field `{place}`"), path)
            }
            Resolved::Null | Resolved::Leaf(Value::Null) => Ok(Ordered::Null),
            Resolved::List(items) if ty.is_list() => {
                let (mut completed, mut raised) = (Vec::new(), false);
                for (index, item) in items.into_iter().enumerate() {
                    let path = [path, &[Value::from(index)]].concat();
                    match self.complete_position(ty.item_type(), fields, place, item, &path) {
                        Ok(item) => completed.push(item),
                        Err(Raised) => raised = true,
                    }
                }
                if raised { Err(Raised) } else { Ok(Ordered::List(completed)) }
            }
            Resolved::Leaf(value) if !ty.is_list() => {
                match coerce_result(self.schema, ty.inner_named_type(), value) {
                    Ok(value) => Ok(value.into()),
                    Err(problem) => self.raise(format!("field `{place}`: {problem}"), path),
                }
            }
            Resolved::Object(object) if !ty.is_list() => {
                let declared = ty.inner_named_type().as_str();
                match self.resolver.resolve_type(declared, &object) {
                    Ok(object_type) => self.complete_object(&object_type, &object, fields, path),
                    Err(problem) => self.raise(format!("field `{place}`: {problem}"), path),
                }
            }
            _ => self.raise(format!("field `{place}`: the value is not a `{ty}`"), path),
        }
    }

    fn complete_object(
        &self,
        object_type: &str,
        object: &R::Object,
        fields: &[&'a Field],
        path: &[Value],
    ) -> Result<Ordered, Raised> {
        let collected = self.collect_subfields(object_type, fields);
        self.execute_collected_fields(object_type, object, &collected, path)
    }

    fn collect_subfields(&self, object_type: &str, fields: &[&'a Field]) -> CollectedFields<'a> {
        let (mut collected, mut visited) = (CollectedFields::new(), Vec::new());
        for field in fields {
            self.collect_fields(object_type, &field.selection_set, &mut collected, &mut visited);
        }
        collected
    }

    fn raise<T>(&self, message: String, path: &[Value]) -> Result<T, Raised> {
        let error = ResponseError { message, path: Some(path.to_vec()), code: None };
        self.errors.borrow_mut().push(error);
        Err(Raised)
    }
}

/// `CoerceResult`, strictly: no value changes its class, but an integer may be an `ID`.
pub(crate) fn coerce_result(schema: &Schema, name: &str, value: Value) -> Result<Value, String> {
    let legal = match (name, schema.types.get(name)) {
        ("Int", _) => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        ("Float", _) => value.is_number(),
        ("String", _) => value.is_string(),
        ("Boolean", _) => value.is_boolean(),
        ("ID", _) => value.is_string() || value.is_i64() || value.is_u64(),
        (_, Some(ExtendedType::Enum(definition))) => {
            value.as_str().is_some_and(|text| definition.values.contains_key(text))
        }
        (_, Some(ExtendedType::Scalar(_))) => true,
        _ => false,
    };
    match value {
        value if !legal => Err(format!("{value} is not a value of `{name}`")),
        Value::Number(number) if name == "ID" => Ok(number.to_string().into()),
        value => Ok(value),
    }
}
