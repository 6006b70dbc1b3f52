//! The `join` directives as plain rows.
//!
//! **In:** directive nodes. **Out:** their arguments by meaning.
//!
//! **Never here:** what the rows mean together (`reader`).
//!
//! Spec: <https://specs.apollo.dev/join/v0.3/>

use crate::table::{Calls, ConnectorDef};
use apollo_compiler::ast;

/// `@join__type`
pub(crate) struct JoinType<'a> {
    pub(crate) graph: &'a str,
    pub(crate) key: Option<&'a str>,
    pub(crate) extension: bool,
    pub(crate) resolvable: bool,
    pub(crate) interface_object: bool,
}

/// `@join__field`
pub(crate) struct JoinField<'a> {
    pub(crate) graph: Option<&'a str>,
    pub(crate) requires: Option<&'a str>,
    pub(crate) provides: Option<&'a str>,
    pub(crate) ty: Option<&'a str>,
    pub(crate) external: bool,
    pub(crate) overrides: Option<&'a str>,
    pub(crate) used_overridden: bool,
    pub(crate) override_label: Option<&'a str>,
    pub(crate) contextual_arguments: Vec<ContextArgument<'a>>,
}

/// A row of `contextArguments`.
pub(crate) struct ContextArgument<'a> {
    pub(crate) name: &'a str,
    pub(crate) ty: &'a str,
    pub(crate) context: &'a str,
    pub(crate) selection: &'a str,
}

/// All `@join__type` of a type.
pub(crate) fn join_types(directives: &ast::DirectiveList) -> Vec<JoinType<'_>> {
    directives
        .get_all("join__type")
        .filter_map(|node| {
            Some(JoinType {
                graph: name(node, "graph")?,
                key: text(node, "key"),
                extension: flag(node, "extension", false),
                resolvable: flag(node, "resolvable", true),
                interface_object: flag(node, "isInterfaceObject", false),
            })
        })
        .collect()
}

/// All `@join__field` of a field.
pub(crate) fn join_fields(directives: &ast::DirectiveList) -> Vec<JoinField<'_>> {
    directives
        .get_all("join__field")
        .map(|node| JoinField {
            graph: name(node, "graph"),
            requires: text(node, "requires").filter(|text| !text.trim().is_empty()),
            provides: text(node, "provides").filter(|text| !text.trim().is_empty()),
            ty: text(node, "type"),
            external: flag(node, "external", false),
            overrides: text(node, "override"),
            used_overridden: flag(node, "usedOverridden", false),
            override_label: text(node, "overrideLabel").filter(|label| !label.is_empty()),
            contextual_arguments: contextual_arguments(node),
        })
        .collect()
}

/// The `graph` and one more name of each `@join__implements` or `@join__unionMember`.
pub(crate) fn pairs<'a>(
    directives: &'a ast::DirectiveList,
    directive: &str,
    other: &str,
) -> Vec<(&'a str, &'a str)> {
    directives
        .get_all(directive)
        .filter_map(|node| Some((name(node, "graph")?, text(node, other)?)))
        .collect()
}

/// The `graph` of `@join__owner` (join v0.1).
pub(crate) fn owner(directives: &ast::DirectiveList) -> Option<&str> {
    name(directives.get("join__owner")?, "graph")
}

/// The name and URL of `@join__graph`.
pub(crate) fn join_graph(directives: &ast::DirectiveList) -> Option<(&str, &str)> {
    let node = directives.get("join__graph")?;
    Some((text(node, "name")?, text(node, "url").unwrap_or_default()))
}

/// The connector that a graph is. Composition writes it beside `@join__graph`, for nobody but these
/// tables: `@connector(on: "Product", calls: BATCH, most: 50)`.
pub(crate) fn connector(directives: &ast::DirectiveList) -> Option<ConnectorDef> {
    let node = directives.get("connector")?;
    let most = argument(node, "most").and_then(ast::Value::to_i32);
    let calls = match name(node, "calls")? {
        "OBJECT" => Calls::PerObject,
        "BATCH" => Calls::PerBatch(most.and_then(|most| u32::try_from(most).ok())),
        _ => Calls::PerField,
    };
    Some(ConnectorDef { coordinate: text(node, "on")?.to_owned(), calls })
}

fn argument<'a>(node: &'a ast::Directive, name: &str) -> Option<&'a ast::Value> {
    node.specified_argument_by_name(name).map(|value| &**value)
}

fn text<'a>(node: &'a ast::Directive, name: &str) -> Option<&'a str> {
    argument(node, name)?.as_str()
}

fn name<'a>(node: &'a ast::Directive, name: &str) -> Option<&'a str> {
    argument(node, name)?.as_enum().map(|value| value.as_str())
}

fn flag(node: &ast::Directive, name: &str, default: bool) -> bool {
    argument(node, name).and_then(ast::Value::to_bool).unwrap_or(default)
}

/// The names of the contexts that a type sets.
pub(crate) fn contexts(directives: &ast::DirectiveList) -> impl Iterator<Item = &str> {
    directives.get_all("context").filter_map(|node| text(node, "name"))
}

fn contextual_arguments(node: &ast::Directive) -> Vec<ContextArgument<'_>> {
    let rows = argument(node, "contextArguments").and_then(ast::Value::as_list).unwrap_or_default();
    let rows = rows.iter().filter_map(|row| row.as_object()).filter_map(|row| {
        let value = |name: &str| row.iter().find(|(key, _)| key == name)?.1.as_str();
        Some(ContextArgument {
            name: value("name")?,
            ty: value("type")?,
            context: value("context")?,
            selection: value("selection")?,
        })
    });
    rows.collect()
}
