//! The unsplit schema over the same data: what a federated answer has to equal.
//!
//! **In:** an API schema without any federation, the data, a request.
//! **Out:** the response by section 6 of the specification.
//!
//! **Never here:** subgraphs, representations, faults.
//!
//! **Read first:** [`execute_whole`].

use std::sync::Arc;

use apollo_compiler::ast::OperationType;
use apollo_compiler::executable::SelectionSet;
use apollo_compiler::schema::FieldDefinition;
use serde_json::Value;

use crate::coerce::Values;
use crate::data::Data;
use crate::execute::{self, Resolved, Resolver};
use crate::request::{Request, Response};
use crate::subgraph_schema::{SchemaError, SubgraphSchema};
use crate::truth::{Object, Truth};

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
        Ok(Self { view, data })
    }

    /// Executes a request; keys are in response order.
    #[must_use]
    pub fn execute(&self, request: &Request) -> Response {
        let truth = Truth { view: &self.view, data: &self.data };
        execute::execute_request(&self.view.schema, request, &truth)
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
                let object = Object { fields, sent: None };
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

impl<'d> Resolver for Truth<'d> {
    type Object = Object<'d>;

    fn root_object(&self, operation_type: OperationType) -> Object<'d> {
        Truth::root_object(self, operation_type.name())
    }

    fn resolve_field_value(
        &self,
        object_type: &str,
        object: &Object<'d>,
        field: &FieldDefinition,
        arguments: &Values,
    ) -> Resolved<Object<'d>> {
        self.field_value(object_type, object, field, arguments)
    }

    fn resolve_type(&self, declared: &str, object: &Object<'d>) -> Result<String, String> {
        self.type_of(declared, object)
    }
}
