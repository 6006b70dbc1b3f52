//! Holds the supergraph while it is merged, checked and printed.
//!
//! **In:** filled by `merge`. **Out:** read by `post_merge`, `inaccessible` and `document`.
//!
//! **Never here:** rules of merging.

use apollo_compiler::ast::{Argument, Directive, DirectiveLocation, Type, Value};
use apollo_compiler::{Name, Node};
use indexmap::{IndexMap, IndexSet};

use crate::schema::Kind;
use crate::vocabulary::Known;

/// The merged graph.
#[derive(Clone, Debug, Default)]
pub(crate) struct Supergraph {
    pub(crate) graphs: Vec<Graph>,
    pub(crate) types: IndexMap<Name, MergedType>,
    pub(crate) directives: IndexMap<Name, MergedDirective>,
    pub(crate) links: Vec<MergedLink>,
    pub(crate) applied: Vec<MergedApplication>,
    /// Directives on the schema that a gateway needs as they are.
    pub(crate) kept: Vec<Node<Directive>>,
}

/// A subgraph as the supergraph names it.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    /// The value of `join__Graph`.
    pub(crate) value: Name,
    pub(crate) name: String,
    pub(crate) url: String,
}

/// A specification that the supergraph links besides `link` and `join`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MergedLink {
    pub(crate) url: String,
    /// Directives: their own names, and the names they have here.
    pub(crate) imports: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub(crate) struct MergedType {
    pub(crate) name: Name,
    pub(crate) kind: Kind,
    pub(crate) description: Option<String>,
    /// The `join__` directives.
    pub(crate) joins: Vec<Node<Directive>>,
    pub(crate) applied: Vec<MergedApplication>,
    pub(crate) implements: IndexSet<Name>,
    pub(crate) fields: IndexMap<Name, MergedField>,
    pub(crate) members: IndexSet<Name>,
    pub(crate) values: IndexMap<Name, MergedValue>,
}

/// A field of an object, an interface or an input object.
#[derive(Clone, Debug)]
pub(crate) struct MergedField {
    pub(crate) name: Name,
    pub(crate) ty: Type,
    pub(crate) default: Option<Node<Value>>,
    pub(crate) description: Option<String>,
    pub(crate) arguments: IndexMap<Name, MergedArgument>,
    pub(crate) joins: Vec<Node<Directive>>,
    pub(crate) applied: Vec<MergedApplication>,
}

#[derive(Clone, Debug)]
pub(crate) struct MergedArgument {
    pub(crate) name: Name,
    pub(crate) ty: Type,
    pub(crate) default: Option<Node<Value>>,
    pub(crate) description: Option<String>,
    pub(crate) applied: Vec<MergedApplication>,
}

#[derive(Clone, Debug)]
pub(crate) struct MergedValue {
    pub(crate) name: Name,
    pub(crate) description: Option<String>,
    pub(crate) joins: Vec<Node<Directive>>,
    pub(crate) applied: Vec<MergedApplication>,
}

/// A directive definition of the supergraph.
#[derive(Clone, Debug)]
pub(crate) struct MergedDirective {
    pub(crate) name: Name,
    pub(crate) description: Option<String>,
    pub(crate) arguments: IndexMap<Name, MergedArgument>,
    pub(crate) repeatable: bool,
    pub(crate) locations: Vec<DirectiveLocation>,
}

/// A directive applied in the supergraph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MergedApplication {
    pub(crate) known: Option<Known>,
    pub(crate) name: String,
    pub(crate) arguments: Vec<(String, Node<Value>)>,
}

impl MergedType {
    pub(crate) fn new(name: Name, kind: Kind) -> Self {
        Self {
            name,
            kind,
            description: None,
            joins: Vec::new(),
            applied: Vec::new(),
            implements: IndexSet::new(),
            fields: IndexMap::new(),
            members: IndexSet::new(),
            values: IndexMap::new(),
        }
    }
}

/// Whether the element is hidden from the API schema.
pub(crate) fn is_inaccessible(applied: &[MergedApplication]) -> bool {
    applied.iter().any(|application| application.known == Some(Known::Inaccessible))
}

/// A directive as the document has it.
pub(crate) fn directive(
    name: Name,
    arguments: impl IntoIterator<Item = (Name, Value)>,
) -> Node<Directive> {
    let arguments = arguments.into_iter().map(|(name, value)| {
        let value = Node::new(value);
        Node::new(Argument { name, value })
    });
    Node::new(Directive { name, arguments: arguments.collect() })
}
