//! Reads a subgraph's answer: its data into the store, its errors into problems.
//!
//! **In:** the body of a response and the request's groups. **Out:** filled objects, [`Problem`]s.
//!
//! **Never here:** how values merge (`merge`), what the subgraph reports (`reported`).
//!
//! **Holds:** an entity is matched to its representation by position; an answer of another length
//! is discarded whole, because then no position can be trusted. So is one that brings more objects
//! than there is room for. A body that is GraphQL is read under any status.
//!
//! **Read first:** [`read_response`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Response-Format>

use super::{
    count::objects_below,
    merge::{Dispute, Merge, answered_type},
    store::Store,
};
use crate::{
    Inputs, ResponseParts,
    json::{Json, Kind},
    problem::{Problem, Where},
    reported::{
        Asked, broken, empty, other_length, other_type, read_errors, reader_limits,
        too_many_objects, two_shapes,
    },
    tree::{RequestedGroup, RuntimeTypeState},
};
use query_planner::{GroupId, GroupKind};

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

impl Reading {
    fn failed(problem: Problem) -> Self {
        Self { problems: vec![problem], data: Data::Failed }
    }
}

impl Asked for &[RequestedGroup] {
    fn groups(&self) -> impl Iterator<Item = GroupId> {
        self.iter().map(|requested| requested.group)
    }

    fn is_asked(&self, group: usize, representation: usize) -> bool {
        self[group].targets.get(representation).is_some_and(|targets| !targets.is_empty())
    }
}

/// Reads a response into the store.
pub(super) fn read_response(
    inputs: Inputs<'_>,
    store: &mut Store,
    groups: &[RequestedGroup],
    response: &ResponseParts,
) -> Reading {
    let body = match Json::read(&response.body, reader_limits(&inputs)) {
        Ok(body) => body,
        Err(error) => return Reading::failed(broken(response, &error)),
    };
    let errors = body.get("errors");
    let mut problems = errors.map_or_else(Vec::new, |errors| read_errors(&inputs, &groups, errors));
    let data = match body.get("data") {
        Some(data) if data.as_object().is_some() => {
            let limit = inputs.limits.max_objects;
            let brought = store.brought + brought(&inputs, store, groups, data);
            if brought > limit {
                return Reading::failed(too_many_objects(limit));
            }
            store.brought = brought;
            read_data(inputs, store, groups, data, &mut problems);
            Data::Read
        }
        None | Some(_) if !problems.is_empty() => Data::Null,
        _ => {
            problems.push(empty(response));
            Data::Failed
        }
    };
    Reading { problems, data }
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
        let mut merge = Merge { inputs, store: &mut *store, group, disputes };
        let found = find(&inputs, requested, data);
        if let Found::Entities(entities) = found {
            fill_targets(&mut merge, requested, entities);
        }
        problems.extend(disputed(merge.disputes));
        match found {
            Found::Entities(_) => {}
            // The subgraph says itself why the list is null.
            Found::Nothing if !problems.is_empty() => {}
            Found::Nothing | Found::OtherLength => problems.push(other_length(at)),
        }
    }
}

/// What a group finds in an answer.
enum Found<'d> {
    /// One entity for each representation.
    Entities(&'d [Json]),
    Nothing,
    OtherLength,
}

fn find<'d>(inputs: &Inputs<'_>, requested: &RequestedGroup, data: &'d Json) -> Found<'d> {
    let alias = match &inputs.plan.groups[requested.group].kind {
        GroupKind::Root => return Found::Entities(std::slice::from_ref(data)),
        GroupKind::Entities { alias, .. } => alias,
    };
    if requested.all_targets().next().is_none() {
        return Found::Entities(&[]);
    }
    match data.get(alias).map(Json::kind) {
        Some(Kind::Array(entities)) if entities.len() == requested.targets.len() => {
            Found::Entities(entities)
        }
        None | Some(Kind::Null) => Found::Nothing,
        Some(_) => Found::OtherLength,
    }
}

/// How many objects the data brings.
fn brought(inputs: &Inputs<'_>, store: &Store, groups: &[RequestedGroup], data: &Json) -> usize {
    let mut brought = 0;
    for requested in groups {
        let Found::Entities(entities) = find(inputs, requested, data) else { continue };
        let selection = &inputs.plan.groups[requested.group].selection;
        for (entity, targets) in entities.iter().zip(&requested.targets) {
            for target in targets {
                let answered = answered_type(inputs, selection, entity, target.represented);
                let ty = match answered {
                    RuntimeTypeState::Unknown => store.object(target.object).ty,
                    answered => answered,
                };
                brought += objects_below(inputs, selection, ty, entity);
            }
        }
    }
    brought
}

fn fill_targets(merge: &mut Merge<'_, '_>, requested: &RequestedGroup, entities: &[Json]) {
    let group = &merge.inputs.plan.groups[requested.group];
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
}

/// One problem for all objects of a wrong type, one for each value of two shapes.
fn disputed(disputes: Vec<Dispute>) -> Vec<Problem> {
    let mut objects = Vec::new();
    let mut problems = Vec::new();
    for dispute in disputes {
        match dispute {
            Dispute::Type(object) => objects.push(object),
            Dispute::Shape(place) => problems.push(two_shapes(Where::Value(place))),
        }
    }
    if !objects.is_empty() {
        problems.push(other_type(Where::Objects(objects)));
    }
    problems
}
