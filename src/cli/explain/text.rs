//! An explanation in words, for a terminal.
//!
//! **In:** an [`Explanation`]. **Out:** its text: who asks and whether it would run first, then what would be
//! done, part by part; parts with nothing to say are left out.
//!
//! **Never here:** finding anything out.
//!
//! **Read first:** [`of`].

use std::fmt::Write as _;

use crate::pipeline::explain::{
    BudgetTold, ConsumerTold, CostTold, DeniedTold, Explanation, MaskTold, OperationTold,
    RouteTold, ShareTold, UpstreamTold,
};

/// The whole text.
pub(super) fn of(explanation: &Explanation) -> String {
    let Explanation { consumer, refused, operation, route, cost, budgets, masks, upstreams } =
        explanation;
    let mut text = Text::default();
    match consumer {
        Some(consumer) => text.line(&format!("asked by {}", who(consumer))),
        None => text.line("asked by nobody who is known: the credential does not count"),
    }
    if let Some(route) = route {
        text.line(&format!("route {}", route_of(route)));
    }
    match refused.is_empty() {
        true => text.line("it would run"),
        false => text.line("it would be refused"),
    }
    for refused in refused {
        text.line(&format!("    {}: {}", refused.code, refused.why));
    }
    if let Some(operation) = operation {
        text.part("plan");
        text.block(&operation.text);
        text.denied(operation);
        text.introspection(operation);
    }
    if let Some(cost) = cost {
        text.cost(cost);
    }
    text.budgets(budgets);
    text.masks(masks);
    text.upstreams(upstreams);
    text.0
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, line: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{}", line.trim_end());
    }

    /// Begins a part.
    fn part(&mut self, title: &str) {
        self.line("");
        self.line(title);
    }

    /// Lines that are printed elsewhere without an indent.
    fn block(&mut self, block: &str) {
        block.trim_end().lines().for_each(|line| self.line(&format!("    {line}")));
    }

    fn denied(&mut self, operation: &OperationTold) {
        if operation.denied.is_empty() {
            return;
        }
        self.part(match operation.authorization {
            "dry_run" => "denied to the caller, and shown all the same (dry run)",
            "reject" => "denied to the caller, so nothing runs",
            _ => "denied to the caller: null, and asked of nobody for them",
        });
        for DeniedTold { path, because } in &operation.denied {
            self.line(&format!("    {path}"));
            for because in because {
                self.line(&format!("        {} on {}", because.rule, because.declared_on));
                self.line(&format!("            {}", because.why));
            }
        }
    }

    fn introspection(&mut self, operation: &OperationTold) {
        let introspection = &operation.introspection;
        match &introspection.why {
            Some(why) => self.part(&format!("introspection is not allowed: {why}")),
            None => self.part("introspection is allowed"),
        }
    }

    fn cost(&mut self, cost: &CostTold) {
        let CostTold { estimated, maximum, formula, subgraphs, guessed } = cost;
        let maximum = maximum.map_or(String::new(), |maximum| format!(" of at most {maximum}"));
        self.part(&format!("costs {estimated}{maximum}"));
        if *formula != estimated.to_string() {
            self.line(&format!("    {formula}"));
        }
        if let [_, _, ..] = subgraphs.as_slice() {
            let share = |share: &ShareTold| match share.maximum {
                Some(max) => format!("{} {} of at most {max}", share.name, share.estimated),
                None => format!("{} {}", share.name, share.estimated),
            };
            let shares: Vec<String> = subgraphs.iter().map(share).collect();
            self.line(&format!("    by subgraph: {}", shares.join(", ")));
        }
        if let Some(field) = guessed {
            self.line(&format!("    `{field}` lacks the argument that says how long its list is"));
        }
    }

    fn budgets(&mut self, budgets: &[BudgetTold]) {
        if budgets.is_empty() {
            return;
        }
        self.part("paid from");
        for BudgetTold { name, key, pays, remaining, burst, per, .. } in budgets {
            let key = key.as_ref().map_or(String::new(), |key| format!(" of {key}"));
            let left = remaining.map_or("nobody knows how much".to_owned(), |it| it.to_string());
            self.line(&format!("    {name}{key}: {pays}; {left} of {burst} left, {per}"));
        }
    }

    fn masks(&mut self, masks: &[MaskTold]) {
        if masks.is_empty() {
            return;
        }
        self.part("masks");
        for MaskTold { of, action, hides, unless } in masks {
            let hides = if *hides { "hides" } else { "does nothing" };
            let unless = unless.as_ref().map(|unless| format!(", unless {unless}"));
            self.line(&format!("    {of}: {action} {hides}{}", unless.unwrap_or_default()));
        }
    }

    fn upstreams(&mut self, upstreams: &[UpstreamTold]) {
        for UpstreamTold { name, fetches, method, path, connector, headers } in upstreams {
            let fetches: Vec<String> = fetches.iter().map(ToString::to_string).collect();
            let of = match fetches.as_slice() {
                [] => String::new(),
                [one] => format!(", for request {one}"),
                several => format!(", for requests {}", several.join(", ")),
            };
            self.part(&format!("to {name}{of}: {method} {path}"));
            if let Some(connector) = connector {
                self.line(&format!("    connector {}, {}", connector.coordinate, connector.asked));
            }
            for header in headers {
                self.line(&format!("    {}: {}", header.name, header.value));
            }
        }
    }
}

fn who(consumer: &ConsumerTold) -> String {
    let ConsumerTold { anonymous: false, id, scopes, roles, plan, provider, .. } = consumer else {
        return "anonymous".to_owned();
    };
    let mut text =
        format!("`{id}`, for whom `{}` vouches", provider.as_deref().unwrap_or_default());
    for (what, words) in [("scopes", scopes), ("roles", roles)] {
        if !words.is_empty() {
            let _ = write!(text, "; {what}: {}", words.join(" "));
        }
    }
    if let Some(plan) = plan {
        let _ = write!(text, "; plan: {plan}");
    }
    text
}

fn route_of(route: &RouteTold) -> String {
    let mut text = route.name.clone();
    for (name, value) in &route.path_params {
        let _ = write!(text, "  {name} = {}", value.as_str().unwrap_or_default());
    }
    text
}
