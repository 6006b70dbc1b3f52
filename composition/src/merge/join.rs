//! Makes the `join__` directives: which subgraph has what.
//!
//! **In:** sources of an element. **Out:** directives.
//!
//! **Never here:** whether a `join__field` is needed (`field` and `input_object` decide).
//!
//! **Read first:** [`types`] and [`JoinField`].
//!
//! Spec: <https://specs.apollo.dev/join/v0.5>

use apollo_compiler::ast::{Directive, Value};
use apollo_compiler::{Name, Node, name};
use indexmap::IndexMap;

use crate::merge::Sources;
use crate::merged::{Graph, directive};
use crate::schema::{Kind, Subgraph, TypeDef};

/// The arguments of one `@join__field`.
#[derive(Default)]
pub(crate) struct JoinField {
    pub(crate) requires: Option<String>,
    pub(crate) provides: Option<String>,
    pub(crate) ty: Option<String>,
    pub(crate) external: bool,
    pub(crate) overrides: Option<String>,
    pub(crate) used_overridden: bool,
    pub(crate) override_label: Option<String>,
    /// The arguments that contexts fill, each as an object.
    pub(crate) context_arguments: Vec<Node<Value>>,
}

/// The subgraphs, with the values that `join__Graph` has for them.
pub(crate) fn graphs(subgraphs: &[Subgraph]) -> Vec<Graph> {
    let mut by_value: IndexMap<String, Vec<usize>> = IndexMap::new();
    for (index, subgraph) in subgraphs.iter().enumerate() {
        by_value.entry(graph_value(&subgraph.name)).or_default().push(index);
    }
    let mut values = vec![String::new(); subgraphs.len()];
    for (value, indexes) in by_value {
        match indexes.as_slice() {
            [only] => values[*only] = value,
            several => {
                for (number, index) in several.iter().enumerate() {
                    values[*index] = format!("{value}_{}", number + 1);
                }
            }
        }
    }
    values
        .into_iter()
        .zip(subgraphs)
        .map(|(value, subgraph)| Graph {
            value: Name::new_unchecked(&value),
            name: subgraph.name.clone(),
            url: subgraph.url.clone().unwrap_or_default(),
        })
        .collect()
}

/// Upper case, only word characters, no digit in front; a final `_1` gets a `_` behind it, so that
/// it is not taken for the number of a duplicate.
fn graph_value(name: &str) -> String {
    let mut value: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if value.starts_with(|c: char| c.is_ascii_digit()) {
        value.insert(0, '_');
    }
    let without_digits = value.trim_end_matches(|c: char| c.is_ascii_digit());
    if without_digits.len() < value.len() && without_digits.ends_with('_') {
        value.push('_');
    }
    value.to_ascii_uppercase()
}

/// `@join__type`, one a key; then `@join__implements` and `@join__unionMember`.
pub(crate) fn types(graphs: &[Graph], sources: &Sources<'_, TypeDef>) -> Vec<Node<Directive>> {
    let mut joins = Vec::new();
    let graph = |index: usize| (name!("graph"), Value::Enum(graphs[index].value.clone()));
    for (index, definition) in sources {
        let interface_object =
            definition.interface_object.then(|| (name!("isInterfaceObject"), Value::Boolean(true)));
        if definition.keys.is_empty() {
            let arguments = std::iter::once(graph(*index)).chain(interface_object.clone());
            joins.push(directive(name!("join__type"), arguments));
        }
        for key in &definition.keys {
            let mut arguments =
                vec![graph(*index), (name!("key"), Value::String(key.fields.print()))];
            if key.extension {
                arguments.push((name!("extension"), Value::Boolean(true)));
            }
            if !key.resolvable {
                arguments.push((name!("resolvable"), Value::Boolean(false)));
            }
            arguments.extend(interface_object.clone());
            joins.push(directive(name!("join__type"), arguments));
        }
    }
    for (index, definition) in sources {
        for interface in definition.implements.keys() {
            let interface = (name!("interface"), Value::String(interface.to_string()));
            joins.push(directive(name!("join__implements"), [graph(*index), interface]));
        }
    }
    for (index, definition) in sources.iter().filter(|(_, d)| d.kind == Kind::Union) {
        for member in definition.members.keys() {
            let member = (name!("member"), Value::String(member.to_string()));
            joins.push(directive(name!("join__unionMember"), [graph(*index), member]));
        }
    }
    joins
}

pub(crate) fn enum_value(graph: &Graph) -> Node<Directive> {
    let graph = (name!("graph"), Value::Enum(graph.value.clone()));
    directive(name!("join__enumValue"), [graph])
}

impl JoinField {
    pub(crate) fn directive(self, graph: &Graph) -> Node<Directive> {
        let text = |name, value: Option<String>| value.map(|text| (name, Value::String(text)));
        let flag = |name, is_set: bool| is_set.then_some((name, Value::Boolean(true)));
        let contexts = (!self.context_arguments.is_empty())
            .then(|| (name!("contextArguments"), Value::List(self.context_arguments)));
        let arguments = [
            Some((name!("graph"), Value::Enum(graph.value.clone()))),
            text(name!("requires"), self.requires),
            text(name!("provides"), self.provides),
            text(name!("type"), self.ty),
            flag(name!("external"), self.external),
            text(name!("override"), self.overrides),
            flag(name!("usedOverridden"), self.used_overridden),
            text(name!("overrideLabel"), self.override_label),
            contexts,
        ];
        directive(name!("join__field"), arguments.into_iter().flatten())
    }
}
