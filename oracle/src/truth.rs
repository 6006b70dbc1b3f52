//! Resolves the fields of one schema from the data that all schemas share.
//!
//! **In:** an object of the data, a field of the schema in question, coerced arguments.
//! **Out:** what the field resolves to; and the runtime type of an object as this schema names it.
//!
//! **Never here:** whether the field may be asked for (`selection`), faults (`strict`).
//!
//! **Holds:** a value that was sent stands before the truth, where the schema says `@external` or
//! `@requires`: so a wrong representation gives a wrong answer, as it does in a real server.
//!
//! **Read first:** [`Truth::field_value`].

use std::rc::Rc;

use apollo_compiler::ast::Type;
use apollo_compiler::executable::{Selection, SelectionSet};
use apollo_compiler::schema::FieldDefinition;
use serde_json::Value;

use crate::coerce::{self, Values};
use crate::computed;
use crate::data::Data;
use crate::execute::Resolved;
use crate::subgraph_schema::SubgraphSchema;

/// An object of the data, with what a representation says of it.
#[derive(Debug, Clone)]
pub(crate) struct Object<'d> {
    pub(crate) fields: &'d Values,
    pub(crate) sent: Option<Values>,
    /// The object that it was found in, as far as contexts make that of interest.
    pub(crate) above: Option<Rc<Above<'d>>>,
}

/// An object with a field that led further down.
#[derive(Debug)]
pub(crate) struct Above<'d> {
    pub(crate) type_name: String,
    pub(crate) object: Object<'d>,
}

impl<'d> Object<'d> {
    pub(crate) fn of(fields: &'d Values) -> Self {
        Self { fields, sent: None, above: None }
    }

    pub(crate) fn sent(self, sent: Values) -> Self {
        Self { sent: Some(sent), ..self }
    }
}

/// The data as one schema sees it.
#[derive(Clone, Copy)]
pub(crate) struct Truth<'d> {
    pub(crate) view: &'d SubgraphSchema,
    pub(crate) data: &'d Data,
}

impl<'d> Truth<'d> {
    pub(crate) fn root_object(&self, name: &str) -> Object<'d> {
        let fields = self.data.objects.get(name).unwrap_or(&self.data.nothing);
        Object::of(fields)
    }

    pub(crate) fn field_value(
        &self,
        object_type: &str,
        object: &Object<'d>,
        field: &FieldDefinition,
        arguments: &Values,
    ) -> Resolved<Object<'d>> {
        let name = field.name.as_str();
        let truth = object.fields.get(name);
        let coordinate = (object_type.to_owned(), name.to_owned());
        if self.view.external.contains(&coordinate)
            && let Some(sent) = object.sent.as_ref().and_then(|sent| sent.get(name))
        {
            return self.read_sent(&field.ty, truth, sent);
        }
        match truth {
            Some(value) if !is_marked(value, "@computed") => {
                self.read_with_arguments(&field.ty, value, arguments)
            }
            _ => match self.view.requirement(object_type, name) {
                Some((owner, requirement)) => {
                    let required = self.required(object_type, object, &requirement.fields);
                    let coordinate = format!("{owner}.{name}");
                    let schema = &self.view.schema;
                    let value =
                        computed::compute(schema, &field.ty, &coordinate, arguments, &required);
                    self.read_leaf(&field.ty, value)
                }
                // The schema that computes it is another one; what it gives was settled before.
                None => match truth.and_then(|marked| marked.get("@computed")) {
                    Some(Value::Bool(true)) | None => Resolved::Null,
                    Some(settled) => self.read(&field.ty, settled),
                },
            },
        }
    }

    /// The name by which this schema knows an object where `declared` is asked for.
    pub(crate) fn type_of(&self, declared: &str, object: &Object<'d>) -> Result<String, String> {
        let named = |fields: &Values| fields.get("__typename")?.as_str().map(str::to_owned);
        let runtime = named(object.fields).or_else(|| named(object.sent.as_ref()?));
        let schema = &self.view.schema;
        let Some(runtime) = runtime else {
            return match schema.get_object(declared) {
                Some(_) => Ok(declared.to_owned()),
                None => Err(format!("an object of `{declared}` without `__typename` in the data")),
            };
        };
        let stands_for = |name: &str| name == declared || schema.is_subtype(declared, name);
        if schema.get_object(&runtime).is_some() && stands_for(&runtime) {
            return Ok(runtime);
        }
        let mut interface_objects = self.view.interface_objects.iter();
        interface_objects
            .find(|name| stands_for(name) && self.data.implements(&runtime, name))
            .cloned()
            .ok_or_else(|| format!("`{runtime}` is not a possible type of `{declared}` here"))
    }

    /// What a field set names, of this object, in the form of a representation.
    pub(crate) fn gather(
        &self,
        declared: &str,
        object: &Object<'d>,
        fields: &SelectionSet,
    ) -> Option<Values> {
        let runtime = self.type_of(declared, object).ok()?;
        let mut gathered = Values::new();
        gathered.insert("__typename".to_owned(), runtime.as_str().into());
        self.gather_into(&runtime, object, fields, &mut gathered);
        Some(gathered)
    }

    fn gather_into(
        &self,
        runtime: &str,
        object: &Object<'d>,
        fields: &SelectionSet,
        gathered: &mut Values,
    ) {
        let schema = &self.view.schema;
        for selection in &fields.selections {
            match selection {
                Selection::Field(field) => {
                    let Ok(definition) = schema.type_field(runtime, &field.name) else { continue };
                    let arguments = coerce::coerce_argument_values(
                        schema,
                        &definition.arguments,
                        &field.arguments,
                        &Values::new(),
                    );
                    let value = self.field_value(
                        runtime,
                        object,
                        definition,
                        &arguments.unwrap_or_default(),
                    );
                    let json = self.as_representation(&definition.ty, value, &field.selection_set);
                    match (gathered.get_mut(field.name.as_str()), json) {
                        (Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
                        (_, json) => drop(gathered.insert(field.name.to_string(), json)),
                    }
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.type_condition.as_deref();
                    if condition.is_none_or(|c| c == runtime || schema.is_subtype(c, runtime)) {
                        self.gather_into(runtime, object, &inline.selection_set, gathered);
                    }
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    /// A resolved value as a representation carries it.
    pub(crate) fn as_representation(
        &self,
        ty: &Type,
        value: Resolved<Object<'d>>,
        fields: &SelectionSet,
    ) -> Value {
        match value {
            Resolved::Null | Resolved::Error(_) => Value::Null,
            Resolved::Leaf(value) => value,
            Resolved::List(items) => items
                .into_iter()
                .map(|item| self.as_representation(ty.item_type(), item, fields))
                .collect(),
            Resolved::Object(object) => {
                self.gather(ty.inner_named_type(), &object, fields).map_or(Value::Null, Value::from)
            }
        }
    }

    /// The inputs of a computed field: those sent, if they were; else those of the data.
    fn required(&self, object_type: &str, object: &Object<'d>, fields: &SelectionSet) -> Value {
        let is_sent =
            |sent: &&Values| fields.fields().all(|field| sent.contains_key(field.name.as_str()));
        let inputs = match object.sent.as_ref().filter(is_sent) {
            Some(sent) => Some(sent.clone()),
            None => self.gather(object_type, object, fields),
        };
        computed::pick(&self.view.schema, fields, &inputs.map_or(Value::Null, Value::from))
    }

    fn read_with_arguments(
        &self,
        ty: &Type,
        value: &'d Value,
        arguments: &Values,
    ) -> Resolved<Object<'d>> {
        let resolved = if is_marked(value, "@args") {
            match choose(value, arguments) {
                Some(value) => self.read(ty, value),
                None => Resolved::Null,
            }
        } else if arguments.is_empty() || ty.is_list() || !self.is_leaf(ty) {
            self.read(ty, value)
        } else {
            match self.read(ty, value) {
                Resolved::Leaf(value) if !self.is_enum(ty) => {
                    Resolved::Leaf(computed::vary(&value, arguments))
                }
                resolved => resolved,
            }
        };
        match (resolved, arguments.get("first").and_then(Value::as_u64)) {
            (Resolved::List(mut items), Some(first)) => {
                items.truncate(usize::try_from(first).unwrap_or(usize::MAX));
                Resolved::List(items)
            }
            (resolved, _) => resolved,
        }
    }

    /// Reads a value of the data; what does not fit the type is left for completion to judge.
    fn read(&self, ty: &Type, value: &'d Value) -> Resolved<Object<'d>> {
        match value {
            Value::Null => Resolved::Null,
            Value::Object(object) if object.contains_key("@error") => {
                let message = object.get("@error").and_then(Value::as_str).unwrap_or("error");
                Resolved::Error(message.to_owned())
            }
            Value::Array(items) if ty.is_list() => {
                Resolved::List(items.iter().map(|item| self.read(ty.item_type(), item)).collect())
            }
            Value::Object(fields) if !ty.is_list() && !self.is_leaf(ty) => {
                let referred = fields.get("@ref").and_then(Value::as_str);
                let referred = referred.and_then(|id| self.data.objects.get(id));
                Resolved::Object(Object::of(referred.unwrap_or(fields)))
            }
            value => Resolved::Leaf(value.clone()),
        }
    }

    fn read_sent(&self, ty: &Type, truth: Option<&'d Value>, sent: &Value) -> Resolved<Object<'d>> {
        match sent {
            Value::Null => Resolved::Null,
            Value::Array(items) if ty.is_list() => {
                let known = truth.and_then(Value::as_array).filter(|k| k.len() == items.len());
                let item = |(index, sent)| {
                    self.read_sent(ty.item_type(), known.map(|known| &known[index]), sent)
                };
                Resolved::List(items.iter().enumerate().map(item).collect())
            }
            Value::Object(sent) if !ty.is_list() && !self.is_leaf(ty) => {
                let fields = match truth.map(|truth| self.read(ty, truth)) {
                    Some(Resolved::Object(object)) => object.fields,
                    _ => &self.data.nothing,
                };
                Resolved::Object(Object::of(fields).sent(sent.clone()))
            }
            sent => Resolved::Leaf(sent.clone()),
        }
    }

    fn read_leaf(&self, ty: &Type, value: Value) -> Resolved<Object<'d>> {
        match value {
            Value::Null => Resolved::Null,
            Value::Array(items) if ty.is_list() => Resolved::List(
                items.into_iter().map(|item| self.read_leaf(ty.item_type(), item)).collect(),
            ),
            value => Resolved::Leaf(value),
        }
    }

    fn is_leaf(&self, ty: &Type) -> bool {
        self.view.schema.types.get(ty.inner_named_type()).is_some_and(|named| named.is_leaf())
    }

    fn is_enum(&self, ty: &Type) -> bool {
        self.view.schema.get_enum(ty.inner_named_type()).is_some()
    }
}

fn is_marked(value: &Value, mark: &str) -> bool {
    value.as_object().is_some_and(|object| object.contains_key(mark))
}

/// The value of the first case whose `when` agrees with the arguments, or the default.
fn choose<'d>(value: &'d Value, arguments: &Values) -> Option<&'d Value> {
    let agrees = |case: &&Value| {
        let when = case.get("when").and_then(Value::as_object);
        when.into_iter()
            .flatten()
            .all(|(name, wanted)| arguments.get(name).unwrap_or(&Value::Null) == wanted)
    };
    let cases = value.get("@args").and_then(Value::as_array);
    let case = cases.into_iter().flatten().find(agrees);
    case.and_then(|case| case.get("value")).or_else(|| value.get("@default"))
}
