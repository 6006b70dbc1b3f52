//! What is wrong with an answer: the errors that the subgraph reports, and those that its form is.
//!
//! **In:** the `errors` of a body, or what cannot be read. **Out:** [`Problem`]s.
//!
//! **Never here:** data, client paths (`problem`).
//!
//! **Read first:** [`read_errors`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Errors>

use crate::{
    Inputs, ResponseParts,
    json::{Json, JsonError, Kind, ReaderLimits},
    path::Key,
    problem::{DOWNSTREAM, HTTP_ERROR, LIMIT_EXCEEDED, MALFORMED, Problem, Source, Where},
};
use query_planner::{GroupId, GroupKind, QueryPlan};

/// What is asked by a request, as far as the paths of errors depend on it.
pub(crate) trait Asked {
    /// Its groups, in the order of the request.
    fn groups(&self) -> impl Iterator<Item = GroupId>;

    /// Whether the group at this place asked for an object by this representation.
    fn is_asked(&self, group: usize, representation: usize) -> bool;
}

/// The bounds of reading a body.
pub(crate) fn reader_limits(inputs: &Inputs<'_>) -> ReaderLimits {
    ReaderLimits {
        max_depth: inputs.limits.max_answer_depth,
        max_list_length: inputs.limits.max_list_length,
    }
}

/// The problem of a body that was not read.
pub(crate) fn broken(response: &ResponseParts, error: &JsonError) -> Problem {
    match error {
        JsonError::TooDeep { .. } | JsonError::ListTooLong { .. } => {
            beyond_limits(error.to_string())
        }
        JsonError::NotUtf8 | JsonError::Syntax { .. } => unreadable(response, error.to_string()),
    }
}

/// The problem of an answer that is larger than it may be.
pub(crate) fn beyond_limits(detail: String) -> Problem {
    let message = "the answer of a subgraph is beyond the limits";
    let mut problem = Problem::ours(LIMIT_EXCEEDED, message, Where::Unanswered);
    problem.detail = Some(detail);
    problem
}

/// The problem of objects that are more than there is room for.
pub(crate) fn too_many_objects(limit: usize) -> Problem {
    beyond_limits(format!("the answers have more than {limit} objects"))
}

/// The problem of a body that is no answer.
pub(crate) fn unreadable(response: &ResponseParts, detail: String) -> Problem {
    let status = response.status;
    let (code, message) = if (200..300).contains(&status) {
        (MALFORMED, "a subgraph answered something that is not GraphQL".to_owned())
    } else {
        (HTTP_ERROR, format!("a subgraph answered with HTTP status {status}"))
    };
    let mut problem = Problem::ours(code, message, Where::Unanswered);
    problem.detail = Some(detail);
    problem
}

/// The problem of a body without data and errors.
pub(crate) fn empty(response: &ResponseParts) -> Problem {
    unreadable(response, "neither `data` nor `errors`".to_owned())
}

/// The problem of a group with more or fewer entities than were asked for.
pub(crate) fn other_length(group: usize) -> Problem {
    let message = "a subgraph answered another number of entities than it was asked for";
    Problem::ours(MALFORMED, message, Where::Group(group))
}

/// The problem of a value that two answers have in different shapes.
pub(crate) fn two_shapes(at: Where) -> Problem {
    Problem::ours(MALFORMED, "two subgraphs answer the same value in different shapes", at)
}

/// The problem of objects that are not what was asked for.
pub(crate) fn other_type(at: Where) -> Problem {
    let message = "a subgraph answered an object of another type than it was asked for";
    Problem::ours(MALFORMED, message, at)
}

/// The problems that a subgraph reports.
pub(crate) fn read_errors(inputs: &Inputs<'_>, asked: &impl Asked, errors: &Json) -> Vec<Problem> {
    let errors = errors.as_array().unwrap_or_default();
    let max = inputs.limits.max_errors;
    let mut problems: Vec<Problem> =
        errors.iter().take(max).map(|error| read_error(inputs.plan, asked, error)).collect();
    if errors.len() > max {
        let message = format!("a subgraph reported {} more errors", errors.len() - max);
        problems.push(Problem::ours(DOWNSTREAM, message, Where::Fetch));
    }
    problems
}

fn read_error(plan: &QueryPlan, asked: &impl Asked, error: &Json) -> Problem {
    let message = error.get("message").and_then(Json::as_str);
    let extensions = error.get("extensions").and_then(Json::as_object).unwrap_or_default();
    let code = extensions.iter().find(|(key, _)| key == "code").and_then(|(_, code)| code.as_str());
    let keys: Option<Vec<Key>> = error
        .get("path")
        .and_then(Json::as_array)
        .and_then(|path| path.iter().map(read_key).collect());
    Problem {
        message: message.map_or_else(|| "an error without a message".to_owned(), Into::into),
        code: code.map_or_else(|| DOWNSTREAM.to_owned(), Into::into),
        source: Source::Subgraph(extensions.to_vec()),
        detail: None,
        at: keys.and_then(|keys| locate(plan, asked, keys)).unwrap_or(Where::Fetch),
    }
}

fn read_key(json: &Json) -> Option<Key> {
    match json.kind() {
        Kind::Number => json.text().parse().ok().map(Key::Index),
        _ => json.as_str().map(|name| Key::Name(name.into_owned())),
    }
}

/// Where in the request an upstream path points; none when it leads nowhere.
fn locate(plan: &QueryPlan, asked: &impl Asked, mut keys: Vec<Key>) -> Option<Where> {
    let Some(Key::Name(first)) = keys.first() else {
        return None;
    };
    for (at, group) in asked.groups().enumerate() {
        let group = &plan.groups[group];
        match &group.kind {
            GroupKind::Root => {
                if group.selection.fields.iter().any(|field| &field.response_name == first) {
                    return Some(Where::Below { group: at, representation: 0, tail: keys });
                }
            }
            GroupKind::Entities { alias, .. } if alias == first => {
                let Some(&Key::Index(representation)) = keys.get(1) else {
                    return Some(Where::Group(at));
                };
                if !asked.is_asked(at, representation) {
                    return Some(Where::Group(at));
                }
                let tail = keys.split_off(2);
                return Some(Where::Below { group: at, representation, tail });
            }
            GroupKind::Entities { .. } => {}
        }
    }
    None
}
