//! A failure as a page: the form of a plan fixture, with data.
//!
//! **In:** a failure. **Out:** Markdown.
//!
//! **Never here:** making the failure smaller (`shrink`).
//!
//! **Read first:** [`Failure::page`].

use super::Failure;
use crate::case::Verdict;
use serde_json::Value;
use std::fmt::Write;

impl Failure {
    /// The page, with the given heading.
    pub fn page(&self, heading: &str) -> String {
        self.page_of(heading, self.verdict().as_ref())
    }

    /// The same, with a verdict that is known.
    pub fn page_of(&self, heading: &str, verdict: Option<&Verdict>) -> String {
        let mut out = format!("# {heading}\n");
        for (name, sdl) in &self.subgraphs {
            let _ = write!(out, "\n```graphql subgraph={name}\n{}\n```\n", sdl.trim_end());
        }
        let operation = &self.case.operation;
        let _ = write!(out, "\n```graphql operation\n{}\n```\n", operation.text.trim_end());
        if !operation.variables.is_empty() {
            let variables = Value::Object(operation.variables.clone());
            let _ = write!(out, "\n```json variables\n{variables}\n```\n");
        }
        let _ = write!(out, "\n```json data\n{:#}\n```\n", self.data);
        if !self.labels.is_empty() {
            let _ = write!(out, "\nLabels that are on: {:?}\n", self.labels);
        }
        for rule in &self.rules {
            let field = rule.field.as_ref().map_or(String::new(), |field| format!(".{field}"));
            let _ = writeln!(out, "\nRule: {}{field} {rule}", rule.on);
        }
        if !self.rules.is_empty() {
            let _ = writeln!(out, "\nCaller: {:?}", self.case.caller);
        }
        if !self.case.faults.is_empty() {
            let _ = write!(out, "\nFaults: {:?}\n", self.case.faults);
        }
        match verdict {
            Some(Verdict::Mismatch { why, ours, truth, plan }) => {
                let _ = write!(
                    out,
                    "\n{why}\n\nours:  {ours}\ntruth: {truth}\n\n```plan\n{plan}\n```\n"
                );
            }
            Some(Verdict::Unplannable(why)) => {
                let _ = write!(out, "\n```error\n{why}\n```\n");
            }
            _ => {}
        }
        out
    }
}
