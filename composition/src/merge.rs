//! Merges subgraphs into one supergraph, type by type.
//!
//! **In:** normalized subgraphs that obey their own rules. **Out:** [`Supergraph`]; errors and
//! hints in the report.
//!
//! **Never here:** rules about one subgraph (`rules`), checks of the result (`post_merge`,
//! `inaccessible`), printing (`print`).
//!
//! **Holds:** the result depends on the set of subgraphs, not on their order: they are merged in
//! the order of their names.
//!
//! **Read first:** [`merge`]. A type's sources are pairs of subgraph index and definition, only for
//! the subgraphs that have it; so the work grows with the definitions, not with subgraphs × types.

mod interface_object; // An interface object's fields reach the implementing types.
mod interface; // Interfaces: the fields of all declarations.
mod object; // Objects: the same.
mod field; // One field, and its `@join__field`s.
mod sharing; // Who may resolve it together.
mod overriding; // Who no longer resolves it.
mod input_object; // Input objects: the fields in common.
mod enumeration; // Enums: by where they are used.
mod union; // Unions: the members of all declarations.
mod argument; // Arguments: those in common.
mod executable_directives; // Directives for operations: those in common.
mod composed_directives; // `@composeDirective`.
mod applied; // The directives on any element.
mod join; // The `join__` directives.
mod type_reference; // `[Product!]` against `[Product]`.
mod description; // The most frequent one.
mod relations; // Who implements and who is a member.

use std::collections::HashMap;

use apollo_compiler::ast::Value;
use apollo_compiler::{Name, Node};
use indexmap::IndexMap;

use crate::codes::{ErrorCode, HintCode};
use crate::contextual::contexts_of;
use crate::failure::{CompositionError, Hint, Location};
use crate::merge::composed_directives::ComposedDirectives;
use crate::merge::relations::Relations;
use crate::merged::{Graph, MergedApplication, MergedType, Supergraph};
use crate::report::Report;
use crate::schema::{FieldDef, Kind, Subgraph, TypeDef};
use crate::source::Span;
use crate::vocabulary::{BUILT_IN_SCALARS, Known};
use crate::words;

/// A definition with the index of the subgraph it stands in.
pub(crate) type Sources<'a, T> = Vec<(usize, &'a T)>;

/// The type whose fields are merged.
struct Parent<'s, 'a> {
    name: &'s Name,
    sources: &'s Sources<'a, TypeDef>,
}

/// What the merge of every element needs to see.
struct Merger<'a> {
    subgraphs: &'a [Subgraph],
    graphs: Vec<Graph>,
    types: IndexMap<Name, Sources<'a, TypeDef>>,
    relations: Relations,
    composed: ComposedDirectives,
    by_name: HashMap<&'a str, usize>,
    report: &'a mut Report,
}

/// Merges subgraphs, which must be in the order of their names.
pub(crate) fn merge(subgraphs: &[Subgraph], report: &mut Report) -> Supergraph {
    let composed = composed_directives::compose_directives(subgraphs, report);
    applied::check_imported_names(subgraphs, report);
    if !report.errors.is_empty() {
        return Supergraph::default();
    }
    let types = types_by_name(subgraphs);
    let mut merger = Merger {
        subgraphs,
        graphs: join::graphs(subgraphs),
        relations: Relations::of(&types),
        types,
        composed,
        by_name: subgraphs.iter().enumerate().map(|(i, s)| (s.name.as_str(), i)).collect(),
        report,
    };
    let merged = merger.merge_types();
    let on_schema: Vec<_> =
        subgraphs.iter().enumerate().map(|(i, s)| (i, s.on_schema.as_slice())).collect();
    let applied = merger.merge_applied(&on_schema, "schema");
    let mut directives = executable_directives::merge_executable_directives(&mut merger);
    let links = merger.composed.links.clone();
    directives.extend(composed_directives::definitions(&mut merger));
    let kept = Vec::new();
    Supergraph { graphs: merger.graphs, types: merged, directives, links, applied, kept }
}

fn types_by_name(subgraphs: &[Subgraph]) -> IndexMap<Name, Sources<'_, TypeDef>> {
    let mut types: IndexMap<Name, Sources<'_, TypeDef>> = IndexMap::new();
    for (index, subgraph) in subgraphs.iter().enumerate() {
        // Some tools write the built-in scalars out; they need no definition.
        let own =
            subgraph.types.iter().filter(|(name, _)| !BUILT_IN_SCALARS.contains(&name.as_str()));
        for (name, definition) in own {
            types.entry(name.clone()).or_default().push((index, definition));
        }
    }
    types.sort_unstable_keys();
    types
}

/// What a type is to the merge: an `@interfaceObject` stands for its interface.
fn effective_kind(definition: &TypeDef) -> Kind {
    if definition.interface_object { Kind::Interface } else { definition.kind }
}

fn merge_implements(sources: &Sources<'_, TypeDef>, target: &mut MergedType) {
    for (_, definition) in sources {
        target.implements.extend(definition.implements.keys().cloned());
    }
}

/// All fields of all sources, in the order first met.
fn fields_of<'a>(sources: &Sources<'a, TypeDef>) -> IndexMap<&'a Name, Sources<'a, FieldDef>> {
    let mut fields: IndexMap<&'a Name, Sources<'a, FieldDef>> = IndexMap::new();
    for (index, definition) in sources {
        for (name, field) in &definition.fields {
            fields.entry(name).or_default().push((*index, field));
        }
    }
    fields
}

impl<'a> Merger<'a> {
    fn merge_types(&mut self) -> IndexMap<Name, MergedType> {
        let mut merged: IndexMap<Name, MergedType> = IndexMap::new();
        let mut enums: Vec<(Name, Sources<'a, TypeDef>)> = Vec::new();
        for (name, sources) in self.types.clone() {
            let agreed = self.agreed_kind(&name, &sources);
            self.check_has_definition(&name, &sources);
            let Some(kind) = agreed else { continue };
            if kind == Kind::Enum {
                enums.push((name, sources));
                continue;
            }
            let mut target = self.shallow(&name, kind, &sources);
            match kind {
                Kind::Object => self.merge_object(&sources, &mut target),
                Kind::Interface => self.merge_interface(&sources, &mut target),
                Kind::Union => self.merge_union(&sources, &mut target),
                Kind::InputObject => self.merge_input_object(&sources, &mut target),
                Kind::Scalar | Kind::Enum => {}
            }
            merged.insert(name, target);
        }
        self.copy_interface_object_fields(&mut merged);
        // Whether an enum is input or output is known only now.
        let usage = enumeration::usage_of(&merged);
        for (name, sources) in enums {
            let mut target = self.shallow(&name, Kind::Enum, &sources);
            self.merge_enum(&sources, &usage, &mut target);
            merged.insert(name, target);
        }
        self.check_queries(&mut merged);
        merged
    }

    fn shallow(&mut self, name: &Name, kind: Kind, sources: &Sources<'a, TypeDef>) -> MergedType {
        let mut target = MergedType::new(name.clone(), kind);
        let described: Vec<_> =
            sources.iter().map(|(graph, d)| (*graph, d.description.as_deref(), d.span)).collect();
        target.description = self.merge_description(&described, name.as_str());
        let applied: Vec<_> = sources.iter().map(|(i, d)| (*i, d.applied.as_slice())).collect();
        target.applied = self.merge_applied(&applied, name.as_str());
        // A subgraph may define a `@oneOf` of its own for other types; that one is not merged.
        target.applied.retain(|a| a.known != Some(Known::OneOf) || kind == Kind::InputObject);
        for (index, definition) in sources {
            for (context, _) in contexts_of(definition) {
                let name = Value::String(format!("{}__{context}", self.name(*index)));
                target.applied.push(MergedApplication {
                    known: Some(Known::Context),
                    name: Known::Context.name().to_owned(),
                    arguments: vec![("name".to_owned(), Node::new(name))],
                });
            }
        }
        target.joins = join::types(&self.graphs, sources);
        target
    }

    fn agreed_kind(&mut self, name: &Name, sources: &Sources<'a, TypeDef>) -> Option<Kind> {
        let kind = effective_kind(sources.first()?.1);
        if sources.iter().all(|(_, definition)| effective_kind(definition) == kind) {
            if sources.iter().all(|(_, definition)| definition.interface_object)
                && kind == Kind::Interface
            {
                self.error_at(
                    CompositionError::new(
                        ErrorCode::InterfaceObjectUsageError,
                        format!(
                            "type `{name}` is an `@interfaceObject` in every subgraph that has \
                             it, so no subgraph knows its implementations"
                        ),
                    )
                    .on(name.as_str())
                    .fix(format!(
                        "define `interface {name}` with its implementing types in some subgraph"
                    )),
                    sources.iter().map(|(i, d)| (*i, d.span)),
                );
            }
            return Some(kind);
        }
        let said: Vec<String> = sources
            .iter()
            .map(|(index, definition)| {
                let word = if definition.interface_object {
                    "interface object (`@interfaceObject`)"
                } else {
                    definition.kind.word()
                };
                format!("{word} in `{}`", self.subgraphs[*index].name)
            })
            .collect();
        let mut fix =
            format!("rename `{name}` in one of the subgraphs, or make it the same kind everywhere");
        if sources.iter().any(|(_, d)| d.kind == Kind::Interface)
            && sources.iter().any(|(_, d)| d.kind == Kind::Object)
        {
            fix.push_str("; if the object stands for the interface, mark it `@interfaceObject`");
        }
        self.error_at(
            CompositionError::new(
                ErrorCode::TypeKindMismatch,
                format!("type `{name}` has different kinds: {}", said.join(", ")),
            )
            .on(name.as_str())
            .fix(fix),
            sources.iter().map(|(i, d)| (*i, d.span)),
        );
        None
    }

    fn check_has_definition(&mut self, name: &Name, sources: &Sources<'a, TypeDef>) {
        if sources.iter().any(|(_, d)| d.is_root() || !d.is_only_extended()) {
            return;
        }
        let candidates = self.types.iter().filter(|(_, sources)| {
            sources.iter().any(|(_, definition)| !definition.is_only_extended())
        });
        let near = words::nearest(name, candidates.map(|(name, _)| name.as_str()));
        let fix = match near {
            Some(near) => {
                format!("did you mean `{near}`? Otherwise define `{name}` in one subgraph")
            }
            None => format!("drop `extend` (or `@extends`) in the subgraph that owns `{name}`"),
        };
        self.error_at(
            CompositionError::new(
                ErrorCode::ExtensionWithNoBase,
                format!(
                    "type `{name}` is only ever extended, in {}; no subgraph defines it",
                    words::subgraphs(sources.iter().map(|(i, _)| &self.subgraphs[*i].name))
                ),
            )
            .on(name.as_str())
            .fix(fix),
            sources.iter().map(|(i, d)| (*i, d.span)),
        );
    }

    fn check_queries(&mut self, merged: &mut IndexMap<Name, MergedType>) {
        let no_queries = merged.get("Query").is_none_or(|query| query.fields.is_empty());
        // A query that failed to merge has an error of its own.
        if no_queries
            && !self.types.get("Query").is_some_and(|s| s.iter().any(|(_, d)| !d.fields.is_empty()))
        {
            self.report.error(
                CompositionError::new(
                    ErrorCode::NoQueries,
                    "no subgraph has a query: the supergraph would have an empty `Query` type",
                )
                .fix("add a field to `type Query` in some subgraph"),
            );
        }
        for root in ["Mutation", "Subscription"] {
            if merged.get(root).is_some_and(|root| root.fields.is_empty()) {
                merged.shift_remove(root);
            }
        }
    }

    fn name(&self, index: usize) -> &'a str {
        &self.subgraphs[index].name
    }

    fn locate(&self, index: usize, span: Span) -> Option<Location> {
        self.subgraphs[index].source.locate(span)
    }

    /// Reports an error that concerns nodes of several subgraphs.
    fn error_at(
        &mut self,
        mut error: CompositionError,
        nodes: impl IntoIterator<Item = (usize, Span)>,
    ) {
        for (index, span) in nodes {
            error = error.at(self.name(index), self.locate(index, span));
        }
        self.report.error(error);
    }

    fn hint_at(
        &mut self,
        code: HintCode,
        coordinate: &str,
        message: String,
        nodes: impl IntoIterator<Item = (usize, Span)>,
    ) {
        let mut hint = Hint {
            code,
            message,
            subgraphs: Vec::new(),
            coordinate: Some(coordinate.to_owned()),
            locations: Vec::new(),
        };
        for (index, span) in nodes {
            hint.subgraphs.push(self.name(index).to_owned());
            hint.locations.extend(self.locate(index, span));
        }
        self.report.hint(hint);
    }

    /// The names of subgraphs, for a message.
    fn names(&self, indexes: impl IntoIterator<Item = usize>) -> String {
        words::subgraphs(indexes.into_iter().map(|index| &self.subgraphs[index].name))
    }
}
