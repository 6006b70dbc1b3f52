//! What each fetch of a plan asks of connectors, read once.
//!
//! **In:** a fetch of a plan: its structural selections, and its text for the arguments.
//! **Out:** [`FetchProgram`].
//!
//! **Never here:** values of variables (`arguments`), requests (`errand`).
//!
//! **Holds:** a program is made when a fetch is first sent, and lives and dies with its plan. A fetch that asks
//! GraphQL subgraphs has none.
//!
//! **Read first:** [`FetchProgram::read`].

use std::sync::OnceLock;

use apollo_compiler::ast::{self, Document};
use composition::{Connector, ConnectorKind, RootOperation};
use mapping::Wanted;
use query_planner::{Fetch, FetchId, Group, GroupKind, QueryPlan};
use supergraph::{Id, Supergraph};

use super::arguments::Arguments;
use super::form::{FieldForm, ObjectForm, both, want};

/// What the fetches of a plan ask of connectors.
#[derive(Debug)]
pub struct Programs(Vec<OnceLock<FetchProgram>>);

/// What one fetch asks.
#[derive(Debug)]
pub(super) struct FetchProgram {
    /// In the order of the fetch.
    pub(super) groups: Vec<GroupProgram>,
    /// For a batch: what is wanted of its entities, whoever asks.
    pub(super) batch: Reading,
}

/// What one group asks.
#[derive(Debug)]
pub(super) enum GroupProgram {
    /// Fields of a root type.
    Root(Vec<Called>),
    /// Entities.
    Entities(EntityProgram),
}

/// Entities that are asked for.
#[derive(Debug)]
pub(super) struct EntityProgram {
    /// The response name of `_entities`.
    pub(super) alias: String,
    /// The variable with their representations.
    pub(super) variable: String,
    /// What is asked of them.
    pub(super) form: ObjectForm,
    /// The fields of `form` that are calls of their own.
    pub(super) called: Vec<(usize, Called)>,
    /// What is read for one of them, when it is one call.
    pub(super) reading: Reading,
    /// The defaults of arguments, where a root field answers.
    pub(super) defaults: Arguments,
}

/// A field that is a call.
#[derive(Debug)]
pub(super) struct Called {
    /// Its response name and what is asked of its value.
    pub(super) form: FieldForm,
    /// Its arguments, by the type of the object where they differ.
    arguments: Vec<(Option<String>, Arguments)>,
    /// What is read of the answer.
    pub(super) reading: Reading,
}

/// What is read of an answer.
#[derive(Debug)]
pub(super) struct Reading {
    /// Of the mapping's result.
    pub(super) wanted: Wanted,
    /// Of the response's body.
    pub(super) body: Wanted,
}

impl Programs {
    /// Room for the programs of a plan.
    #[must_use]
    pub fn new(plan: &QueryPlan) -> Self {
        Self(plan.fetches.iter().map(|_| OnceLock::new()).collect())
    }

    pub(super) fn of(
        &self,
        fetch: FetchId,
        read: impl FnOnce() -> FetchProgram,
    ) -> Option<&FetchProgram> {
        Some(self.0.get(fetch.index())?.get_or_init(read))
    }
}

impl FetchProgram {
    /// Reads what a fetch asks of a connector.
    pub(super) fn read(
        plan: &QueryPlan,
        fetch: &Fetch,
        supergraph: &Supergraph,
        connector: &Connector,
    ) -> Self {
        // The text is the planner's own.
        let text =
            Document::parse(fetch.text.as_str(), "fetch").unwrap_or_else(|broken| broken.partial);
        let reader = Reader { plan, supergraph, connector, text: &text };
        let groups: Vec<_> =
            fetch.groups.iter().map(|&group| reader.group(&plan.groups[group])).collect();
        let mut wanted = Wanted::members::<&str>([]);
        for group in &groups {
            if let GroupProgram::Entities(entities) = group {
                both(&mut wanted, entities.reading.wanted.clone());
            }
        }
        if let ConnectorKind::Batch { key, .. } = &connector.kind {
            for name in key.iter().filter_map(|path| path.first()) {
                want(&mut wanted, name, Wanted::All);
            }
        }
        Self { groups, batch: reader.reading(wanted) }
    }
}

impl Called {
    /// Its arguments on objects of a type.
    pub(super) fn arguments(&self, ty: Option<&str>) -> &Arguments {
        static NONE: Arguments = Arguments::NONE;
        let fits = |on: &Option<String>| on.as_deref().is_none_or(|on| Some(on) == ty);
        let found = self.arguments.iter().find(|(on, _)| fits(on)).or(self.arguments.first());
        found.map_or(&NONE, |(_, arguments)| arguments)
    }
}

struct Reader<'r> {
    plan: &'r QueryPlan,
    supergraph: &'r Supergraph,
    connector: &'r Connector,
    text: &'r Document,
}

impl Reader<'_> {
    fn group(&self, group: &Group) -> GroupProgram {
        let form = ObjectForm::of(&group.selection, self.plan, self.supergraph);
        match &group.kind {
            GroupKind::Root => {
                let selections = self.root_selections();
                let called = |form: FieldForm| self.called(form, selections, None);
                GroupProgram::Root(form.fields.into_iter().map(called).collect())
            }
            GroupKind::Entities { alias, variable, .. } => {
                let mut called = Vec::new();
                let mut defaults = Arguments::NONE;
                match &self.connector.kind {
                    ConnectorKind::Field { ty, field, .. } => {
                        let selections = self.entity_selections(alias);
                        let own = ObjectForm::of(&group.selection, self.plan, self.supergraph);
                        for (at, form) in own.fields.into_iter().enumerate() {
                            if form.name == *field {
                                called.push((at, self.called(form, selections, Some(ty))));
                            }
                        }
                    }
                    ConnectorKind::EntityByQuery { field, .. } => {
                        let query = self.supergraph.query_type();
                        let id = self.supergraph.field_named(query, field);
                        let field = id.map(|id| self.supergraph.field(id));
                        defaults = Arguments::read(&[], field, self.supergraph);
                    }
                    ConnectorKind::RootField { .. }
                    | ConnectorKind::Entity { .. }
                    | ConnectorKind::Batch { .. } => {}
                }
                GroupProgram::Entities(EntityProgram {
                    alias: alias.clone(),
                    variable: variable.clone(),
                    reading: self.reading(form.wanted()),
                    form,
                    called,
                    defaults,
                })
            }
        }
    }

    fn called(&self, form: FieldForm, text: &[ast::Selection], parent: Option<&str>) -> Called {
        let parent = match (parent, &self.connector.kind) {
            (Some(parent), _) => self.supergraph.type_named(parent),
            (None, ConnectorKind::RootField { operation, .. }) => match operation {
                RootOperation::Query => Some(self.supergraph.query_type()),
                RootOperation::Mutation => self.supergraph.mutation_type(),
            },
            (None, _) => None,
        };
        let declared = parent.and_then(|ty| self.supergraph.field_named(ty, &form.name));
        let declared = declared.map(|id| self.supergraph.field(id));
        let mut arguments = Vec::new();
        each_field(text, None, &form.response_name, &mut |on, written| {
            let read = Arguments::read(written, declared, self.supergraph);
            arguments.push((on.map(str::to_owned), read));
        });
        Called { reading: self.reading(form.wanted()), form, arguments }
    }

    fn reading(&self, wanted: Wanted) -> Reading {
        Reading { body: self.connector.selection.body_read(&wanted), wanted }
    }

    fn root_selections(&self) -> &[ast::Selection] {
        let operation = self.text.definitions.iter().find_map(|definition| match definition {
            ast::Definition::OperationDefinition(operation) => Some(operation),
            _ => None,
        });
        operation.map_or(&[], |operation| &operation.selection_set)
    }

    fn entity_selections(&self, alias: &str) -> &[ast::Selection] {
        let found = self.root_selections().iter().find_map(|selection| match selection {
            ast::Selection::Field(field) if field.response_name() == alias => Some(field),
            _ => None,
        });
        found.map_or(&[], |field| &field.selection_set)
    }
}

/// Visits the fields of a response name, also in fragments, with the type that a fragment is for.
fn each_field<'t>(
    selections: &'t [ast::Selection],
    on: Option<&'t str>,
    response_name: &str,
    visit: &mut impl FnMut(Option<&'t str>, &'t [apollo_compiler::Node<ast::Argument>]),
) {
    for selection in selections {
        match selection {
            ast::Selection::Field(field) if field.response_name() == response_name => {
                visit(on, &field.arguments);
            }
            ast::Selection::InlineFragment(fragment) => {
                let on = fragment.type_condition.as_ref().map(|name| name.as_str()).or(on);
                each_field(&fragment.selection_set, on, response_name, visit);
            }
            ast::Selection::Field(_) | ast::Selection::FragmentSpread(_) => {}
        }
    }
}
