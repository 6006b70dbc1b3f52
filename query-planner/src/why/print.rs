//! An explanation for people and for tools.
//!
//! **In:** an [`Explanation`]. **Out:** text ([`Explanation::to_text`]) and JSON
//! ([`Explanation::to_json`]).
//!
//! **Never here:** the plan itself (`print`).
//!
//! **Holds:** fields of one position with the same reasons stand together.
//!
//! **Read first:** [`Explanation::to_text`].

use super::{Alternative, Explanation, FieldExplanation, Outcome, Reason};
use crate::plan::{FetchId, PlanCost};
use serde_json::{Value, json};
use std::fmt::Write;
use supergraph::{Id, SubgraphId, Supergraph};

impl Explanation {
    /// Why each field is asked where it is.
    ///
    /// ```text
    /// topProducts.@  Product.name, Product.upc
    ///     products (1): fewer requests than any other
    ///     inventory: 1 request more
    ///     reviews cannot: it declares the field as `@external`
    /// ```
    pub fn to_text(&self, supergraph: &Supergraph) -> String {
        let mut out = String::new();
        for fields in together(&self.fields) {
            let first = fields[0];
            let names: Vec<&str> = fields.iter().map(|field| field.coordinate.as_str()).collect();
            let place = if first.path.is_empty() { "" } else { "  at " };
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{}{place}{}", names.join(", "), first.path);
            let _ = writeln!(out, "    {}: {}", taken(first, supergraph), reason(first.reason));
            for other in &first.others {
                let _ = writeln!(out, "    {}", self.other(other, supergraph));
            }
        }
        if !self.complete {
            out.push_str("(not everything was compared: the operation is too large)\n");
        }
        out
    }

    /// The same for tools: `complete`, and `fields` with `path`, `field`, `subgraphs`, `reason` and
    /// `others`.
    pub fn to_json(&self, supergraph: &Supergraph) -> Value {
        let name = |subgraph: SubgraphId| &supergraph.subgraph(subgraph).name;
        let fields = self.fields.iter().map(|field| {
            let taken = field.taken.iter().map(
                |(subgraph, fetch)| json!({ "subgraph": name(*subgraph), "fetch": number(*fetch) }),
            );
            let others = field.others.iter().map(|other| match &other.outcome {
                Outcome::Costs(cost) => json!({
                    "subgraph": name(other.subgraph),
                    "requests": cost.requests,
                    "depth": cost.depth,
                    "fields": cost.fields,
                }),
                Outcome::Cannot(why) => {
                    json!({ "subgraph": name(other.subgraph), "cannot": why })
                }
                Outcome::Untried => json!({ "subgraph": name(other.subgraph) }),
            });
            json!({
                "path": field.path,
                "field": field.coordinate,
                "subgraphs": taken.collect::<Vec<_>>(),
                "reason": word(field.reason),
                "others": others.collect::<Vec<_>>(),
            })
        });
        json!({ "complete": self.complete, "fields": fields.collect::<Vec<_>>() })
    }

    fn other(&self, other: &Alternative, supergraph: &Supergraph) -> String {
        let name = &supergraph.subgraph(other.subgraph).name;
        match &other.outcome {
            Outcome::Costs(cost) => format!("{name}: {}", difference(*cost, self.plan.cost)),
            Outcome::Cannot(why) => format!("{name} cannot: {why}"),
            Outcome::Untried => format!("{name}: not compared"),
        }
    }
}

/// Neighbors at one position with the same reasons.
fn together(fields: &[FieldExplanation]) -> Vec<Vec<&FieldExplanation>> {
    let mut groups: Vec<Vec<&FieldExplanation>> = Vec::new();
    for field in fields {
        let equal = groups.iter_mut().find(|group| {
            let first = group[0];
            first.path == field.path
                && first.taken == field.taken
                && first.others == field.others
                && first.reason == field.reason
        });
        match equal {
            Some(group) => group.push(field),
            None => groups.push(vec![field]),
        }
    }
    groups
}

fn taken(field: &FieldExplanation, supergraph: &Supergraph) -> String {
    let names: Vec<String> = field
        .taken
        .iter()
        .map(|(subgraph, fetch)| {
            format!("{} ({})", supergraph.subgraph(*subgraph).name, number(*fetch))
        })
        .collect();
    match names.is_empty() {
        true => "nobody is asked".to_owned(),
        false => names.join(" and "),
    }
}

fn number(fetch: FetchId) -> usize {
    fetch.index() + 1
}

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::OnlyOne => "no other subgraph declares it",
        Reason::OnlyOneCan => "no other subgraph can answer it here",
        Reason::FewerRequests => "fewer requests than any other",
        Reason::LessDepth => "a shorter chain of requests than any other",
        Reason::FewerFields => "fewer fields to ask for than with any other",
        Reason::DeclaredFirst => "of equal cost, and declared first",
        Reason::EquallyGood => "as good as any other",
        Reason::NotTheBest => "what the search found first; another would cost less",
        Reason::NotCompared => "not compared with all others",
    }
}

fn word(reason: Reason) -> &'static str {
    match reason {
        Reason::OnlyOne => "onlyOne",
        Reason::OnlyOneCan => "onlyOneCan",
        Reason::FewerRequests => "fewerRequests",
        Reason::LessDepth => "lessDepth",
        Reason::FewerFields => "fewerFields",
        Reason::DeclaredFirst => "declaredFirst",
        Reason::EquallyGood => "equallyGood",
        Reason::NotTheBest => "notTheBest",
        Reason::NotCompared => "notCompared",
    }
}

/// What the plan would cost besides: `1 request more, depth 3 instead of 2`.
fn difference(other: PlanCost, taken: PlanCost) -> String {
    let counted = |other: u32, taken: u32, what: &str| {
        let (n, word) = match other.cmp(&taken) {
            std::cmp::Ordering::Equal => return None,
            std::cmp::Ordering::Greater => (other - taken, "more"),
            std::cmp::Ordering::Less => (taken - other, "fewer"),
        };
        let plural = if n == 1 { "" } else { "s" };
        Some(format!("{n} {what}{plural} {word}"))
    };
    let depth = (other.depth != taken.depth)
        .then(|| format!("depth {} instead of {}", other.depth, taken.depth));
    let parts = [
        counted(other.requests, taken.requests, "request"),
        depth,
        counted(other.fields, taken.fields, "field"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        true => "costs the same".to_owned(),
        false => parts.join(", "),
    }
}
