//! An operation as the planner reads it: names resolved, fragments shared.
//!
//! **In:** a document that is valid against the API schema. **Out:** [`Operation`].
//!
//! **Never here:** validation (apollo-compiler did it), `@skip` and `@include` decisions (`shape`).
//!
//! **Holds:** a fragment's selections are stored once, however often it is spread.
//!
//! **Read first:** [`Operation::read`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Document>

use crate::plan::OperationKind;
use apollo_compiler::{ExecutableDocument, ast, executable, validation::Valid};
use foldhash::HashSet;
use std::{
    collections::{BTreeSet, HashMap},
    hash::{Hash, Hasher},
    sync::Arc,
};
use supergraph::{
    ConditionId, FieldId, IdSet, IdVec, RequirementSet, Supergraph, TypeId, Value, ids,
};
use thiserror::Error;

ids! {
    /// A selection set of the document.
    SetId,
    /// A field with its arguments, where a condition looks at them.
    OccurrenceId,
}

/// A set of occurrences.
pub type OccurrenceSet = IdSet<OccurrenceId>;

/// A field as it is asked for, and a condition of `@authorize` on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Occurrence {
    /// The field, on the runtime type that has it.
    pub field: FieldId,
    /// The condition.
    pub condition: ConditionId,
    asked: Asked,
}

impl Occurrence {
    /// The arguments as the document gives them.
    pub fn arguments(&self) -> &[(String, Value)] {
        &self.asked.arguments
    }

    pub(crate) fn is_of(&self, field: FieldId, asked: &Asked) -> bool {
        // Directives of an operation do not change what the arguments are.
        self.field == field && self.asked.arguments == asked.arguments
    }
}

/// An operation, ready to be planned any number of times.
#[derive(Clone, Debug)]
pub struct Operation {
    kind: OperationKind,
    name: Option<String>,
    variables: Vec<VariableDefinition>,
    pub(crate) sets: IdVec<SetId, Vec<Node>>,
    pub(crate) root_set: SetId,
    pub(crate) root_type: TypeId,
    pub(crate) asked: AskedFields,
    requirements: RequirementSet,
    occurrences: IdVec<OccurrenceId, Occurrence>,
}

/// A variable that the operation declares.
#[derive(Clone, Debug)]
pub struct VariableDefinition {
    /// Its name, without `$`.
    pub name: String,
    /// Its type as written.
    pub ty: String,
    /// Its default, if it has one.
    pub default: Option<Value>,
}

/// Why an operation cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OperationError {
    /// The document has none of that name, or several and no name was given.
    #[error("{0}")]
    NotFound(String),
    /// The schema has no such root type.
    #[error("the schema has no {} type", .0.as_str())]
    NoRootType(OperationKind),
    /// The document is not valid against this supergraph's API schema.
    #[error("`{0}` is not in the supergraph")]
    Unknown(String),
}

/// One selection.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Field(FieldNode),
    Fragment { on: Option<TypeId>, conditions: Conditions, defer: Option<Defer>, set: SetId },
}

/// A selected field.
#[derive(Clone, Debug)]
pub(crate) struct FieldNode {
    pub(crate) response_name: Arc<str>,
    pub(crate) asked: Asked,
    pub(crate) conditions: Conditions,
    pub(crate) set: Option<SetId>,
}

/// What a field asks for, wherever its value goes.
#[derive(PartialEq, Eq, Hash, Debug)]
pub(crate) struct AskedField {
    pub(crate) name: Arc<str>,
    pub(crate) arguments: Vec<(String, Value)>,
    pub(crate) directives: Vec<AppliedDirective>,
}

/// An [`AskedField`] that is stored once, so that equal ones are one.
#[derive(Clone, Debug)]
pub(crate) struct Asked(Arc<AskedField>);

/// The asked fields of an operation, or of field sets. Clients write them: the hash is keyed.
#[derive(Clone, Default, Debug)]
pub(crate) struct AskedFields(HashSet<Arc<AskedField>>);

impl AskedFields {
    pub(crate) fn find(&self, field: &AskedField) -> Option<Asked> {
        self.0.get(field).map(|known| Asked(Arc::clone(known)))
    }

    /// The one that is equal to `field`. Whoever has two tables asks the other one first.
    pub(crate) fn intern(&mut self, field: AskedField) -> Asked {
        self.find(&field).unwrap_or_else(|| {
            let field = Arc::new(field);
            self.0.insert(Arc::clone(&field));
            Asked(field)
        })
    }
}

impl std::ops::Deref for Asked {
    type Target = AskedField;

    fn deref(&self) -> &AskedField {
        &self.0
    }
}

impl PartialEq for Asked {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Asked {}

impl Hash for Asked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// An executable directive other than `@skip` and `@include`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct AppliedDirective {
    pub(crate) name: String,
    pub(crate) arguments: Vec<(String, Value)>,
}

/// `@skip` and `@include` of one selection.
#[derive(Clone, Default, Debug)]
pub(crate) struct Conditions {
    pub(crate) skip: Option<Condition>,
    pub(crate) include: Option<Condition>,
}

/// `@defer` of one fragment.
#[derive(Clone, Debug)]
pub(crate) struct Defer {
    /// Tells the fragments of an operation apart.
    pub(crate) id: usize,
    pub(crate) label: Option<String>,
    pub(crate) condition: Option<Condition>,
}

/// What an `if` says.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Constant(bool),
    Variable(String),
}

impl Operation {
    /// Reads the operation called `name`, or the only one.
    ///
    /// # Errors
    /// When there is no such operation, or the document doesn't fit the supergraph.
    pub fn read(
        supergraph: &Supergraph,
        document: &Valid<ExecutableDocument>,
        name: Option<&str>,
    ) -> Result<Self, OperationError> {
        let operation = document
            .operations
            .get(name)
            .map_err(|_| OperationError::NotFound(not_found(document, name)))?;
        let kind = match operation.operation_type {
            ast::OperationType::Query => OperationKind::Query,
            ast::OperationType::Mutation => OperationKind::Mutation,
            ast::OperationType::Subscription => OperationKind::Subscription,
        };
        let root_type = match kind {
            OperationKind::Query => Some(supergraph.query_type()),
            OperationKind::Mutation => supergraph.mutation_type(),
            OperationKind::Subscription => supergraph.subscription_type(),
        };
        let root_type = root_type.ok_or(OperationError::NoRootType(kind))?;
        let mut reader = Reader {
            supergraph,
            document,
            sets: IdVec::new(),
            fragments: HashMap::new(),
            asked: AskedFields::default(),
            n_defers: 0,
            requirements: RequirementSet::new(),
            occurrences: IdVec::new(),
        };
        let root_set = reader.set(&operation.selection_set)?;
        let variables = operation.variables.iter().map(|variable| VariableDefinition {
            name: variable.name.to_string(),
            ty: variable.ty.to_string(),
            default: variable.default_value.as_deref().map(Value::read),
        });
        Ok(Self {
            kind,
            name: operation.name.as_ref().map(ToString::to_string),
            variables: variables.collect(),
            sets: reader.sets,
            root_set,
            root_type,
            asked: reader.asked,
            requirements: reader.requirements,
            occurrences: reader.occurrences,
        })
    }

    /// Query, mutation or subscription.
    pub fn kind(&self) -> OperationKind {
        self.kind
    }

    /// Its name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The variables that it declares.
    pub fn variables(&self) -> &[VariableDefinition] {
        &self.variables
    }

    /// The requirements that may decide what it shows: each is one guard bit of the plan.
    pub fn requirements(&self) -> &RequirementSet {
        &self.requirements
    }

    /// The fields with arguments that a condition looks at: each is one guard bit of the plan.
    pub fn occurrences(&self) -> &IdVec<OccurrenceId, Occurrence> {
        &self.occurrences
    }

    /// A name for a variable of ours, which the client's don't have.
    pub(crate) fn free_variable(&self, mut name: String) -> String {
        while self.variables.iter().any(|variable| variable.name == name) {
            name.insert(0, '_');
        }
        name
    }

    /// Whether a fragment has `@defer`.
    pub(crate) fn has_defer(&self) -> bool {
        self.defers().next().is_some()
    }

    fn defers(&self) -> impl Iterator<Item = &Defer> {
        self.sets.iter().flat_map(|(_, nodes)| nodes).filter_map(|node| match node {
            Node::Fragment { defer, .. } => defer.as_ref(),
            Node::Field(_) => None,
        })
    }

    /// The variables that decide a `@skip`, `@include` or `@defer`: each is one guard bit of the plan.
    pub fn guard_variables(&self) -> BTreeSet<&str> {
        let conditions = self.sets.iter().flat_map(|(_, nodes)| nodes).map(|node| match node {
            Node::Field(field) => &field.conditions,
            Node::Fragment { conditions, .. } => conditions,
        });
        let both = conditions.flat_map(|both| [&both.skip, &both.include]).flatten();
        let defers = self.defers().filter_map(|defer| defer.condition.as_ref());
        both.chain(defers)
            .filter_map(|condition| match condition {
                Condition::Variable(name) => Some(name.as_str()),
                Condition::Constant(_) => None,
            })
            .collect()
    }
}

fn not_found(document: &ExecutableDocument, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("the document has no operation named `{name}`"),
        None if document.operations.is_empty() => "the document has no operation".to_owned(),
        None => "the document has several operations: say which by `operationName`".to_owned(),
    }
}

struct Reader<'a> {
    supergraph: &'a Supergraph,
    document: &'a ExecutableDocument,
    sets: IdVec<SetId, Vec<Node>>,
    fragments: HashMap<&'a str, SetId>,
    n_defers: usize,
    asked: AskedFields,
    requirements: RequirementSet,
    occurrences: IdVec<OccurrenceId, Occurrence>,
}

impl<'a> Reader<'a> {
    fn set(&mut self, set: &'a executable::SelectionSet) -> Result<SetId, OperationError> {
        let mut nodes = Vec::with_capacity(set.selections.len());
        let has_rules =
            !self.supergraph.requirements().is_empty() || !self.supergraph.conditions().is_empty();
        let parent = has_rules.then(|| self.supergraph.type_named(&set.ty)).flatten();
        for selection in &set.selections {
            if let (Some(parent), executable::Selection::Field(field)) = (parent, selection)
                && let Some(field) = self.supergraph.field_named(parent, &field.name)
            {
                let touched = &self.supergraph.field(field).touched;
                self.requirements.extend_with(touched.iter().copied());
            }
            let node = self.node(selection)?;
            if let (Some(parent), Node::Field(field)) = (parent, &node) {
                self.add_occurrences(parent, &field.asked);
            }
            nodes.push(node);
        }
        Ok(self.sets.push(nodes))
    }

    /// Notes the conditions that look at a field's arguments, on whatever object it may stand.
    fn add_occurrences(&mut self, parent: TypeId, asked: &Asked) {
        if self.supergraph.conditions().is_empty() {
            return;
        }
        for member in self.supergraph.ty(parent).possible.iter() {
            let Some(field) = self.supergraph.field_named(member, &asked.name) else { continue };
            for condition in self.supergraph.field(field).conditions.iter().copied() {
                let is_known =
                    |known: &Occurrence| known.condition == condition && known.is_of(field, asked);
                if !self.occurrences.as_slice().iter().any(is_known) {
                    let asked = asked.clone();
                    self.occurrences.push(Occurrence { field, condition, asked });
                }
            }
        }
    }

    fn node(&mut self, selection: &'a executable::Selection) -> Result<Node, OperationError> {
        Ok(match selection {
            executable::Selection::Field(field) => {
                // What is asked of the schema itself is no matter of plans, and its types are none of the tables'.
                let is_leaf = field.selection_set.selections.is_empty();
                let set = match is_leaf || field.name.starts_with("__") {
                    true => None,
                    false => Some(self.set(&field.selection_set)?),
                };
                let asked = self.asked.intern(AskedField {
                    name: field.name.as_str().into(),
                    arguments: arguments(&field.arguments),
                    directives: applied(&field.directives),
                });
                Node::Field(FieldNode {
                    response_name: match &field.alias {
                        Some(alias) => alias.as_str().into(),
                        None => Arc::clone(&asked.name),
                    },
                    asked,
                    conditions: conditions(&field.directives),
                    set,
                })
            }
            executable::Selection::InlineFragment(fragment) => Node::Fragment {
                on: match &fragment.type_condition {
                    Some(name) => Some(self.type_named(name)?),
                    None => None,
                },
                conditions: conditions(&fragment.directives),
                defer: self.defer(&fragment.directives),
                set: self.set(&fragment.selection_set)?,
            },
            executable::Selection::FragmentSpread(spread) => {
                let name = spread.fragment_name.as_str();
                let definition = self
                    .document
                    .fragments
                    .get(name)
                    .ok_or_else(|| OperationError::Unknown(format!("...{name}")))?;
                let set = match self.fragments.get(name) {
                    Some(set) => *set,
                    None => {
                        let set = self.set(&definition.selection_set)?;
                        self.fragments.insert(name, set);
                        set
                    }
                };
                Node::Fragment {
                    on: Some(self.type_named(definition.type_condition())?),
                    conditions: conditions(&spread.directives),
                    defer: self.defer(&spread.directives),
                    set,
                }
            }
        })
    }

    fn defer(&mut self, directives: &ast::DirectiveList) -> Option<Defer> {
        let node = directives.get("defer")?;
        self.n_defers += 1;
        let label = node.specified_argument_by_name("label").and_then(|label| label.as_str());
        Some(Defer {
            id: self.n_defers,
            label: label.map(str::to_owned),
            condition: condition(node),
        })
    }

    fn type_named(&self, name: &str) -> Result<TypeId, OperationError> {
        self.supergraph.type_named(name).ok_or_else(|| OperationError::Unknown(name.to_owned()))
    }
}

fn arguments(nodes: &[apollo_compiler::Node<ast::Argument>]) -> Vec<(String, Value)> {
    nodes.iter().map(|node| (node.name.to_string(), Value::read(&node.value))).collect()
}

fn applied(directives: &ast::DirectiveList) -> Vec<AppliedDirective> {
    let custom = directives.iter().filter(|node| node.name != "skip" && node.name != "include");
    custom
        .map(|node| AppliedDirective {
            name: node.name.to_string(),
            arguments: arguments(&node.arguments),
        })
        .collect()
}

fn conditions(directives: &ast::DirectiveList) -> Conditions {
    let read = |name: &str| directives.get(name).and_then(|node| condition(node));
    Conditions { skip: read("skip"), include: read("include") }
}

fn condition(node: &ast::Directive) -> Option<Condition> {
    Some(match &**node.specified_argument_by_name("if")? {
        ast::Value::Variable(name) => Condition::Variable(name.to_string()),
        value => Condition::Constant(value.to_bool().unwrap_or(false)),
    })
}
