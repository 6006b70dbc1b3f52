//! Holds connectors to the pages in `fixtures/connectors`: subgraphs in; errors, the connectors, the
//! supergraph and plans out.
//!
//! **In:** one Markdown page a case. **Out:** a failed test with both texts where they differ;
//! `UPDATE_FIXTURES=1` writes the expected blocks anew.
//!
//! **Never here:** what connectors send and read (the gateway).
//!
//! **Holds:** what composes is loaded again from its file, and the file gives the same plans. No
//! page shows a name that nobody wrote.
//!
//! **Read first:** [`check_page`].

use std::fs;
use std::path::Path;

use apollo_compiler::ExecutableDocument;
use composition::{Composed, ConnectorKind, Connectors, SubgraphSource, compose};
use query_planner::{Batching, CostFormula, CostRates, Guards, Limits, Operation, QueryPlan};
use supergraph::Supergraph;

/// A fenced block of a page.
struct Block {
    /// What stands behind the opening fence.
    info: String,
    text: String,
}

fn check_page(path: &Path) -> datatest_stable::Result<()> {
    let page = fs::read_to_string(path)?;
    let blocks = blocks_of(&page);
    let mut updated = page.clone();
    let mut checked = 0;
    // A page may have several cases: each begins with the subgraphs behind the last expected block.
    let mut subgraphs: Vec<SubgraphSource> = Vec::new();
    let mut is_open = false;
    let mut operation = None;
    for block in &blocks {
        if let Some(subgraph) = subgraph_of(block) {
            if !is_open {
                subgraphs.clear();
                is_open = true;
            }
            subgraphs.push(subgraph);
            continue;
        }
        is_open = false;
        if block.info == "graphql operation" {
            operation = Some(block.text.clone());
            continue;
        }
        checked += 1;
        let actual = answer(&subgraphs, operation.as_deref(), &block.info)?;
        if block.text.trim() != actual.trim() {
            updated = updated.replacen(
                &format!("```{}\n{}```", block.info, block.text),
                &format!("```{}\n{}\n```", block.info, actual.trim()),
                1,
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
        url: None,
        sdl: block.text.clone(),
        file: Some(format!("{name}.graphql")),
    })
}

/// The text that a block should have.
fn answer(
    subgraphs: &[SubgraphSource],
    operation: Option<&str>,
    info: &str,
) -> datatest_stable::Result<String> {
    let composed = match (compose(subgraphs), info) {
        (Err(failure), "errors") => {
            if let Some(error) = failure.errors.iter().find(|error| error.fix.is_none()) {
                return Err(format!("nothing says what to write instead:\n{error}").into());
            }
            return Ok(failure.to_string());
        }
        (Err(failure), _) => return Err(format!("the case does not compose:\n{failure}").into()),
        (Ok(composed), _) => composed,
    };
    let (loaded, connectors) = composition::load(&composed.supergraph_sdl)?;
    if described(&connectors) != described(&composed.connectors) {
        return Err("the supergraph's file has other connectors".into());
    }
    match info {
        "errors" => Err("the case composes".into()),
        "hints" => Ok(lines(composed.hints.iter().map(|hint| hint.to_string()), "\n\n")),
        "connectors" => Ok(described(&composed.connectors)),
        "supergraph" => Ok(without_standard_part(&composed)),
        "plan" => {
            let operation = operation.ok_or("there is no operation above the plan")?;
            let text = plan(&composed.supergraph, operation)?;
            if plan(&loaded, operation)? != text {
                return Err("the supergraph's file gives another plan".into());
            }
            if text.contains("__0") || text.contains("__1") {
                return Err(format!("a name that nobody wrote:\n{text}").into());
            }
            Ok(text)
        }
        "warnings" => {
            let operation = operation.ok_or("there is no operation above the warnings")?;
            let supergraph = &composed.supergraph;
            let plan = planned(supergraph, operation)?;
            let warnings = plan.warnings(supergraph).into_iter();
            Ok(lines(warnings.map(|warning| warning.to_text(&plan, supergraph)), "\n"))
        }
        "cost" => {
            let operation = operation.ok_or("there is no operation above the cost")?;
            cost(&composed.supergraph, operation)
        }
        other => Err(format!("no block `{other}`").into()),
    }
}

fn lines(lines: impl Iterator<Item = String>, separator: &str) -> String {
    lines.collect::<Vec<_>>().join(separator)
}

/// A line for each connector.
fn described(connectors: &Connectors) -> String {
    let key = |key: &[Vec<String>]| {
        let leaves: Vec<String> = key.iter().map(|leaf| leaf.join(".")).collect();
        if leaves.is_empty() { "nothing".to_owned() } else { leaves.join(", ") }
    };
    let described = connectors.iter().map(|(_, connector)| {
        let what = match &connector.kind {
            ConnectorKind::RootField { .. } => "root field".to_owned(),
            ConnectorKind::EntityByQuery { ty, key: leaves, .. } => {
                format!("{ty} by {}", key(leaves))
            }
            ConnectorKind::Field { ty, key: leaves, .. } => {
                format!("field of {ty}, needs {}", key(leaves))
            }
            ConnectorKind::Entity { ty, key: leaves } => format!("{ty} by {}", key(leaves)),
            ConnectorKind::Batch { ty, key: leaves } => {
                let most = connector.max_batch.map(|most| format!(", {most} at most"));
                format!("many {ty} by {}{}", key(leaves), most.unwrap_or_default())
            }
        };
        let request = connector.request.as_ref().map_or("no request", |it| it.method.name());
        format!("{}  {request}  {what}", connector.full_coordinate())
    });
    lines(described, "\n")
}

/// What an operation costs where a call costs a hundred and everything else nothing.
fn cost(supergraph: &Supergraph, operation: &str) -> datatest_stable::Result<String> {
    let rates = CostRates { object: 0, fetch: 100, ..CostRates::default() };
    let plan = planned(supergraph, operation)?;
    let formula = CostFormula::of(&plan, supergraph, &rates);
    let estimate = formula.estimate(&serde_json::Map::new());
    Ok(format!("{}\n= {}", CostFormula::text(&plan, supergraph, &rates), estimate.total))
}

fn plan(supergraph: &Supergraph, operation: &str) -> datatest_stable::Result<String> {
    Ok(planned(supergraph, operation)?.to_text(supergraph))
}

fn planned(supergraph: &Supergraph, operation: &str) -> datatest_stable::Result<QueryPlan> {
    let schema = supergraph.api_schema();
    let document = ExecutableDocument::parse_and_validate(schema, operation, "operation")
        .map_err(|errors| errors.errors.to_string())?;
    let operation = Operation::read(supergraph, &document, None)?;
    let limits = Limits { positions: 10_000, steps: 1_000_000 };
    let guards = Guards::default();
    match query_planner::plan(supergraph, &operation, &guards, limits, Batching::Fewest) {
        Ok(plan) => Ok(plan),
        Err(error) => Err(error.kind.to_string().into()),
    }
}

/// Leaves out what every supergraph carries.
fn without_standard_part(composed: &Composed) -> String {
    const STANDARD: [&str; 7] = [
        "directive @join__",
        "directive @link(",
        "scalar join__",
        "scalar link__",
        "enum link__",
        "input join__",
        "  \"\"\"\n  `EXECUTION`",
    ];
    let paragraphs = composed.supergraph_sdl.split("\n\n");
    let kept = paragraphs.filter(|it| !STANDARD.iter().any(|start| it.starts_with(start)));
    lines(kept.map(str::to_owned), "\n\n")
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
    { test = check_page, root = "../fixtures/connectors", pattern = r"\.md$" },
}
