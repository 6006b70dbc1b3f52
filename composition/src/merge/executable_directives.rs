//! Merges directives for operations: those that every subgraph defines, with common locations.
//!
//! **In:** the directive definitions of all subgraphs. **Out:** the executable ones that all share.
//!
//! **Never here:** directives of the type system (`composed_directives`).

use apollo_compiler::Name;
use apollo_compiler::ast::{DirectiveDefinition, DirectiveLocation};
use indexmap::IndexMap;

use crate::codes::{ErrorCode, HintCode};
use crate::failure::CompositionError;
use crate::merge::Merger;
use crate::merge::composed_directives::merged_definition;
use crate::merge::type_reference::{Direction, MergedReference, merge_references};
use crate::merged::MergedDirective;
use crate::schema::is_executable;

pub(super) fn merge_executable_directives(
    merger: &mut Merger<'_>,
) -> IndexMap<Name, MergedDirective> {
    let mut by_name: IndexMap<&Name, Vec<(usize, &DirectiveDefinition)>> = IndexMap::new();
    for (index, subgraph) in merger.subgraphs.iter().enumerate() {
        for (name, definition) in &subgraph.directives {
            let is_builtin = matches!(
                name.as_str(),
                "skip" | "include" | "deprecated" | "specifiedBy" | "oneOf" | "defer" | "stream"
            );
            if !is_builtin && definition.locations.iter().any(|l| is_executable(*l)) {
                by_name.entry(name).or_default().push((index, definition));
            }
        }
    }
    let mut merged = IndexMap::new();
    for (name, definitions) in by_name {
        if let Some(directive) = merge_one(merger, name, &definitions) {
            merged.insert(name.clone(), directive);
        }
    }
    merged
}

fn merge_one(
    merger: &mut Merger<'_>,
    name: &Name,
    definitions: &[(usize, &DirectiveDefinition)],
) -> Option<MergedDirective> {
    let nodes: Vec<_> = definitions.iter().map(|(i, d)| (*i, d.name.location())).collect();
    let coordinate = format!("@{name}");
    if definitions.len() < merger.subgraphs.len() {
        let message = format!(
            "`{coordinate}` is not defined in every subgraph; it is left out of the supergraph"
        );
        merger.hint_at(
            HintCode::InconsistentExecutableDirectivePresence,
            &coordinate,
            message,
            nodes,
        );
        return None;
    }
    let (_, first) = definitions[0];
    let mut directive = merged_definition(first);
    merge_argument_types(merger, &mut directive, definitions);
    let in_all = |location: &DirectiveLocation| {
        definitions.iter().all(|(_, definition)| definition.locations.contains(location))
    };
    directive.locations.retain(|location| is_executable(*location) && in_all(location));
    directive.arguments.retain(|name, _| {
        definitions.iter().all(|(_, d)| d.arguments.iter().any(|argument| argument.name == *name))
    });
    directive.repeatable = definitions.iter().all(|(_, definition)| definition.repeatable);
    if directive.locations.is_empty() {
        let message = format!(
            "the definitions of `{coordinate}` share no location; it is left out of the supergraph"
        );
        merger.hint_at(HintCode::NoExecutableDirectiveIntersection, &coordinate, message, nodes);
        return None;
    }
    let executable =
        |d: &DirectiveDefinition| d.locations.iter().filter(|l| is_executable(**l)).count();
    if definitions.iter().any(|(_, d)| executable(d) != directive.locations.len()) {
        let message =
            format!("`{coordinate}` has different locations; the supergraph keeps those in common");
        merger.hint_at(
            HintCode::InconsistentExecutableDirectiveLocations,
            &coordinate,
            message,
            nodes.clone(),
        );
    }
    if definitions.iter().any(|(_, d)| d.repeatable != directive.repeatable) {
        let message = format!(
            "`{coordinate}` is repeatable in some subgraphs only; it is not in the supergraph"
        );
        merger.hint_at(
            HintCode::InconsistentExecutableDirectiveRepeatable,
            &coordinate,
            message,
            nodes,
        );
    }
    Some(directive)
}

fn merge_argument_types(
    merger: &mut Merger<'_>,
    directive: &mut MergedDirective,
    definitions: &[(usize, &DirectiveDefinition)],
) {
    for argument in directive.arguments.values_mut() {
        let name = &argument.name;
        let given: Vec<_> = definitions
            .iter()
            .filter_map(|(index, definition)| Some((*index, definition.argument_by_name(name)?)))
            .collect();
        let types = given.iter().map(|(_, argument)| argument.ty.as_ref());
        match merge_references(types, Direction::Narrow, &merger.relations) {
            Some(MergedReference::Unrelated(_)) => {
                let coordinate = format!("@{}({name}:)", directive.name);
                let said: Vec<String> = given
                    .iter()
                    .map(|(index, argument)| {
                        format!("`{}` in `{}`", argument.ty, merger.name(*index))
                    })
                    .collect();
                let message = format!(
                    "`{coordinate}` has types that do not fit together: {}",
                    said.join(", ")
                );
                let error = CompositionError::new(ErrorCode::FieldArgumentTypeMismatch, message)
                    .on(coordinate)
                    .fix("give it one type everywhere; only nullability may differ");
                merger.error_at(error, given.iter().map(|(i, a)| (*i, a.name.location())));
            }
            Some(merged) => argument.ty = merged.into_type(),
            None => {}
        }
    }
}
