//! The arguments of a field that a connector answers: what the fetch passes, and the schema's defaults.
//!
//! **In:** a field in the text of a fetch; later the variables of a request. **Out:** the object `$args`.
//!
//! **Never here:** coercion of the client's variables (`operation` did it, defaults inside included).
//!
//! **Holds:** an argument that is left out and has no default is absent, as a variable without a value is.
//!
//! **Read first:** [`Arguments::values`].

use std::borrow::Cow;

use apollo_compiler::ast;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Node, Schema};
use mapping::Json;
use supergraph::{FieldDef, Supergraph};

/// The arguments of one field of a fetch.
#[derive(Debug, Default)]
pub(super) struct Arguments(Vec<(Box<str>, Template)>);

/// A value that may have variables in it.
#[derive(Debug)]
enum Template {
    Constant(Json<'static>),
    /// A variable, and what stands for it when it has no value.
    Variable(Box<str>, Option<Json<'static>>),
    List(Vec<Template>),
    Object(Vec<(Box<str>, Template)>),
}

impl Arguments {
    /// No arguments.
    pub(super) const NONE: Self = Self(Vec::new());

    /// The arguments of a field as a text passes them.
    pub(super) fn read(
        written: &[Node<ast::Argument>],
        field: Option<&FieldDef>,
        supergraph: &Supergraph,
    ) -> Self {
        let api = supergraph.api_schema();
        let declared = field.map_or(&[][..], |field| &field.arguments);
        let parent = field.map(|field| supergraph.ty(field.parent).name.as_str());
        let in_api =
            parent.zip(field).and_then(|(parent, field)| api.type_field(parent, &field.name).ok());
        let type_of = |name: &str| Some(&*in_api?.argument_by_name(name)?.ty);
        let mut all = Vec::new();
        for argument in written {
            let name = argument.name.as_str();
            let default = declared.iter().find(|it| it.name == name);
            let default = default.and_then(|it| it.default.as_ref()).map(constant);
            let template = match &*argument.value {
                ast::Value::Variable(variable) => {
                    Template::Variable(variable.as_str().into(), default)
                }
                value => read(value, type_of(name), api),
            };
            all.push((name.into(), template));
        }
        for left_out in declared.iter().filter(|it| written.iter().all(|w| *w.name != *it.name)) {
            let in_api = in_api.and_then(|field| field.argument_by_name(&left_out.name));
            let in_api = in_api.and_then(|it| Some((it.default_value.as_ref()?, &*it.ty)));
            let template = match (in_api, &left_out.default) {
                (Some((value, ty)), _) => read(value, Some(ty), api),
                (None, Some(value)) => Template::Constant(constant(value)),
                (None, None) => continue,
            };
            all.push((left_out.name.as_str().into(), template));
        }
        Self(all)
    }

    /// Their values, as one object.
    pub(super) fn values<'v>(&'v self, variables: &'v Json<'v>) -> Json<'v> {
        let value = |(name, template): &'v (Box<str>, Template)| {
            Some((Cow::Borrowed(&**name), template.value(variables)?))
        };
        Json::Object(self.0.iter().filter_map(value).collect())
    }

    /// The values of those that an object of arguments lacks.
    pub(super) fn complete<'v>(
        &'v self,
        members: &mut Vec<(Cow<'v, str>, Json<'v>)>,
        variables: &'v Json<'v>,
    ) {
        for (name, template) in &self.0 {
            if members.iter().all(|(known, _)| **known != **name)
                && let Some(value) = template.value(variables)
            {
                members.push((Cow::Borrowed(name), value));
            }
        }
    }
}

impl Template {
    fn value<'v>(&'v self, variables: &'v Json<'v>) -> Option<Json<'v>> {
        Some(match self {
            Self::Constant(value) => borrowed(value),
            Self::Variable(name, default) => borrowed(variables.get(name).or(default.as_ref())?),
            // A variable without a value is null in a list, and no member in an object.
            Self::List(items) => {
                let item = |item: &'v Self| item.value(variables).unwrap_or_default();
                Json::Array(items.iter().map(item).collect())
            }
            Self::Object(members) => {
                let member = |(name, value): &'v (Box<str>, Self)| {
                    Some((Cow::Borrowed(&**name), value.value(variables)?))
                };
                Json::Object(members.iter().filter_map(member).collect())
            }
        })
    }
}

/// The same value, its texts borrowed.
pub(super) fn borrowed<'v>(json: &'v Json<'_>) -> Json<'v> {
    match json {
        Json::Null => Json::Null,
        Json::Boolean(value) => Json::Boolean(*value),
        Json::Number(number) => Json::Number(number.clone()),
        Json::String(text) => Json::String(Cow::Borrowed(text)),
        Json::Array(elements) => Json::Array(elements.iter().map(borrowed).collect()),
        Json::Object(members) => {
            let member = |(name, value): &'v (Cow<'_, str>, Json<'_>)| {
                (Cow::Borrowed(&**name), borrowed(value))
            };
            Json::Object(members.iter().map(member).collect())
        }
    }
}

/// The same value, with all its texts.
pub(super) fn owned(value: &serde_json::Value) -> Json<'static> {
    match value {
        serde_json::Value::Null => Json::Null,
        serde_json::Value::Bool(value) => Json::Boolean(*value),
        serde_json::Value::Number(number) => Json::Number(number.clone()),
        serde_json::Value::String(text) => Json::String(Cow::Owned(text.clone())),
        serde_json::Value::Array(elements) => Json::Array(elements.iter().map(owned).collect()),
        serde_json::Value::Object(members) => {
            let member = |(name, value): (&String, _)| (Cow::Owned(name.clone()), owned(value));
            Json::Object(members.iter().map(member).collect())
        }
    }
}

/// Reads a literal for a type: a single value stands for a list of one, and input objects have the defaults of
/// the fields that are left out.
fn read(value: &ast::Value, ty: Option<&ast::Type>, api: &Schema) -> Template {
    let item = ty.filter(|ty| ty.is_list()).map(ast::Type::item_type);
    match (value, item) {
        (ast::Value::Null, _) => Template::Constant(Json::Null),
        (ast::Value::Variable(name), _) => Template::Variable(name.as_str().into(), None),
        (ast::Value::List(items), item) => {
            Template::List(items.iter().map(|value| read(value, item, api)).collect())
        }
        (value, Some(item)) => Template::List(vec![read(value, Some(item), api)]),
        (ast::Value::Object(members), None) => {
            let mut all: Vec<(Box<str>, Template)> = Vec::new();
            let input = ty.and_then(|ty| match api.types.get(ty.inner_named_type())? {
                ExtendedType::InputObject(input) => Some(input),
                _ => None,
            });
            for (name, value) in members {
                let ty = input.and_then(|input| Some(&*input.fields.get(name)?.ty));
                all.push((name.as_str().into(), read(value, ty, api)));
            }
            for (name, field) in input.iter().flat_map(|input| &input.fields) {
                let is_there = members.iter().any(|(known, _)| known == name);
                if let (false, Some(value)) = (is_there, &field.default_value) {
                    all.push((name.as_str().into(), read(value, Some(&field.ty), api)));
                }
            }
            Template::Object(all)
        }
        (ast::Value::String(text), None) => text_of(text),
        (ast::Value::Enum(name), None) => text_of(name),
        (ast::Value::Boolean(value), None) => Template::Constant(Json::Boolean(*value)),
        (ast::Value::Int(number), None) => Template::Constant(number_of(number.as_str())),
        (ast::Value::Float(number), None) => Template::Constant(number_of(number.as_str())),
    }
}

fn text_of(text: &str) -> Template {
    Template::Constant(Json::String(Cow::Owned(text.to_owned())))
}

fn number_of(text: &str) -> Json<'static> {
    // A number that JSON cannot write stays a text.
    let number = serde_json::from_str(text).map(Json::Number);
    number.unwrap_or_else(|_| Json::String(Cow::Owned(text.to_owned())))
}

fn constant(value: &supergraph::Value) -> Json<'static> {
    use supergraph::Value;
    match value {
        Value::Null | Value::Variable(_) => Json::Null,
        Value::Boolean(value) => Json::Boolean(*value),
        Value::Number(text) => number_of(text),
        Value::String(text) | Value::Enum(text) => Json::String(Cow::Owned(text.clone())),
        Value::List(items) => Json::Array(items.iter().map(constant).collect()),
        Value::Object(members) => {
            let member =
                |(name, value): &(String, Value)| (Cow::Owned(name.clone()), constant(value));
            Json::Object(members.iter().map(member).collect())
        }
    }
}
