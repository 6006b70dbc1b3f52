//! Opens the query page in a real browser, beside a demo that runs.
//!
//! **In:** Node, a Chromium, and the packages of `tests/browser` (`npm ci` there). What is missing is
//! said. **Out:** what `tests/browser/graphiql.mjs` finds on the page.
//!
//! **Never here:** the steps inside the page (the script), whether the page can be built (`ui`).

use std::path::Path;
use std::process::Command;

use crate::guide::{Guide, skip};

#[test]
fn a_query_is_typed_run_and_shown_with_its_plan() {
    let Some(guide) = page_guide(3) else { return };
    let subgraphs = "accounts,products,inventory,reviews,orders";
    drive(&guide, &["--subgraphs", subgraphs, "--call", "orders:Query.orders[0]"]);
}

#[test]
fn a_broken_schema_is_a_banner_with_file_and_line() {
    let Some(mut guide) = page_guide(6) else { return };
    guide.type_next();
    let line = guide.expect_line("inventory.graphql:");
    let (_, place) = line.split_once("graphloom-demo/").expect("the file is named");
    let end = place.match_indices(':').nth(1).expect("line and column are named").0;
    drive(&guide, &["--banner", &place[..end]]);
}

#[test]
fn three_callers_have_tabs_with_terms_of_their_own() {
    let Some(guide) = page_guide(9) else { return };
    drive(&guide, &["--callers"]);
}

/// A demo whose page can be opened; none, and said so, where something is missing.
fn page_guide(stop: usize) -> Option<Guide> {
    let missing = if Command::new("node").arg("--version").output().is_err() {
        Some("Node")
    } else if !folder().join("node_modules").is_dir() {
        Some("the packages of tests/browser (`npm ci` there)")
    } else if !has_browser() {
        Some("Chromium (or a path to one in `CHROMIUM`)")
    } else {
        None
    };
    match missing {
        Some(missing) => {
            skip(&format!("{missing} is missing, so the query page cannot be opened"));
            None
        }
        None => Guide::start_for("browser", stop),
    }
}

fn drive(guide: &Guide, arguments: &[&str]) {
    let output = Command::new("node")
        .arg("graphiql.mjs")
        .arg(guide.url())
        .args(arguments)
        .current_dir(folder())
        .output()
        .expect("Node is there");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser"))
}

fn has_browser() -> bool {
    // The places where the script looks.
    let known = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    std::env::var_os("CHROMIUM").is_some() || known.iter().any(|path| Path::new(path).exists())
}
