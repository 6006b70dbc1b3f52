//! An operation as a second parser reads it: what the truth executes.
//!
//! **In:** a document's text. **Out:** its operation and fragments, and the pieces of it that input
//! coercion looks at, in the words of the schema's parser.
//!
//! **Never here:** validation. Who executes a document has validated it, by the first parser.
//!
//! **Holds:** the gateway and its planner read documents by another parser, so that no mistake of
//! one is the other's.
//!
//! **Read first:** [`Document`].

use std::collections::BTreeMap;

use apollo_compiler::ast::{self, OperationType};
use apollo_compiler::{Name, Node};
use graphql_parser::query::{Definition, OperationDefinition, TypeCondition, parse_query};
use graphql_parser::query::{FragmentDefinition, VariableDefinition};

use crate::coerce::Values;

pub(crate) type Field = graphql_parser::query::Field<'static, String>;
pub(crate) type Selection = graphql_parser::query::Selection<'static, String>;
pub(crate) type Literal = graphql_parser::query::Value<'static, String>;
pub(crate) type Directive = graphql_parser::query::Directive<'static, String>;
type Written = graphql_parser::query::Type<'static, String>;

/// The operations and fragments of a document.
#[derive(Debug)]
pub(crate) struct Document {
    operations: Vec<Operation>,
    pub(crate) fragments: BTreeMap<String, Fragment>,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: Option<String>,
    pub(crate) operation_type: OperationType,
    pub(crate) variables: Vec<Variable>,
    pub(crate) selection_set: Vec<Selection>,
}

/// A variable's definition.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) ty: ast::Type,
    pub(crate) default: Option<ast::Value>,
}

/// A named fragment.
#[derive(Debug)]
pub(crate) struct Fragment {
    pub(crate) condition: String,
    pub(crate) selection_set: Vec<Selection>,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// When it is no document for this parser, or holds a name that is none for the other.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let document = parse_query::<String>(text).map_err(|error| error.to_string())?;
        let mut read = Self { operations: Vec::new(), fragments: BTreeMap::new() };
        for definition in document.into_static().definitions {
            match definition {
                Definition::Operation(operation) => read.operations.push(operation_of(operation)?),
                Definition::Fragment(fragment) => {
                    let FragmentDefinition { name, type_condition, selection_set, .. } = fragment;
                    let condition = condition(&type_condition).to_owned();
                    let selection_set = selection_set.items;
                    read.fragments.insert(name, Fragment { condition, selection_set });
                }
            }
        }
        Ok(read)
    }

    /// `GetOperation`.
    ///
    /// # Errors
    ///
    /// When there is none of that name, or no name and several.
    pub(crate) fn operation(&self, name: Option<&str>) -> Result<&Operation, String> {
        let named = |operation: &&Operation| operation.name.as_deref() == name;
        match (name, self.operations.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => {
                Err("the document has several operations; give an operation name".to_owned())
            }
            (Some(wanted), operations) => {
                let found = operations.iter().find(named);
                found.ok_or_else(|| format!("the document has no operation `{wanted}`"))
            }
        }
    }
}

/// The type that a condition names.
pub(crate) fn condition<'w>(written: &'w TypeCondition<'static, String>) -> &'w str {
    let TypeCondition::On(name) = written;
    name
}

/// Whether `@skip` and `@include` leave a selection in the operation.
pub(crate) fn is_included(selection: &Selection, variables: &Values) -> bool {
    let directives = match selection {
        Selection::Field(field) => &field.directives,
        Selection::FragmentSpread(spread) => &spread.directives,
        Selection::InlineFragment(inline) => &inline.directives,
    };
    let holds = |name: &str| {
        let directive: &Directive = directives.iter().find(|directive| directive.name == name)?;
        match directive.arguments.iter().find(|(argument, _)| argument == "if")? {
            (_, Literal::Boolean(value)) => Some(*value),
            (_, Literal::Variable(variable)) => variables.get(variable)?.as_bool(),
            _ => None,
        }
    };
    holds("skip") != Some(true) && holds("include") != Some(false)
}

/// The arguments of a planner's field, as this parser reads them.
pub(crate) fn written_arguments(
    arguments: &[(String, supergraph::Value)],
) -> Vec<(String, Literal)> {
    if arguments.is_empty() {
        return Vec::new();
    }
    let written: Vec<String> =
        arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let document = Document::read(&format!("{{ field({}) }}", written.join(", ")));
    let Ok(document) = document else { return Vec::new() };
    let selections = document.operations.into_iter().flat_map(|it| it.selection_set);
    let fields = selections.filter_map(|selection| match selection {
        Selection::Field(field) => Some(field.arguments),
        _ => None,
    });
    fields.flatten().collect()
}

/// Arguments of a field or directive, for coercion.
///
/// # Errors
///
/// When a name is none.
pub(crate) fn arguments_of(
    written: &[(String, Literal)],
) -> Result<Vec<Node<ast::Argument>>, String> {
    let arguments = written.iter().map(|(argument, value)| {
        let value = Node::new(literal(value)?);
        Ok(Node::new(ast::Argument { name: name(argument)?, value }))
    });
    arguments.collect()
}

fn operation_of(written: OperationDefinition<'static, String>) -> Result<Operation, String> {
    let (name, operation_type, variables, set) = match written {
        OperationDefinition::SelectionSet(set) => (None, OperationType::Query, Vec::new(), set),
        OperationDefinition::Query(query) => {
            (query.name, OperationType::Query, query.variable_definitions, query.selection_set)
        }
        OperationDefinition::Mutation(mutation) => (
            mutation.name,
            OperationType::Mutation,
            mutation.variable_definitions,
            mutation.selection_set,
        ),
        OperationDefinition::Subscription(subscription) => (
            subscription.name,
            OperationType::Subscription,
            subscription.variable_definitions,
            subscription.selection_set,
        ),
    };
    let variables = variables.into_iter().map(variable_of).collect::<Result<_, _>>()?;
    Ok(Operation { name, operation_type, variables, selection_set: set.items })
}

fn variable_of(written: VariableDefinition<'static, String>) -> Result<Variable, String> {
    let default = written.default_value.as_ref().map(literal).transpose()?;
    Ok(Variable { name: written.name, ty: type_of(&written.var_type)?, default })
}

fn type_of(written: &Written) -> Result<ast::Type, String> {
    Ok(match written {
        Written::NamedType(named) => ast::Type::Named(name(named)?),
        Written::ListType(item) => type_of(item)?.list(),
        Written::NonNullType(nullable) => type_of(nullable)?.non_null(),
    })
}

fn literal(written: &Literal) -> Result<ast::Value, String> {
    Ok(match written {
        Literal::Variable(variable) => ast::Value::Variable(name(variable)?),
        Literal::Int(number) => {
            let text = number.as_i64().unwrap_or_default().to_string();
            ast::Value::Int(ast::IntValue::new_parsed(&text))
        }
        Literal::Float(number) => {
            ast::Value::Float(ast::FloatValue::new_parsed(&format!("{number:?}")))
        }
        Literal::String(text) => ast::Value::String(text.clone()),
        Literal::Boolean(value) => ast::Value::Boolean(*value),
        Literal::Null => ast::Value::Null,
        Literal::Enum(value) => ast::Value::Enum(name(value)?),
        Literal::List(items) => {
            let items = items.iter().map(|item| literal(item).map(Node::new));
            ast::Value::List(items.collect::<Result<_, _>>()?)
        }
        Literal::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| {
                let value = Node::new(literal(value)?);
                Ok::<_, String>((name(key)?, value))
            });
            ast::Value::Object(fields.collect::<Result<_, _>>()?)
        }
    })
}

fn name(written: &str) -> Result<Name, String> {
    Name::new(written).map_err(|error| error.to_string())
}
