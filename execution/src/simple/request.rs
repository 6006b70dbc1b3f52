//! Makes the call of a fetch: who its targets are, and the body of the request.
//!
//! **In:** a fetch that is ready, and the store. **Out:** a [`Request`], or nothing to ask for.
//!
//! **Never here:** one object's representation (`representation`), when a fetch is ready (`simple`).
//!
//! **Holds:** equal representations of one variable are sent once; an entity group's answer has one
//! entity for each representation of its variable, in their order.
//!
//! **Read first:** [`request`].

use super::{
    representation::represent,
    store::{ObjectId, Store},
};
use crate::{BodyParts, Inputs};
use bytes::Bytes;
use indexmap::IndexMap;
use query_planner::{Fetch, Group, GroupId, GroupKind, Representation};
use std::ops::Range;
use supergraph::{TypeId, TypeKind};

/// A request, and what its answer will belong to.
pub(super) struct Request {
    pub(super) body: BodyParts,
    pub(super) entities: Vec<Range<usize>>,
    pub(super) groups: Vec<RequestedGroup>,
    pub(super) unrepresented: usize,
}

/// A group of a request.
#[derive(Debug)]
pub(super) struct RequestedGroup {
    pub(super) group: GroupId,
    /// The targets of every representation of its variable. A root group has one entry for all.
    pub(super) targets: Vec<Vec<Target>>,
}

/// An object that an answer completes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) object: ObjectId,
    /// The runtime type that its representation had.
    pub(super) represented: Option<TypeId>,
}

impl RequestedGroup {
    pub(super) fn all_targets(&self) -> impl Iterator<Item = ObjectId> {
        self.targets.iter().flatten().map(|target| target.object)
    }
}

/// The request of a fetch; `Err` counts the objects that could not be represented when nothing is
/// left to ask for.
pub(super) fn request(inputs: &Inputs<'_>, store: &Store, fetch: &Fetch) -> Result<Request, usize> {
    let plan = inputs.plan;
    let mut variables: IndexMap<&str, IndexMap<String, usize>> = IndexMap::new();
    let mut groups = Vec::new();
    let mut unrepresented = 0;
    for &id in &fetch.groups {
        let group = &plan.groups[id];
        let objects = targets_of(store, group);
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
    let (body, entities) = write_body(inputs, fetch, &variables);
    Ok(Request { body, entities, groups, unrepresented })
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
    variables: &IndexMap<&str, IndexMap<String, usize>>,
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

/// A JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
