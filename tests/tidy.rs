//! Holds the house in shape: layers, headers, sizes, names, words, the map and the licenses.
//!
//! **In:** the checkout's own files. **Out:** one finding for each broken rule, with its file, its
//! line, what is wrong and how to mend it.
//!
//! **Never here:** formatting, lints and dead links in doc comments; rustfmt, clippy and rustdoc
//! hold those.
//!
//! **Holds:** each rule is a pure function over text, and has a test that shows it failing.
//!
//! **Read first:** the tests below; each names the file of its rule.

#[path = "tidy/checkout.rs"]
mod checkout;
#[path = "tidy/finding.rs"]
mod finding;
#[path = "tidy/crate_layers.rs"]
mod crate_layers;
#[path = "tidy/module_layers.rs"]
mod module_layers;
#[path = "tidy/headers.rs"]
mod headers;
#[path = "tidy/sizes.rs"]
mod sizes;
#[path = "tidy/names.rs"]
mod names;
#[path = "tidy/words.rs"]
mod words;
#[path = "tidy/map.rs"]
mod map;
#[path = "tidy/dependencies.rs"]
mod dependencies;

use std::fmt::Write as _;

use checkout::Checkout;
use finding::Finding;

#[test]
fn crates_depend_only_downwards() {
    expect_tidy(&crate_layers::check(&Checkout::read()));
}

#[test]
fn pure_crates_reach_nothing_outside() {
    expect_tidy(&crate_layers::check_purity(&Checkout::read()));
}

#[test]
fn modules_use_only_modules_declared_below_them() {
    expect_tidy(&module_layers::check(&Checkout::read()));
}

#[test]
fn every_source_file_opens_with_a_header() {
    expect_tidy(&each_rust_file(headers::check));
}

#[test]
fn every_source_file_is_a_small_room() {
    expect_tidy(&each_rust_file(sizes::check));
}

#[test]
fn files_and_crates_are_named_for_what_they_know() {
    expect_tidy(&names::check(&Checkout::read()));
}

#[test]
fn the_project_speaks_of_itself_alone() {
    let checkout = Checkout::read();
    let findings: Vec<Finding> = checkout.files.iter().flat_map(words::check).collect();
    expect_tidy(&findings);
}

#[test]
fn the_map_names_every_folder() {
    expect_tidy(&map::check_map(&Checkout::read()));
}

#[test]
fn links_between_pages_are_alive() {
    expect_tidy(&map::check_links(&Checkout::read()));
}

#[test]
fn one_tls_provider_comes_in() {
    expect_tidy(&dependencies::check_providers(&dependencies::read_dependencies()));
}

#[test]
fn every_license_is_one_we_accept() {
    expect_tidy(&dependencies::check_licenses(&dependencies::read_dependencies()));
}

fn each_rust_file(rule: fn(&checkout::SourceFile) -> Vec<Finding>) -> Vec<Finding> {
    Checkout::read().rust_files().flat_map(rule).collect()
}

#[track_caller]
fn expect_tidy(findings: &[Finding]) {
    let mut report = String::new();
    for finding in findings {
        let _ = writeln!(report, "{finding}");
    }
    assert!(findings.is_empty(), "{} to mend:\n\n{report}", findings.len());
}
