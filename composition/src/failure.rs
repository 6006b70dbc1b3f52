//! Says to a person what composition refused, where, and how to put it right.
//!
//! **In:** codes, sentences and locations from the rules. **Out:** [`CompositionFailure`] (all
//! errors at once) and [`Hint`], both printable.
//!
//! **Never here:** the rules themselves; terminal colors (the command line adds those).
//!
//! **Holds:** an error with a node in a source prints that node's line and a caret below it.
//!
//! **Read first:** [`CompositionError`].

use std::fmt;

use crate::codes::{ErrorCode, HintCode};

/// Every error of one composition, and the hints found until it stopped.
#[derive(Clone, Debug)]
pub struct CompositionFailure {
    /// All errors of the first stage that had any; later stages would only repeat them.
    pub errors: Vec<CompositionError>,
    /// What was noticed besides.
    pub hints: Vec<Hint>,
}

/// One reason why the subgraphs do not compose.
#[derive(Clone, Debug)]
pub struct CompositionError {
    /// The well-known code.
    pub code: ErrorCode,
    /// One sentence; begins with `[subgraph]` when it concerns a single subgraph.
    pub message: String,
    /// The subgraphs concerned, by name.
    pub subgraphs: Vec<String>,
    /// The schema coordinate concerned, such as `Product.price`.
    pub coordinate: Option<String>,
    /// Where the nodes concerned stand in the sources.
    pub locations: Vec<Location>,
    /// What to change.
    pub fix: Option<String>,
}

/// A position in the source of a subgraph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The subgraph's name.
    pub subgraph: String,
    /// The path to show for its source, if it has one.
    pub file: Option<String>,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// The text of that line; of a very long line, what stands around the column.
    pub source_line: String,
    /// How many characters of the line stand before `source_line`.
    pub skipped: usize,
}

/// Something worth knowing about subgraphs that do compose.
#[derive(Clone, Debug)]
pub struct Hint {
    /// The well-known code.
    pub code: HintCode,
    /// One sentence.
    pub message: String,
    /// The subgraphs concerned, by name.
    pub subgraphs: Vec<String>,
    /// The schema coordinate concerned.
    pub coordinate: Option<String>,
    /// Where the nodes concerned stand in the sources.
    pub locations: Vec<Location>,
}

impl CompositionError {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            subgraphs: Vec::new(),
            coordinate: None,
            locations: Vec::new(),
            fix: None,
        }
    }

    pub(crate) fn on(mut self, coordinate: impl Into<String>) -> Self {
        self.coordinate = Some(coordinate.into());
        self
    }

    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    pub(crate) fn at(mut self, subgraph: &str, location: Option<Location>) -> Self {
        if !self.subgraphs.iter().any(|name| name == subgraph) {
            self.subgraphs.push(subgraph.to_owned());
        }
        self.locations.extend(location);
        self
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.as_deref().unwrap_or(&self.subgraph);
        writeln!(f, "  --> {file}:{}:{}", self.line, self.column)?;
        let number = self.line.to_string();
        // Tabs are kept before the caret so that it stands below its column in any terminal.
        let indent: String = self
            .source_line
            .chars()
            .take(self.column.saturating_sub(self.skipped + 1))
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        writeln!(f, "  {number} | {}", self.source_line)?;
        write!(f, "  {} | {indent}^", " ".repeat(number.len()))
    }
}

impl fmt::Display for CompositionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code, self.message)?;
        for location in &self.locations {
            write!(f, "\n{location}")?;
        }
        if let Some(fix) = &self.fix {
            write!(f, "\n  fix: {fix}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hint[{}]: {}", self.code, self.message)?;
        for location in &self.locations {
            write!(f, "\n{location}")?;
        }
        Ok(())
    }
}

impl fmt::Display for CompositionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CompositionFailure {}
