//! Mistakes in plans, made on purpose, are found. More: `cargo run -p oracle --release -- --sabotage all`.

use oracle::Sabotage;

/// A debug build takes its time; the release build is asked for ten thousand.
const CASES: usize = 1000;

#[test]
fn every_mistake_is_found() {
    for sabotage in Sabotage::ALL {
        assert!(sabotage.found_after(1, CASES).is_some(), "`{sabotage}` is not found");
    }
}
