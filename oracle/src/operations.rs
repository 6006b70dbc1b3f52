//! Random operations on a schema.
//!
//! **In:** an API schema, a [`Chance`]. **Out:** a [`GeneratedOperation`]: a valid operation with
//! variable values.
//!
//! **Never here:** running it (`case`).
//!
//! **Holds:** in the whole document a response name has one shape, and one meaning but for parents
//! that are different object types: so no two selections conflict.
//!
//! **Read first:** [`operation`].

mod input;

use crate::chance::Chance;
use apollo_compiler::Schema;
use apollo_compiler::ast::Type;
use apollo_compiler::schema::{ExtendedType, FieldDefinition};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};

/// Names for aliases: some look like a planner's own, some like fields.
const ALIASES: [&str; 16] = [
    "a",
    "b",
    "c",
    "id",
    "k",
    "f0",
    "f1",
    "w",
    "_e0",
    "_0",
    "_1_f0",
    "_0_f1",
    "_1_id",
    "r",
    "__typename",
    "_entities",
];

/// An operation with its variable values.
#[derive(Clone, Debug, PartialEq)]
pub struct GeneratedOperation {
    /// The document.
    pub text: String,
    /// The variable values, as a client sends them.
    pub variables: Map<String, Value>,
}

/// A random operation.
pub fn operation(schema: &Schema, chance: &mut Chance) -> GeneratedOperation {
    let budget = chance.between(4, 40);
    operation_of(schema, chance, budget)
}

/// A random operation of a few fields.
pub(crate) fn small_operation(schema: &Schema, chance: &mut Chance) -> GeneratedOperation {
    let budget = chance.between(2, 8);
    operation_of(schema, chance, budget)
}

fn operation_of(schema: &Schema, chance: &mut Chance, budget: usize) -> GeneratedOperation {
    let root = |name: &Option<apollo_compiler::schema::ComponentName>| {
        name.as_ref().map(|n| n.to_string())
    };
    let mutation = root(&schema.schema_definition.mutation).filter(|_| chance.percent(30));
    let query = root(&schema.schema_definition.query).unwrap_or_default();
    let (keyword, ty) = match mutation {
        Some(mutation) => ("mutation", mutation),
        None => ("query", query),
    };
    let mut writer = Writer {
        schema,
        chance,
        budget,
        fresh: 0,
        fragments: Vec::new(),
        names: HashMap::new(),
        declarations: BTreeMap::new(),
        variables: Map::new(),
    };
    let depth = writer.chance.between(2, 6);
    let mut body = writer.selection(&ty, depth);
    if keyword == "query" && writer.chance.percent(5) {
        let meta = writer.introspection(&ty);
        body = format!("{{ {meta} {}", &body[1..]);
    }
    let declarations: Vec<String> = writer.declarations.into_values().collect();
    let declarations = match declarations.is_empty() {
        true => String::new(),
        false => format!(" ({})", declarations.join(", ")),
    };
    let mut text = format!("{keyword}{declarations} {body}");
    for (name, ty, body) in writer.fragments {
        text.push_str(&format!("\nfragment {name} on {ty} {body}"));
    }
    GeneratedOperation { text, variables: writer.variables }
}

/// What a response name stands for: shape, and (parent, field with arguments) each.
#[derive(Default)]
struct Meaning {
    shape: String,
    uses: Vec<(String, String)>,
}

struct Writer<'a> {
    schema: &'a Schema,
    chance: &'a mut Chance,
    budget: usize,
    fresh: usize,
    /// Name, type condition, selection set.
    fragments: Vec<(String, String, String)>,
    names: HashMap<String, Meaning>,
    declarations: BTreeMap<String, String>,
    variables: Map<String, Value>,
}

impl Writer<'_> {
    fn selection(&mut self, ty: &str, depth: usize) -> String {
        let mut parts = Vec::new();
        if self.chance.percent(20) {
            parts.push(self.typename(ty));
        }
        let fields = self.fields_of(ty);
        if !fields.is_empty() {
            for _ in 0..self.chance.between(1, 4) {
                let field = self.chance.pick(&fields).clone();
                parts.extend(self.field(ty, &field, depth));
            }
        }
        let object = self.schema.get_object(ty).is_some();
        if self.chance.percent(if object { 8 } else { 85 }) {
            for on in self.overlapping(ty) {
                if self.budget > 0 && self.chance.percent(if object { 15 } else { 45 }) {
                    // Fragments count as well, or some operations had no end.
                    self.budget -= 1;
                    parts.push(self.fragment(&on, depth));
                }
            }
        }
        if parts.is_empty() {
            parts.push(self.typename(ty));
        }
        format!("{{ {} }}", parts.join(" "))
    }

    fn typename(&mut self, parent: &str) -> String {
        let alias = self.response_name(parent, "__typename", "__typename", "String!");
        format!("{alias}__typename")
    }

    /// A question about the schema.
    fn introspection(&mut self, parent: &str) -> String {
        let (shape, field, called) = match self.chance.below(3) {
            0 => ("*!", "__schema", "__schema"),
            1 => ("*", "__type", "__type(name: \"E\")"),
            _ => ("*", "__type", "__type(name: \"T0\")"),
        };
        let alias = self.response_name(parent, field, called, shape);
        let below = match field {
            "__schema" => "{ queryType { meta: name kind } }",
            _ => "{ meta: name kind }",
        };
        format!("{alias}{called} {below}")
    }

    fn fields_of(&self, ty: &str) -> Vec<FieldDefinition> {
        let fields = match self.schema.types.get(ty) {
            Some(ExtendedType::Object(object)) => &object.fields,
            Some(ExtendedType::Interface(interface)) => &interface.fields,
            _ => return Vec::new(),
        };
        fields.values().map(|field| (***field).clone()).collect()
    }

    /// Types that share an object type with this one.
    fn overlapping(&self, ty: &str) -> Vec<String> {
        let possible = |name: &str| -> Vec<String> {
            let objects = self.schema.types.values().filter_map(ExtendedType::as_object);
            let fits = |object: &str| object == name || self.schema.is_subtype(name, object);
            objects.filter(|o| fits(&o.name)).map(|object| object.name.to_string()).collect()
        };
        let here = possible(ty);
        let composite = self.schema.types.values().filter(|definition| {
            definition.is_object() || definition.is_interface() || definition.is_union()
        });
        composite
            .map(|definition| definition.name().to_string())
            .filter(|name| !name.starts_with("__"))
            .filter(|name| possible(name).iter().any(|object| here.contains(object)))
            .collect()
    }

    fn fragment(&mut self, on: &str, depth: usize) -> String {
        let condition = self.condition();
        let known: Vec<String> = self
            .fragments
            .iter()
            .filter(|(_, ty, _)| ty == on)
            .map(|(name, _, _)| name.clone())
            .collect();
        if !known.is_empty() && self.chance.percent(40) {
            return format!("...{}{condition}", self.chance.pick(&known));
        }
        let body = self.selection(on, depth);
        if !self.chance.percent(20) {
            return format!("... on {on}{condition} {body}");
        }
        let name = format!("F{}", self.fragments.len());
        self.fragments.push((name.clone(), on.to_owned(), body));
        format!("...{name}{condition}")
    }

    fn field(&mut self, parent: &str, field: &FieldDefinition, depth: usize) -> Option<String> {
        let base = field.ty.inner_named_type().as_str();
        let composite = self.schema.types.get(base).is_some_and(|ty| !ty.is_leaf());
        if self.budget == 0 || (composite && depth == 0) {
            return None;
        }
        self.budget -= 1;
        let arguments = self.arguments(field);
        let mark = self.mark();
        let called = format!("{}{arguments}{mark}", field.name);
        let alias = self.response_name(parent, &field.name, &called, &shape(&field.ty, composite));
        let condition = self.condition();
        let below = match composite {
            true => format!(" {}", self.selection(base, depth - 1)),
            false => String::new(),
        };
        Some(format!("{alias}{called}{condition}{below}"))
    }

    /// An executable directive, if the schema has one.
    fn mark(&mut self) -> String {
        let marks = self.schema.directive_definitions.get("mark").cloned();
        match marks.filter(|_| self.chance.percent(12)) {
            Some(definition) => {
                let arguments = self.written(&definition.arguments);
                format!(" @mark{arguments}")
            }
            None => String::new(),
        }
    }

    /// The alias with its colon, or nothing.
    fn response_name(&mut self, parent: &str, field: &str, called: &str, shape: &str) -> String {
        let object = self.schema.get_object(parent).is_some();
        let mut candidates = vec![field];
        if self.chance.percent(30) {
            candidates.insert(0, *self.chance.pick(&ALIASES));
        }
        for candidate in candidates {
            let free = self.names.get(candidate).is_none_or(|meaning| {
                let agrees = |(other, name): &(String, String)| {
                    let both = object && self.schema.get_object(other.as_str()).is_some();
                    *name == called || (both && other != parent)
                };
                meaning.shape == shape && meaning.uses.iter().all(agrees)
            });
            if free {
                let meaning = self.names.entry(candidate.to_owned()).or_default();
                meaning.shape = shape.to_owned();
                meaning.uses.push((parent.to_owned(), called.to_owned()));
                let plain = candidate == field;
                return if plain { String::new() } else { format!("{candidate}: ") };
            }
        }
        self.fresh += 1;
        format!("x{}: ", self.fresh)
    }

    fn condition(&mut self) -> String {
        let directive = |which: usize| if which == 0 { "skip" } else { "include" };
        match self.chance.below(24) {
            0 => " @include(if: true)".to_owned(),
            1 => " @skip(if: true)".to_owned(),
            2..=4 => {
                let which = self.chance.below(2);
                format!(" @{}(if: ${})", directive(which), self.guard())
            }
            5 => {
                let (skip, include) = (self.guard(), self.guard());
                format!(" @skip(if: ${skip}) @include(if: ${include})")
            }
            _ => String::new(),
        }
    }

    fn guard(&mut self) -> String {
        let name = format!("g{}", self.chance.below(3));
        if !self.declarations.contains_key(&name) {
            let value = self.chance.percent(60);
            let declaration = match self.chance.below(4) {
                0 => format!("${name}: Boolean! = {value}"),
                _ => {
                    self.variables.insert(name.clone(), json!(value));
                    format!("${name}: Boolean!")
                }
            };
            self.declarations.insert(name.clone(), declaration);
        }
        name
    }
}

/// What has to agree between fields of one response name.
fn shape(ty: &Type, composite: bool) -> String {
    let text = ty.to_string();
    match composite {
        true => text.replace(ty.inner_named_type().as_str(), "*"),
        false => text,
    }
}
