//! Both executors on bodies that are written strangely, or are no JSON.
//!
//! **In:** answers that fit the plans, disguised and damaged. **Out:** nothing when both executors do
//! the same; a disguise alone changes no data.
//!
//! **Never here:** the comparison of both (`driver`).

use crate::{
    disguise::{damaged, disguised, escaped},
    driver::{Order, Outcome, Script},
    laws::{Dice, Inventor, PLANS, SHOP, Subgraphs},
};
use execution::{Answer, ResponseParts};
use proptest::prelude::{ProptestConfig, any, proptest};
use query_planner::QueryPlan;
use supergraph::Id;

fn run(
    plan: &QueryPlan,
    seed: u64,
    subgraphs: Subgraphs,
    rewrite: impl Fn(&[u8], &mut Dice) -> Vec<u8>,
) -> Outcome {
    let mut script = Script::new(plan, Vec::new());
    script.order = if seed.is_multiple_of(2) { Order::OldestFirst } else { Order::NewestFirst };
    script.supergraph = &SHOP;
    if subgraphs == Subgraphs::Faulty {
        script.limits.max_answer_depth = 9;
        script.limits.max_objects = 40;
    }
    script.run_with(|fetch, body| {
        let seed = seed ^ (fetch.index() as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        match Inventor::new(plan, seed, subgraphs).answer(fetch, body) {
            Answer::Response(ResponseParts { status, body }) => {
                let body = rewrite(&body, &mut Dice(seed)).into();
                Answer::Response(ResponseParts { status, body })
            }
            other => other,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_disguise_changes_no_data(seed in any::<u64>()) {
        for plan in PLANS.iter() {
            let plain = run(plan, seed, Subgraphs::Sound, |body, _| body.to_vec());
            let other = run(plan, seed, Subgraphs::Sound, disguised);
            let parsed = |outcome: &Outcome| {
                serde_json::from_str::<serde_json::Value>(&outcome.response).unwrap()
            };
            assert_eq!(parsed(&plain), parsed(&other), "{:?}", other.summary.log);
        }
    }

    #[test]
    fn disguised_mistakes_are_seen_alike(seed in any::<u64>()) {
        for plan in PLANS.iter() {
            run(plan, seed, Subgraphs::Faulty, escaped);
        }
    }

    #[test]
    fn damaged_bodies_are_seen_alike(seed in any::<u64>()) {
        for plan in PLANS.iter() {
            run(plan, seed, Subgraphs::Sound, damaged);
            run(plan, seed, Subgraphs::Faulty, |body, dice| {
                let escaped = escaped(body, dice);
                damaged(&escaped, dice)
            });
        }
    }
}

#[test]
fn nesting_without_end_is_an_error() {
    let plan = &PLANS[0];
    for opening in ["[", "{\"a\":", "{\"__typename\":[{\"products\":"] {
        for around in ["", "{\"data\":", "{\"data\":{\"products\":[", "{\"errors\":["] {
            let body = format!("{around}{}", opening.repeat(200_000));
            let mut script = Script::new(plan, Vec::new());
            script.supergraph = &SHOP;
            script.limits.max_answer_depth = 64;
            let outcome = script.run_with(|_, _| crate::driver::ok(&body));
            assert!(outcome.response.contains("SUBREQUEST_RESPONSE_LIMIT_EXCEEDED"));
        }
    }
}
