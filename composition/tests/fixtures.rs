//! Holds composition to the pages in `fixtures/composition`: subgraphs in, supergraph or errors
//! out.
//!
//! **In:** one Markdown page a case. **Out:** a failed test with both texts where they differ;
//! `UPDATE_FIXTURES=1` writes the expected block anew.
//!
//! **Never here:** cases of the public suites (`conformance`).
//!
//! **Holds:** the order of the subgraphs on a page does not matter: each case is composed in both
//! directions.
//!
//! **Read first:** [`check_page`].

use std::fs;
use std::path::Path;

use composition::{SubgraphSource, compose};

/// A fenced block of a page.
struct Block {
    /// What stands behind the opening fence.
    info: String,
    text: String,
}

fn check_page(path: &Path) -> datatest_stable::Result<()> {
    let page = fs::read_to_string(path)?;
    let blocks = blocks_of(&page);
    let mut subgraphs: Vec<SubgraphSource> = blocks.iter().filter_map(subgraph_of).collect();
    let answers = answers(&subgraphs);
    subgraphs.reverse();
    if answers != self::answers(&subgraphs) {
        return Err("the order of the subgraphs changes the result".into());
    }
    let mut updated = page.clone();
    let mut checked = 0;
    for block in blocks.iter().filter(|block| !block.info.starts_with("graphql")) {
        let expected = answers.iter().find(|(info, _)| *info == block.info);
        let actual = expected.map_or("", |(_, text)| text.as_str());
        if expected.is_none() && std::env::var_os("UPDATE_FIXTURES").is_none() {
            let found: Vec<String> =
                answers.iter().map(|(info, text)| format!("{info}:\n{text}")).collect();
            return Err(format!("no block `{}`, but\n{}", block.info, found.join("\n")).into());
        }
        checked += 1;
        if block.text.trim() != actual.trim() {
            updated = updated.replace(
                &format!("```{}\n{}```", block.info, block.text),
                &format!("```{}\n{}\n```", block.info, actual.trim()),
            );
        }
    }
    if checked == 0 {
        return Err("the page expects nothing".into());
    }
    if updated == page {
        return Ok(());
    }
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        fs::write(path, updated)?;
        return Ok(());
    }
    Err(format!("the page should read\n\n{updated}").into())
}

fn subgraph_of(block: &Block) -> Option<SubgraphSource> {
    let name = block.info.strip_prefix("graphql subgraph=")?.trim();
    Some(SubgraphSource {
        name: name.to_owned(),
        url: Some(format!("http://{name}.example/graphql")),
        sdl: block.text.clone(),
        file: Some(format!("{name}.graphql")),
    })
}

/// The texts a page can expect, by the words behind the fence.
fn answers(subgraphs: &[SubgraphSource]) -> Vec<(&'static str, String)> {
    match compose(subgraphs) {
        Ok(composed) => {
            let hints: Vec<String> = composed.hints.iter().map(|hint| hint.to_string()).collect();
            vec![
                ("supergraph", without_standard_part(&composed.supergraph_sdl)),
                ("supergraph whole", composed.supergraph_sdl),
                ("hints", hints.join("\n\n")),
            ]
        }
        Err(failure) => vec![("errors", failure.to_string())],
    }
}

/// Leaves out what every supergraph carries; one page shows it.
fn without_standard_part(sdl: &str) -> String {
    const STANDARD: [&str; 8] = [
        "directive @join__",
        "directive @link(",
        "scalar join__",
        "scalar link__",
        "enum join__Graph",
        "enum link__",
        "input join__",
        "\"\"\"\n  `SECURITY`",
    ];
    let mut kept: Vec<&str> = Vec::new();
    let mut inside_purpose = false;
    for paragraph in sdl.split("\n\n") {
        // The enum of purposes is the only standard definition with an empty line in it.
        if inside_purpose {
            inside_purpose = false;
            continue;
        }
        inside_purpose = paragraph.starts_with("enum link__Purpose");
        if !STANDARD.iter().any(|start| paragraph.starts_with(start)) {
            kept.push(paragraph);
        }
    }
    kept.join("\n\n")
}

fn blocks_of(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let mut text = String::new();
        for line in lines.by_ref().take_while(|line| !line.starts_with("```")) {
            text.push_str(line);
            text.push('\n');
        }
        blocks.push(Block { info: info.to_owned(), text });
    }
    blocks
}

datatest_stable::harness! {
    { test = check_page, root = "../fixtures/composition", pattern = r"\.md$" },
}
