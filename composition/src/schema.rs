//! Holds one subgraph as composition sees it: types by name, directives by meaning.
//!
//! **In:** filled by `read`, changed by `federation_one` alone. **Out:** read by all rules and by
//! the merge.
//!
//! **Never here:** rules, and anything about two subgraphs.
//!
//! **Holds:** extensions are folded into their type (a [`Part`] each); root types have their
//! default names; federation's own types and fields are gone.
//!
//! **Read first:** [`Subgraph`].

use std::collections::{HashMap, HashSet};

use apollo_compiler::ast::{Directive, DirectiveDefinition, DirectiveLocation, Type, Value};
use apollo_compiler::parser::SourceMap;
use apollo_compiler::{Name, Node};
use indexmap::IndexMap;

use crate::codes::ErrorCode;
use crate::failure::{CompositionError, Location};
use crate::field_set::FieldSet;
use crate::link::{Edition, Links};
use crate::source::{SourceText, Span};
use crate::vocabulary::Known;

/// One subgraph, normalized.
#[derive(Clone, Debug)]
pub(crate) struct Subgraph {
    pub(crate) name: String,
    pub(crate) url: Option<String>,
    pub(crate) source: SourceText,
    /// For the validator, where it speaks of nodes that the supergraph took over.
    pub(crate) sources: SourceMap,
    pub(crate) links: Links,
    pub(crate) types: Types,
    /// Directive definitions written in the subgraph, federation's own excepted.
    pub(crate) directives: IndexMap<Name, Node<DirectiveDefinition>>,
    /// Directives on the schema, `@link` excepted.
    pub(crate) on_schema: Vec<Applied>,
    pub(crate) usage: Usage,
}

pub(crate) type Types = IndexMap<Name, TypeDef>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Scalar,
    Object,
    Interface,
    Union,
    Enum,
    InputObject,
}

/// A type with everything its extensions add.
#[derive(Clone, Debug)]
pub(crate) struct TypeDef {
    pub(crate) name: Name,
    pub(crate) kind: Kind,
    pub(crate) span: Span,
    pub(crate) description: Option<String>,
    pub(crate) parts: Vec<Part>,
    pub(crate) interface_object: bool,
    pub(crate) keys: Vec<Key>,
    pub(crate) implements: IndexMap<Name, Span>,
    pub(crate) fields: IndexMap<Name, FieldDef>,
    pub(crate) inputs: IndexMap<Name, InputDef>,
    pub(crate) members: IndexMap<Name, Span>,
    pub(crate) values: IndexMap<Name, ValueDef>,
    pub(crate) applied: Vec<Applied>,
}

/// One definition or extension of a type.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Written as `extend type`.
    pub(crate) extension: bool,
    /// Marked `@extends`.
    pub(crate) extends: bool,
    pub(crate) shareable: bool,
    pub(crate) external: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) fields: FieldSet,
    pub(crate) resolvable: bool,
    pub(crate) extension: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct FieldDef {
    pub(crate) name: Name,
    pub(crate) ty: Type,
    pub(crate) span: Span,
    pub(crate) description: Option<String>,
    pub(crate) arguments: IndexMap<Name, InputDef>,
    /// The index of the part of the type that declares it.
    pub(crate) part: usize,
    pub(crate) external: External,
    pub(crate) shareable: bool,
    pub(crate) requires: Option<FieldSet>,
    pub(crate) provides: Option<FieldSet>,
    pub(crate) overriding: Option<Override>,
    pub(crate) applied: Vec<Applied>,
}

/// Whether a field is marked `@external`, and whether that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum External {
    No,
    Yes,
    /// Marked, but a key field of an extension, which has always counted as owned.
    KeyOfExtension,
}

#[derive(Clone, Debug)]
pub(crate) struct Override {
    pub(crate) from: String,
    pub(crate) label: Option<String>,
    pub(crate) span: Span,
}

/// An argument or an input field.
#[derive(Clone, Debug)]
pub(crate) struct InputDef {
    pub(crate) name: Name,
    pub(crate) ty: Type,
    pub(crate) default: Option<Node<Value>>,
    pub(crate) span: Span,
    pub(crate) description: Option<String>,
    pub(crate) applied: Vec<Applied>,
}

#[derive(Clone, Debug)]
pub(crate) struct ValueDef {
    pub(crate) name: Name,
    pub(crate) span: Span,
    pub(crate) description: Option<String>,
    pub(crate) applied: Vec<Applied>,
}

/// A directive where it is applied.
#[derive(Clone, Debug)]
pub(crate) struct Applied {
    pub(crate) known: Option<Known>,
    pub(crate) directive: Node<Directive>,
    pub(crate) part: usize,
}

/// Fields by the type that declares them.
pub(crate) type FieldsByType = HashMap<Name, HashSet<Name>>;

/// What a subgraph's directives say about its fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    /// In some `@key`, `@requires`, `@provides`, or demanded by an interface.
    pub(crate) used: FieldsByType,
    /// In some `@provides`.
    pub(crate) provided: FieldsByType,
    /// In some `@key`.
    pub(crate) keyed: FieldsByType,
    /// The object types below each interface.
    pub(crate) implementers: Implementers,
}

impl Usage {
    pub(crate) fn is_used(&self, parent: &Name, field: &Name) -> bool {
        contains(&self.used, parent, field)
    }

    pub(crate) fn is_provided(&self, parent: &Name, field: &Name) -> bool {
        contains(&self.provided, parent, field)
    }

    pub(crate) fn is_keyed(&self, parent: &Name, field: &Name) -> bool {
        contains(&self.keyed, parent, field)
    }
}

/// Object types by an interface they implement.
pub(crate) type Implementers = HashMap<Name, Vec<Name>>;

impl Subgraph {
    pub(crate) fn is_federation_one(&self) -> bool {
        self.links.edition == Edition::One
    }

    /// Where a type, a field, an input field or an argument stands here, if it exists here.
    pub(crate) fn locate(&self, coordinate: &str) -> Option<Option<Location>> {
        let (path, argument) = coordinate.split_once('(').unwrap_or((coordinate, ""));
        let (parent, member) = path.split_once('.').unwrap_or((path, ""));
        let definition = self.types.get(parent)?;
        let span = if member.is_empty() {
            definition.span
        } else if let Some(field) = definition.fields.get(member) {
            let argument = field.arguments.get(argument.trim_end_matches(":)"));
            argument.map_or(field.span, |argument| argument.span)
        } else {
            definition.inputs.get(member)?.span
        };
        Some(self.source.locate(span))
    }

    /// An error about this subgraph alone.
    pub(crate) fn error(&self, code: ErrorCode, span: Span, message: &str) -> CompositionError {
        CompositionError::new(code, format!("[{}] {message}", self.name))
            .at(&self.name, self.source.locate(span))
    }
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Object => "object",
            Self::Interface => "interface",
            Self::Union => "union",
            Self::Enum => "enum",
            Self::InputObject => "input object",
        }
    }

    pub(crate) fn is_composite(self) -> bool {
        matches!(self, Self::Object | Self::Interface | Self::Union)
    }
}

impl TypeDef {
    pub(crate) fn empty(name: Name, kind: Kind, span: Span) -> Self {
        Self {
            name,
            kind,
            span,
            description: None,
            parts: Vec::new(),
            interface_object: false,
            keys: Vec::new(),
            implements: IndexMap::new(),
            fields: IndexMap::new(),
            inputs: IndexMap::new(),
            members: IndexMap::new(),
            values: IndexMap::new(),
            applied: Vec::new(),
        }
    }

    pub(crate) fn is_only_extended(&self) -> bool {
        self.parts.iter().all(|part| part.extension)
    }

    pub(crate) fn is_root(&self) -> bool {
        self.kind == Kind::Object
            && matches!(self.name.as_str(), "Query" | "Mutation" | "Subscription")
    }
}

impl InputDef {
    pub(crate) fn is_required(&self) -> bool {
        self.ty.is_non_null() && self.default.is_none()
    }
}

impl Applied {
    pub(crate) fn is(&self, known: Known) -> bool {
        self.known == Some(known)
    }

    pub(crate) fn argument(&self, name: &str) -> Option<&Node<Value>> {
        self.directive.specified_argument_by_name(name)
    }

    pub(crate) fn span(&self) -> Span {
        self.directive.location()
    }
}

/// Whether a directive of this meaning is applied.
pub(crate) fn has(applied: &[Applied], known: Known) -> bool {
    applied.iter().any(|directive| directive.is(known))
}

fn contains(fields: &FieldsByType, parent: &Name, field: &Name) -> bool {
    fields.get(parent).is_some_and(|fields| fields.contains(field))
}

/// Whether a directive may stand in operations there.
pub(crate) fn is_executable(location: DirectiveLocation) -> bool {
    matches!(
        location,
        DirectiveLocation::Query
            | DirectiveLocation::Mutation
            | DirectiveLocation::Subscription
            | DirectiveLocation::Field
            | DirectiveLocation::FragmentDefinition
            | DirectiveLocation::FragmentSpread
            | DirectiveLocation::InlineFragment
            | DirectiveLocation::VariableDefinition
    )
}

/// Adds where a coordinate stands in each subgraph that has it.
pub(crate) fn located(
    mut error: CompositionError,
    subgraphs: &[Subgraph],
    coordinate: &str,
) -> CompositionError {
    for subgraph in subgraphs {
        if let Some(location) = subgraph.locate(coordinate) {
            error = error.at(&subgraph.name, location);
        }
    }
    error
}
