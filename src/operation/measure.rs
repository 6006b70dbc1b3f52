//! Measures an operation: how deep and how large it is, with its fragments at each place where they stand.
//!
//! **In:** a valid document (so fragments form no cycle) and one of its operations; the values of variables.
//! **Out:** [`Measures`], and what of them is beyond a bound.
//!
//! **Never here:** the bounds (`config`), what an operation costs (`query_planner`).
//!
//! **Holds:** each selection of the document is looked at once, however often its fragment is spread: sums
//! saturate. Introspection counts like all else.
//!
//! **Read first:** [`Measures::of`], [`Measures::beyond`].

use std::collections::HashMap;

use apollo_compiler::ast::{DirectiveList, Value};
use apollo_compiler::executable::{Operation, Selection, SelectionSet};
use apollo_compiler::{ExecutableDocument, Node};
use serde_json::{Map, Value as Json};

use super::error::Excess;
use crate::config::Bounds;

/// The sizes of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Measures {
    depth: u64,
    height: u64,
    aliases: u64,
    root_fields: u64,
    directives: u64,
    list_items: u64,
    tokens: u64,
}

/// One thing that is bounded, and the key of its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// How deep fields nest.
    Depth,
    /// Fields.
    Height,
    /// Fields with an alias.
    Aliases,
    /// Fields at the root.
    RootFields,
    /// Directives.
    Directives,
    /// Items of lists in arguments and variables.
    ListArguments,
    /// Tokens.
    Tokens,
    /// What it costs.
    Cost,
}

impl Limit {
    /// The key in `limits` of a policy.
    pub fn key(self) -> &'static str {
        match self {
            Self::Depth => "depth",
            Self::Height => "height",
            Self::Aliases => "aliases",
            Self::RootFields => "root_fields",
            Self::Directives => "directives",
            Self::ListArguments => "list_arguments",
            Self::Tokens => "tokens",
            Self::Cost => "cost",
        }
    }
}

impl Measures {
    /// The sizes of an operation whose document has so many tokens.
    pub(super) fn of(document: &ExecutableDocument, operation: &Operation, tokens: usize) -> Self {
        let mut fragments = HashMap::new();
        let mut measures = measure(document, &operation.selection_set, &mut fragments);
        measures.count_directives(&operation.directives);
        for variable in &operation.variables {
            measures.count_directives(&variable.directives);
            measures.count_items(variable.default_value.as_deref());
        }
        measures.tokens = tokens as u64;
        measures
    }

    /// What is beyond a bound, in the order in which people look at it; variables are not counted.
    pub(super) fn beyond<'a>(&'a self, bounds: &'a Bounds) -> impl Iterator<Item = Excess> + 'a {
        let all = [
            (Limit::Depth, self.depth, bounds.depth),
            (Limit::Height, self.height, bounds.height),
            (Limit::Aliases, self.aliases, bounds.aliases),
            (Limit::RootFields, self.root_fields, bounds.root_fields),
            (Limit::Directives, self.directives, bounds.directives),
            (Limit::ListArguments, self.list_items, bounds.list_arguments),
            (Limit::Tokens, self.tokens, bounds.tokens),
        ];
        all.into_iter().filter_map(|(limit, found, max)| {
            let max = max.filter(|max| found > *max)?;
            Some(Excess { limit, found, max })
        })
    }

    /// Items of lists that the document writes.
    pub(super) fn list_items(&self) -> u64 {
        self.list_items
    }

    fn count_directives(&mut self, directives: &DirectiveList) {
        self.directives = self.directives.saturating_add(directives.len() as u64);
        for argument in directives.iter().flat_map(|directive| &directive.arguments) {
            self.count_items(Some(&argument.value));
        }
    }

    fn count_items(&mut self, value: Option<&Value>) {
        self.list_items = self.list_items.saturating_add(value.map_or(0, items_of));
    }

    /// Adds what stands beside it.
    fn add(&mut self, other: &Self) {
        self.depth = self.depth.max(other.depth);
        self.height = self.height.saturating_add(other.height);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.root_fields = self.root_fields.saturating_add(other.root_fields);
        self.directives = self.directives.saturating_add(other.directives);
        self.list_items = self.list_items.saturating_add(other.list_items);
    }
}

fn measure<'a>(
    document: &'a ExecutableDocument,
    selection_set: &'a SelectionSet,
    fragments: &mut HashMap<&'a str, Measures>,
) -> Measures {
    let mut sum = Measures::default();
    for selection in &selection_set.selections {
        let mut one = match selection {
            Selection::Field(field) => {
                let mut one = measure(document, &field.selection_set, fragments);
                one.depth += 1;
                one.height = one.height.saturating_add(1);
                one.aliases = one.aliases.saturating_add(u64::from(field.alias.is_some()));
                one.root_fields = 1;
                field.arguments.iter().for_each(|it| one.count_items(Some(&it.value)));
                one
            }
            Selection::InlineFragment(inline) => {
                measure(document, &inline.selection_set, fragments)
            }
            Selection::FragmentSpread(spread) => {
                let name = spread.fragment_name.as_str();
                match (fragments.get(name), document.fragments.get(name)) {
                    (Some(known), _) => *known,
                    (None, Some(fragment)) => {
                        let mut one = measure(document, &fragment.selection_set, fragments);
                        one.count_directives(&fragment.directives);
                        fragments.insert(name, one);
                        one
                    }
                    (None, None) => Measures::default(),
                }
            }
        };
        one.count_directives(selection.directives());
        sum.add(&one);
    }
    sum
}

/// How many items the lists inside a literal have.
fn items_of(value: &Value) -> u64 {
    match value {
        Value::List(items) => {
            items.iter().map(|item: &Node<Value>| 1 + items_of(item)).fold(0, u64::saturating_add)
        }
        Value::Object(fields) => {
            fields.iter().map(|(_, value)| items_of(value)).fold(0, u64::saturating_add)
        }
        _ => 0,
    }
}

/// How many items the lists inside the values of variables have.
pub(super) fn items_of_variables(values: &Map<String, Json>) -> u64 {
    fn items(value: &Json) -> u64 {
        match value {
            Json::Array(values) => values.len() as u64 + values.iter().map(items).sum::<u64>(),
            Json::Object(fields) => fields.values().map(items).sum(),
            _ => 0,
        }
    }
    values.values().map(items).sum()
}
