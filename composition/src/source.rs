//! Finds line and column of a node in the source of its subgraph.
//!
//! **In:** a subgraph's name, file and SDL. **Out:** [`Location`]s for errors and hints.
//!
//! **Never here:** reading files; the text comes in by [`SubgraphSource`].

use apollo_compiler::parser::SourceSpan;

use crate::SubgraphSource;
use crate::failure::Location;

/// Where a node stands, if it was written by a person.
pub(crate) type Span = Option<SourceSpan>;

/// Longer lines are shown in part.
const LONGEST_LINE: usize = 240;

/// The text of one subgraph with the start of each line.
#[derive(Clone, Debug)]
pub(crate) struct SourceText {
    pub(crate) subgraph: String,
    pub(crate) file: Option<String>,
    text: String,
    line_starts: Vec<usize>,
}

impl SourceText {
    pub(crate) fn new(source: &SubgraphSource) -> Self {
        let newlines = source.sdl.match_indices('\n').map(|(index, _)| index + 1);
        Self {
            subgraph: source.name.clone(),
            file: source.file.clone(),
            text: source.sdl.clone(),
            line_starts: std::iter::once(0).chain(newlines).collect(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn locate(&self, span: Span) -> Option<Location> {
        self.locate_offset(span?.offset())
    }

    /// A location from an offset in bytes.
    pub(crate) fn locate_offset(&self, offset: usize) -> Option<Location> {
        let offset = offset.min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts[line - 1];
        let before = self.text.get(start..offset)?;
        Some(self.location(line, before.chars().count() + 1))
    }

    /// A location from line and column, both counted from 1.
    pub(crate) fn location(&self, line: usize, column: usize) -> Location {
        let (source_line, skipped) = excerpt(self.line(line), column);
        Location {
            subgraph: self.subgraph.clone(),
            file: self.file.clone(),
            line,
            column,
            source_line,
            skipped,
        }
    }

    fn line(&self, line: usize) -> &str {
        let Some(start) = self.line_starts.get(line - 1) else { return "" };
        let end = self.line_starts.get(line).copied().unwrap_or(self.text.len());
        self.text[*start..end].trim_end_matches(['\r', '\n'])
    }
}

/// A line as it can be shown, and how many of its characters stand before that. A schema may be one
/// line of many kilobytes with as many errors.
fn excerpt(line: &str, column: usize) -> (String, usize) {
    if line.len() <= LONGEST_LINE {
        return (line.to_owned(), 0);
    }
    let skipped = column.saturating_sub(LONGEST_LINE / 2);
    (line.chars().skip(skipped).take(LONGEST_LINE).collect(), skipped)
}
