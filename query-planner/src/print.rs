//! Plans for people and for tools.
//!
//! **In:** a [`QueryPlan`]. **Out:** text ([`QueryPlan::to_text`]), JSON ([`QueryPlan::to_json`])
//! and the nested sequence form ([`QueryPlan::to_sequence`]).
//!
//! **Never here:** anything that changes a plan.
//!
//! **Holds:** the text is deterministic: plan fixtures compare it.
//!
//! **Read first:** [`QueryPlan::to_text`].

mod json;
mod sequence;

use crate::plan::{
    ContextValue, Fetch, FetchId, Group, GroupKind, PositionId, QueryPlan, Representation,
    RepresentationField,
};
use std::fmt::Write;
use supergraph::{Id, Supergraph, TypeRef};

impl QueryPlan {
    /// The plan as text: each fetch with its subgraph, what it waits for, and what it asks.
    ///
    /// ```text
    /// 1 products  query
    ///     { topProducts { upc name } }
    /// 2 inventory  entities  waits for 1
    ///     topProducts.@  Product(upc)
    ///     { ... on Product { inStock } }
    ///
    /// 2 requests, depth 2
    /// ```
    pub fn to_text(&self, supergraph: &Supergraph) -> String {
        let mut out = String::new();
        for (id, fetch) in self.fetches.iter() {
            let name = &supergraph.subgraph(fetch.subgraph).name;
            let waits = waits_for(fetch);
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{} {name}  {}{waits}", number(id), self.kind_of(fetch));
            for group in &fetch.groups {
                let group = &self.groups[*group];
                if let Some(inputs) = self.inputs(group) {
                    let _ = writeln!(out, "    {}  {inputs}", self.path(group.position));
                } else if self.positions[group.position].parent.is_some() {
                    let _ = writeln!(out, "    {}", self.path(group.position));
                }
                let _ = writeln!(out, "    {}", group.text);
            }
            if let Some(at) = fetch.text.find(" fragment _f0 on ") {
                let _ = writeln!(out, "   {}", &fetch.text[at..]);
            }
        }
        if self.fetches.is_empty() {
            out.push_str("nothing to fetch\n");
        } else {
            let _ = writeln!(out, "\n{}", self.summary());
        }
        if !self.denied.is_empty() {
            let paths: Vec<String> = self.denied.iter().map(|path| path.join(".")).collect();
            let _ = writeln!(out, "\nnot shown to the caller: {}", paths.join(", "));
        }
        self.write_deferred(&mut out);
        out
    }

    /// What `@defer` lets come later: the fields, and the fetches that nothing before them needs.
    ///
    /// ```text
    /// defer 1 "stock" at topProducts.@  needs 2
    ///     inStock
    /// ```
    fn write_deferred(&self, out: &mut String) {
        for (id, group) in self.deferred.iter() {
            let _ = write!(out, "\ndefer {}", id.index() + 1);
            if let Some(label) = &group.label {
                let _ = write!(out, " \"{label}\"");
            }
            if self.positions[group.position].parent.is_some() {
                let _ = write!(out, " at {}", self.path(group.position));
            }
            if let Some(parent) = group.parent {
                let _ = write!(out, "  after defer {}", parent.index() + 1);
            }
            let fetches: Vec<String> =
                group.fetches.iter().map(|fetch| number(*fetch).to_string()).collect();
            let _ = match fetches.is_empty() {
                true => writeln!(out, "  needs no request of its own"),
                false => writeln!(out, "  needs {}", fetches.join(", ")),
            };
            let names: Vec<&str> =
                group.fields.iter().map(|field| field.response_name.as_str()).collect();
            let _ = writeln!(out, "    {}", names.join(" "));
        }
    }

    /// How many requests there are and how long the longest chain is, in words.
    pub fn summary(&self) -> String {
        let plural = if self.cost.requests == 1 { "" } else { "s" };
        format!("{} request{plural}, depth {}", self.cost.requests, self.cost.depth)
    }

    /// A position's path from the root: field names, `@` for each list.
    pub fn path(&self, position: PositionId) -> String {
        let mut parts = Vec::new();
        let mut at = position;
        while let Some(slot) = self.positions[at].parent {
            let slot = &self.slots[slot];
            let mut ty = &slot.ty;
            while let TypeRef::List { item, .. } = ty {
                parts.push("@");
                ty = item;
            }
            parts.push(&slot.field);
            at = slot.position;
        }
        parts.reverse();
        parts.join(".")
    }

    /// `query`, `mutation`, `subscription` or `entities`.
    fn kind_of(&self, fetch: &Fetch) -> &'static str {
        let is_entities = fetch
            .groups
            .iter()
            .any(|group| matches!(self.groups[*group].kind, GroupKind::Entities { .. }));
        if is_entities { "entities" } else { fetch.kind.as_str() }
    }

    /// The representations that a group sends, such as `Product(upc) + price weight`.
    fn inputs(&self, group: &Group) -> Option<String> {
        let GroupKind::Entities { representations, contexts, .. } = &group.kind else {
            return None;
        };
        let texts: Vec<String> = representations.iter().map(print_representation).collect();
        let values: Vec<String> = contexts.iter().map(|value| self.print_context(value)).collect();
        let with = if values.is_empty() { "" } else { "  with " };
        Some(format!("{}{with}{}", texts.join(", "), values.join(", ")))
    }

    /// A context's variable and where it comes from, such as `$context0 = user.@ { currency }`.
    fn print_context(&self, value: &ContextValue) -> String {
        let sources = value.sources.iter().map(|source| {
            let mut names = Vec::new();
            source.fields.iter().for_each(|field| {
                let name = print_fields(std::slice::from_ref(field), field.is_key);
                if !names.contains(&name) {
                    names.push(name);
                }
            });
            let path = self.path(source.position);
            let root = if path.is_empty() { "the root" } else { &path };
            format!("{root} {{ {} }}", names.join(" "))
        });
        let sources: Vec<String> = sources.collect();
        format!("${} = {}", value.variable, sources.join(" or "))
    }
}

fn number(id: FetchId) -> usize {
    id.index() + 1
}

fn waits_for(fetch: &Fetch) -> String {
    if fetch.waits_for.is_empty() {
        return String::new();
    }
    let ids: Vec<String> = fetch.waits_for.iter().map(|id| number(*id).to_string()).collect();
    format!("  waits for {}", ids.join(", "))
}

fn print_representation(row: &Representation) -> String {
    let keys = print_fields(&row.fields, true);
    let required = print_fields(&row.fields, false);
    match required.is_empty() {
        true => format!("{}({keys})", row.typename),
        false => format!("{}({keys}) + {required}", row.typename),
    }
}

fn print_fields(fields: &[RepresentationField], keys: bool) -> String {
    let mut out = String::new();
    for field in fields.iter().filter(|field| field.is_key == keys) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&field.name);
        if !field.fields.is_empty() {
            let mut below = print_fields(&field.fields, true);
            let required = print_fields(&field.fields, false);
            if !below.is_empty() && !required.is_empty() {
                below.push(' ');
            }
            let _ = write!(out, " {{ {below}{required} }}");
        }
    }
    out
}
