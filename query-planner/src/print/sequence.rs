//! A plan in the nested form that other routers print, for comparison.
//!
//! **In:** the DAG. **Out:** `Sequence` of `Parallel` waves, entity fetches under `Flatten`.
//!
//! **Never here:** execution: we don't run waves.
//!
//! **Holds:** where a wave makes a fetch wait for more than its inputs, a comment says so.

use super::number;
use crate::plan::{Fetch, FetchId, GroupKind, QueryPlan};
use std::fmt::Write;
use supergraph::Supergraph;

impl QueryPlan {
    /// The plan as nested `Sequence`, `Parallel`, `Flatten` and `Fetch` nodes.
    pub fn to_sequence(&self, supergraph: &Supergraph) -> String {
        let mut out = String::from("QueryPlan {\n");
        let waves: Vec<Vec<(FetchId, &Fetch)>> = (1..=self.cost.depth)
            .map(|depth| self.fetches.iter().filter(|(_, fetch)| fetch.depth == depth).collect())
            .collect();
        let nested = waves.len() > 1;
        if nested {
            out.push_str("  Sequence {\n");
        }
        for (index, wave) in waves.iter().enumerate() {
            let before: usize = waves[..index].iter().map(Vec::len).sum();
            let indent = if nested { 4 } else { 2 };
            self.write_wave(wave, before, indent, supergraph, &mut out);
        }
        if nested {
            out.push_str("  }\n");
        }
        out.push_str("}\n");
        out
    }

    fn write_wave(
        &self,
        wave: &[(FetchId, &Fetch)],
        before: usize,
        indent: usize,
        supergraph: &Supergraph,
        out: &mut String,
    ) {
        let pad = " ".repeat(indent);
        let parallel = wave.len() > 1;
        if parallel {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{pad}Parallel {{");
        }
        for (id, fetch) in wave {
            let pad = " ".repeat(if parallel { indent + 2 } else { indent });
            let ancestors = self.ancestors(fetch);
            if ancestors < before {
                let _ = writeln!(
                    out,
                    "{pad}# fetch {} needs {ancestors} of the {before} before it: the DAG starts it earlier",
                    number(*id)
                );
            }
            let service = &supergraph.subgraph(fetch.subgraph).name;
            for group in &fetch.groups {
                let group = &self.groups[*group];
                let _ = match &group.kind {
                    GroupKind::Root => {
                        writeln!(out, "{pad}Fetch(service: \"{service}\") {}", group.text)
                    }
                    GroupKind::Entities { .. } => writeln!(
                        out,
                        "{pad}Flatten(path: \"{}\") Fetch(service: \"{service}\") {{ {} }} => {}",
                        self.path(group.position),
                        self.inputs(group).unwrap_or_default(),
                        group.text
                    ),
                };
            }
        }
        if parallel {
            let _ = writeln!(out, "{pad}}}");
        }
    }

    /// How many fetches must be done before this one can start.
    fn ancestors(&self, fetch: &Fetch) -> usize {
        let mut found = std::collections::BTreeSet::new();
        let mut open = fetch.waits_for.clone();
        while let Some(id) = open.pop() {
            if found.insert(id) {
                open.extend(&self.fetches[id].waits_for);
            }
        }
        found.len()
    }
}
