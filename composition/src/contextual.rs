//! Reads what `@fromContext` says: which context fills an argument, and with what of it.
//!
//! **In:** an argument, a subgraph's types. **Out:** [`Contextual`], and the types that set a
//! context.
//!
//! **Never here:** whether it is right (`rules::context`).
//!
//! Spec: <https://specs.apollo.dev/federation/v2.9#@fromContext>

use apollo_compiler::Name;
use apollo_compiler::ast::{Document, Selection};

use crate::schema::{Applied, InputDef, TypeDef, Types};
use crate::vocabulary::Known;

/// A parsed `@fromContext(field:)`.
#[derive(Clone, Debug)]
pub(crate) struct Contextual {
    /// The context's name, without `$`.
    pub(crate) context: String,
    /// What follows it, as written.
    pub(crate) selection: String,
}

/// The `@fromContext` of an argument, if it has one.
pub(crate) fn from_context(argument: &InputDef) -> Option<&Applied> {
    argument.applied.iter().find(|applied| applied.is(Known::FromContext))
}

/// Reads `$name { selection }`; none when it has another form.
pub(crate) fn contextual(applied: &Applied) -> Option<Contextual> {
    let text = applied.argument("field")?.as_str()?;
    let text = text.trim_start().strip_prefix('$')?.trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (context, selection) = text.split_at(end);
    let is_whole = !context.is_empty() && !selection.trim().is_empty();
    is_whole.then(|| Contextual { context: context.to_owned(), selection: selection.to_owned() })
}

impl Contextual {
    /// The selections, or why they cannot be read.
    pub(crate) fn selections(&self) -> Result<Vec<Selection>, String> {
        let trimmed = self.selection.trim();
        let braced =
            if trimmed.starts_with('{') { trimmed.to_owned() } else { format!("{{{trimmed}}}") };
        let document = Document::parse(braced, "fromContext").map_err(|with_errors| {
            let first = with_errors.errors.iter().next();
            first.map(|diagnostic| diagnostic.error.to_string()).unwrap_or_default()
        })?;
        let operation = document.definitions.first().and_then(|d| d.as_operation_definition());
        match (operation, document.definitions.len()) {
            (Some(operation), 1) => Ok(operation.selection_set.clone()),
            _ => Err("expected one selection of a field".to_owned()),
        }
    }
}

/// The names of the contexts that a type sets.
pub(crate) fn contexts_of(definition: &TypeDef) -> impl Iterator<Item = (&str, &Applied)> {
    let applied = definition.applied.iter().filter(|applied| applied.is(Known::Context));
    applied.filter_map(|applied| Some((applied.argument("name")?.as_str()?, applied)))
}

/// The types that set a context.
pub(crate) fn setters<'a>(
    types: &'a Types,
    context: &str,
) -> impl Iterator<Item = (&'a Name, &'a TypeDef)> {
    types
        .iter()
        .filter(move |(_, definition)| contexts_of(definition).any(|(name, _)| name == context))
}
