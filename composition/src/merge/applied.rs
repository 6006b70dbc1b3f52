//! Merges the directives applied to one element.
//!
//! **In:** the applications in each subgraph. **Out:** those the supergraph carries.
//!
//! **Never here:** definitions (`composed_directives`), `join__` directives (`join`).
//!
//! **Holds:** access control never weakens: requirements of all subgraphs must be met together.
//!
//! **Read first:** [`Merger::merge_applied`].

use apollo_compiler::Node;
use apollo_compiler::ast::Value;
use indexmap::IndexMap;

use crate::codes::{ErrorCode, HintCode};
use crate::failure::CompositionError;
use crate::merge::Merger;
use crate::merged::MergedApplication;
use crate::report::Report;
use crate::requirements::all_of;
use crate::schema::{Applied, Subgraph};
use crate::source::Span;
use crate::vocabulary::{ELEMENTS, Known};

/// A directive that reaches the supergraph must be imported under one name.
pub(super) fn check_imported_names(subgraphs: &[Subgraph], report: &mut Report) {
    for known in ELEMENTS.iter().map(|element| element.known).filter(|known| known.is_merged()) {
        let mut names = subgraphs
            .iter()
            .flat_map(|subgraph| subgraph.links.imported_names(known).map(move |n| (subgraph, n)));
        let Some((first, expected)) = names.next() else { continue };
        let Some((other, name)) = names.find(|(_, name)| *name != expected) else { continue };
        let message = format!(
            "the directive `@{}` is imported as `@{expected}` in `{}` and as `@{name}` in `{}`",
            known.name(),
            first.name,
            other.name
        );
        let mut error = CompositionError::new(ErrorCode::LinkImportNameMismatch, message)
            .on(format!("@{}", known.name()))
            .fix("import it under one name everywhere");
        for (subgraph, local) in [(first, expected), (other, name)] {
            let link = subgraph.links.feature_of(local).map(|(feature, _)| feature.span);
            error = error.at(&subgraph.name, subgraph.source.locate(link.flatten()));
        }
        report.error(error);
    }
}

/// One application: where, and with which arguments.
struct Site {
    index: usize,
    span: Span,
    arguments: Vec<(String, Node<Value>)>,
}

/// What identifies a directive across subgraphs.
type Identity = (Option<Known>, String);

impl Merger<'_> {
    pub(super) fn merge_applied(
        &mut self,
        sources: &[(usize, &[Applied])],
        coordinate: &str,
    ) -> Vec<MergedApplication> {
        let mut by_directive: IndexMap<Identity, Vec<Site>> = IndexMap::new();
        for (index, applied) in sources {
            for directive in *applied {
                let Some(identity) = self.identity(*index, directive) else { continue };
                by_directive.entry(identity).or_default().push(Site {
                    index: *index,
                    span: directive.span(),
                    arguments: directive
                        .directive
                        .arguments
                        .iter()
                        .map(|argument| (argument.name.to_string(), argument.value.clone()))
                        .collect(),
                });
            }
        }
        by_directive.sort_keys();
        by_directive
            .into_iter()
            .flat_map(|((known, name), sites)| self.merge_sites(known, &name, &sites, coordinate))
            .collect()
    }

    fn identity(&self, index: usize, applied: &Applied) -> Option<Identity> {
        match applied.known {
            Some(known) if known.is_merged() => Some((Some(known), known.name().to_owned())),
            Some(_) => None,
            None => {
                let name = applied.directive.name.as_str();
                self.composed.is_composed(index, name).then(|| (None, name.to_owned()))
            }
        }
    }

    fn merge_sites(
        &mut self,
        known: Option<Known>,
        name: &str,
        sites: &[Site],
        coordinate: &str,
    ) -> Vec<MergedApplication> {
        let repeatable =
            known == Some(Known::Tag) || known.is_none() && self.composed.is_repeatable(name);
        let application = |arguments| MergedApplication { known, name: name.to_owned(), arguments };
        let mut distinct: Vec<MergedApplication> = Vec::new();
        for site in sites {
            let merged = application(site.arguments.clone());
            if !distinct.contains(&merged) {
                distinct.push(merged);
            }
        }
        if repeatable || distinct.len() < 2 {
            return distinct;
        }
        let combined = match known {
            Some(Known::RequiresScopes) => Some(all_required("scopes", sites)),
            Some(Known::Policy) => Some(all_required("policies", sites)),
            Some(Known::Cost | Known::ListSize) => Some(largest(sites)),
            _ => None,
        };
        let nodes: Vec<_> = sites.iter().map(|site| (site.index, site.span)).collect();
        if let Some(arguments) = combined {
            let message = format!(
                "`@{name}` on `{coordinate}` has different arguments; the supergraph combines them"
            );
            self.hint_at(
                HintCode::MergedNonRepeatableDirectiveArguments,
                coordinate,
                message,
                nodes,
            );
            return vec![application(arguments)];
        }
        let message = format!(
            "`@{name}` on `{coordinate}` has different arguments; the supergraph keeps those used \
             most"
        );
        self.hint_at(
            HintCode::InconsistentNonRepeatableDirectiveArguments,
            coordinate,
            message,
            nodes,
        );
        let count = |candidate: &MergedApplication| {
            sites.iter().filter(|site| site.arguments == candidate.arguments).count()
        };
        let most = distinct.iter().map(count).max().unwrap_or_default();
        distinct.retain(|candidate| count(candidate) == most);
        distinct.truncate(1);
        distinct
    }
}

/// What meets the requirements of all sites at once.
fn all_required(argument: &str, sites: &[Site]) -> Vec<(String, Node<Value>)> {
    let values = sites.iter().flat_map(|site| &site.arguments).filter(|(name, _)| name == argument);
    let values: Vec<&Node<Value>> = values.map(|(_, value)| value).collect();
    vec![(argument.to_owned(), all_of(&values))]
}

/// Numbers grow to their maximum, lists to their union, and `requireOneSlicingArgument` stays
/// demanded if any subgraph demands it.
fn largest(sites: &[Site]) -> Vec<(String, Node<Value>)> {
    let mut merged: IndexMap<String, Node<Value>> = IndexMap::new();
    for site in sites {
        for (name, value) in &site.arguments {
            let combined = match merged.get(name) {
                Some(earlier) => larger(earlier, value),
                None => value.clone(),
            };
            merged.insert(name.clone(), combined);
        }
    }
    merged.into_iter().collect()
}

fn larger(left: &Node<Value>, right: &Node<Value>) -> Node<Value> {
    match (left.as_ref(), right.as_ref()) {
        (Value::Int(l), Value::Int(r)) => {
            let (l, r) = (l.try_to_i32().unwrap_or(0), r.try_to_i32().unwrap_or(0));
            if l >= r { left.clone() } else { right.clone() }
        }
        (Value::List(l), Value::List(r)) => {
            let mut union = l.clone();
            union.extend(r.iter().filter(|value| !l.contains(value)).cloned());
            Node::new(Value::List(union))
        }
        (Value::Boolean(l), Value::Boolean(r)) => Node::new(Value::Boolean(*l || *r)),
        (Value::Null, _) => right.clone(),
        _ => left.clone(),
    }
}
