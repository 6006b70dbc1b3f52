//! The planner's formulas give the costs of the specification, on random graphs with random weights.

use oracle::Priced;

#[test]
fn a_formula_gives_the_cost_of_the_specification() {
    let (mut n_priced, mut n_guesses, mut n_dear) = (0, 0, 0);
    for seed in 1..100 {
        let Ok(mut priced) = Priced::of(seed) else { continue };
        for case in 0..12 {
            let twice = priced.next_case().unwrap_or_else(|why| panic!("seed {seed}: {why}"));
            let Some(twice) = twice else { continue };
            assert_eq!(
                twice.ours, twice.truth,
                "seed {seed}, case {case}\n{}\n{}",
                twice.operation, twice.formula
            );
            n_priced += 1;
            n_guesses += usize::from(twice.truth.is_guess);
            n_dear += usize::from(twice.truth.total > 50);
        }
    }
    assert!(n_priced > 500, "only {n_priced} operations were priced");
    assert!(n_guesses > 8, "only {n_guesses} lack a slicing argument");
    assert!(n_dear > 60, "only {n_dear} cost more than a few objects");
}
