//! Merges descriptions: the most frequent one wins.
//!
//! **In:** the descriptions of one element. **Out:** one of them; a hint if they differ.
//!
//! **Never here:** printing.

use crate::codes::HintCode;
use crate::merge::Merger;
use crate::source::Span;

impl Merger<'_> {
    /// The most frequent description that is not empty; the first of equally frequent ones.
    pub(super) fn merge_description(
        &mut self,
        sources: &[(usize, Option<&str>, Span)],
        coordinate: &str,
    ) -> Option<String> {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for text in sources.iter().filter_map(|(_, text, _)| *text) {
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            match counts.iter_mut().find(|(known, _)| *known == text) {
                Some((_, count)) => *count += 1,
                None => counts.push((text, 1)),
            }
        }
        let highest = counts.iter().map(|(_, count)| *count).max()?;
        let (kept, _) = counts.iter().find(|(_, count)| *count == highest)?;
        if counts.len() > 1 {
            let described = sources.iter().filter(|(_, text, _)| text.is_some());
            self.hint_at(
                HintCode::InconsistentDescription,
                coordinate,
                format!(
                    "`{coordinate}` is described in {} ways; the supergraph keeps the most \
                     frequent",
                    counts.len()
                ),
                described.map(|(index, _, span)| (*index, *span)).collect::<Vec<_>>(),
            );
        }
        Some((*kept).to_owned())
    }
}
