//! The specification's section 6, transcribed: one function for each of its algorithms.
//!
//! **In:** a valid schema, a request, and a [`Resolver`] that knows the values.
//! **Out:** a [`Response`].
//!
//! **Never here:** where values come from (`truth`, `strict`), any federation, any shortcut. This
//! is the yardstick, so it is slow and plain on purpose.
//!
//! **Holds:** a directive of the schema changes what a field gives, as an argument would (it is one,
//! called `@name`), so that it cannot be lost unseen. Shares no code with the gateway's executor. Where the specification allows a choice,
//! siblings of a failed field are still executed and their errors are reported as well.
//!
//! **Read first:** [`execute_request`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Execution>

use std::cell::RefCell;

use apollo_compiler::ast::{InputValueDefinition, OperationType, Type};
use apollo_compiler::diagnostic::Diagnostic;
use apollo_compiler::schema::{ExtendedType, FieldDefinition};
use apollo_compiler::validation::{DiagnosticData, Valid};
use apollo_compiler::{ExecutableDocument, Node, Schema};
use serde_json::Value;

use crate::coerce::{self, Values};
use crate::document::{self, Document, Field, Literal, Operation, Selection};
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

    /// Whether the caller may not see a field of an object.
    fn denies_field(&self, _object_type: &str, _field: &str) -> bool {
        false
    }

    /// Whether such a field can be null whatever its type says.
    fn is_loose(&self, _object_type: &str, _field: &str) -> bool {
        false
    }

    /// Whether the caller may not see a field of an object with these arguments.
    fn denies_arguments(&self, _object_type: &str, _field: &str, _arguments: &Values) -> bool {
        false
    }

    /// Whether the caller may not see objects of a type.
    fn denies_object(&self, _object_type: &str) -> bool {
        false
    }
}

/// The message of what the caller may not see.
pub(crate) const DENIED: &str = "denied";

/// An operation that may be executed: all that can be a request error has been looked at.
pub(crate) struct Prepared {
    /// What is executed.
    pub(crate) document: Document,
    pub(crate) operation_name: Option<String>,
    pub(crate) variables: Values,
    /// The values of `__schema` and `__type`, by response name.
    pub(crate) introspection: Values,
    /// The same document with the schema's types, for those who judge it.
    pub(crate) typed: Option<Valid<ExecutableDocument>>,
}

impl Prepared {
    pub(crate) fn operation(&self) -> Result<&Operation, String> {
        self.document.operation(self.operation_name.as_deref())
    }
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
    let typed = ExecutableDocument::parse_and_validate(schema, &request.query, "operation")
        .map_err(|with_errors| with_errors.errors.iter().map(located).collect::<Vec<_>>())?;
    let prepared = prepare_valid(schema, request)?;
    Ok(Prepared { typed: Some(typed), ..prepared })
}

/// The same for a document of which it is known that it is valid.
pub(crate) fn prepare_valid(schema: &Schema, request: &Request) -> Result<Prepared, Vec<String>> {
    let document = Document::read(&request.query).map_err(|problem| vec![problem])?;
    let operation_name = request.operation_name.clone();
    let operation =
        document.operation(operation_name.as_deref()).map_err(|problem| vec![problem])?;
    let provided = &request.variables;
    let variables = coerce::coerce_variable_values(schema, &operation.variables, provided)?;
    Ok(Prepared { document, operation_name, variables, introspection: Values::new(), typed: None })
}

fn located(diagnostic: Diagnostic<'_, DiagnosticData>) -> String {
    match diagnostic.line_column_range() {
        Some(range) => {
            format!("{} at {}:{}", diagnostic.error, range.start.line, range.start.column)
        }
        None => diagnostic.error.to_string(),
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
        introspection: &prepared.introspection,
        resolver,
        errors: RefCell::default(),
    };
    let operation = match prepared.operation() {
        Ok(operation) => operation,
        Err(problem) => return Response::refused("REQUEST_ERROR", vec![problem]),
    };
    let Some(object_type) = schema.root_operation(operation.operation_type) else {
        let problem = format!("the schema has no {}", operation.operation_type);
        return Response::refused("REQUEST_ERROR", vec![problem]);
    };
    let root = resolver.root_object(operation.operation_type);
    let data = executor.execute_root_selection_set(object_type, &root, &operation.selection_set);
    Response { data: Some(data), errors: executor.errors.into_inner() }
}

/// An execution error was recorded, and the position has no value.
struct Raised;

/// Fields to execute, by response name in order of first appearance.
type CollectedFields<'a> = Vec<(&'a str, Vec<&'a Field>)>;

struct Executor<'a, R: Resolver> {
    schema: &'a Valid<Schema>,
    document: &'a Document,
    variables: &'a Values,
    introspection: &'a Values,
    resolver: &'a R,
    errors: RefCell<Vec<ResponseError>>,
}

impl<'a, R: Resolver> Executor<'a, R> {
    fn execute_root_selection_set(
        &self,
        object_type: &str,
        root: &R::Object,
        selection_set: &'a [Selection],
    ) -> Ordered {
        let mut collected = CollectedFields::new();
        self.collect_fields(object_type, selection_set, &mut collected, &mut Vec::new());
        self.execute_collected_fields(object_type, root, &collected, &[]).unwrap_or(Ordered::Null)
    }

    fn collect_fields(
        &self,
        object_type: &str,
        selection_set: &'a [Selection],
        collected: &mut CollectedFields<'a>,
        visited: &mut Vec<&'a str>,
    ) {
        for selection in selection_set {
            if !document::is_included(selection, self.variables) {
                continue;
            }
            match selection {
                Selection::Field(field) => {
                    let name = field.alias.as_ref().unwrap_or(&field.name).as_str();
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
                    if self.does_fragment_type_apply(object_type, &fragment.condition) {
                        self.collect_fields(
                            object_type,
                            &fragment.selection_set,
                            collected,
                            visited,
                        );
                    }
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.type_condition.as_ref().map(document::condition);
                    if condition.is_none_or(|c| self.does_fragment_type_apply(object_type, c)) {
                        let set = &inline.selection_set.items;
                        self.collect_fields(object_type, set, collected, visited);
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
        if path.len() == 1
            && let Some(value) = field.name.strip_prefix("__").and_then(|_| self.meta(&path[0]))
        {
            return Ok(value);
        }
        let place = format!("{object_type}.{}", field.name);
        // The object's own definition: an interface may declare a wider type than its implementer.
        let Ok(definition) = self.schema.type_field(object_type, &field.name) else {
            return self.raise(format!("there is no field `{place}`"), path);
        };
        let mut arguments = self.coerced(&definition.arguments, &field.arguments);
        let denies =
            |arguments| self.resolver.denies_arguments(object_type, &field.name, arguments);
        if self.resolver.denies_field(object_type, &field.name)
            || arguments.as_ref().is_ok_and(denies)
        {
            return match self.raise(DENIED.to_owned(), path) {
                Err(Raised)
                    if !definition.ty.is_non_null()
                        || self.resolver.is_loose(object_type, &field.name) =>
                {
                    Ok(Ordered::Null)
                }
                raised => raised,
            };
        }
        for directive in &field.directives {
            let known = self.schema.directive_definitions.get(directive.name.as_str());
            let (Some(known), Ok(arguments)) = (known, &mut arguments) else { continue };
            if directive.name != "skip" && directive.name != "include" {
                let value = self.coerced(&known.arguments, &directive.arguments);
                let value = value.map_or_else(Value::from, Value::from);
                arguments.insert(format!("@{}", directive.name), value);
            }
        }
        let resolved = match arguments {
            Ok(arguments) => {
                self.resolver.resolve_field_value(object_type, object, definition, &arguments)
            }
            Err(problem) => Resolved::Error(problem),
        };
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

    fn coerced(
        &self,
        definitions: &[Node<InputValueDefinition>],
        written: &[(String, Literal)],
    ) -> Result<Values, String> {
        let written = document::arguments_of(written)?;
        coerce::coerce_argument_values(self.schema, definitions, &written, self.variables)
    }

    /// The value of an introspection field of the root.
    fn meta(&self, response_name: &Value) -> Option<Ordered> {
        self.introspection.get(response_name.as_str()?).cloned().map(Ordered::from)
    }

    fn complete_object(
        &self,
        object_type: &str,
        object: &R::Object,
        fields: &[&'a Field],
        path: &[Value],
    ) -> Result<Ordered, Raised> {
        let collected = self.collect_subfields(object_type, fields);
        if self.resolver.denies_object(object_type) && !collected.is_empty() {
            return self.raise(DENIED.to_owned(), path);
        }
        self.execute_collected_fields(object_type, object, &collected, path)
    }

    fn collect_subfields(&self, object_type: &str, fields: &[&'a Field]) -> CollectedFields<'a> {
        let (mut collected, mut visited) = (CollectedFields::new(), Vec::new());
        for field in fields {
            let set = &field.selection_set.items;
            self.collect_fields(object_type, set, &mut collected, &mut visited);
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
