//! Parses and prints the selections in `@key`, `@requires` and `@provides`.
//!
//! **In:** the `fields` argument. **Out:** [`FieldSet`]: selections, or why there are none.
//!
//! **Never here:** whether the fields exist and may be selected (`rules::field_sets`).
//!
//! **Read first:** [`FieldSet::read`].
//!
//! Spec: <https://specs.apollo.dev/federation/v2.9#FieldSet>

use std::fmt::Write;

use apollo_compiler::Node;
use apollo_compiler::ast::{Directive, Document, Selection, Value};

use crate::source::Span;

/// A `fields` argument.
#[derive(Clone, Debug)]
pub(crate) struct FieldSet {
    pub(crate) selections: Vec<Selection>,
    pub(crate) problem: Option<FieldSetProblem>,
    /// The argument as written, for messages.
    pub(crate) text: String,
    pub(crate) span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FieldSetProblem {
    NotAString,
    Syntax(String),
    Empty,
}

/// How strictly the `fields` argument is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coercion {
    /// Only a string will do.
    None,
    /// Federation 1 took lists and bare names, too.
    FederationOne,
}

impl FieldSet {
    /// Reads the `fields` argument of a directive.
    pub(crate) fn read(directive: &Node<Directive>, coercion: Coercion) -> Option<Self> {
        let value = directive.specified_argument_by_name("fields")?;
        let span = directive.location();
        let Some(text) = field_text(value, coercion) else {
            return Some(Self {
                selections: Vec::new(),
                problem: Some(FieldSetProblem::NotAString),
                text: value.serialize().no_indent().to_string(),
                span,
            });
        };
        let (selections, problem) = match parse(&text) {
            Ok(selections) => (selections, None),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        Some(Self { selections, problem, text, span })
    }

    /// The selections in one line, for the supergraph.
    pub(crate) fn print(&self) -> String {
        let mut out = String::new();
        print_selections(&self.selections, &mut out);
        out
    }
}

fn field_text(value: &Node<Value>, coercion: Coercion) -> Option<String> {
    match value.as_ref() {
        Value::String(text) => Some(text.clone()),
        Value::Enum(name) if coercion == Coercion::FederationOne => Some(name.to_string()),
        Value::List(items) if coercion == Coercion::FederationOne => items
            .iter()
            .map(|item| field_text(item, coercion))
            .collect::<Option<Vec<_>>>()
            .map(|texts| texts.join(" ")),
        _ => None,
    }
}

fn parse(text: &str) -> Result<Vec<Selection>, FieldSetProblem> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(FieldSetProblem::Empty);
    }
    let braced =
        if trimmed.starts_with('{') { trimmed.to_owned() } else { format!("{{{trimmed}}}") };
    let document = Document::parse(braced, "fields").map_err(|with_errors| {
        let message = with_errors.errors.iter().next().map(|d| d.error.to_string());
        let message = message.unwrap_or_default();
        FieldSetProblem::Syntax(message.trim_start_matches("syntax error: ").to_owned())
    })?;
    match document.definitions.as_slice() {
        [only] => match only.as_operation_definition() {
            Some(operation) if operation.selection_set.is_empty() => Err(FieldSetProblem::Empty),
            Some(operation) => Ok(operation.selection_set.clone()),
            None => Err(FieldSetProblem::Syntax("expected a selection of fields".to_owned())),
        },
        _ => Err(FieldSetProblem::Syntax("expected one selection of fields".to_owned())),
    }
}

fn print_selections(selections: &[Selection], out: &mut String) {
    for (index, selection) in selections.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        let below = match selection {
            Selection::Field(field) => {
                out.push_str(&field.name);
                if !field.arguments.is_empty() {
                    let arguments: Vec<String> = field
                        .arguments
                        .iter()
                        .map(|argument| {
                            format!("{}: {}", argument.name, argument.value.serialize().no_indent())
                        })
                        .collect();
                    let _ = write!(out, "({})", arguments.join(", "));
                }
                &field.selection_set
            }
            Selection::InlineFragment(fragment) => {
                out.push_str("...");
                if let Some(condition) = &fragment.type_condition {
                    let _ = write!(out, " on {condition}");
                }
                &fragment.selection_set
            }
            Selection::FragmentSpread(spread) => {
                let _ = write!(out, "...{}", spread.fragment_name);
                continue;
            }
        };
        if !below.is_empty() {
            out.push_str(" { ");
            print_selections(below, out);
            out.push_str(" }");
        }
    }
}
