//! Keeps `@source` and `@connect` in the supergraph, so that its file is all a gateway needs.
//!
//! **In:** the subgraphs, and what they were merged to. **Out:** `@join__directive`s.
//!
//! **Never here:** reading them again (`extract`).
//!
//! **Holds:** the directives stand under their own names, whatever a subgraph calls them.
//!
//! Spec: <https://specs.apollo.dev/join/v0.5#@join__directive>

use apollo_compiler::ast::{Directive, Value};
use apollo_compiler::{Name, Node, name};

use super::check::{has_connectors, link_of};
use crate::merged::{Supergraph, directive};
use crate::schema::{Applied, Subgraph};
use crate::vocabulary::Known;

/// Adds what the subgraphs declare. They stand in the order of the supergraph's graphs.
pub(crate) fn record(subgraphs: &[Subgraph], supergraph: &mut Supergraph) {
    let mut newest = None;
    for (index, subgraph) in subgraphs.iter().enumerate() {
        let Some((link, version)) = link_of(subgraph) else { continue };
        if !has_connectors(subgraph) {
            continue;
        }
        newest = newest.max(Some(version));
        let graph = supergraph.graphs[index].value.clone();
        let url = format!("{}/{}", link.identity, link.version_text);
        let imports = ["@connect", "@source"].map(|name| text(name.to_owned()));
        let arguments = vec![(name!("url"), text(url)), (name!("import"), list(imports.to_vec()))];
        supergraph.kept.push(join_directive(&graph, "link", arguments));
        for applied in subgraph.on_schema.iter().filter(|applied| applied.is(Known::Source)) {
            supergraph.kept.push(kept(&graph, Known::Source, applied));
        }
        for ty in subgraph.types.values() {
            let Some(merged) = supergraph.types.get_mut(&ty.name) else { continue };
            merged.joins.extend(connects(&graph, &ty.applied));
            for field in ty.fields.values() {
                let Some(merged) = merged.fields.get_mut(&field.name) else { continue };
                merged.joins.extend(connects(&graph, &field.applied));
            }
        }
    }
    // Who does not know it must not serve this graph.
    if let Some(version) = newest {
        let url = Value::String(format!("https://specs.apollo.dev/connect/{version}"));
        let purpose = Value::Enum(name!("EXECUTION"));
        let arguments = [(name!("url"), url), (name!("for"), purpose)];
        supergraph.kept.insert(0, directive(name!("link"), arguments));
    }
}

fn connects(graph: &Name, applied: &[Applied]) -> Vec<Node<Directive>> {
    let connects = applied.iter().filter(|applied| applied.is(Known::Connect));
    connects.map(|applied| kept(graph, Known::Connect, applied)).collect()
}

fn kept(graph: &Name, known: Known, applied: &Applied) -> Node<Directive> {
    let arguments = applied.directive.arguments.iter();
    let arguments = arguments.map(|it| (it.name.clone(), it.value.clone()));
    join_directive(graph, known.name(), arguments.collect())
}

fn join_directive(
    graph: &Name,
    directive_name: &str,
    arguments: Vec<(Name, Node<Value>)>,
) -> Node<Directive> {
    let graphs = Value::List(vec![Node::new(Value::Enum(graph.clone()))]);
    directive(
        name!("join__directive"),
        [
            (name!("graphs"), graphs),
            (name!("name"), Value::String(directive_name.to_owned())),
            (name!("args"), Value::Object(arguments)),
        ],
    )
}

fn text(text: String) -> Node<Value> {
    Node::new(Value::String(text))
}

fn list(items: Vec<Node<Value>>) -> Node<Value> {
    Node::new(Value::List(items))
}
