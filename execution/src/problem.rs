//! What goes wrong with a fetch, and how its errors are made ready for the client.
//!
//! **In:** [`Problem`]s found while reading answers. **Out:** errors with client paths, masked by the
//! policy; the paths and slots that they cover.
//!
//! **Never here:** errors of completion (`complete`), writing errors (`error`).
//!
//! **Holds:** an error has at most `max_error_paths` places, then one more that counts the others;
//! `locations` never travel. An error without a place of its own has that of the fetch's groups.
//!
//! **Read first:** [`report`].

use crate::{
    Exposure, Inputs, Limits, LoggedError,
    error::{Errors, ExecutionError, path_text},
    json::Json,
    path::{
        Covered, Key, Path, client_path, common_prefix, steps_below, steps_to_object,
        steps_to_place,
    },
    tree::{ObjectId, Place, RequestedGroup, Tree},
};
use query_planner::{FetchId, GroupId, GroupKind, Selection, SlotId};
use std::collections::HashSet;

/// Something that went wrong with a fetch.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) source: Source,
    pub(crate) message: String,
    pub(crate) code: String,
    /// What only the log may say.
    pub(crate) detail: Option<String>,
    pub(crate) at: Where,
}

/// Who says so.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The gateway: the words are safe to show.
    Gateway,
    /// The subgraph, with these extensions.
    Subgraph(Vec<(String, Json)>),
}

/// Where it went wrong. Groups are numbered as in the request.
#[derive(Clone, Debug)]
pub(crate) enum Where {
    /// The whole fetch, which brought no answer to read.
    Unanswered,
    /// The whole fetch.
    Fetch,
    /// One group.
    Group(usize),
    /// Below the targets of one representation, or of a root group.
    Below { group: usize, representation: usize, tail: Vec<Key> },
    /// At a value.
    Value(Place),
    /// At objects.
    Objects(Vec<ObjectId>),
}

/// The code of an answer that is not what the GraphQL and subgraph specifications allow.
pub(crate) const MALFORMED: &str = "SUBREQUEST_MALFORMED_RESPONSE";
/// The code of a request without an answer to read.
pub(crate) const HTTP_ERROR: &str = "SUBREQUEST_HTTP_ERROR";
/// The code of an answer beyond the limits.
pub(crate) const LIMIT_EXCEEDED: &str = "SUBREQUEST_RESPONSE_LIMIT_EXCEEDED";
/// The code of a subgraph's error that brings none, or one that may not travel.
pub(crate) const DOWNSTREAM: &str = "DOWNSTREAM_SERVICE_ERROR";
/// The code of a null that the type forbids.
pub(crate) const UNEXPECTED_NULL: &str = "NULL_IN_NON_NULL_POSITION";
/// The code of a value that the type forbids.
pub(crate) const INVALID_VALUE: &str = "INVALID_VALUE";
/// The code of a response beyond the limit.
pub(crate) const TOO_LARGE: &str = "RESPONSE_TOO_LARGE";

impl Problem {
    pub(crate) fn ours(code: &str, message: impl Into<String>, at: Where) -> Self {
        let (code, message) = (code.to_owned(), message.into());
        Self { source: Source::Gateway, message, code, detail: None, at }
    }
}

/// The problem of a fetch that would take too many calls.
pub(crate) fn too_many_calls(calls: usize, limits: &Limits) -> Problem {
    let message = "a field would take too many requests to a subgraph";
    let mut problem = Problem::ours(LIMIT_EXCEEDED, message, Where::Unanswered);
    let limit = limits.max_calls_per_fetch;
    problem.detail = Some(format!("{calls} values of contexts differ; at most {limit} may"));
    problem
}

/// What the errors of fetches explain, so that completion adds none.
#[derive(Default)]
pub(crate) struct Explained<'a> {
    pub(crate) paths: Covered<'a>,
    pub(crate) slots: HashSet<SlotId>,
}

/// Turns a fetch's problems into errors.
pub(crate) fn report<'a>(
    inputs: &Inputs<'a>,
    tree: &impl Tree,
    fetch: FetchId,
    groups: &[RequestedGroup],
    problems: &[Problem],
    explained: &mut Explained<'a>,
    errors: &mut Errors<'a>,
) {
    let max_paths = inputs.limits.max_error_paths;
    for problem in problems {
        let paths = paths_of(inputs, tree, groups, &problem.at);
        for path in paths.iter().filter(|path| !path.is_empty()) {
            explained.paths.insert(path);
        }
        excuse(inputs, groups, &problem.at, &mut explained.slots);
        errors.log(logged(inputs, fetch, problem, &paths));
        for path in paths.iter().take(max_paths) {
            errors.push(shown(inputs, fetch, problem, path.clone()));
        }
        if paths.len() > max_paths {
            let rest = paths.len() - max_paths;
            let path = common_prefix(paths.into_iter().skip(max_paths));
            let mut counting = shown(inputs, fetch, problem, path);
            counting.message = format!("the same error at {rest} more places");
            errors.push(counting);
        }
    }
}

/// The slots of failed selections are explained, wherever their nulls show.
pub(crate) fn excuse_groups<'g>(
    inputs: &Inputs<'_>,
    groups: impl Iterator<Item = &'g GroupId>,
    slots: &mut HashSet<SlotId>,
) {
    for &group in groups {
        excuse_selection(&inputs.plan.groups[group].selection, slots);
    }
}

fn excuse(inputs: &Inputs<'_>, groups: &[RequestedGroup], at: &Where, slots: &mut HashSet<SlotId>) {
    match at {
        Where::Unanswered | Where::Fetch => {
            excuse_groups(inputs, groups.iter().map(|group| &group.group), slots)
        }
        Where::Group(at) => excuse_groups(inputs, std::iter::once(&groups[*at].group), slots),
        Where::Below { .. } | Where::Value(_) | Where::Objects(_) => {}
    }
}

fn excuse_selection(selection: &Selection, slots: &mut HashSet<SlotId>) {
    for field in &selection.fields {
        slots.insert(field.slot);
        if let Some(below) = &field.selection {
            excuse_selection(below, slots);
        }
    }
}

/// The places of a problem: at least one, which may be the empty path.
fn paths_of<'a>(
    inputs: &Inputs<'a>,
    tree: &impl Tree,
    groups: &[RequestedGroup],
    at: &Where,
) -> Vec<Path<'a>> {
    let plan = inputs.plan;
    let mut paths: Vec<Path<'a>> = match at {
        Where::Unanswered => {
            groups.iter().flat_map(|group| unanswered_paths(inputs, tree, group)).collect()
        }
        Where::Fetch => {
            let asked = groups.iter().filter(|group| group.all_targets().next().is_some());
            asked.map(|group| group_path(inputs, tree, group)).collect()
        }
        Where::Group(at) => vec![group_path(inputs, tree, &groups[*at])],
        Where::Below { group, representation, tail } => {
            let requested = &groups[*group];
            let selection = &plan.groups[requested.group].selection;
            requested.targets[*representation]
                .iter()
                .map(|target| steps_below(tree, target.object, selection, tail))
                .map(|steps| client_path(plan, &steps))
                .collect()
        }
        Where::Value(place) => vec![client_path(plan, &steps_to_place(tree, place))],
        Where::Objects(objects) => objects
            .iter()
            .map(|&object| client_path(plan, &steps_to_object(tree, object)))
            .collect(),
    };
    let mut seen = HashSet::new();
    paths.retain(|path| seen.insert(path.clone()));
    if paths.is_empty() {
        paths.push(Vec::new());
    }
    paths
}

/// The paths of a group that nobody answered: at the root one for each field, as if each had failed
/// alone; elsewhere the one path for all.
fn unanswered_paths<'a>(
    inputs: &Inputs<'a>,
    tree: &impl Tree,
    requested: &RequestedGroup,
) -> Vec<Path<'a>> {
    if requested.all_targets().next().is_none() {
        return Vec::new();
    }
    match root_fields(inputs, tree, requested) {
        Some(fields) => fields.collect(),
        None => vec![group_path(inputs, tree, requested)],
    }
}

/// The one path for all of a group: what the paths of its targets have in common. At the root that
/// is nothing, so there the fields that the group should have filled stand for it.
fn group_path<'a>(inputs: &Inputs<'a>, tree: &impl Tree, requested: &RequestedGroup) -> Path<'a> {
    if let Some(fields) = root_fields(inputs, tree, requested) {
        return common_prefix(fields);
    }
    let objects = requested.all_targets();
    common_prefix(objects.map(|object| client_path(inputs.plan, &steps_to_object(tree, object))))
}

/// The paths of the fields that a group fills at the operation's root, if it does.
fn root_fields<'i, 'a, T: Tree>(
    inputs: &'i Inputs<'a>,
    tree: &'i T,
    requested: &RequestedGroup,
) -> Option<impl Iterator<Item = Path<'a>> + use<'i, 'a, T>> {
    let plan = inputs.plan;
    let group = &plan.groups[requested.group];
    let at_root = matches!(group.kind, GroupKind::Root) && group.from.is_empty();
    at_root.then(|| {
        group.selection.fields.iter().map(|field| {
            let place = Place { object: tree.root(), slot: field.slot, indexes: Vec::new() };
            client_path(plan, &steps_to_place(tree, &place))
        })
    })
}

fn shown<'a>(
    inputs: &Inputs<'a>,
    fetch: FetchId,
    problem: &Problem,
    path: Path<'a>,
) -> ExecutionError<'a> {
    let policy = inputs.errors;
    let subgraph = inputs.plan.fetches[fetch].subgraph;
    let service = match policy.subgraph_names {
        Exposure::Shown => Some(inputs.supergraph.subgraph(subgraph).name.as_str()),
        Exposure::Masked => None,
    };
    let (message, code, extensions) = match &problem.source {
        Source::Gateway => (problem.message.clone(), problem.code.clone(), Vec::new()),
        Source::Subgraph(extensions) => {
            let message = match policy.messages {
                Exposure::Shown => problem.message.clone(),
                Exposure::Masked => "a subgraph reported an error".to_owned(),
            };
            let code = if policy.extensions.allow("code") { &problem.code } else { DOWNSTREAM };
            let others = extensions.iter().filter(|(key, _)| {
                key != "code" && key != "service" && policy.extensions.allow(key)
            });
            (message, code.to_owned(), others.cloned().collect())
        }
    };
    ExecutionError {
        message,
        code,
        service,
        extensions,
        path: Some(path).filter(|p| !p.is_empty()),
    }
}

fn logged(
    inputs: &Inputs<'_>,
    fetch: FetchId,
    problem: &Problem,
    paths: &[Path<'_>],
) -> LoggedError {
    let message = match &problem.detail {
        Some(detail) => format!("{}: {detail}", problem.message),
        None => problem.message.clone(),
    };
    LoggedError {
        fetch: Some(fetch),
        subgraph: Some(inputs.plan.fetches[fetch].subgraph),
        is_quoted: matches!(problem.source, Source::Subgraph(_)),
        code: problem.code.clone(),
        message,
        path: paths.first().map(|path| path_text(path)),
        places: paths.len(),
    }
}
