//! Labels of progressive overrides: for which requests each is on.
//!
//! **In:** `supergraph.override_labels`. **Out:** a [`LabelRule`] for each label.
//!
//! **Never here:** deciding for a request (`operation::labels`), whether a schema has the label (`graph`).
//!
//! **Read first:** [`settle`].

use indexmap::IndexMap;

use super::report::{Key, Problems};
use crate::expressions::{Condition, Phase};

/// For which requests a label is on.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelRule {
    /// For this share of them, in percent.
    Share(f64),
    /// For those that the condition holds for.
    When(Condition),
}

pub(super) fn settle(
    raw: Option<IndexMap<String, String>>,
    problems: &mut Problems<'_>,
) -> IndexMap<String, LabelRule> {
    let key = Key::default().then("supergraph").then("override_labels");
    let rules = raw.unwrap_or_default().into_iter();
    rules
        .filter_map(|(label, text)| {
            let rule = rule(&text, &key.then(&label), problems)?;
            Some((label, rule))
        })
        .collect()
}

fn rule(text: &str, key: &Key, problems: &mut Problems<'_>) -> Option<LabelRule> {
    let fix = "write a share such as `10%`, or a condition such as `'\"x-beta\" in request.headers'` \
               or `'request.headers[\"x-region\"] == \"eu\"'`";
    if let Some(number) = text.trim().strip_suffix('%') {
        let share = number.trim().parse().ok().filter(|share| (0.0..=100.0).contains(share));
        if share.is_none() {
            problems.add(key, format!("`{text}` is not a share from `0%` to `100%`"), fix);
        }
        return share.map(LabelRule::Share);
    }
    match Condition::compile(text, Phase::Request) {
        Ok(condition) => Some(LabelRule::When(condition)),
        Err(error) => {
            problems.add(key, error.to_string(), format!("{}; or a share: `10%`", error.fix()));
            None
        }
    }
}
