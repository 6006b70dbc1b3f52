//! Runs every page of `fixtures/plans/` and its neighbors: its plan, and where the page says so its result.
//!
//! **In:** the pages. `UPDATE_FIXTURES=1` rewrites what they expect; read the difference.
//! **Out:** one test a page.
//!
//! **Never here:** the form of a page and the check of its plan (`graphloom::cli::test` has them, for
//! users too), the answers of subgraphs (`oracle`).
//!
//! **Read first:** [`check_page`].

#[path = "fixtures/result.rs"]
mod result;

use std::fmt;
use std::path::Path;

use graphloom::cli::fixture::{Fixture, Role};
use graphloom::cli::test::{OnChange, check_page as check_plan};

/// The harness prints errors for programmers; a difference is for readers.
struct Readable(String);

impl fmt::Debug for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Readable {}

fn check_page(path: &Path) -> datatest_stable::Result<()> {
    check(path).map_err(|error| Readable(error.to_string()).into())
}

fn check(path: &Path) -> datatest_stable::Result<()> {
    let on_change = match std::env::var_os("UPDATE_FIXTURES") {
        Some(_) => OnChange::Rewrite,
        None => OnChange::Fail,
    };
    check_plan(path, on_change)?;
    let fixture = Fixture::read(path)?;
    if fixture.block(&Role::Data).is_none() {
        return match fixture.block(&Role::Result) {
            Some(_) => Err("a result needs data; add a `json data` block".into()),
            None => Ok(()),
        };
    }
    let ran = result::result_of(&fixture)?;
    let expect = |role: Role, actual: String| expect(path, on_change, &role, &actual);
    expect(Role::Result, result::page_form(&ran.filtered.response))?;
    if fixture.block(&Role::Cost).is_some() {
        expect(Role::ActualCost, ran.filtered.cost.to_string())?;
    }
    if fixture.block(&Role::Caller).is_none() {
        return Ok(());
    }
    expect(Role::Requests, result::list_form(&ran.filtered.requests))?;
    if let Some(rejected) = &ran.rejected {
        expect(Role::Rejected, result::page_form(rejected))?;
        expect(Role::DryRun, result::page_form(&ran.dry_run.response))?;
    }
    Ok(())
}

/// Compares a block of a page with what was found, or writes it.
fn expect(
    path: &Path,
    on_change: OnChange,
    role: &Role,
    actual: &str,
) -> datatest_stable::Result<()> {
    let fixture = Fixture::read(path)?;
    let expected = fixture.body(role).unwrap_or_default();
    let is_same = match role {
        Role::Requests | Role::ActualCost => expected.trim_end() == actual,
        _ => result::is_same(expected, actual),
    };
    if is_same {
        return Ok(());
    }
    if on_change == OnChange::Rewrite {
        return Ok(std::fs::write(path, fixture.with_body(role, actual))?);
    }
    let line = fixture.block(role).map_or(1, |block| block.line);
    let place = path.display();
    Err(format!("{place}:{line}: the page has another\nexpected {expected}\nfound {actual}").into())
}

datatest_stable::harness! {
    { test = check_page, root = "fixtures/plans", pattern = r"\.md$" },
    { test = check_page, root = "fixtures/execution", pattern = r"\.md$" },
    { test = check_page, root = "fixtures/authorization", pattern = r"\.md$" },
    { test = check_page, root = "fixtures/cost", pattern = r"\.md$" },
}
