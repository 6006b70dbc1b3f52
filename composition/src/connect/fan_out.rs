//! Finds lists whose items a connector is asked for one by one.
//!
//! **In:** the tables, and who is behind their subgraphs. **Out:** `CONNECTORS_FAN_OUT` hints with
//! the shortest operation that does it.
//!
//! **Never here:** which plan an operation gets (the planner), what a call costs (the cost estimate,
//! which knows the size of lists).
//!
//! **Holds:** nothing is said of a field that somebody else answers for many objects at once.
//!
//! **Read first:** [`hints`].

use std::collections::{HashMap, HashSet, VecDeque};

use supergraph::{FieldId, SubgraphId, Supergraph, TypeId};

use super::connector::{Connector, ConnectorKind, Connectors};
use crate::codes::HintCode;
use crate::failure::Hint;
use crate::schema::Subgraph;

/// Hints of one composition.
const MAX_HINTS: usize = 20;

/// A hint for each connector that a list asks once per item.
pub(crate) fn hints(
    subgraphs: &[Subgraph],
    supergraph: &Supergraph,
    connectors: &Connectors,
) -> Vec<Hint> {
    let per_object: Vec<(SubgraphId, &Connector)> = connectors
        .iter()
        .filter(|(_, connector)| connector.is_asked_per_object() && connector.request.is_some())
        .map(|(id, connector)| (id, &**connector))
        .collect();
    if per_object.is_empty() {
        return Vec::new();
    }
    let ids: HashSet<SubgraphId> = per_object.iter().map(|(id, _)| *id).collect();
    let lists = Lists::of(supergraph);
    let mut hints = Vec::new();
    for (id, connector) in per_object {
        let Some((ty, path)) = lists.first(&ids, id, connector) else { continue };
        let operation = lists.operation(&path);
        let list = path.iter().rev().find(|field| lists.is_list(**field));
        let list = list.map(|field| supergraph.coordinate(*field)).unwrap_or_default();
        let example = key_of(connector).first().map(|leaf| leaf.join(".")).unwrap_or_default();
        let ty = &supergraph.ty(ty).name;
        let message = format!(
            "`{operation}` asks the connector of `{}` once for each item of `{list}`; a `@connect` \
             on `{ty}` with `$batch{}` in its request asks once for all",
            connector.coordinate,
            if example.is_empty() { String::new() } else { format!(".{example}") }
        );
        let subgraph = subgraphs.iter().find(|subgraph| subgraph.name == connector.subgraph);
        let location = subgraph.and_then(|it| it.locate(&connector.coordinate).flatten());
        hints.push(Hint {
            code: HintCode::ConnectorsFanOut,
            message: format!("[{}] {message}", connector.subgraph),
            subgraphs: vec![connector.subgraph.clone()],
            coordinate: Some(connector.coordinate.clone()),
            locations: location.into_iter().collect(),
        });
        if hints.len() == MAX_HINTS {
            break;
        }
    }
    hints
}

fn key_of(connector: &Connector) -> &[Vec<String>] {
    match &connector.kind {
        ConnectorKind::Field { key, .. }
        | ConnectorKind::Entity { key, .. }
        | ConnectorKind::Batch { key, .. }
        | ConnectorKind::EntityByQuery { key, .. } => key,
        ConnectorKind::RootField { .. } => &[],
    }
}

/// A field, and whether a list is above what it gives.
type Step = (FieldId, bool);

/// The ways down from the query root, shortest first.
struct Lists<'a> {
    supergraph: &'a Supergraph,
    order: Vec<Step>,
    before: HashMap<Step, Option<Step>>,
}

impl<'a> Lists<'a> {
    fn of(supergraph: &'a Supergraph) -> Self {
        let mut lists = Self { supergraph, order: Vec::new(), before: HashMap::new() };
        let mut queue: VecDeque<Step> = VecDeque::new();
        lists.go_on(supergraph.query_type(), None, &mut queue);
        while let Some(step) = queue.pop_front() {
            lists.order.push(step);
            let below = supergraph.field(step.0).ty.named();
            for member in supergraph.ty(below).possible.iter() {
                lists.go_on(member, Some(step), &mut queue);
            }
        }
        lists
    }

    fn go_on(&mut self, ty: TypeId, before: Option<Step>, queue: &mut VecDeque<Step>) {
        for field in self.supergraph.ty(ty).fields.values() {
            if !self.supergraph.field(*field).accessible {
                continue;
            }
            let below_list = before.is_some_and(|(_, below_list)| below_list);
            let step = (*field, below_list || self.is_list(*field));
            if let std::collections::hash_map::Entry::Vacant(entry) = self.before.entry(step) {
                entry.insert(before);
                queue.push_back(step);
            }
        }
    }

    /// Whether a subgraph answers for objects that others lead to.
    fn can_be_entered(&self, ty: TypeId, subgraph: SubgraphId) -> bool {
        let row = self.supergraph.ty(ty).in_subgraph(subgraph);
        row.is_some_and(|row| row.keys.iter().any(|key| key.resolvable))
    }

    fn is_list(&self, field: FieldId) -> bool {
        self.supergraph.field(field).ty.is_list()
    }

    /// The shortest way through a list to a field that the connector has to be asked for.
    fn first(
        &self,
        per_object: &HashSet<SubgraphId>,
        id: SubgraphId,
        connector: &Connector,
    ) -> Option<(TypeId, Vec<FieldId>)> {
        let only_field = match &connector.kind {
            ConnectorKind::Field { field, .. } => Some(field),
            _ => None,
        };
        for step in self.order.iter().filter(|(_, below_list)| *below_list) {
            let above = self.supergraph.field(step.0);
            let resolvers = || {
                let rows = above.capabilities.iter().filter(|row| !row.external);
                rows.map(|row| row.subgraph)
            };
            for ty in self.supergraph.ty(above.ty.named()).possible.iter() {
                let fields = self.supergraph.ty(ty).fields.values().copied();
                let asked = fields.filter(|field| {
                    let def = self.supergraph.field(*field);
                    let mut able = def.capabilities.iter().filter(|row| !row.external);
                    only_field.is_none_or(|only| *only == def.name)
                        && def.accessible
                        && def.capability(id).is_some_and(|row| !row.external)
                        && able.all(|row| {
                            let by_key = per_object.contains(&row.subgraph)
                                || !self.can_be_entered(ty, row.subgraph);
                            by_key && resolvers().all(|resolver| resolver != row.subgraph)
                        })
                });
                if let Some(field) = asked.into_iter().next() {
                    let mut path = vec![field];
                    let mut at = Some(*step);
                    while let Some(step) = at {
                        path.push(step.0);
                        at = self.before.get(&step).copied().flatten();
                    }
                    path.reverse();
                    return Some((ty, path));
                }
            }
        }
        None
    }

    /// `{ orders { shipment } }`
    fn operation(&self, path: &[FieldId]) -> String {
        let names = path.iter().map(|field| self.supergraph.field(*field).name.as_str());
        let names: Vec<&str> = names.collect();
        format!("{{ {}{}", names.join(" { "), " }".repeat(names.len()))
    }
}
