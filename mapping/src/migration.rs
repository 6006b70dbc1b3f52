//! Finds what v0.4 would read differently, and what to insert so that it reads the same.
//!
//! **In:** the text of a mapping up to v0.3. **Out:** [`Edit`]s of that text.
//!
//! **Never here:** files, links, what else a newer version allows.
//!
//! **Holds:** edits only insert, so that comments and layout stay; a text that needs none reads the
//! same in both versions.
//!
//! **Read first:** [`edits_for_v0_4`].

use crate::syntax::parse::parse;
use crate::syntax::{
    Expression, ExpressionKind, Head, Item, Items, Output, ParseError, Path, Root, StepKind,
};
use crate::version::Version;

/// A text to insert.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// Where, in bytes of the text.
    pub at: usize,
    /// What.
    pub insert: String,
}

/// What has to be inserted into a text so that v0.4 reads it as the given version does, in order.
/// From v0.4 on that is nothing.
///
/// # Errors
/// When the text is no mapping of the given version.
pub fn edits_for_v0_4(text: &str, version: Version) -> Result<Vec<Edit>, ParseError> {
    let root = parse(text, version)?;
    let mut migration = Migration { text, edits: Vec::new() };
    if version < Version::V0_4 {
        migration.root(&root);
        migration.edits.sort_by_key(|edit| edit.at);
    }
    Ok(migration.edits)
}

/// The text with edits applied, which have to be in order.
pub fn apply_edits(text: &str, edits: &[Edit]) -> String {
    let mut edited = String::with_capacity(text.len() + 2 * edits.len());
    let mut at = 0;
    for edit in edits {
        edited.push_str(text.get(at..edit.at).unwrap_or_default());
        edited.push_str(&edit.insert);
        at = edit.at;
    }
    edited.push_str(text.get(at..).unwrap_or_default());
    edited
}

/// A text while it is looked through.
struct Migration<'t> {
    text: &'t str,
    edits: Vec<Edit>,
}

impl Migration<'_> {
    fn root(&mut self, root: &Root) {
        match root {
            Root::Value(value) => {
                if let ExpressionKind::Path(path) = &value.kind
                    && path.braces.is_none()
                {
                    self.name_in_front(path, "");
                }
                self.expression(value);
            }
            Root::List(items) => {
                if let [Item { output: Output::Own(..), value }] = items.items.as_slice()
                    && let ExpressionKind::Path(path) = &value.kind
                    && path.braces.is_none()
                {
                    let key = self.text.get(path.head_span.range()).unwrap_or_default();
                    self.name_in_front(path, &format!("{key}: "));
                }
                self.items(items);
            }
        }
    }

    /// A string or word in front of a path was a property; in a value it would be itself.
    fn name_in_front(&mut self, path: &Path, before: &str) {
        let Head::Key(_) = &path.head else { return };
        let written = self.text.get(path.head_span.range()).unwrap_or_default();
        if written.starts_with(['"', '\'']) || matches!(written, "true" | "false" | "null") {
            let at = path.head_span.start as usize;
            self.edits.push(Edit { at, insert: format!("{before}$.") });
        }
    }

    fn items(&mut self, items: &Items) {
        for Item { output, value } in &items.items {
            if let (Output::Alias(..), ExpressionKind::Path(path)) = (output, &value.kind) {
                // In front of braces it is a property in every version.
                let braces_follow = path.steps.is_empty() && path.braces.is_some();
                if !braces_follow {
                    self.name_in_front(path, "");
                }
            }
            self.expression(value);
        }
    }

    fn expression(&mut self, value: &Expression) {
        match &value.kind {
            ExpressionKind::Array(values) | ExpressionKind::Chain(_, values) => {
                values.iter().for_each(|value| self.expression(value));
            }
            ExpressionKind::Object(items) => self.items(items),
            ExpressionKind::Path(path) => {
                if let Head::Parentheses(inner) | Head::Literal(inner) = &path.head {
                    self.expression(inner);
                }
                for step in &path.steps {
                    if let StepKind::Call(call) = &step.kind {
                        call.arguments().iter().for_each(|argument| self.expression(argument));
                    }
                }
                if let Some(items) = &path.braces {
                    self.items(items);
                }
            }
            ExpressionKind::Null
            | ExpressionKind::Boolean(_)
            | ExpressionKind::Number(_)
            | ExpressionKind::String(_) => {}
        }
    }
}
