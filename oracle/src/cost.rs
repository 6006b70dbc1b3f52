//! What an operation costs, by the specification, on a random graph with random weights.
//!
//! **In:** a seed. **Out:** a [`Priced`] graph; for its random operations the cost by the planner's formula, and
//! by a plain transcription of the specification.
//!
//! **Never here:** plans and tables in the transcription: it reads the document's directives, and walks the
//! selections of the operation as an executor would, once for each type that an object can have.
//!
//! **Read first:** [`Priced::next_case`], then `Truth::object`.
//!
//! Spec: <https://ibm.github.io/graphql-specs/cost-spec.html>

use std::collections::BTreeMap;

use apollo_compiler::ast::{self, Definition, DirectiveList, Type};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{ExecutableDocument, Node, Schema};
use query_planner::{Batching, CostFormula, CostRates, Guards, Operation};
use serde_json::Value;
use supergraph::Supergraph;

use crate::case::composed_sdl;
use crate::chance::Chance;
use crate::coerce::{Values, coerce_argument_values, coerce_variable_values};
use crate::document::{self, Document, Field, Selection};
use crate::generate::Graph;
use crate::operations::operation;

/// A graph whose schema says what things cost.
pub struct Priced {
    supergraph: Supergraph,
    marks: Marks,
    chance: Chance,
}

/// What an operation costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The number.
    pub total: u64,
    /// Whether a list lacks the argument that says its length.
    pub is_guess: bool,
}

/// An operation, priced twice.
#[derive(Clone, Debug)]
pub struct PricedTwice {
    /// The operation and its variables.
    pub operation: String,
    /// By the formula of its plan.
    pub ours: Cost,
    /// The formula.
    pub formula: String,
    /// By the specification.
    pub truth: Cost,
}

/// What directives say, by coordinate: `Type`, `Type.field`, `Type.field(argument:)`.
#[derive(Default)]
struct Marks {
    weights: BTreeMap<String, i64>,
    sizes: BTreeMap<String, ListSize>,
}

#[derive(Clone, Default)]
struct ListSize {
    assumed: Option<u64>,
    slicing: Vec<String>,
    sized: Vec<String>,
    require_one: bool,
}

const LIMITS: query_planner::Limits = query_planner::Limits { positions: 50_000, steps: 200_000 };

impl Priced {
    /// A random graph with random weights.
    ///
    /// # Errors
    /// When it does not compose.
    pub fn of(seed: u64) -> Result<Self, String> {
        let mut chance = Chance::new(seed);
        let subgraphs = Graph::generate(&mut chance).subgraphs_sdl();
        let sdl = composed_sdl(&subgraphs, &[], &|_| None)?;
        let document = ast::Document::parse(sdl, "supergraph.graphql");
        let mut document = document.map_err(|error| error.errors.to_string())?;
        for definition in &mut document.definitions {
            mark(definition, &mut chance);
        }
        let marks = Marks::read(&document);
        let supergraph = Supergraph::parse(&document.to_string());
        let supergraph = supergraph.map_err(|error| error.kind.to_string())?;
        Ok(Self { supergraph, marks, chance })
    }

    /// The next random operation with both its costs; none if it has no plan.
    ///
    /// # Errors
    /// When the operation is not valid: the generator is at fault.
    pub fn next_case(&mut self) -> Result<Option<PricedTwice>, String> {
        let schema = self.supergraph.api_schema();
        let generated = operation(schema, &mut self.chance);
        let rates = CostRates {
            object: self.chance.below(4) as u64,
            leaf: self.chance.below(3) as u64,
            list_size: self.chance.below(12) as u64,
            mutation: self.chance.below(15) as u64,
            ..CostRates::default()
        };
        let read = Document::read(&generated.text)?;
        let asked = read.operation(None)?;
        let variables = coerce_variable_values(schema, &asked.variables, &generated.variables);
        let variables = variables.map_err(|problems| problems.join("\n"))?;
        let document = ExecutableDocument::parse_and_validate(schema, &generated.text, "o.graphql");
        let document = document.map_err(|error| error.errors.to_string())?;
        let operation = Operation::read(&self.supergraph, &document, None);
        let operation = operation.map_err(|error| error.to_string())?;
        let is_true = |name: &&str| variables.get(*name) == Some(&Value::Bool(true));
        let guards = Guards {
            variables: (operation.guard_variables().into_iter().filter(is_true))
                .map(str::to_owned)
                .collect(),
            ..Guards::default()
        };
        let supergraph = &self.supergraph;
        let plan = query_planner::plan(supergraph, &operation, &guards, LIMITS, Batching::Fewest);
        let Ok(plan) = plan else { return Ok(None) };
        let formula = CostFormula::of(&plan, supergraph, &rates);
        let estimate = formula.estimate(&variables);
        let root = match asked.operation_type {
            ast::OperationType::Mutation => "Mutation",
            _ => "Query",
        };
        let mut truth = Truth {
            schema,
            marks: &self.marks,
            document: &read,
            variables: &variables,
            rates: &rates,
            root,
            is_guess: false,
        };
        let total = truth.object(root, &[&asked.selection_set], None);
        Ok(Some(PricedTwice {
            operation: format!("{}\n{}", generated.text, Value::Object(generated.variables)),
            ours: Cost { total: estimate.total, is_guess: estimate.unsliced.is_some() },
            formula: CostFormula::text(&plan, supergraph, &rates),
            truth: Cost { total, is_guess: truth.is_guess },
        }))
    }
}

/// The transcription.
struct Truth<'a> {
    schema: &'a Schema,
    marks: &'a Marks,
    document: &'a Document,
    variables: &'a Values,
    rates: &'a CostRates,
    root: &'a str,
    is_guess: bool,
}

/// The fields whose lists have a length that the field above says.
type Sizing<'a> = Option<(&'a [String], u64)>;

impl<'a> Truth<'a> {
    /// One object, with all that is selected of it.
    fn object(&mut self, ty: &str, sets: &[&'a [Selection]], sizing: Sizing<'_>) -> u64 {
        let default = if ty == self.root { 0 } else { self.rates.object };
        let mut total = self.marks.weight(ty).unwrap_or(default);
        let mut fields: Vec<(&str, Vec<&'a Field>)> = Vec::new();
        sets.iter().for_each(|set| self.collect(ty, set, &mut fields));
        for (_, nodes) in fields {
            if !nodes[0].name.starts_with("__") {
                total = total.saturating_add(self.field(ty, &nodes, sizing));
            }
        }
        total
    }

    fn field(&mut self, parent: &str, nodes: &[&'a Field], above: Sizing<'_>) -> u64 {
        let (schema, marks) = (self.schema, self.marks);
        let name = nodes[0].name.as_str();
        let coordinate = format!("{parent}.{name}");
        let definition = schema.type_field(parent, name).expect("the operation is valid");
        let written = document::arguments_of(&nodes[0].arguments).expect("names are names");
        let arguments =
            coerce_argument_values(schema, &definition.arguments, &written, self.variables);
        let arguments = arguments.expect("the operation is valid");
        let is_change = parent == "Mutation" && self.root == "Mutation";
        let default = if is_change { self.rates.mutation.cast_signed() } else { 0 };
        let mut weight = marks.weights.get(&coordinate).copied().unwrap_or(default);
        for argument in &definition.arguments {
            let Some(value) = arguments.get(argument.name.as_str()) else { continue };
            let own = format!("{coordinate}({}:)", argument.name);
            weight += self.input(&own, &argument.ty, value);
        }
        let list_size = self.list_size(parent, name);
        let said = list_size.as_ref().map(|list_size| self.length(list_size, &arguments));
        let (sized, sizing): (Option<u64>, Sizing<'_>) = match (&list_size, said) {
            (Some(list_size), Some(length)) if !list_size.sized.is_empty() => {
                (None, Some((&list_size.sized, length)))
            }
            (_, said) => (said, None),
        };
        let from_above = above.filter(|(names, _)| names.iter().any(|sized| sized == name));
        let length = from_above.map(|(_, length)| length).or(sized);
        let length = length.unwrap_or(self.rates.list_size);
        let returned = definition.ty.inner_named_type().as_str();
        let sets: Vec<&[Selection]> =
            nodes.iter().map(|node| node.selection_set.items.as_slice()).collect();
        let mut value = match self.possible(returned) {
            Some(types) => {
                let costs = types.iter().map(|ty| self.object(ty, &sets, sizing));
                costs.max().unwrap_or(0)
            }
            None => marks.weight(returned).unwrap_or(self.rates.leaf),
        };
        let mut ty: &Type = &definition.ty;
        let mut factors = vec![length];
        while ty.is_list() {
            ty = ty.item_type();
            value = value.saturating_mul(factors.pop().unwrap_or(self.rates.list_size));
        }
        u64::try_from(weight).unwrap_or(0).saturating_add(value)
    }

    /// A value for an argument or an input field.
    fn input(&self, coordinate: &str, ty: &Type, value: &Value) -> i64 {
        match value {
            Value::Null => 0,
            value => {
                let own = self.marks.weights.get(coordinate).copied().unwrap_or(0);
                own + self.input_value(ty.inner_named_type(), value)
            }
        }
    }

    fn input_value(&self, ty: &str, value: &Value) -> i64 {
        match (value, self.schema.types.get(ty)) {
            (Value::Null, _) => 0,
            (Value::Array(items), _) => items.iter().map(|item| self.input_value(ty, item)).sum(),
            (Value::Object(given), Some(ExtendedType::InputObject(definition))) => {
                let fields = definition.fields.values().filter_map(|field| {
                    let value = given.get(field.name.as_str())?;
                    Some(self.input(&format!("{ty}.{}", field.name), &field.ty, value))
                });
                fields.sum()
            }
            _ => self.marks.weight(ty).unwrap_or(0).cast_signed(),
        }
    }

    /// Of the field, or of the first interface that has one for it.
    fn list_size(&self, parent: &str, name: &str) -> Option<ListSize> {
        let own = self.marks.sizes.get(&format!("{parent}.{name}"));
        let object = self.schema.get_object(parent);
        let interfaces = self.schema.types.iter().filter(|(interface, ty)| {
            ty.is_interface()
                && object.is_some_and(|it| it.implements_interfaces.contains(*interface))
        });
        let mut inherited =
            interfaces.filter_map(|(it, _)| self.marks.sizes.get(&format!("{it}.{name}")));
        own.or_else(|| inherited.next()).cloned()
    }

    fn length(&mut self, list_size: &ListSize, arguments: &Values) -> u64 {
        let given = list_size.slicing.iter().filter_map(|name| match arguments.get(name)? {
            Value::Number(number) => Some(number.as_u64().unwrap_or(0)),
            Value::Array(items) => Some(items.len() as u64),
            _ => None,
        });
        let given: Vec<u64> = given.collect();
        self.is_guess |= list_size.require_one && given.len() != 1;
        let largest = given.into_iter().max();
        largest.or(list_size.assumed).unwrap_or(self.rates.list_size)
    }

    fn collect(&self, ty: &str, set: &'a [Selection], fields: &mut Vec<(&'a str, Vec<&'a Field>)>) {
        for selection in set {
            if !document::is_included(selection, self.variables) {
                continue;
            }
            let (condition, set) = match selection {
                Selection::Field(field) => {
                    let name = field.alias.as_deref().unwrap_or(&field.name);
                    match fields.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, nodes)) => nodes.push(field),
                        None => fields.push((name, vec![field])),
                    }
                    continue;
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.type_condition.as_ref().map(document::condition);
                    (condition, &inline.selection_set.items)
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = &self.document.fragments[&spread.fragment_name];
                    (Some(fragment.condition.as_str()), &fragment.selection_set)
                }
            };
            let applies = |condition: &str| {
                self.possible(condition).is_some_and(|types| types.iter().any(|it| it == ty))
            };
            if condition.is_none_or(applies) {
                self.collect(ty, set, fields);
            }
        }
    }

    /// The object types of a composite type.
    fn possible(&self, ty: &str) -> Option<Vec<String>> {
        match self.schema.types.get(ty)? {
            ExtendedType::Object(_) => Some(vec![ty.to_owned()]),
            ExtendedType::Union(union) => {
                Some(union.members.iter().map(|member| member.to_string()).collect())
            }
            ExtendedType::Interface(_) => {
                let objects = self.schema.types.values().filter_map(|it| it.as_object());
                let members =
                    objects.filter(|it| it.implements_interfaces.iter().any(|name| name == ty));
                Some(members.map(|object| object.name.to_string()).collect())
            }
            _ => None,
        }
    }
}

impl Marks {
    fn weight(&self, ty: &str) -> Option<u64> {
        self.weights.get(ty).map(|weight| u64::try_from(*weight).unwrap_or(0))
    }

    fn read(document: &ast::Document) -> Self {
        let mut marks = Self::default();
        for definition in &document.definitions {
            let Some(name) = definition.name() else { continue };
            marks.add(name.as_str(), definition.directives());
            if let Definition::InputObjectTypeDefinition(node) = definition {
                for field in &node.fields {
                    marks.add(&format!("{name}.{}", field.name), &field.directives);
                }
            }
            let fields = match definition {
                Definition::ObjectTypeDefinition(node) => &node.fields,
                Definition::InterfaceTypeDefinition(node) => &node.fields,
                _ => continue,
            };
            for field in fields {
                let coordinate = format!("{name}.{}", field.name);
                marks.add(&coordinate, &field.directives);
                for argument in &field.arguments {
                    marks.add(&format!("{coordinate}({}:)", argument.name), &argument.directives);
                }
            }
        }
        marks
    }

    fn add(&mut self, coordinate: &str, directives: &DirectiveList) {
        let int = |directive: &ast::Directive, name: &str| {
            directive.specified_argument_by_name(name)?.to_i32()
        };
        let texts = |directive: &ast::Directive, name: &str| -> Vec<String> {
            let list = directive.specified_argument_by_name(name).and_then(|it| it.as_list());
            let texts = list.unwrap_or_default().iter().filter_map(|it| it.as_str());
            texts.map(str::to_owned).collect()
        };
        if let Some(weight) = directives.get("cost").and_then(|it| int(it, "weight")) {
            self.weights.insert(coordinate.to_owned(), i64::from(weight));
        }
        if let Some(directive) = directives.get("listSize") {
            let require_one = directive.specified_argument_by_name("requireOneSlicingArgument");
            let slicing = texts(directive, "slicingArguments");
            let list_size = ListSize {
                assumed: int(directive, "assumedSize").and_then(|size| u64::try_from(size).ok()),
                require_one: require_one.and_then(|it| it.to_bool()).unwrap_or(true)
                    && !slicing.is_empty(),
                slicing,
                sized: texts(directive, "sizedFields"),
            };
            self.sizes.insert(coordinate.to_owned(), list_size);
        }
    }
}

/// Puts weights and sizes where chance wants them.
fn mark(definition: &mut Definition, chance: &mut Chance) {
    let is_machinery = definition.name().is_none_or(|name| name.contains("__"));
    if is_machinery {
        return;
    }
    match definition {
        Definition::ScalarTypeDefinition(node) => weigh(&mut node.make_mut().directives, chance),
        Definition::EnumTypeDefinition(node) => weigh(&mut node.make_mut().directives, chance),
        Definition::ObjectTypeDefinition(node) => {
            let node = node.make_mut();
            weigh(&mut node.directives, chance);
            node.fields.iter_mut().for_each(|field| mark_field(field, true, chance));
        }
        Definition::InterfaceTypeDefinition(node) => {
            let fields = &mut node.make_mut().fields;
            fields.iter_mut().for_each(|field| mark_field(field, false, chance));
        }
        Definition::InputObjectTypeDefinition(node) => {
            for field in &mut node.make_mut().fields {
                weigh(&mut field.make_mut().directives, chance);
            }
        }
        _ => {}
    }
}

fn mark_field(field: &mut Node<ast::FieldDefinition>, may_weigh: bool, chance: &mut Chance) {
    let field = field.make_mut();
    if may_weigh {
        weigh(&mut field.directives, chance);
        for argument in &mut field.arguments {
            weigh(&mut argument.make_mut().directives, chance);
        }
    }
    if !chance.percent(if field.ty.is_list() { 60 } else { 15 }) {
        return;
    }
    let mut arguments = Vec::new();
    if chance.percent(60) || field.ty.is_list() {
        arguments.push(format!("assumedSize: {}", chance.below(9)));
    }
    let slicing =
        field.arguments.iter().filter(|argument| *argument.ty.inner_named_type() == "Int");
    let slicing: Vec<String> =
        slicing.map(|argument| format!("{:?}", argument.name.as_str())).collect();
    if !slicing.is_empty() && chance.percent(80) {
        arguments.push(format!("slicingArguments: [{}]", slicing.join(", ")));
    }
    if chance.percent(25) {
        arguments.push("requireOneSlicingArgument: false".to_owned());
    }
    if !field.ty.is_list() || chance.percent(20) {
        // Names that fields have: most graphs have some of them somewhere.
        arguments.push("sizedFields: [\"f0\", \"f1\", \"f2\", \"ic\"]".to_owned());
    }
    field.directives.extend(directive(&format!("@listSize({})", arguments.join(", "))));
}

fn weigh(directives: &mut DirectiveList, chance: &mut Chance) {
    if chance.percent(25) {
        let weight = i32::try_from(chance.below(12)).unwrap_or(0) - 3;
        directives.extend(directive(&format!("@cost(weight: {weight})")));
    }
}

fn directive(text: &str) -> Vec<Node<ast::Directive>> {
    let document = ast::Document::parse(format!("scalar S {text}"), "directive.graphql");
    let document = document.expect("the text is a directive");
    document.definitions[0].directives().iter().cloned().collect()
}
