//! Reads all `@source`s and `@connect`s of one subgraph.
//!
//! **In:** its types with their directives, as composition or a supergraph has them. **Out:**
//! [`ReadConnectors`].
//!
//! **Never here:** single directives (`source`, `connection`), rules that need all connectors to be
//! sound (`coverage`).
//!
//! **Read first:** [`read`].

use std::sync::Arc;

use apollo_compiler::Node;
use apollo_compiler::ast::Directive;
use mapping::Version;

use super::arguments::Arguments;
use super::connection::{Settled, Site, Surroundings, Target, connection};
use super::connector::Source;
use super::problem::{Place, Problem};
use super::source::source;
use super::texts::Texts;
use crate::codes::ErrorCode;
use crate::schema::{Applied, Types};
use crate::vocabulary::Known;

/// What a subgraph declares.
pub(super) struct Declared<'a> {
    pub(super) subgraph: &'a str,
    pub(super) version: Version,
    pub(super) types: &'a Types,
    pub(super) sources: Vec<&'a Node<Directive>>,
    /// Whether it comes from a supergraph, where fields may be gone.
    pub(super) is_merged: bool,
}

/// What was read.
#[derive(Default)]
pub(super) struct ReadConnectors {
    pub(super) sources: Vec<Arc<Source>>,
    pub(super) connectors: Vec<Settled>,
    pub(super) problems: Vec<Problem>,
}

/// Reads all of a subgraph's directives.
pub(super) fn read(declared: &Declared<'_>) -> ReadConnectors {
    let mut read = ReadConnectors::default();
    for directive in &declared.sources {
        read.source(declared, directive);
    }
    let sources = read.sources.clone();
    let names = declared.sources.iter().map(|it| it.specified_argument_by_name("name"));
    let names: Vec<&str> =
        names.map(|name| name.and_then(|it| it.as_str()).unwrap_or_default()).collect();
    let around = Surroundings {
        subgraph: declared.subgraph,
        version: declared.version,
        types: declared.types,
        sources: &sources,
        source_names: &names,
        is_merged: declared.is_merged,
    };
    let mut ids: Vec<(String, String)> = Vec::new();
    for ty in declared.types.values() {
        read.connects(&ty.applied, Target::Type(ty), ty.name.as_str(), &around, &mut ids);
        for field in ty.fields.values() {
            let coordinate = format!("{}.{}", ty.name, field.name);
            let target = Target::Field(ty, field);
            read.connects(&field.applied, target, &coordinate, &around, &mut ids);
        }
    }
    read
}

impl ReadConnectors {
    fn source(&mut self, declared: &Declared<'_>, directive: &Node<Directive>) {
        let arguments = Arguments::of_directive(directive, "`@source`".to_owned(), "@source");
        let mut texts = Texts {
            version: declared.version,
            coordinate: "@source".to_owned(),
            variables: Vec::new(),
            reads: Vec::new(),
            problems: &mut self.problems,
        };
        let name = arguments.get("name").and_then(|name| name.as_str());
        if let Some(name) = name {
            texts.coordinate = format!("@source(name: \"{name}\")");
        }
        let Some(source) = source(declared.subgraph, &arguments, &mut texts) else { return };
        if self.sources.iter().any(|known| known.name == source.name) {
            let message = format!("two sources have the name `{}`", source.name);
            let code = ErrorCode::DuplicateSourceName;
            let place = arguments.get("name").map_or_else(|| arguments.place(), Place::node);
            self.problems.push(arguments.problem(code, place, message).fix("rename one of them"));
            return;
        }
        self.sources.push(Arc::new(source));
    }

    fn connects(
        &mut self,
        applied: &[Applied],
        target: Target<'_>,
        coordinate: &str,
        around: &Surroundings<'_>,
        ids: &mut Vec<(String, String)>,
    ) {
        let connects = applied.iter().filter(|applied| applied.is(Known::Connect));
        for (index, applied) in connects.enumerate() {
            let what = format!("`@connect` on `{coordinate}`");
            let arguments = Arguments::of_directive(&applied.directive, what, coordinate);
            let site = Site { target, coordinate, index, arguments };
            let settled = connection(&site, around, &mut self.problems);
            if let Some(id) = settled.first().and_then(|it| it.connector.id.clone()) {
                if let Some((_, other)) = ids.iter().find(|(known, _)| *known == id) {
                    let message = format!("`{coordinate}` and `{other}` have the id `{id}`");
                    let arguments = &site.arguments;
                    let place = arguments.get("id").map_or_else(|| arguments.place(), Place::node);
                    let problem = arguments.problem(ErrorCode::DuplicateIdName, place, message);
                    self.problems.push(problem.fix("give each connector an id of its own"));
                }
                ids.push((id, coordinate.to_owned()));
            }
            self.connectors.extend(settled);
        }
    }
}
