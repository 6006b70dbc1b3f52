//! Carries custom directives into the supergraph, as `@composeDirective` asks.
//!
//! **In:** `@composeDirective` on the subgraphs' schemas. **Out:** [`ComposedDirectives`]: which
//! directive of which subgraph is kept, the definitions, the links.
//!
//! **Never here:** merging the applications (`applied`).
//!
//! **Read first:** [`compose_directives`].
//!
//! Spec: <https://specs.apollo.dev/federation/v2.9#@composeDirective>

use std::collections::{HashMap, HashSet};

use apollo_compiler::ast::{Directive, DirectiveDefinition};
use apollo_compiler::{Name, Node};
use indexmap::IndexMap;

use crate::codes::{ErrorCode, HintCode};
use crate::failure::Hint;
use crate::link::Feature;
use crate::merge::Merger;
use crate::merged::{MergedApplication, MergedArgument, MergedDirective, MergedLink};
use crate::report::Report;
use crate::schema::{Applied, Subgraph};
use crate::vocabulary::Known;
use crate::words;

/// The specification of `@authorize`, which the gateway enforces.
const AUTHORIZE: &str = "https://specs.graphloom.dev/authorize";

#[derive(Debug, Default)]
pub(crate) struct ComposedDirectives {
    by_subgraph: HashSet<(usize, String)>,
    repeatable: HashSet<String>,
    definitions: IndexMap<String, (usize, Name)>,
    pub(crate) links: Vec<MergedLink>,
}

/// A directive that one subgraph asks to keep.
struct Asked<'a> {
    index: usize,
    local: String,
    /// The directive's name in its specification.
    own: String,
    feature: &'a Feature,
    applied: &'a Applied,
}

impl ComposedDirectives {
    pub(crate) fn is_composed(&self, index: usize, directive: &str) -> bool {
        // Most graphs compose no directive; they should not pay for the key.
        !self.by_subgraph.is_empty() && self.by_subgraph.contains(&(index, directive.to_owned()))
    }

    pub(crate) fn is_repeatable(&self, directive: &str) -> bool {
        self.repeatable.contains(directive)
    }
}

pub(crate) fn compose_directives(
    subgraphs: &[Subgraph],
    report: &mut Report,
) -> ComposedDirectives {
    let mut asked: Vec<Asked<'_>> = Vec::new();
    for (index, subgraph) in subgraphs.iter().enumerate() {
        for applied in subgraph.on_schema.iter().filter(|a| a.is(Known::ComposeDirective)) {
            asked.extend(asked_for(index, subgraph, applied, report));
        }
    }
    let mut by_local: IndexMap<String, Vec<&Asked<'_>>> = IndexMap::new();
    for one in &asked {
        by_local.entry(one.local.clone()).or_default().push(one);
    }
    check_names(subgraphs, &asked, report);
    check_authorize(subgraphs, &asked, report);
    let mut composed = ComposedDirectives::default();
    let mut links: IndexMap<String, MergedLink> = IndexMap::new();
    for (local, same_name) in by_local {
        if !agree(subgraphs, &local, &same_name, report) {
            continue;
        }
        keep(subgraphs, &local, &same_name, &mut composed, &mut links, report);
    }
    composed.links = links.into_values().collect();
    hint_other_names(subgraphs, &asked, report);
    hint_major_versions(subgraphs, report);
    composed
}

/// Who may see a field must not be lost on the way: `@authorize` is composed by every subgraph that links
/// it, and repeatable, so that those of several subgraphs all count.
fn check_authorize(subgraphs: &[Subgraph], asked: &[Asked<'_>], report: &mut Report) {
    for (index, subgraph) in subgraphs.iter().enumerate() {
        for feature in subgraph.links.features.iter().filter(|it| it.identity == AUTHORIZE) {
            let composed = asked.iter().find(|one| {
                one.index == index && one.own == "authorize" && one.feature.identity == AUTHORIZE
            });
            let (message, fix) = match composed {
                None => (
                    "`@authorize` decides who may see a field, but this subgraph does not compose it",
                    "add `@composeDirective(name: \"@authorize\")` to the schema",
                ),
                Some(one) if !is_repeatable(subgraph, &one.local) => (
                    "`@authorize` is not repeatable here, so rules of other subgraphs would get lost",
                    "write `directive @authorize(when: String!) repeatable on FIELD_DEFINITION`",
                ),
                Some(_) => continue,
            };
            let error = subgraph.error(ErrorCode::DirectiveCompositionError, feature.span, message);
            report.error(error.fix(fix));
        }
    }
}

fn is_repeatable(subgraph: &Subgraph, directive: &str) -> bool {
    subgraph.directives.get(directive).is_some_and(|definition| definition.repeatable)
}

/// A subgraph that imports a composed directive under a name of its own does not take part.
fn hint_other_names(subgraphs: &[Subgraph], asked: &[Asked<'_>], report: &mut Report) {
    let mut seen: HashSet<(&str, &str)> = HashSet::new();
    for one in asked {
        let identity = one.feature.identity.as_str();
        if !seen.insert((identity, &one.own)) {
            continue;
        }
        let asks = |index: usize| {
            asked.iter().any(|other| {
                (other.index, other.own.as_str(), other.feature.identity.as_str())
                    == (index, one.own.as_str(), identity)
            })
        };
        for (_, subgraph) in subgraphs.iter().enumerate().filter(|(index, _)| !asks(*index)) {
            let features = subgraph.links.features.iter();
            let imports = features.filter(|feature| feature.identity == identity).flat_map(|f| {
                let own = f.imports.iter().filter(|i| i.name.strip_prefix('@') == Some(&one.own));
                own.map(move |import| (f, import.local.trim_start_matches('@')))
            });
            for (feature, local) in imports.filter(|(_, local)| *local != one.local) {
                report.hint(Hint {
                    code: HintCode::DirectiveCompositionWarn,
                    message: format!(
                        "[{}] `@{}` of `{identity}` is called `@{local}` here, but composed as \
                         `@{}`; to be composed from here, too, it needs that name",
                        subgraph.name, one.own, one.local
                    ),
                    subgraphs: vec![subgraph.name.clone()],
                    coordinate: None,
                    locations: subgraph.source.locate(feature.span).into_iter().collect(),
                });
            }
        }
    }
}

/// Subgraphs that link different major versions of a specification may mean different things.
fn hint_major_versions(subgraphs: &[Subgraph], report: &mut Report) {
    let mut by_identity: IndexMap<&str, Vec<(&Subgraph, &Feature)>> = IndexMap::new();
    for subgraph in subgraphs {
        for feature in &subgraph.links.features {
            by_identity.entry(&feature.identity).or_default().push((subgraph, feature));
        }
    }
    for (identity, linked) in by_identity {
        let (_, first) = linked[0];
        if linked.iter().all(|(_, feature)| feature.version.0 == first.version.0) {
            continue;
        }
        let said: Vec<String> = linked
            .iter()
            .map(|(subgraph, feature)| format!("{} in `{}`", feature.version_text, subgraph.name))
            .collect();
        report.hint(Hint {
            code: HintCode::DirectiveCompositionInfo,
            message: format!(
                "`{identity}` is linked in different major versions: {}; its directives may not \
                 mean the same",
                said.join(", ")
            ),
            subgraphs: linked.iter().map(|(subgraph, _)| subgraph.name.clone()).collect(),
            coordinate: None,
            locations: linked
                .iter()
                .filter_map(|(subgraph, feature)| subgraph.source.locate(feature.span))
                .collect(),
        });
    }
}

fn asked_for<'a>(
    index: usize,
    subgraph: &'a Subgraph,
    applied: &'a Applied,
    report: &mut Report,
) -> Option<Asked<'a>> {
    let name = applied.argument("name").and_then(|value| value.as_str()).unwrap_or_default();
    let (message, fix) = match name.strip_prefix('@') {
        None | Some("") if name.len() < 2 => (
            "`@composeDirective` has no name".to_owned(),
            "name a directive, such as `name: \"@mine\"`".to_owned(),
        ),
        None => (
            format!("`@composeDirective(name: \"{name}\")` lacks the leading `@`"),
            format!("write `name: \"@{name}\"`"),
        ),
        Some(local) => match subgraph.links.meaning(local) {
            Some(known) if known.is_merged() => {
                hint_composed_anyway(subgraph, applied, local, report);
                return None;
            }
            Some(_) => (
                format!("`@{local}` belongs to federation and cannot be composed"),
                "remove this `@composeDirective`".to_owned(),
            ),
            None if !subgraph.directives.contains_key(local) => undefined(subgraph, local),
            None => match subgraph.links.feature_of(local) {
                Some((feature, own)) => {
                    return Some(Asked { index, local: local.to_owned(), own, feature, applied });
                }
                None => (
                    format!("`@{local}` is not imported by any `@link`, so it cannot be composed"),
                    format!(
                        "add `@link(url: \"https://example.com/{local}/v1.0\", import: \
                         [\"@{local}\"])`"
                    ),
                ),
            },
        },
    };
    let error = subgraph.error(ErrorCode::DirectiveCompositionError, applied.span(), &message);
    report.error(error.fix(fix));
    None
}

fn undefined(subgraph: &Subgraph, local: &str) -> (String, String) {
    let near = words::nearest(local, subgraph.directives.keys().map(|name| name.as_str()));
    let fix = near.map_or_else(
        || format!("define `directive @{local}`, or remove this `@composeDirective`"),
        |near| format!("did you mean `@{near}`?"),
    );
    (format!("`@composeDirective` names `@{local}`, which the subgraph does not define"), fix)
}

fn hint_composed_anyway(subgraph: &Subgraph, applied: &Applied, local: &str, report: &mut Report) {
    report.hint(Hint {
        code: HintCode::DirectiveCompositionInfo,
        message: format!(
            "[{}] `@{local}` is composed anyway; `@composeDirective` is not needed",
            subgraph.name
        ),
        subgraphs: vec![subgraph.name.clone()],
        coordinate: None,
        locations: subgraph.source.locate(applied.span()).into_iter().collect(),
    });
}

/// One directive of a specification must have one name in all subgraphs that compose it.
fn check_names(subgraphs: &[Subgraph], asked: &[Asked<'_>], report: &mut Report) {
    let mut names: HashMap<(&str, &str), &Asked<'_>> = HashMap::new();
    for one in asked {
        let identity = (one.feature.identity.as_str(), one.own.as_str());
        let first = names.entry(identity).or_insert(one);
        if first.local != one.local {
            let message = format!(
                "`@{}` of `{}` is called `@{}` in `{}` and `@{}` in `{}`",
                one.own,
                one.feature.identity,
                first.local,
                subgraphs[first.index].name,
                one.local,
                subgraphs[one.index].name
            );
            report.error(
                subgraphs[one.index]
                    .error(ErrorCode::DirectiveCompositionError, one.applied.span(), &message)
                    .fix("import it under one name everywhere"),
            );
        }
    }
}

fn agree(subgraphs: &[Subgraph], local: &str, asked: &[&Asked<'_>], report: &mut Report) -> bool {
    let first = asked[0];
    let mut fail = |other: &Asked<'_>, message: String, fix: &str| {
        let subgraph = &subgraphs[other.index];
        report.error(
            subgraph
                .error(ErrorCode::DirectiveCompositionError, other.applied.span(), &message)
                .fix(fix),
        );
    };
    for other in &asked[1..] {
        if other.feature.identity != first.feature.identity || other.own != first.own {
            fail(
                other,
                format!(
                    "`@{local}` is `@{}` of `{}` here, but `@{}` of `{}` in `{}`",
                    other.own,
                    other.feature.identity,
                    first.own,
                    first.feature.identity,
                    subgraphs[first.index].name
                ),
                "import one of them under another name",
            );
            return false;
        }
        if other.feature.version.0 != first.feature.version.0 {
            fail(
                other,
                format!(
                    "`@{local}` comes from `{}` {} here, but from {} in `{}`",
                    other.feature.identity,
                    other.feature.version_text,
                    first.feature.version_text,
                    subgraphs[first.index].name
                ),
                "use one major version everywhere",
            );
            return false;
        }
    }
    true
}

fn keep(
    subgraphs: &[Subgraph],
    local: &str,
    asked: &[&Asked<'_>],
    composed: &mut ComposedDirectives,
    links: &mut IndexMap<String, MergedLink>,
    report: &mut Report,
) {
    let identity = &asked[0].feature.identity;
    let latest = subgraphs
        .iter()
        .enumerate()
        .flat_map(|(index, s)| s.links.features.iter().map(move |feature| (index, feature)))
        .filter(|(index, feature)| {
            feature.identity == *identity && asked.iter().any(|one| one.index == *index)
        })
        .max_by_key(|(index, feature)| (feature.version, std::cmp::Reverse(*index)));
    let Some((index, feature)) = latest else { return };
    let Some(definition) = subgraphs[index].directives.get(local) else {
        let message = format!(
            "`{}` has the latest version of `{identity}` but does not define `@{local}`",
            subgraphs[index].name
        );
        report.error(
            subgraphs[index]
                .error(ErrorCode::DirectiveCompositionError, feature.span, &message)
                .fix(format!("define `@{local}` there")),
        );
        return;
    };
    for one in asked {
        composed.by_subgraph.insert((one.index, local.to_owned()));
    }
    if definition.repeatable {
        composed.repeatable.insert(local.to_owned());
    }
    composed.definitions.insert(local.to_owned(), (index, definition.name.clone()));
    let url = format!("{}/{}", feature.identity, feature.version_text);
    let link =
        links.entry(identity.clone()).or_insert_with(|| MergedLink { url, imports: Vec::new() });
    let own = &asked[0].own;
    link.imports.push((own.clone(), local.to_owned()));
}

/// The definitions of the composed directives.
pub(super) fn definitions(merger: &mut Merger<'_>) -> IndexMap<Name, MergedDirective> {
    let kept: Vec<(usize, Name)> = merger.composed.definitions.values().cloned().collect();
    kept.into_iter()
        .filter_map(|(index, name)| {
            let definition = merger.subgraphs[index].directives.get(&name)?;
            let mut merged = merged_definition(definition);
            for argument in &definition.arguments {
                let hides = |directive: &Node<Directive>| {
                    let meaning = merger.subgraphs[index].links.meaning(&directive.name);
                    meaning == Some(Known::Inaccessible)
                };
                if argument.directives.iter().any(hides)
                    && let Some(merged) = merged.arguments.get_mut(&argument.name)
                {
                    merged.applied.push(MergedApplication {
                        known: Some(Known::Inaccessible),
                        name: Known::Inaccessible.name().to_owned(),
                        arguments: Vec::new(),
                    });
                }
            }
            Some((name, merged))
        })
        .collect()
}

pub(super) fn merged_definition(definition: &DirectiveDefinition) -> MergedDirective {
    let arguments = definition.arguments.iter().map(|argument| {
        let merged = MergedArgument {
            name: argument.name.clone(),
            ty: argument.ty.as_ref().clone(),
            default: argument.default_value.clone(),
            description: argument.description.as_ref().map(|text| text.to_string()),
            applied: Vec::new(),
        };
        (argument.name.clone(), merged)
    });
    MergedDirective {
        name: definition.name.clone(),
        description: definition.description.as_ref().map(|text| text.to_string()),
        arguments: arguments.collect(),
        repeatable: definition.repeatable,
        locations: definition.locations.clone(),
    }
}
