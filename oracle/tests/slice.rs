//! A fixed slice of random graphs: planner and executor find the truth on all of them. Longer runs:
//! `cargo run -p oracle --release -- --cases N --seed S`.

use oracle::{Access, Stand, Verdict};

/// Runs the cases of some seeds, and says how many there were.
fn check(seeds: std::ops::Range<u64>, access: Access) -> usize {
    let mut cases = 0;
    for seed in seeds {
        let Ok(mut stand) = Stand::with(seed, access) else { continue };
        while let Some(case) = stand.next_case() {
            let verdict = stand.bench.run(&case);
            let good = matches!(verdict, Verdict::Equal(_));
            assert!(good, "seed {seed}, case {}: {case:#?}\n{verdict:#?}", stand.given());
            cases += 1;
        }
    }
    cases
}

#[test]
fn the_first_seeds_agree_with_the_truth() {
    assert!(check(1..12, Access::Open) > 200, "too few graphs compose");
}

#[test]
fn other_seeds_agree_with_the_truth() {
    assert!(check(10_000..10_011, Access::Open) > 200, "too few graphs compose");
}

#[test]
fn callers_see_what_the_rules_allow_and_subgraphs_are_asked_for_no_more() {
    assert!(check(20_000..20_015, Access::Ruled) > 250, "too few graphs compose");
}
