//! A subgraph's schema as it can be executed, and what its federation directives say.
//!
//! **In:** subgraph SDL, Federation 1 or 2; or the SDL of an unsplit schema.
//! **Out:** a valid schema with `_service`, `_entities`, `_Any` and `_Entity`, and tables of keys,
//! requirements, provisions, external fields and interface objects.
//!
//! **Never here:** judging a request (`representation`, `selection`), composition's rules.
//!
//! **Holds:** field sets are valid against the schema.
//!
//! **Read first:** [`SubgraphSchema::parse`].
//!
//! Spec: <https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec>

use std::collections::{BTreeMap, BTreeSet};

use apollo_compiler::Schema;
use apollo_compiler::ast::{Definition, Directive, Document, Value as Literal};
use apollo_compiler::executable::{FieldSet, SelectionSet};
use apollo_compiler::schema::{ExtendedType, FieldDefinition};
use apollo_compiler::validation::{DiagnosticList, Valid};
use thiserror::Error;

use crate::link::Names;

/// Type name and field name.
pub(crate) type Coordinate = (String, String);

/// A schema and its federation facts; an unsplit schema has none but computed fields.
#[derive(Debug)]
pub(crate) struct SubgraphSchema {
    pub(crate) schema: Valid<Schema>,
    pub(crate) keys: BTreeMap<String, Vec<Key>>,
    pub(crate) requires: BTreeMap<Coordinate, Requirement>,
    pub(crate) provides: BTreeMap<Coordinate, SelectionSet>,
    pub(crate) external: BTreeSet<Coordinate>,
    pub(crate) interface_objects: BTreeSet<String>,
    pub(crate) contextual: BTreeMap<Coordinate, Vec<Contextual>>,
}

/// An argument that an object above fills.
#[derive(Debug, Clone)]
pub(crate) struct Contextual {
    pub(crate) argument: String,
    /// The types that set the context, and the field set that is read from each.
    pub(crate) setters: Vec<(String, String)>,
}

/// One `@key` of a type.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) fields: SelectionSet,
    pub(crate) resolvable: bool,
}

/// The field set of a `@requires`.
#[derive(Debug)]
pub(crate) struct Requirement {
    pub(crate) text: String,
    pub(crate) fields: SelectionSet,
}

/// Why SDL is not a schema that can be executed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The SDL does not parse or is not valid.
    #[error("the schema is not valid:\n{0}")]
    Invalid(String),
    /// A field set of a directive is not valid.
    #[error("the field set `{fields}` of `{coordinate}` is not valid:\n{reason}")]
    FieldSet {
        /// Where it is written.
        coordinate: String,
        /// The field set.
        fields: String,
        /// What the validation says.
        reason: String,
    },
}

impl SubgraphSchema {
    /// Reads subgraph SDL.
    pub(crate) fn parse(sdl: &str) -> Result<Self, SchemaError> {
        let document = Document::parse(sdl, "subgraph.graphql")
            .map_err(|with_errors| SchemaError::Invalid(list(&with_errors.errors)))?;
        let names = Names::of(&document);
        let text = [
            sdl,
            "\n",
            &names.missing_definitions(&document),
            &meta_fields(&document, names.local("key")),
        ]
        .concat();
        let schema = build(&text)?;
        let mut subgraph = Self::bare(schema);
        subgraph.collect(&names)?;
        Ok(subgraph)
    }

    /// Reads an unsplit schema, with these fields computed from others; also gives the computed
    /// fields whose inputs the schema does not have, as an API schema without its `@inaccessible`
    /// fields may be.
    pub(crate) fn parse_whole(
        sdl: &str,
        computed: &BTreeMap<Coordinate, String>,
    ) -> Result<(Self, Vec<SchemaError>), SchemaError> {
        let (mut whole, mut left_out) = (Self::bare(build(sdl)?), Vec::new());
        for (coordinate, fields) in computed {
            // Data may serve many schemas; what this one does not have it need not compute.
            if whole.schema.type_field(&coordinate.0, &coordinate.1).is_err() {
                continue;
            }
            match whole.requirement_of(&coordinate.0, fields) {
                Ok(requirement) => drop(whole.requires.insert(coordinate.clone(), requirement)),
                Err(error) => left_out.push(error),
            }
        }
        Ok((whole, left_out))
    }

    /// The keys by which a type can be entered.
    pub(crate) fn resolvable_keys(&self, type_name: &str) -> impl Iterator<Item = &Key> {
        self.keys.get(type_name).into_iter().flatten().filter(|key| key.resolvable)
    }

    /// The object types that may stand where a type is asked for.
    pub(crate) fn possible_types(&self, type_name: &str) -> BTreeSet<String> {
        if self.schema.get_object(type_name).is_some() {
            return BTreeSet::from([type_name.to_owned()]);
        }
        let objects = self.schema.types.values().filter_map(ExtendedType::as_object);
        objects
            .filter(|object| self.schema.is_subtype(type_name, &object.name))
            .map(|object| object.name.to_string())
            .collect()
    }

    /// What a field of an object requires; the object's own word comes before its interfaces'.
    pub(crate) fn requirement(
        &self,
        object_type: &str,
        field: &str,
    ) -> Option<(String, &Requirement)> {
        let object = self.schema.get_object(object_type)?;
        let interfaces = object.implements_interfaces.iter().map(|name| name.as_str());
        std::iter::once(object_type).chain(interfaces).find_map(|type_name| {
            let coordinate = (type_name.to_owned(), field.to_owned());
            self.requires.get(&coordinate).map(|requirement| (type_name.to_owned(), requirement))
        })
    }

    fn bare(schema: Valid<Schema>) -> Self {
        Self {
            schema,
            keys: BTreeMap::new(),
            requires: BTreeMap::new(),
            provides: BTreeMap::new(),
            external: BTreeSet::new(),
            interface_objects: BTreeSet::new(),
            contextual: BTreeMap::new(),
        }
    }

    fn collect(&mut self, names: &Names) -> Result<(), SchemaError> {
        for definition in self.schema.types.clone().values() {
            let directives = definition.directives();
            let type_name = definition.name().as_str();
            for key in directives.get_all(names.local("key")) {
                let text = fields_argument(key);
                let fields = self.field_set(type_name, &text)?;
                let resolvable = key.specified_argument_by_name("resolvable");
                let resolvable = resolvable.and_then(|value| value.to_bool()).unwrap_or(true);
                let key = Key { text, fields, resolvable };
                self.keys.entry(type_name.to_owned()).or_default().push(key);
            }
            if directives.has(names.local("interfaceObject")) {
                self.interface_objects.insert(type_name.to_owned());
            }
            let fields = match definition {
                ExtendedType::Object(object) => &object.fields,
                ExtendedType::Interface(interface) => &interface.fields,
                _ => continue,
            };
            for field in fields.values() {
                // `@external` on a type covers the fields of that definition or extension alone.
                let covered = directives
                    .get_all(names.local("external"))
                    .any(|external| external.origin == field.origin);
                self.collect_field(names, type_name, field, covered)?;
            }
        }
        Ok(())
    }

    fn collect_field(
        &mut self,
        names: &Names,
        type_name: &str,
        field: &FieldDefinition,
        covered: bool,
    ) -> Result<(), SchemaError> {
        let coordinate = (type_name.to_owned(), field.name.to_string());
        if covered || field.directives.has(names.local("external")) {
            self.external.insert(coordinate.clone());
        }
        if let Some(requires) = field.directives.get(names.local("requires")) {
            let requirement = self.requirement_of(type_name, &fields_argument(requires))?;
            self.requires.insert(coordinate.clone(), requirement);
        }
        for argument in &field.arguments {
            let Some(from) = argument.directives.get(names.local("fromContext")) else { continue };
            let text = from.specified_argument_by_name("field").and_then(|text| text.as_str());
            let Some((context, fields)) = text.and_then(context_and_fields) else { continue };
            let sets = |definition: &&ExtendedType| {
                let mut all = definition.directives().get_all(names.local("context"));
                let name = |set: &Directive| {
                    let name = set.specified_argument_by_name("name");
                    name.and_then(|name| name.as_str()) == Some(context)
                };
                all.any(|set| name(set))
            };
            let setters = self.schema.types.values().filter(sets);
            let setters =
                setters.map(|definition| (definition.name().to_string(), fields.to_owned()));
            let contextual =
                Contextual { argument: argument.name.to_string(), setters: setters.collect() };
            self.contextual.entry(coordinate.clone()).or_default().push(contextual);
        }
        if let Some(provides) = field.directives.get(names.local("provides")) {
            let fields = self.field_set(field.ty.inner_named_type(), &fields_argument(provides))?;
            self.provides.insert(coordinate, fields);
        }
        Ok(())
    }

    fn requirement_of(&self, type_name: &str, text: &str) -> Result<Requirement, SchemaError> {
        Ok(Requirement { text: text.to_owned(), fields: self.field_set(type_name, text)? })
    }

    pub(crate) fn field_set(
        &self,
        type_name: &str,
        text: &str,
    ) -> Result<SelectionSet, SchemaError> {
        let invalid = |reason: String| SchemaError::FieldSet {
            coordinate: type_name.to_owned(),
            fields: text.to_owned(),
            reason,
        };
        let name =
            apollo_compiler::Name::new(type_name).map_err(|error| invalid(error.to_string()))?;
        FieldSet::parse_and_validate(&self.schema, name, text, "field set")
            .map(|fields| fields.selection_set.clone())
            .map_err(|with_errors| invalid(list(&with_errors.errors)))
    }
}

fn build(text: &str) -> Result<Valid<Schema>, SchemaError> {
    Schema::builder()
        .adopt_orphan_extensions()
        .parse(text, "subgraph.graphql")
        .build()
        .map_err(|with_errors| SchemaError::Invalid(list(&with_errors.errors)))?
        .validate()
        .map_err(|with_errors| SchemaError::Invalid(list(&with_errors.errors)))
}

/// `_service` and, when there are entities, `_entities`; what the subgraph writes itself stays.
fn meta_fields(document: &Document, key: &str) -> String {
    let defines = |name: &str| {
        document.definitions.iter().any(|d| {
            d.as_directive_definition().is_none() && d.name().is_some_and(|defined| defined == name)
        })
    };
    let mut text = String::new();
    let mut root_fields = String::new();
    if !defines("_Service") {
        text.push_str("type _Service { sdl: String }\n");
        root_fields.push_str(" _service: _Service!");
    }
    if !defines("_Any") {
        text.push_str("scalar _Any\n");
    }
    let entities: BTreeSet<&str> = document
        .definitions
        .iter()
        .filter_map(|definition| match definition {
            Definition::ObjectTypeDefinition(object) => Some((&object.name, &object.directives)),
            Definition::ObjectTypeExtension(object) => Some((&object.name, &object.directives)),
            _ => None,
        })
        .filter(|(_, directives)| directives.get_all(key).any(|key| is_resolvable(key)))
        .map(|(name, _)| name.as_str())
        .collect();
    if !defines("_Entity") && !entities.is_empty() {
        let members = entities.into_iter().collect::<Vec<_>>().join(" | ");
        text.push_str(&format!("union _Entity = {members}\n"));
        root_fields.push_str(" _entities(representations: [_Any!]!): [_Entity]!");
    }
    if !root_fields.is_empty() {
        text.push_str(&format!("extend type {} {{{root_fields} }}\n", query_type(document)));
    }
    text
}

fn is_resolvable(key: &Directive) -> bool {
    let resolvable = key.specified_argument_by_name("resolvable");
    resolvable.and_then(|value| value.to_bool()).unwrap_or(true)
}

fn query_type(document: &Document) -> &str {
    let roots = document.definitions.iter().flat_map(|definition| match definition {
        Definition::SchemaDefinition(schema) => schema.root_operations.as_slice(),
        Definition::SchemaExtension(schema) => schema.root_operations.as_slice(),
        _ => &[],
    });
    roots.filter(|root| root.0.is_query()).map(|root| root.1.as_str()).next().unwrap_or("Query")
}

/// The text of a field set. Federation 1 also knew lists, and names without quotes.
fn fields_argument(directive: &Directive) -> String {
    fn text(value: &Literal) -> String {
        match value {
            Literal::String(text) => text.clone(),
            Literal::Enum(name) => name.to_string(),
            Literal::List(items) => items.iter().map(|i| text(i)).collect::<Vec<_>>().join(" "),
            _ => String::new(),
        }
    }
    directive.specified_argument_by_name("fields").map(|value| text(value)).unwrap_or_default()
}

/// `$context { fields }`: both.
fn context_and_fields(text: &str) -> Option<(&str, &str)> {
    let (context, fields) = text.trim().strip_prefix('$')?.split_once('{')?;
    Some((context.trim(), fields.trim_end().strip_suffix('}')?))
}

fn list(errors: &DiagnosticList) -> String {
    errors.iter().map(|diagnostic| diagnostic.error.to_string()).collect::<Vec<_>>().join("\n")
}
