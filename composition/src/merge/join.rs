//! Writes the `join__` directives: which subgraph has what.
//!
//! **In:** sources of an element. **Out:** directives as they are printed.
//!
//! **Never here:** whether a `join__field` is needed (`field` and `input_object` decide).
//!
//! **Read first:** [`types`] and [`JoinField`].
//!
//! Spec: <https://specs.apollo.dev/join/v0.5>

use indexmap::IndexMap;

use crate::merge::Sources;
use crate::merged::{Graph, quoted};
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
    /// The arguments that contexts fill, each as a GraphQL object.
    pub(crate) context_arguments: Vec<String>,
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
            value,
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
pub(crate) fn types(graphs: &[Graph], sources: &Sources<'_, TypeDef>) -> Vec<String> {
    let mut joins = Vec::new();
    for (index, definition) in sources {
        let graph = &graphs[*index].value;
        let interface_object =
            if definition.interface_object { ", isInterfaceObject: true" } else { "" };
        if definition.keys.is_empty() {
            joins.push(format!("@join__type(graph: {graph}{interface_object})"));
        }
        for key in &definition.keys {
            let fields = quoted(&key.fields.print());
            let extension = if key.extension { ", extension: true" } else { "" };
            let resolvable = if key.resolvable { "" } else { ", resolvable: false" };
            joins.push(format!(
                "@join__type(graph: {graph}, key: \
                 {fields}{extension}{resolvable}{interface_object})"
            ));
        }
    }
    for (index, definition) in sources {
        for interface in definition.implements.keys() {
            joins.push(format!(
                "@join__implements(graph: {}, interface: \"{interface}\")",
                graphs[*index].value
            ));
        }
    }
    for (index, definition) in sources.iter().filter(|(_, d)| d.kind == Kind::Union) {
        for member in definition.members.keys() {
            joins.push(format!(
                "@join__unionMember(graph: {}, member: \"{member}\")",
                graphs[*index].value
            ));
        }
    }
    joins
}

pub(crate) fn enum_value(graph: &Graph) -> String {
    format!("@join__enumValue(graph: {})", graph.value)
}

impl JoinField {
    pub(crate) fn print(&self, graph: &Graph) -> String {
        let mut out = format!("@join__field(graph: {}", graph.value);
        let mut text = |name: &str, value: &Option<String>| {
            if let Some(value) = value {
                out.push_str(&format!(", {name}: {}", quoted(value)));
            }
        };
        text("requires", &self.requires);
        text("provides", &self.provides);
        text("type", &self.ty);
        if self.external {
            out.push_str(", external: true");
        }
        let mut text = |name: &str, value: &Option<String>| {
            if let Some(value) = value {
                out.push_str(&format!(", {name}: {}", quoted(value)));
            }
        };
        text("override", &self.overrides);
        if self.used_overridden {
            out.push_str(", usedOverridden: true");
        }
        if let Some(label) = &self.override_label {
            out.push_str(&format!(", overrideLabel: {}", quoted(label)));
        }
        if !self.context_arguments.is_empty() {
            let arguments = self.context_arguments.join(", ");
            out.push_str(&format!(", contextArguments: [{arguments}]"));
        }
        out.push(')');
        out
    }
}
