//! Measures how deep an operation's fields nest.
//!
//! **In:** a valid document (so fragments form no cycle) and a selection set. **Out:** the depth; fragments
//! count what they hold, not themselves.
//!
//! **Never here:** the limit.
//!
//! **Holds:** each fragment is measured once, however often it is spread.

use std::collections::HashMap;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Selection, SelectionSet};

/// The depth of a selection set: 1 for leaves only.
pub(super) fn of(document: &ExecutableDocument, selection_set: &SelectionSet) -> u32 {
    measure(document, selection_set, &mut HashMap::new())
}

fn measure<'a>(
    document: &'a ExecutableDocument,
    selection_set: &'a SelectionSet,
    known: &mut HashMap<&'a str, u32>,
) -> u32 {
    let depth = |selection: &'a Selection| match selection {
        Selection::Field(field) => 1 + measure(document, &field.selection_set, known),
        Selection::InlineFragment(inline) => measure(document, &inline.selection_set, known),
        Selection::FragmentSpread(spread) => {
            let name = spread.fragment_name.as_str();
            if let Some(depth) = known.get(name) {
                return *depth;
            }
            let fragment = document.fragments.get(name);
            let depth = fragment.map_or(0, |f| measure(document, &f.selection_set, known));
            known.insert(name, depth);
            depth
        }
    };
    selection_set.selections.iter().map(depth).max().unwrap_or(0)
}
