//! The unsplit schema over the same data: what a federated answer has to equal.
//!
//! **In:** an API schema without any federation, the data, a request.
//! **Out:** the response by section 6 of the specification.
//!
//! **Never here:** subgraphs, representations, faults.
//!
//! **Read first:** [`execute_whole`].

use std::rc::Rc;
use std::sync::Arc;

use apollo_compiler::Schema;
use apollo_compiler::ast::OperationType;
use apollo_compiler::executable::SelectionSet;
use apollo_compiler::schema::FieldDefinition;
use serde_json::Value;

use crate::coerce::{self, Values};
use crate::data::Data;
use crate::document::{self, Literal};
use crate::execute::{self, Prepared, Resolved, Resolver};
use crate::request::{Request, Response};
use crate::rules::Denials;
use crate::subgraph_schema::{Contextual, SchemaError, SubgraphSchema};
use crate::truth::{Above, Object, Truth};

/// Executes one request on an unsplit schema; for many, keep a [`Whole`].
///
/// # Errors
///
/// When the SDL is no valid schema.
pub fn execute_whole(
    sdl: &str,
    data: &Data,
    query: &str,
    variables: Value,
) -> Result<Value, SchemaError> {
    let request = Request::new(query).with_variables(variables);
    Ok(Whole::new(sdl, data.clone())?.execute(&request).to_value())
}

/// An unsplit schema with its data.
#[derive(Debug)]
pub struct Whole {
    view: SubgraphSchema,
    /// The same with nothing hidden, if anything is: computed fields look at it.
    open: Option<SubgraphSchema>,
    data: Arc<Data>,
}

impl Whole {
    /// Reads the schema.
    ///
    /// # Errors
    ///
    /// When the SDL is no valid schema.
    pub fn new(sdl: &str, data: impl Into<Arc<Data>>) -> Result<Self, SchemaError> {
        let data = data.into();
        // A field whose inputs are hidden here keeps the value it was settled to.
        let (view, _) = SubgraphSchema::parse_whole(sdl, &data.computed)?;
        Ok(Self { view, open: None, data })
    }

    /// The same schema over one where nothing is `@inaccessible`: clients see this one, values come
    /// from the other.
    ///
    /// # Errors
    ///
    /// When the SDL is no valid schema.
    pub fn with_open_schema(mut self, sdl: &str) -> Result<Self, SchemaError> {
        self.open = Some(SubgraphSchema::parse_whole(sdl, &self.data.computed)?.0);
        Ok(self)
    }

    /// Executes a request; keys are in response order.
    #[must_use]
    pub fn execute(&self, request: &Request) -> Response {
        let view = self.open.as_ref().unwrap_or(&self.view);
        let truth = Truth { view, data: &self.data };
        let denials = &Denials::default();
        let seen = Seen { truth, schema: &self.view.schema, denials };
        execute::execute_request(&self.view.schema, request, &seen)
    }

    /// What a request asks, if it is known to be valid.
    ///
    /// # Errors
    ///
    /// When the variables' values are not of their types.
    pub(crate) fn prepare(&self, request: &Request) -> Result<Prepared, Vec<String>> {
        execute::prepare_valid(&self.view.schema, request)
    }

    /// The arguments of a field as they are written, coerced.
    pub(crate) fn arguments(
        &self,
        (ty, field): (&str, &str),
        written: &[(String, Literal)],
        variables: &Values,
    ) -> Result<Values, String> {
        let schema = &self.view.schema;
        let definition = schema.type_field(ty, field).map_err(|_| format!("no `{ty}.{field}`"))?;
        let written = document::arguments_of(written)?;
        coerce::coerce_argument_values(schema, &definition.arguments, &written, variables)
    }

    /// Executes what was prepared, for a caller who may not see all.
    pub(crate) fn execute_prepared(&self, prepared: &Prepared, denials: &Denials) -> Response {
        let view = self.open.as_ref().unwrap_or(&self.view);
        let truth = Truth { view, data: &self.data };
        let seen = Seen { truth, schema: &self.view.schema, denials };
        execute::execute_operation(&self.view.schema, prepared, &seen)
    }
}

impl Data {
    /// Computes every field that has no value but requirements, by the unsplit schema. Subgraphs
    /// that hold such a field without computing it (`@provides`, `@shareable`) then know it too;
    /// those that compute it still do so from their representations. Fields with arguments are
    /// left out.
    ///
    /// # Errors
    ///
    /// When the SDL is no valid schema, or lacks what a computed field requires.
    pub fn settle(&mut self, whole_sdl: &str) -> Result<(), SchemaError> {
        let (view, left_out) = SubgraphSchema::parse_whole(whole_sdl, &self.computed)?;
        if let Some(error) = left_out.into_iter().next() {
            return Err(error);
        }
        let mut settled = Vec::new();
        let truth = Truth { view: &view, data: self };
        for (id, fields) in &self.objects {
            let type_name = fields.get("__typename").and_then(Value::as_str).unwrap_or_default();
            let Some(object_type) = view.schema.get_object(type_name) else { continue };
            for field in object_type.fields.values().filter(|field| field.arguments.is_empty()) {
                let name = field.name.as_str();
                let given = fields.get(name).is_some_and(|value| value.get("@computed").is_none());
                if given || view.requirement(type_name, name).is_none() {
                    continue;
                }
                let object = Object::of(fields);
                let value = truth.field_value(type_name, &object, field, &Values::new());
                let value = truth.as_representation(
                    &field.ty,
                    value,
                    &SelectionSet::new(field.ty.inner_named_type().clone()),
                );
                settled.push((id.clone(), name.to_owned(), value));
            }
        }
        for (id, field, value) in settled {
            let marked = Value::Object(Values::from_iter([("@computed".to_owned(), value)]));
            self.objects.entry(id).or_default().insert(field, marked);
        }
        Ok(())
    }
}

/// The truth through the eyes of a schema that may hide some of it.
struct Seen<'d> {
    truth: Truth<'d>,
    schema: &'d Schema,
    denials: &'d Denials,
}

impl<'d> Seen<'d> {
    /// The value of a contextual argument: from the nearest object above that sets the context.
    fn above(&self, contextual: &Contextual, object: &Object<'d>) -> Value {
        let mut at = object.above.as_deref();
        while let Some(above) = at {
            let mut setters = contextual.setters.iter();
            if let Some((setter, text)) = setters.find(|(setter, _)| *setter == above.type_name) {
                let Ok(fields) = self.truth.view.field_set(setter, text) else { break };
                let found = self.truth.gather(setter, &above.object, &fields);
                return leaf_of(found.map_or(Value::Null, Value::from));
            }
            at = above.object.above.as_deref();
        }
        Value::Null
    }
}

/// The one value in what a field set names.
fn leaf_of(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let field = fields.into_iter().find(|(name, _)| name != "__typename");
            field.map_or(Value::Null, |(_, value)| leaf_of(value))
        }
        Value::Array(items) => items.into_iter().map(leaf_of).collect(),
        leaf => leaf,
    }
}

fn found_in<'d>(value: Resolved<Object<'d>>, above: &Rc<Above<'d>>) -> Resolved<Object<'d>> {
    match value {
        Resolved::Object(object) => {
            Resolved::Object(Object { above: Some(Rc::clone(above)), ..object })
        }
        Resolved::List(items) => {
            Resolved::List(items.into_iter().map(|item| found_in(item, above)).collect())
        }
        other => other,
    }
}

impl<'d> Resolver for Seen<'d> {
    type Object = Object<'d>;

    fn root_object(&self, operation_type: OperationType) -> Object<'d> {
        self.truth.root_object(operation_type.name())
    }

    fn resolve_field_value(
        &self,
        object_type: &str,
        object: &Object<'d>,
        field: &FieldDefinition,
        arguments: &Values,
    ) -> Resolved<Object<'d>> {
        let contextual = &self.truth.data.contextual;
        if contextual.is_empty() {
            return self.truth.field_value(object_type, object, field, arguments);
        }
        let mut arguments = arguments.clone();
        let coordinate = (object_type.to_owned(), field.name.to_string());
        for one in contextual.get(&coordinate).into_iter().flatten() {
            arguments.insert(one.argument.clone(), self.above(one, object));
        }
        let value = self.truth.field_value(object_type, object, field, &arguments);
        let above = Above { type_name: object_type.to_owned(), object: object.clone() };
        found_in(value, &Rc::new(above))
    }

    fn resolve_type(&self, declared: &str, object: &Object<'d>) -> Result<String, String> {
        let runtime = self.truth.type_of(declared, object)?;
        match self.schema.get_object(&runtime) {
            Some(_) => Ok(runtime),
            None => Err(format!("`{runtime}` is hidden")),
        }
    }

    fn denies_field(&self, object_type: &str, field: &str) -> bool {
        self.denials.field(object_type, field)
    }

    fn is_loose(&self, object_type: &str, field: &str) -> bool {
        self.denials.is_loose(object_type, field)
    }

    fn denies_arguments(&self, object_type: &str, field: &str, arguments: &Values) -> bool {
        self.denials.arguments(object_type, field, arguments)
    }

    fn denies_object(&self, object_type: &str) -> bool {
        self.denials.object(object_type)
    }
}
