//! A subgraph in memory that follows the subgraph specification to the letter.
//!
//! **In:** SDL, Federation 1 or 2; the data; requests as a gateway sends them.
//! **Out:** a response. A request that breaks a rule gets a request error result which says
//! everything that is wrong; nothing of it is executed.
//!
//! **Never here:** the rules themselves: `representation` and `selection` have them, validation and
//! input coercion have the rest.
//!
//! **Holds:** it answers what its own schema declares and nothing more, though the data has more.
//!
//! **Read first:** [`StrictSubgraph::respond`].
//!
//! Spec: <https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec>

use std::sync::Arc;

use apollo_compiler::ast::OperationType;
use apollo_compiler::schema::FieldDefinition;
use serde_json::Value;

use crate::coerce::Values;
use crate::computed;
use crate::data::Data;
use crate::execute::{self, Prepared, Resolved, Resolver};
use crate::fault::{self, Fault, Struck, Unreachable};
use crate::representation::{self, Representation};
use crate::request::{Request, Response};
use crate::selection;
use crate::subgraph_schema::{SchemaError, SubgraphSchema};
use crate::truth::{Object, Truth};

/// The `extensions.code` of every refusal.
const REFUSED: &str = "STRICT_SUBGRAPH_REFUSED";

/// One subgraph, its schema and the data it answers from.
#[derive(Debug)]
pub struct StrictSubgraph {
    name: String,
    view: SubgraphSchema,
    data: Arc<Data>,
    faults: Vec<Fault>,
    service: Values,
}

impl StrictSubgraph {
    /// A subgraph without faults.
    ///
    /// # Errors
    ///
    /// When the SDL is no valid schema, or one of its field sets is not valid against it.
    pub fn new(name: &str, sdl: &str, data: impl Into<Arc<Data>>) -> Result<Self, SchemaError> {
        Ok(Self::with_view(name, sdl, SubgraphSchema::parse(sdl)?, data))
    }

    /// A subgraph whose SDL has been read.
    pub(crate) fn with_view(
        name: &str,
        sdl: &str,
        view: SubgraphSchema,
        data: impl Into<Arc<Data>>,
    ) -> Self {
        let service = Values::from_iter([("sdl".to_owned(), Value::from(sdl))]);
        Self { name: name.to_owned(), view, data: data.into(), faults: Vec::new(), service }
    }

    /// Another subgraph that answers from the same data; nobody overrides its fields.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn beside(&self, name: &str, sdl: &str) -> Result<Self, SchemaError> {
        Self::new(name, sdl, Arc::clone(&self.data))
    }

    /// The same subgraph with faults.
    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.faults = faults;
        self
    }

    /// Exchanges the faults.
    pub fn set_faults(&mut self, faults: Vec<Fault>) {
        self.faults = faults;
    }

    /// The same subgraph without these fields: another one overrides them, so that here they
    /// behave as `@external` ones.
    #[must_use]
    pub fn with_overridden(mut self, coordinates: &[(&str, &str)]) -> Self {
        let external = coordinates.iter().map(|(t, field)| ((*t).to_owned(), (*field).to_owned()));
        self.view.external.extend(external);
        self
    }

    /// The subgraph's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The answer as JSON. A dead subgraph gives what a gateway makes of it: an error and no data.
    #[must_use]
    pub fn answer(&self, request: &Request) -> Value {
        let response = self.respond(request).unwrap_or_else(|unreachable| {
            Response::refused("SUBGRAPH_UNREACHABLE", vec![unreachable.to_string()])
        });
        response.to_value()
    }

    /// The answer with keys in response order.
    ///
    /// # Errors
    ///
    /// When the subgraph is dead.
    pub fn respond(&self, request: &Request) -> Result<Response, Unreachable> {
        if self.faults.contains(&Fault::Dead) {
            return Err(Unreachable { subgraph: self.name.clone() });
        }
        Ok(match self.check(request) {
            Ok(prepared) => {
                execute::execute_operation(&self.view.schema, &prepared, &Answering::of(self))
            }
            Err(problems) => Response::refused(
                REFUSED,
                problems.iter().map(|p| format!("subgraph `{}` refuses: {p}", self.name)).collect(),
            ),
        })
    }

    fn check(&self, request: &Request) -> Result<Prepared, Vec<String>> {
        let prepared = execute::prepare(&self.view.schema, request)?;
        let operation = prepared.operation().map_err(|problem| vec![problem])?;
        let declared =
            |name: &String| operation.variables.iter().any(|variable| variable.name == *name);
        let undeclared = request.variables.keys().filter(|name| !declared(name));
        let mut problems: Vec<_> = undeclared
            .map(|name| {
                format!("variable `${name}` is sent, but the operation does not declare it")
            })
            .collect();
        problems.extend(selection::check(&self.view, &prepared));
        if problems.is_empty() { Ok(prepared) } else { Err(problems) }
    }
}

impl Data {
    /// Learns what a subgraph's SDL says of data that the other schemas cannot know: which types
    /// implement an interface, and what computed fields require. Call it with every subgraph
    /// before the data is used.
    ///
    /// # Errors
    ///
    /// When the SDL is no valid schema.
    pub fn learn(&mut self, sdl: &str) -> Result<(), SchemaError> {
        self.learn_view(&SubgraphSchema::parse(sdl)?);
        Ok(())
    }

    /// The same from SDL that has been read.
    pub(crate) fn learn_view(&mut self, view: &SubgraphSchema) {
        for definition in view.schema.types.values().filter(|definition| definition.is_interface())
        {
            let types = view.possible_types(definition.name());
            self.declare_interface(definition.name(), types.iter().map(String::as_str));
        }
        self.contextual.extend(view.contextual.clone());
        for ((type_name, field), requirement) in &view.requires {
            self.declare_computed(type_name, field, &requirement.text);
        }
    }
}

/// Resolves one request: the truth, but for faults and the federation's own fields.
struct Answering<'d> {
    subgraph: &'d StrictSubgraph,
    truth: Truth<'d>,
}

impl<'d> Answering<'d> {
    fn of(subgraph: &'d StrictSubgraph) -> Self {
        Self { subgraph, truth: Truth { view: &subgraph.view, data: &subgraph.data } }
    }

    fn entities(&self, arguments: &Values) -> Resolved<Object<'d>> {
        let representations = arguments.get("representations").and_then(Value::as_array);
        let mut entities: Vec<_> = representations
            .into_iter()
            .flatten()
            .map(|value| match representation::check(self.truth.view, value) {
                Ok(representation) => self.entity(representation),
                // Refused before the execution began.
                Err(problems) => Resolved::Error(problems.join("; ")),
            })
            .collect();
        for fault in &self.subgraph.faults {
            if let Fault::ShortEntityList { by } = fault {
                entities.truncate(entities.len().saturating_sub(*by));
            }
        }
        Resolved::List(entities)
    }

    /// The object that agrees with every key of which the representation has all fields.
    fn entity(&self, representation: Representation<'_>) -> Resolved<Object<'d>> {
        let Truth { view, data } = self.truth;
        let sent = Value::Object(representation.fields.clone());
        let found = data.objects.iter().find(|(_, fields)| {
            let object = Object::of(fields);
            fields.contains_key("__typename")
                && self.truth.type_of(representation.type_name, &object).is_ok()
                && view
                    .resolvable_keys(representation.type_name)
                    .filter(|key| representation::fits(view, &key.fields, representation.fields))
                    .all(|key| {
                        let known =
                            self.truth.gather(representation.type_name, &object, &key.fields);
                        let known = known.map_or(Value::Null, Value::from);
                        computed::pick(&view.schema, &key.fields, &known)
                            == computed::pick(&view.schema, &key.fields, &sent)
                    })
        });
        let missing = |id: &str| {
            let fault = Fault::MissingEntity { object: id.to_owned() };
            self.subgraph.faults.contains(&fault)
        };
        match found {
            Some((id, fields)) if !missing(id) => {
                Resolved::Object(Object::of(fields).sent(representation.fields.clone()))
            }
            _ => Resolved::Null,
        }
    }
}

impl<'d> Resolver for Answering<'d> {
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
        match fault::strike(&self.subgraph.faults, object_type, &field.name) {
            Some(Struck::Null) => return Resolved::Null,
            Some(Struck::Error(message)) => return Resolved::Error(message),
            None => {}
        }
        let query = self.truth.view.schema.root_operation(OperationType::Query);
        match field.name.as_str() {
            "_service" if query.is_some_and(|query| query == object_type) => {
                Resolved::Object(Object::of(&self.subgraph.service))
            }
            "_entities" if query.is_some_and(|query| query == object_type) => {
                self.entities(arguments)
            }
            _ => self.truth.field_value(object_type, object, field, arguments),
        }
    }

    fn resolve_type(&self, declared: &str, object: &Object<'d>) -> Result<String, String> {
        self.truth.type_of(declared, object)
    }
}
