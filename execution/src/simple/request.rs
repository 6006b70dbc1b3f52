//! Makes the calls of a fetch: who its targets are, and the bodies of the requests.
//!
//! **In:** a fetch that is ready, and the store. **Out:** [`Request`]s, none when there is nothing to ask for.
//!
//! **Never here:** one object's representation (`representation`), when a fetch is ready (`simple`).
//!
//! **Holds:** equal representations of one variable are sent once; an entity group's answer has one
//! entity for each representation of its variable, in their order.
//!
//! **Read first:** [`requests`].

use super::{
    context::{Part, parts_of},
    representation::represent,
    store::Store,
};
use crate::{
    BodyParts, Inputs,
    json::quoted,
    tree::{ObjectId, RequestedGroup, Target, Tree},
};
use bytes::Bytes;
use indexmap::IndexMap;
use query_planner::{Fetch, Group, GroupKind, Representation};
use std::ops::Range;
use supergraph::TypeKind;

/// A request, and what its answer will belong to.
pub(super) struct Request {
    pub(super) body: BodyParts,
    pub(super) entities: Vec<Range<usize>>,
    pub(super) groups: Vec<RequestedGroup>,
}

/// The representations of each variable, numbered.
type Variables<'a> = IndexMap<&'a str, IndexMap<String, usize>>;

/// The requests of a fetch: one, or one for each different value of its contexts. Counts the objects
/// that could not be represented.
pub(super) fn requests(inputs: &Inputs<'_>, store: &Store, fetch: &Fetch) -> (Vec<Request>, usize) {
    let group = fetch.groups.first().map(|&group| &inputs.plan.groups[group]);
    let contexts = group.map_or(&[][..], |group| match &group.kind {
        GroupKind::Entities { contexts, .. } => contexts,
        GroupKind::Root => &[],
    });
    let (Some(group), false) = (group, contexts.is_empty()) else {
        return match request(inputs, store, fetch, None) {
            Ok(request) => (vec![request.0], request.1),
            Err(unrepresented) => (Vec::new(), unrepresented),
        };
    };
    let objects = targets_of(store, group);
    let parts = parts_of(store, contexts, &objects);
    let mut requests = Vec::with_capacity(parts.len());
    let mut unrepresented = objects.len();
    for part in &parts {
        unrepresented -= part.objects.len();
        match request(inputs, store, fetch, Some(part)) {
            Ok((request, more)) => {
                unrepresented += more;
                requests.push(request);
            }
            Err(more) => unrepresented += more,
        }
    }
    (requests, unrepresented)
}

/// The request for a part of a fetch's objects, or for all; `Err` counts the objects that could not be
/// represented when nothing is left to ask for.
fn request(
    inputs: &Inputs<'_>,
    store: &Store,
    fetch: &Fetch,
    part: Option<&Part<'_>>,
) -> Result<(Request, usize), usize> {
    let plan = inputs.plan;
    let mut variables = Variables::new();
    let mut groups = Vec::new();
    let mut unrepresented = 0;
    for &id in &fetch.groups {
        let group = &plan.groups[id];
        let objects = part.map_or_else(|| targets_of(store, group), |part| part.objects.clone());
        let targets = match &group.kind {
            GroupKind::Root => vec![
                objects.into_iter().map(|object| Target { object, represented: None }).collect(),
            ],
            GroupKind::Entities { variable, representations, .. } => {
                let known = variables.entry(variable).or_default();
                let mut targets = Vec::new();
                for object in objects {
                    let sent = represent_object(inputs, store, object, representations);
                    let Some((target, text)) = sent else {
                        unrepresented += 1;
                        continue;
                    };
                    let next = known.len();
                    let at = *known.entry(text).or_insert(next);
                    if targets.len() <= at {
                        targets.resize_with(at + 1, Vec::new);
                    }
                    targets[at].push(target);
                }
                targets
            }
        };
        groups.push(RequestedGroup { group: id, targets });
    }
    if groups.iter().all(|group| group.targets.iter().all(Vec::is_empty)) {
        return Err(unrepresented);
    }
    // Groups that share a variable are answered for all its representations.
    for requested in &mut groups {
        if let GroupKind::Entities { variable, .. } = &plan.groups[requested.group].kind {
            requested.targets.resize_with(variables[variable.as_str()].len(), Vec::new);
        }
    }
    let values = part.map_or(&[][..], |part| &part.values);
    let (body, entities) = write_body(inputs, fetch, values, &variables);
    Ok((Request { body, entities, groups }, unrepresented))
}

fn targets_of(store: &Store, group: &Group) -> Vec<ObjectId> {
    if group.from.is_empty() {
        return vec![store.root()];
    }
    group.from.iter().flat_map(|&from| store.created(from, group.position)).copied().collect()
}

fn represent_object(
    inputs: &Inputs<'_>,
    store: &Store,
    object: ObjectId,
    representations: &[Representation],
) -> Option<(Target, String)> {
    let ty = store.object(object).ty;
    let fitting = representations.iter().find(|candidate| ty.fits(candidate.types.as_ref()))?;
    let text = represent(inputs, store, object, fitting)?;
    let supergraph = inputs.supergraph;
    let represented = ty.known().or_else(|| {
        let named = supergraph.type_named(&fitting.typename)?;
        (supergraph.ty(named).kind == TypeKind::Object).then_some(named)
    });
    Some((Target { object, represented }, text))
}

fn write_body(
    inputs: &Inputs<'_>,
    fetch: &Fetch,
    values: &[(&str, String)],
    variables: &Variables<'_>,
) -> (BodyParts, Vec<Range<usize>>) {
    let head = format!("{{\"query\":{}", quoted(&fetch.text));
    let mut tail = String::new();
    let mut entities = Vec::new();
    for name in &fetch.variables {
        if let Some(value) = inputs.variables.get(name) {
            open_variable(&mut tail, name);
            tail.push_str(&value.to_string());
        }
    }
    for (name, value) in values {
        open_variable(&mut tail, name);
        tail.push_str(value);
    }
    for (name, representations) in variables {
        open_variable(&mut tail, name);
        tail.push('[');
        for (i, representation) in representations.keys().enumerate() {
            if i > 0 {
                tail.push(',');
            }
            let start = head.len() + tail.len();
            tail.push_str(representation);
            entities.push(start..head.len() + tail.len());
        }
        tail.push(']');
    }
    tail.push_str(if tail.is_empty() { "}" } else { "}}" });
    (BodyParts::new(vec![Bytes::from(head), Bytes::from(tail)]), entities)
}

fn open_variable(tail: &mut String, name: &str) {
    tail.push_str(if tail.is_empty() { ",\"variables\":{" } else { "," });
    tail.push_str(&quoted(name));
    tail.push(':');
}
