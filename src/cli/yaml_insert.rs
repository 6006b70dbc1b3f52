//! Adds a subgraph to a configuration file and leaves every other character as its author wrote it.
//!
//! **In:** the text of a file, a name, a schema's path and a URL.
//! **Out:** the text with one more entry under `supergraph.subgraphs`; or why the place was not
//! found.
//!
//! **Never here:** checking the configuration (`config` reads the result), writing files.
//!
//! **Holds:** comments, quotes, order and line ends of the file stay. The place is found by
//! indentation alone, which is enough for block style; flow style is refused with the line to add.
//!
//! **Read first:** [`insert_subgraph`].

use thiserror::Error;

/// Why an entry cannot be added.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub(super) enum InsertError {
    /// `subgraphs: {…}`.
    #[error(
        "line {line} writes `{key}` in braces; give it lines of its own, or add there: {entry}"
    )]
    FlowStyle { line: usize, key: &'static str, entry: String },
    /// The name is taken.
    #[error("line {line} has a subgraph `{name}` already; choose another name, or remove it first")]
    Taken { line: usize, name: String },
    /// `supergraph:` says `file` or `directory`.
    #[error(
        "line {line} takes the supergraph from elsewhere (`{key}`); a subgraph can be added to \
         `subgraphs` only"
    )]
    OtherSource { line: usize, key: String },
}

/// A configuration with one subgraph, for a folder that has none yet.
pub(super) fn new_configuration(language_server: &str, entry: &Entry<'_>) -> String {
    format!(
        "{}\nversion: 1\n\nsupergraph:\n  subgraphs:\n    {}\n",
        language_server.trim_end(),
        entry.line()
    )
}

/// What is added.
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) schema: &'a str,
    pub(super) url: &'a str,
}

impl Entry<'_> {
    fn line(&self) -> String {
        let Self { name, schema, url } = self;
        format!("{name}: {{ schema: {}, url: {} }}", scalar(schema), scalar(url))
    }
}

/// The text with the entry behind the last subgraph.
pub(super) fn insert_subgraph(text: &str, entry: &Entry<'_>) -> Result<String, InsertError> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let Some(supergraph) = find_key(&lines, 0..lines.len(), "supergraph") else {
        let new = format!("\nsupergraph:\n  subgraphs:\n    {}\n", entry.line());
        return Ok(append(text, &new));
    };
    let children = block_below(&lines, supergraph);
    expect_block(&lines, supergraph, "supergraph", entry)?;
    for i in children.clone() {
        for key in ["file", "directory"] {
            if is_key(lines[i], key) {
                return Err(InsertError::OtherSource { line: i + 1, key: key.to_owned() });
            }
        }
    }
    let Some(subgraphs) = find_key(&lines, children.clone(), "subgraphs") else {
        let indent = child_indent(&lines, &children).unwrap_or(2);
        let new = format!(
            "{}subgraphs:\n{}{}\n",
            " ".repeat(indent),
            " ".repeat(indent + 2),
            entry.line()
        );
        return Ok(insert_at(&lines, supergraph + 1, &new));
    };
    expect_block(&lines, subgraphs, "subgraphs", entry)?;
    let members = block_below(&lines, subgraphs);
    let indent = child_indent(&lines, &members).unwrap_or_else(|| indent_of(lines[subgraphs]) + 2);
    let is_taken = |i: &usize| indent_of(lines[*i]) == indent && is_key(lines[*i], entry.name);
    if let Some(i) = members.clone().find(is_taken) {
        return Err(InsertError::Taken { line: i + 1, name: entry.name.to_owned() });
    }
    let new = format!("{}{}\n", " ".repeat(indent), entry.line());
    Ok(insert_at(&lines, members.end, &new))
}

/// A key whose value stands on the same line cannot take lines below it.
fn expect_block(
    lines: &[&str],
    at: usize,
    key: &'static str,
    entry: &Entry<'_>,
) -> Result<(), InsertError> {
    let value = lines[at].split_once(':').map_or("", |(_, value)| value.trim());
    if value.is_empty() || value.starts_with('#') || value.starts_with('&') {
        return Ok(());
    }
    Err(InsertError::FlowStyle { line: at + 1, key, entry: entry.line() })
}

/// The first line among these that holds the key, at the smallest indentation there.
fn find_key(lines: &[&str], among: std::ops::Range<usize>, key: &str) -> Option<usize> {
    let indent = child_indent(lines, &among)?;
    among.into_iter().find(|&i| indent_of(lines[i]) == indent && is_key(lines[i], key))
}

/// The lines that belong to the key at `at`: deeper ones, up to the last that is not empty.
fn block_below(lines: &[&str], at: usize) -> std::ops::Range<usize> {
    let indent = indent_of(lines[at]);
    let mut end = at + 1;
    for (i, line) in lines.iter().enumerate().skip(at + 1) {
        if is_blank(line) {
            continue;
        }
        if indent_of(line) <= indent {
            break;
        }
        end = i + 1;
    }
    at + 1..end
}

fn child_indent(lines: &[&str], among: &std::ops::Range<usize>) -> Option<usize> {
    let said = |line: &&&str| !is_blank(line) && !line.trim_start().starts_with(['#', '%', '-']);
    lines[among.clone()].iter().find(said).map(|line| indent_of(line))
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn is_key(line: &str, key: &str) -> bool {
    let Some((written, _)) = line.trim_start().split_once(':') else { return false };
    written.trim().trim_matches(['"', '\'']) == key
}

fn insert_at(lines: &[&str], at: usize, new: &str) -> String {
    let line_end =
        if lines.first().is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" };
    let before = append(&lines[..at].concat(), &new.replace('\n', line_end));
    before + &lines[at..].concat()
}

/// The last line of a file may lack its end.
fn append(text: &str, new: &str) -> String {
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{gap}{new}")
}

/// Quotes what YAML would read as something else inside braces.
fn scalar(value: &str) -> String {
    let is_plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "/._-:?=&%".contains(c))
        && value.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/' || c == '.')
        && !value.ends_with(':');
    if is_plain { value.to_owned() } else { format!("'{}'", value.replace('\'', "''")) }
}

#[cfg(test)]
mod tests {
    use super::{Entry, InsertError, insert_subgraph, new_configuration};

    const ENTRY: Entry<'_> =
        Entry { name: "stock", schema: "stock.graphql", url: "http://127.0.0.1:4003/graphql" };
    const LINE: &str = "stock: { schema: stock.graphql, url: http://127.0.0.1:4003/graphql }";

    #[test]
    fn the_entry_stands_behind_the_last_and_all_else_stays() {
        let text = "# Ours.\nversion: 1\n\nsupergraph:   # the graph\n  subgraphs:\n    # first\n    \
            a: { schema: a.graphql }  # old\n    b:\n      schema: 'b.graphql'\n\n# next\nroutes: []\n";
        let expected = text.replace("'b.graphql'\n", &format!("'b.graphql'\n    {LINE}\n"));
        assert_eq!(insert_subgraph(text, &ENTRY), Ok(expected));
    }

    #[test]
    fn missing_keys_are_written() {
        let text = "version: 1";
        let expected = format!("version: 1\n\nsupergraph:\n  subgraphs:\n    {LINE}\n");
        assert_eq!(insert_subgraph(text, &ENTRY), Ok(expected));
        let text = "supergraph:\n  subgraphs:\nroutes: []\n";
        let expected = format!("supergraph:\n  subgraphs:\n    {LINE}\nroutes: []\n");
        assert_eq!(insert_subgraph(text, &ENTRY), Ok(expected));
        let text = "supergraph:\nroutes: []\n";
        let expected = format!("supergraph:\n  subgraphs:\n    {LINE}\nroutes: []\n");
        assert_eq!(insert_subgraph(text, &ENTRY), Ok(expected));
    }

    #[test]
    fn a_name_is_taken_only_once() {
        let text = "supergraph:\n  subgraphs:\n    \"stock\": { schema: x }\n";
        let error = insert_subgraph(text, &ENTRY).unwrap_err();
        assert_eq!(error, InsertError::Taken { line: 3, name: "stock".to_owned() });
    }

    #[test]
    fn what_cannot_be_edited_is_refused_with_the_line_to_add() {
        let error = insert_subgraph("supergraph:\n  subgraphs: { a: {} }\n", &ENTRY).unwrap_err();
        assert!(error.to_string().contains(LINE), "{error}");
        let error = insert_subgraph("supergraph:\n  file: all.graphql\n", &ENTRY).unwrap_err();
        assert!(error.to_string().starts_with("line 2 takes the supergraph from elsewhere"));
    }

    #[test]
    fn line_ends_are_kept() {
        let text = "supergraph:\r\n  subgraphs:\r\n    a: {}\r\n";
        assert_eq!(insert_subgraph(text, &ENTRY), Ok(format!("{text}    {LINE}\r\n")));
    }

    #[test]
    fn odd_values_are_quoted() {
        let entry = Entry { name: "a", schema: "it's {a}.graphql", url: "http://h/g?x=1" };
        let expected = "# hint\nversion: 1\n\nsupergraph:\n  subgraphs:\n    \
            a: { schema: 'it''s {a}.graphql', url: http://h/g?x=1 }\n";
        assert_eq!(new_configuration("# hint\n", &entry), expected);
    }
}
