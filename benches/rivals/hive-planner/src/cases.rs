//! What to plan: the operations that stand in a folder.
//!
//! **In:** a folder. **Out:** [`Graph`]s with their [`Case`]s.
//!
//! **Never here:** which of them are valid.
//!
//! **Holds:** the folder's layout, each part of which may be absent:
//! - `NAME/supergraph.graphql` with `NAME/operations.json` (`operations`: a list of `name`,
//!   `operation` and recorded figures) and `NAME/real-operations.json` (a list of `operation`);
//! - `hive-router/hive-router-plan-tests.json`: a list of `file`, `test`, `supergraph`, `operation`;
//! - `hive-router/fixture/NAME/supergraph.graphql` with `operation.graphql`;
//! - `yardstick.json`: recorded figures of the plan tests under `hive_router_tests`.

use serde_json::Value;
use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

pub(crate) struct Graph {
    pub(crate) name: String,
    pub(crate) sdl: String,
    pub(crate) cases: Vec<Case>,
}

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) operation: String,
    /// The fewest requests on record.
    pub(crate) recorded: Option<u64>,
}

pub(crate) fn read(folder: &Path, words: &[String]) -> Result<Vec<Graph>, Box<dyn Error>> {
    let mut cases: BTreeMap<PathBuf, Vec<Case>> = BTreeMap::new();
    let mut add = |path: PathBuf, case: Case| {
        let wanted = words.is_empty() || words.iter().any(|word| case.name.contains(word));
        if wanted && path.exists() {
            cases.entry(path).or_default().push(case);
        }
    };
    for name in folders(folder)? {
        let supergraph = folder.join(&name).join("supergraph.graphql");
        if let Some(rows) = json(&folder.join(&name).join("operations.json"))? {
            for row in rows["operations"].as_array().into_iter().flatten() {
                let recorded = row["apollo"]["fetches"].as_u64();
                add(
                    supergraph.clone(),
                    case(format!("{name}::{}", text(&row["name"])), row, recorded),
                );
            }
        }
        if let Some(rows) = json(&folder.join(&name).join("real-operations.json"))? {
            for (n, row) in rows.as_array().into_iter().flatten().enumerate() {
                add(supergraph.clone(), case(format!("{name}::real_{n}"), row, None));
            }
        }
    }
    let recorded = recorded(folder)?;
    if let Some(rows) = json(&folder.join("hive-router/hive-router-plan-tests.json"))? {
        for row in rows.as_array().into_iter().flatten() {
            let name = format!("{}::{}", text(&row["file"]), text(&row["test"]));
            let known = recorded.get(&name).copied();
            let supergraph = folder.join("hive-router").join(text(&row["supergraph"]));
            add(supergraph, case(name, row, known));
        }
    }
    let fixtures = folder.join("hive-router/fixture");
    for name in folders(&fixtures).unwrap_or_default() {
        if let Ok(operation) = fs::read_to_string(fixtures.join(&name).join("operation.graphql")) {
            let supergraph = fixtures.join(&name).join("supergraph.graphql");
            add(supergraph, Case { name, operation, recorded: None });
        }
    }
    cases
        .into_iter()
        .map(|(path, cases)| {
            let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
            Ok(Graph { name, sdl: fs::read_to_string(path)?, cases })
        })
        .collect()
}

fn case(name: String, row: &Value, recorded: Option<u64>) -> Case {
    Case { name, operation: text(&row["operation"]).to_owned(), recorded }
}

/// The fewest requests of all planners on record, by test.
fn recorded(folder: &Path) -> Result<BTreeMap<String, u64>, Box<dyn Error>> {
    let yardstick = json(&folder.join("yardstick.json"))?.unwrap_or_default();
    let rows = yardstick["hive_router_tests"].as_array().into_iter().flatten();
    let fewest = |row: &Value| {
        let figures = [&row["hive_fetches"], &row["apollo"]["fetches"]];
        figures.into_iter().filter_map(Value::as_u64).min()
    };
    Ok(rows.filter_map(|row| Some((text(&row["test"]).to_owned(), fewest(row)?))).collect())
}

fn folders(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn json(path: &Path) -> Result<Option<Value>, Box<dyn Error>> {
    if !path.exists() {
        return Ok(None);
    }
    let value = serde_json::from_str(&fs::read_to_string(path)?);
    Ok(Some(value.map_err(|error| format!("{}: {error}", path.display()))?))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
