//! Refuses a field whose context may be missing: some way to it passes by no type that sets it.
//!
//! **In:** the subgraphs and the merged supergraph. **Out:** `SATISFIABILITY_ERROR` with the
//! shortest such way.
//!
//! **Never here:** whether the way can be answered at all (`satisfiability`).

use std::collections::{HashMap, VecDeque};

use apollo_compiler::Name;

use crate::codes::ErrorCode;
use crate::contextual::{contextual, from_context, setters};
use crate::failure::CompositionError;
use crate::merged::{Supergraph, is_inaccessible};
use crate::report::Report;
use crate::schema::{Kind, Subgraph};
use crate::words;

/// Checks every contextual argument.
pub(crate) fn check(subgraphs: &[Subgraph], supergraph: &Supergraph, report: &mut Report) {
    for subgraph in subgraphs {
        for (name, definition) in &subgraph.types {
            for field in definition.fields.values() {
                for argument in field.arguments.values() {
                    let read = from_context(argument).and_then(contextual);
                    let Some(contextual) = read else { continue };
                    let setters: Vec<&Name> =
                        setters(&subgraph.types, &contextual.context).map(|(n, _)| n).collect();
                    let Some(way) = way_past(supergraph, &setters, name) else { continue };
                    let coordinate = format!("{name}.{}", field.name);
                    let message = format!(
                        "no subgraph can answer `{coordinate}` in `{}`: its argument `{}` is \
                         filled from an object above it that sets the context `{}`, as {} does, \
                         and there is none on that way",
                        printed(&way, &field.name),
                        argument.name,
                        contextual.context,
                        words::list(&setters),
                    );
                    let error = CompositionError::new(ErrorCode::SatisfiabilityError, message)
                        .on(coordinate)
                        .at(&subgraph.name, subgraph.source.locate(argument.span))
                        .fix(format!(
                            "add `@context(name: \"{}\")` to a type on that way, too",
                            contextual.context
                        ));
                    report.error(error);
                }
            }
        }
    }
}

/// The fields of the shortest way to a type that passes by none of the setters.
fn way_past(supergraph: &Supergraph, setters: &[&Name], target: &Name) -> Option<Vec<Name>> {
    let sets = |name: &Name| {
        let abstracts = supergraph.types.get(name).map(|definition| &definition.implements);
        setters.iter().any(|setter| {
            *setter == name
                || abstracts.is_some_and(|names| names.contains(*setter))
                || supergraph.types.get(*setter).is_some_and(|d| d.members.contains(name))
        })
    };
    let mut ways: HashMap<&Name, Vec<Name>> = HashMap::new();
    let mut queue: VecDeque<&Name> = VecDeque::new();
    for root in ["Query", "Mutation", "Subscription"] {
        if let Some(root) = supergraph.types.get(root) {
            ways.insert(&root.name, Vec::new());
            queue.push_back(&root.name);
        }
    }
    while let Some(name) = queue.pop_front() {
        // First: a context is set by the objects above a field, not by its own.
        if name == target {
            return ways.remove(name);
        }
        if sets(name) {
            continue;
        }
        let fields = supergraph.types.get(name).into_iter().flat_map(|d| d.fields.values());
        for field in fields.filter(|field| !is_inaccessible(&field.applied)) {
            for object in objects_of(supergraph, field.ty.inner_named_type()) {
                if !ways.contains_key(object) {
                    let mut way = ways.get(name).cloned().unwrap_or_default();
                    way.push(field.name.clone());
                    ways.insert(object, way);
                    queue.push_back(object);
                }
            }
        }
    }
    None
}

/// The object types that a value of the named type can have.
fn objects_of<'a>(supergraph: &'a Supergraph, name: &Name) -> Vec<&'a Name> {
    let Some(definition) = supergraph.types.get(name) else { return Vec::new() };
    match definition.kind {
        Kind::Object => vec![&definition.name],
        Kind::Union => definition.members.iter().collect(),
        Kind::Interface => {
            let types = supergraph.types.values().filter(|ty| ty.kind == Kind::Object);
            types.filter(|ty| ty.implements.contains(name)).map(|ty| &ty.name).collect()
        }
        _ => Vec::new(),
    }
}

fn printed(way: &[Name], field: &Name) -> String {
    let opened: String = way.iter().map(|name| format!("{name} {{ ")).collect();
    format!("{{ {opened}{field} {}", "} ".repeat(way.len() + 1)).trim_end().to_owned()
}
