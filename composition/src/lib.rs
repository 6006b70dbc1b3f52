//! Composes subgraph schemas into one supergraph, or says all that stands in the way.
//!
//! **In:** named subgraphs as SDL, Federation 1 or 2. **Out:** [`Composed`]: supergraph SDL in the
//! standard `link` v1.0 and `join` v0.5 form, with hints; or [`CompositionFailure`].
//!
//! **Never here:** reading files, fetching schemas, planning.
//!
//! **Holds:** equal subgraphs compose to equal text, in whatever order they come; every error of
//! the stage that failed is reported, not the first one.
//!
//! **Read first:** [`compose`]; its lines are the stages, and the modules stand in their order.
//!
//! Spec: <https://specs.apollo.dev/federation/v2.9>, <https://specs.apollo.dev/join/v0.5>

mod graphql_rules; // Each subgraph alone: syntax, and GraphQL's own rules.
mod read; // A document becomes a subgraph.
mod rules; // Each subgraph alone: federation's rules.
mod federation_one; // Federation 1 subgraphs become Federation 2.
mod merge; // All subgraphs: one supergraph.
mod access_control; // Who may see what behind an interface or a requirement.
mod post_merge; // The supergraph as a whole.
mod required_arguments; // What `@requires` passes to fields of other subgraphs.
mod inaccessible; // The supergraph as clients see it.
mod contexts; // Whether contexts are set on every way.
mod document; // The supergraph as a document.
mod standard_form; // A supergraph document as text.
mod connect; // REST sources: what they are asked, and as which subgraphs.
mod satisfiability; // Whether every field can be reached.
mod requirements; // Scopes and policies, combined.
mod merged; // What the merge fills.
mod usage; // Which fields keys and requirements use.
mod contextual; // What fills an argument from a context.
mod schema; // What the rules and the merge read.
mod field_set; // The selections in `@key`, `@requires`, `@provides`.
mod root_types; // Query, Mutation, Subscription by their default names.
mod link; // `@link`: which names mean what.
mod vocabulary; // The directives of federation.
mod report; // Errors and hints, gathered.
mod source; // Where things stand.
mod failure; // Errors and hints, as people see them.
mod codes; // Their names.
mod words; // Names in sentences.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use apollo_compiler::ast::Document;
use supergraph::{Supergraph, SupergraphError, SupergraphErrorKind};

pub use crate::codes::{ErrorCode, HintCode};
pub use crate::connect::{
    Connector, ConnectorKind, Connectors, ErrorMapping, Header, HeaderValue, Method, Request,
    RootOperation, Source,
};
pub use crate::failure::{CompositionError, CompositionFailure, Hint, Location};

pub use crate::standard_form::standard_form;

use crate::link::Links;
use crate::report::Report;
use crate::root_types::RootTypes;
use crate::schema::Subgraph;
use crate::source::SourceText;

/// A subgraph as it comes in.
#[derive(Clone, Debug)]
pub struct SubgraphSource {
    /// Its name, as routers and `@override` use it.
    pub name: String,
    /// Where it answers requests.
    pub url: Option<String>,
    /// Its schema.
    pub sdl: String,
    /// The path to show in error locations.
    pub file: Option<String>,
}

/// A supergraph, and what was noticed on the way.
#[derive(Clone, Debug)]
pub struct Composed {
    /// The supergraph in the standard form.
    pub supergraph_sdl: String,
    /// The same as tables: what reading that text would give.
    pub supergraph: Arc<Supergraph>,
    /// Which of its subgraphs are REST sources, and what these are asked.
    pub connectors: Arc<Connectors>,
    /// What deserves a look although it composes.
    pub hints: Vec<Hint>,
}

/// Composes subgraphs into a supergraph.
///
/// # Errors
///
/// All errors of the first stage that has any: reading, the rules of each subgraph, the merge, the
/// checks of the result.
pub fn compose(subgraphs: &[SubgraphSource]) -> Result<Composed, Box<CompositionFailure>> {
    let Merged { subgraphs, document, mut report } = merge_all(subgraphs)?;
    let expanded = expand(&document, &mut report);
    report = finish_stage(report)?;
    let for_tables = expanded.as_ref().map_or(&document, |expanded| &expanded.document);
    let Some(supergraph) = satisfiability::load(for_tables, &mut report) else {
        return Err(failure(report));
    };
    satisfiability::check(&subgraphs, &supergraph, &mut report);
    report = finish_stage(report)?;
    let connectors = expanded.map(|it| it.connectors).unwrap_or_default();
    report.hints.extend(connect::fan_out_hints(&subgraphs, &supergraph, &connectors));
    Ok(Composed {
        supergraph_sdl: standard_form(&document),
        supergraph: Arc::new(supergraph),
        connectors: Arc::new(connectors),
        hints: report.hints,
    })
}

/// Reads a supergraph document, composed here or elsewhere, with its REST sources.
///
/// # Errors
///
/// When it is not a composed supergraph, or a connector in it cannot work.
pub fn load(sdl: &str) -> Result<(Supergraph, Connectors), LoadError> {
    let document = Document::parse(sdl, "supergraph.graphql").map_err(|errors| {
        let kind = SupergraphErrorKind::Syntax(errors.errors.to_string());
        LoadError::Supergraph(SupergraphError { kind })
    })?;
    let expanded = connect::expand(&document).map_err(|lines| LoadError::Connectors { lines })?;
    let for_tables = expanded.as_ref().map_or(&document, |expanded| &expanded.document);
    let supergraph = Supergraph::from_document(for_tables).map_err(LoadError::Supergraph)?;
    Ok((supergraph, expanded.map(|it| it.connectors).unwrap_or_default()))
}

/// Why a supergraph document cannot be loaded.
#[derive(Debug)]
pub enum LoadError {
    /// It is no supergraph.
    Supergraph(SupergraphError),
    /// Connectors in it cannot work.
    Connectors {
        /// What is wrong, one line each.
        lines: Vec<String>,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Supergraph(error) => write!(f, "{}", error.kind),
            Self::Connectors { lines } => {
                write!(f, "connectors in it cannot work:\n{}", lines.join("\n"))
            }
        }
    }
}

impl std::error::Error for LoadError {}

/// The document for the tables, if there are connectors. What is wrong with these was found before
/// the merge, in better words; what is found now came of the merge.
fn expand(document: &Document, report: &mut Report) -> Option<connect::Expanded> {
    match connect::expand(document) {
        Ok(expanded) => expanded,
        Err(lines) => {
            for line in lines {
                let message = format!("after merging, a connector cannot work: {line}");
                report.error(
                    CompositionError::new(ErrorCode::InvalidGraphql, message)
                        .fix("let all subgraphs that share its types agree on their fields"),
                );
            }
            None
        }
    }
}

/// A supergraph of which nobody knows yet whether all of it can be reached.
struct Merged {
    subgraphs: Vec<Subgraph>,
    document: Document,
    report: Report,
}

fn merge_all(sources: &[SubgraphSource]) -> Result<Merged, Box<CompositionFailure>> {
    let mut report = Report::default();
    let mut sources: Vec<&SubgraphSource> = sources.iter().collect();
    sources.sort_by(|left, right| left.name.cmp(&right.name));
    check_names(&sources, &mut report);
    let parsed: Vec<Parsed<'_>> =
        sources.into_iter().filter_map(|source| parse(source, &mut report)).collect();
    report = finish_stage(report)?;
    let mut subgraphs = check_subgraphs(parsed, &mut report);
    report = finish_stage(report)?;
    federation_one::upgrade(&mut subgraphs, &mut report);
    report = finish_stage(report)?;
    let mut supergraph = merge::merge(&subgraphs, &mut report);
    report = finish_stage(report)?;
    connect::record(&subgraphs, &mut supergraph);
    access_control::carry_requirements(&mut supergraph);
    post_merge::check_interfaces(&subgraphs, &supergraph, &mut report);
    post_merge::check_defaults(&supergraph, &mut report);
    access_control::check_required_fields(&subgraphs, &supergraph, &mut report);
    required_arguments::check(&subgraphs, &mut report);
    report = finish_stage(report)?;
    let document = document::document(&supergraph, &subgraphs);
    post_merge::check_graphql(&document, &mut report);
    report = finish_stage(report)?;
    inaccessible::check(&subgraphs, &supergraph, &mut report);
    report = finish_stage(report)?;
    contexts::check(&subgraphs, &supergraph, &mut report);
    Ok(Merged { subgraphs, document, report })
}

/// A subgraph that was read, but not yet judged.
struct Parsed<'a> {
    source: &'a SubgraphSource,
    text: SourceText,
    document: Document,
    links: Links,
    roots: RootTypes,
}

/// A stage that found errors is the last one.
fn finish_stage(report: Report) -> Result<Report, Box<CompositionFailure>> {
    if report.errors.is_empty() { Ok(report) } else { Err(failure(report)) }
}

fn failure(report: Report) -> Box<CompositionFailure> {
    Box::new(CompositionFailure { errors: report.errors, hints: report.hints })
}

fn check_names(sources: &[&SubgraphSource], report: &mut Report) {
    let mut seen: HashSet<&str> = HashSet::new();
    for source in sources {
        let name = source.name.as_str();
        let (message, fix) = if name.is_empty() || name == "_" {
            (format!("a subgraph cannot have the name `{name}`"), "give it another name")
        } else if !seen.insert(name) {
            (format!("two subgraphs have the name `{name}`"), "rename one of them")
        } else {
            continue;
        };
        report.error(
            CompositionError::new(ErrorCode::InvalidSubgraphName, message).at(name, None).fix(fix),
        );
    }
}

fn parse<'a>(source: &'a SubgraphSource, report: &mut Report) -> Option<Parsed<'a>> {
    let text = SourceText::new(source);
    let document = graphql_rules::parse(&text, &mut report.errors)?;
    let links = link::read_links(&document, &text, &mut report.errors);
    rules::check_definitions(&document, &text, &links, &mut report.errors);
    let roots = RootTypes::of(&document);
    Some(Parsed { source, text, document, links, roots })
}

/// Federation's rules are checked where GraphQL's hold.
fn check_subgraphs(parsed: Vec<Parsed<'_>>, report: &mut Report) -> Vec<Subgraph> {
    let mut subgraphs = Vec::new();
    for Parsed { source, text, document, links, roots } in parsed {
        let before = report.errors.len();
        graphql_rules::check_graphql(&text, &document, &links, &roots, &mut report.errors);
        roots.check(&document, &text, &mut report.errors);
        if report.errors.len() > before {
            continue;
        }
        let mut subgraph = read::read_subgraph(source, text, &document, links, &roots);
        connect::check(&mut subgraph, report);
        rules::check_subgraph(&subgraph, &mut report.errors);
        subgraphs.push(subgraph);
    }
    subgraphs
}
