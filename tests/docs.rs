//! Holds the manual to the program: every configuration in it is read, every key is described.
//!
//! **In:** README.md and the pages of `docs/`. **Out:** what the configuration loader says of each
//! `yaml` block that begins with a version, the keys that no page names, whether the page that
//! shows a plan fixture holds, whether the JSON Schema beside the example is current, and whether each
//! example does what its page says: a block `yaml title=graphloom.yaml` with `console` blocks below it.
//!
//! **Never here:** links between pages (`tidy`).

#[path = "docs/compare.rs"]
mod compare;
#[path = "docs/page.rs"]
mod page;
#[path = "docs/run.rs"]
mod run;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use graphloom::cli::test::{OnChange, check_page};
use graphloom::config::{Settings, json_schema, language_server_line};
use serde_json::Value;

/// A fenced block and the line on which its text begins.
struct Block {
    line: usize,
    text: String,
}

#[test]
fn every_configuration_of_the_manual_is_accepted() {
    let mut n_read = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for block in yaml_blocks(&text).filter(|block| block.text.starts_with("version: 1")) {
            let read = Settings::read(&page, &block.text, &|_| None);
            let place = format!("{}:{}", page.display(), block.line);
            assert!(read.is_ok(), "{place}: {}", read.unwrap_err());
            n_read += 1;
        }
    }
    assert!(n_read > 0, "no page shows a configuration");
}

#[test]
fn every_example_of_the_manual_does_what_its_page_says() {
    if std::process::Command::new("curl").arg("--version").output().is_err() {
        println!("skipped: curl is missing, so the examples of the manual cannot be tried");
        return;
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.unwrap();
    let services = runtime.block_on(subgraphs::start(subgraphs::Options::default())).unwrap();
    let only = std::env::var_os("EXAMPLES");
    let (mut n_run, mut wrong) = (0, Vec::new());
    for page in pages() {
        let name = page.file_stem().unwrap_or_default();
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let name = name.to_string_lossy();
        for example in page::examples(&fs::read_to_string(&page).unwrap()) {
            n_run += 1;
            wrong.extend(run::run(&name, &example, &services).err());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(n_run > 0, "no page shows an example");
}

#[test]
fn every_key_of_the_configuration_is_described() {
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    let mut keys = BTreeSet::new();
    collect_keys(&schema, &mut keys);
    assert!(keys.contains("listen"), "the schema was not understood: {keys:?}");
    let manual = fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let is_described = |key: &&String| {
        let as_word =
            [format!("`{key}`"), format!(".{key}`"), format!("`{key}."), format!("{key}:")];
        as_word.iter().any(|word| manual.contains(word))
    };
    let missing: Vec<&String> = keys.iter().filter(|key| !is_described(key)).collect();
    assert!(missing.is_empty(), "docs/configuration.md says nothing of {missing:?}; describe them");
}

#[test]
fn the_plan_fixture_of_the_manual_holds() {
    let manual = fs::read_to_string(root().join("docs/plan-fixtures.md")).unwrap();
    let (_, rest) = manual.split_once("````markdown\n").expect("the manual shows a page");
    let (page, _) = rest.split_once("\n````\n").expect("the page ends");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page-of-the-manual.md");
    fs::write(&file, page).unwrap();
    if let Err(error) = check_page(&file, OnChange::Fail) {
        panic!("{error}");
    }
}

#[test]
fn the_schema_beside_the_example_is_the_one_of_the_program() {
    let file = root().join("schemas/graphloom.schema.json");
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        fs::write(&file, json_schema()).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    let fix = "write it: `graphloom config schema > schemas/graphloom.schema.json`";
    assert!(found == json_schema(), "{} is not current; {fix}", file.display());
    let example = fs::read_to_string(root().join("schemas/graphloom.yaml")).unwrap();
    let first = language_server_line("graphloom.schema.json");
    assert_eq!(example.lines().next(), Some(first.as_str()));
}

#[test]
fn blocks_are_found_with_their_lines() {
    let text = "# T\n```yaml\nversion: 1\n```\n```sh\nls\n```\n";
    let blocks: Vec<Block> = yaml_blocks(text).collect();
    assert_eq!(blocks.len(), 1);
    assert_eq!((blocks[0].line, blocks[0].text.as_str()), (3, "version: 1\n"));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let folders = ["docs", "docs/rest"].map(|folder| fs::read_dir(root().join(folder)));
    let entries = folders.into_iter().flat_map(|folder| folder.expect("the manual is there"));
    let mut pages: Vec<PathBuf> =
        entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.push(root().join("README.md"));
    pages
}

fn yaml_blocks(text: &str) -> impl Iterator<Item = Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (i, line) in text.lines().enumerate() {
        match (&mut open, line) {
            (None, "```yaml") => open = Some(Block { line: i + 2, text: String::new() }),
            (Some(_), "```") => blocks.extend(open.take()),
            (Some(block), line) => block.text += &format!("{line}\n"),
            (None, _) => {}
        }
    }
    blocks.into_iter()
}

/// The names of all properties, wherever the schema nests them.
fn collect_keys(schema: &Value, keys: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                keys.extend(properties.keys().cloned());
            }
            members.values().for_each(|member| collect_keys(member, keys));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        _ => {}
    }
}
