//! Counts the lists of the schema that an operation selects.
//!
//! **In:** a valid document (so fragments form no cycle) and a selection set of its root. **Out:** their number,
//! those of a fragment at each place where it is spread.
//!
//! **Never here:** the limit, and how deep they nest.
//!
//! **Holds:** each selection is looked at once; sums saturate.

use std::collections::HashMap;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Selection, SelectionSet};

/// The lists below `__schema` and `__type`.
pub(super) fn count(document: &ExecutableDocument, root: &SelectionSet) -> u64 {
    let mut fragments = HashMap::new();
    sum(document, root, Below::Root, &mut fragments)
}

/// Where selections stand. A fragment on the root type never stands below it, so each has one place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Below {
    Root,
    Schema,
}

fn sum<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    below: Below,
    fragments: &mut HashMap<&'a str, u64>,
) -> u64 {
    let count = |selection: &'a Selection| match selection {
        Selection::Field(field) if below == Below::Schema => {
            let inner = sum(document, &field.selection_set, below, fragments);
            inner.saturating_add(u64::from(field.definition.ty.is_list()))
        }
        Selection::Field(field) if matches!(field.name.as_str(), "__schema" | "__type") => {
            sum(document, &field.selection_set, Below::Schema, fragments)
        }
        Selection::Field(_) => 0,
        Selection::InlineFragment(inline) => sum(document, &inline.selection_set, below, fragments),
        Selection::FragmentSpread(spread) => {
            let name = spread.fragment_name.as_str();
            if let Some(known) = fragments.get(name) {
                return *known;
            }
            let fragment = document.fragments.get(name);
            let count = fragment.map_or(0, |it| sum(document, &it.selection_set, below, fragments));
            fragments.insert(name, count);
            count
        }
    };
    set.selections.iter().map(count).fold(0, u64::saturating_add)
}
