//! A plan as JSON, for the plan panel and for tools.
//!
//! **Never here:** text for people (`print`).
//!
//! **Holds:** the shape is documented in `docs/command-line.md`; fields are only ever added.

use super::{number, print_representation};
use crate::plan::{DeferredField, GroupKind, QueryPlan};
use serde_json::{Value, json};
use supergraph::{Id, Supergraph};

impl QueryPlan {
    /// The plan as a JSON object: `operation`, `requests`, `depth`, and `fetches` in topological
    /// order, each with `id` (from 1), `subgraph`, `kind`, `path`, `operation` (the text sent),
    /// `entities` (what is represented) and `waitsFor`; `deferred` and `warnings`.
    pub fn to_json(&self, supergraph: &Supergraph) -> Value {
        let fetches = self.fetches.iter().map(|(id, fetch)| {
            let groups = fetch.groups.iter().map(|group| &self.groups[*group]);
            let paths: Vec<String> =
                groups.clone().map(|group| self.path(group.position)).collect();
            let entities: Vec<String> = groups
                .filter_map(|group| match &group.kind {
                    GroupKind::Entities { representations, .. } => Some(representations),
                    GroupKind::Root => None,
                })
                .flatten()
                .map(print_representation)
                .collect();
            json!({
                "id": number(id),
                "subgraph": supergraph.subgraph(fetch.subgraph).name,
                "kind": self.kind_of(fetch),
                "path": paths.join(", "),
                "operation": fetch.text,
                "entities": entities,
                "waitsFor": fetch.waits_for.iter().map(|id| number(*id)).collect::<Vec<_>>(),
                "depth": fetch.depth,
            })
        });
        let warnings = self.warnings(supergraph).into_iter();
        let deferred = self.deferred.iter().map(|(id, group)| {
            let field = |field: &DeferredField| {
                json!({ "path": self.path(field.position), "name": field.response_name })
            };
            json!({
                "id": id.index() + 1,
                "label": group.label,
                "path": self.path(group.position),
                "parent": group.parent.map(|parent| parent.index() + 1),
                "fields": group.fields.iter().map(field).collect::<Vec<_>>(),
                "fetches": group.fetches.iter().map(|id| number(*id)).collect::<Vec<_>>(),
            })
        });
        json!({
            "operation": self.operation.as_str(),
            "requests": self.cost.requests,
            "depth": self.cost.depth,
            "fields": self.cost.fields,
            "fetches": fetches.collect::<Vec<_>>(),
            "deferred": deferred.collect::<Vec<_>>(),
            "warnings": warnings.map(|warning| warning.to_json(self, supergraph)).collect::<Vec<_>>(),
        })
    }
}
