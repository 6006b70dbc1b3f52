//! Reads a subgraph's answer: its data into the store, its errors into problems.
//!
//! **In:** the body of a response and the request's groups. **Out:** filled objects, [`Problem`]s.
//!
//! **Never here:** how values merge (`merge`), client paths (`problem`).
//!
//! **Holds:** an entity is matched to its representation by position; an answer of another length
//! is discarded whole, because then no position can be trusted. A body that is GraphQL is read
//! under any status.
//!
//! **Read first:** [`read_response`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Response-Format>

use super::{
    merge::{Dispute, Merge},
    path::Key,
    problem::{DOWNSTREAM, HTTP_ERROR, LIMIT_EXCEEDED, MALFORMED, Problem, Source, Where},
    request::RequestedGroup,
    store::Store,
};
use crate::{
    Inputs, ResponseParts,
    json::{Json, JsonError, Kind, ReaderLimits},
};
use query_planner::{GroupKind, QueryPlan};

/// What became of an answer.
pub(super) struct Reading {
    pub(super) problems: Vec<Problem>,
    pub(super) data: Data,
}

/// Whether an answer has data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Data {
    /// It is in the store.
    Read,
    /// The subgraph has errors instead.
    Null,
    /// There is nothing to read: the fetch failed.
    Failed,
}

/// Reads a response into the store.
pub(super) fn read_response(
    inputs: Inputs<'_>,
    store: &mut Store,
    groups: &[RequestedGroup],
    response: &ResponseParts,
) -> Reading {
    let body = match read_body(&inputs, response) {
        Ok(body) => body,
        Err(problem) => return Reading { problems: vec![*problem], data: Data::Failed },
    };
    let mut problems = read_errors(&inputs, groups, &body);
    let data = match body.get("data") {
        Some(data) if data.as_object().is_some() => {
            read_data(inputs, store, groups, data, &mut problems);
            Data::Read
        }
        None | Some(_) if !problems.is_empty() => Data::Null,
        _ => {
            problems.push(unreadable(response, "neither `data` nor `errors`".to_owned()));
            Data::Failed
        }
    };
    Reading { problems, data }
}

fn read_body(inputs: &Inputs<'_>, response: &ResponseParts) -> Result<Json, Box<Problem>> {
    let limits = ReaderLimits {
        max_depth: inputs.limits.max_answer_depth,
        max_list_length: inputs.limits.max_list_length,
    };
    Json::read(&response.body, limits).map_err(|error| match error {
        JsonError::TooDeep { .. } | JsonError::ListTooLong { .. } => {
            let mut problem = Problem::ours(
                LIMIT_EXCEEDED,
                "the answer of a subgraph is beyond the limits",
                Where::Unanswered,
            );
            problem.detail = Some(error.to_string());
            Box::new(problem)
        }
        JsonError::NotUtf8 | JsonError::Syntax { .. } => {
            Box::new(unreadable(response, error.to_string()))
        }
    })
}

fn unreadable(response: &ResponseParts, detail: String) -> Problem {
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

fn read_errors(inputs: &Inputs<'_>, groups: &[RequestedGroup], body: &Json) -> Vec<Problem> {
    let errors = body.get("errors").and_then(Json::as_array).unwrap_or_default();
    let max = inputs.limits.max_errors;
    let mut problems: Vec<Problem> =
        errors.iter().take(max).map(|error| read_error(inputs.plan, groups, error)).collect();
    if errors.len() > max {
        let message = format!("a subgraph reported {} more errors", errors.len() - max);
        problems.push(Problem::ours(DOWNSTREAM, message, Where::Fetch));
    }
    problems
}

fn read_error(plan: &QueryPlan, groups: &[RequestedGroup], error: &Json) -> Problem {
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
        at: keys.and_then(|keys| locate(plan, groups, keys)).unwrap_or(Where::Fetch),
    }
}

fn read_key(json: &Json) -> Option<Key> {
    match json.kind() {
        Kind::Number => json.text().parse().ok().map(Key::Index),
        _ => json.as_str().map(|name| Key::Name(name.into_owned())),
    }
}

/// Where in the request an upstream path points; none when it leads nowhere.
fn locate(plan: &QueryPlan, groups: &[RequestedGroup], mut keys: Vec<Key>) -> Option<Where> {
    let Some(Key::Name(first)) = keys.first() else {
        return None;
    };
    for (at, requested) in groups.iter().enumerate() {
        let group = &plan.groups[requested.group];
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
                if requested.targets.get(representation).is_none_or(Vec::is_empty) {
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

fn read_data(
    inputs: Inputs<'_>,
    store: &mut Store,
    groups: &[RequestedGroup],
    data: &Json,
    problems: &mut Vec<Problem>,
) {
    for (at, requested) in groups.iter().enumerate() {
        let group = requested.group;
        let disputes = Vec::new();
        let mut merge = Merge { inputs, store: &mut *store, group, disputes, overflowed: false };
        let found = read_group(&mut merge, requested, data);
        let disputes = std::mem::take(&mut merge.disputes);
        if merge.overflowed {
            let message = "the answers of the subgraphs have too many objects";
            problems.push(Problem::ours(LIMIT_EXCEEDED, message, Where::Group(at)));
        }
        problems.extend(disputed(disputes));
        match found {
            Found::Whole => {}
            // The subgraph says itself why the list is null.
            Found::Nothing if !problems.is_empty() => {}
            Found::Nothing | Found::OtherLength => problems.push(Problem::ours(
                MALFORMED,
                "a subgraph answered another number of entities than it was asked for",
                Where::Group(at),
            )),
        }
    }
}

/// Whether a group found its answer.
enum Found {
    Whole,
    Nothing,
    OtherLength,
}

fn read_group(merge: &mut Merge<'_, '_>, requested: &RequestedGroup, data: &Json) -> Found {
    let group = &merge.inputs.plan.groups[requested.group];
    let entities = match &group.kind {
        GroupKind::Root => std::slice::from_ref(data),
        GroupKind::Entities { alias, .. } => {
            if requested.all_targets().next().is_none() {
                return Found::Whole;
            }
            match data.get(alias).map(Json::kind) {
                Some(Kind::Array(entities)) if entities.len() == requested.targets.len() => {
                    entities
                }
                None | Some(Kind::Null) => return Found::Nothing,
                Some(_) => return Found::OtherLength,
            }
        }
    };
    for (entity, targets) in entities.iter().zip(&requested.targets) {
        for target in targets {
            match entity.kind() {
                Kind::Object(_) => {
                    merge.fill(target.object, &group.selection, entity, target.represented);
                }
                Kind::Null => {}
                _ => merge.disputes.push(Dispute::Type(target.object)),
            }
        }
    }
    Found::Whole
}

/// One problem for all objects of a wrong type, one for each value of two shapes.
fn disputed(disputes: Vec<Dispute>) -> Vec<Problem> {
    let mut objects = Vec::new();
    let mut problems = Vec::new();
    for dispute in disputes {
        match dispute {
            Dispute::Type(object) => objects.push(object),
            Dispute::Shape(place) => problems.push(Problem::ours(
                MALFORMED,
                "two subgraphs answer the same value in different shapes",
                Where::Value(place),
            )),
        }
    }
    if !objects.is_empty() {
        let message = "a subgraph answered an object of another type than it was asked for";
        problems.push(Problem::ours(MALFORMED, message, Where::Objects(objects)));
    }
    problems
}
