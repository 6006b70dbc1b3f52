//! Holds the language to the pages in `fixtures/mapping`: inputs and mapping in, result out.
//!
//! **In:** one Markdown page a group or method. Its blocks are read in order: `json inputs` holds the
//! values of `$` and the variables for all that follows, `mapping VERSION…` a mapping; `result`
//! behind it is what the mapping gives in each of these versions: a line of JSON, `missing`, or why
//! the text is no mapping; then a line for each problem (`-`) and report (`!`). `wanted`
//! names the part of what follows that anyone will read. `request VERSION…` and `sent` likewise;
//! `given` says what a schema knows, `shape` what is known of a mapping then; `migrated` is what
//! has to be written from v0.4 on.
//! **Out:** a failed test with the page as it should read; `UPDATE_FIXTURES=1` writes it.
//!
//! **Holds:** each mapping of a page also prints to a text that reads and evaluates the same.
//!
//! **Read first:** [`answer`].

#[path = "fixtures/page.rs"]
mod page;
#[path = "fixtures/evaluated.rs"]
mod evaluated;
#[path = "fixtures/checked.rs"]
mod checked;
#[path = "fixtures/sent.rs"]
mod sent;

use mapping::Version;
use page::Block;
use std::error::Error;
use std::fs;
use std::path::Path;

/// What the blocks before said.
#[derive(Default)]
struct Told {
    inputs: String,
    given: String,
    wanted: serde_json::Value,
    versions: Vec<Version>,
    mapping: String,
}

fn check_page(path: &Path) -> datatest_stable::Result<()> {
    let text = fs::read_to_string(path)?;
    let mut told = Told::default();
    let mut n_checked = 0;
    let updated = page::rewrite(&text, |block| {
        let answer = answer(&mut told, block)?;
        n_checked += usize::from(answer.is_some());
        Ok(answer)
    })?;
    if n_checked == 0 {
        return Err("the page expects nothing".into());
    }
    if updated == text {
        return Ok(());
    }
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        fs::write(path, updated)?;
        return Ok(());
    }
    Err(format!("the page should read\n\n{updated}").into())
}

/// What one version gives.
type Answer = fn(&Told, Version) -> Result<String, Box<dyn Error>>;

/// What a block should say; `None`: it is input.
fn answer(told: &mut Told, block: &Block) -> Result<Option<String>, Box<dyn Error>> {
    let mut words = block.info.split(' ');
    match words.next() {
        Some("json") => told.inputs.clone_from(&block.text),
        Some("mapping" | "request") => {
            told.versions = words
                .map(|name| Version::of_name(name).ok_or(format!("no version `{name}`")))
                .collect::<Result<_, _>>()?;
            told.mapping = block.text.trim_end().to_owned();
        }
        Some("wanted") => told.wanted = serde_json::from_str(&block.text)?,
        Some("result") => return for_each_version(told, evaluated::result).map(Some),
        Some("migrated") => return for_each_version(told, evaluated::migrated).map(Some),
        Some("given") => told.given.clone_from(&block.text),
        Some("shape") => return for_each_version(told, checked::shape).map(Some),
        Some("sent") => return for_each_version(told, sent::sent).map(Some),
        _ => return Err(format!("line {}: no block is called `{}`", block.line, block.info).into()),
    }
    Ok(None)
}

/// What is the same in each version.
fn for_each_version(told: &Told, one: Answer) -> Result<String, Box<dyn Error>> {
    let mut same: Option<(Version, String)> = None;
    for version in &told.versions {
        let found = one(told, *version)?;
        match &same {
            Some((first, expected)) if *expected != found => {
                let mapping = &told.mapping;
                return Err(format!(
                    "`{mapping}` gives in {first}\n{expected}\nbut in {version}\n{found}"
                )
                .into());
            }
            Some(_) => {}
            None => same = Some((*version, found)),
        }
    }
    same.map(|(_, found)| found).ok_or_else(|| "a mapping without a version".into())
}

datatest_stable::harness! {
    { test = check_page, root = "../fixtures/mapping", pattern = r"\.md$" },
}
