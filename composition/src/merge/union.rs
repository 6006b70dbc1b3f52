//! Merges unions: every member of every subgraph.
//!
//! **In:** the definitions of one union. **Out:** its members in the supergraph.
//!
//! **Never here:** which subgraph knows which member (`join`).

use crate::codes::HintCode;
use crate::merge::{Merger, Sources};
use crate::merged::MergedType;
use crate::schema::TypeDef;

impl<'a> Merger<'a> {
    pub(super) fn merge_union(&mut self, sources: &Sources<'a, TypeDef>, target: &mut MergedType) {
        for (_, definition) in sources {
            target.members.extend(definition.members.keys().cloned());
        }
        for member in &target.members.clone() {
            let without: Vec<_> = sources
                .iter()
                .filter(|(_, definition)| !definition.members.contains_key(member))
                .map(|(index, definition)| (*index, definition.span))
                .collect();
            if !without.is_empty() {
                let missing = self.names(without.iter().map(|(index, _)| *index));
                let message =
                    format!("union `{}` lacks the member `{member}` in {missing}", target.name);
                self.hint_at(HintCode::InconsistentUnionMember, &target.name, message, without);
            }
        }
    }
}
