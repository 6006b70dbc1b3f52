//! Reads a plan fixture: one Markdown page with schemas, an operation and the plan expected of them.
//!
//! **In:** the text of a page. **Out:** [`Fixture`], its blocks by role; or the line that is wrong.
//!
//! **Never here:** composing, planning, comparing (`test` does), running a plan.
//!
//! **Holds:** rewriting a block changes nothing else of the page, not even its line ends.
//!
//! **Read first:** [`Fixture::parse`].

use std::ops::Range;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// One page.
#[derive(Debug)]
pub struct Fixture {
    /// The file; paths inside are relative to its folder.
    pub path: PathBuf,
    /// The first heading.
    pub title: String,
    text: String,
    blocks: Vec<Block>,
}

/// What a fenced block is for, as its info string says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// `graphql subgraph=NAME`: the schema of a subgraph.
    Subgraph(String),
    /// `graphql supergraph`: a supergraph that was composed elsewhere.
    Supergraph,
    /// `supergraph-file`: the path of one.
    SupergraphFile,
    /// `configuration`: the path of a configuration, whose schemas count.
    Configuration,
    /// `graphql operation`
    Operation,
    /// `json variables`
    Variables,
    /// `json caller`: who asks. Without it, somebody who may see all.
    Caller,
    /// `override-labels`: labels of progressive overrides that are on, one a line.
    OverrideLabels,
    /// `yaml rates`: what counts, as `graphql.cost` of a configuration says it.
    Rates,
    /// `plan`: the plan as text.
    Plan,
    /// `cost`: what the operation costs, as a formula, as its value, and by subgraph.
    Cost,
    /// `actual-cost`: what it cost with the data of the page.
    ActualCost,
    /// `error`: why there is no plan.
    Error,
    /// `json data`: what the subgraphs answer from.
    Data,
    /// `json result`: what the client gets.
    Result,
    /// `json requests`: what the subgraphs are asked for it, in the order of sending.
    Requests,
    /// `json rejected`: what the caller gets where operations are rejected that select what it may not see.
    Rejected,
    /// `json dry-run`: what the caller gets where denials are only told.
    DryRun,
}

/// A fenced block.
#[derive(Clone, Debug)]
pub struct Block {
    /// What it is for.
    pub role: Role,
    /// The line of its first fence, counted from 1.
    pub line: usize,
    body: Range<usize>,
}

/// Why a page cannot be read.
#[derive(Debug, Error)]
#[error("{}:{line}: {kind}", path.display())]
pub struct FixtureError {
    path: PathBuf,
    line: usize,
    kind: FixtureErrorKind,
}

/// What is wrong with a page.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FixtureErrorKind {
    /// The file cannot be read.
    #[error("cannot read the page: {0}")]
    Unreadable(std::io::Error),
    /// No heading.
    #[error("the page has no title; begin it with `# What this case shows`")]
    NoTitle,
    /// A fence that is never closed.
    #[error("the block is not closed; end it with a line of three backticks")]
    Unclosed,
    /// An info string of no known role.
    #[error(
        "`{0}` is no block of a fixture; write `graphql subgraph=NAME`, `graphql supergraph`, \
         `supergraph-file`, `configuration`, `graphql operation`, `json variables`, `json caller`, \
         `override-labels`, `yaml rates`, `plan`, `cost`, `actual-cost`, `error`, `json data`, `json result`, `json requests`, `json rejected` or `json dry-run`"
    )]
    UnknownBlock(String),
    /// Two blocks of a role that stands once.
    #[error("a second block of this kind; line {first} has the first")]
    Repeated {
        /// Where the first stands.
        first: usize,
    },
    /// A block that a fixture cannot do without.
    #[error("the page has no `{0}` block")]
    Missing(&'static str),
    /// Schemas in more than one way.
    #[error("the page takes its schemas from more than one place; keep one of them")]
    TwoSchemas,
}

impl Fixture {
    /// Reads a page from its file.
    ///
    /// # Errors
    /// The line that is wrong, or that the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, FixtureError> {
        let text = std::fs::read_to_string(path).map_err(|error| FixtureError {
            path: path.to_owned(),
            line: 0,
            kind: FixtureErrorKind::Unreadable(error),
        })?;
        Self::parse(path, text)
    }

    /// Reads the text of a page.
    ///
    /// # Errors
    /// The line that is wrong.
    pub fn parse(path: &Path, text: String) -> Result<Self, FixtureError> {
        match blocks_of(&text).and_then(|blocks| check(&text, &blocks).map(|title| (blocks, title)))
        {
            Ok((blocks, title)) => Ok(Self { path: path.to_owned(), title, text, blocks }),
            Err((line, kind)) => Err(FixtureError { path: path.to_owned(), line, kind }),
        }
    }

    /// The text of the block with this role.
    pub fn body(&self, role: &Role) -> Option<&str> {
        self.block(role).map(|block| &self.text[block.body.clone()])
    }

    /// The block with this role.
    pub fn block(&self, role: &Role) -> Option<&Block> {
        self.blocks.iter().find(|block| block.role == *role)
    }

    /// Name, line of the fence, and SDL of each subgraph, in the order of the page.
    pub fn subgraphs(&self) -> impl Iterator<Item = (&str, usize, &str)> {
        self.blocks.iter().filter_map(|block| match &block.role {
            Role::Subgraph(name) => {
                Some((name.as_str(), block.line, &self.text[block.body.clone()]))
            }
            _ => None,
        })
    }

    /// The page with another text in the block of this role, which is added at the end if the page
    /// has none yet.
    #[must_use]
    pub fn with_body(&self, role: &Role, body: &str) -> String {
        let body = body.trim_end_matches('\n');
        let mut text = self.text.clone();
        match self.block(role) {
            Some(block) => text.replace_range(block.body.clone(), &format!("{body}\n")),
            None => {
                let info = role.info();
                let page = text.trim_end_matches('\n');
                text = format!("{page}\n\n```{info}\n{body}\n```\n");
            }
        }
        text
    }

    /// The page without the block of this role.
    #[must_use]
    pub fn without(&self, role: &Role) -> String {
        let Some(block) = self.block(role) else { return self.text.clone() };
        let start = self.text[..block.body.start - 1].rfind('\n').map_or(0, |at| at + 1);
        let end = self.text[block.body.end..].find('\n');
        let end = end.map_or(self.text.len(), |at| block.body.end + at + 1);
        format!("{}{}", &self.text[..start], &self.text[end..])
    }
}

impl Role {
    fn parse(info: &str) -> Option<Self> {
        let words: Vec<&str> = info.split_whitespace().collect();
        Some(match words.as_slice() {
            ["graphql", word] if word.starts_with("subgraph=") => {
                Self::Subgraph(word["subgraph=".len()..].to_owned())
            }
            ["graphql", "supergraph"] => Self::Supergraph,
            ["supergraph-file"] => Self::SupergraphFile,
            ["configuration"] => Self::Configuration,
            ["graphql", "operation"] => Self::Operation,
            ["json", "variables"] => Self::Variables,
            ["json", "caller"] => Self::Caller,
            ["override-labels"] => Self::OverrideLabels,
            ["yaml", "rates"] => Self::Rates,
            ["plan"] => Self::Plan,
            ["cost"] => Self::Cost,
            ["actual-cost"] => Self::ActualCost,
            ["error"] => Self::Error,
            ["json", "data"] => Self::Data,
            ["json", "result"] => Self::Result,
            ["json", "requests"] => Self::Requests,
            ["json", "rejected"] => Self::Rejected,
            ["json", "dry-run"] => Self::DryRun,
            _ => return None,
        })
    }

    /// The info string of a block with this role.
    fn info(&self) -> String {
        match self {
            Self::Subgraph(name) => format!("graphql subgraph={name}"),
            Self::Supergraph => "graphql supergraph".to_owned(),
            Self::SupergraphFile => "supergraph-file".to_owned(),
            Self::Configuration => "configuration".to_owned(),
            Self::Operation => "graphql operation".to_owned(),
            Self::Variables => "json variables".to_owned(),
            Self::Caller => "json caller".to_owned(),
            Self::OverrideLabels => "override-labels".to_owned(),
            Self::Rates => "yaml rates".to_owned(),
            Self::Plan => "plan".to_owned(),
            Self::Cost => "cost".to_owned(),
            Self::ActualCost => "actual-cost".to_owned(),
            Self::Error => "error".to_owned(),
            Self::Data => "json data".to_owned(),
            Self::Result => "json result".to_owned(),
            Self::Requests => "json requests".to_owned(),
            Self::Rejected => "json rejected".to_owned(),
            Self::DryRun => "json dry-run".to_owned(),
        }
    }
}

type AtLine<T> = Result<T, (usize, FixtureErrorKind)>;

fn blocks_of(text: &str) -> AtLine<Vec<Block>> {
    let mut blocks = Vec::new();
    // The open block: its fence, its line, and where its body begins.
    let mut open: Option<(&str, usize, usize, Role)> = None;
    let mut at = 0;
    for (i, line) in text.split_inclusive('\n').enumerate() {
        let start = at;
        at += line.len();
        let trimmed = line.trim_end();
        let fence_length = trimmed.len() - trimmed.trim_start_matches('`').len();
        let (fence, info) = trimmed.split_at(fence_length);
        match &open {
            Some((opening, line, body, role))
                if info.is_empty() && fence.len() >= opening.len() =>
            {
                blocks.push(Block { role: role.clone(), line: *line, body: *body..start });
                open = None;
            }
            Some(_) => {}
            None if fence_length >= 3 => {
                let role = Role::parse(info)
                    .ok_or_else(|| (i + 1, FixtureErrorKind::UnknownBlock(info.to_owned())))?;
                open = Some((fence, i + 1, at, role));
            }
            None => {}
        }
    }
    match open {
        Some((_, line, ..)) => Err((line, FixtureErrorKind::Unclosed)),
        None => Ok(blocks),
    }
}

/// Checks what must be there, and gives the title.
fn check(text: &str, blocks: &[Block]) -> AtLine<String> {
    let title = text.lines().find_map(|line| line.strip_prefix("# "));
    let title = title.ok_or((1, FixtureErrorKind::NoTitle))?;
    for (i, block) in blocks.iter().enumerate() {
        if let Some(first) = blocks[..i].iter().find(|first| first.role == block.role) {
            return Err((block.line, FixtureErrorKind::Repeated { first: first.line }));
        }
    }
    let has = |role: &Role| blocks.iter().any(|block| block.role == *role);
    let kinds_of_schema = [
        blocks.iter().any(|block| matches!(block.role, Role::Subgraph(_))),
        has(&Role::Supergraph),
        has(&Role::SupergraphFile),
        has(&Role::Configuration),
    ];
    match kinds_of_schema.iter().filter(|is_there| **is_there).count() {
        0 => return Err((1, FixtureErrorKind::Missing("graphql subgraph=NAME"))),
        1 => {}
        _ => return Err((1, FixtureErrorKind::TwoSchemas)),
    }
    if !has(&Role::Operation) {
        return Err((1, FixtureErrorKind::Missing("graphql operation")));
    }
    Ok(title.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Fixture, Role};

    const PAGE: &str = "# A case\n\nWhy.\n\n```graphql subgraph=a\ntype Query { a: Int }\n```\n\
        ```graphql operation\n{ a }\n```\n```plan\nold\n```\nThe end.\n";

    fn parse(text: &str) -> Result<Fixture, String> {
        Fixture::parse(Path::new("case.md"), text.to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn blocks_are_found_by_their_role() {
        let fixture = parse(PAGE).unwrap();
        assert_eq!(fixture.title, "A case");
        assert_eq!(fixture.body(&Role::Operation), Some("{ a }\n"));
        assert_eq!(fixture.body(&Role::Plan), Some("old\n"));
        assert_eq!(fixture.body(&Role::Variables), None);
        let subgraphs: Vec<_> = fixture.subgraphs().collect();
        assert_eq!(subgraphs, [("a", 5, "type Query { a: Int }\n")]);
    }

    #[test]
    fn a_rewritten_block_leaves_the_rest_alone() {
        let fixture = parse(PAGE).unwrap();
        assert_eq!(fixture.with_body(&Role::Plan, "new\n\n"), PAGE.replace("old", "new"));
        assert_eq!(fixture.without(&Role::Plan), PAGE.replace("```plan\nold\n```\n", ""));
    }

    #[test]
    fn a_missing_block_is_added_at_the_end() {
        let fixture = parse(&PAGE.replace("```plan\nold\n```\n", "")).unwrap();
        let text = fixture.with_body(&Role::Plan, "new");
        assert!(text.ends_with("The end.\n\n```plan\nnew\n```\n"), "{text}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let wrong = [
            ("A case\n", "case.md:1: the page has no title"),
            ("# A\n```graphql\n```\n", "case.md:2: `graphql` is no block"),
            ("# A\n\n```plan\n", "case.md:3: the block is not closed"),
            ("# A\n```plan\n```\n```plan\n```\n", "case.md:4: a second block"),
            ("# A\n", "case.md:1: the page has no `graphql subgraph=NAME` block"),
            ("# A\n```graphql supergraph\n```\n", "case.md:1: the page has no `graphql operation`"),
            (
                "# A\n```graphql supergraph\n```\n```supergraph-file\n```\n",
                "case.md:1: the page takes its schemas from more than one place",
            ),
        ];
        for (text, message) in wrong {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn a_longer_fence_may_hold_a_shorter_one() {
        let text = PAGE.replace("```plan\nold\n```", "````plan\n```\n````");
        assert_eq!(parse(&text).unwrap().body(&Role::Plan), Some("```\n"));
    }
}
